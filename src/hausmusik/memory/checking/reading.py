"""Passages as they are checked against: their sentences with speakers and stems, and all numbers, dates, names in them.

A passage is data. Its text is cut, counted and compared; nothing in it becomes a pattern, a format or an instruction.
Knows nothing of the sentence that will be checked.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from hausmusik.memory.checking.dates import When, dates, implied
from hausmusik.memory.checking.names import NamedWords, parts_of
from hausmusik.memory.checking.negation import negations, softens
from hausmusik.memory.checking.numbers import readings
from hausmusik.memory.checking.words import Word, is_content, stem, words

_LABEL = re.compile(r"(?:\[?[\d:.T_ -]{4,20}\]?[ \t]{0,2})?[*_]{0,2}([^\W\d_][^\n:]{0,48}):[*_]{0,2}[ \t]")
_ENDS = re.compile(r"[.!?…]{1,8}[\"”')]{0,2}(?=\s)|[。！？]|\n")
_LONGEST = 60  # words of a piece; speech that is written without stops is cut there
_WINDOW = 3  # pieces


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """A passage that an answer may cite.

    Args:
        text: As it is shown; a line may begin with its speaker's name and a colon.
        speakers: Who speaks in it.
        at: When it was said or written, ISO 8601; empty where unknown.
        headings: Those that it stands under, its document's title among them.
    """

    text: str
    speakers: tuple[str, ...] = ()
    at: str = ""
    headings: tuple[str, ...] = ()


class Piece(NamedTuple):
    """About a sentence of a passage.

    `speaker` is its speaker's name in folded parts, `stems` those of its content words and its speaker's, `negated` the
    ones that a negation reaches, `is_soft` whether it says something that one may report with `not`.
    """

    passage: int
    start: int
    end: int
    speaker: tuple[str, ...]
    stems: frozenset[str]
    said: frozenset[str]
    negated: frozenset[str]
    has_negation: bool
    is_soft: bool


class Window(NamedTuple):
    """One to three pieces that follow one another in a passage, and the share of a sentence's weight they hold."""

    first: int
    last: int
    share: float


class Reading:
    """Everything of some passages that a sentence is checked against.

    Args:
        passages: By their numbers.
    """

    def __init__(self, passages: Mapping[int, Evidence]) -> None:
        self.texts = {number: passage.text for number, passage in passages.items()}
        self.pieces = [piece for number, passage in passages.items() for piece in _pieces(number, passage)]
        self.speakers = _speakers(passages.values(), self.pieces)
        self.values: set[float] = set()
        self.dates: list[When] = []
        for passage in passages.values():
            around = " \n".join((*passage.headings, *passage.speakers))
            self.values |= readings(passage.text) | readings(around) | readings(passage.at.replace("-", " "))
            self.dates += dates(passage.text) + dates(around) + implied(passage.text, passage.at)
        self.years = {when.year for when in self.dates if when.year is not None}
        self.values.update(float(part) for when in self.dates for part in when[2:5] if part is not None)
        self.values = {round(value, 6) for value in self.values | _hours(self.dates)}
        named = [text for passage in passages.values() for text in (passage.text, *passage.speakers, *passage.headings)]
        self.named = NamedWords(named)
        self.known = self.named.known() | {part for speaker in self.speakers for part in speaker}
        self._counts = Counter(each for piece in self.pieces for each in piece.stems)

    def weight(self, each: str) -> float:
        """Return how much a stem tells: more the fewer pieces have it; 0.5 of the most where none has it."""
        count = self._counts.get(each, 0)
        if not count:
            return 0.5 * math.log(2 + len(self.pieces))
        return math.log(1 + (1 + len(self.pieces)) / count)

    def share(self, wanted: Iterable[str], held: frozenset[str] | set[str]) -> float:
        """Return the share of the weight of some stems that is in others, 0 to 1; 0 where nothing is wanted."""
        every = list(wanted)
        total = sum(map(self.weight, every))
        return sum(self.weight(each) for each in every if each in held) / total if total else 0.0

    def windows(self, wanted: frozenset[str], among: Sequence[bool] | None = None) -> list[Window]:
        """Return the windows that hold something of the wanted stems, best first; of equal ones the shortest.

        Args:
            wanted: Stems of a sentence.
            among: For each piece whether it may be part of a window; None for all.
        """
        weights = {each: self.weight(each) for each in wanted}
        total = sum(weights.values())
        shared = [piece.stems & wanted for piece in self.pieces]
        found: list[Window] = []
        for first, piece in enumerate(self.pieces):
            if not shared[first] or (among is not None and not among[first]):
                continue
            held: frozenset[str] = frozenset()
            for last in range(first, min(first + _WINDOW, len(self.pieces))):
                if self.pieces[last].passage != piece.passage or (among is not None and not among[last]):
                    break
                if shared[last] <= held:
                    continue
                held |= shared[last]
                found.append(Window(first, last, sum(weights[each] for each in held) / total))
        return sorted(found, key=lambda window: (-round(window.share, 9), window.last - window.first, window.first))


def _pieces(number: int, passage: Evidence) -> list[Piece]:
    listed = words(passage.text)
    speakers = {parts_of(speaker) for speaker in passage.speakers}
    speaker = next(iter(speakers)) if len(speakers) == 1 else ()
    found: list[Piece] = []
    at_word = 0
    for start, end in _cuts(passage.text):
        begins = start
        if start == 0 or passage.text[start - 1] == "\n":
            label = _LABEL.match(passage.text, start, end)
            if label is not None and _is_speaker(label[1], speakers):
                speaker, begins = parts_of(label[1]), label.end()
        while at_word < len(listed) and listed[at_word].start < begins:
            at_word += 1
        behind = at_word
        while behind < len(listed) and listed[behind].start < end:
            behind += 1
        for first in range(at_word, behind, _LONGEST):
            inside = listed[first : min(first + _LONGEST, behind)]
            found.append(_piece(number, passage.text, speaker, inside))
        at_word = behind
    return found


def _piece(number: int, text: str, speaker: tuple[str, ...], inside: list[Word]) -> Piece:
    start, end = inside[0].start, inside[-1].end
    said = text[start : end + 2]
    moved = [Word(word.folded, word.start - start, word.end - start) for word in inside]
    found = negations(said, moved)
    own = frozenset(stem(word.folded) for word in inside if is_content(word.folded))
    negated = frozenset(each for negation in found for each in negation.reach)
    everything = own | frozenset(stem(part) for part in speaker)
    return Piece(number, start, end, speaker, everything, own, negated, bool(found), softens(inside))


def _cuts(text: str) -> list[tuple[int, int]]:
    cuts: list[tuple[int, int]] = []
    at = 0
    for end in _ENDS.finditer(text):
        cuts.append((at, end.end()))
        at = end.end()
        if at < len(text) and text[at] == " ":
            at += 1
    cuts.append((at, len(text)))
    return [(start, end) for start, end in cuts if start < end]


def _is_speaker(label: str, speakers: set[tuple[str, ...]]) -> bool:
    parts = parts_of(label)
    if speakers:
        return parts in speakers
    return bool(parts) and len(parts) <= 4 and label[0].isupper()


def _speakers(passages: Iterable[Evidence], pieces: list[Piece]) -> set[tuple[str, ...]]:
    named = {parts_of(speaker) for passage in passages for speaker in passage.speakers}
    return {speaker for speaker in named | {piece.speaker for piece in pieces} if speaker}


def _hours(found: list[When]) -> set[float]:
    times = [when for when in found if when.hour is not None]
    return {float(value) for when in times for value in (when.hour or 0, (when.hour or 0) % 12, when.minute or 0)}
