"""Reading what a memory's passages say of two entities.

Each function runs inside one read transaction of its caller.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from hausmusik.config.database import rows_of
from hausmusik.memory.moments import is_by
from hausmusik.memory.store.closing import ended_by
from hausmusik.memory.store.reading import marks, parted
from hausmusik.memory.store.tables import SAID_AT


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


def ties_of(connection: sqlite3.Connection, entity: int, as_of: str = "") -> Iterator[tuple[int, int]]:
    """Yield of the facts of an entity that held at a moment id and other, the surest and newest first; empty: of all.

    Names and texts are what takes long of a fact; whoever is in many thousand has few that are wanted.
    """
    sides = (("source", "target"), ("target", "source"))
    both = " UNION ALL ".join(
        "SELECT f.id, o.entity AS other, f.valid_from, f.valid_to, f.closed_by, f.weight, f.passage FROM names n"
        f" JOIN facts f ON f.{here} = n.id JOIN names o ON o.id = f.{there} WHERE n.entity = ? AND o.entity <> n.entity"
        for here, there in sides
    )
    rows = connection.execute(
        f"SELECT f.id, other, valid_from, valid_to, closed_by, {SAID_AT} FROM ({both}) f"
        " JOIN passages p ON p.id = f.passage JOIN documents d ON d.id = p.document"
        " ORDER BY f.weight DESC, valid_from DESC, f.id",
        (entity, entity),
    ).fetchall()
    for id_, other, valid_from, valid_to, closed_by, said_at in rows:
        if not as_of or _held(connection, (id_, closed_by), (valid_from, valid_to, said_at), as_of) is not None:
            yield id_, other


def held_then(connection: sqlite3.Connection, facts: Iterable[FactRow], as_of: str) -> list[FactRow]:
    """Return those of some facts that had been said and held at a moment, with their ends as they were known then.

    Args:
        connection: Inside a transaction.
        facts: Of this memory; one without a time had been said and held.
        as_of: As `read_moment` returns it; empty: all, as they are known now.
    """
    if not as_of:
        return list(facts)
    found: list[FactRow] = []
    for fact in facts:
        times = (fact.valid_from, fact.valid_to, fact.said_at)
        if (end := _held(connection, (fact.id, fact.closed_by), times, as_of)) is not None:
            found.append(msgspec.structs.replace(fact, valid_to=end[0], closed_by=end[1]))
    return found


def _held(
    connection: sqlite3.Connection, which: tuple[int, int | None], times: tuple[str, str, str], as_of: str
) -> tuple[str, int | None] | None:
    """Return when a fact ends and what ends it, as known at a moment; None where it had not been said or did not hold.

    Args:
        connection: Inside a transaction.
        which: Id, and that of the fact that ended it.
        times: When it began, ended, was said.
        as_of: As `read_moment` returns it.
    """
    began, ended, said_at = times
    if not (is_by(said_at, as_of) and is_by(began, as_of)):
        return None
    end = (ended, which[1]) if which[1] is None else ended_by(connection, which[0], as_of)
    return None if end[0] and is_by(end[0], as_of) else end


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
