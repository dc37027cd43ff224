"""Whether the passages that a sentence cites say what it says; and so for every sentence of an answer.

    answer -> split -> sentence, its passages -> numbers, dates, names -> negation, who -> words, nearness -> Verdict

What is literal comes first, since it is sure: a number, date or name that no cited passage has is not supported. Words
and nearness come last and fail only what has next to nothing in common with its passages, because a summary
paraphrases. A verdict is a reason to mark a sentence, no proof that it is wrong; a sentence that passes is not proven
either. Knows nothing of models: nearness, where there is one, is a function that is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from hausmusik.memory.checking import names, polarity, who
from hausmusik.memory.checking.claims import Claims, claims
from hausmusik.memory.checking.dates import is_supported as is_date_supported
from hausmusik.memory.checking.numbers import Number
from hausmusik.memory.checking.reading import Evidence, Reading, Window
from hausmusik.memory.checking.sentences import Sentence, split
from hausmusik.memory.checking.words import is_content, words

Nearness: TypeAlias = Callable[[str, Sequence[str]], list[float]]
"""A sentence and texts to how near each is in meaning, -1 to 1 (the cosine of their embeddings)."""

Wrong: TypeAlias = Literal["", "number", "date", "name", "negation", "who", "meaning", "uncited", "unknown citation"]

LEAST_SHARE = 0.06
"""Of the weight of a sentence's words, which the cited passages together must hold where no nearness is known."""
LEAST_NEARNESS = 0.3
"""Below it, a sentence whose words are not there either is not supported. MiniLM gives unrelated texts 0 to 0.2."""
LONGEST = 20_000
"""Characters of a sentence. What is longer was not written to be read, and is marked without being looked at."""
_ASKED = 8  # windows whose nearness is asked for
_WORDLESS = 4  # content words below which words prove nothing
_COUNTED = (0.5, 2)  # a summary counts by itself what its passage never counts: `the two ideas`, `half of them`
_RANKS = 3  # `first` to `third` order what a sentence tells as often as they count


class Span(msgspec.Struct, frozen=True):
    """A stretch of a passage: its number, and offsets into its text."""

    passage: int
    start: int
    end: int


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What came of checking one sentence.

    Args:
        supported: Whether nothing speaks against it. True for what is no claim.
        kind: What is wrong with it first; empty where nothing is.
        detail: What exactly, for people; empty where nothing is.
        best: Where in the cited passages it is said, as well as can be told; None where nowhere.
        score: How much of it is there, 0 to 1: the weight of its words in `best`, or nearness where that is more.
    """

    supported: bool
    kind: Wrong = ""
    detail: str = ""
    best: Span | None = None
    score: float = 0.0


class CheckedSentence(msgspec.Struct, frozen=True):
    """A sentence and its verdict."""

    sentence: Sentence
    verdict: Verdict


class Checked(msgspec.Struct, frozen=True):
    """An answer's sentences with their verdicts, and the share of its claims that are supported (1 if it has none)."""

    sentences: tuple[CheckedSentence, ...]
    supported_share: float


def check_answer(text: str, passages: Mapping[int, Evidence], *, nearness: Nearness | None = None) -> Checked:
    """Check every sentence of an answer against the passages that it cites.

    Args:
        text: The answer, plain or Markdown, with citations such as `[2]`.
        passages: Those that it may cite, by their numbers.
        nearness: How near texts are in meaning; None to go by words alone.
    """
    readings: dict[tuple[int, ...], Reading] = {}
    known = _known(passages)
    checked: list[CheckedSentence] = []
    for sentence in split(text):
        verdict = _excused(sentence, passages)
        if verdict is None:
            cited = tuple(sorted(sentence.citations))
            if cited not in readings:
                readings[cited] = Reading({number: passages[number] for number in cited})
            verdict = _judge(sentence.bare, readings[cited], known, nearness)
        checked.append(CheckedSentence(sentence, verdict))
    asserted = [each.verdict.supported for each in checked if each.sentence.sort == "claim"]
    return Checked(tuple(checked), sum(asserted) / len(asserted) if asserted else 1.0)


def check_sentence(
    sentence: Sentence | str, passages: Mapping[int, Evidence], *, nearness: Nearness | None = None
) -> Verdict:
    """Check one sentence against the passages that it cites.

    Args:
        sentence: One that `split` returned, or its text, which is taken whole.
        passages: Those that it may cite, by their numbers; those it does not cite only tell what names there are.
        nearness: How near texts are in meaning; None to go by words alone.
    """
    if isinstance(sentence, str):
        sentence = _whole(sentence)
    excused = _excused(sentence, passages)
    if excused is not None:
        return excused
    reading = Reading({number: passages[number] for number in sentence.citations})
    return _judge(sentence.bare, reading, _known(passages), nearness)


