"""Reading a memory: passages with all that a citation names, entities with their names, words searched.

Each function runs inside one read transaction of its caller. Knows nothing of how results are ranked together.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from hausmusik.config.database import rows_of
from hausmusik.memory.moments import is_by
from hausmusik.memory.store.tables import SAID_AT
from hausmusik.memory.store.writing import STORED

AT_ONCE: Final = 500
"""Ids in one statement; SQLite takes 32,766 values, older ones 999."""

ROWS_AT_ONCE: Final = 50_000
LONGEST_TIME: Final = 32
SUM_TO: Final = 1_000_003


class Block(NamedTuple):
    """Rows of one kind as arrays.

    Args:
        of: Passage of each, `(n,)`.
        columns: What else there is of each, `(n,)`.
        matrix: Vectors, float16 `(n, dim)`; None: they have none.
    """

    of: Any
    columns: tuple[Any, ...]
    matrix: Any


class StoredPassage(msgspec.Struct, frozen=True, kw_only=True):
    """A passage as a citation needs it.

    Args:
        id: In this memory.
        document: Id of its document.
        path: The document's, as it was added.
        title: The document's.
        kind: The document's.
        text: Its own.
        start: Of its first character in the document's text.
        end: Behind its last one.
        tokens: As counted when it was cut.
        line: First line in the file; 0: none.
        last_line: Last one.
        page: First page; 0: none.
        speakers: Who speaks in it.
        at: When, ISO 8601; empty where unknown.
        at_s: Seconds from the beginning of a recording.
        headings: Under which it stands.
        level: The worst level of a log.
        date: The document's.
        marks: Offset in the text, line and page of what begins there, where counting does not tell.
    """

    id: int
    document: int
    path: str
    title: str
    kind: str
    text: str
    start: int
    end: int
    tokens: int
    line: int
    last_line: int
    page: int
    speakers: tuple[str, ...]
    at: str
    at_s: float | None
    headings: tuple[str, ...]
    level: str
    date: str
    marks: tuple[tuple[int, int, int], ...] = ()

    def place_at(self, offset: int) -> tuple[int, int]:
        """Return line and page of a character of the text, each 0 where the file has none."""
        if self.marks:
            return next((mark[1:] for mark in reversed(self.marks) if mark[0] <= offset), self.marks[0][1:])
        return (self.line + self.text.count("\n", 0, offset) if self.line else 0), self.page

    @property
    def when(self) -> str:
        """When it was said or written, as well as is known."""
        return self.at or self.date


class EntityRow(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody or something.

    Args:
        id: In this memory.
        title: What it is called most.
        type: Of the ontology, or `other`.
        mentions: How many there are.
        names: Id and spelling of each of its names, most mentioned first.
        typed_by: Which language model guessed the type; empty: it was found.
    """

    id: int
    title: str
    type: str
    mentions: int = 0
    names: tuple[tuple[int, str], ...] = ()
    typed_by: str = ""


def mentions_then(
    connection: sqlite3.Connection, as_of: str, *, type_: str = "", entity: int | None = None
) -> dict[int, int]:
    """Return how often each entity had been mentioned at a moment, the most first; those that had not are left out.

    Args:
        connection: Inside a transaction.
        as_of: As `read_moment` returns it.
        type_: Only entities of this type; empty: of all.
        entity: Only this one.
    """
    said = f"SELECT DISTINCT {SAID_AT} FROM passages p JOIN documents d ON d.id = p.document"
    times = [when for (when,) in connection.execute(said) if is_by(when, as_of)]
    rows = connection.execute(
        "SELECT n.entity, count(*) FROM mentions m JOIN names n ON n.id = m.name JOIN entities e ON e.id = n.entity"
        " JOIN passages p ON p.id = m.passage JOIN documents d ON d.id = p.document"
        f" WHERE {SAID_AT} IN (SELECT value FROM json_each(?1)) AND ?2 IN ('', e.type) AND (?3 IS NULL OR e.id = ?3)"
        " GROUP BY n.entity ORDER BY count(*) DESC, n.entity",
        (msgspec.json.encode(times).decode(), type_, entity),
    )
    return dict(rows.fetchall())


