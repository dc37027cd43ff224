"""Names whose type nobody could tell, and what becomes of them once somebody has guessed it.

Each function runs inside one transaction of its caller. Knows nothing of who is asked.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from hausmusik.memory.extraction.asking import NameAsked, line_around
from hausmusik.memory.extraction.values import OTHER
from hausmusik.memory.store.names import tidy


class UnknownName(msgspec.Struct, frozen=True, kw_only=True):
    """A name whose type is not known.

    Args:
        name: Its id.
        asked: Its spelling, and a line in which it stands.
        about: Hash of the passage that the line is from.
    """

    name: int
    asked: NameAsked
    about: bytes


def unknown_names(connection: sqlite3.Connection) -> list[UnknownName]:
    """Return one name, the most mentioned, of each entity without a type; those that are mentioned most come first."""
    rows = connection.execute(
        "SELECT n.id, n.surface, max(n.mentions) FROM names n JOIN entities e ON e.id = n.entity"
        " WHERE e.type = ? AND n.scope = '' GROUP BY e.id ORDER BY sum(n.mentions) DESC, n.id",
        (OTHER,),
    ).fetchall()
    found: list[UnknownName] = []
    for name, surface, _ in rows:
        if (line := _line_of(connection, name)) is not None:
            found.append(UnknownName(name=name, asked=NameAsked(surface, line[0]), about=line[1]))
    return found


def give_types(connection: sqlite3.Connection, typed: Sequence[tuple[int, str]], by: str) -> int:
    """Let the entities of some names be of types; returns how many were of none until now.

    Args:
        connection: Inside a write transaction.
        typed: Id and type of each name.
        by: Who says so, an instrument.
    """
    count = 0
    for name, type_ in typed:
        row = connection.execute(
            "SELECT e.id FROM names n JOIN entities e ON e.id = n.entity WHERE n.id = ? AND e.type = ?", (name, OTHER)
        ).fetchone()
        if row is None or type_ == OTHER:
            continue
        # Where the same letters are a name of that type already, of somebody else, this one stays what it is.
        connection.execute(
            "UPDATE OR IGNORE names SET type = ?, typed_by = ? WHERE entity = ? AND type = ?", (type_, by, *row, OTHER)
        )
        tidy(connection, row)
        count += connection.execute("SELECT type FROM entities WHERE id = ?", row).fetchone()[0] != OTHER
    return count


def _line_of(connection: sqlite3.Connection, name: int) -> tuple[str, bytes] | None:
    """Return the first line in which a name stands, and the hash of its passage; None where only labels have it."""
    row = connection.execute(
        "SELECT p.text, m.start, m.end, p.hash FROM mentions m JOIN passages p ON p.id = m.passage"
        " WHERE m.name = ? AND m.start >= 0 ORDER BY m.id LIMIT 1",
        (name,),
    ).fetchone()
    return (line_around(row[0], row[1], row[2]), row[3]) if row else None
