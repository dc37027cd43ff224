"""Reading GraphML that somebody else wrote: nodes and edges with their attributes, as texts.

Expat reads it piece by piece. A document type is refused before anything of it is looked at, so there are no entities
to expand and nothing outside to fetch; depth and lengths are bounded. Knows nothing of what attributes mean.

Source: http://graphml.graphdrawing.org/primer/graphml-primer.html, https://docs.python.org/3/library/xml.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO, Final
from xml.parsers import expat

import msgspec

from hausmusik.errors import BadInput

DEEPEST: Final = 32
MOST_CHARACTERS: Final = 16_000_000
"""In one attribute: LightRAG's longest are some thousand."""

_ENCODINGS: Final = frozenset({"utf-8", "utf-16", "iso-8859-1", "us-ascii"})
"""What expat reads itself."""

_AT_ONCE: Final = 1 << 16


class GraphNode(msgspec.Struct, frozen=True):
    """A node and its attributes by name."""

    id: str
    values: Mapping[str, str]


class GraphEdge(msgspec.Struct, frozen=True):
    """An edge and its attributes by name."""

    source: str
    target: str
    values: Mapping[str, str]


class Graph(msgspec.Struct, frozen=True):
    """All of a file."""

    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]


def read_graph(file: BinaryIO, name: str) -> Graph:
    """Read a GraphML file.

    Args:
        file: At its beginning.
        name: Of it, for errors.

    Raises:
        BadInput: it is no GraphML, or has a document type, or an edge has no node at its end.
    """
    reader = _Reader(name)
    try:
        while part := file.read(_AT_ONCE):
            reader.parser.Parse(part, False)
        reader.parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise BadInput(f"{name} is damaged: {error}", hint="export or copy it again") from error
    known = {node.id for node in reader.nodes}
    if not reader.is_graph:
        raise BadInput(f"{name} is no GraphML", hint="it begins with <graphml>")
    if len(known) != len(reader.nodes) or any(not {edge.source, edge.target} <= known for edge in reader.edges):
        raise BadInput(f"{name} is damaged: its edges and nodes do not fit together", hint="export or copy it again")
    return Graph(nodes=tuple(reader.nodes), edges=tuple(reader.edges))


class _Reader:
    """Takes what expat tells.

    Args:
        name: Of the file, for errors.
    """

    def __init__(self, name: str) -> None:
        self.nodes: list[GraphNode] = []
        self.edges: list[GraphEdge] = []
        self.is_graph = False
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.XmlDeclHandler = self._declared
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self._name = name
        self._depth = 0
        self._keys: dict[str, str] = {}
        self._open: Mapping[str, str] | None = None
        self._values: dict[str, str] = {}
        self._key = ""
        self._parts: list[str] = []
        self._length = 0

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        # Any other is looked up among Python's codecs, some of which are no encodings of text.
        if (encoding or "utf-8").lower() not in _ENCODINGS:
            raise BadInput(f"{self._name} is in an encoding that is not read here", hint="save it as UTF-8")

    def _refuse(self, *_: Any) -> None:
        raise BadInput(f"{self._name} declares a document type", hint="GraphML needs none; it is not read")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise BadInput(f"{self._name} is nested too deeply", hint="GraphML of LightRAG has four levels")
        kind = tag.rpartition(" ")[2]
        if kind == "graphml" and self._depth == 1:
            self.is_graph = True
        elif kind == "key":
            self._keys[attributes.get("id", "")] = attributes.get("attr.name", "")
        elif kind in {"node", "edge"}:
            self._open, self._values = attributes, {}
        elif kind == "data" and self._open is not None:
            self._key, self._parts, self._length = attributes.get("key", ""), [], 0

    def _text(self, text: str) -> None:
        if self._key:
            self._length += len(text)
            if self._length > MOST_CHARACTERS:
                raise BadInput(f"{self._name} has an attribute without end", hint="export or copy it again")
            self._parts.append(text)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        kind = tag.rpartition(" ")[2]
        if kind == "data" and self._key:
            self._values[self._keys.get(self._key, self._key)] = "".join(self._parts)
            self._key = ""
        elif kind == "node" and self._open is not None:
            self.nodes.append(GraphNode(self._open.get("id", ""), self._values))
            self._open = None
        elif kind == "edge" and self._open is not None:
            ends = self._open.get("source", ""), self._open.get("target", "")
            self.edges.append(GraphEdge(*ends, self._values))
            self._open = None
