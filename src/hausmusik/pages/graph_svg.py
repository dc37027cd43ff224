"""A laid out graph as SVG: one file that any browser and any program for drawings opens.

Colours are attributes, so that programs without CSS show them; a stylesheet only changes them where the viewer likes
dark ground. All text is escaped, and no control character gets this far. Knows nothing of scripts.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from hausmusik.audio.palette import INK, PAPER, QUIET_INK, tint
from hausmusik.pages.graph_colours import (
    DARK_INK,
    DARK_LINE,
    DARK_PAPER,
    DARK_QUIET,
    LINE,
    css,
    dark,
    light,
)
from hausmusik.pages.graph_layout import (
    CAPTION_PX,
    LABEL_PX,
    LEGEND_PX,
    MARGIN,
    NUMBER_PX,
    SQUARE,
    SUBTITLE_PX,
    TITLE_PX,
    Box,
    GraphLayout,
    Line,
    half_square,
)
from hausmusik.pages.graph_text import clean
from hausmusik.pages.graph_values import PASSAGE

FONTS: Final = "'Helvetica Neue', Arial, 'Liberation Sans', 'Noto Sans', sans-serif"
ARROW: Final = 7.0
_NOTES: Final = 8
_HALO: Final = (
    f'text-anchor="middle" fill="{css(QUIET_INK)}" stroke="{css(PAPER)}" stroke-width="4" stroke-linejoin="round"'
    ' paint-order="stroke"'
)
"""Of text that lines may cross."""


def svg_of(layout: GraphLayout) -> str:
    """Return the picture as a document of its own."""
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + svg_element(layout, style=dark_rules(layout)) + "\n"


def svg_element(layout: GraphLayout, *, style: str = "", role: str = "img") -> str:
    """Return the picture as an element; `style` is CSS that goes into it, `role` what it is to a screen reader."""
    width, height, title = f"{layout.width:g}", f"{layout.height:g}", _text(layout.title)
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" id="graph" {size} font-family="{FONTS}" role="{role}"',
        f' aria-label="{title}">',
        f"<title>{title}</title>" if role == "img" else "",
        f"<style>{style}</style>" if style else "",
        f'<rect class="paper" width="{width}" height="{height}" fill="{css(PAPER)}"/>',
        f'<g font-size="{TITLE_PX:g}">',
        f'<text class="ink" x="{MARGIN:g}" y="42" fill="{css(INK)}">{title}</text></g>',
        f'<g font-size="{SUBTITLE_PX:g}">',
        f'<text class="quiet" x="{MARGIN:g}" y="62" fill="{css(QUIET_INK)}">{_text(layout.subtitle)}</text></g>',
        '<g id="scene">',
        *(_line(at, line) for at, line in enumerate(layout.lines)),
        *(_line_label(at, line) for at, line in enumerate(layout.lines)),
        *(_box(at, box, layout) for at, box in enumerate(layout.boxes)),
        "</g>",
        *_legend(layout),
        "</svg>",
    ]
    return "\n".join(part for part in parts if part)


def dark_rules(layout: GraphLayout) -> str:
    """Return the CSS that changes colours for viewers who like dark ground."""
    rules = [
        f".paper{{fill:{css(DARK_PAPER)}}}",
        f".ink{{fill:{css(DARK_INK)}}}",
        f".quiet{{fill:{css(DARK_QUIET)}}}",
        f".line{{stroke:{css(DARK_LINE)}}}",
        f".tip{{fill:{css(DARK_LINE)}}}",
        f".label{{fill:{css(DARK_QUIET)};stroke:{css(DARK_PAPER)}}}",
    ]
    for at, colour in enumerate(layout.colours.values()):
        for name, focus in (("", False), (".focus", True)):
            shades = dark(colour, focus=focus)
            rules.append(f".t{at}{name} .body{{fill:{css(shades.fill)};stroke:{css(shades.edge)}}}")
            rules.append(f".t{at}{name} .name{{fill:{css(shades.text)}}}")
    return f"@media (prefers-color-scheme:dark){{{''.join(rules)}}}"


def arrow(line: Line) -> list[tuple[float, float]]:
    """Return the three corners of a line's head."""
    (x1, y1), (x2, y2) = line.start, line.end
    length = max(1e-6, ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5)
    dx, dy = (x2 - x1) / length * ARROW, (y2 - y1) / length * ARROW
    return [(x2, y2), (x2 - dx + dy / 2, y2 - dy - dx / 2), (x2 - dx - dy / 2, y2 - dy + dx / 2)]


