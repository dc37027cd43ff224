"""From the names that a document's passages have to rows of names and entities, inside the document's transaction.

The same spelling of the same type is the same name everywhere, but for labels that say nothing (`Speaker 1`), for roles
(`Project Manager`, `the Chair`), and for a first or last name alone where nobody who speaks has to do with its bearer:
those are names of their document. A name that is new is compared with those that share something with it; see
`resolving`. Who speaks and who is named in full is known before any part of a name is met (`foresee`). Knows nothing of
passages.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from hausmusik.config.database import storable
from hausmusik.memory.extraction.values import OTHER, Extraction, FoundEntity
from hausmusik.memory.naming import is_shared_label, is_titled, key_of, plain_words
from hausmusik.memory.resolving import Candidate, Resolution, is_part, resolve
from hausmusik.memory.roles import FEMALE, is_role, split_held
from hausmusik.memory.store.name_words import comparable_names, keep_words

LONGEST: Final = 160
NEAREST: Final = 8
"""Documents of an entity whose speakers are compared with this one's: those that mention it first."""


class _Known(NamedTuple):
    """A name that is in the memory."""

    name: int
    entity: int
    type: str


class Names:
    """The names of one document while it is being written.

    Args:
        connection: Inside a write transaction.
        document: Its id, the scope of labels that say nothing.
        at: When, ISO 8601, for the record of merges.
        speakers: Who speaks in it, as written.
    """

    def __init__(self, connection: sqlite3.Connection, document: int, at: str, speakers: Sequence[str] = ()) -> None:
        self._connection = connection
        self._scope = str(document)
        self._at = at
        self._is_spoken = bool(speakers)
        self._speakers: list[int] = []
        self._met: dict[tuple[str, str, bool], int | None] = {}
        self._ids: dict[tuple[str, str, str], int] = {}
        self._typed: dict[str, int] = {}
        self._holders: dict[str, tuple[int, str]] = {}
        self._near: dict[int, bool] = {}
        self.entities: set[int] = set()

    def foresee(self, extractions: Iterable[Extraction]) -> None:
        """Meet the names of the document before its passages: speakers, full names, parts of names, the others.

        `John` in the first passage is then the `John Doe` of the last, and nobody if there is a `John Smith` as well.
        """
        self._recall()
        found: dict[tuple[str, str, bool], FoundEntity] = {}
        for extraction in extractions:
            for entity in extraction.entities:
                found.setdefault((entity.name, entity.type, entity.start < 0), entity)
        for name, type_, speaker in sorted(found, key=_first_who_is_told_best):
            self.id_of(storable(name), type_, speaker=speaker)

    def _recall(self) -> None:
        """Know whom the passages of the document that stay as they are name; those of a new one are none."""
        rows = self._connection.execute(
            "SELECT DISTINCT n.id, n.entity, m.start < 0 AND n.scope = '' FROM passages p"
            " JOIN mentions m ON m.passage = p.id JOIN names n ON n.id = m.name WHERE p.document = ?",
            (self._scope,),
        )
        for name, entity, speaks in rows:
            self.entities.add(entity)
            if speaks:
                self._speakers.append(name)

    def id_of(self, surface: str, type_: str, *, speaker: bool = False) -> int | None:
        """Return the id of a name, made now where it is new; None where it has no letters or is a whole paragraph.

        A name whose type is not known takes the type that the document gives it elsewhere, and a topic of several words
        is what has that name.
        """
        met = (surface, type_, speaker)
        if met not in self._met:
            self._met[met] = self._meet(surface, "person" if type_ == OTHER and is_titled(surface) else type_, speaker)
        return self._met[met]

    def _meet(self, surface: str, type_: str, speaker: bool) -> int | None:
        key = key_of(surface, type_)
        if not key or len(key) > LONGEST:
            return None
        if key in self._typed and (type_ == OTHER or (type_ == "topic" and " " in key)):
            return self._typed[key]
        if type_ == "topic" and key in self._holders:
            return self._holders[key][0]
        role = type_ in {"person", OTHER} and is_role(key.split())
        scope = self._scope if role or (speaker and is_shared_label(surface)) else ""
        if role and type_ == OTHER and self._known((key, "person", scope)):
            type_ = "person"
        place = (key, type_, scope)
        if place not in self._ids:
            known = self._known(place) or self._guessed(place)
            if known is None:
                self._ids[place] = self._new(place, surface)
                if role and not speaker:  # one that is known is what it is, with what the user said of it
                    self._held(key, self._ids[place])
            elif speaker or not self._may_be_another(key, known):
                self._ids[place] = known.name
                self.entities.add(known.entity)
            else:
                self._ids[place] = self._homonym(place, surface, known)
            if speaker and not scope:
                self._speakers.append(self._ids[place])
            if type_ == "person" and (held := split_held(surface)) and is_role(plain_words(held[0])):
                self._hold(held, self._ids[place], surface)
        if not (role and speaker):  # what is talked of in the words of a speaker's role is not the speaker
            self._typed.setdefault(key, self._ids[place])
        return self._ids[place]

    def _hold(self, held: tuple[str, str], name: int, surface: str) -> None:
        """Remember who has a role here: of `The Acting Chair (Mrs. Carol Hughes)` both `acting chair` and `chair`."""
        role = key_of(held[0], "person")
        madam = "madam " if FEMALE.intersection(plain_words(held[1])) else ""
        for each in (role, f"{madam}{role}", f"{madam}{role.split()[-1]}" if madam else ""):
            if each:
                self._holders.setdefault(each, (name, surface))

    def _held(self, role: str, name: int) -> None:
        """Let a role that is talked of be who has it here; without one `Madam Chair` is the chair."""
        holder, said = self._holders.get(role, (0, ""))
        if not holder and role.startswith("madam "):
            holder, said = self._ids.get((role.removeprefix("madam "), "person", self._scope), 0), role
        if not holder:
            return
        entity = self._connection.execute("SELECT entity FROM names WHERE id = ?", (holder,)).fetchone()[0]
        reason = f"who has this role in the document: {said!r}"
        move_name(self._connection, name, entity, by="rule", reason=reason, score=0.9, at=self._at)
        self.entities.add(entity)

    def _known(self, place: tuple[str, str, str]) -> _Known | None:
        statement = "SELECT id, entity, type FROM names WHERE key = ? AND type = ? AND scope = ?"
        row = self._connection.execute(statement, place).fetchone()
        if row is None and place[1] == OTHER and not place[2]:
            # A name of unknown type is the typed one of the same letters, if there is exactly one.
            row = self._connection.execute(
                "SELECT id, entity, type FROM names WHERE key = ? AND scope = '' ORDER BY mentions DESC, id LIMIT 1",
                place[:1],
            ).fetchone()
        return None if row is None else _Known(*row)

    def _guessed(self, place: tuple[str, str, str]) -> _Known | None:
        """Return a name whose type a model only guessed, now that it is known; None where there is none."""
        key, type_, scope = place
        if type_ == OTHER:
            return None
        row = self._connection.execute(
            "SELECT id, entity FROM names WHERE key = ? AND scope = ? AND typed_by <> '' ORDER BY id LIMIT 1",
            (key, scope),
        ).fetchone()
        if row is not None:
            self._connection.execute("UPDATE names SET type = ?, typed_by = '' WHERE id = ?", (type_, row[0]))
            tidy(self._connection, row[1:])
        return None if row is None else _Known(row[0], row[1], type_)

    def again(self, name: int) -> bool:
        """Decide anew whom a name of this document means that is an entity by itself; returns whether another's."""
        self._recall()
        key, type_, scope, surface, entity = self._connection.execute(
            "SELECT key, type, scope, surface, entity FROM names WHERE id = ?", (name,)
        ).fetchone()
        others = [] if scope else self._candidates(key, type_)
        found = resolve(key, type_, [each for each in others if each.entity != entity], surface)
        self._apply(name, entity, found)
        return found.verdict == "same"

    def _may_be_another(self, key: str, known: _Known) -> bool:
        """Return whether a name of one word, met in the text, means somebody else than in the documents before."""
        if known.type != "person" or " " in key or known.entity in self.entities:
            return False
        return not self._is_near(known.entity)

    def _homonym(self, place: tuple[str, str, str], surface: str, known: _Known) -> int:
        """Return a name of this document for somebody whose name others have too; the doubt is kept."""
        own = (*place[:2], self._scope)
        again = self._known(own)
        if again is not None:
            self.entities.add(again.entity)
            return again.name
        name = self._new(own, surface, homonym=True)
        reason = "the same name, but none who speaks here is mentioned there"
        self._doubt(name, known.name, 0.5, reason)
        return name

    def _new(self, place: tuple[str, str, str], surface: str, *, homonym: bool = False) -> int:
        key, type_, scope = place
        candidates = self._candidates(key, type_) if homonym or not scope else []
        found = resolve(key, type_, [each for each in candidates if each.is_here or not homonym], surface)
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
        if not scope:  # others are never compared with what is this document's alone
            keep_words(self._connection, name, key)
        self.entities.add(entity)
        self._apply(name, entity, found)
        return name

    def _candidates(self, key: str, type_: str) -> list[Candidate]:
        return [
            Candidate(
                name=row.name,
                entity=row.entity,
                key=row.key,
                type=row.type,
                is_here=row.entity in self.entities,
                is_near=not self._is_spoken
                or row.entity in self.entities
                or not is_part(key, row.key)
                or self._is_near(row.entity),
                surface=row.surface,
            )
            for row in comparable_names(self._connection, key, type_, self.entities)
        ]

    def _is_near(self, entity: int) -> bool:
        """Return whether a document that mentions an entity mentions a speaker of this one; also if nobody speaks."""
        if not self._is_spoken:
            return True
        if entity not in self._near:
            rows = self._connection.execute(
                "SELECT DISTINCT p.document, d.speakers = '[]' FROM names n JOIN mentions m ON m.name = n.id"
                " JOIN passages p ON p.id = m.passage JOIN documents d ON d.id = p.document WHERE n.entity = ? LIMIT ?",
                (entity, NEAREST),
            ).fetchall()
            meets = self._connection.execute(
                "SELECT 1 FROM passages p JOIN mentions m ON m.passage = p.id JOIN names n ON n.id = m.name"
                " WHERE p.document IN (SELECT value FROM json_each(?)) AND n.entity IN"
                " (SELECT entity FROM names WHERE id IN (SELECT value FROM json_each(?))) LIMIT 1",
                (f"{[row[0] for row in rows]}", f"{self._speakers}"),
            ).fetchone()
            self._near[entity] = meets is not None or any(row[1] for row in rows)
        return self._near[entity]

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
                other=candidate.name,
                reason=f"{found.reason}: {candidate.key!r}",
                score=found.score,
                at=self._at,
            )
            self.entities.add(candidate.entity)
            self.entities.discard(entity)
        elif found.verdict == "doubt":
            self._doubt(name, candidate.name, found.score, found.reason)

    def _doubt(self, name: int, other: int, score: float, reason: str) -> None:
        self._connection.execute(
            "INSERT OR IGNORE INTO doubts (name, other, score, reason) VALUES (?, ?, ?, ?)",
            (name, other, score, reason),
        )


