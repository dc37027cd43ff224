"""A voice as people write it, on the command line and in scores. Knows nothing of who has which voices."""

from __future__ import annotations

from hausmusik.errors import UsageError


def parse_voice(text: str) -> dict[str, float]:
    """Read a voice as people write it: `af_heart`, or a blend `af_heart(2)+am_michael(1)`; empty: none.

    Raises:
        UsageError: it is neither.
    """
    weights: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split("+"))):
        name, bracket, weight = part.partition("(")
        try:
            value = float(weight.removesuffix(")")) if bracket else 1.0
        except ValueError:
            value = 0.0
        if value <= 0 or not name.strip() or (bracket and not weight.endswith(")")):
            raise UsageError(f"{part!r} is no voice", hint="write a name, or a blend like af_heart(2)+am_michael(1)")
        weights[name.strip()] = weights.get(name.strip(), 0.0) + value
    return weights
