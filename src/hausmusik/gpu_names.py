"""Names of GPUs as people write them, `A10G`, `a100-80gb`, `H100:8`, `H100!`, `B200+`, and as GPUs name themselves.

Modal's client only upper-cases a name and splits off the count; nonsense is found out by its server, after an image was
built. So names are checked here, before anything is. Knows nothing of prices and memory: see `hausmusik.money.tiers`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from hausmusik.errors import UsageError

GPU_NAMES: Final = ("T4", "L4", "A10", "L40S", "A100-40GB", "A100-80GB", "RTX-PRO-6000", "H100", "H200", "B200")
"""The canonical names; Modal's own spelling (its GPU guide)."""

MOST_GPUS: Final = 8
"""Most that any container has; a tier may allow fewer."""

_SYNONYMS: Final = MappingProxyType(
    {"A10G": "A10", "A100": "A100-40GB", "A100-40": "A100-40GB", "A100-80": "A100-80GB"}
)
_FORM: Final = re.compile(r"([A-Z0-9-]+?)([!+]?)(?::([0-9]{1,3}))?", re.ASCII)
_MARKS: Final = MappingProxyType({"!": "H100", "+": "B200"})
"""`H100!` is never upgraded to an H200; `B200+` may be something newer."""

_SAYS: Final = MappingProxyType(
    {name: name for name in ("T4", "L4", "A10", "L40S", "H100", "H200", "B200", "B300")} | {"A10G": "A10"}
)
"""The word by which a GPU is known in what it calls itself; an A100 says its memory too."""

_UPGRADES: Final = MappingProxyType({("H100", ""): "H200", ("A100-40GB", ""): "A100-80GB", ("B200", "+"): "B300"})
"""What Modal may give instead of what was asked for, at the price of that (its GPU guide)."""


class Gpu(msgspec.Struct, frozen=True):
    """A kind of GPU and how many of it; `str()` is what Modal's client takes.

    Args:
        name: One of `GPU_NAMES`.
        count: 1 to `MOST_GPUS`, in one container.
        mark: `!` (exactly this one), `+` (this or newer) or empty.
    """

    name: str
    count: int = 1
    mark: str = ""

    def __str__(self) -> str:
        return f"{self.name}{self.mark}" + (f":{self.count}" if self.count > 1 else "")


def parse_gpu(text: str) -> Gpu:
    """Return the GPU that a text names, in any case; `A10G` is an A10, `A100` the one with 40 GB.

    Raises:
        UsageError: no such GPU, mark or count; the hint has the nearest name.
    """
    written = text.strip().upper()
    found = _FORM.fullmatch(written)
    if found is None:
        raise UsageError(f"{text!r} is not the name of a GPU", hint=_suggestion(written))
    name = _SYNONYMS.get(found[1], found[1])
    if name not in GPU_NAMES:
        raise UsageError(f"there is no GPU {text!r}", hint=_suggestion(found[1]))
    if found[2] and _MARKS[found[2]] != name:
        raise UsageError(f"{found[2]} cannot stand after {name}", hint=f"only {_MARKS[found[2]]}{found[2]} is known")
    count = int(found[3] or 1)
    if not 1 <= count <= MOST_GPUS:
        raise UsageError(
            f"a container has 1 to {MOST_GPUS} GPUs, not {count}", hint=f"write {name}:{MOST_GPUS} at most"
        )
    return Gpu(name, count, found[2])


def parse_gpus(given: str | Sequence[str]) -> tuple[Gpu, ...]:
    """Return an ordered list of fallbacks from `L4, A10` or `["L4", "A10"]`; nothing given: no GPU.

    Raises:
        UsageError: one of them is no GPU, or stands there twice.
    """
    texts = given if not isinstance(given, str) else given.split(",") if given.strip() else ()
    gpus = tuple(map(parse_gpu, texts))
    if twice := next((gpu for gpu in gpus if gpus.count(gpu) > 1), None):
        raise UsageError(f"{twice} stands twice in the list of GPUs", hint="name each once, the best first")
    return gpus


def given_gpu(asked: Sequence[str], models: Sequence[str]) -> str:
    """Return which of the GPUs that were asked for a container got, as it is priced.

    Args:
        asked: The choices, as declared.
        models: What each GPU of the container calls itself.

    Returns:
        One of `asked`; empty: it is not known which. An upgrade costs what was asked for: an H200 in place of an H100
        is an H100, unless an H200 was asked for too.
    """
    if len(asked) == 1:
        return asked[0]
    names = set(map(_name_of, models))
    if len(names) != 1:
        return ""
    name = names.pop()
    choices = {each: parse_gpu(each) for each in asked}
    fitting = {each: gpu for each, gpu in choices.items() if gpu.count == len(models)}
    exact = (each for each, gpu in fitting.items() if gpu.name == name)
    upgraded = (each for each, gpu in fitting.items() if _UPGRADES.get((gpu.name, gpu.mark)) == name)
    return next(exact, "") or next(upgraded, "")


def _name_of(model: str) -> str:
    """Return our name of what a GPU calls itself: `NVIDIA A100-SXM4-80GB` is an A100-80GB; empty: not known.

    A part of a GPU (MIG) is none of them.
    """
    words = re.findall("[A-Z0-9]+", model.upper())
    if "MIG" in words:
        return ""
    if "A100" in words:
        return next((f"A100-{size}" for size in ("40GB", "80GB") if size in words), "")
    if "RTX" in words:
        return "RTX-PRO-6000" if {"PRO", "6000"} <= set(words) else ""
    return next((_SAYS[word] for word in words if word in _SAYS), "")


def _suggestion(written: str) -> str:
    known = (*GPU_NAMES, *_SYNONYMS)
    close = difflib.get_close_matches(written.partition(":")[0], known, n=2, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else f"use one of: {', '.join(GPU_NAMES)}"
