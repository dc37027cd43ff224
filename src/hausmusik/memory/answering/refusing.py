"""Whether a memory can answer at all, told from what was found; better to say so than to let a model invent.

Three things are looked at: how near the first passage is to the question, and how much of the question's words, weighed
by rarity, any one passage has, and any one window. All speak for an answer, none against: a model with more of them
fitted its half better and the other half worse. Weights and threshold were fitted (logistic regression) on that half
of LiHua-World's questions whose number is even, so that 8.5 % of those with an answer are refused there; the other half
is reported in `benchmarks/memory_quality`. Knows nothing of models.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

from hausmusik.memory.retrieval.retriever import Retrieved


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """Of the logistic model: above 0 speaks for an answer."""

    bias: float
    nearness: float
    passage: float
    window: float


FITTED: Final = Weights(bias=-5.57, nearness=4.85, passage=3.62, window=3.94)
THRESHOLD: Final = 0.5


def answerable(found: Retrieved, weights: Weights = FITTED) -> float:
    """Return how likely it is that the memory has the answer, 0 to 1 (0.5: refuse below); 0 where nothing was found."""
    if not found.evidence:
        return 0.0
    score = (
        weights.bias
        + weights.nearness * found.evidence[0].nearness
        + weights.passage * found.covered_by_passage
        + weights.window * found.covered_by_window
    )
    return 1 / (1 + math.exp(-score))
