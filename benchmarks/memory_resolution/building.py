"""Memories of the documents, by rules and without vectors, and what each name of each document means in them.

What `haus memory add` does but for embedding, which has no say in whom a name means. Knows nothing of labels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from hausmusik.clock import SystemClock
from hausmusik.memory.cutting import approximate_tokens, cut
from hausmusik.memory.extraction.rules import REVISION, RuleReader, people_words
from hausmusik.memory.naming import key_of
from hausmusik.memory.reading.files import read_document
from hausmusik.memory.reading.limits import ReadLimits
from hausmusik.memory.store.entry import DocumentEntry, PassageEntry, Recipe
from hausmusik.memory.store.store import MemoryStore

RECIPE = Recipe(budget_tokens=1200, overlap_tokens=100, extractor=REVISION, embedder="none")


class Meant(msgspec.Struct, frozen=True, kw_only=True):
    """What a spelling means in a document.

    Args:
        document: Its name without the ending.
        surface: As written there.
        type: By the rules.
        entity: Most of its mentions mean it.
        title: Of the entity.
        mentions: How many there are.
        line: The first one stands in it.
        speaker: Whether it is a speaker's name there.
    """

    document: str
    surface: str
    type: str
    entity: int
    title: str
    mentions: int
    line: str
    speaker: bool


def entries_of(paths: Sequence[Path]) -> list[DocumentEntry]:
    """Read, cut and extract documents, in order, each knowing the people of those before."""
    people: set[str] = set()
    found: list[DocumentEntry] = []
    for path in paths:
        document = read_document(path, name=path.name, limits=ReadLimits())
        passages = cut(document, budget_tokens=1200, overlap_tokens=100, count=approximate_tokens)
        reader = RuleReader(document, people)
        entries = tuple(PassageEntry(passage=each, extraction=reader.extract(each)) for each in passages)
        named = (name for entry in entries for name in entry.extraction.entities if name.type == "person")
        people |= people_words(key_of(name.name, name.type) for name in named)
        found.append(DocumentEntry(document=document, passages=entries))
    return found


def built(entries: Sequence[DocumentEntry], path: Path) -> MemoryStore:
    """Put documents into a new memory."""
    store = MemoryStore(path, SystemClock())
    store.put_all(entries, RECIPE)
    return store


def meanings(store: MemoryStore) -> list[Meant]:
    """Return what every spelling of every document means, in the order of documents and first mentions."""
    statement = (
        "SELECT d.path, m.start, m.end, p.text, p.speakers, n.key, n.surface, n.type, n.entity, e.title"
        " FROM mentions m JOIN passages p ON p.id = m.passage JOIN documents d ON d.id = p.document"
        " JOIN names n ON n.id = m.name JOIN entities e ON e.id = n.entity ORDER BY d.path, p.ordinal, m.start, m.id"
    )
    with store.database.read() as connection:
        rows = connection.execute(statement).fetchall()
    found: dict[tuple[str, str], list[tuple[int, str, str, str, bool]]] = {}
    for path, start, end, text, speakers, key, surface, type_, entity, title in rows:
        if start >= 0:
            written = " ".join(text[start:end].split())
        else:
            labels = msgspec.json.decode(speakers, type=list[str])
            written = next((each for each in labels if key_of(each, "person") == key), surface)
        line = text[text.rfind("\n", 0, max(start, 0)) + 1 :].split("\n", 1)[0] if start >= 0 else ""
        if start >= 0:
            at = start - (text.rfind("\n", 0, start) + 1)
            line = line[max(0, at - 60) : at + 80]
        found.setdefault((Path(path).stem, written), []).append((entity, title, type_, line, start < 0))
    meant: list[Meant] = []
    for (document, surface), each in found.items():
        entity, title = Counter((row[0], row[1]) for row in each).most_common(1)[0][0]
        meant.append(
            Meant(
                document=document,
                surface=surface,
                type=Counter(row[2] for row in each).most_common(1)[0][0],
                entity=entity,
                title=title,
                mentions=len(each),
                line=next((row[3] for row in each if row[3]), ""),
                speaker=any(row[4] for row in each),
            )
        )
    return meant


def doubts(store: MemoryStore) -> set[frozenset[int]]:
    """Return the pairs of entities that are kept as a doubt."""
    with store.database.read() as connection:
        rows = connection.execute(
            "SELECT n.entity, o.entity FROM doubts d JOIN names n ON n.id = d.name JOIN names o ON o.id = d.other"
        ).fetchall()
    return {frozenset(row) for row in rows}