def passages(connection: sqlite3.Connection, ids: Sequence[int]) -> list[StoredPassage]:
    """Return passages by id, in the order asked for; those that are gone are left out."""
    found: dict[int, StoredPassage] = {}
    for some in parted(ids):
        rows = rows_of(
            connection,
            "SELECT p.id, p.document, d.path, d.title, d.kind, d.date, p.text, p.start, p.end, p.tokens, p.line,"
            " p.last_line, p.page, p.speakers, p.at, p.at_s, p.headings, p.level, p.marks"
            f" FROM passages p JOIN documents d ON d.id = p.document WHERE p.id IN ({marks(some)})",
            some,
        )
        for row in rows:
            texts: dict[str, Any] = {name: _texts(row[name]) for name in ("speakers", "headings")}
            texts["marks"] = msgspec.json.decode(row["marks"], type=tuple[tuple[int, int, int], ...])
            found[row["id"]] = StoredPassage(**(row | texts))
    return [found[id_] for id_ in ids if id_ in found]


def search_words(connection: sqlite3.Connection, words: Collection[str], limit: int) -> list[tuple[int, float]]:
    """Return passages that have any of some words, best first by BM25, with their scores (higher is better).

    Args:
        connection: Inside a transaction.
        words: Taken as they are: nothing in them is a query's syntax.
        limit: Most that are returned.
    """
    if not words:
        return []
    rows = connection.execute(
        "SELECT rowid, -rank FROM passage_words WHERE passage_words MATCH ? ORDER BY rank, rowid LIMIT ?",
        (_any_of(words), limit),
    )
    return [(int(row[0]), float(row[1])) for row in rows]


def count_words(connection: sqlite3.Connection, words: Mapping[str, Collection[str]]) -> dict[str, int]:
    """Return in how many passages any of some words is, by what they stand for."""
    statement = "SELECT count(*) FROM passage_words WHERE passage_words MATCH ?"
    return {key: int(connection.execute(statement, (_any_of(some),)).fetchone()[0]) for key, some in words.items()}


def passages_with(connection: sqlite3.Connection, words: Mapping[str, Collection[str]]) -> dict[str, list[int]]:
    """Return the ids of the passages that have any of some words, by what they stand for."""
    statement = "SELECT rowid FROM passage_words WHERE passage_words MATCH ?"
    return {key: [row[0] for row in connection.execute(statement, (_any_of(some),))] for key, some in words.items()}


def _any_of(words: Collection[str]) -> str:
    return " OR ".join('"' + word.replace('"', '""') + '"' for word in words)


