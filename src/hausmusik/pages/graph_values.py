"""What a picture of a graph shows: nodes, edges, a title. Plain values; knows nothing of memories."""

from __future__ import annotations

from typing import Final

import msgspec

PASSAGE: Final = "passage"
"""The type of nodes that are squares with a number."""


class GraphNode(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, something, or a passage.

    Args:
        key: Names it among the nodes.
        label: What it is called; any text.
        type: Decides the colour.
        size: 0 to 1: how much it matters.
        number: Of a passage, as it is cited; 0: no passage.
        focus: Whether the picture is about it.
        notes: What is told of it when somebody looks closer, one line each.
    """

    key: str
    label: str
    type: str
    size: float = 0.0
    number: int = 0
    focus: bool = False
    notes: tuple[str, ...] = ()


class GraphEdge(msgspec.Struct, frozen=True, kw_only=True):
    """What two nodes have to do with each other.

    Args:
        source: Key of a node.
        target: Key of another.
        label: In a few words; empty: nothing is written.
        strength: 0 to 1.
        arrow: Whether it goes one way.
        faint: Whether it no longer holds, or only says that a passage names an entity.
        notes: What is told of it when somebody looks closer, one line each.
    """

    source: str
    target: str
    label: str = ""
    strength: float = 0.0
    arrow: bool = False
    faint: bool = False
    notes: tuple[str, ...] = ()


class GraphPicture(msgspec.Struct, frozen=True, kw_only=True):
    """A graph that is small enough to be drawn.

    Args:
        title: Above it.
        subtitle: Under the title, smaller.
        nodes: Those in focus first.
        edges: Between them; those of nodes that are not there, and from a node to itself, are not drawn.
    """

    title: str
    subtitle: str = ""
    nodes: tuple[GraphNode, ...] = ()
    edges: tuple[GraphEdge, ...] = ()
