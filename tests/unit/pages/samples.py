"""Graphs to draw."""

from __future__ import annotations

from hausmusik.pages.graph_values import PASSAGE, GraphEdge, GraphNode, GraphPicture

HOSTILE = (
    "</script><script>alert(1)</script>",
    "\"><img src=x onerror='alert(2)'>",
    "]]> <!-- & -->",
    "' onload='x",
    "{policy} {0} %s",
)
NAMES = (
    "Ana Núñez",
    "李华",
    "Ünal Ðorđević",
    "محمد الأحمد",
    "דוד",
    "👩\u200d🚀 Ada",
    "\u202eevil",
    "a\x00b\x08c\ud800d",
    " ",
)


def picture(count: int, *, names: tuple[str, ...] = ()) -> GraphPicture:
    """Return a graph with a hub, a ring and some chords."""
    nodes = tuple(
        GraphNode(
            key=f"n{at}",
            label=names[at] if at < len(names) else f"Somebody {at} of the Long Names",
            type=("person", "organization", "own type", "other")[at % 4],
            size=1 / (1 + at),
            focus=at == 0,
            notes=(names[at] if at < len(names) else "a note",),
        )
        for at in range(count)
    )
    pairs = [(0, at) for at in range(1, count)] + [(at, at * 7 % count) for at in range(1, count, 2)]
    edges = tuple(
        GraphEdge(source=f"n{a}", target=f"n{b}", label="works with", strength=(a % 5) / 4, arrow=a % 2 == 0)
        for a, b in pairs
    )
    return GraphPicture(title=names[0] if names else "A title", subtitle="A subtitle", nodes=nodes, edges=edges)


def answer() -> GraphPicture:
    """Return a graph with a passage."""
    whole = picture(3)
    passage = GraphNode(key="p1", label="notes/meeting-of-the-first-of-march.md", type=PASSAGE, number=1)
    told = GraphEdge(source="p1", target="n1", faint=True)
    return GraphPicture(title="Who?", nodes=(*whole.nodes, passage), edges=(*whole.edges, told))
