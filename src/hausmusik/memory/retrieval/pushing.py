"""Personalised PageRank near its seeds only: what a walk would bring is pushed on from node to node while it is much.

Each node holds what has not been pushed yet. Whoever holds more than `LEAST` for each of its edges keeps the share of
those who go home there and pushes the rest along its edges; so a node that everybody is tied to is not walked for a
trifle, and the work does not grow with the graph. What is left unpushed is what is missed, see
benchmarks/memory_retrieval. Knows nothing of what nodes are.

Source: Andersen, Chung and Lang (FOCS 2006), forward push; here all that may push do so together, round by round.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

LEAST: Final = 1e-5
"""Of all that is walked, for each edge. At most 1 / (0.3 x LEAST) edges are ever walked; in fact a hundredth of it."""

ROUNDS: Final = 30


def pushed(edges: Any, share: Any, seeds: Any, restart: float, *, least: float = LEAST) -> Any:
    """Return how likely each node is met, a little too low everywhere.

    Args:
        edges: Symmetric CSR matrix of weights, `(n, n)`, float32.
        share: One over each node's sum of weights, `(n,)`.
        seeds: Where walks begin, `(n,)`, sum 1.
        restart: How likely each step goes home.
        least: What a node must hold for each of its edges to push.
    """
    starts = edges.indptr
    found = np.zeros(len(seeds), np.float32)  # pages of it that are never touched are never made
    held = seeds.copy()
    active = np.flatnonzero(seeds)
    for _ in range(ROUNDS):
        degrees = starts[active + 1] - starts[active]
        enough = held[active] > least * np.maximum(1, degrees)
        active, degrees = active[enough], degrees[enough]
        if not len(active):
            break
        pushing = held[active]
        found[active] += np.float32(restart) * pushing
        held[active] = 0
        along = _stretches(starts[active], degrees)
        to = edges.indices[along]
        brought = edges.data[along] * np.repeat(np.float32(1 - restart) * pushing * share[active], degrees)
        np.add.at(held, to, brought)
        active = np.unique(to)
    return found + np.float32(restart) * held


def _stretches(starts: Any, lengths: Any) -> Any:
    """Return the places of some stretches, one after the other."""
    ends = np.cumsum(lengths)
    return np.arange(int(ends[-1])) + np.repeat(starts - (ends - lengths), lengths)
