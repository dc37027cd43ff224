"""How far a negation reaches: to the next thing that can be left out, and along a list of such things, no further.

`not too fast piano` is about the tempo alone, `no loud drums, piano` about drums alone, `without drums, bass or guitar`
about all three. Knows kinds of words only, and nothing of what they mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

_THINGS: Final = frozenset({"instrument", "style", "hint", "flair", "use", "role", "absent"})
"""Kinds of meanings that a noun has; all others are said of a noun."""
_OF_ONE_WORD: Final = frozenset({"not", "never", "non", "isn't", "aren't", "hardly"})
_OF_A_THING: Final = frozenset(
    (
        "no",
        "don't",
        "dont",
        "doesn't",
        "didn't",
        "won't",
        "shouldn't",
        "mustn't",
        "can't",
        "cannot",
        "without",
        "minus",
        "avoid",
        "avoiding",
        "exclude",
        "excluding",
        "except",
        "omit",
        "omitting",
        "skip",
        "skipping",
        "lacking",
    )
)
_OF_A_LIST: Final = frozenset(
    ("without", "minus", "avoid", "avoiding", "exclude", "excluding", "except", "omit", "omitting", "skip", "skipping")
)
"""After these, `a, b and c` is one list: `without drums, bass and guitar`. After `no` the comma ends it."""
_VERBS: Final = frozenset(
    (
        "use",
        "using",
        "used",
        "add",
        "adding",
        "include",
        "including",
        "want",
        "wanting",
        "have",
        "having",
        "need",
        "put",
        "play",
        "playing",
        "let",
        "make",
        "making",
        "do",
        "does",
        "should",
        "must",
        "any",
        "be",
        "being",
        "go",
        "going",
        "get",
    )
)
_DEGREES: Final = frozenset(("too", "very", "so", "overly", "really", "that", "quite", "terribly", "extremely", "much"))
_SMALL: Final = frozenset(("a", "an", "the", "any", "all", "at", "in", "of", "for", "with", "like", "as"))
_ENDS: Final = frozenset([",", ";", ".", ":", "(", ")", "–", "—", "but", "only", "just", "rather", "instead", "yet"])
_POSITIVE: Final = frozenset({"with", "plus", "featuring", "then"})
_AND: Final = frozenset({"and", "&"})
_OR: Final = frozenset({"or", "nor"})
_MOST_UNKNOWN: Final = 2


class Item(msgspec.Struct, frozen=True):
    """One or more words of a prompt that belong together.

    Args:
        words: In lower case.
        kinds: What it means, as kinds; empty where it means nothing.
        described: It is a thing with its description in it: `soft piano`.
        filler: It never means anything.
    """

    words: str
    kinds: frozenset[str] = frozenset()
    described: bool = False
    filler: bool = False

    @property
    def is_thing(self) -> bool:
        """Whether it can be left out by itself."""
        return bool(self.kinds & _THINGS)


def negated(items: Sequence[Item]) -> frozenset[int]:
    """Return the places of all items that a negation reaches, the negating words themselves included."""
    marked: set[int] = set()
    at = 0
    while at < len(items):
        word = items[at].words
        if word in _OF_ONE_WORD:
            marked.add(at)
            at = _one(items, at + 1, marked)
        elif word in _OF_A_THING:
            marked.add(at)
            at = _thing(items, at + 1, marked, word)
        else:
            at += 1
    return frozenset(marked)


def _one(items: Sequence[Item], at: int, marked: set[int]) -> int:
    """Mark the next word that says something, and its alternatives; return where to go on."""
    while at < len(items) and items[at].words not in _ENDS:
        word = items[at].words
        if word in _VERBS:
            return _thing(items, at + 1, marked, "not")
        if word in _AND | _OR:
            return at
        if word in _SMALL | _DEGREES:
            at += 1
            continue
        marked.add(at)
        if at + 1 < len(items) and items[at + 1].words in _OR:
            return _one(items, at + 2, marked)
        return at + 1
    return at


def _thing(items: Sequence[Item], at: int, marked: set[int], negation: str) -> int:
    """Mark the next thing with all that is said of it, and the list that it begins; return where to go on."""
    said: list[int] = []
    unknown = 0
    while at < len(items):
        item = items[at]
        if item.words in _ENDS | _AND | _OR or (said and item.words in _POSITIVE):
            break
        if item.words in _DEGREES and not item.kinds:
            marked.update(said)
            return _one(items, at + 1, marked)
        if item.is_thing:
            marked.update([*said, at])
            return _list(items, at + 1, marked, negation)
        if not item.filler and item.words not in _VERBS:
            unknown += not item.kinds
            if unknown > _MOST_UNKNOWN:
                break
            said.append(at)
        at += 1
    marked.update(said)
    return at


def _list(items: Sequence[Item], at: int, marked: set[int], negation: str) -> int:
    """Mark the further things of a list; return where to go on."""
    if at >= len(items):
        return at
    word = items[at].words
    if word in _OR:
        return _thing(items, at + 1, marked, negation)
    if word in _AND and _is_bare(items, at + 1):
        marked.add(at + 1)
        return _list(items, at + 2, marked, negation)
    if word == ",":
        closing = _closing(items, at)
        if closing and (items[closing].words in _OR or negation in _OF_A_LIST):
            marked.update(place for place in range(at, closing + 2) if items[place].is_thing)
            return closing + 2
    return at


def _closing(items: Sequence[Item], at: int) -> int:
    """Return the place of the `and` or `or` that closes a list of bare things from a comma on, or 0."""
    while at < len(items) and items[at].words == ",":
        if at + 2 < len(items) and items[at + 1].words in _AND | _OR and _is_bare(items, at + 2):
            return at + 1
        if not _is_bare(items, at + 1):
            return 0
        at += 2
    return at if at < len(items) and items[at].words in _AND | _OR and _is_bare(items, at + 1) else 0


def _is_bare(items: Sequence[Item], at: int) -> bool:
    """Return whether a thing stands here with nothing said of it: what is described is wanted."""
    return at < len(items) and items[at].is_thing and not items[at].described
