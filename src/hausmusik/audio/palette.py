"""The colours of a piece's picture: dark ink on warm paper.

Every text colour has a contrast of at least 4.5 to 1 on the grounds it is used on (WCAG 2.2, success criterion 1.4.3);
a test computes it. The four layer colours differ in lightness as well as in hue, so that they can be told apart without
seeing red and green. Pure data.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Colour: TypeAlias = tuple[int, int, int]

PAPER: Final[Colour] = (250, 248, 243)
PANEL: Final[Colour] = (244, 240, 231)
PANEL_OTHER: Final[Colour] = (237, 232, 220)
GRID: Final[Colour] = (219, 212, 198)
INK: Final[Colour] = (31, 36, 43)
QUIET_INK: Final[Colour] = (98, 97, 92)
WAVE: Final[Colour] = (122, 148, 166)
WAVE_CORE: Final[Colour] = (43, 84, 112)

LAYERS: Final[Mapping[str, Colour]] = MappingProxyType(
    {"voice": (31, 92, 139), "music": (196, 122, 20), "sound": (42, 140, 108), "file": (133, 82, 143)}
)
OTHER_LAYER: Final[Colour] = (120, 116, 108)

_SPECTRUM_STOPS: Final = (
    (0.00, PANEL),
    (0.25, (222, 216, 196)),
    (0.45, (163, 190, 176)),
    (0.62, (84, 145, 152)),
    (0.78, (38, 92, 122)),
    (0.92, (24, 50, 84)),
    (1.00, (17, 26, 52)),
)


def layer_colour(layer: str) -> Colour:
    """Return the colour of a layer; unknown ones share a grey."""
    return LAYERS.get(layer, OTHER_LAYER)


def tint(colour: Colour, share: float, ground: Colour = PAPER) -> Colour:
    """Mix a colour into a ground; `share` is 0 to 1."""
    red, green, blue = (round(share * over + (1 - share) * under) for over, under in zip(colour, ground, strict=True))
    return red, green, blue


def spectrum_colours() -> npt.NDArray[np.uint8]:
    """Return 256 colours from silence (the panel's ground) to the loudest, shape `(256, 3)`, steadily darker."""
    at = np.linspace(0, 1, 256)
    stops = [stop for stop, _ in _SPECTRUM_STOPS]
    channels = [np.interp(at, stops, [colour[index] for _, colour in _SPECTRUM_STOPS]) for index in range(3)]
    return np.rint(np.stack(channels, axis=1)).astype(np.uint8)
