"""Names of a text: runs of capitalised words, acronyms, addresses, identifiers; and whether a passage names them.

A single capitalised word at the beginning of a sentence is a name only if it is known as one, is written like no other
word (`LiHua`, `NASA`), or does what only people do (`Wolfgang asked`). Two spellings of one name are the same by case,
possessives, `CamelCase` and titles, and a person may be called by first or last name alone; misspelled names are not
recognised. Knows nothing of who is meant.
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import NamedTuple

from hausmusik.memory.checking.dates import MONTHS, WEEKDAYS
from hausmusik.memory.checking.numbers import ORDINALS, SCALES, TENS, UNITS
from hausmusik.memory.checking.words import REPORTING, STOP, Word, fold, stem, words

_EXACT = re.compile(
    r"(?P<email>[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,4})"
    r"|(?P<url>(?:https?://|www\.)[^\s<>\"')\]]{1,2000})"
    r"|(?P<identifier>(?<![\w-])[A-Z]{2,10}-\d{1,10}(?![\w-])|(?<![\w/])v\d{1,4}(?:\.\d{1,4}){1,3}(?![\w]))"
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_TITLES = frozenset("mr mrs ms miss dr prof sir madam madame lady lord hon the a an".split())  # noqa: SIM905
_JOINING = frozenset("of de van von der la du di da del".split())  # noqa: SIM905
_DATE_WORDS = frozenset((*MONTHS, *WEEKDAYS, *(day + "s" for day in WEEKDAYS)))
_NUMBER_WORDS = frozenset((*UNITS, *TENS, *SCALES, *ORDINALS, "hundred"))
_FUNCTION = frozenset(
    """according based overall both similarly additionally consequently furthermore eventually initially originally
    nevertheless nonetheless unfortunately fortunately currently previously apart regarding concerning given despite
    unlike like following later earlier specifically generally basically essentially ultimately yes no please thanks
    i'm i've i'll i'd it's that's he's she's they're we're there's what's let's don't can't won't didn't
    hello hi hey dear okay people everyone nobody somebody""".split()  # noqa: SIM905
)
_DOING = frozenset(
    ("was", "is", "has", "had", "will", "would", "can", "could", "told", "said", "thought", "felt", "found", "knew",
     "gave", "went", "took", "made", "sent")
)  # fmt: skip
_NOUNS = ("ions", "ers", "ors", "ents", "ities", "ics", "ss", "need", "eed")  # endings of what is hardly a verb
_LOOKED_AT = 200  # places where a name's first word stands, of which the words behind are compared by their stems
_NAME = 60  # characters; a shorter text is a speaker or a heading, for which its initials may stand: `PM`
_EVERYBODYS = frozenset(("tv", "ok", "pc", "cv", "dvd", "cd"))  # short for what a passage says in full


class Name(NamedTuple):
    """A name as it stands in a text; `parts` are its folded words without titles, `exact` an address or identifier."""

    text: str
    start: int
    end: int
    parts: tuple[str, ...]
    exact: bool = False


def parts_of(name: str) -> tuple[str, ...]:
    """Return the folded words of a name: `WolfgangSchulz's` and `Mr. Wolfgang Schulz` are `wolfgang`, `schulz`."""
    split = (fold(part) for word in words(name) for part in _CAMEL.split(name[word.start : word.end]))
    parts = tuple(part for part in split if part)
    return tuple(part for part in parts if part not in _TITLES) or parts


def names(text: str, known: Container[str] = ()) -> list[Name]:
    """Return the names of a sentence, in order.

    Args:
        text: One sentence.
        known: Folded words that are known as parts of names from elsewhere.
    """
    found = [
        Name(exact.group().rstrip(".,;"), exact.start(), exact.end(), (exact.group().rstrip(".,;").casefold(),), True)
        for exact in _EXACT.finditer(text)
    ]
    taken = [(name.start, name.end) for name in found]
    at_taken = 0
    listed = words(text)
    at = 0
    while at < len(listed):
        while at_taken < len(taken) and taken[at_taken][1] <= listed[at].start:
            at_taken += 1
        if at_taken < len(taken) and taken[at_taken][0] <= listed[at].start:
            at += 1
            continue
        name, behind = _run(text, listed, at, known)
        if name is not None:
            found.append(name)
        at = behind
    return sorted(found, key=lambda name: name.start)


def _run(text: str, listed: list[Word], at: int, known: Container[str]) -> tuple[Name | None, int]:
    """Return the name that begins at a word, if one does, and the word to go on with."""
    if not _is_capital(text, listed[at]):
        return None, at + 1
    behind = at + 1
    while behind < len(listed) and behind - at < 8:
        between = text[listed[behind - 1].end : listed[behind].start]
        if between not in (" ", "-", " \n", ". ") or (between == ". " and not _may_precede_dot(listed[behind - 1])):
            break
        if _is_capital(text, listed[behind]):
            behind += 1
        elif (
            listed[behind].folded in _JOINING
            and behind + 1 < len(listed)
            and _is_capital(text, listed[behind + 1])
            and text[listed[behind].end : listed[behind + 1].start] == " "
        ):
            behind += 2
        else:
            break
    first = at
    opens = _opens(text, listed[at].start)
    while first < behind and (_is_plain(listed[first].folded) or (opens and listed[first].folded in STOP)):
        first += 1
        opens = False
    last = behind
    while last > first and _is_plain(listed[last - 1].folded):
        last -= 1
    if first == last:
        return None, behind
    start, end = listed[first].start, listed[last - 1].end
    written = text[start:end]
    if opens and last - first == 1 and not _is_name_alone(text, listed, first, known):
        return None, behind
    parts = parts_of(written)
    if last - first == 1 and first > 0 and listed[first - 1].folded.isdigit() and written.isupper():
        return None, behind  # `36 GB`
    if not parts or all(part in _TITLES or part in _EVERYBODYS for part in parts):
        return None, behind
    return Name(written, start, end, parts), behind


def _is_capital(text: str, word: Word) -> bool:
    return text[word.start].isupper() and not (word.end - word.start == 1 and word.folded == "i")


def _may_precede_dot(word: Word) -> bool:
    return word.folded in _TITLES or len(word.folded) == 1


def _is_plain(folded: str) -> bool:
    return folded in _FUNCTION or folded in _DATE_WORDS or folded in _NUMBER_WORDS or folded in ("i", "i'm", "the")


def _opens(text: str, start: int) -> bool:
    """Tell whether nothing but marks stands between a word and the beginning of its sentence or quotation."""
    while start > 0 and not text[start - 1].isalnum():
        if text[start - 1] in '.!?:"“„\n#':
            return True
        start -= 1
    return start == 0


def _is_name_alone(text: str, listed: list[Word], at: int, known: Container[str]) -> bool:
    written = text[listed[at].start : listed[at].end]
    if listed[at].folded in known or sum(letter.isupper() for letter in written) > 1 or written.endswith(("'s", "’s")):
        return True
    if listed[at].folded in STOP or stem(listed[at].folded) in REPORTING or written.endswith(("ing", "ly")):
        return False
    following = listed[at + 1] if at + 1 < len(listed) else None
    if following is None or text[listed[at].end : following.start] != " ":
        return False
    if following.folded in _DOING or following.folded in REPORTING:
        return True
    return (
        following.folded.endswith(("s", "ed"))
        and not following.folded.endswith(_NOUNS)
        and following.folded not in STOP
    )


def is_supported(name: Name, evidence: NamedWords) -> bool:
    """Tell whether passages name what a sentence names."""
    if name.exact:
        return name.parts[0] in evidence.folded
    parts = name.parts
    if len(parts) == 1:
        return evidence.has(parts[0])
    if evidence.has_run(parts):
        return True
    first, last = parts[0], parts[-1]
    people = len(parts) <= 3
    if people and len(last) > 2 and evidence.has_alone(last, before=True):
        return True
    if people and len(first) > 2 and evidence.has_alone(first, before=False):
        return True
    return not people and all(evidence.has(part) for part in parts if part not in _JOINING)


class NamedWords:
    """The words of passages, speakers and headings, as names are looked up in them.

    Args:
        texts: Whatever may name something.
    """

    def __init__(self, texts: list[str]) -> None:
        self.folded = "\n".join(texts).casefold()
        self._parts: list[str] = []
        self._capital: list[bool] = []
        for text in texts:
            for word in words(text):
                for part in _CAMEL.split(text[word.start : word.end]):
                    self._parts.append(fold(part))
                    self._capital.append(part[:1].isupper() and self._parts[-1] not in _TITLES)
            self._parts.append("")  # no run goes on from one text into the next
            self._capital.append(False)
        self._where: dict[str, list[int]] = {}
        for at, part in enumerate(self._parts):
            self._where.setdefault(part, []).append(at)
        self._stems = {stem(part) for part in self._where}
        self._joined = {before + after for before, after in zip(self._parts, self._parts[1:], strict=False)}
        self._short = {"".join(part[0] for part in parts_of(text) if part) for text in texts if len(text) < _NAME}
        self._initials = "".join(part[:1] or "\n" for part in self._parts)

    def has(self, part: str) -> bool:
        """Tell whether a word occurs, in another form perhaps, or as the initials of three words and more."""
        if part in self._where or stem(part) in self._stems or part in self._joined or part in self._short:
            return True
        if part.endswith("s") and part[:-1] in self._where:  # `VHSs`
            return True
        return 3 <= len(part) <= 6 and part.isalpha() and part in self._initials

    def has_run(self, parts: tuple[str, ...]) -> bool:
        """Tell whether words follow one another somewhere."""
        span = len(parts)
        starts = self._where.get(parts[0], ())
        if any(tuple(self._parts[at : at + span]) == parts for at in starts) or "".join(parts) in self._joined:
            return True
        rest = tuple(map(stem, parts[1:]))  # `Industrial Designers`
        return any(tuple(map(stem, self._parts[at + 1 : at + span])) == rest for at in starts[:_LOOKED_AT])

    def has_alone(self, part: str, *, before: bool) -> bool:
        """Tell whether a word occurs with no capitalised word before (or behind) it, another name."""
        for at in self._where.get(part, ()):
            other = at - 1 if before else at + 1
            if self._capital[at] and not (0 <= other < len(self._capital) and self._capital[other]):
                return True
        return False

    def known(self) -> frozenset[str]:
        """Return the words that occur, and never without a capital: they are names, or parts of them."""
        lower = {part for part, capital in zip(self._parts, self._capital, strict=True) if not capital}
        upper = {part for part, capital in zip(self._parts, self._capital, strict=True) if capital}
        return frozenset(part for part in upper - lower if part not in STOP)
