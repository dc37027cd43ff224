"""Which entities a question names: its words, longest groups first, looked up among the names of the memory.

A single word counts only when it is written as a name, or is long and is a name of one entity alone. Knows nothing of
passages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from hausmusik.memory.extraction.words import NO_NAMES, STOP_WORDS
from hausmusik.memory.naming import compact, key_of

_WORD: Final = re.compile(r"[\w'’&.@+#-]*\w")
MOST_WORDS: Final = 6


class Linked(msgspec.Struct, frozen=True, kw_only=True):
    """A name in a question.

    Args:
        text: As asked.
        entities: Ids of all that it may mean; most often one.
    """

    text: str
    entities: tuple[int, ...]


class Lexicon:
    """Names by their letters.

    Args:
        names: Key, entity, type and mentions of each.
    """

    def __init__(self, names: Iterable[tuple[str, int, str, int]]) -> None:
        self._entities: dict[str, dict[int, int]] = {}
        self._types: dict[str, str] = {}
        first_words: dict[str, dict[int, int]] = {}
        for key, entity, type_, mentions in names:
            for form in {key, compact(key)}:
                self._entities.setdefault(form, {})[entity] = mentions
                self._types.setdefault(form, type_)
            if type_ == "person" and " " in key:
                for word in key.split():
                    first_words.setdefault(word, {})[entity] = mentions
        for word, found in first_words.items():
            if word not in self._entities:
                self._entities[word] = found
                self._types[word] = "person"

    def linked(self, question: str) -> list[Linked]:
        """Return the names in a question, in order."""
        words = list(_WORD.finditer(question))
        taken = [False] * len(words)
        found: list[tuple[int, Linked]] = []
        for size in range(min(MOST_WORDS, len(words)), 0, -1):
            for at in range(len(words) - size + 1):
                if any(taken[at : at + size]):
                    continue
                text = question[words[at].start() : words[at + size - 1].end()]
                entities = self._meant(text, alone=size == 1, first=at == 0)
                if entities:
                    taken[at : at + size] = [True] * size
                    found.append((at, Linked(text=text, entities=tuple(sorted(entities)))))
        return [linked for _, linked in sorted(found, key=lambda each: each[0])]

    def unknown(self, question: str, linked: Sequence[Linked]) -> list[str]:
        """Return what is written like a name in a question and is none in this memory.

        Args:
            question: In words.
            linked: The names in it.
        """
        known = {word for each in linked for word in each.text.split()}
        return [
            match.group()
            for place, match in enumerate(_WORD.finditer(question))
            if place
            and match.group()[0].isupper()
            and match.group() not in known
            and key_of(match.group()) not in STOP_WORDS | NO_NAMES
            and key_of(match.group()) not in self._entities
        ]

    def _meant(self, text: str, *, alone: bool, first: bool) -> Mapping[int, int]:
        key = key_of(text)
        if not key or (alone and (key in STOP_WORDS or key in NO_NAMES)):
            return {}
        if not alone and (key.split()[0] in STOP_WORDS or key.split()[-1] in STOP_WORDS):
            return {}
        found = (
            self._entities.get(key) or self._entities.get(key_of(text, "person")) or self._entities.get(compact(key))
        )
        if not found:
            return {}
        if alone and (first or not text[0].isupper()) and self._types.get(key) != "person" and len(found) > 1:
            return {}
        return found