def _whole(text: str) -> Sentence:
    parts = split(text)
    if len(parts) == 1:
        return parts[0]
    bare = list(" " * len(text))
    for part in parts:
        bare[part.start : part.end] = part.bare
    citations = dict.fromkeys(number for part in parts for number in part.citations)
    sort = "claim" if any(part.sort == "claim" for part in parts) else "remark"
    return Sentence(text=text, start=0, end=len(text), bare="".join(bare), citations=tuple(citations), sort=sort)


def _excused(sentence: Sentence, passages: Mapping[int, Evidence]) -> Verdict | None:
    """Return the verdict on a sentence whose passages need not, or cannot, be read."""
    unknown = [number for number in sentence.citations if number not in passages]
    if unknown:
        return _wrong("unknown citation", "no passage " + ", ".join(map(str, unknown[:5])))
    if sentence.sort != "claim":
        return Verdict(supported=True)
    return None if sentence.citations else _wrong("uncited", "it cites no passage")


def _wrong(kind: Wrong, detail: str) -> Verdict:
    return Verdict(supported=False, kind=kind, detail=detail)


def _known(passages: Mapping[int, Evidence]) -> frozenset[str]:
    speakers = (speaker for passage in passages.values() for speaker in passage.speakers)
    return frozenset(part for speaker in speakers for part in names.parts_of(speaker))


def _judge(text: str, reading: Reading, known: frozenset[str], nearness: Nearness | None) -> Verdict:
    if len(text) > LONGEST:
        return _wrong("meaning", f"it has more than {LONGEST:,} characters and was not read")
    claimed = claims(text, known | reading.known)
    windows = reading.windows(claimed.stems)
    best = _span(reading, windows[0]) if windows else None
    score = windows[0].share if windows else 0.0
    kind, detail = _literal(claimed, reading)
    if not kind:
        kind, detail = _related(claimed, reading, windows)
    if nearness is not None and windows and not kind:  # what is wrong already stays so however near it is
        asked = windows[:_ASKED]
        near = nearness(text.strip(), [_text(reading, window) for window in asked])
        top = max(range(len(near)), key=near.__getitem__)
        if near[top] > score:
            best, score = _span(reading, asked[top]), min(near[top], 1.0)
    if not kind and _is_strange(claimed, reading, score, nearness is not None):
        kind, detail = "meaning", "its words are not in the passages"
    if kind:
        return Verdict(supported=False, kind=kind, detail=detail, best=best, score=round(score, 4))
    return Verdict(supported=True, best=best, score=round(score, 4))


def _literal(claimed: Claims, reading: Reading) -> tuple[Wrong, str]:
    for number in claimed.numbers:
        if not _is_number_there(number, reading):
            return "number", f"no passage has {number.value:g}"
    for when in claimed.dates:
        if not is_date_supported(when, reading.dates, reading.years):
            return "date", "no passage has that date or time"
    for name in {name.parts: name for name in claimed.names}.values():
        if not names.is_supported(name, reading.named):
            return "name", "no passage names " + name.text[:80]
    for quote in claimed.quotes:
        said = [each.folded for each in words(quote) if is_content(each.folded)]
        said = [each for each in said if not any(map(str.isdigit, each))]  # numbers were looked at above
        if sum(not reading.named.has(each) for each in said) > len(said) // 3:
            return "meaning", "no passage has the quotation"
    return "", ""


def _is_number_there(number: Number, reading: Reading) -> bool:
    if (number.ordinal and number.value <= _RANKS) or (number.spelled and number.value in _COUNTED):
        return True
    return round(number.value, 6) in reading.values


def _related(claimed: Claims, reading: Reading, windows: Sequence[Window]) -> tuple[Wrong, str]:
    turned = polarity.contradiction(claimed, reading, windows)
    if turned:
        return "negation", turned
    other = who.contradiction(claimed, reading)
    return ("who", other) if other else ("", "")


def _is_strange(claimed: Claims, reading: Reading, score: float, has_nearness: bool) -> bool:
    if len(claimed.stems) < _WORDLESS:
        return False
    everything = frozenset[str]().union(*(piece.stems for piece in reading.pieces))
    few = reading.share(claimed.stems, everything) < LEAST_SHARE
    return few and (not has_nearness or score < LEAST_NEARNESS)


def _span(reading: Reading, window: Window) -> Span:
    first, last = reading.pieces[window.first], reading.pieces[window.last]
    return Span(first.passage, first.start, last.end)


def _text(reading: Reading, window: Window) -> str:
    span = _span(reading, window)
    return reading.texts[span.passage][span.start : span.end]