def _line(at: int, line: Line) -> str:
    (x1, y1), (x2, y2) = line.start, line.end
    dashes = ' stroke-dasharray="4 4"' if line.edge.faint else ""
    drawn = (
        f'<line class="line" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{css(LINE)}"'
        f' stroke-width="{line.width:g}"{dashes}/>'
    )
    if line.edge.arrow:
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in arrow(line))
        drawn += f'<polygon class="tip" points="{corners}" fill="{css(LINE)}"/>'
    return f'<g class="edge" data-edge="{at}">{drawn}{_title((line.text, *line.edge.notes))}</g>'


def _line_label(at: int, line: Line) -> str:
    if line.text_at is None:
        return ""
    x, y = line.text_at
    return (
        f'<text class="label" data-edge="{at}" x="{x:g}" y="{y + LABEL_PX * 0.35:.1f}" font-size="{LABEL_PX:g}"'
        f" {_HALO}>{_text(line.text)}</text>"
    )


def _box(at: int, box: Box, layout: GraphLayout) -> str:
    node = box.node
    type_at = list(layout.colours).index(node.type)
    shades = light(layout.colours[node.type], focus=node.focus)
    name = f"{clean(node.label)} ({clean(node.type)})"
    paint = f'fill="{css(shades.fill)}" stroke="{css(shades.edge)}" stroke-width="1.5"'
    kind = f"node t{type_at}{' focus' if node.focus else ''}"
    head = f'<g class="{kind}" data-node="{at}" transform="translate({box.x:g} {box.y:g})">'
    if node.number:
        up, half = half_square(box)
        square = f'width="{SQUARE:g}" height="{SQUARE:g}" rx="3"'
        body = (
            f'<rect class="body" x="{-half:g}" y="{-up - half:g}" {square} {paint}/>'
            f'<text class="name" y="{-up + NUMBER_PX * 0.36:.1f}" font-size="{NUMBER_PX:g}" font-weight="600"'
            f' text-anchor="middle" fill="{css(shades.text)}">{node.number}</text>'
            f'<text class="label" y="{box.height / 2 - 2:.1f}" font-size="{CAPTION_PX:g}" {_HALO}>'
            f"{_text(box.lines[0])}</text>"
        )
    else:
        radius = min(box.height / 2, 1.1 * box.font_px)
        body = (
            f'<rect class="body" x="{-box.width / 2:g}" y="{-box.height / 2:g}" width="{box.width:g}"'
            f' height="{box.height:g}" rx="{radius:.1f}" {paint}/>'
        )
        for y, text in zip(baselines(box), box.lines, strict=True):
            body += (
                f'<text class="name" y="{y:.1f}" font-size="{box.font_px:g}" text-anchor="middle"'
                f' fill="{css(shades.text)}">{_text(text)}</text>'
            )
    return f"{head}{body}{_title((name, *node.notes))}</g>"


def baselines(box: Box) -> list[float]:
    """Return how far below the middle of a box each of its lines stands."""
    first = -(len(box.lines) - 1) * 1.25 * box.font_px / 2 + 0.36 * box.font_px
    return [first + at * 1.25 * box.font_px for at in range(len(box.lines))]


def _legend(layout: GraphLayout) -> Iterator[str]:
    for at, sign in enumerate(layout.legend):
        shades = light(layout.colours[sign.type], focus=False)
        round_ = 3 if sign.type == PASSAGE else 7
        yield (
            f'<g class="t{at}"><rect class="body" x="{sign.x:g}" y="{sign.y:g}" width="18" height="14" rx="{round_}"'
            f' fill="{css(shades.fill)}" stroke="{css(shades.edge)}" stroke-width="1.5"/>'
            f'<text class="ink" x="{sign.x + 24:g}" y="{sign.y + 11.5:g}" font-size="{LEGEND_PX:g}"'
            f' fill="{css(tint(INK, 0.85))}">{_text(sign.label)}</text></g>'
        )


def _title(lines: tuple[str, ...]) -> str:
    shown = [clean(line) for line in lines if line]
    more = [f"… and {len(shown) - _NOTES} more"] if len(shown) > _NOTES else []
    return f"<title>{escape(chr(10).join(shown[:_NOTES] + more))}</title>" if shown else ""


def _text(text: str) -> str:
    return escape(text, quote=True)
