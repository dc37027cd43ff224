"""Reading a memory: passages with all that a citation names, entities with their names and facts, words searched.

Each function runs inside one read transaction of its caller. Knows nothing of how results are ranked together.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np

from hausmusik.config.database import rows_of
from hausmusik.memory.store.writing import STORED
from hausmusik.types import FloatArray

AT_ONCE: Final = 500
"""Ids in one statement; SQLite takes 32,766 values, older ones 999."""


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


class FactRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a passage says of two entities.

    Args:
        id: In this memory.
        passage: Which says it.
        source: Id and title of the one entity.
        target: Of the other.
        kind: The predicate.
        keywords: What it is about.
        description: One sentence.
        start: Of the span that supports it, in the passage.
        end: Behind it.
        weight: How sure it is.
        valid_from: When it began to hold, ISO 8601; empty where unknown.
        valid_to: When it ended; empty: it still holds, as far as is known.
        learnt_at: When it came into this memory.
        closed_by: The fact that ended it.
    """

    id: int
    passage: int
    source: tuple[int, str]
    target: tuple[int, str]
    kind: str
    keywords: str
    description: str
    start: int
    end: int
    weight: float
    valid_from: str
    valid_to: str
    learnt_at: str
    closed_by: int | None


def passages(connection: sqlite3.Connection, ids: Sequence[int]) -> list[StoredPassage]:
    """Return passages by id, in the order asked for; those that are gone are left out."""
    found: dict[int, StoredPassage] = {}
    for some in _parts(ids):
        rows = rows_of(
            connection,
            "SELECT p.id, p.document, d.path, d.title, d.kind, d.date, p.text, p.start, p.end, p.tokens, p.line,"
            " p.last_line, p.page, p.speakers, p.at, p.at_s, p.headings, p.level, p.marks"
            f" FROM passages p JOIN documents d ON d.id = p.document WHERE p.id IN ({_marks(some)})",
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
        "SELECT rowid, -bm25(passage_words) FROM passage_words WHERE passage_words MATCH ?"
        " ORDER BY rank, rowid LIMIT ?",
        (_any_of(words), limit),
    )
    return [(int(row[0]), float(row[1])) for row in rows]


def windows(connection: sqlite3.Connection, dim: int) -> tuple[Any, Any, FloatArray]:
    """Return all windows: passage ids `(n,)`, starts and ends `(n, 2)`, vectors float32 `(n, dim)`."""
    ids: list[int] = []
    spans: list[tuple[int, int]] = []
    blobs: list[bytes] = []
    for passage, start, end, vector in connection.execute(
        "SELECT passage, start, end, vector FROM windows WHERE length(vector) = ? ORDER BY id", (2 * dim,)
    ):
        ids.append(passage)
        spans.append((start, end))
        blobs.append(vector)
    matrix = np.frombuffer(b"".join(blobs), dtype=STORED).astype(np.float32).reshape(-1, dim)
    return np.asarray(ids, np.int64), np.asarray(spans, np.int64).reshape(-1, 2), matrix


def count_words(connection: sqlite3.Connection, words: Mapping[str, Collection[str]]) -> dict[str, int]:
    """Return in how many passages any of some words is, by what they stand for."""
    statement = "SELECT count(*) FROM passage_words WHERE passage_words MATCH ?"
    return {key: int(connection.execute(statement, (_any_of(some),)).fetchone()[0]) for key, some in words.items()}


def _any_of(words: Collection[str]) -> str:
    return " OR ".join('"' + word.replace('"', '""') + '"' for word in words)


def passage_places(connection: sqlite3.Connection) -> list[tuple[int, str, int]]:
    """Return id, time and document of every passage, by id."""
    return connection.execute(
        "SELECT p.id, CASE p.at WHEN '' THEN d.date ELSE p.at END, p.document FROM passages p"
        " JOIN documents d ON d.id = p.document ORDER BY p.id"
    ).fetchall()


