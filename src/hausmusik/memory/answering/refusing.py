"""Whether a memory can answer at all, told from what was found; better to say so than to let a model invent.

Two things are looked at: how near the first passage is to the question, and how many of the question's content words
are missing from the one line that has most of them. Words are counted, not shared out: each detail that nobody
mentioned beside the others speaks against an answer. Weights and threshold were fitted (logistic regression, both
kinds of question weighing the same) on that half of LiHua-World's questions whose number is even, so that 8.7 % of
those with an answer are refused there; cross-validated within that half it refuses 66 % of those without one at 9 %
false refusals, the shares of words of passage and window that it had before 41 %. Part of that is the data set's:
there, questions without an answer are longer (9.7 content words on average, others 6.9), and their length alone refuses
37 %. The other half is reported in `benchmarks/memory_quality`. Knows nothing of models.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

from hausmusik.memory.retrieval.retriever import Retrieved


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """Of the logistic model: a score above 0 speaks for an answer."""

    bias: float
    nearness: float
    missing: float


FITTED: Final = Weights(bias=0.784, nearness=6.098, missing=-0.749)
THRESHOLD: Final = 0.5


def answerable(found: Retrieved, weights: Weights = FITTED) -> float:
    """Return how likely it is that the memory has the answer, 0 to 1 (0.5: refuse below); 0 where nothing was found."""
    if not found.evidence:
        return 0.0
    score = weights.bias + weights.nearness * found.evidence[0].nearness + weights.missing * found.missing
    return 1 / (1 + math.exp(-score))
