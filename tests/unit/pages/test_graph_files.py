"""SVG, PNG and page: well formed, equal each time, and nothing of what a document says is more than text."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from hausmusik.pages.graph_html import harmless_json, html_of
from hausmusik.pages.graph_layout import lay_out
from hausmusik.pages.graph_png import png_of
from hausmusik.pages.graph_svg import svg_of
from tests.unit.pages.samples import HOSTILE, NAMES, answer, picture

SVG = "{http://www.w3.org/2000/svg}"
ALL = HOSTILE + NAMES


class Page(HTMLParser):
    """What a browser would make of a page: its elements, their attributes, what stands in scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {"script": [], "style": [], "title": []}
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        if tag in self.texts:
            self.texts[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside in self.texts:
            self.texts[self._inside][-1] += data


@pytest.mark.parametrize("count", [0, 1, 12])
def test_all_three_are_made_equal_each_time(count: int) -> None:
    layout = lay_out(picture(count))
    for make in (svg_of, html_of, png_of):
        assert make(layout) == make(lay_out(picture(count)))
    image = Image.open(io.BytesIO(png_of(layout)))
    assert image.size == (2 * layout.width, 2 * layout.height)


def test_svg_holds_names_as_text_alone() -> None:
    text = svg_of(lay_out(picture(len(ALL), names=ALL)))
    root = ET.fromstring(text)
    kinds = {each.tag.removeprefix(SVG) for each in root.iter()}
    assert kinds == {"svg", "g", "rect", "text", "title", "style", "line", "polygon"}
    attributes = {name for each in root.iter() for name in each.attrib}
    assert not {name for name in attributes if name.startswith("on") or "href" in name or name == "style"}
    shown = " ".join("".join(each.itertext()) for each in root.iter(f"{SVG}title"))
    for name in (*HOSTILE, "李华", "محمد الأحمد", "👩\u200d🚀 Ada"):
        assert name in shown
    assert "\u202e" not in text


def test_a_page_with_hostile_names_has_the_elements_of_any_other() -> None:
    page = html_of(lay_out(picture(len(ALL), names=ALL)))
    told = Page(page)
    assert [tag for tag, _ in told.tags].count("script") == 2
    assert {tag for tag, _ in told.tags}.isdisjoint({"img", "iframe", "object", "a", "link", "base", "form"})
    for _, attributes in told.tags:
        assert not {name for name in attributes if name.startswith("on") or name in {"src", "href", "style"}}
    data, _ = told.texts["script"]
    labels = [node["label"] for node in json.loads(data)["nodes"]]
    assert labels[: len(HOSTILE)] == list(HOSTILE)
    assert not set("<>&\u2028\u2029") & set(data)


def test_the_policy_names_the_only_script_and_style_and_forbids_the_network() -> None:
    told = Page(html_of(lay_out(answer())))
    (policy,) = [
        each["content"] or "" for tag, each in told.tags if tag == "meta" and each.get("http-equiv") is not None
    ]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "connect-src" not in policy  # nothing loosens the default
    for directive, text in (("script-src", told.texts["script"][1]), ("style-src", told.texts["style"][0])):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy
    assert len(told.texts["style"]) == 1


def test_a_page_names_no_address() -> None:
    page = html_of(lay_out(answer()))
    assert set(re.findall(r"https?://[^\"' ]+", page)) == {"http://www.w3.org/2000/svg"}
    assert "prefers-color-scheme" in page


def test_the_script_sets_text_only() -> None:
    script = Page(html_of(lay_out(answer()))).texts["script"][1]
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "fetch(", "</script"):
        assert word not in script


def test_harmless_json_is_the_same_json() -> None:
    value = {"a": [*ALL[:-2], "\u2028"], "b": 1.5}
    assert json.loads(harmless_json(value)) == value


def test_passages_are_squares_with_their_number() -> None:
    root = ET.fromstring(svg_of(lay_out(answer())))
    texts = [each.text for each in root.iter(f"{SVG}text")]
    assert "1" in texts
    assert "cited passage" in texts
