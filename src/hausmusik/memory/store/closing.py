"""When facts end: of kinds that hold with one target at a time a later fact ends the earlier, and lets it be again.

Inside a transaction, of writing where something is changed; knows nothing of what documents are.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from hausmusik.memory.extraction.cues import single_kinds
from hausmusik.memory.moments import is_by
from hausmusik.memory.store.tables import SAID_AT


def may_close(connection: sqlite3.Connection, where: str, values: Sequence[Any]) -> set[tuple[int, str]]:
    """Return entity and kind of those facts of some passages that other facts may have ended with."""
    kinds = sorted(single_kinds())
    marks = ",".join("?" * len(kinds))
    rows = connection.execute(
        f"SELECT DISTINCT s.entity, f.kind FROM passages p JOIN facts f ON f.passage = p.id"
        f" JOIN names s ON s.id = f.source WHERE f.kind IN ({marks}) AND {where}",
        (*kinds, *values),
    )
    return set(rows.fetchall())


def close_again(connection: sqlite3.Connection, closing: set[tuple[int, str]]) -> None:
    """Let facts of some sources and kinds end, or hold again, by those that are there now."""
    for entity, kind in sorted(closing):
        close_contradicted(connection, entity, kind)


def close_contradicted(connection: sqlite3.Connection, entity: int, kind: str) -> None:
    """Let each fact of a kind that holds with one target at a time end where the next one with another begins.

    All of them are looked at in the order in which they began, so that it does not matter in which order they were
    learnt. Nothing is overwritten: what ends keeps its row, with when and by which fact.
    """
    rows = connection.execute(
        "SELECT f.id, f.valid_from, t.entity FROM facts f JOIN names s ON s.id = f.source"
        " JOIN names t ON t.id = f.target"
        " WHERE s.entity = ? AND f.kind = ? AND f.valid_from <> '' ORDER BY f.valid_from, f.id",
        (entity, kind),
    ).fetchall()
    for place, (id_, began, target) in enumerate(rows):
        after = next((row for row in rows[place + 1 :] if row[2] != target and row[1] > began), None)
        connection.execute(
            "UPDATE facts SET valid_to = ?, closed_by = ? WHERE id = ?",
            (after[1] if after else "", after[0] if after else None, id_),
        )


def close_all_contradicted(connection: sqlite3.Connection, entities: Iterable[int]) -> None:
    """Let the facts of some entities end where they should, after names of them have moved.

    A fact of somebody else may end with another target too, where the target has moved.
    """
    kinds = sorted(single_kinds())
    marks = ",".join("?" * len(kinds))
    for entity in entities:
        rows = connection.execute(
            "SELECT DISTINCT s.entity, f.kind FROM facts f JOIN names s ON s.id = f.source"
            f" JOIN names t ON t.id = f.target WHERE f.kind IN ({marks}) AND ? IN (s.entity, t.entity)",
            (*kinds, entity),
        ).fetchall()
        close_again(connection, set(rows))


def ended_by(connection: sqlite3.Connection, fact: int, as_of: str) -> tuple[str, int | None]:
    """Return when a fact that another ended had ended, and by which, by what had been said at a moment.

    Args:
        connection: Inside a transaction.
        fact: Id.
        as_of: As `read_moment` returns it.

    Returns:
        An empty time and None where nothing that ends it had been said.
    """
    later = connection.execute(
        f"SELECT f.valid_from, f.id, {SAID_AT} FROM facts e JOIN names es ON es.id = e.source"
        " JOIN names et ON et.id = e.target JOIN names s ON s.entity = es.entity JOIN facts f ON f.source = s.id"
        " JOIN names t ON t.id = f.target JOIN passages p ON p.id = f.passage JOIN documents d ON d.id = p.document"
        " WHERE e.id = ? AND f.kind = e.kind AND t.entity <> et.entity AND f.valid_from > e.valid_from"
        " ORDER BY f.valid_from, f.id",
        (fact,),
    )
    return next(((began, id_) for began, id_, said_at in later if is_by(said_at, as_of)), ("", None))
