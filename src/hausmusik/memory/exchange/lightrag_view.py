"""A memory as LightRAG sees one: chunks of documents, entities with unique names, one relation for each pair.

What LightRAG has no place for is put where its language model reads it (when a fact holds stands behind the fact), and
once more, exactly, in attributes of ours that LightRAG carries along and `importing` reads. The graph is held whole,
texts are not. Knows nothing of files.

Source: lightrag-hku 1.5.7, `lightrag/operate.py` and `lightrag/utils.py`.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import PurePosixPath
from typing import Final

import msgspec

from hausmusik.memory.exchange import rows
from hausmusik.memory.exchange.clean import plain
from hausmusik.memory.exchange.rows import StoredDocument
from hausmusik.memory.store.facts import FactRow
from hausmusik.memory.store.reading import StoredPassage

SEPARATOR: Final = "<SEP>"
MOST_SOURCES: Final = 200
"""Chunks that LightRAG names with an entity or relation in its graph (`DEFAULT_MAX_SOURCE_IDS_PER_ENTITY`)."""

LONGEST_NAME: Final = 120
"""Characters: LightRAG takes names of 512 bytes, a character may have four."""


class Place(msgspec.Struct, frozen=True):
    """Where a passage has gone: the id of its chunk, of its document, and what LightRAG calls the file."""

    chunk: str
    document: str
    file: str


class Saying(msgspec.Struct, frozen=True, kw_only=True):
    """A fact as we know it, kept beside the relation that it became part of.

    Args:
        source: Name of the one entity.
        target: Of the other.
        kind: The predicate.
        keywords: What it is about.
        description: One sentence.
        chunk: Which says it.
        start: Of the span that supports it, in the chunk.
        end: Behind it.
        weight: How sure it is.
        valid_from: ISO 8601; empty where unknown.
        valid_to: When it ended; empty: it still holds.
    """

    source: str
    target: str
    kind: str
    keywords: str = ""
    description: str = ""
    chunk: str = ""
    start: int = 0
    end: int = 0
    weight: float = 1.0
    valid_from: str = ""
    valid_to: str = ""


class Node(msgspec.Struct, kw_only=True):
    """An entity."""

    name: str
    type: str
    description: str
    names: tuple[str, ...]
    places: list[Place]


class Edge(msgspec.Struct, kw_only=True):
    """A relation: all that is said of two entities."""

    source: str
    target: str
    sayings: list[Saying]
    places: list[Place]

    @property
    def keywords(self) -> str:
        """What it is about, with commas between."""
        said = (word.strip() for each in self.sayings for word in (each.kind, *each.keywords.split(",")))
        return ",".join(dict.fromkeys(filter(None, said)))

    @property
    def description(self) -> str:
        """Everything that is said, with when it holds."""
        return SEPARATOR.join(dict.fromkeys(map(_worded, self.sayings)))

    @property
    def weight(self) -> float:
        """LightRAG's weights count the chunks that say something."""
        return float(max(1, len(self.places)))


