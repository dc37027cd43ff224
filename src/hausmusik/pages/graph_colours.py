"""The colours of graphs: one for each type of node, on light and on dark ground.

Labels keep a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3); a test computes it. Types are too many to be told apart
by colour alone: the legend, the page's details and the SVG's titles name them. Types of somebody's own ontology get
what is left, in the order of the legend.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from hausmusik.audio.palette import INK, Colour, tint
from hausmusik.pages.graph_values import PASSAGE

DARK_PAPER: Final[Colour] = (24, 27, 32)
DARK_INK: Final[Colour] = (233, 231, 225)
DARK_QUIET: Final[Colour] = (168, 166, 158)
DARK_LINE: Final[Colour] = (112, 114, 116)
LINE: Final[Colour] = (158, 154, 144)

_KNOWN: Final[Mapping[str, Colour]] = MappingProxyType(
    {
        "person": (31, 92, 139),
        "organization": (168, 88, 16),
        "location": (34, 118, 88),
        "event": (164, 52, 92),
        "product": (104, 72, 158),
        "topic": (18, 122, 136),
        "document": (128, 100, 36),
        "time": (84, 104, 128),
        "other": (112, 108, 100),
        PASSAGE: (150, 112, 0),
    }
)
_MORE: Final[tuple[Colour, ...]] = (
    (140, 60, 140),
    (92, 112, 30),
    (176, 60, 44),
    (46, 78, 170),
    (120, 84, 68),
    (20, 106, 110),
)


class Shades(msgspec.Struct, frozen=True):
    """The colours of one node on one ground."""

    fill: Colour
    edge: Colour
    text: Colour


def colours_of(types: Iterable[str]) -> dict[str, Colour]:
    """Return the colour of each type, in the order of the legend."""
    found: dict[str, Colour] = {}
    unknown = 0
    for type_ in dict.fromkeys(types):
        if type_ in _KNOWN:
            found[type_] = _KNOWN[type_]
        else:
            found[type_] = _MORE[unknown % len(_MORE)]
            unknown += 1
    return found


def light(colour: Colour, *, focus: bool) -> Shades:
    """Return a node's colours on paper; one in focus is filled."""
    if focus:
        return Shades(fill=colour, edge=tint(colour, 0.8, INK), text=(255, 255, 255))
    return Shades(fill=tint(colour, 0.15, (255, 255, 255)), edge=tint(colour, 0.8), text=INK)


def dark(colour: Colour, *, focus: bool) -> Shades:
    """Return a node's colours on dark ground."""
    bright = tint(colour, 0.55, (255, 255, 255))
    if focus:
        return Shades(fill=bright, edge=DARK_INK, text=DARK_PAPER)
    return Shades(fill=tint(colour, 0.42, DARK_PAPER), edge=bright, text=DARK_INK)


def css(colour: Colour) -> str:
    """Return a colour as `#rrggbb`."""
    return "#{:02x}{:02x}{:02x}".format(*colour)
