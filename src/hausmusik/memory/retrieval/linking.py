"""Which entities a question names: its words, longest groups first, looked up among the names of the memory.

A single word counts only when it is written as a name, or is long and is a name of one entity alone. Knows nothing of
passages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

import msgspec

from hausmusik.memory.extraction.words import NAMELESS, NO_NAMES, STOP_WORDS
from hausmusik.memory.naming import ARTICLES, LEGAL_FORMS, compact, key_of

WORD: Final = re.compile(r"[\w'’&.@+#-]*\w")
MOST_WORDS: Final = 6
_NEVER_FIRST: Final = {True: STOP_WORDS - ARTICLES, False: NAMELESS - ARTICLES}
_NEVER_LAST: Final = {True: STOP_WORDS - LEGAL_FORMS, False: NAMELESS - LEGAL_FORMS}
"""By whether all is written small: `ella` is a small word, `Ella` may be somebody. Articles before a name and legal
forms behind it are no part of its key."""


class Linked(msgspec.Struct, frozen=True, kw_only=True):
    """A name in a question.

    Args:
        text: As asked.
        entities: Ids of all that it may mean; most often one.
    """

    text: str
    entities: tuple[int, ...]


class Lexicon:
    """Names by their letters. It is changed in place, and may be asked meanwhile.

    Args:
        names: Id, key, entity and type of each.
    """

    def __init__(self, names: Iterable[tuple[int, str, int, str]]) -> None:
        self._names: dict[int, tuple[str, int, bool]] = {}
        self._forms: dict[str, tuple[int, ...]] = {}
        self._words: dict[str, tuple[int, ...]] = {}
        for name in names:
            self._add(*name)

    def change(self, touched: Iterable[int], names: Iterable[tuple[int, str, int, str]]) -> None:
        """Let some names be others.

        Args:
            touched: Ids of those that may have changed or gone.
            names: As they are now; those of them that are not named here are gone.
        """
        for id_ in touched:
            self._remove(id_)
        for name in names:
            self._add(*name)

    def _add(self, id_: int, key: str, entity: int, type_: str) -> None:
        is_person = type_ == "person"
        self._names[id_] = (key, entity, is_person)
        for table, form in self._places(key, is_person=is_person):
            known = table.get(form, ())
            table[form] = (*known, id_) if not known or id_ > known[-1] else tuple(sorted((*known, id_)))

    def _remove(self, id_: int) -> None:
        if id_ not in self._names:
            return
        key, _, is_person = self._names.pop(id_)
        for table, form in self._places(key, is_person=is_person):
            left = tuple(each for each in table[form] if each != id_)
            if left:
                table[form] = left
            else:
                del table[form]

    def _places(self, key: str, *, is_person: bool) -> list[tuple[dict[str, tuple[int, ...]], str]]:
        """Return under what a name is found, and in which table."""
        found = [(self._forms, key)]
        if (form := compact(key)) != key:
            found.append((self._forms, form))
        if is_person and " " in key:
            found += [(self._words, word) for word in set(key.split())]
        return found

    def linked(self, question: str, counts: Callable[[int], bool] | None = None) -> list[Linked]:
        """Return the names in a question, in order.

        Args:
            question: In words.
            counts: Whether an entity, by its id, does; None: all do.
        """
        words = list(WORD.finditer(question))
        taken = [False] * len(words)
        found: list[tuple[int, Linked]] = []
        for size in range(min(MOST_WORDS, len(words)), 0, -1):
            for at in range(len(words) - size + 1):
                if any(taken[at : at + size]):
                    continue
                text = question[words[at].start() : words[at + size - 1].end()]
                entities = self._meant(text, counts, alone=size == 1, first=at == 0)
                if entities:
                    taken[at : at + size] = [True] * size
                    found.append((at, Linked(text=text, entities=tuple(sorted(entities)))))
        return [linked for _, linked in sorted(found, key=lambda each: each[0])]

    def unknown(
        self, question: str, linked: Sequence[Linked], counts: Callable[[int], bool] | None = None
    ) -> list[str]:
        """Return what is written like a name in a question and is none in this memory.

        Args:
            question: In words.
            linked: The names in it.
            counts: Whether an entity, by its id, does; None: all do.
        """
        known = {word for each in linked for word in each.text.split()}
        return [
            match.group()
            for place, match in enumerate(WORD.finditer(question))
            if place
            and match.group()[0].isupper()
            and match.group() not in known
            and key_of(match.group()) not in STOP_WORDS | NO_NAMES
            and not self._meaning(key_of(match.group()), counts)
        ]

    def _meant(self, text: str, counts: Callable[[int], bool] | None, *, alone: bool, first: bool) -> AbstractSet[int]:
        if not alone and _has_no_name(text):
            return frozenset()
        key = key_of(text)
        small = STOP_WORDS if text.islower() else NAMELESS
        if not key or (alone and (key in small or key in NO_NAMES)):
            return frozenset()
        if not alone and (key.split()[0] in small or key.split()[-1] in small):
            return frozenset()
        forms = dict.fromkeys((key, key_of(text, "person"), compact(key)))
        entities: set[int] = set()
        for names in (self._meaning(form, counts) for form in forms):
            entities = {entity for _, entity, _ in names}
            if entities:
                break
        if alone and (first or not text[0].isupper()) and len(entities) > 1 and not self._is_person(key, counts):
            return frozenset()
        return entities

    def _meaning(self, form: str, counts: Callable[[int], bool] | None) -> list[tuple[str, int, bool]]:
        """Return the names of a form; where there is none that counts, the people of whose names it is one word."""
        for table in (self._forms, self._words):
            names = [name for name in map(self._names.get, table.get(form, ())) if name]
            found = names if counts is None else [name for name in names if counts(name[1])]
            if found:
                return found
        return []

    def _is_person(self, form: str, counts: Callable[[int], bool] | None) -> bool:
        """Return whether the first name of a form that counts is a person's."""
        names = self._meaning(form, counts)
        return len(names) > 0 and names[0][2]


def _has_no_name(text: str) -> bool:
    """Return whether some words are told to be no name by the first or the last: in most of a question's they are.

    Folding them, which would tell as well, takes 14 to 52 µs, half the time of a question in a small memory.
    """
    words, small = text.lower().split(), text.islower()
    return words[0] in _NEVER_FIRST[small] or words[-1] in _NEVER_LAST[small]
