"""A memory's graph as a sparse matrix, and personalised PageRank over passages and entities together.

Nodes are entities first, passages behind them. An entity's edge to a passage weighs the more the fewer passages it is
in, an edge between entities as much as is known of the two. Edges have no direction, so one matrix serves both ways.
Beyond 100,000 passages only what is near the seeds is walked, see `pushing`. Knows nothing of vectors or words.

Sources: HippoRAG 2 (arXiv:2502.14802): passages in the graph; Page et al. (1999); Chebyshev's acceleration of the
iteration: Golub and Varga (Numerische Mathematik 3, 1961). The restart was set on the MuSiQue sample: with 0.3 81.5 %
of the gold passages are among ten, with 0.5 80.2 %.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from hausmusik.memory.needing import needed
from hausmusik.memory.retrieval.pushing import pushed

RESTART: Final = 0.3
STEPS: Final = 12
"""As near to the end as 18 steps that are not accelerated: in a graph of 25,000 nodes scores are then off by 0.0002
together, and the first hundred passages are those of the end; with 9 one or two of them are not."""

EXACT: Final = 100_000
"""Passages up to which the whole graph is walked."""

IndexArray = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]
Allowed = npt.NDArray[np.bool_]
"""Whether each passage counts."""


class Graph:
    """Who is in which passage, and who has to do with whom.

    Args:
        entities: Ids, ascending.
        passages: Ids, ascending.
        mentions: Rows of passage id, entity id; the same again counts once.
        facts: Rows of source entity id, target entity id, weight.
        counted: How many of the passages count; None: all.

    `edges` are their weights, symmetric; `share` is one over the sum of each node's.
    """

    def __init__(
        self, entities: IndexArray, passages: IndexArray, mentions: Any, facts: Any, counted: int | None = None
    ) -> None:
        sparse = needed("scipy.sparse")  # 60 ms

        self.entities = entities
        self.passages = passages
        first = len(entities)
        told = np.asarray(mentions, np.int64).reshape(-1, 2)
        known = np.asarray(facts, np.float64).reshape(-1, 3)
        inside: Any = sparse.coo_matrix(
            (np.ones(len(told), np.float32), (places(told[:, 0], passages), places(told[:, 1], entities))),
            shape=(len(passages), first),
        ).tocsr()  # adds up what is there twice
        entity_at = inside.indices
        passage_at = np.repeat(np.arange(first, first + len(passages), dtype=np.int32), np.diff(inside.indptr))
        self.passages_of: IndexArray = np.bincount(entity_at, minlength=first)
        there = len(passages) if counted is None else counted
        rarity = np.log1p(there / np.maximum(1, self.passages_of)).astype(np.float32)[entity_at]
        source_at = places(known[:, 0].astype(np.int64), entities)
        target_at = places(known[:, 1].astype(np.int64), entities)
        rows = np.concatenate([entity_at, passage_at, source_at, target_at])
        columns = np.concatenate([passage_at, entity_at, target_at, source_at])
        # Half the memory is read in each step, which is what steps take; what differs is the seventh digit.
        weights = np.concatenate([rarity, rarity, known[:, 2], known[:, 2]], dtype=np.float32)
        size = first + len(passages)
        self.edges: Any = sparse.coo_matrix((weights, (rows, columns)), shape=(size, size)).tocsr()
        out = np.asarray(self.edges.sum(axis=1)).ravel()
        self.share: Any = (1 / np.where(out > 0, out, 1.0)).astype(np.float32)

    @property
    def exact(self) -> bool:
        """Whether the whole graph is walked: in memories of up to 100,000 passages."""
        return len(self.passages) <= EXACT

    @property
    def size_bytes(self) -> int:
        """What it takes in memory."""
        edges = self.edges
        arrays = (edges.data, edges.indices, edges.indptr, self.share, self.passages_of, self.entities, self.passages)
        return sum(each.nbytes for each in arrays)

    def rank(self, entity_seeds: Scores, passage_seeds: Scores, *, exact: bool | None = None) -> tuple[Any, Any]:
        """Return how likely each entity and each passage is met by somebody who keeps going back to the seeds.

        Args:
            entity_seeds: `(entities,)`, 0 or more.
            passage_seeds: `(passages,)`, 0 or more.
            exact: Whether the whole graph is walked; None: see `exact`.

        Returns:
            Scores of entities and of passages; all 0 where there are no seeds.
        """
        seeds = np.concatenate([entity_seeds, passage_seeds])
        total = float(seeds.sum())
        if not total > 0:
            return np.zeros_like(entity_seeds), np.zeros_like(passage_seeds)
        seeds = (seeds / total).astype(np.float32)
        if self.exact if exact is None else exact:
            found = self._walked(seeds)
        else:
            found = pushed(self.edges, self.share, seeds, RESTART)
        return found[: len(self.entities)], found[len(self.entities) :]

    def _walked(self, seeds: Any) -> Any:
        """Return the scores of all nodes.

        The matrix is a symmetric one but for what each node is measured in, so what is missing is a sum of parts of
        which each step multiplies each by a number between -0.7 and 0.7; weighing each step with the one before it
        leaves 0.41 of them all.
        """
        kept = 1 - RESTART
        home, on = np.float32(RESTART) * seeds, np.float32(kept) * self.share
        before, found, weight = seeds, self.edges @ (on * seeds) + home, 1 / (1 - kept**2 / 2)
        for _ in range(STEPS - 1):
            ahead = self.edges @ (on * found)
            ahead += home
            ahead -= before
            ahead *= np.float32(weight)
            ahead += before
            before, found, weight = found, ahead, 1 / (1 - kept**2 * weight / 4)
        return np.maximum(found, 0)

    def entities_in(self, passage: int) -> IndexArray:
        """Return the places of the entities that a passage, given by its place, mentions."""
        node = len(self.entities) + passage
        return self.edges.indices[self.edges.indptr[node] : self.edges.indptr[node + 1]]


def places(ids: Any, known: IndexArray) -> Any:
    """Return where ids stand among known ones, ascending, of which each is one; int32."""
    if not len(known):
        return np.zeros(0, np.int32)
    table = np.zeros(int(known[-1]) + 1, np.int32)  # 30 times as fast as a search: ids have few gaps
    table[known] = np.arange(len(known), dtype=np.int32)
    return table[ids]
