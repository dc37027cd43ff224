"""After an answer is written: is each of its sentences said by the passages that it cites?"""

from hausmusik.memory.checking.check import (
    Checked,
    CheckedSentence,
    Nearness,
    Span,
    Verdict,
    check_answer,
    check_sentence,
)
from hausmusik.memory.checking.claims import Claims, claims
from hausmusik.memory.checking.reading import Evidence
from hausmusik.memory.checking.sentences import Sentence, split

__all__ = [
    "Checked", "CheckedSentence", "Claims", "Evidence", "Nearness", "Sentence", "Span", "Verdict", "check_answer",
    "check_sentence", "claims", "split",
]  # fmt: skip
