"""Everything has its place, nothing covers anything else, and equal graphs look equal."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.audio.palette import Colour
from hausmusik.pages.graph_colours import colours_of, dark, light
from hausmusik.pages.graph_forces import overlapping, place
from hausmusik.pages.graph_layout import GraphLayout, lay_out
from hausmusik.pages.graph_text import broken, clean, shortened
from hausmusik.pages.graph_values import GraphEdge, GraphNode, GraphPicture
from tests.unit.pages.samples import NAMES, answer, picture


def check(layout: GraphLayout) -> None:
    for one, other in combinations(layout.boxes, 2):
        across = abs(one.x - other.x) >= (one.width + other.width) / 2
        upright = abs(one.y - other.y) >= (one.height + other.height) / 2
        assert across or upright, (one.lines, other.lines)
    for box in layout.boxes:
        assert box.width / 2 <= box.x <= layout.width - box.width / 2
        assert box.height / 2 <= box.y <= layout.height - box.height / 2
    for line in layout.lines:
        if line.text_at is not None:
            for box in layout.boxes:
                across = abs(line.text_at[0] - box.x) >= (line.text_width + box.width) / 2
                assert across or abs(line.text_at[1] - box.y) >= box.height / 2 + 5


@pytest.mark.parametrize("count", [0, 1, 2, 5, 40, 120])
def test_nothing_overlaps(count: int) -> None:
    layout = lay_out(picture(count))
    assert len(layout.boxes) == count
    check(layout)


def test_any_names_and_passages() -> None:
    check(lay_out(picture(len(NAMES), names=NAMES)))
    layout = lay_out(answer())
    check(layout)
    assert layout.legend[-1].label == "cited passage"


def test_equal_graphs_are_laid_out_equally() -> None:
    assert lay_out(picture(30)) == lay_out(picture(30))


def test_edges_that_cannot_be_drawn_are_left_out() -> None:
    node = GraphNode(key="a", label="A", type="other")
    loose = (GraphEdge(source="a", target="a"), GraphEdge(source="a", target="gone"))
    assert lay_out(GraphPicture(title="", nodes=(node, node), edges=loose)).lines == ()


@given(st.integers(2, 25), st.lists(st.tuples(st.integers(0, 24), st.integers(0, 24)), max_size=40))
def test_any_graph_comes_apart(count: int, pairs: list[tuple[int, int]]) -> None:
    edges = np.asarray([pair for pair in pairs if max(pair) < count], np.int64).reshape(-1, 2)
    sizes = np.asarray([(40 + 7 * (at % 9), 20 + 5 * (at % 3)) for at in range(count)], np.float64)
    at = place(sizes, edges, np.full(len(edges), 120.0))
    assert np.isfinite(at).all()
    assert not overlapping(at, sizes)


def test_text_is_made_harmless_and_short() -> None:
    assert clean("a\x00b\nc\u202ed\ud800") == "ab cd"
    assert clean("👩\u200d🚀") == "👩\u200d🚀"
    assert shortened("abcdef", 4) == "abc…"
    assert shortened("ab👩\u200d🚀x", 5) == "ab…"  # no half emoji
    assert broken("Red Dead Redemption", 12) == ("Red Dead", "Redemption")
    assert broken("Donaudampfschiff", 5) == ("Donaudampfschiff",)


def luminance(colour: Colour) -> float:
    parts = [each / 255 for each in colour]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_labels_have_contrast() -> None:
    types = ["person", "organization", "location", "event", "product", "topic", "document", "time", "other", "passage"]
    for colour in colours_of([*types, *"abcdefg"]).values():
        for shades in (ground(colour, focus=focus) for ground in (light, dark) for focus in (False, True)):
            bright, dim = sorted((luminance(shades.fill), luminance(shades.text)), reverse=True)
            assert (bright + 0.05) / (dim + 0.05) >= 4.5, colour
