"""A picture of a graph, laid out: each box, line and label with its place, for every form that it is drawn in.

    text -> boxes -> places (see `graph_forces`) -> lines cut at the boxes -> labels where nothing else is -> legend

Pixels, from the upper left corner. Deterministic. Knows nothing of SVG, PNG or HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
import numpy as np

from hausmusik.audio.palette import Colour
from hausmusik.pages.graph_colours import colours_of
from hausmusik.pages.graph_forces import Floats, place
from hausmusik.pages.graph_text import Measure, broken, clean, shortened
from hausmusik.pages.graph_values import PASSAGE, GraphEdge, GraphNode, GraphPicture

MARGIN: Final = 32.0
TITLE_PX: Final = 22.0
SUBTITLE_PX: Final = 13.0
LEGEND_PX: Final = 13.0
LABEL_PX: Final = 11.0
CAPTION_PX: Final = 11.0
NUMBER_PX: Final = 16.0
SQUARE: Final = 34.0
HEAD: Final = 74.0
LEGEND_ROW: Final = 24.0
LEAST_WIDTH: Final = 720.0
LEAST_HEIGHT: Final = 240.0
LONGEST_LABEL: Final = 42
LABEL_LINE: Final = 20
_SPOTS: Final = (0.5, 0.42, 0.58, 0.35, 0.65, 0.28, 0.72, 0.2, 0.8)


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """A node with its place.

    Args:
        node: What it shows.
        x: Of its centre.
        y: Of its centre; of a passage, of square and caption together.
        width: Of it.
        height: Of it.
        lines: Of text; of a passage the caption under the square.
        font_px: Of the text.
    """

    node: GraphNode
    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]
    font_px: float


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """An edge from the border of one box to that of another, and where its label stands; None: nowhere is room."""

    edge: GraphEdge
    start: tuple[float, float]
    end: tuple[float, float]
    width: float
    text: str
    text_at: tuple[float, float] | None
    text_width: float


class Sign(msgspec.Struct, frozen=True, kw_only=True):
    """A type in the legend: the upper left corner of its chip."""

    type: str
    label: str
    x: float
    y: float


class GraphLayout(msgspec.Struct, frozen=True, kw_only=True):
    """All of a picture."""

    title: str
    subtitle: str
    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    legend: tuple[Sign, ...]
    colours: dict[str, Colour]


def lay_out(picture: GraphPicture) -> GraphLayout:
    """Return where everything goes."""
    measure = Measure()
    nodes = list({node.key: node for node in picture.nodes}.values())
    index = {node.key: at for at, node in enumerate(nodes)}
    edges = [edge for edge in picture.edges if edge.source in index and edge.target in index]
    edges = [edge for edge in edges if edge.source != edge.target]
    shapes = [_shape(node, measure) for node in nodes]
    sizes = np.asarray([(width, height) for _, _, width, height in shapes], np.float64).reshape(-1, 2)
    ends = np.asarray([(index[edge.source], index[edge.target]) for edge in edges], np.int64).reshape(-1, 2)
    lengths = np.asarray([_length(edge, sizes[ends[at]], measure) for at, edge in enumerate(edges)], np.float64)
    at = place(sizes, ends, lengths)
    spread = (sizes / 2 + np.abs(at)).max(axis=0) * 2 if len(at) else np.zeros(2)
    title = shortened(clean(picture.title), 90)
    width = max(LEAST_WIDTH, float(spread[0]) + 2 * MARGIN, 1.1 * measure.width(title, TITLE_PX) + 2 * MARGIN)
    colours = colours_of(sorted((node.type for node in nodes), key=lambda type_: (type_ == PASSAGE, type_ == "other")))
    legend, legend_height = _legend(colours, width, measure)
    body = max(LEAST_HEIGHT, float(spread[1]) + MARGIN)
    height = HEAD + body + legend_height + MARGIN / 2
    centres = np.round(2 * (at + np.asarray([width / 2, HEAD + body / 2]))) / 2
    for sign_at, sign in enumerate(legend):
        legend[sign_at] = msgspec.structs.replace(sign, y=sign.y + HEAD + body)
    boxes = [
        Box(node=node, x=float(x), y=float(y), width=w, height=h, lines=lines, font_px=font)
        for node, (x, y), (lines, font, w, h) in zip(nodes, centres, shapes, strict=True)
    ]
    return GraphLayout(
        title=title,
        subtitle=shortened(clean(picture.subtitle), 140),
        width=float(np.ceil(width)),
        height=float(np.ceil(height)),
        boxes=tuple(boxes),
        lines=tuple(_lines(edges, boxes, index, measure)),
        legend=tuple(legend),
        colours=colours,
    )


def half_square(box: Box) -> tuple[float, float]:
    """Return how far the middle of a passage's square is above that of its box, and half the square's side."""
    return box.height / 2 - SQUARE / 2, SQUARE / 2


def _shape(node: GraphNode, measure: Measure) -> tuple[tuple[str, ...], float, float, float]:
    """Return a node's lines, the size of its font, its width and its height."""
    label = clean(node.label) or "?"
    if node.number:
        caption = shortened(label, 26)
        return (caption,), CAPTION_PX, max(SQUARE, measure.width(caption, CAPTION_PX)), SQUARE + CAPTION_PX + 6
    font = 12.0 + 5.0 * max(0.0, min(1.0, node.size)) + (2.0 if node.focus else 0.0)
    lines = broken(shortened(label, LONGEST_LABEL), LABEL_LINE)
    width = max(measure.width(line, font) for line in lines) + 1.7 * font
    return lines, font, float(np.ceil(max(width, 2.6 * font))), float(np.ceil(len(lines) * 1.25 * font + 0.8 * font))


