"""A laid out graph as one page that can be explored: pan, zoom, drag, look closer, search; by mouse or by keyboard.

The page is one file and can reach nothing: its policy forbids every connection, and runs only the script whose hash it
names, so that even a mistake in escaping would run nothing of what a document says. Texts are data: escaped in the
drawing, JSON without any angle bracket beside it, and set by the script as text alone. Without scripts the picture is
there all the same.
"""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from importlib import resources
from typing import Any

from hausmusik.pages.graph_layout import Box, GraphLayout, half_square
from hausmusik.pages.graph_svg import ARROW, dark_rules, svg_element
from hausmusik.pages.graph_text import clean

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{svg}
</main>
<div id="tools" role="search" hidden>
<span id="found" role="status"></span>
<input id="search" type="search" placeholder="Search (press /)" aria-label="Search names and facts" autocomplete="off">
<button id="nearer" type="button" aria-label="Zoom in">+</button>
<button id="farther" type="button" aria-label="Zoom out">&minus;</button>
<button id="whole" type="button" aria-label="Show the whole picture">whole</button>
</div>
<aside id="details" aria-live="polite" aria-label="Details" hidden></aside>
<script id="data" type="application/json">{data}</script>
<script>{script}</script>
</body>
</html>
"""


def html_of(layout: GraphLayout) -> str:
    """Return the page."""
    own = resources.files("hausmusik.pages")
    script = own.joinpath("graph.js").read_text("utf-8")
    style = own.joinpath("graph.css").read_text("utf-8") + dark_rules(layout)
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}';"
        " base-uri 'none'; form-action 'none'"
    )
    return _PAGE.format(
        policy=policy,
        title=escape(layout.title),
        style=style,
        svg=svg_element(layout, role="group"),
        data=harmless_json(_data(layout)),
        script=script,
    )


def harmless_json(value: Any) -> str:
    """Return JSON that can stand inside a script element: no angle bracket, no ampersand, no odd line end."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def _data(layout: GraphLayout) -> dict[str, Any]:
    index = {box.node.key: at for at, box in enumerate(layout.boxes)}
    return {
        "width": layout.width,
        "height": layout.height,
        "arrow": ARROW,
        "nodes": [_node(box) for box in layout.boxes],
        "edges": [
            {
                "source": index[line.edge.source],
                "target": index[line.edge.target],
                "text": clean(line.edge.label),
                "notes": [clean(note) for note in line.edge.notes],
            }
            for line in layout.lines
        ],
    }


def _node(box: Box) -> dict[str, Any]:
    up, half = half_square(box) if box.node.number else (0.0, 0.0)
    return {
        "x": box.x,
        "y": box.y,
        "up": up,
        "half_width": half or box.width / 2,
        "half_height": half or box.height / 2,
        "label": clean(box.node.label),
        "type": clean(box.node.type),
        "number": box.node.number,
        "notes": [clean(note) for note in box.node.notes],
    }


def _hash(text: str) -> str:
    """Return what a policy calls an inline script or style (Content Security Policy Level 3, section 2.3.1)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
