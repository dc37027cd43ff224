"""Extraction in code alone: names by how they are written, speakers by the format, relations by who stands beside whom.

No model is asked, so it is quick, free and repeatable; what it does not know it calls `other` and `with`. How good it
is was counted by hand in parts only, see `docs/reference/memory.md`. Knows nothing of stores.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import islice, pairwise
from threading import Lock
from typing import Final

import msgspec

from hausmusik.memory.documents import Document, Passage
from hausmusik.memory.extraction.cues import TALKS_OF, relation_between
from hausmusik.memory.extraction.german import Nouns
from hausmusik.memory.extraction.sentences import sentences_in
from hausmusik.memory.extraction.spans import Casing, Span, names_in
from hausmusik.memory.extraction.topics import topics_of
from hausmusik.memory.extraction.typing import type_of
from hausmusik.memory.extraction.values import Alias, Extraction, FoundEntity, FoundRelation
from hausmusik.memory.extraction.words import NAMELESS, NO_NAMES, STOP_WORDS
from hausmusik.memory.naming import initials, key_of, plain_words

REVISION: Final = "rules/3"
MOST_PAIRS: Final = 4
"""Relations of one sentence: each name with its next; lists of names would give a square of them."""

FARTHEST: Final = 120
"""Characters between two names that are taken to have to do with each other."""

SHOWN: Final = 240
_LABEL: Final = re.compile(r"[^\n]{1,200}?(?::(?=\s)|\n)")
_BESIDE: Final = re.compile(r"\([^)]{0,200}\)")
"""What stands in brackets behind a speaker's name: a party, a constituency."""

_BRACKETED: Final = re.compile(r"\s*\(\s*(?:the\s+)?([A-Z][A-Za-z0-9&.-]{1,11})\s*\)")


class Turn(msgspec.Struct, frozen=True):
    """Part of a passage that one speaker says; offsets in the passage's text."""

    start: int
    end: int
    speaker: str


class RuleReader:
    """Extracts the passages of one document.

    Args:
        document: All of it is looked at for how words are written.
        people: Words of names of people that are known from elsewhere, lower case.
    """

    def __init__(self, document: Document, people: Collection[str] = ()) -> None:
        labels = [Turn(block.start, block.end, block.speaker) for block in document.blocks if block.speaker]
        said = _unlabelled(document.text, labels)
        self._casing = Casing(said)
        self._nouns = Nouns(said) if document.language == "de" else None
        self._people = frozenset(people) | people_words(document.speakers)
        named = self._casing.is_name
        topics = [topic for topic in topics_of(document.text) if not all(map(named, topic.split()))]
        words = "|".join(re.escape(topic).replace(r"\ ", r"\s+") for topic in topics)
        self._topics = re.compile(rf"\b(?:{words})\b", re.IGNORECASE) if topics else None
        self._blocks = document.blocks

    def extract(self, passage: Passage) -> Extraction:
        """Return what one passage of the document says."""
        text = passage.text
        turns = self._turns(passage)
        said = _unlabelled(text, turns)
        spans = self._names_in(said)
        entities = [*self._speakers(said, turns), *(self._entity(text, span) for span in spans)]
        taken = [(span.start, span.end) for span in spans]
        entities += self._topic_entities(text, taken)
        relations = [*self._relations(text, spans), *self._talk(said, turns, spans)]
        return Extraction(entities=tuple(entities), relations=tuple(relations), aliases=tuple(_aliases(text, spans)))

    def names(self, passage: Passage) -> list[tuple[int, int]]:
        """Return where names stand in what is said in a passage; the labels of its speakers are none."""
        return [(span.start, span.end) for span in self._names_in(_unlabelled(passage.text, self._turns(passage)))]

    def _names_in(self, said: str) -> list[Span]:
        """Return the names in what is said; German nouns have capitals, and are none."""
        found = names_in(said, self._casing, self._people)
        if self._nouns is None:
            return found
        kept: list[Span] = []
        for each in found:
            name = said[each.start : each.end]
            if each.written != "capitals" or not self._nouns.are_all_of(name, self._people):
                start = each.start + self._nouns.before_name(name, self._people)
                kept.append(msgspec.structs.replace(each, start=start))
        return kept

    def _turns(self, passage: Passage) -> list[Turn]:
        found: list[Turn] = []
        for block in self._blocks:
            if block.end > passage.start and block.start < passage.end and block.speaker:
                start = max(block.start, passage.start) - passage.start
                found.append(Turn(start, min(block.end, passage.end) - passage.start, block.speaker))
        return found

    def _speakers(self, said: str, turns: list[Turn]) -> Iterator[FoundEntity]:
        """Yield who speaks, once each, with what they say first; the text is without labels."""
        seen: set[str] = set()
        for turn in turns:
            if turn.speaker not in seen:
                seen.add(turn.speaker)
                first = _shortened(said[turn.start : turn.end])
                yield FoundEntity(name=turn.speaker, type="person", description=f"{turn.speaker} says: {first}")

    def _entity(self, text: str, span: Span) -> FoundEntity:
        name = text[span.start : span.end]
        kind = {"email": "contact", "url": "link", "identifier": "identifier"}.get(span.written, "")
        if not kind:
            kind = type_of(name, text[span.end : span.end + 40], self._people)
        start, end = _sentence_around(text, span)
        return FoundEntity(
            name=name, type=kind, start=span.start, end=span.end, description=_shortened(text[start:end])
        )

    def _topic_entities(self, text: str, taken: list[tuple[int, int]]) -> Iterator[FoundEntity]:
        """Yield each topic where it is first named."""
        seen: set[str] = set()
        for match in self._topics.finditer(text) if self._topics else ():
            name = " ".join(match.group().lower().split())
            inside = any(start < match.end() and end > match.start() for start, end in taken)
            if name not in seen and not inside:
                seen.add(name)
                yield FoundEntity(name=name, type="topic", start=match.start(), end=match.end())

    def _relations(self, text: str, spans: list[Span]) -> Iterator[FoundRelation]:
        """Yield what stands between neighbouring names of a sentence."""
        at = 0
        for start, end in sentences_in(text):
            inside: list[Span] = []
            while at < len(spans) and spans[at].start < end:
                if spans[at].start >= start:
                    inside.append(spans[at])
                at += 1
            for one, other in islice(pairwise(inside), MOST_PAIRS):
                words = text[one.end : other.start]
                source, target = text[one.start : one.end], text[other.start : other.end]
                if len(words) <= FARTHEST and key_of(source) != key_of(target):
                    kind, weight = relation_between(words)
                    yield FoundRelation(
                        source=source,
                        target=target,
                        kind=kind,
                        keywords=", ".join(keywords_of(words)),
                        description=_shortened(text[start:end]),
                        start=start,
                        end=end,
                        weight=weight,
                    )

    def _talk(self, text: str, turns: list[Turn], spans: list[Span]) -> Iterator[FoundRelation]:
        """Yield that a speaker talks of a name, once for each; the text is without labels, which would stand twice."""
        seen: set[tuple[str, str]] = set()
        for turn in turns:
            for span in spans:
                if turn.start <= span.start < turn.end:
                    name = text[span.start : span.end]
                    pair = (turn.speaker, key_of(name))
                    if pair not in seen and key_of(turn.speaker) != pair[1]:
                        seen.add(pair)
                        start, end = _sentence_around(text, span)
                        yield FoundRelation(
                            source=turn.speaker,
                            target=name,
                            kind=TALKS_OF,
                            description=f"{turn.speaker}: {_shortened(text[start:end])}",
                            start=start,
                            end=end,
                            weight=0.5,
                        )


