"""From the names that a document's passages have to rows of names and entities, inside the document's transaction.

The same spelling of the same type is the same name everywhere, but for speakers whose label says nothing (`Speaker 1`):
those are names of their document. A name that is new is compared with those that share something with it; see
`resolving`. Knows nothing of passages.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final

from hausmusik.memory.extraction.values import OTHER
from hausmusik.memory.naming import is_shared_label, key_of
from hausmusik.memory.resolving import Candidate, Resolution, blocking_words, resolve

MOST_CANDIDATES: Final = 200
"""Names with a word that more of them share say nothing by sharing it; comparing all would make adding slower and
slower."""

LONGEST: Final = 160


class Names:
    """The names of one document while it is being written.

    Args:
        connection: Inside a write transaction.
        document: Its id, the scope of labels that say nothing.
        at: When, ISO 8601, for the record of merges.
    """

    def __init__(self, connection: sqlite3.Connection, document: int, at: str) -> None:
        self._connection = connection
        self._scope = str(document)
        self._at = at
        self._ids: dict[tuple[str, str, str], int] = {}
        self._typed: dict[str, int] = {}
        self.entities: set[int] = set()

    def id_of(self, surface: str, type_: str, *, speaker: bool = False) -> int | None:
        """Return the id of a name, made now where it is new; None where it has no letters or is a whole paragraph.

        A name whose type is not known takes the type that the document gives it elsewhere.
        """
        key = key_of(surface, type_)
        if not key or len(key) > LONGEST:
            return None
        if type_ == OTHER and key in self._typed:
            return self._typed[key]
        scope = self._scope if speaker and is_shared_label(surface) else ""
        place = (key, type_, scope)
        if place not in self._ids:
            self._ids[place] = self._known(place) or self._new(place, surface)
            self._typed.setdefault(key, self._ids[place])
        return self._ids[place]

    def _known(self, place: tuple[str, str, str]) -> int | None:
        statement = "SELECT id, entity FROM names WHERE key = ? AND type = ? AND scope = ?"
        row = self._connection.execute(statement, place).fetchone()
        if row is None and place[1] != OTHER:
            row = self._guessed(place)
        if row is None and place[1] == OTHER and not place[2]:
            # A name of unknown type is the typed one of the same letters, if there is exactly one.
            rows = self._connection.execute(
                "SELECT id, entity FROM names WHERE key = ? AND scope = '' ORDER BY mentions DESC, id LIMIT 2",
                place[:1],
            ).fetchall()
            row = rows[0] if rows else None
        if row is None:
            return None
        self.entities.add(int(row[1]))
        return int(row[0])

    def _guessed(self, place: tuple[str, str, str]) -> tuple[int, int] | None:
        """Return a name whose type a model only guessed, now that it is known; None where there is none."""
        key, type_, scope = place
        row = self._connection.execute(
            "SELECT id, entity FROM names WHERE key = ? AND scope = ? AND typed_by <> '' ORDER BY id LIMIT 1",
            (key, scope),
        ).fetchone()
        if row is not None:
            self._connection.execute("UPDATE names SET type = ?, typed_by = '' WHERE id = ?", (type_, row[0]))
            tidy(self._connection, row[1:])
        return row

    def _new(self, place: tuple[str, str, str], surface: str) -> int:
        key, type_, scope = place
        words = sorted(blocking_words(key))
        found = resolve(key, type_, self._candidates(words, type_)) if not scope else None
        entity = int(
            self._connection.execute("INSERT INTO entities (title, type) VALUES (?, ?)", (surface, type_)).lastrowid  # pyright: ignore[reportArgumentType] -- an INSERT has one
            or 0
        )
        name = int(
            self._connection.execute(
                "INSERT INTO names (entity, key, type, scope, surface) VALUES (?, ?, ?, ?, ?)",
                (entity, key, type_, scope, surface),
            ).lastrowid
            or 0
        )
        self._connection.executemany("INSERT INTO name_words VALUES (?, ?)", [(word, name) for word in words])
        self.entities.add(entity)
        if found is not None and found.candidate is not None:
            self._apply(name, entity, found)
        return name

    def _candidates(self, words: list[str], type_: str) -> list[Candidate]:
        ids: set[int] = set()
        for word in words:
            rows = self._connection.execute(
                "SELECT name FROM name_words WHERE word = ? LIMIT ?", (word, MOST_CANDIDATES + 1)
            ).fetchall()
            if len(rows) <= MOST_CANDIDATES:
                ids.update(row[0] for row in rows)
        statement = (
            "SELECT id, entity, key, type FROM names WHERE id IN (SELECT value FROM json_each(?)) AND scope = ''"
            " AND (type IN (?, ?) OR ? = ?) ORDER BY id"
        )
        found = self._connection.execute(statement, (f"{sorted(ids)}", type_, OTHER, type_, OTHER))
        return [
            Candidate(name=row[0], entity=row[1], key=row[2], type=row[3], is_here=row[1] in self.entities)
            for row in found
        ]

    def _apply(self, name: int, entity: int, found: Resolution) -> None:
        candidate = found.candidate
        if candidate is None:
            return
        if found.verdict == "same":
            move_name(
                self._connection,
                name,
                candidate.entity,
                by="rule",
                reason=f"{found.reason}: {candidate.key!r}",
                score=found.score,
                at=self._at,
            )
            self.entities.add(candidate.entity)
            self.entities.discard(entity)
        elif found.verdict == "doubt":
            self._connection.execute(
                "INSERT OR IGNORE INTO doubts (name, other, score, reason) VALUES (?, ?, ?, ?)",
                (name, candidate.name, found.score, found.reason),
            )


def move_name(
    connection: sqlite3.Connection, name: int, into: int, *, by: str, reason: str, score: float, at: str
) -> None:
    """Let a name mean another entity, and record it; the entity it leaves goes when no other name is left to it.

    Args:
        connection: Inside a write transaction.
        name: Its id.
        into: Entity.
        by: `rule`, `model` or `user`.
        reason: For people.
        score: 0 to 1.
        at: When, ISO 8601.
    """
    left, title = connection.execute(
        "SELECT e.id, e.title FROM names n JOIN entities e ON e.id = n.entity WHERE n.id = ?", (name,)
    ).fetchone()
    if left == into:
        return
    connection.execute("UPDATE names SET entity = ? WHERE id = ?", (into, name))
    connection.execute(
        "INSERT INTO merges (name, from_entity, from_title, into_entity, by, reason, score, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (name, left, title, into, by, reason, score, at),
    )
    tidy(connection, (left, into))


def tidy(connection: sqlite3.Connection, entities: Iterable[int]) -> None:
    """Bring entities up to date with their names: title and type of the most mentioned one; none left: it goes."""
    for entity in set(entities):
        names = connection.execute(
            "SELECT surface, type FROM names WHERE entity = ?"
            " ORDER BY (type = 'other'), mentions DESC, length(surface) DESC, id",
            (entity,),
        ).fetchall()
        if not names:
            connection.execute("DELETE FROM entities WHERE id = ?", (entity,))
            continue
        type_ = names[0][1]
        full = max((name for name, kind in names if kind == type_), key=lambda name: (len(name.split()), len(name)))
        title = full if type_ == "person" else names[0][0]
        connection.execute(
            "UPDATE entities SET title = ?, type = ?, summary = ''"
            " WHERE id = ? AND (title <> ? OR type <> ? OR summary <> '')",
            (title, type_, entity, title, type_),
        )