def _length(edge: GraphEdge, sizes: Floats, measure: Measure) -> float:
    """Return how long an edge would like to be: its label has room, and what is certain is near."""
    written = measure.width(_label(edge), LABEL_PX) if edge.label else 0.0
    doubt = 1.0 - max(0.0, min(1.0, edge.strength))
    return 70.0 + 0.35 * float(sizes[:, 0].sum()) / 2 + 0.55 * written + 60.0 * doubt


def _label(edge: GraphEdge) -> str:
    return shortened(clean(edge.label), 24)


def _lines(edges: Sequence[GraphEdge], boxes: Sequence[Box], index: dict[str, int], measure: Measure) -> Iterable[Line]:
    """Yield lines; labels of the strongest edges find their places first."""
    ends = [_cut(boxes[index[edge.source]], boxes[index[edge.target]]) for edge in edges]
    taken = np.asarray([(box.x, box.y, box.width / 2, box.height / 2) for box in boxes], np.float64).reshape(-1, 4)
    spots: dict[int, tuple[float, float]] = {}
    for at in sorted(range(len(edges)), key=lambda each: (-edges[each].strength, each)):
        text = _label(edges[at])
        half = np.asarray([measure.width(text, LABEL_PX) / 2 + 3, LABEL_PX * 0.75])
        for share in _SPOTS if text else ():
            spot = (1 - share) * np.asarray(ends[at][0]) + share * np.asarray(ends[at][1])
            if not (np.abs(taken[:, :2] - spot) < taken[:, 2:] + half).all(axis=1).any():
                taken = np.concatenate([taken, [[*spot, *half]]])
                spots[at] = (round(float(spot[0]), 1), round(float(spot[1]), 1))
                break
    for at, edge in enumerate(edges):
        text = _label(edge)
        yield Line(
            edge=edge,
            start=ends[at][0],
            end=ends[at][1],
            width=round(1.0 + 2.0 * max(0.0, min(1.0, edge.strength)), 2),
            text=text,
            text_at=spots.get(at),
            text_width=measure.width(text, LABEL_PX),
        )


def _cut(one: Box, other: Box) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return where the line between the middles of two boxes leaves the one and meets the other."""
    (x1, y1, w1, h1), (x2, y2, w2, h2) = _body(one), _body(other)
    dx, dy = x2 - x1, y2 - y1
    out = _share(dx, dy, w1 + 1, h1 + 1)
    back = _share(dx, dy, w2 + 2, h2 + 2)
    if out + back >= 1:
        out = back = 0.5
    return (round(x1 + out * dx, 1), round(y1 + out * dy, 1)), (round(x2 - back * dx, 1), round(y2 - back * dy, 1))


def _body(box: Box) -> tuple[float, float, float, float]:
    """Return the middle and half the sides of what lines end at."""
    if not box.node.number:
        return box.x, box.y, box.width / 2, box.height / 2
    up, half = half_square(box)
    return box.x, box.y - up, half, half


def _share(dx: float, dy: float, half_width: float, half_height: float) -> float:
    """Return which share of a way lies inside the box that it begins in."""
    across = half_width / abs(dx) if dx else np.inf
    upright = half_height / abs(dy) if dy else np.inf
    return float(min(across, upright, 1.0))


def _legend(types: Iterable[str], width: float, measure: Measure) -> tuple[list[Sign], float]:
    """Return the legend, row by row, and how high it is; its `y` counts from its own top."""
    signs: list[Sign] = []
    x, y = MARGIN, 12.0
    for type_ in types:
        label = "cited passage" if type_ == PASSAGE else shortened(clean(type_) or "?", 24)
        wide = 24 + measure.width(label, LEGEND_PX) + 18
        if x + wide > width - MARGIN and x > MARGIN:
            x, y = MARGIN, y + LEGEND_ROW
        signs.append(Sign(type=type_, label=label, x=round(x, 1), y=y))
        x += wide
    return signs, (y + LEGEND_ROW if signs else 0.0)
