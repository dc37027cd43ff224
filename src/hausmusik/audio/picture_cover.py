"""The square cover of a piece: its waveform as a ring, clockwise from the top, its cues as arcs, its title below.

Small enough to travel inside audio files and still be recognised at the size of a thumb nail. Knows nothing of files.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from hausmusik.audio.lettering import Lettering
from hausmusik.audio.palette import INK, PAPER, QUIET_INK, WAVE, WAVE_CORE, Colour, layer_colour
from hausmusik.audio.picture_analysis import Analysis
from hausmusik.audio.picture_lanes import lanes_of
from hausmusik.audio.picture_spec import PictureSpec
from hausmusik.types import FloatArray

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

SIZE: Final = 1000
_BAND: Final = 50  # rows drawn at a time: 4 MB of floats instead of 60 for the whole
_MARGIN: Final = 84
_CENTRE: Final = (SIZE / 2, 404.0)
_RADIUS: Final = 236.0
_REACH: Final = 92.0  # of the loudest bar, outwards and inwards
_BARS: Final = 240  # 6 pixels apart: still separate at a quarter of the size
_BAR_WIDTH: Final = 3.8
_ARCS: Final = 116.0  # radius of the outermost layer's arcs
_ARC_WIDTH: Final = 8.0
_ARC_STEP: Final = 15.0
_MOST_ARCS: Final = 6
_TITLE_AT: Final = 856
_TITLE_SIZES: Final = (72, 60, 50, 42)
_SUBTITLE_SIZE: Final = 28


def draw_cover(spec: PictureSpec, analysis: Analysis) -> Image:
    """Return the cover, 1,000 by 1,000 pixels."""
    from PIL import Image as Images  # noqa: PLC0415  # 40 ms, and only pictures need it
    from PIL.ImageDraw import Draw  # noqa: PLC0415

    bars = ((_bars(np.maximum(analysis.high, -analysis.low)), WAVE), (_bars(analysis.rms), WAVE_CORE))
    image = Images.new("RGB", (SIZE, SIZE))
    for top in range(0, SIZE, _BAND):
        band = np.full((_BAND, SIZE, 3), PAPER, np.uint8)
        inside, radius, turn = _polar(top)  # a third of all pixels; nothing is drawn on the others
        pixels = np.empty((radius.size, 3), np.float32)
        pixels[:] = PAPER
        for lengths, colour in bars:
            _paint(pixels, _bar_coverage(radius, turn, lengths), colour)
        _arcs(pixels, radius, turn, spec)
        band[inside] = np.rint(pixels).astype(np.uint8)
        image.paste(Images.fromarray(band), (0, top))
    _title(Draw(image), spec)
    return image


def _polar(top: int) -> tuple[npt.NDArray[np.bool_], FloatArray, FloatArray]:
    """Return which pixels of a band the ring can reach, their distance from its centre and their share of a turn.

    Turns begin at noon and go clockwise.
    """
    y, x = np.mgrid[top : top + _BAND, 0:SIZE].astype(np.float32) + np.float32(0.5)
    x, y = x - np.float32(_CENTRE[0]), y - np.float32(_CENTRE[1])
    radius = np.hypot(x, y).astype(np.float32)
    inside = radius <= _RADIUS + _REACH + 1.0
    turn = (np.arctan2(x[inside], -y[inside]) / (2 * math.pi)) % 1.0
    return inside, radius[inside], turn.astype(np.float32)


def _bars(values: FloatArray) -> FloatArray:
    """Return the length of each bar as a share of full scale: the mean of its columns' values."""
    edges = np.arange(_BARS) * values.size // _BARS
    counts = np.diff(np.append(edges, values.size))
    return np.clip(np.add.reduceat(values, edges) / counts, 0, 1).astype(np.float32)


def _bar_coverage(radius: FloatArray, turn: FloatArray, lengths: FloatArray) -> FloatArray:
    """Return how much of each pixel the bars cover, 0 to 1."""
    place = turn * _BARS
    bar = np.minimum(place.astype(np.int64), _BARS - 1)
    sideways = np.abs(place - bar - 0.5) * (2 * math.pi * radius / _BARS)
    outwards = np.abs(radius - _RADIUS)
    across = np.clip(_BAR_WIDTH / 2 + 0.5 - sideways, 0, 1)
    along = np.clip(np.maximum(lengths[bar] * _REACH, 1.0) + 0.5 - outwards, 0, 1)
    return (across * along).astype(np.float32)


def _arcs(pixels: FloatArray, radius: FloatArray, turn: FloatArray, spec: PictureSpec) -> None:
    """Draw each layer as a thin circle of arcs, one for each cue."""
    for place, lane in enumerate(lanes_of(spec.cues)[:_MOST_ARCS]):
        distance = np.abs(radius - (_ARCS - place * _ARC_STEP))
        along = np.clip(_ARC_WIDTH / 2 + 0.5 - distance, 0, 1).astype(np.float32)
        near = along > 0
        covered = np.zeros(int(np.count_nonzero(near)), np.float32)
        here, pixels_per_turn = turn[near], 2 * math.pi * radius[near]
        for cue in (cue for row in lane.rows for cue in row):
            start, end = (min(1.0, max(0.0, at / spec.duration_s)) for at in (cue.start_s, cue.end_s))
            inside = np.minimum(here - start, end - here) * pixels_per_turn + 0.5
            covered = np.maximum(covered, np.clip(inside, 0, 1))
        along[near] *= 0.12 + 0.88 * covered  # the rest of the circle stays visible as a trace
        _paint(pixels, along, layer_colour(lane.layer))


def _paint(pixels: FloatArray, coverage: FloatArray, colour: Colour) -> None:
    pixels += coverage[..., None] * (np.array(colour, np.float32) - pixels)


def _title(pen: ImageDraw, spec: PictureSpec) -> None:
    """Write the title as large as it fits on one line, in the smallest size cut off, and the subtitle under it."""
    lettering = Lettering(spec.font_file)
    room = SIZE - 2 * _MARGIN
    size = next((size for size in _TITLE_SIZES if lettering.width(spec.title, size) <= room), _TITLE_SIZES[-1])
    lettering.draw(pen, (SIZE / 2, _TITLE_AT), lettering.fitted(spec.title, size, room), size, INK, anchor="m")
    subtitle = lettering.fitted(spec.subtitle, _SUBTITLE_SIZE, room)
    lettering.draw(pen, (SIZE / 2, _TITLE_AT + 50), subtitle, _SUBTITLE_SIZE, QUIET_INK, anchor="m")
