"""Whether a memory can answer at all, told from what was found; better to say so than to let a model invent.

Two things are looked at: how near the first passage is to the question, and how many of the question's content words
are missing from the one line that has most of them. Words are counted, not shared out: each detail that nobody
mentioned beside the others speaks against an answer. Weights and threshold were fitted (logistic regression, both
kinds of question weighing the same) on that half of LiHua-World's questions whose number is even, in a memory of these
chats and in one of them and 232 meetings; 33 questions without an answer are few, and cross-validated within that half
61 to 73 % of them are refused. `benchmarks/memory_quality/fitting.py` does it again, `run.py` there reports the other
half.

Those questions are all of somebody's life. Of what has nothing to do with a memory (`What is the capital of Peru?`) few
details can be missing, so that one is refused where no passage is near it at all and a word of it is missing. That was
set on twenty such questions; it is MiniLM's nearness, as the weights are, and says little of other embedders.

One missing word of many weighs little, and rightly so: things have several names. A number has one. Where the passages
number what is asked about (`pupil number 101`, `ERR-4011`) and none of them has the number of the question, they are
about others of its kind, however near they are. Knows nothing of models.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final

import msgspec

from hausmusik.memory.checking.numbers import readings
from hausmusik.memory.extraction.words import NO_NAMES, STOP_WORDS
from hausmusik.memory.retrieval.retriever import Retrieved
from hausmusik.memory.store.reading import StoredPassage


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """Of the logistic model: a score above 0 speaks for an answer."""

    bias: float
    nearness: float
    missing: float


FITTED: Final = Weights(bias=1.398, nearness=4.698, missing=-0.771)
THRESHOLD: Final = 0.5

FAR: Final = 0.33
"""Nearness below which a passage has nothing to do with a question: of the twenty, all are below it in a memory of 507
passages and 19 in one of 3,533; of LiHua-World's with an answer 0.7 % are, in either."""

WORD_MISSING: Final = 0.7
"""So much must be missing too (of `What is a black hole?` 0.73 is): an error's number may be near nothing and stand
there all the same."""


_NUMBER: Final = r"\d{1,12}+(?:[.,]\d{3})*+(?!\w|[.,:/-]\d)"
_DIGITS: Final = re.compile(rf"(?<!\d){_NUMBER}")
_NUMBERED: Final = re.compile(
    r"(?<!\w)(?P<word>[^\W\d_]{1,40})(?P<joint>[ .#-]{0,3})"
    rf"(?P<number>{_NUMBER})(?:\s+(?P<behind>[^\W\d_]{{1,40}}))?"
)
"""A word, what joins it to the number behind it, and the word behind that; the number is of no date, time or score."""

_COUNTS: Final = frozenset({"number", "no", "nr", "nummer", "numéro", "número", "numero", "nummers", "numbers"})
_SUBJECTS: Final = frozenset({"i", "you", "he", "she", "it", "we", "they", "who", "er", "sie", "wir", "ihr", "wer"})
_AUXILIARIES: Final = frozenset({"did", "does", "do", "has", "have", "had", "will", "would", "can", "could", "should"})
_ONE: Final = re.compile(r"(?<![\w.,])1(?![\w.,:/-]*\d)|\b(?:one|first|1st|eins?|erste[nrs]?)\b", re.IGNORECASE)
_YEAR: Final = re.compile(r"(?:19|20)\d\d")


def answerable(found: Retrieved, weights: Weights = FITTED) -> float:
    """Return how likely it is that the memory has the answer, 0 to 1 (0.5: refuse below); 0 where nothing was found."""
    if not found.evidence or asks_for_another_number(
        found.question, [_written(each.passage) for each in found.evidence]
    ):
        return 0.0
    nearest = max(each.nearness for each in found.evidence)
    is_of_day = any("day" in each.ranks for each in found.evidence)  # what was said then need not say so
    if nearest < FAR and found.missing >= WORD_MISSING and not is_of_day:
        return 0.0
    score = weights.bias + weights.nearness * found.evidence[0].nearness + weights.missing * found.missing
    return 1 / (1 + math.exp(-score))


def asks_for_another_number(question: str, texts: Sequence[str]) -> bool:
    """Return whether a question is about one of the things that some texts number, and about none of those.

    Args:
        question: In words.
        texts: Of all passages that were found.
    """
    asked = [
        (_kind(match["word"]), _plain(match["number"]), (match["behind"] or "").lower())
        for match in _NUMBERED.finditer(question)
        if _kind(match["word"]) and _is_one_of_many(match) and not _is_done(question[: match.start()], match)
    ]
    if not asked:
        return False
    numbers = {_plain(number) for text in texts for number in _DIGITS.findall(text)}
    known = [
        (_kind(match["word"]), (match["behind"] or "").lower()) for text in texts for match in _NUMBERED.finditer(text)
    ]
    told: set[float] | None = None
    for kind, number, unit in asked:
        units = [behind for other, behind in known if other == kind]
        # `costs 40,000 euros` beside `costs 31,000 euros` is an amount, which a question may have wrong.
        if not units or number in numbers or (unit and unit in units):
            continue
        # The second floor, round two and version 2.0 are numbers as well.
        told = _told(texts) if told is None else told
        if float(number or "0") not in told:
            return True
    return False


def _told(texts: Sequence[str]) -> set[float]:
    """Return the numbers that some texts can be read as having; 1 only where one is written."""
    told = {value for text in texts for value in readings(text)}
    return told if any(_ONE.search(text) for text in texts) else told - {1.0}


def _is_done(before: str, numbered: re.Match[str]) -> bool:
    """Return whether what follows some words is what somebody does: `Did Anna turn 30?` asks for no thirtieth."""
    words = before.split()
    if not words or numbered["word"].lower() in _COUNTS or numbered["joint"].strip() or numbered["word"][0].isupper():
        return False
    asks = not _AUXILIARIES.isdisjoint(word.lower() for word in words)
    return words[-1].lower() in _SUBJECTS or (asks and len(words) > 1 and words[-1][0].isupper())


def _is_one_of_many(numbered: re.Match[str]) -> bool:
    """Return whether a number says which of some things is meant; of `lost 20 kilos` it says how much."""
    if numbered["word"].lower() in _COUNTS or {"#", "-"}.intersection(numbered["joint"]):
        return True
    behind = (numbered["behind"] or "").lower()
    return not _YEAR.fullmatch(numbered["number"]) and (not behind or behind in STOP_WORDS)


def _written(passage: StoredPassage) -> str:
    return "\n".join((passage.title, *passage.headings, passage.text))


def _kind(word: str) -> str:
    """Return what the number behind a word may count, as one of many; empty: it is no such word."""
    low = word.lower()
    if low in _COUNTS:
        return "number"
    return "" if low in NO_NAMES or low in STOP_WORDS else low.removesuffix("s")


def _plain(number: str) -> str:
    """Return a number without marks between thousands and zeros before it."""
    return re.sub(r"[.,]", "", number).lstrip("0")
