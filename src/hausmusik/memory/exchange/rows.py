"""A memory row by row, in an order that stays: documents by path, what they hold in its order, entities by title.

Each function runs inside one read transaction of its caller, and holds no more than some hundred rows. Knows nothing
of formats.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

import msgspec

from hausmusik.config.database import rows_of
from hausmusik.memory.store import reading
from hausmusik.memory.store.facts import FactRow, facts_in, facts_of
from hausmusik.memory.store.reading import EntityRow, StoredPassage

T = TypeVar("T")

AT_ONCE: Final = 200
MOST_DESCRIPTIONS: Final = 8
"""Of an entity: what more passages say of it stands in its facts."""


class StoredDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document without its text.

    Args:
        id: In this memory.
        path: As it was added.
        kind: What it was taken for.
        title: Of it.
        date: ISO 8601; empty where unknown.
        language: ISO 639-1; empty where unknown.
        sha256: Of the file's bytes.
        size_bytes: Of the file.
        added_at: When it came into this memory, ISO 8601.
    """

    id: int
    path: str
    kind: str
    title: str
    date: str
    language: str
    sha256: str
    size_bytes: int
    added_at: str


class DescribedEntity(msgspec.Struct, frozen=True, kw_only=True):
    """An entity with what is said of it.

    Args:
        row: Itself.
        description: What passages say of it, or its facts where they say nothing; may be empty.
    """

    row: EntityRow
    description: str


def documents(connection: sqlite3.Connection) -> Iterator[StoredDocument]:
    """Yield all documents, by path."""
    fields = ", ".join(StoredDocument.__struct_fields__)
    for row in rows_of(connection, f"SELECT {fields} FROM documents ORDER BY path"):  # noqa: S608 -- our own names
        yield StoredDocument(**row)


def passages_of(connection: sqlite3.Connection, document: int) -> Iterator[StoredPassage]:
    """Yield the passages of a document, in order."""
    ids = [
        row[0]
        for row in connection.execute("SELECT id FROM passages WHERE document = ? ORDER BY ordinal, id", (document,))
    ]
    for some in in_parts(ids):
        yield from reading.passages(connection, some)


def passages(connection: sqlite3.Connection) -> Iterator[StoredPassage]:
    """Yield all passages, by document and order."""
    for document in documents(connection):
        yield from passages_of(connection, document.id)


def facts(connection: sqlite3.Connection) -> Iterator[tuple[FactRow, StoredPassage]]:
    """Yield all facts with the passages that say them, in the passages' order."""
    for some in in_parts(passages(connection)):
        said: dict[int, list[FactRow]] = {}
        for fact in facts_in(connection, [passage.id for passage in some]):
            said.setdefault(fact.passage, []).append(fact)
        for passage in some:
            for fact in said.get(passage.id, ()):
                yield fact, passage


def entities(connection: sqlite3.Connection) -> Iterator[DescribedEntity]:
    """Yield all entities, by title, type and id."""
    ids = [row[0] for row in connection.execute("SELECT id FROM entities ORDER BY title, type, id")]
    for some in in_parts(ids):
        for row in reading.entity_rows(connection, some):
            yield DescribedEntity(row=row, description=_description(connection, row))


def mentioned_in(connection: sqlite3.Connection, entity: int) -> list[int]:
    """Return the passages that mention an entity."""
    rows = connection.execute(
        "SELECT DISTINCT m.passage FROM mentions m JOIN names n ON n.id = m.name WHERE n.entity = ? ORDER BY m.passage",
        (entity,),
    )
    return [row[0] for row in rows]


def in_parts(values: Iterable[T], size: int = AT_ONCE) -> Iterator[list[T]]:
    """Yield values some hundred at a time."""
    left = iter(values)
    while some := list(islice(left, size)):
        yield some


def _description(connection: sqlite3.Connection, entity: EntityRow) -> str:
    said = [
        row[0]
        for row in connection.execute(
            "SELECT m.description FROM mentions m JOIN names n ON n.id = m.name"
            " WHERE n.entity = ? AND m.description <> '' GROUP BY m.description ORDER BY min(m.id) LIMIT ?",
            (entity.id, MOST_DESCRIPTIONS),
        )
    ]
    if not said:
        known = facts_of(connection, [entity.id], limit=MOST_DESCRIPTIONS)
        said = list(dict.fromkeys(fact.description for fact in known if fact.description))
    return " ".join(said)
