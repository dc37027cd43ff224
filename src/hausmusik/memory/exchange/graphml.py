"""A memory as GraphML: entities are nodes, facts are directed edges with when they hold and where they are said.

Opens in Gephi, yEd, Cytoscape and NetworkX (as a multigraph: two entities may share several facts). Passages' texts are
not in it. Source: http://graphml.graphdrawing.org/primer/graphml-primer.html.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Final, TextIO

from hausmusik.memory.exchange import rows
from hausmusik.memory.exchange.clean import xml
from hausmusik.memory.store.store import MemoryStore

Value = str | int | float

HEAD: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns'
    ' http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">\n'
)
TAIL: Final = "  </graph>\n</graphml>\n"


class GraphWriter:
    """Writes one graph, element by element.

    Args:
        file: Where to.
        nodes: Attributes of nodes, name to type: `string`, `long` or `double`.
        edges: Attributes of edges.
        directed: Whether an edge has a beginning and an end.
    """

    def __init__(
        self, file: TextIO, *, nodes: Mapping[str, str], edges: Mapping[str, str], directed: bool = True
    ) -> None:
        self._file = file
        self._keys = {
            "node": {name: f"n{place}" for place, name in enumerate(nodes)},
            "edge": {name: f"e{place}" for place, name in enumerate(edges)},
        }
        file.write(HEAD)
        for kind, types in (("node", nodes), ("edge", edges)):
            for name, type_ in types.items():
                key = self._keys[kind][name]
                file.write(f'  <key id="{key}" for="{kind}" attr.name="{xml(name)}" attr.type="{type_}"/>\n')
        file.write(f'  <graph edgedefault="{"directed" if directed else "undirected"}">\n')

    def node(self, id_: str, values: Mapping[str, Value]) -> None:
        """Write a node."""
        self._file.write(f'    <node id="{xml(id_)}">\n')
        self._data("node", values)
        self._file.write("    </node>\n")

    def edge(self, source: str, target: str, values: Mapping[str, Value], *, id_: str = "") -> None:
        """Write an edge between two nodes."""
        named = f' id="{xml(id_)}"' if id_ else ""
        self._file.write(f'    <edge{named} source="{xml(source)}" target="{xml(target)}">\n')
        self._data("edge", values)
        self._file.write("    </edge>\n")

    def end(self) -> None:
        """Write what stands behind the last edge."""
        self._file.write(TAIL)

    def _data(self, kind: str, values: Mapping[str, Value]) -> None:
        for name, value in values.items():
            if value != "":
                self._file.write(f'      <data key="{self._keys[kind][name]}">{xml(str(value))}</data>\n')


def write_graphml(store: MemoryStore, file: TextIO) -> None:
    """Write a memory's graph; raises StoreError where the memory cannot be read."""
    graph = GraphWriter(
        file,
        nodes={"title": "string", "type": "string", "mentions": "long", "names": "string", "description": "string"},
        edges={
            "kind": "string",
            "keywords": "string",
            "description": "string",
            "weight": "double",
            "valid_from": "string",
            "valid_to": "string",
            "learnt_at": "string",
            "document": "string",
            "line": "long",
            "passage": "long",
        },
    )
    with store.database.read() as connection:
        for id_, values in _nodes(connection):
            graph.node(id_, values)
        for fact, passage in rows.facts(connection):
            graph.edge(
                f"entity-{fact.source[0]}",
                f"entity-{fact.target[0]}",
                {
                    "kind": fact.kind,
                    "keywords": fact.keywords,
                    "description": fact.description,
                    "weight": fact.weight,
                    "valid_from": fact.valid_from,
                    "valid_to": fact.valid_to,
                    "learnt_at": fact.learnt_at,
                    "document": passage.path,
                    "line": passage.line,
                    "passage": passage.id,
                },
                id_=f"fact-{fact.id}",
            )
    graph.end()


def _nodes(connection: sqlite3.Connection) -> Iterator[tuple[str, dict[str, Value]]]:
    for each in rows.entities(connection):
        yield (
            f"entity-{each.row.id}",
            {
                "title": each.row.title,
                "type": each.row.type,
                "mentions": each.row.mentions,
                "names": " | ".join(dict.fromkeys(name for _, name in each.row.names)),
                "description": each.description,
            },
        )
