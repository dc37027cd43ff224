"""Each sentence of an answer with what it cites, checked; where it cites nothing, what it is from, if code can tell.

Small models forget to cite. A sentence that would be supported by one of the excerpts gets that one, and says that code
matched it. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Mapping

from hausmusik.memory.answering.events import Citation
from hausmusik.memory.checking.check import CheckedSentence, Nearness, Verdict, check_answer, check_sentence
from hausmusik.memory.checking.reading import Evidence

LEAST_SCORE = 0.5
"""Of a sentence's words, or nearness, that an excerpt must have to be taken for its source."""


def citations_of(said: str, passages: Mapping[int, Evidence], nearness: Nearness | None) -> list[Citation]:
    """Return every claim of an answer, checked.

    Args:
        said: The answer.
        passages: That it may cite, by number.
        nearness: How near texts are in meaning; None: words alone.
    """
    found: list[Citation] = []
    for each in check_answer(said, passages, nearness=nearness).sentences:
        if each.sentence.sort != "claim":
            continue
        verdict, numbers, matched = each.verdict, tuple(each.sentence.citations), False
        if verdict.kind == "uncited":
            source = _source_of(each, passages, nearness)
            if source is not None:
                numbers, verdict, matched = (source[0],), source[1], True
        found.append(
            Citation(
                sentence=said[each.sentence.start : each.sentence.end].strip(),
                start=each.sentence.start,
                end=each.sentence.end,
                numbers=numbers,
                supported=verdict.supported,
                kind=verdict.kind,
                detail=verdict.detail,
                matched=matched,
            )
        )
    return found


def _source_of(
    each: CheckedSentence, passages: Mapping[int, Evidence], nearness: Nearness | None
) -> tuple[int, Verdict] | None:
    """Return the excerpt that supports a sentence best, with the verdict on it; None where none does."""
    bare = each.sentence.bare.strip().rstrip(".")
    best: tuple[int, Verdict] | None = None
    for number in passages:
        verdict = check_sentence(f"{bare} [{number}].", passages, nearness=nearness)
        if verdict.supported and verdict.score >= LEAST_SCORE and (best is None or verdict.score > best[1].score):
            best = (number, verdict)
    return best
