"""Looking around in a memory: how much there is, who is who, what is known of somebody, how two are connected.

Reads, and lets names be merged and split; asks no model. Knows nothing of interfaces.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from hausmusik.config.database import storable
from hausmusik.errors import NotFoundError, UsageError
from hausmusik.memory.alike import names_alike
from hausmusik.memory.extraction.prompts import DEFAULT_TYPES
from hausmusik.memory.moments import is_by, read_moment
from hausmusik.memory.naming import compact, key_of
from hausmusik.memory.reading.ignoring import is_inside_ignored, is_pattern, rules_of
from hausmusik.memory.retrieval.walking import walk
from hausmusik.memory.store import reading
from hausmusik.memory.store.facts import FactRow, facts_of, held_then
from hausmusik.memory.store.reading import EntityRow, StoredPassage
from hausmusik.memory.store.store import MemoryStore


class MemoryRow(msgspec.Struct, frozen=True, kw_only=True):
    """A memory and how much is in it.

    Args:
        name: Of it.
        documents: How many.
        passages: How many.
        entities: How many.
        facts: How many.
        size_bytes: Of its file.
        embedder: Of its vectors.
        doubts: Names of which it is not known whether they mean the same.
        problem: Why it cannot be read; it then seems to have nothing.
    """

    name: str
    documents: int = 0
    passages: int = 0
    entities: int = 0
    facts: int = 0
    size_bytes: int = 0
    embedder: str = ""
    doubts: int = 0
    problem: str = ""


class DocumentRow(msgspec.Struct, frozen=True, kw_only=True):
    """A document of a memory."""

    path: str
    kind: str
    title: str
    date: str
    language: str
    passages: int
    size_bytes: int
    added_at: str


class MergeRow(msgspec.Struct, frozen=True, kw_only=True):
    """Why a name means what it means; `into` is empty where that entity has become part of another since."""

    name: str
    into: str
    by: str
    reason: str
    score: float
    at: str
    undone_at: str


class DoubtRow(msgspec.Struct, frozen=True, kw_only=True):
    """Two names that may mean the same."""

    name: str
    other: str
    score: float
    reason: str


class Neighbourhood(msgspec.Struct, frozen=True, kw_only=True):
    """An entity with what is known of it.

    Args:
        entity: Itself.
        facts: Of it, the surest and newest first.
        passages: In which it is mentioned, some of them.
        merges: Why its names mean it.
    """

    entity: EntityRow
    facts: tuple[FactRow, ...]
    passages: tuple[StoredPassage, ...]
    merges: tuple[MergeRow, ...]


class Looker:
    """Looks around in one memory.

    Args:
        name: Of the memory.
        store: Its file.
    """

    def __init__(self, name: str, store: MemoryStore) -> None:
        self.name = name
        self._store = store

    def row(self) -> MemoryRow:
        """Return how much there is."""
        counts = self._store.counts()
        with self._store.database.read() as connection:
            doubts = connection.execute("SELECT count(*) FROM doubts WHERE verdict = ''").fetchone()[0]
        return MemoryRow(
            name=self.name,
            documents=counts["documents"],
            passages=counts["passages"],
            entities=counts["entities"],
            facts=counts["facts"],
            size_bytes=_size_bytes(self._store.path),
            embedder=self._store.setting("embedder"),
            doubts=int(doubts),
        )

    def ontology(self) -> dict[str, str]:
        """Return the types of entities of this memory, name to description."""
        return self._store.ontology() or dict(DEFAULT_TYPES)

    def guessed_types(self) -> dict[str, int]:
        """Return how many names have a type that a language model guessed, by instrument."""
        with self._store.database.read() as connection:
            rows = connection.execute(
                "SELECT typed_by, count(*) FROM names WHERE typed_by <> '' GROUP BY typed_by ORDER BY typed_by"
            ).fetchall()
        return {name: int(count) for name, count in rows}

    def documents(self) -> tuple[DocumentRow, ...]:
        """Return all documents, by path."""
        with self._store.database.read() as connection:
            rows = connection.execute(
                "SELECT d.path, d.kind, d.title, d.date, d.language, count(p.id), d.size_bytes, d.added_at"
                " FROM documents d LEFT JOIN passages p ON p.document = d.id GROUP BY d.id ORDER BY d.path"
            ).fetchall()
        names = DocumentRow.__struct_fields__
        return tuple(DocumentRow(**dict(zip(names, row, strict=True))) for row in rows)

    def documents_named(self, paths: Sequence[str], *, patterns: bool = False) -> list[str]:
        """Return the documents that are meant; `folder/` stands for all in it.

        One that was forgotten while its bytes could not be scrubbed is no error, so that the same can be run again.

        Args:
            paths: As the memory calls them.
            patterns: Whether what is no document's name and `is_pattern` stands for all that match, as in
                `.hausignore`.

        Raises:
            NotFoundError: nothing is called so.
        """
        known = self._store.known()
        found: list[str] = []
        for path in paths:
            inside = [each for each in known if each == path or (path.endswith("/") and each.startswith(path))]
            if not inside and patterns and is_pattern(path):
                rules = rules_of([path])
                inside = [each for each in known if is_inside_ignored(each.split("/"), rules)]
            if not inside and not self._store.is_owed_scrubbing:
                raise NotFoundError(
                    f"there is no document {path!r} in {self.name}", hint="`haus memory show` lists them"
                )
            found += inside
        return list(dict.fromkeys(found))

    def entities(self, *, type_: str = "", as_of: str = "", limit: int = 50) -> tuple[EntityRow, ...]:
        """Return the entities that are mentioned most, of one type or all; raises as `read_moment`.

        Args:
            type_: Of the ontology; empty: all.
            as_of: ISO 8601: as if nothing later had been said; empty: all.
            limit: Most of them; -1: all.
        """
        as_of = read_moment(as_of)
        with self._store.database.read() as connection:
            if as_of:
                mentions = reading.mentions_then(connection, as_of, type_=type_)
                most = list(mentions)[: limit if limit >= 0 else None]
                return tuple(
                    msgspec.structs.replace(row, mentions=mentions[row.id])
                    for row in reading.entity_rows(connection, most)
                )
            rows = connection.execute(
                "SELECT e.id FROM entities e JOIN names n ON n.entity = e.id WHERE ? IN ('', e.type) GROUP BY e.id"
                " ORDER BY sum(n.mentions) DESC, e.id LIMIT ?",
                (type_, limit),
            ).fetchall()
            return tuple(reading.entity_rows(connection, [row[0] for row in rows]))

    def find(self, name: str) -> EntityRow:
        """Return the entity that a name means: before all whoever has it as title, also with the type behind it.

        Raises:
            NotFoundError: none; the hint has names that are spelt alike.
            UsageError: several.
        """
        name = storable(name)
        with self._store.database.read() as connection:
            titled = connection.execute(
                "SELECT id FROM entities WHERE title = ?1 COLLATE NOCASE"
                " OR title || ' (' || type || ')' = ?1 COLLATE NOCASE",
                (name.strip(),),
            ).fetchall()
            keys = {key_of(name), key_of(name, "person"), compact(key_of(name))}
            marks = ",".join("?" * len(keys))
            ids = connection.execute(
                f"SELECT DISTINCT entity FROM names WHERE key IN ({marks}) OR replace(key, ' ', '') = ?",  # noqa: S608
                (*keys, compact(key_of(name))),
            ).fetchall()
            found = reading.entity_rows(connection, [row[0] for row in titled or ids])
        if not found:  # outside: the hint reads too, and a read does not begin inside another
            raise NotFoundError(f"nobody and nothing is called {name!r} in {self.name}", hint=self._alike(name))
        if len(found) > 1:
            found = [each for each in found if each.title.casefold() == name.casefold()] or found
        if len(found) > 1:
            titles = ", ".join(f"{each.title} ({each.type})" for each in found[:5])
            raise UsageError(f"{name!r} may mean several: {titles}", hint="write one of them as it stands here")
        return found[0]

    def about(self, name: str, *, as_of: str = "", limit: int = 30) -> Neighbourhood:
        """Return what is known of somebody or something; raises as `find` and `read_moment`."""
        entity, as_of = self.find(name), read_moment(as_of)
        with self._store.database.read() as connection:
            known = facts_of(connection, [entity.id], limit=-1 if as_of else limit)
            facts = held_then(connection, known, as_of)[:limit]
            if as_of:
                mentions = reading.mentions_then(connection, as_of, entity=entity.id).get(entity.id, 0)
                entity = msgspec.structs.replace(entity, mentions=mentions)
            ids = [
                row[0]
                for row in connection.execute(
                    "SELECT DISTINCT m.passage FROM mentions m JOIN names n ON n.id = m.name WHERE n.entity = ?"
                    " ORDER BY m.passage LIMIT ?",
                    (entity.id, -1 if as_of else limit),
                )
            ]
            said = reading.passages(connection, ids)
            passages = [each for each in said if is_by(each.when, as_of)][:limit]
        return Neighbourhood(entity=entity, facts=tuple(facts), passages=tuple(passages), merges=self.merges(entity.id))

    def path(self, source: str, target: str, *, as_of: str = "") -> list[FactRow]:
        """Return the shortest way from one to the other along facts; empty where there is none; raises as `about`."""
        return walk(self._store, self.find(source).id, [self.find(target).id], as_of=read_moment(as_of))

    def merges(self, entity: int | None = None) -> tuple[MergeRow, ...]:
        """Return why names mean what they mean, of one entity or all, newest first."""
        with self._store.database.read() as connection:
            rows = connection.execute(
                "SELECT n.surface, coalesce(e.title, ''), m.by, m.reason, m.score, m.at, m.undone_at FROM merges m"
                " JOIN names n ON n.id = m.name LEFT JOIN entities e ON e.id = m.into_entity"
                " WHERE ? IS NULL OR n.entity = ? ORDER BY m.id DESC LIMIT 1000",
                (entity, entity),
            ).fetchall()
        names = MergeRow.__struct_fields__
        return tuple(MergeRow(**dict(zip(names, row, strict=True))) for row in rows)

    def doubts(self, *, limit: int = 50) -> tuple[DoubtRow, ...]:
        """Return names of which it is not known whether they mean the same, the likeliest first."""
        with self._store.database.read() as connection:
            rows = connection.execute(
                "SELECT n.surface, o.surface, d.score, d.reason FROM doubts d JOIN names n ON n.id = d.name"
                " JOIN names o ON o.id = d.other WHERE d.verdict = '' AND n.entity <> o.entity"
                " ORDER BY d.score DESC, d.name LIMIT ?",
                (limit,),
            ).fetchall()
        return tuple(DoubtRow(name=row[0], other=row[1], score=row[2], reason=row[3]) for row in rows)

    def merge(self, name: str, into: str) -> EntityRow:
        """Let an entity with all its names be another one; raises as `find`."""
        one, other = self.find(name), self.find(into)
        if one.id == other.id:
            raise UsageError(f"{name!r} and {into!r} are one already")
        ids = [each for each, _ in one.names]
        self._store.merge(ids, other.id, by="user", reason=f"{one.title} is {other.title}")
        with self._store.database.read() as connection:  # by its id: what `into` was called may mean several now
            return reading.entity_rows(connection, [other.id])[0]

    def split(self, name: str) -> EntityRow:
        """Give a name an entity of its own again; raises as `find`, and UsageError where it has one."""
        entity = self.find(name)
        wanted = {key_of(name), key_of(name, "person")}
        ids = [each for each, surface in entity.names if key_of(surface, entity.type) in wanted] or [
            each for each, surface in entity.names if name.casefold().startswith(f"{surface} (".casefold())
        ]
        if not ids:
            raise NotFoundError(f"{entity.title} has no name {name!r}", hint="write it as `haus memory graph` shows it")
        new = self._store.split(ids[0])
        with self._store.database.read() as connection:
            return reading.entity_rows(connection, [new])[0]

    def _alike(self, name: str) -> str:
        found = names_alike(self._store, name)
        return found.question if found.near else "`haus memory graph` lists who is there"


def _size_bytes(path: Path) -> int:
    """Return the size of a memory's file with its log of changes."""
    both = (path, path.with_name(f"{path.name}-wal"))
    return sum(each.stat().st_size for each in both if each.exists())
