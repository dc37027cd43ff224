"""Several rankings into one, by ranks alone: scores of different kinds cannot be added.

Source: reciprocal rank fusion, Cormack, Clarke and Büttcher (SIGIR 2009), k = 60.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

K: Final = 60


def fused(rankings: Mapping[str, Sequence[int]], weights: Mapping[str, float]) -> list[tuple[int, float]]:
    """Return all that is ranked anywhere, best first, with its score; equal ones in the order of their ids.

    Args:
        rankings: By name, each best first.
        weights: Of the rankings; one that is not named weighs 1.
    """
    scores: dict[int, float] = {}
    for name, ranking in rankings.items():
        weight = weights.get(name, 1.0)
        for place, item in enumerate(ranking):
            scores[item] = scores.get(item, 0.0) + weight / (K + place + 1)
    return sorted(scores.items(), key=lambda each: (-each[1], each[0]))