class View:
    """One moment of a memory.

    Args:
        connection: Inside a read transaction.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.documents = list(rows.documents(connection))
        self._files = _file_names(self.documents)
        self.places: dict[int, Place] = {}
        for document in self.documents:
            id_ = document_id(document)
            for place, passage in enumerate(self._passage_ids(document)):
                self.places[passage] = Place(f"{id_}-chunk-{place:03d}", id_, self._files[document.id])
        self._names: dict[int, str] = {}

    def file(self, document: StoredDocument) -> str:
        """Return what LightRAG calls a document's file: a name without folders, and no other document's."""
        return self._files[document.id]

    def passages(self, document: StoredDocument) -> Iterator[tuple[Place, StoredPassage]]:
        """Yield the chunks of a document, in order."""
        for passage in rows.passages_of(self._connection, document.id):
            yield self.places[passage.id], passage

    def nodes(self) -> list[Node]:
        """Return all entities, by name; must be asked before `edges`."""
        taken: set[str] = set()
        found: list[Node] = []
        for each in rows.entities(self._connection):
            name = _unique(each.row.title, each.row.type, taken)
            self._names[each.row.id] = name
            found.append(
                Node(
                    name=name,
                    type=each.row.type,
                    description=plain(each.description) or f"{name} ({each.row.type})",
                    names=tuple(dict.fromkeys(_harmless(surface) for _, surface in each.row.names)),
                    places=[self.places[id_] for id_ in rows.mentioned_in(self._connection, each.row.id)],
                )
            )
        return sorted(found, key=lambda node: node.name)

    def edges(self) -> list[Edge]:
        """Return all relations, by the names of their entities."""
        found: dict[tuple[str, str], Edge] = {}
        for fact, passage in rows.facts(self._connection):
            source, target = sorted((self._names[fact.source[0]], self._names[fact.target[0]]))
            if source == target:  # of two names that were merged since
                continue
            edge = found.setdefault((source, target), Edge(source=source, target=target, sayings=[], places=[]))
            place = self.places[passage.id]
            edge.sayings.append(self._saying(fact, place))
            if place not in edge.places[-1:]:
                edge.places.append(place)
        return [found[pair] for pair in sorted(found)]

    def _saying(self, fact: FactRow, place: Place) -> Saying:
        return Saying(
            source=self._names[fact.source[0]],
            target=self._names[fact.target[0]],
            kind=_harmless(fact.kind),
            keywords=_harmless(fact.keywords),
            description=_harmless(fact.description),
            chunk=place.chunk,
            start=fact.start,
            end=fact.end,
            weight=fact.weight,
            valid_from=fact.valid_from,
            valid_to=fact.valid_to,
        )

    def _passage_ids(self, document: StoredDocument) -> list[int]:
        statement = "SELECT id FROM passages WHERE document = ? ORDER BY ordinal, id"
        return [row[0] for row in self._connection.execute(statement, (document.id,))]


def document_id(document: StoredDocument) -> str:
    """Return a document's id in LightRAG's form; of its path, so that two files with one text stay two."""
    return f"doc-{md5(document.path)}"


def md5(text: str) -> str:
    """Return the hash that LightRAG makes ids with; nothing depends on it being safe."""
    return hashlib.md5(text.encode("utf-8", "backslashreplace"), usedforsecurity=False).hexdigest()


def seconds(moment: str) -> int:
    """Return an ISO 8601 time in seconds since 1970."""
    return int(datetime.fromisoformat(moment).timestamp())


def _file_names(documents: list[StoredDocument]) -> dict[int, str]:
    taken: set[str] = set()
    found: dict[int, str] = {}
    for document in documents:
        path = PurePosixPath(plain(document.path).replace("\\", "/"))
        parts = [_harmless(part) for part in path.parts if part not in ("/", "..")] or [f"document {document.id}"]
        name = parts[-1]
        for more in reversed(parts[:-1]):
            if name not in taken:
                break
            name = f"{more} - {name}"
        found[document.id] = _numbered(name, taken)
    return found


def _unique(title: str, type_: str, taken: set[str]) -> str:
    name = _harmless(title)[:LONGEST_NAME].strip() or type_
    if name in taken:
        name = f"{name} ({type_})"
    return _numbered(name, taken)


def _numbered(name: str, taken: set[str]) -> str:
    found, number = name, 2
    while found in taken:
        found, number = f"{name} ({number})", number + 1
    taken.add(found)
    return found


def _harmless(text: str) -> str:
    """Return a text in which LightRAG finds neither its separator nor a new line."""
    return " ".join(plain(text).replace(SEPARATOR, " ").split())


def _worded(saying: Saying) -> str:
    said = saying.description or f"{saying.source} {saying.kind} {saying.target}"
    if saying.valid_from or saying.valid_to:
        until = f" until {saying.valid_to}" if saying.valid_to else ""
        since = f"since {saying.valid_from}" if saying.valid_from else ""
        said += f" [{(since + until).strip()}]"
    return said
