"""Rules for raised and lowered figures: powers (`5²`, `mc²`, `10⁻³`), formulas (`CO₂`) and notes (`word¹`), not read.

Units with a power (`10 m²`) are measures, see `quantities`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from hausmusik.engines.english.numerals import cardinal, number, ordinal
from hausmusik.engines.english.quantities import NUMBER
from hausmusik.engines.english.tokens import Accent, Claim, Word, letters, part

_RAISED: Final = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_LOWERED: Final = "₀₁₂₃₄₅₆₇₈₉"
_SHORT: Final = {"²": ["squared"], "³": ["cubed"], "¹": []}  # what is raised to one is a note far more often
_PLAIN: Final = str.maketrans(_RAISED + _LOWERED, "0123456789" * 2)
_POWER: Final = re.compile(
    rf"(?<![\w.,])(?:(?P<amount>{NUMBER})|(?P<letters>[A-Za-z]|[b-df-hj-np-tv-z]{{2}}))(?P<power>[⁺⁻]?[{_RAISED}]+)(?![^\W_])"
)
_FORMULA: Final = re.compile(rf"(?<!\w)(?P<formula>(?:[A-Z][a-z]?[{_LOWERED}]*){{1,12}})(?<=[A-Za-z{_LOWERED}])(?!\w)")
_NOTE: Final = re.compile(rf"(?<=[^\s\d])[{_RAISED}]+(?!\w)")


def powers(text: str, accent: Accent) -> Iterator[Claim]:
    """Read `5²`, `x³`, `mc²`, `10⁻³`: squared, cubed, to the minus third."""
    for match in _POWER.finditer(text):
        base = number(match["amount"], accent) if match["amount"] else [letters(match["letters"])]
        name = "amount" if match["amount"] else "letters"
        words = (part(match, name, base), part(match, "power", _to_the(match["power"], accent)))
        yield Claim(match.start(), match.end(), words)


def formulas(text: str, accent: Accent) -> Iterator[Claim]:
    """Read `CO₂`, `H₂O`, `C₆H₁₂O₆`: letters and figures one by one."""
    for match in _FORMULA.finditer(text):
        if not any(char in _LOWERED for char in match["formula"]):
            continue
        said: list[str] = []
        for piece in re.findall(rf"[A-Za-z]+|[{_LOWERED}]+", match["formula"]):
            said += [letters(piece)] if piece.isalpha() else cardinal(int(piece.translate(_PLAIN)), accent)
        yield Claim(match.start(), match.end(), (Word(match["formula"], match.start(), tuple(said)),))


def notes(text: str, accent: Accent) -> Iterator[Claim]:
    """Skip the figures of notes behind a word or its full stop: `as he said.¹`."""
    del accent
    for match in _NOTE.finditer(text):
        yield Claim(match.start(), match.end(), ())


def _to_the(power: str, accent: Accent) -> list[str]:
    if power in _SHORT:
        return _SHORT[power]
    plain = power.lstrip("⁺⁻").translate(_PLAIN)
    return ["to", "the", *(["minus"] if power[0] == "⁻" else []), *ordinal(int(plain), accent)]
