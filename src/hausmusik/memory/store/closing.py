"""When facts end: of kinds that hold with one target at a time a later fact ends the earlier, and lets it be again.

Inside a write transaction; knows nothing of documents.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from hausmusik.memory.extraction.cues import single_kinds


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
