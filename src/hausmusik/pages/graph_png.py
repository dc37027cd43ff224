"""A laid out graph as PNG, two pixels for one, with Pillow's own font: the same on every machine.

Shapes are drawn at twice that and made smaller, so that slanted lines are smooth; text is set afterwards, sharp. That
font has Latin letters; names in other scripts become an ellipsis here, and are whole in the SVG and the page.
"""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Final

from hausmusik.audio.lettering import Lettering
from hausmusik.audio.palette import INK, PAPER, QUIET_INK, Colour
from hausmusik.pages.graph_colours import LINE, light
from hausmusik.pages.graph_layout import (
    CAPTION_PX,
    LABEL_PX,
    LEGEND_PX,
    MARGIN,
    NUMBER_PX,
    SUBTITLE_PX,
    TITLE_PX,
    Box,
    GraphLayout,
    Line,
    half_square,
)
from hausmusik.pages.graph_svg import arrow, baselines
from hausmusik.pages.graph_values import PASSAGE

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

SCALE: Final = 2
_SMOOTH: Final = 2
_MOST_PIXELS: Final = 70_000_000
"""Of the larger picture; above it lines are not smoothed, three bytes each."""


def png_of(layout: GraphLayout) -> bytes:
    """Return the picture as a PNG file."""
    from PIL import Image  # noqa: PLC0415 -- 40 ms, and only pictures need it
    from PIL.ImageDraw import Draw  # noqa: PLC0415

    width, height = math.ceil(layout.width) * SCALE, math.ceil(layout.height) * SCALE
    smooth = _SMOOTH if width * height * _SMOOTH**2 <= _MOST_PIXELS else 1
    large = Image.new("RGB", (width * smooth, height * smooth), PAPER)
    pen, scale = Draw(large), SCALE * smooth
    for line in layout.lines:
        _line(pen, line, scale)
    for box in layout.boxes:
        _box(pen, box, layout, scale)
    for sign in layout.legend:
        radius = 3 if sign.type == PASSAGE else 7
        _rounded(pen, (sign.x, sign.y, sign.x + 18, sign.y + 14), radius, layout.colours[sign.type], scale)
    image = large.reduce(smooth) if smooth > 1 else large
    _write(Draw(image), layout)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()


def _line(pen: ImageDraw, line: Line, scale: int) -> None:
    width = max(1, round(line.width * scale))
    (x1, y1), (x2, y2) = line.start, line.end
    length = math.hypot(x2 - x1, y2 - y1)
    dashes = math.ceil(length / 8) if line.edge.faint else 1
    for at in range(dashes):
        begin, end = (at * 8 / length, min(1.0, (at * 8 + 4) / length)) if line.edge.faint and length else (0.0, 1.0)
        points = [(scale * (x1 + share * (x2 - x1)), scale * (y1 + share * (y2 - y1))) for share in (begin, end)]
        pen.line(points, fill=LINE, width=width)
    if line.edge.arrow:
        pen.polygon([(x * scale, y * scale) for x, y in arrow(line)], fill=LINE)


def _box(pen: ImageDraw, box: Box, layout: GraphLayout, scale: int) -> None:
    x, y, half_width, half_height, radius = box.x, box.y, box.width / 2, box.height / 2, 1.1 * box.font_px
    if box.node.number:
        up, half = half_square(box)
        y, half_width, half_height, radius = y - up, half, half, 3.0
    frame = (x - half_width, y - half_height, x + half_width, y + half_height)
    colour = layout.colours[box.node.type]
    _rounded(pen, frame, min(half_height, radius), colour, scale, focus=box.node.focus)


def _rounded(
    pen: ImageDraw,
    frame: tuple[float, float, float, float],
    radius: float,
    colour: Colour,
    scale: int,
    *,
    focus: bool = False,
) -> None:
    shades = light(colour, focus=focus)
    corners = (frame[0] * scale, frame[1] * scale, frame[2] * scale, frame[3] * scale)
    pen.rounded_rectangle(
        corners, radius * scale, fill=shades.fill, outline=shades.edge, width=max(1, round(1.5 * scale))
    )


def _write(pen: ImageDraw, layout: GraphLayout) -> None:
    """Set all text."""
    lettering = Lettering()

    def put(x: float, y: float, text: str, size: float, colour: Colour, anchor: str = "m") -> None:
        lettering.draw(pen, (x * SCALE, y * SCALE), text, size * SCALE, colour, anchor=anchor)

    def label(x: float, y: float, text: str, size: float) -> None:
        """Set text on ground of its own: lines may cross it."""
        half, tall = lettering.width(text, size) / 2 + 2, size * 0.68
        pen.rectangle([SCALE * each for each in (x - half, y - tall, x + half, y + tall)], fill=PAPER)
        put(x, y + size * 0.35, text, size, QUIET_INK)

    put(MARGIN, 42, layout.title, TITLE_PX, INK, "l")
    put(MARGIN, 62, layout.subtitle, SUBTITLE_PX, QUIET_INK, "l")
    for line in layout.lines:
        if line.text_at is not None:
            label(*line.text_at, line.text, LABEL_PX)
    for box in layout.boxes:
        text = light(layout.colours[box.node.type], focus=box.node.focus).text
        if box.node.number:
            up, _ = half_square(box)
            put(box.x, box.y - up + NUMBER_PX * 0.36, str(box.node.number), NUMBER_PX, text)
            label(box.x, box.y + box.height / 2 - 2 - CAPTION_PX * 0.35, box.lines[0], CAPTION_PX)
        else:
            for below, words in zip(baselines(box), box.lines, strict=True):
                put(box.x, box.y + below, words, box.font_px, text)
    for sign in layout.legend:
        put(sign.x + 24, sign.y + 11.5, sign.label, LEGEND_PX, INK, "l")
