"""Names of a memory that are spelt nearly like one that it does not have: for whoever writes a name from memory.

Knows nothing of whom names mean.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from hausmusik.memory.extraction.german import DETERMINERS
from hausmusik.memory.extraction.words import BEGINNINGS, STOP_WORDS
from hausmusik.memory.needing import needed
from hausmusik.memory.retrieval.chaining import wordings
from hausmusik.memory.retrieval.linking import WORD
from hausmusik.memory.store import reading
from hausmusik.memory.store.store import MemoryStore

MOST: Final = 3
MOST_TITLES: Final = 100_000
ALIKE: Final = 70
"""Of 100: for whoever asks for a name, what has a part like it as well (`Illidan`, `Illidan Stormrage`)."""

MISSPELT: Final = 80
"""For whoever only asks a question, letter by letter: of 359 questions to LiHua-World's chats (its even half, and of
strangers) two are told a name, `Sheldon Cooper` for `Shedlon Cooper` and `Champions League` for `UEFA Champions
League`; six of its names with a letter or two changed all are."""


class Misspelt(msgspec.Struct, frozen=True, kw_only=True):
    """A name that a memory does not have.

    Args:
        text: As written.
        near: Names that it has and that are spelt nearly so.
    """

    text: str
    near: tuple[str, ...]

    @property
    def question(self) -> str:
        """What its writer may be asked."""
        return f"did you mean {' or '.join(self.near)}?"


def names_alike(store: MemoryStore, name: str) -> Misspelt:
    """Return a name with the names of a memory that are like it, best first, at most three."""
    found = needed("rapidfuzz.process").extract(name, _titles(store), limit=MOST)
    return Misspelt(text=name, near=tuple(title for title, score, _ in found if score > ALIKE))


def misspelt_in(store: MemoryStore, question: str, unknown: Collection[str]) -> tuple[Misspelt, ...]:
    """Return the names in a question that seem to be misspelt: no passage has their words, and a name is nearly so.

    Args:
        store: Of the memory.
        question: In words.
        unknown: Words of it that are written like names and are none, see `Lexicon.unknown`.
    """
    if not unknown:
        return ()
    with store.database.read() as connection:
        said = {word: reading.count_words(connection, wordings(word)) for word in unknown}
    nowhere = {word for word, counts in said.items() if not any(counts.values())}
    runs = [run for run in _runs(question) if nowhere.intersection(run)]
    if not runs:
        return ()
    titles = _titles(store)
    whole = [(title.lower(), title) for title in titles]
    words = [(word.lower(), title) for title in titles for word in title.split() if word[0].isupper()]
    near = [_near(run, nowhere, whole, words) for run in runs]
    return tuple(each for each in near if each.near)


def _near(
    run: list[str], nowhere: Collection[str], whole: Sequence[tuple[str, str]], words: Sequence[tuple[str, str]]
) -> Misspelt:
    """Return what is like some words together; else what is like one of them that is nowhere, whole or as a word."""
    texts = [(" ".join(run), whole), *((word, words) for word in run if word in nowhere)]
    for text, forms in texts:
        if near := _spelt_like(text, forms):
            return Misspelt(text=text, near=near)
    return Misspelt(text=texts[0][0], near=())


def _spelt_like(text: str, forms: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Return the titles of the forms, in lower case, that are spelt nearly like a text, best first, at most three."""
    extract, ratio = needed("rapidfuzz.process").extract, needed("rapidfuzz.fuzz").ratio
    others = [form for form, _ in forms]
    found: list[tuple[str, float, int]] = extract(text.lower(), others, scorer=ratio, score_cutoff=MISSPELT, limit=None)
    return tuple(dict.fromkeys(forms[at][1] for _, _, at in found))[:MOST]


def _runs(question: str) -> list[list[str]]:
    """Return the words of a question that are written like names, those together that stand side by side."""
    runs: list[list[str]] = [[]]
    before, article = 0, False
    for match in WORD.finditer(question):
        word = match.group()
        is_name = word[0].isupper() and word.lower() not in STOP_WORDS | BEGINNINGS and not article
        article = word in DETERMINERS  # `Wer führt die Kasse?` asks for no Kassel
        if not is_name or question[before : match.start()].strip():
            runs.append([])
        if is_name:
            runs[-1].append(word)
        before = match.end()
    return [run for run in runs if run]


def _titles(store: MemoryStore) -> list[str]:
    with store.database.read() as connection:
        rows = connection.execute("SELECT title FROM entities ORDER BY id LIMIT ?", (MOST_TITLES,))
        return [row[0] for row in rows]