def _first_who_is_told_best(found: tuple[str, str, bool]) -> tuple[bool, bool, bool, int]:
    name, type_, speaker = found
    typed = type_ != OTHER or is_titled(name)
    return (not speaker, not typed, type_ == "topic", -len(key_of(name, type_).split()))


def move_name(
    connection: sqlite3.Connection,
    name: int,
    into: int,
    *,
    by: str,
    reason: str,
    score: float,
    at: str,
    other: int | None = None,
) -> None:
    """Let a name mean another entity, and record it; the entity it leaves goes when no other name is left to it.

    Args:
        connection: Inside a write transaction.
        name: Its id.
        into: Entity.
        by: `rule`, `text` or `user`.
        reason: For people.
        score: 0 to 1.
        at: When, ISO 8601.
        other: Name of that entity that a rule found alike.
    """
    left, title = connection.execute(
        "SELECT e.id, e.title FROM names n JOIN entities e ON e.id = n.entity WHERE n.id = ?", (name,)
    ).fetchone()
    if left == into:
        return
    connection.execute("UPDATE names SET entity = ? WHERE id = ?", (into, name))
    connection.execute(
        "INSERT INTO merges (name, other, from_entity, from_title, into_entity, by, reason, score, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (name, other, left, title, into, by, reason, score, at),
    )
    tidy(connection, (left, into))


def tidy(connection: sqlite3.Connection, entities: Iterable[int]) -> None:
    """Bring entities up to date with their names: title and type of the most mentioned one; none left: it goes.

    Of a name that is its document's alone the title says which document.
    """
    for entity in set(entities):
        names = connection.execute(
            "SELECT n.surface || CASE n.scope WHEN '' THEN '' ELSE ' (' || d.title || ')' END, n.type FROM names n"
            " LEFT JOIN documents d ON n.scope <> '' AND d.id = CAST(n.scope AS INTEGER) WHERE n.entity = ?"
            " ORDER BY (n.type = 'other'), n.mentions DESC, length(n.surface) DESC, n.id",
            (entity,),
        ).fetchall()
        if not names:
            connection.execute("DELETE FROM entities WHERE id = ?", (entity,))
            continue
        type_ = names[0][1]
        full = max((name for name, kind in names if kind == type_), key=lambda name: (len(name.split()), len(name)))
        title = full if type_ == "person" else names[0][0]
        connection.execute(
            "UPDATE entities SET title = ?, type = ? WHERE id = ? AND (title <> ? OR type <> ?)",
            (title, type_, entity, title, type_),
        )
