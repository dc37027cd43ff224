"""A memory's file with made-up rows, written straight into its tables: adding 100,000 passages one by one takes long.

Each passage has twelve names and 36 words, each document two passages. Knows nothing of what is measured.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import numpy as np
import shapes

from hausmusik.memory.documents import Document, Passage
from hausmusik.memory.extraction.values import Extraction, FoundEntity, FoundRelation
from hausmusik.memory.store.entry import DocumentEntry, PassageEntry, Recipe, WindowEntry
from hausmusik.memory.store.store import MemoryStore

AT_ONCE: Final = 20_000
WORDS: Final = 36
VOCABULARY: Final = 60_000
RECIPE: Final = Recipe(budget_tokens=1200, overlap_tokens=0, extractor="made", embedder="made")
_SYLLABLES: Final = [
    "ka",
    "ro",
    "mi",
    "ta",
    "ven",
    "dor",
    "lis",
    "par",
    "nel",
    "sor",
    "bin",
    "gal",
    "hax",
    "jun",
    "fel",
    "tor",
    "wes",
    "min",
    "qua",
    "rel",
    "sim",
    "ban",
    "cor",
    "dal",
]


def name(number: int) -> str:
    """Return a first name and a last name, of 13,824 each, mixed."""
    number = number * 48_271 % 24**6  # a prime: the same name is never made twice
    parts: list[str] = []
    for _ in range(6):
        number, at = divmod(number, 24)
        parts.append(_SYLLABLES[at])
    return f"{''.join(parts[:3])} {''.join(parts[3:])}".title()


def texts(mentions: Any, passages: int) -> Any:
    """Return a function from a passage's number to its text: names first, then words by Zipf's law."""

    def text(number: int) -> str:
        at = shapes.dice(1000 + number)
        words = np.exp(at.random(WORDS) * np.log(VOCABULARY)).astype(int)
        who = mentions[shapes.MENTIONS * number : shapes.MENTIONS * (number + 1), 1]
        return f"{', '.join(name(each) for each in who.tolist())}: {' '.join(f'w{word}' for word in words)}."

    assert passages <= len(mentions)
    return text


def fill_texts(store: MemoryStore, passages: int, mentions: Any) -> None:
    """Write documents and passages, and with them the full-text index."""
    text = texts(mentions, passages)
    with store.database.write() as connection:
        connection.execute("INSERT INTO settings VALUES ('embedder', 'made')")
        connection.executemany(
            "INSERT INTO documents (id, path, sha256, recipe, kind, size_bytes, encoding, language, title, date,"
            " speakers, added_at) VALUES (?, ?, ?, '', 'text', 1, 'utf-8', 'en', ?, '2026-01-01', '[]', '2026')",
            ((each + 1, f"{each}.txt", f"{each}", f"d{each}") for each in range((passages + 1) // 2)),
        )
    for first in range(0, passages, AT_ONCE):
        with store.database.write() as connection:
            connection.executemany(
                "INSERT INTO passages (id, document, ordinal, hash, text, start, end, tokens, line, last_line, page,"
                " speakers, at, headings, level, marks) VALUES (?, ?, ?, ?, ?, 0, 0, 60, 1, 1, 0, '[]', '', '[]', '',"
                " '[]')",
                (
                    (each + 1, each // 2 + 1, each % 2, each.to_bytes(8, "big"), text(each))
                    for each in range(first, min(passages, first + AT_ONCE))
                ),
            )


def fill(store: MemoryStore, passages: int, vectors: Any, rows: tuple[Any, Any, Any, Any]) -> None:
    """Write passages with one window each, names, mentions and facts."""
    entities, _, mentions, facts = rows
    counts = np.bincount(mentions[:, 1])
    fill_texts(store, passages, mentions)
    with store.database.write() as connection:
        connection.executemany(
            "INSERT INTO entities (id, title, type) VALUES (?, ?, 'person')",
            ((each + 1, name(each)) for each in entities.tolist()),
        )
        connection.executemany(
            "INSERT INTO names (id, entity, key, type, scope, surface, mentions) VALUES (?, ?, ?, 'person', '', ?, ?)",
            ((each + 1, each + 1, name(each).lower(), name(each), int(counts[each])) for each in entities.tolist()),
        )
    for first in range(0, passages, AT_ONCE):
        with store.database.write() as connection:
            connection.executemany(
                "INSERT INTO windows (passage, start, end, vector) VALUES (?, 0, 100, ?)",
                ((each + 1, vectors[each].tobytes()) for each in range(first, min(passages, first + AT_ONCE))),
            )
    with store.database.write() as connection:
        connection.executemany(
            "INSERT INTO mentions (passage, name, start, end, description) VALUES (?, ?, 0, 0, '')",
            ((each[0] + 1, each[1] + 1) for each in mentions.tolist()),
        )
        # A fact is in a passage that mentions its source.
        order = np.argsort(mentions[:, 1], kind="stable")
        at = np.searchsorted(mentions[order, 1], facts[:, 0].astype(np.int64))
        of = np.sort(mentions[order[at], 0])
        connection.executemany(
            "INSERT INTO facts (passage, source, target, kind, keywords, description, start, end, weight, valid_from,"
            " learnt_at) VALUES (?, ?, ?, 'with', '', '', 0, 0, 1, '', '')",
            (
                (passage + 1, int(source) + 1, int(target) + 1)
                for passage, (source, target, _) in zip(of.tolist(), facts.tolist(), strict=True)
            ),
        )
    store.database.checkpoint()


def one_more(number: int, who: list[int], vector: Any) -> DocumentEntry:
    """Return a document as an adding would put it: one passage, some known names and one that is new."""
    names = [name(each) for each in who] + [f"Newcomer Number{number}"]
    text = f"{', '.join(names)}: w{number} w17."
    passage = PassageEntry(
        passage=Passage(text=text, start=0, end=len(text), tokens=30),
        windows=(WindowEntry(0, len(text), vector),),
        extraction=Extraction(
            entities=tuple(FoundEntity(name=each, type="person", start=0, end=0) for each in names),
            relations=tuple(FoundRelation(source=names[0], target=each, kind="with") for each in names[1:]),
        ),
    )
    document = Document(
        path=f"more-{number}.txt",
        kind="text",
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        size_bytes=len(text),
        title=f"more {number}",
    )
    return DocumentEntry(document=document, passages=(passage,))
