"""Where everything stands in the picture of a piece, and drawing it.

    title, subtitle                                  figures
    segment titles
    waveform on alternating grounds
    spectrogram on a logarithmic axis
    one lane per layer, cues as labelled boxes
    time axis

The height follows from the lanes. Knows nothing of files or of how the sound was analysed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from hausmusik.audio.lettering import Lettering
from hausmusik.audio.palette import GRID, INK, PANEL, PANEL_OTHER, PAPER, QUIET_INK, Colour, layer_colour, tint
from hausmusik.audio.picture_analysis import Analysis
from hausmusik.audio.picture_lanes import ROW_GAP, Lane, lanes_of
from hausmusik.audio.picture_sound import spectrogram, waveform
from hausmusik.audio.picture_spec import CueSpan, PictureSpec

if TYPE_CHECKING:
    from PIL.Image import Image

WIDTH: Final = 1600
LEFT: Final = 92
RIGHT: Final = 44
COLUMNS: Final = WIDTH - LEFT - RIGHT
SPECTRUM_ROWS: Final = 264

_TITLE_AT: Final = 84
_HEADER: Final = 142
_STRIP: Final = 34
_WAVE: Final = 176
_GAP: Final = 14
_LANE_GAP: Final = 12
_AXIS: Final = 62
_SMALL: Final = 14
_LABEL: Final = 15
_SHORT_BOX: Final = 60  # pixels; in shorter boxes hardly a word fits
_FREQUENCIES: Final = ((100.0, "100 Hz"), (1000.0, "1 kHz"), (10_000.0, "10 kHz"))
_STEPS_S: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30)
_LONG_STEPS_S: Final = (60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800)
_MOST_TICKS: Final = 13


def draw_picture(spec: PictureSpec, analysis: Analysis) -> Image:
    """Return the whole picture.

    Args:
        spec: Names and times.
        analysis: With `COLUMNS` columns and `SPECTRUM_ROWS` rows.
    """
    return _Page(spec, analysis).draw()


def ticks(duration_s: float) -> list[tuple[float, str]]:
    """Return at most 13 round times from 0 to the end, with how they are written."""
    step_s = next((step for step in (*_STEPS_S, *_LONG_STEPS_S) if duration_s / step < _MOST_TICKS), duration_s)
    return [(index * step_s, _clock(index * step_s, step_s)) for index in range(int(duration_s / step_s + 1e-9) + 1)]


def _clock(time_s: float, step_s: float) -> str:
    if step_s < 1:
        return f"{time_s:.{len(f'{step_s:g}') - 2}f} s"
    minutes, seconds = divmod(round(time_s), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}" if minutes >= 60 else f"{minutes}:{seconds:02d}"


class _Page:
    """The picture being drawn."""

    def __init__(self, spec: PictureSpec, analysis: Analysis) -> None:
        from PIL import Image, ImageDraw  # noqa: PLC0415  # 40 ms, and only pictures need it

        self._spec = spec
        self._analysis = analysis
        self._lanes = lanes_of(spec.cues)
        self._wave_top = _HEADER + (_STRIP if spec.segments else 0)
        self._spectrum_top = self._wave_top + _WAVE + _GAP
        self._lanes_top = self._spectrum_top + SPECTRUM_ROWS + _GAP + 2
        self._end = self._lanes_top + sum(lane.height + _LANE_GAP for lane in self._lanes)
        self._image = Image.new("RGB", (WIDTH, self._end + _AXIS), PAPER)
        self._pen = ImageDraw.Draw(self._image)
        self._lettering = Lettering(spec.font_file)

    def draw(self) -> Image:
        """Draw everything, from the ground up."""
        self._header()
        self._time_axis()
        self._segments()
        self._wave()
        self._spectrum()
        top = self._lanes_top
        for lane in self._lanes:
            self._lane(lane, top)
            top += lane.height + _LANE_GAP
        return self._image

    def _x(self, time_s: float) -> float:
        return LEFT + COLUMNS * min(1.0, max(0.0, time_s / self._spec.duration_s))

    def _text(self, at: tuple[float, float], text: str, size: int, fill: Colour = INK, *, anchor: str = "l") -> None:
        self._lettering.draw(self._pen, at, text, size, fill, anchor=anchor)

    def _gutter(self, y: float, text: str) -> None:
        """Write a quiet word left of the panels, its middle at a height."""
        self._text((LEFT - 14, y + 5), text, _SMALL, QUIET_INK, anchor="r")

    def _header(self) -> None:
        x = float(WIDTH - RIGHT)
        for name, value in reversed(self._spec.figures):
            self._text((x, _TITLE_AT), value, 24, anchor="r")
            self._text((x, _TITLE_AT + 24), name, _SMALL, QUIET_INK, anchor="r")
            x -= max(self._lettering.width(value, 24), self._lettering.width(name, _SMALL)) + 34
        room = x - LEFT
        self._text((LEFT - 2, _TITLE_AT), self._lettering.fitted(self._spec.title, 40, room), 40)
        self._text((LEFT, _TITLE_AT + 28), self._lettering.fitted(self._spec.subtitle, 17, room), 17, QUIET_INK)

    def _time_axis(self) -> None:
        for time_s, label in ticks(self._spec.duration_s):
            x = round(self._x(time_s))
            if self._lanes:
                self._pen.line((x, self._lanes_top, x, self._end + 4), fill=GRID)
            self._pen.line((x, self._end, x, self._end + 6), fill=QUIET_INK)
            self._text((x, self._end + 26), label, _LABEL, QUIET_INK, anchor="m")
        self._pen.line((LEFT, self._end, LEFT + COLUMNS, self._end), fill=QUIET_INK)

    def _segments(self) -> None:
        for index, segment in enumerate(self._spec.segments):
            left, right = round(self._x(segment.start_s)), round(self._x(segment.end_s))
            if right > left:
                ground = _segment_ground(index)
                self._pen.rectangle((left, _HEADER, right - 1, self._wave_top - 1), fill=ground)
                self._pen.line((left, _HEADER, right - 1, _HEADER), fill=tint(INK, 0.55, ground))
                title = self._lettering.fitted(segment.title, 16, right - left - 16)
                self._text((left + 8, _HEADER + 22), title, 16)

    def _wave(self) -> None:
        from PIL import Image  # noqa: PLC0415

        ground = np.full((COLUMNS, 3), PANEL, np.uint8)
        for index, segment in enumerate(self._spec.segments):
            ground[round(self._x(segment.start_s)) - LEFT : round(self._x(segment.end_s)) - LEFT] = _segment_ground(
                index
            )
        pixels = waveform(self._analysis, _WAVE, ground)
        for level_db in (-6, -20):
            half = round(_WAVE / 2 * 10 ** (level_db / 20))
            for row in (_WAVE // 2 - half, _WAVE // 2 + half):
                _dotted(pixels, row, ground)
            self._gutter(self._wave_top + _WAVE // 2 - half, f"{level_db} dB")
        self._image.paste(Image.fromarray(pixels), (LEFT, self._wave_top))

    def _spectrum(self) -> None:
        from PIL import Image  # noqa: PLC0415

        self._image.paste(Image.fromarray(spectrogram(self._analysis)), (LEFT, self._spectrum_top))
        hertz = self._analysis.frequencies_hz
        for frequency_hz, label in _FREQUENCIES:
            if hertz[-1] <= frequency_hz <= hertz[0]:
                y = self._spectrum_top + float(np.interp(-frequency_hz, -hertz, np.arange(hertz.size)))
                self._pen.line((LEFT - 8, y, LEFT - 1, y), fill=QUIET_INK)
                self._gutter(y, label)

    def _lane(self, lane: Lane, top: int) -> None:
        self._text((LEFT - 14, top + lane.height / 2 + 5), lane.layer, _LABEL, anchor="r")
        for index, row in enumerate(lane.rows):
            upper = top + index * (lane.row_height + ROW_GAP)
            ends = [*(self._x(cue.start_s) for cue in row[1:]), float(LEFT + COLUMNS)]
            for cue, free_until in zip(row, ends, strict=True):
                self._cue(cue, upper, lane.row_height, free_until)

    def _cue(self, cue: CueSpan, upper: int, height: int, free_until: float) -> None:
        """Draw a box; its label stands inside, or after it where the box is too short and there is room."""
        colour = layer_colour(cue.layer)
        left = round(self._x(cue.start_s))
        right = max(left + 3, round(self._x(cue.end_s)) - 1)
        box = (left, upper, right, upper + height - 1)
        self._pen.rounded_rectangle(box, radius=4, fill=tint(colour, 0.2), outline=tint(colour, 0.55))
        self._pen.rectangle((left, upper, min(right, left + 3), upper + height - 1), fill=colour)
        if height < 20:
            return
        inside = self._lettering.fitted(cue.label, _LABEL, right - left - 16)
        outside = self._lettering.fitted(cue.label, _LABEL, free_until - right - 14)
        is_better = len(outside) > len(inside) and right - left < _SHORT_BOX
        x, label = (right + 7, outside) if is_better else (left + 10, inside)
        self._text((x, upper + height / 2 + 5), label, _LABEL)


def _segment_ground(index: int) -> Colour:
    return PANEL_OTHER if index % 2 else PANEL


def _dotted(pixels: npt.NDArray[np.uint8], row: int, ground: npt.NDArray[np.uint8]) -> None:
    """Draw a level line where nothing but the ground is."""
    bare: npt.NDArray[np.bool_] = np.all(pixels[row] == ground, axis=1)
    bare[np.arange(bare.size) % 6 >= 2] = False
    pixels[row, bare] = GRID