def document_marks(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """Return of every document its id and what changes with it: hash, recipe, date, when it was put, last passage."""
    return connection.execute(
        "SELECT id, sha256, recipe, date, added_at, (SELECT max(p.id) FROM passages p WHERE p.document = d.id)"
        " FROM documents d ORDER BY id"
    ).fetchall()


def blocks(connection: sqlite3.Connection, dim: int, documents: Sequence[int] | None = None) -> tuple[Block, ...]:
    """Return what is searched of some documents, None: of all, as arrays.

    Args:
        connection: Inside a transaction.
        dim: Of the vectors; those of another are left out.
        documents: Ids.

    Returns:
        Passages (document, when: ISO 8601 as bytes); windows (start, end) with vectors; mentions (name), once a
        passage; facts (names of source and target, weight); those facts that have vectors (source, target) with them.
    """
    chosen, values = "", ()
    if documents is not None:
        chosen = " AND passage IN (SELECT id FROM passages WHERE document IN (SELECT value FROM json_each(?)))"
        values = (f"{list(documents)}",)
    places = connection.execute(
        f"SELECT p.id, p.document, {SAID_AT} FROM passages p"
        " JOIN documents d ON d.id = p.document WHERE 1" + chosen.replace("passage IN", "p.id IN"),
        values,
    )
    windows = connection.execute(
        f"SELECT passage, start, end, vector FROM windows WHERE length(vector) = ?{chosen}", (2 * dim, *values)
    )
    mentions = connection.execute(f"SELECT passage, name FROM mentions WHERE 1{chosen}", values)
    facts = connection.execute(f"SELECT passage, source, target, weight FROM facts WHERE 1{chosen}", values)
    told = connection.execute(
        f"SELECT passage, source, target, vector FROM facts WHERE length(vector) = ?{chosen}", (2 * dim, *values)
    )
    return (
        _block(places, "it"),
        _block(windows, "ii", dim),
        _once(_block(mentions, "i")),
        _block(facts, "iif"),
        _block(told, "ii", dim),
    )


def _block(cursor: sqlite3.Cursor, kinds: str, dim: int = 0) -> Block:
    """Return rows as arrays; some at a time, for as tuples they take ten times as much."""
    parts: list[list[Any]] = [[] for _ in range(len(kinds) + 1)]
    matrices: list[Any] = [np.zeros((0, dim), STORED)]
    while some := cursor.fetchmany(ROWS_AT_ONCE):
        columns = list(zip(*some, strict=True))
        for part, kind, column in zip(parts, "i" + kinds, columns, strict=False):
            part.append(_array(column, kind))
        if dim:
            matrices.append(np.frombuffer(b"".join(columns[-1]), STORED).reshape(-1, dim))
    of, *columns = (
        np.concatenate(part) if part else _array((), kind) for part, kind in zip(parts, "i" + kinds, strict=True)
    )
    return Block(of=of, columns=tuple(columns), matrix=np.concatenate(matrices) if dim else None)


def _once(mentions: Block) -> Block:
    """Return each passage and name once, however often it is there; SQLite takes ten times as long for it."""
    pairs = np.unique((mentions.of.astype(np.int64) << 32) | mentions.columns[0])
    return Block(of=(pairs >> 32).astype(np.int32), columns=(pairs.astype(np.int32),), matrix=None)


def _array(values: Sequence[Any], kind: str) -> Any:
    if kind == "t":
        return np.asarray([value.encode() for value in values], f"S{LONGEST_TIME}")
    return np.asarray(values, np.int32 if kind == "i" else np.float32)


def names(connection: sqlite3.Connection, ids: Sequence[int] | None = None) -> list[tuple[int, str, int, str]]:
    """Return id, key, entity and type of some names, None: of every one, by id."""
    chosen = "" if ids is None else " WHERE id IN (SELECT value FROM json_each(?))"
    values = () if ids is None else (f"{list(ids)}",)
    return connection.execute(f"SELECT id, key, entity, type FROM names{chosen} ORDER BY id", values).fetchall()


def sum_of_names(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return how many names there are, and a sum that differs where one is another entity's or now a person's."""
    statement = f"SELECT count(*), total((id * 31 + entity * 17 + (type = 'person') * 7) % {SUM_TO}) FROM names"
    count, total = connection.execute(statement).fetchone()
    return int(count), int(total)


def entity_rows(connection: sqlite3.Connection, ids: Sequence[int]) -> list[EntityRow]:
    """Return entities by id, in the order asked for; those that are gone are left out."""
    found: dict[int, EntityRow] = {}
    for some in parted(ids):
        spelt: dict[int, list[tuple[int, str, int, str, str]]] = {}
        for row in connection.execute(
            f"SELECT entity, id, surface, mentions, type, typed_by FROM names WHERE entity IN ({marks(some)})"
            " ORDER BY mentions DESC, id",
            some,
        ):
            spelt.setdefault(row[0], []).append(row[1:])
        for id_, title, type_ in connection.execute(
            f"SELECT id, title, type FROM entities WHERE id IN ({marks(some)})",
            some,
        ):
            each = spelt.get(id_, [])
            found[id_] = EntityRow(
                id=id_,
                title=title,
                type=type_,
                mentions=sum(count for _, _, count, _, _ in each),
                names=tuple((name, surface) for name, surface, *_ in each),
                typed_by=next((by for *_, kind, by in each if kind == type_), ""),
            )
    return [found[id_] for id_ in ids if id_ in found]


def parted(ids: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield ids once each, so many at a time as one statement takes."""
    once = list(dict.fromkeys(int(each) for each in ids))
    for first in range(0, len(once), AT_ONCE):
        yield tuple(once[first : first + AT_ONCE])


def marks(values: Sequence[Any]) -> str:
    """Return as many question marks as there are values."""
    return ",".join("?" * len(values))


def _texts(document: str) -> tuple[str, ...]:
    return msgspec.json.decode(document, type=tuple[str, ...])
