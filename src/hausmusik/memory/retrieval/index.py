"""All of a memory that is searched in memory: vectors, graph, names. Made from the file; the file alone is true.

Loading 3,000 passages takes a tenth of a second; a house that stays open loads again only after something was added.
Knows nothing of questions.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hausmusik.memory.retrieval.graph import Graph, IndexArray, Scores
from hausmusik.memory.retrieval.linking import Lexicon
from hausmusik.memory.store import reading
from hausmusik.memory.store.store import MemoryStore
from hausmusik.types import FloatArray


class Index:
    """A snapshot of one memory.

    Args:
        store: Which.
        dim: Dimension of its vectors; 0: it has none.
    """

    def __init__(self, store: MemoryStore, dim: int) -> None:
        with store.database.read() as connection:
            places = reading.passage_places(connection)
            mentions, facts = reading.edges(connection)
            names = list(reading.names(connection))
            window_passages, spans, vectors = reading.windows(connection, dim or 1)
            self.fact_rows, self.fact_vectors = reading.fact_vectors(connection, dim or 1)
        self.passages: IndexArray = np.asarray([row[0] for row in places], np.int64)
        self.when: list[str] = [row[1] for row in places]
        self.documents: IndexArray = np.asarray([row[2] for row in places], np.int64)
        # In the order of their passages, so that those of each are a stretch.
        order = np.argsort(window_passages, kind="stable")
        self.window_spans, self.windows = spans[order], vectors[order]
        self.window_at: IndexArray = np.searchsorted(self.passages, window_passages[order])
        at = cast("IndexArray", self.window_at)
        self._first_windows: IndexArray = np.flatnonzero(np.diff(at, prepend=-1))
        self.lexicon = Lexicon(names)
        entities = np.asarray(sorted({row[1] for row in names}), np.int64)
        self.graph = Graph(entities, self.passages, mentions, [row[:3] for row in facts])

    def near(self, vector: FloatArray) -> tuple[Scores, Any]:
        """Return for each passage how near its nearest window is to a vector, and which window that is.

        Args:
            vector: `(dim,)`, length 1.

        Returns:
            Cosines `(passages,)`, -1 where a passage has no window; places of windows `(passages,)`.
        """
        scores = (self.windows @ vector).astype(np.float64)
        nearest = np.full(len(self.passages), -1.0)
        if len(scores):
            nearest[self.window_at[self._first_windows]] = np.maximum.reduceat(scores, self._first_windows)
        best = np.zeros(len(self.passages), np.int64)
        is_best = scores >= nearest[self.window_at]
        best[self.window_at[is_best]] = np.nonzero(is_best)[0]
        return nearest, best

    def entity_places(self, ids: list[int]) -> IndexArray:
        """Return the places of entities by id; those that are not in the graph are left out."""
        wanted = np.asarray(ids, np.int64)
        at = np.searchsorted(self.graph.entities, wanted)
        at = np.minimum(at, max(0, len(self.graph.entities) - 1))
        return at[self.graph.entities[at] == wanted] if len(self.graph.entities) else at[:0]
