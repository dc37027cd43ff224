"""What of a sentence can be looked up: its numbers, dates, names, quotations, negations, and who does what in it.

A digit belongs to one claim only: those of a date or an address are no numbers. Knows nothing of passages.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence

import msgspec

from hausmusik.memory.checking.dates import When, dates
from hausmusik.memory.checking.names import Name, names
from hausmusik.memory.checking.negation import Negation, negations
from hausmusik.memory.checking.numbers import Number, numbers
from hausmusik.memory.checking.words import REPORTING, Word, is_content, stem, words

_QUOTE = re.compile(r"\"([^\"\n]{3,400})\"|“([^”\n]{3,400})”|„([^“”\n]{3,400})[“”]|«([^»\n]{3,400})»")
_ADVERBS = frozenset(
    ("also", "then", "first", "firstly", "secondly", "thirdly", "finally", "further", "later", "just", "only", "even",
     "still", "once")
)  # fmt: skip
_AUXILIARIES = frozenset(
    """is was has had does did do will would can could should may might must wants wanted needs went got gave took made
    came put kept set held led sent spoke thought felt found told said knew saw left let meant met paid read
    ran""".split()  # noqa: SIM905
)
_NO_VERBS = frozenset(
    """as less unless across perhaps based need this its his hers theirs ours yours times always""".split()  # noqa: SIM905
)
_BREAKS = re.compile(r"[;:]|,?\s(?:and|while|whereas|but|so|because)\s(?=[^\W\d_])", re.IGNORECASE)


class Bound(msgspec.Struct, frozen=True):
    """A name and what the sentence says that it does: the words from `start` to `end`, of which `stems` are content."""

    name: Name
    start: int
    end: int
    stems: frozenset[str]


class Claims(msgspec.Struct, frozen=True):
    """What of one sentence can be looked up."""

    numbers: tuple[Number, ...]
    dates: tuple[When, ...]
    names: tuple[Name, ...]
    quotes: tuple[str, ...]
    negations: tuple[Negation, ...]
    bound: tuple[Bound, ...]
    stems: frozenset[str]


def claims(text: str, known: Container[str] = ()) -> Claims:
    """Return what of a sentence can be looked up.

    Args:
        text: One sentence, without its citations (`Sentence.bare`).
        known: Folded words that are known to be parts of names.
    """
    listed = words(text)
    when = dates(text)
    named = names(text, known)
    spans = [(each.start, each.end) for each in when] + [(name.start, name.end) for name in named]
    outside = _outside(numbers(text), sorted(spans))
    quotes = tuple(next(group for group in found.groups() if group) for found in _QUOTE.finditer(text))
    content = frozenset(stem(word.folded) for word in listed if is_content(word.folded))
    return Claims(
        tuple(outside),
        tuple(when),
        tuple(named),
        quotes,
        tuple(negations(text, listed)),
        tuple(bound(text, listed, named)),
        content,
    )


def bound(text: str, listed: Sequence[Word], named: Sequence[Name]) -> list[Bound]:
    """Return the names that are subjects, with what they do.

    A name is taken for a subject where a verb follows it: a word that reports, an auxiliary, or one that ends like a
    verb in the third person or the past. What it does ends where the clause does, or where the next subject begins.
    """
    found: list[Bound] = []
    subjects = [(name, at) for name in named if (at := _verb_behind(text, listed, name)) is not None]
    breaks = [mark.start() for mark in _BREAKS.finditer(text)]
    at_break = 0
    for place, (name, at) in enumerate(subjects):
        end = subjects[place + 1][0].start if place + 1 < len(subjects) else len(text)
        while at_break < len(breaks) and breaks[at_break] <= name.end:
            at_break += 1
        if at_break < len(breaks):
            end = min(end, breaks[at_break])
        own = {stem(part) for part in name.parts}
        said: set[str] = set()
        for place_of_word in range(at, len(listed)):  # no slice: it would copy what is left for every subject
            word = listed[place_of_word]
            if word.start >= end:
                break
            if is_content(word.folded):
                said.add(stem(word.folded))
        found.append(Bound(name, listed[at].start, end, frozenset(said - own)))
    return found


def _verb_behind(text: str, listed: Sequence[Word], name: Name) -> int | None:
    """Return which word is the verb behind a name, None where there is none."""
    at = _first_behind(listed, name.end)
    while at < len(listed) and (listed[at].folded in _ADVERBS or listed[at].folded.endswith("ly")):
        at += 1
    if at >= len(listed) or any(mark in ",;:.()\n" for mark in text[name.end : listed[at].start]):
        return None
    folded = listed[at].folded
    if name.text.endswith(("'s", "’s", "s'", "s’")) or folded in _NO_VERBS or text[listed[at].start].isupper():
        return None
    is_verb = folded in REPORTING or folded in _AUXILIARIES or folded.endswith(("ed", "n't")) or folded == "cannot"
    return at if is_verb or (folded.endswith("s") and not folded.endswith("ss") and len(folded) > 3) else None


def _first_behind(listed: Sequence[Word], end: int) -> int:
    low, high = 0, len(listed)
    while low < high:
        middle = (low + high) // 2
        if listed[middle].start < end:
            low = middle + 1
        else:
            high = middle
    return low


def _outside(found: Sequence[Number], spans: Sequence[tuple[int, int]]) -> list[Number]:
    """Return the numbers that are in none of the spans; both are in order."""
    outside: list[Number] = []
    at = 0
    for number in found:
        while at < len(spans) and spans[at][1] <= number.start:
            at += 1
        if at == len(spans) or spans[at][0] >= number.end:
            outside.append(number)
    return outside
