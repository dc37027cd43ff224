"""Each sentence of an answer with what it cites, checked; where it cites nothing, what it is from, if code can tell.

Small models forget to cite. A sentence that would be supported by one of the excerpts gets that one, and says that code
matched it. What is said only where an excerpt gives orders to its reader is not supported. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hausmusik.memory.answering.events import Citation
from hausmusik.memory.answering.orders import is_order
from hausmusik.memory.checking.check import CheckedSentence, Nearness, Verdict, check_answer, check_sentence
from hausmusik.memory.checking.reading import Evidence

LEAST_SCORE = 0.5
"""Of a sentence's words, or nearness, that an excerpt must have to be taken for its source."""


def citations_of(
    said: str,
    passages: Mapping[int, Evidence],
    nearness: Nearness | None,
    line_of: Callable[[int, int], int] = lambda _number, _offset: 0,
) -> list[Citation]:
    """Return every claim of an answer, checked.

    Args:
        said: The answer.
        passages: That it may cite, by number.
        nearness: How near texts are in meaning; None: words alone.
        line_of: The line of its file on which a character of a passage's text is.
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
        is_obeyed = verdict.supported and _is_ordered(said[each.sentence.start : each.sentence.end], verdict, passages)
        found.append(
            Citation(
                sentence=said[each.sentence.start : each.sentence.end].strip(),
                start=each.sentence.start,
                end=each.sentence.end,
                numbers=numbers,
                supported=verdict.supported and not is_obeyed,
                kind="order" if is_obeyed else verdict.kind,
                detail="the passage orders its reader to say so" if is_obeyed else verdict.detail,
                matched=matched,
                passage=verdict.best.passage if verdict.best else 0,
                line=line_of(verdict.best.passage, verdict.best.start) if verdict.best else 0,
            )
        )
    return found


def _is_ordered(sentence: str, verdict: Verdict, passages: Mapping[int, Evidence]) -> bool:
    """Return whether a sentence is from an order to its reader; one that quotes the order itself only tells of it."""
    if verdict.best is None or is_order(sentence):
        return False
    return is_order(passages[verdict.best.passage].text[verdict.best.start : verdict.best.end])


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
