"""A memory in one SQLite file: documents in and out, each in one transaction; what models said; merges.

Readers see one moment throughout (WAL) while one writer adds. What is deleted is overwritten in the file: rows
(`secure_delete`), and the full-text index. It is gone once `scrub` has emptied the log of changes too, which `forget`
does at once and an adding at its end; until then the memory itself knows that it is owed. Reading it as a graph stands
in `reading`. Threads may share it.

Sources: https://www.sqlite.org/pragma.html#pragma_secure_delete, https://www.sqlite.org/fts5.html#the_secure_delete_option.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec

from hausmusik.config.database import storable
from hausmusik.errors import ConfigError, NotFoundError, StoreError, UsageError
from hausmusik.memory.documents import Document
from hausmusik.memory.extraction.rules import people_words
from hausmusik.memory.places import still_used
from hausmusik.memory.store.answers import KeptAnswer, put_answers
from hausmusik.memory.store.closing import close_all_contradicted
from hausmusik.memory.store.entry import DocumentEntry, Recipe, passage_key
from hausmusik.memory.store.forgetting import remove_document
from hausmusik.memory.store.name_words import settle_words
from hausmusik.memory.store.names import move_name, tidy
from hausmusik.memory.store.tables import memory_file
from hausmusik.memory.store.wholeness import words_are_wrong, wrong_rows
from hausmusik.memory.store.writing import put_document
from hausmusik.seams import Clock

SECURE_FTS: Final = (3, 42, 0)
"""From this SQLite on the full-text index can forget row by row; older ones are merged whole, which takes longer."""

OWED: Final = "scrubbing owed"
"""The setting that stands in the file from the transaction that deletes something until nothing of it is left."""


class KnownDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document that is in the memory, as far as it must be known to tell whether it changed."""

    id: int
    path: str
    sha256: str
    recipe: str