class RuledNames:
    """Where rules find names in the passages of one document, all of which is looked at once: when first asked.

    Threads may share it.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._lock = Lock()
        self._reader: RuleReader | None = None

    def of(self, passage: Passage) -> list[tuple[int, int]]:
        """Return where names stand in a passage."""
        with self._lock:
            if self._reader is None:
                self._reader = RuleReader(self._document)
        return self._reader.names(passage)


def _unlabelled(text: str, turns: Iterable[Turn]) -> str:
    """Return a text of the same length without the names that stand before what is said: they are no mentions."""
    parts: list[str] = []
    at = 0
    for turn in turns:
        label = _LABEL.match(text, turn.start, min(turn.end, turn.start + 4 * SHOWN))
        if label and turn.start >= at and turn.speaker in label.group():
            parts += [text[at : turn.start], " " * (label.end() - turn.start)]
            at = label.end()
    return "".join([*parts, text[at:]])


def people_words(speakers: Iterable[str]) -> frozenset[str]:
    """Return the words of names of people, lower case, without those that mean something else too."""
    words = (word for speaker in speakers for word in plain_words(_BESIDE.sub(" ", speaker)))
    return frozenset(word for word in words if len(word) > 2 and word not in NAMELESS | NO_NAMES and word.isalpha())


def keywords_of(words: str) -> list[str]:
    """Return the words that mean something, lower case, once each, at most eight."""
    found = (word.lower() for word in re.findall(r"[^\W\d_]{3,}", words))
    return list(dict.fromkeys(word for word in found if word not in STOP_WORDS))[:8]


def _aliases(text: str, spans: list[Span]) -> Iterator[Alias]:
    """Yield short forms that stand in brackets behind what they are short for."""
    for span in spans:
        match = _BRACKETED.match(text, span.end)
        name = text[span.start : span.end]
        if match and " " in name and initials(key_of(name)).startswith(match.group(1).lower().replace(".", "")[:2]):
            yield Alias(name=name, other=match.group(1))


def _sentence_around(text: str, span: Span) -> tuple[int, int]:
    """Return where the sentence of a span begins and ends; looks no farther than 400 characters either way."""
    before = text[max(0, span.start - 400) : span.start]
    after = text[span.end : span.end + 400]
    cut = max(before.rfind(mark) for mark in (". ", "? ", "! ", "\n"))
    start = span.start - len(before) + (cut + 1 if cut >= 0 else 0)
    ends = [place for mark in (". ", "? ", "! ", "\n") if (place := after.find(mark)) >= 0]
    end = span.end + (min(ends) + 1 if ends else len(after))
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())


def _shortened(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= SHOWN else plain[: SHOWN - 1].rsplit(" ", 1)[0] + "…"
