"""Whether a memory can answer at all, told from what was found; better to say so than to let a model invent.

Two things are looked at: how near the first passage is to the question, and how many of the question's content words
are missing from the one line that has most of them. Words are counted, not shared out: each detail that nobody
mentioned beside the others speaks against an answer. Weights and threshold were fitted (logistic regression, both
kinds of question weighing the same) on that half of LiHua-World's questions whose number is even, so that 8.7 % of
those with an answer are refused there; cross-validated within that half it refuses 66 % of those without one at 9 %
false refusals, the shares of words of passage and window that it had before 41 %. Part of that is the data set's:
there, questions without an answer are longer (9.7 content words on average, others 6.9), and their length alone refuses
37 %.

Those questions are all of somebody's life. Of what has nothing to do with a memory (`What is the capital of Peru?`) few
details can be missing, so that one is refused where no passage is near it at all and a word of it is missing. The
nearness was set on twenty such questions; it is MiniLM's, as the weights are, and says little of other embedders. The
other halves are reported in `benchmarks/memory_quality`. Knows nothing of models.
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

FAR: Final = 0.3
"""Nearness below which a passage has nothing to do with a question: of the twenty none had a nearer passage (0.299), of
LiHua-World's with an answer 0.3 % more are refused for it."""

WORD_MISSING: Final = 1.0
"""So much must be missing too: an error's number may be near nothing and stand there all the same."""


def answerable(found: Retrieved, weights: Weights = FITTED) -> float:
    """Return how likely it is that the memory has the answer, 0 to 1 (0.5: refuse below); 0 where nothing was found."""
    if not found.evidence:
        return 0.0
    nearest = max(each.nearness for each in found.evidence)
    if nearest < FAR and found.missing >= WORD_MISSING:
        return 0.0
    score = weights.bias + weights.nearness * found.evidence[0].nearness + weights.missing * found.missing
    return 1 / (1 + math.exp(-score))
