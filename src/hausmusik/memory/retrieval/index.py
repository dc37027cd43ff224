"""All of a memory that is searched in memory: vectors, graph, names. Made from the file; the file alone is true.

A house that stays open reads again only the documents that changed, and joins the arrays anew; an index once made does
not change, so that whoever is searching may go on. Knows nothing of questions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hausmusik.memory.retrieval.graph import Allowed, Graph, IndexArray, Scores, places
from hausmusik.memory.retrieval.rows import Rows, Table, read, updated
from hausmusik.memory.store.store import MemoryStore
from hausmusik.types import FloatArray


class Index:
    """A snapshot of one memory.

    Args:
        store: Which.
        dim: Dimension of its vectors; 0: it has none.
        before: What it was like before something changed; None: all is read.

    `tells` is whether a passage tells facts in words, as a model that extracts does, `(passages,)` of bool.
    """

    def __init__(self, store: MemoryStore, dim: int, before: Index | None = None) -> None:
        with store.database.read() as connection:
            rows = read(connection, dim) if before is None else updated(before.rows, connection, dim)
        self.rows: Rows = rows
        self.passages: IndexArray = rows.passages.of.astype(np.int64)
        self.when: Any = rows.passages.columns[1]
        self.lexicon = rows.lexicon
        owner = np.zeros(int(rows.names[-1]) + 1 if len(rows.names) else 0, np.int64)
        owner[rows.names] = rows.entities
        self._owner: IndexArray = owner
        self.graph = self._graph(slice(None), slice(None), None)
        assert rows.windows.vectors is not None  # noqa: S101 -- windows and told facts always have them
        assert rows.told.vectors is not None  # noqa: S101
        self.vectors, self.fact_vectors = rows.windows.vectors, rows.told.vectors
        self._window_at: Any = places(rows.windows.of, self.passages)
        self.told: IndexArray = np.stack([owner[each] for each in rows.told.columns], 1)
        self.tells: Allowed = np.isin(self.passages, rows.told.of)

    def graph_of(self, allowed: Allowed) -> Graph:
        """Return the graph as if some passages were all there are; its nodes are those of the whole.

        Args:
            allowed: Whether each passage counts, `(passages,)` of bool.
        """
        if allowed.all():
            return self.graph
        mentions, facts = (self._hang_on(allowed, table) for table in (self.rows.mentions, self.rows.facts))
        return self._graph(mentions, facts, int(allowed.sum()))

    def told_by(self, allowed: Allowed) -> Any:
        """Return whether each fact that has a vector is told by one of some passages, `(told,)` of bool."""
        return self._hang_on(allowed, self.rows.told)

    def _hang_on(self, allowed: Allowed, table: Table) -> Any:
        return allowed[places(table.of, self.passages)]

    def _graph(self, mentions: Any, facts: Any, counted: int | None) -> Graph:
        rows, owner = self.rows, self._owner
        source, target, weight = (column[facts] for column in rows.facts.columns)
        return Graph(
            np.unique(rows.entities),
            self.passages,
            np.stack([rows.mentions.of[mentions], owner[rows.mentions.columns[0][mentions]]], 1),
            np.stack([owner[source], owner[target], weight], 1),
            counted,
        )

    def near(self, vector: FloatArray) -> Scores:
        """Return for each passage how near its nearest window is to a vector.

        In a memory of more than 200,000 windows those of most passages are not looked at: such a passage is said to be
        as near as the farthest that was, see `nearness`.

        Args:
            vector: `(dim,)`, length 1.

        Returns:
            Cosines `(passages,)`, -1 where a passage has no window.
        """
        rows, scores = self.vectors.found(vector)
        scores = scores.astype(np.float64)
        at = self._window_at[rows]
        nearest = np.full(len(self.passages), -1.0 if self.vectors.exact else scores.min(initial=1.0))
        firsts = np.flatnonzero(np.diff(at, prepend=-1))  # windows of a passage are a stretch
        if len(scores):
            nearest[at[firsts]] = np.maximum.reduceat(scores, firsts)
        return nearest

    def nearness(self, passage: int, vector: FloatArray) -> tuple[float, tuple[int, int]]:
        """Return how near the nearest window of a passage, given by its place, is to a vector, and its start and end.

        Returns:
            -1 and nothing where it has no window.
        """
        first, end = np.searchsorted(self._window_at, [passage, passage + 1])
        if first == end:
            return -1.0, (0, 0)
        cosines = self.vectors.cosines(np.arange(first, end), vector)
        best = int(np.argmax(cosines))
        starts, ends = self.rows.windows.columns
        return float(cosines[best]), (int(starts[first + best]), int(ends[first + best]))

    def entity_places(self, ids: Any) -> IndexArray:
        """Return the places of entities by id; those that are not in the graph are left out."""
        wanted = np.asarray(ids, np.int64)
        at = np.searchsorted(self.graph.entities, wanted)
        at = np.minimum(at, max(0, len(self.graph.entities) - 1))
        return at[self.graph.entities[at] == wanted] if len(self.graph.entities) else at[:0]
