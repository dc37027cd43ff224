"""Whether a memory can answer at all, told from what was found; better to say so than to let a model invent.

Four things are looked at: how near the best passage is, how much of the question's words the best five have, whether
the question names somebody the memory does not know, and whether anybody it does know is in what was found. Their
weights were fitted (logistic regression) on that half of LiHua-World's questions whose number is even; the other half
is reported in `benchmarks/memory_quality`. Knows nothing of models.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

from hausmusik.memory.retrieval.retriever import Retrieved


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """Of the logistic model: above 0 speaks for an answer."""

    bias: float = -3.0
    nearness: float = 5.0
    covered: float = 3.0
    unknown: float = -1.0
    named: float = 0.5


FITTED: Final = Weights()
THRESHOLD: Final = 0.5


def features(found: Retrieved) -> tuple[float, float, float, float]:
    """Return what is looked at: nearness, covered, unknown names, and whether a name that is known was found."""
    best = max((each.nearness for each in found.evidence), default=0.0)
    named = any(each.entities for each in found.evidence[:5])
    return best, found.covered, float(min(2, len(found.unknown))), float(named)


def answerable(found: Retrieved, weights: Weights = FITTED) -> float:
    """Return how likely it is that the memory has the answer, 0 to 1; 0 where nothing was found."""
    if not found.evidence:
        return 0.0
    nearness, covered, unknown, named = features(found)
    score = (
        weights.bias
        + weights.nearness * nearness
        + weights.covered * covered
        + weights.unknown * unknown
        + weights.named * named
    )
    return 1 / (1 + math.exp(-score))