def fact_vectors(connection: sqlite3.Connection, dim: int) -> tuple[list[tuple[int, int, int, int]], FloatArray]:
    """Return id, passage and the two entities of each fact that has a vector, and the vectors, float32 `(n, dim)`."""
    rows = connection.execute(
        "SELECT f.id, f.passage, s.entity, t.entity, f.vector FROM facts f JOIN names s ON s.id = f.source"
        " JOIN names t ON t.id = f.target WHERE length(f.vector) = ? ORDER BY f.id",
        (2 * dim,),
    ).fetchall()
    matrix = np.frombuffer(b"".join(row[4] for row in rows), dtype=STORED).astype(np.float32).reshape(-1, dim)
    return [row[:4] for row in rows], matrix


def edges(connection: sqlite3.Connection) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, float, str, str]]]:
    """Return the graph: passage, entity and count of mentions; and source, target, weight and validity of facts."""
    mentioned = connection.execute(
        "SELECT m.passage, n.entity, count(*) FROM mentions m JOIN names n ON n.id = m.name"
        " GROUP BY m.passage, n.entity ORDER BY m.passage, n.entity"
    ).fetchall()
    facts = connection.execute(
        "SELECT s.entity, t.entity, f.weight, f.valid_from, f.valid_to FROM facts f JOIN names s ON s.id = f.source"
        " JOIN names t ON t.id = f.target ORDER BY f.id"
    ).fetchall()
    return mentioned, facts


def names(connection: sqlite3.Connection) -> Iterator[tuple[str, int, str, int]]:
    """Yield key, entity, type and mentions of every name."""
    yield from connection.execute("SELECT key, entity, type, mentions FROM names ORDER BY id")


def entity_rows(connection: sqlite3.Connection, ids: Sequence[int]) -> list[EntityRow]:
    """Return entities by id, in the order asked for; those that are gone are left out."""
    found: dict[int, EntityRow] = {}
    for some in _parts(ids):
        spelt: dict[int, list[tuple[int, str, int, str, str]]] = {}
        for row in connection.execute(
            f"SELECT entity, id, surface, mentions, type, typed_by FROM names WHERE entity IN ({_marks(some)})"
            " ORDER BY mentions DESC, id",
            some,
        ):
            spelt.setdefault(row[0], []).append(row[1:])
        for id_, title, type_ in connection.execute(
            f"SELECT id, title, type FROM entities WHERE id IN ({_marks(some)})",
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


def facts_of(connection: sqlite3.Connection, entities: Sequence[int], *, limit: int = 200) -> list[FactRow]:
    """Return facts of which some entities are one side or the other, the surest and newest first."""
    found: list[FactRow] = []
    for some in _parts(entities):
        marks = _marks(some)
        found += _facts(
            connection,
            f"WHERE s.entity IN ({marks}) OR t.entity IN ({marks})"
            " ORDER BY f.weight DESC, f.valid_from DESC, f.id LIMIT ?",
            (*some, *some, limit),
        )
    return found


def facts_in(connection: sqlite3.Connection, passage_ids: Sequence[int]) -> list[FactRow]:
    """Return what some passages say."""
    return [
        fact
        for some in _parts(passage_ids)
        for fact in _facts(connection, f"WHERE f.passage IN ({_marks(some)}) ORDER BY f.id", some)
    ]


def _facts(connection: sqlite3.Connection, rest: str, values: Sequence[Any]) -> list[FactRow]:
    rows = rows_of(
        connection,
        "SELECT f.id, f.passage, es.id AS s_id, es.title AS s_title, et.id AS t_id, et.title AS t_title, f.kind,"
        " f.keywords, f.description, f.start, f.end, f.weight, f.valid_from, f.valid_to, f.learnt_at, f.closed_by"
        " FROM facts f JOIN names s ON s.id = f.source JOIN names t ON t.id = f.target"
        f" JOIN entities es ON es.id = s.entity JOIN entities et ON et.id = t.entity {rest}",
        values,
    )
    return [
        FactRow(source=(row.pop("s_id"), row.pop("s_title")), target=(row.pop("t_id"), row.pop("t_title")), **row)
        for row in rows
    ]


def _parts(ids: Sequence[int]) -> Iterator[tuple[int, ...]]:
    once = list(dict.fromkeys(int(each) for each in ids))
    for first in range(0, len(once), AT_ONCE):
        yield tuple(once[first : first + AT_ONCE])


def _marks(values: Sequence[Any]) -> str:
    return ",".join("?" * len(values))


def _texts(document: str) -> tuple[str, ...]:
    return msgspec.json.decode(document, type=tuple[str, ...])
