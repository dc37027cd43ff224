"""Which stretches of a passage are names, told from how words are written: capitals, digits, at-signs.

A capital at the beginning of a sentence says nothing, unless the same word is capitalised elsewhere inside sentences
and hardly ever small: `Casing` counts both over a whole document. Or unless a name follows at once, and the word is one
that the document never writes small and that does not begin sentences otherwise (`BEGINNINGS`): `Gerda Klein asked`.
Knows nothing of types.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Final

import msgspec

from hausmusik.memory.extraction.sentences import sentences_in
from hausmusik.memory.extraction.typing import EVENTS, ORGANIZATIONS, PLACES
from hausmusik.memory.extraction.words import BEFORE_OF, BEGINNINGS, BODIES, CONNECTORS, NAMELESS, NO_NAMES, STOP_WORDS
from hausmusik.memory.naming import HONORIFICS
from hausmusik.memory.roles import HEADS

WORD: Final = re.compile(r"[^\W_](?:[\w’'&./@+#-]*[\w+#])?")
_MARKS: Final = re.compile(r"\{[a-z]{1,20}\}|<[a-z]{1,20}>|\[[a-z ]{1,20}\]")
"""What transcribers put between words: `{vocalsound}`, `[laughter]`."""

_EXACT: Final = (
    ("email", re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")),
    ("url", re.compile(r"https?://[^\s<>\"')\]]{3,300}")),
    ("identifier", re.compile(r"\b[A-Z][A-Z0-9]{1,9}-\d{1,7}\b")),
)
MOST_WORDS: Final = 6
_OF: Final = frozenset({"of", "for"})
_AND: Final = frozenset({"and", "&", "und"})


class Span(msgspec.Struct, frozen=True):
    """A name in a text: where, and what kind of writing gave it away (`capitals`, `acronym`, `email`, `url` …)."""

    start: int
    end: int
    written: str


class Casing:
    """How each word of a document is written where a capital means something.

    Args:
        text: The whole document.
    """

    def __init__(self, text: str) -> None:
        self._small: Counter[str] = Counter()
        self._capital: Counter[str] = Counter()
        for start, end in sentences_in(marks_blanked(text)):
            for place, match in enumerate(WORD.finditer(text, start, end)):
                word = match.group().replace("’", "'")
                if word[0].islower():
                    self._small[word] += 1
                elif not _is_first(text, place, match.start()):
                    self._capital[word.lower()] += 1

    def is_name(self, word: str) -> bool:
        """Return whether a word that is capitalised in some place is so because it is a name."""
        low = word.lower()
        return self._capital[low] > 2 * self._small[low]

    def is_common(self, word: str) -> bool:
        """Return whether a word is written small at least as often as not."""
        low = word.lower()
        return self._small[low] >= self._capital[low] and self._small[low] > 0

    def is_ever_small(self, word: str) -> bool:
        """Return whether a word is written small anywhere."""
        return self._small[word.lower()] > 0


def names_in(text: str, casing: Casing, known: Collection[str] = ()) -> list[Span]:
    """Return the names in a text, in order, none overlapping.

    Args:
        text: A passage.
        casing: Of its document.
        known: Words, lower case, that are names whatever casing says, e.g. those of speakers.
    """
    plain = marks_blanked(text)
    found: list[Span] = []
    taken = bytearray(len(text))
    for written, pattern in _EXACT:
        for match in pattern.finditer(plain):
            if not any(taken[match.start() : match.end()]):
                found.append(Span(match.start(), match.end(), written))
                taken[match.start() : match.end()] = b"\1" * (match.end() - match.start())
    for start, end in sentences_in(plain):
        runs = _runs(plain, start, end, casing, known)
        found += [span for span in runs if not any(taken[span.start : span.end])]
    return sorted(found, key=lambda span: span.start)


def _runs(text: str, start: int, end: int, casing: Casing, known: Collection[str]) -> Iterator[Span]:
    """Yield the runs of capitalised words in one sentence."""
    run: list[re.Match[str]] = []
    pending: list[re.Match[str]] = []
    doubtful: re.Match[str] | None = None
    before = start
    for place, match in enumerate(WORD.finditer(text, start, end)):
        between = text[before : match.start()]
        joined = not run or not between.strip() or (between == ". " and run[-1].group().lower() in HONORIFICS)
        before = match.end()
        word = match.group().replace("’", "'")
        first = _is_first(text, place, match.start())
        if not joined:
            yield from _ended(run)
            run, pending = [], []
        if _is_capital(word, first=first, casing=casing, known=known):
            leading = [doubtful] if doubtful and not run and not between.strip() else []
            run += [*leading, *pending, match]
            pending = []
        elif run and _connects(word, run, casing, known) and len(pending) < 2:
            pending.append(match)
        else:
            yield from _ended(run)
            run, pending = [], []
        doubtful = match if first and not run and _may_lead(word, casing) else None
    yield from _ended(run)


def _may_lead(word: str, casing: Casing) -> bool:
    """Return whether the first word of a sentence is part of a name that follows it at once."""
    low = word.lower()
    if not word[0].isupper() or not word.isalpha() or len(word) < 2 or casing.is_ever_small(word):
        return False
    begins = low in BEGINNINGS or low.endswith("ing") or (low.endswith("ly") and len(low) > 6)
    begins = begins or (low in STOP_WORDS and not casing.is_name(word))
    return not (begins or low in NAMELESS or low in NO_NAMES)


def _connects(word: str, run: list[re.Match[str]], casing: Casing, known: Collection[str]) -> bool:
    """Return whether a small word may go on with a name; `and` only in what has an `of` or `for`."""
    if word in _AND:
        return any(each.group() in _OF for each in run)
    return word in CONNECTORS and not (word in _OF and _is_somebody([each.group() for each in run], casing, known))


def _is_somebody(words: list[str], casing: Casing, known: Collection[str]) -> bool:
    """Return whether a name is somebody's, as far as what stands before an `of` can be: `Hana Novak of Alpenbus`.

    It is titled, or known, or has several words of which the last is no word for an office or a body.
    """
    last = re.sub(r"['’]s$", "", words[-1].lower()).rpartition("-")[2]
    if not last.isalpha() or len(last) < 2 or any(each in CONNECTORS for each in words):
        return False
    if last in known:
        return True
    if last in BEFORE_OF | ORGANIZATIONS | PLACES | EVENTS | HEADS:
        return False
    is_body = last.endswith(BODIES) and words[0].lower() not in known
    return len(words) > 1 and not is_body and not casing.is_ever_small(last)


def _is_first(text: str, place: int, start: int) -> bool:
    """Return whether a word is the first of a sentence, or of what is said behind a colon, a quote or a bullet."""
    return place == 0 or text[max(0, start - 3) : start].strip()[-1:] in set(":;\"“”‘'(*•–—>")


def _is_capital(word: str, *, first: bool, casing: Casing, known: Collection[str]) -> bool:
    low = word.lower()
    if low in known and word[0].isupper():
        return True
    if not word[0].isupper() or low in NAMELESS or low in NO_NAMES or "'" in word[1:2]:
        return False
    bare = re.sub(r"['’]s$", "", low)
    if bare in NAMELESS or bare in NO_NAMES or len(word) < 2 or (bare in STOP_WORDS and casing.is_ever_small(bare)):
        return False
    if casing.is_name(word) or (any(letter.isdigit() for letter in word) and any(letter.isupper() for letter in word)):
        return True
    inner = any(letter.isupper() for letter in word[1:])
    return inner if first else not casing.is_common(word)


def _ended(run: list[re.Match[str]]) -> Iterator[Span]:
    """Yield what a run of words is, if it is a name: at most six words of it, without a possessive.

    A longer one is two where an `and` parts it: `Winship of Leeds and Tom Baker of York`.
    """
    if len(run) > MOST_WORDS:
        at = next((place for place, match in enumerate(run) if match.group() in _AND), None)
        if at is not None:
            yield from _ended(run[:at])
            yield from _ended(run[at + 1 :])
        return
    if not run:
        return
    last = run[-1].group()
    cut = re.search(r"['’](?:s|re|ve|ll|d|m)?$", last)
    end = run[-1].end() - (len(last) - cut.start() if cut else 0)
    word = run[0].group() if len(run) == 1 else ""
    upper = len(word) > 1 and sum(letter.isupper() for letter in word) > 1 and word.upper() == word
    if end > run[0].start() + 1 and word.lower() not in HONORIFICS:
        yield Span(run[0].start(), end, "acronym" if upper else "capitals")


def marks_blanked(text: str) -> str:
    """Return a text of the same length, with spaces for what transcribers put between words."""
    return _MARKS.sub(_blank, text)


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())
