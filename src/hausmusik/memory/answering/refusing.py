"""Whether a memory can answer at all, told from what was found; better to say so than to let a model invent.

Two things are looked at: how near the first passage is to the question, and how many of the question's content words
are missing from the one line that has most of them. Words are counted, not shared out: each detail that nobody
mentioned beside the others speaks against an answer. Weights and threshold were fitted (logistic regression, both
kinds of question weighing the same) on that half of LiHua-World's questions whose number is even, in a memory of these
chats and in one of them and 232 meetings; 33 questions without an answer are few, and cross-validated within that half
some 60 % of them are refused. `benchmarks/memory_quality/fitting.py` does it again, `run.py` there reports the other
half.

Those questions are all of somebody's life. Of what has nothing to do with a memory (`What is the capital of Peru?`) few
details can be missing, so that one is refused where no passage is near it at all and a word of it is missing. That was
set on twenty such questions; it is MiniLM's nearness, as the weights are, and says little of other embedders. Knows
nothing of models.
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


FITTED: Final = Weights(bias=1.685, nearness=4.351, missing=-0.693)
THRESHOLD: Final = 0.5

FAR: Final = 0.33
"""Nearness below which a passage has nothing to do with a question: of the twenty, all are below it in a memory of 507
passages and 19 in one of 3,533; of LiHua-World's with an answer 0.7 % are, in either."""

WORD_MISSING: Final = 0.7
"""So much must be missing too (of `What is a black hole?` 0.73 is): an error's number may be near nothing and stand
there all the same."""


def answerable(found: Retrieved, weights: Weights = FITTED) -> float:
    """Return how likely it is that the memory has the answer, 0 to 1 (0.5: refuse below); 0 where nothing was found."""
    if not found.evidence:
        return 0.0
    nearest = max(each.nearness for each in found.evidence)
    if nearest < FAR and found.missing >= WORD_MISSING:
        return 0.0
    score = weights.bias + weights.nearness * found.evidence[0].nearness + weights.missing * found.missing
    return 1 / (1 + math.exp(-score))
