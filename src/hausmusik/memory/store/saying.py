"""Names of which texts themselves say that they are one, and what becomes of them once no text says so any more.

Inside a write transaction. An entity falls into the parts that nothing holds together: not a text that is left, nor a
rule that found two of its names alike, nor the user. Knows nothing of documents that come or go.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

import msgspec

from hausmusik.memory.store.closing import close_all_contradicted
from hausmusik.memory.store.names import Names, tidy


class _Merge(NamedTuple):
    """Why a name came into its entity, and where the name is now that a rule found it alike."""

    name: int
    by: str
    at: str
    other: int | None
    other_entity: int | None


def saying(one: str, other: str) -> str:
    """Return the reason of a merge that a text itself gives: `World Health Organization (WHO)`."""
    return f"the text says so: {one} ({other})"


def unsay(connection: sqlite3.Connection, entities: Iterable[int]) -> None:
    """Part the names of entities that were put together by texts of which none is left; what the user said stays.

    Whom a name means then is decided as if it were new in the documents that have it.
    """
    told = connection.execute(
        "SELECT DISTINCT n.entity FROM names n JOIN merges m ON m.name = n.id WHERE m.by = 'text'"
        " AND n.entity IN (SELECT value FROM json_each(?)) ORDER BY n.entity",
        (f"{sorted(set(entities))}",),
    ).fetchall()
    for (entity,) in told:
        _divide(connection, entity)


def _divide(connection: sqlite3.Connection, entity: int) -> None:
    rows = connection.execute("SELECT id FROM names WHERE entity = ? ORDER BY id", (entity,))
    names: list[int] = [row[0] for row in rows]
    rows = connection.execute(
        "SELECT m.name, m.by, m.at, m.other, o.entity FROM merges m JOIN names n ON n.id = m.name"
        " LEFT JOIN names o ON o.id = m.other WHERE n.entity = ? AND m.undone_at = '' ORDER BY m.id",
        (entity,),
    )
    merges = [_Merge(*row) for row in rows]
    moved = {each.name for each in merges}
    first = next((name for name in names if name not in moved), names[0])
    ties = connection.execute(
        "SELECT a.name, a.other FROM aliases a JOIN names n ON n.id = a.name JOIN names o ON o.id = a.other"
        " WHERE n.entity = ?1 AND o.entity = ?1",
        (entity,),
    ).fetchall()
    # What the user put there, and what a rule found like a name that is gone, stays with whom it was put to.
    ties += [(each.name, first) for each in merges if each.by == "user" or (each.by == "rule" and each.other is None)]
    ties += [(each.name, each.other) for each in merges if each.other_entity == entity]
    stays = _reached(first, ties)
    for name in names:
        _tell(connection, name, stays)
    left: list[int] = [name for name in names if name not in stays]
    while left:
        part = sorted(_reached(left[0], ties))
        _leave(connection, part, entity, [each for each in merges if each.name in part])
        left = [name for name in left if name not in part]


def _reached(start: int, ties: Sequence[tuple[int, int]]) -> set[int]:
    """Return what hangs together with a name, itself among it."""
    found, size = {start}, 0
    while len(found) > size:
        size = len(found)
        found |= set(chain.from_iterable(tie for tie in ties if not found.isdisjoint(tie)))
    return found


def _tell(connection: sqlite3.Connection, name: int, stays: set[int]) -> None:
    """Let the record of what texts say of a name give the words of one that is left; drop it where there is none."""
    said = connection.execute(
        "SELECT o.surface, n.surface FROM aliases a JOIN names n ON n.id = a.name JOIN names o ON o.id = a.other"
        " WHERE a.name = ?1 OR (a.other = ?1 AND ?2) ORDER BY a.name <> ?1, a.passage, o.id LIMIT 1",
        (name, name in stays),
    ).fetchone()
    if said is None:
        connection.execute("DELETE FROM merges WHERE name = ? AND by = 'text'", (name,))
    else:
        connection.execute("UPDATE merges SET reason = ? WHERE name = ? AND by = 'text'", (saying(*said), name))


def _leave(connection: sqlite3.Connection, part: Sequence[int], entity: int, merges: Sequence[_Merge]) -> None:
    """Let names leave an entity: to whom texts say they are, or a rule found them like, or as one of their own."""
    told = connection.execute(
        "SELECT o.entity FROM aliases a JOIN names n ON n.id IN (a.name, a.other) JOIN names o"
        " ON o.id IN (a.name, a.other) WHERE n.id IN (SELECT value FROM json_each(?)) AND o.entity <> ?"
        " ORDER BY a.passage",
        (f"{list(part)}", entity),
    )
    alike = [each.other_entity for each in merges if each.by == "rule" and each.other_entity not in {None, entity}]
    homes = [*alike, *(row[0] for row in told)]
    home = homes[-1] if homes else None
    if home is None:
        statement = "INSERT INTO entities (title, type) SELECT surface, type FROM names WHERE id = ?"
        home = int(connection.execute(statement, part[:1]).lastrowid or 0)
    _move(connection, part, home)
    if not homes:
        for each in merges:
            if each.by == "text" and _is_another(connection, each.name, each.at):
                home = connection.execute("SELECT entity FROM names WHERE id = ?", (each.name,)).fetchone()[0]
                _move(connection, part, home)
                break
    close_all_contradicted(connection, (entity, home))


def _is_another(connection: sqlite3.Connection, name: int, at: str) -> bool:
    """Decide whom a name means by the documents that have it; returns whether it is another's."""
    documents = connection.execute(
        "SELECT DISTINCT d.id, d.speakers FROM mentions m JOIN passages p ON p.id = m.passage"
        " JOIN documents d ON d.id = p.document WHERE m.name = ? ORDER BY d.id",
        (name,),
    ).fetchall()
    return any(
        Names(connection, document, at, msgspec.json.decode(speakers, type=list[str])).again(name)
        for document, speakers in documents
    )


def _move(connection: sqlite3.Connection, names: Sequence[int], into: int) -> None:
    """Let names be of another entity, with what is recorded of them."""
    listed = f"{list(names)}"
    inside = "IN (SELECT value FROM json_each(?))"
    left = connection.execute(f"SELECT DISTINCT entity FROM names WHERE id {inside}", (listed,)).fetchall()
    connection.execute(
        f"UPDATE merges SET into_entity = ? WHERE undone_at = '' AND name {inside}"
        " AND into_entity = (SELECT entity FROM names WHERE id = merges.name)",
        (into, listed),
    )
    connection.execute(f"UPDATE names SET entity = ? WHERE id {inside}", (into, listed))
    tidy(connection, {into, *(row[0] for row in left)})
