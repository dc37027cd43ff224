"""Reading what a memory's passages say of two entities.

Each function runs inside one read transaction of its caller.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from hausmusik.config.database import rows_of
from hausmusik.memory.store.reading import SAID_AT, marks, parted


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
        said_at: When its passage was said, else its document's date; empty where unknown.
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
    said_at: str
    learnt_at: str
    closed_by: int | None


def facts_of(connection: sqlite3.Connection, entities: Sequence[int], *, limit: int = 200) -> list[FactRow]:
    """Return facts of which some entities are one side and others the other, the surest and newest first; -1: all."""
    found: list[FactRow] = []
    for some in parted(entities):
        ids = marks(some)
        found += _facts(
            connection,
            f"WHERE s.entity <> t.entity AND (s.entity IN ({ids}) OR t.entity IN ({ids}))"
            " ORDER BY f.weight DESC, f.valid_from DESC, f.id LIMIT ?",
            (*some, *some, limit),
        )
    return found


def ties_of(connection: sqlite3.Connection, entity: int) -> list[tuple[int, int, str, str, str]]:
    """Return of all facts of an entity id, other, `valid_from`, `valid_to`, `said_at`; the surest and newest first.

    Names and texts are what takes long of a fact; whoever is in many thousand has few that are wanted.
    """
    sides = (("source", "target"), ("target", "source"))
    both = " UNION ALL ".join(
        "SELECT f.id, o.entity AS other, f.valid_from, f.valid_to, f.weight, f.passage FROM names n"
        f" JOIN facts f ON f.{here} = n.id JOIN names o ON o.id = f.{there} WHERE n.entity = ? AND o.entity <> n.entity"
        for here, there in sides
    )
    return connection.execute(
        f"SELECT f.id, other, valid_from, valid_to, {SAID_AT} FROM ({both}) f JOIN passages p ON p.id = f.passage"
        " JOIN documents d ON d.id = p.document ORDER BY f.weight DESC, valid_from DESC, f.id",
        (entity, entity),
    ).fetchall()


def facts_by_id(connection: sqlite3.Connection, ids: Sequence[int]) -> list[FactRow]:
    """Return facts by id, in the order asked for; those that are gone are left out."""
    found = {
        fact.id: fact for some in parted(ids) for fact in _facts(connection, f"WHERE f.id IN ({marks(some)})", some)
    }
    return [found[id_] for id_ in ids if id_ in found]


def facts_in(connection: sqlite3.Connection, passage_ids: Sequence[int]) -> list[FactRow]:
    """Return what some passages say."""
    return [
        fact
        for some in parted(passage_ids)
        for fact in _facts(connection, f"WHERE f.passage IN ({marks(some)}) ORDER BY f.id", some)
    ]


def _facts(connection: sqlite3.Connection, rest: str, values: Sequence[Any]) -> list[FactRow]:
    rows = rows_of(
        connection,
        "SELECT f.id, f.passage, es.id AS s_id, es.title AS s_title, et.id AS t_id, et.title AS t_title, f.kind,"
        " f.keywords, f.description, f.start, f.end, f.weight, f.valid_from, f.valid_to,"
        f" {SAID_AT} AS said_at, f.learnt_at, f.closed_by FROM facts f"
        " JOIN names s ON s.id = f.source JOIN names t ON t.id = f.target"
        " JOIN entities es ON es.id = s.entity JOIN entities et ON et.id = t.entity"
        f" JOIN passages p ON p.id = f.passage JOIN documents d ON d.id = p.document {rest}",
        values,
    )
    return [
        FactRow(source=(row.pop("s_id"), row.pop("s_title")), target=(row.pop("t_id"), row.pop("t_title")), **row)
        for row in rows
    ]