class MemoryStore:
    """One memory's file.

    Args:
        path: The file; made at the first use.
        clock: For the times in it.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self.database = memory_file(path)
        self._clock = clock

    @property
    def exists(self) -> bool:
        """Whether there is a file."""
        return self.path.is_file()

    def now(self) -> str:
        """Return the time as it is written into rows, UTC."""
        return self._clock.now().isoformat(timespec="seconds")

    # -- documents ----------------------------------------------------------------------------------------------------

    def known(self) -> dict[str, KnownDocument]:
        """Return all documents by path."""
        with self.database.read() as connection:
            rows = connection.execute("SELECT id, path, sha256, recipe FROM documents").fetchall()
        return {row[1]: KnownDocument(id=row[0], path=row[1], sha256=row[2], recipe=row[3]) for row in rows}

    def put(self, entry: DocumentEntry, recipe: Recipe) -> int:
        """Add a document, or replace what has changed of it, in one transaction; returns its id.

        Raises:
            UsageError: its vectors are of another model than those in the memory.
            StoreError: the file cannot be written.
        """
        return self.put_all([entry], recipe)[0]

    def put_all(self, entries: Iterable[DocumentEntry], recipe: Recipe) -> list[int]:
        """Put some documents, in order and in one transaction; returns their ids. Raises as `put`: all or nothing."""
        return self.put_made((entry, recipe) for entry in entries)

    def put_made(self, made: Iterable[tuple[DocumentEntry, Recipe]]) -> list[int]:
        """Put some documents, each with its recipe; see `put_all`."""
        with self.database.write() as connection:
            ids = [self._put(connection, entry, recipe) for entry, recipe in made]
            settle_words(connection)
        return ids

    def _put(self, connection: sqlite3.Connection, entry: DocumentEntry, recipe: Recipe) -> int:
        self._agree(connection, recipe.embedder)
        path = storable(entry.document.path)
        if connection.execute("SELECT 1 FROM documents WHERE path = ?", (path,)).fetchone():
            self._secure(connection)  # what its new form has not is overwritten too; `scrub` empties the log of it
        return put_document(connection, entry, recipe, self.now())

    def check_embedder(self, embedder: str) -> None:
        """Raise ConfigError where vectors of an embedder could not be compared with those that are here."""
        with self.database.read() as connection:
            _agreed(connection, embedder)

    def kept_passages(self, document: Document, recipe: Recipe) -> Counter[bytes]:
        """Return how many passages of each key another putting of a document would keep as they are."""
        with self.database.read() as connection:
            rows = connection.execute(
                "SELECT p.hash, p.headings FROM passages p JOIN documents d ON d.id = p.document"
                " WHERE d.path = ? AND d.recipe = ? AND d.title = ?",
                (storable(document.path), recipe.text, storable(document.title)),
            ).fetchall()
        return Counter(passage_key(*row) for row in rows)

    def forget(self, paths: Iterable[str]) -> int:
        """Take documents out, with everything that only they supported; returns how many were there.

        Raises:
            StoreError: they are out, but somebody reads the memory, so that its log cannot be emptied of them; or the
                file cannot be written.
        """
        with self.database.write(durable=True) as connection:
            self._secure(connection)
            count = sum(remove_document(connection, path) for path in paths)
            left = still_used(_places(connection), (row[0] for row in connection.execute("SELECT path FROM documents")))
            _put_places(connection, left)
        if not self.scrub():
            raise StoreError(
                "forgotten, but another process is reading the memory, so the bytes are still in its log",
                hint="run the same again when it has ended",
            )
        return count

    @property
    def is_owed_scrubbing(self) -> bool:
        """Whether something was deleted that is still in the log beside the file."""
        return bool(self.setting(OWED))

    def scrub(self) -> bool:
        """Make sure that nothing of what was deleted is left in the file or beside it; returns whether that is so."""
        if sqlite3.sqlite_version_info < SECURE_FTS and self.is_owed_scrubbing:
            with self.database.write() as connection:
                connection.execute("INSERT INTO passage_words (passage_words) VALUES ('optimize')")
        done = self.database.checkpoint()
        if done and self.is_owed_scrubbing:
            with self.database.write() as connection:
                connection.execute("DELETE FROM settings WHERE key = ?", (OWED,))
            self.database.checkpoint()
        return done

    def _secure(self, connection: sqlite3.Connection) -> None:
        """Let what this transaction deletes be overwritten, and remember that the log has it still."""
        connection.execute("INSERT OR REPLACE INTO settings VALUES (?, '1')", (OWED,))
        if sqlite3.sqlite_version_info >= SECURE_FTS:
            connection.execute("INSERT INTO passage_words (passage_words, rank) VALUES ('secure-delete', 1)")

    def counts(self) -> dict[str, int]:
        """Return how much there is: documents, passages, windows, entities, names, mentions, facts, merges, doubts."""
        tables = ("documents", "passages", "windows", "entities", "names", "mentions", "facts", "merges", "doubts")
        with self.database.read() as connection:
            return {name: int(connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]) for name in tables}

    @property
    def dim(self) -> int:
        """Dimension of the vectors; 0 where there are none."""
        with self.database.read() as connection:
            row = connection.execute("SELECT length(vector) FROM windows LIMIT 1").fetchone()
        return int(row[0]) // 2 if row else 0

    def people_words(self) -> frozenset[str]:
        """Return the words of all names of people in the memory, lower case."""
        with self.database.read() as connection:
            rows = connection.execute("SELECT key FROM names WHERE type = 'person'").fetchall()
        return people_words(row[0] for row in rows)

    # -- settings -----------------------------------------------------------------------------------------------------

    def setting(self, key: str) -> str:
        """Return a setting of this memory; empty where it was never set."""
        with self.database.read() as connection:
            row = connection.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else ""

    def set(self, key: str, value: str) -> None:
        """Keep a setting."""
        with self.database.write() as connection:
            connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (key, value))

    def ontology(self) -> dict[str, str] | None:
        """Return the types of this memory, name to description; None where none were kept yet."""
        kept = self.setting("types")
        return msgspec.json.decode(kept, type=dict[str, str]) if kept else None

    def keep_ontology(self, types: Mapping[str, str]) -> None:
        """Let these be the types of this memory."""
        text = msgspec.json.encode(dict(types)).decode()
        if self.setting("types") != text:
            self.set("types", text)

    def places(self) -> dict[str, str]:
        """Return which folders and files were added, and what they are called here; see `places.Places`."""
        with self.database.read() as connection:
            return _places(connection)

    def keep_places(self, places: Mapping[str, str]) -> None:
        """Let folders and files be called so.

        Raises:
            StoreError: others have got some of these names meanwhile.
        """
        with self.database.write() as connection:
            kept = _places(connection)
            both = {**kept, **places}
            if kept.items() - both.items() or len(set(both.values())) < len(both):
                raise StoreError("another process has added to this memory meanwhile", hint="add again")
            if both != kept:
                _put_places(connection, both)

    def _agree(self, connection: sqlite3.Connection, embedder: str) -> None:
        if not _agreed(connection, embedder):
            connection.execute("INSERT OR REPLACE INTO settings VALUES ('embedder', ?)", (embedder,))

    # -- what models said ---------------------------------------------------------------------------------------------

    def answer(self, key: bytes) -> KeptAnswer | None:
        """Return what a model said when it was asked this; None where it was not asked."""
        with self.database.read() as connection:
            row = connection.execute(
                "SELECT answer, tokens_in, tokens_out FROM answers WHERE key = ?", (key,)
            ).fetchone()
        return KeptAnswer(answer=row[0], tokens_in=row[1], tokens_out=row[2]) if row else None

    def keep_answers(self, answers: Iterable[tuple[bytes, bytes, str, KeptAnswer]]) -> None:
        """Keep what models said, in one transaction.

        Args:
            answers: Of each the hash of all that was asked; the hash of the passage that it was asked about, with the
                last of which it goes; who said it; what.
        """
        at = self.now()
        with self.database.write() as connection:
            put_answers(connection, answers, at)

    def drop_stray_answers(self) -> int:
        """Drop what was said about texts that no document has: of an adding that was given up; returns how many."""
        with self.database.write() as connection:
            dropped = connection.execute(
                "DELETE FROM answers WHERE NOT EXISTS (SELECT 1 FROM passages WHERE hash = answers.text)"
            ).rowcount
            if dropped:
                self._secure(connection)
            return dropped

    # -- whom names mean ----------------------------------------------------------------------------------------------

    def merge(self, name_ids: Iterable[int], into: int, *, by: str, reason: str, score: float = 1.0) -> None:
        """Let names mean an entity; recorded, and undone by `split`."""
        with self.database.write() as connection:
            for name in name_ids:
                move_name(connection, name, into, by=by, reason=reason, score=score, at=self.now())
            tidy(connection, (into,))
            close_all_contradicted(connection, (into,))

    def split(self, name: int, *, by: str = "user", reason: str = "split off") -> int:
        """Give a name an entity of its own again; returns that entity.

        Raises:
            NotFoundError: no such name.
            UsageError: it is the only name of its entity.
        """
        with self.database.write() as connection:
            row = connection.execute("SELECT entity, surface, type FROM names WHERE id = ?", (name,)).fetchone()
            if row is None:
                raise NotFoundError(f"there is no name {name} in this memory")
            others = connection.execute("SELECT count(*) FROM names WHERE entity = ?", (row[0],)).fetchone()[0]
            if others == 1:
                raise UsageError(f"{row[1]} is the only name of its entity", hint="there is nothing to split")
            entity = int(connection.execute("INSERT INTO entities (title, type) VALUES (?, ?)", row[1:]).lastrowid or 0)
            move_name(connection, name, entity, by=by, reason=reason, score=1.0, at=self.now())
            connection.execute(
                "UPDATE merges SET undone_at = ? WHERE name = ? AND into_entity = ? AND undone_at = ''",
                (self.now(), name, row[0]),
            )
            tidy(connection, (row[0], entity))
            close_all_contradicted(connection, (row[0], entity))
            connection.execute(
                "INSERT OR REPLACE INTO doubts (name, other, score, reason, verdict) SELECT ?, id, 0, ?, 'apart'"
                " FROM names WHERE entity = ?",
                (name, reason, row[0]),
            )
            return entity

    # -- the file -----------------------------------------------------------------------------------------------------

    def check(self) -> Mapping[str, int]:
        """Look through the whole file and for rows that hang on nothing; returns counts of what is wrong, all 0.

        Raises:
            StoreError: the file itself is damaged.
        """
        self.database.check()
        with self.database.write() as connection:
            words = words_are_wrong(connection)
        with self.database.read() as connection:
            return {"full-text index": int(words)} | wrong_rows(connection)

    def backup(self, target: Path) -> None:
        """Write a whole copy of the memory to a new file, also while somebody adds to it.

        Raises:
            StoreError: it cannot be written, or something is there already.
        """
        try:
            target.touch(mode=0o600, exist_ok=False)
        except FileExistsError:
            raise StoreError(f"{target} is there already", hint="name a file that is not") from None
        except OSError as error:
            raise StoreError(
                f"the backup cannot be written to {target}: {error.strerror or error}",
                hint="name a file in a folder that is there and can be written",
            ) from error
        try:
            with self.database.read() as connection, closing(sqlite3.connect(target)) as copy:
                try:
                    connection.backup(copy)
                except sqlite3.Error as error:
                    raise StoreError(
                        f"the backup cannot be written to {target}: {error}", hint="free some space"
                    ) from error
        except BaseException:
            target.unlink(missing_ok=True)
            raise

    def close(self) -> None:
        """Close the file."""
        self.database.close()


def _places(connection: sqlite3.Connection) -> dict[str, str]:
    row = connection.execute("SELECT value FROM settings WHERE key = 'places'").fetchone()
    return msgspec.json.decode(row[0], type=dict[str, str]) if row else {}


def _put_places(connection: sqlite3.Connection, places: Mapping[str, str]) -> None:
    text = msgspec.json.encode(dict(places)).decode()
    connection.execute("INSERT OR REPLACE INTO settings VALUES ('places', ?)", (text,))


def _agreed(connection: sqlite3.Connection, embedder: str) -> bool:
    """Return whether the vectors are by an embedder; not so where there are none, so that any may begin.

    Raises:
        ConfigError: they are by another.
    """
    row = connection.execute(
        "SELECT value FROM settings WHERE key = 'embedder' AND EXISTS (SELECT 1 FROM documents)"
    ).fetchone()
    if row is not None and row[0] != embedder:
        raise ConfigError(
            f"this memory has vectors of {row[0]}, new ones would be of {embedder}: they cannot be compared",
            hint="set defaults.embed to the instrument that it was made with, or add the documents to a new memory",
        )
    return row is not None
