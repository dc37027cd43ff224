"""SQLite files in the house's folders: opened, migrated, shared by threads and processes, with our errors.

It lives beside the folders because it is the lowest part that knows files; ledger, budget and job journal build on it.
WAL mode, so that readers never wait for a writer; every write is a `BEGIN IMMEDIATE` transaction, so that what was read
inside it is still true when it commits. A commit survives `kill -9`; a power cut too where `durable` is asked for.
Knows nothing of what the tables mean.

Sources: https://www.sqlite.org/wal.html, https://www.sqlite.org/pragma.html#pragma_synchronous.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Generator, Iterable
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from hausmusik.atomic import private_folder
from hausmusik.errors import StoreError

APPLICATION_ID: Final = 0x48617573  # "Haus"
BUSY_TIMEOUT_S: Final = 30.0


class Database:
    """One SQLite file; nothing is opened or made before the first use.

    Threads may share it. A forked process may not, nor may it open the same file anew while its parent has it open
    (https://www.sqlite.org/howtocorrupt.html, section 2.6); processes that are started afresh may.

    Args:
        path: The file; its folder is made when it is not there.
        title: What it is in words, for errors: `ledger`.
        migrations: One SQL script per version; version n of the file has seen the first n of them.
        busy_timeout_s: How long to wait for another process that is writing.
        log_pages: How long the log of changes becomes before it is brought into the file. A page that many commits
            change is written into the file once for each time.
        cache_kib: Most of the file that is kept in memory. What a transaction changes beyond it is written more than
            once.
        overwrites: Whether what is deleted is overwritten. It must be so from the first write on: pages that were split
            before keep copies.
        page_bytes: Of a page, a power of two from 512; a file that is there keeps its own. A commit writes every page
            that it touched whole, so small pages suit small changes all over a small file.
    """

    def __init__(
        self,
        path: Path,
        *,
        title: str,
        migrations: tuple[str, ...],
        busy_timeout_s: float = BUSY_TIMEOUT_S,
        log_pages: int = 1000,
        cache_kib: int = 2000,
        overwrites: bool = False,
        page_bytes: int = 4096,
    ) -> None:
        self.path = path
        self.title = title
        self._migrations = migrations
        self._busy_timeout_s = busy_timeout_s
        self._log_pages = log_pages
        self._cache_kib = cache_kib
        self._overwrites = overwrites
        self._page_bytes = page_bytes
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._process = 0

    @contextmanager
    def write(self, *, durable: bool = False) -> Generator[sqlite3.Connection]:
        """Give a connection inside a write transaction: all of it is committed, or none where anything is raised.

        Args:
            durable: Whether the commit must survive a power cut, which takes an fsync, and not only a crash.

        Raises:
            StoreError: the file is damaged, locked, read-only, of a newer version, or the disk is full.
        """
        with self._transaction("BEGIN IMMEDIATE", "FULL" if durable else "NORMAL") as connection:
            yield connection

    @contextmanager
    def read(self) -> Generator[sqlite3.Connection]:
        """Give a connection that sees one moment of the file throughout; raises StoreError like `write`."""
        with self._transaction("BEGIN DEFERRED") as connection:
            yield connection

    def open(self) -> None:
        """Open now, so that a file that cannot be used is known before work begins; raises StoreError like `write`."""
        with self._lock, self._mapped():
            self._opened()

    def check(self) -> None:
        """Read the whole file and raise StoreError where it is damaged or has lost a table; seconds for a large one."""
        with self.read() as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(5)")]
            there = _schema(connection)
        if found != ["ok"]:
            raise self._damaged("; ".join(found))
        with closing(sqlite3.connect(":memory:")) as new:
            for script in self._migrations:
                new.executescript(script)
            lost = sorted(_schema(new) - there, key=lambda each: (each[0] != "table", *each))
        if lost:
            told = ", ".join(" ".join(each) for each in lost[:3]) + (f" and {len(lost) - 3} more" if lost[3:] else "")
            raise self._damaged(f"{told} {'is' if len(lost) == 1 else 'are'} missing")

    def checkpoint(self) -> bool:
        """Bring what is in the log of changes into the file and empty the log; waits for readers, then leaves it be.

        Returns:
            Whether the log is empty: not where somebody still reads when the waiting ends.
        """
        with self._lock, self._mapped():
            busy, *_ = self._opened().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy

    def close(self) -> None:
        """Close; the next use opens again."""
        with self._lock, self._mapped():
            if self._connection is not None and self._process == os.getpid():
                self._connection.close()
            self._connection = None

    @contextmanager
    def _transaction(self, begin: str, synchronous: str = "NORMAL") -> Generator[sqlite3.Connection]:
        with self._lock, self._mapped():
            connection = self._opened()
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            connection.execute(begin)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # a full disk has already rolled back
                    connection.execute("ROLLBACK")
                raise

    def _opened(self) -> sqlite3.Connection:
        if self._connection is not None and self._process != os.getpid():
            # SQLite keeps its locks in tables of the process; a forked copy of them makes it lose commits.
            raise RuntimeError(f"the {self.title} was opened before a fork; close it first, or use a new process")
        if self._connection is None:
            self._process = os.getpid()
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        try:
            private_folder(self.path.parent)
        except OSError as error:
            raise StoreError(
                f"the {self.title} cannot be made at {self.path}: {error.strerror}",
                hint="set HAUSMUSIK_HOME to a folder that can be written",
            ) from error
        connection = sqlite3.connect(
            self.path, timeout=self._busy_timeout_s, isolation_level=None, check_same_thread=False
        )
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.create_aggregate("usd_sum", 1, DollarSum)  # pyright: ignore[reportArgumentType] -- stub wants int
        connection.execute(f"PRAGMA page_size = {self._page_bytes}")  # before there is anything in the file
        _patiently(connection, "PRAGMA journal_mode = WAL", self._busy_timeout_s)
        connection.execute("PRAGMA foreign_keys = ON")
        if self._overwrites:
            connection.execute("PRAGMA secure_delete = ON")
        connection.execute(f"PRAGMA wal_autocheckpoint = {self._log_pages}")
        connection.execute(f"PRAGMA cache_size = -{self._cache_kib}")
        connection.execute("BEGIN")  # its marks are read at one moment: another process may be making the file
        version = self._version(connection)
        connection.execute("COMMIT")
        if version < len(self._migrations):
            connection.execute("BEGIN IMMEDIATE")
            try:
                # Asked again inside the transaction: another process may have been faster.
                for script in self._migrations[self._version(connection) :]:
                    for statement in _statements(script):
                        connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {len(self._migrations)}")
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _version(self, connection: sqlite3.Connection) -> int:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        owner = int(connection.execute("PRAGMA application_id").fetchone()[0])
        foreign = owner != APPLICATION_ID
        if foreign and (owner or version or connection.execute("SELECT 1 FROM sqlite_master").fetchone()):
            raise StoreError(f"{self.path} is a database of another program", hint="move it away")
        if version > len(self._migrations):
            raise StoreError(
                f"the {self.title} at {self.path} was written by a newer hausmusik (version {version} of it)",
                hint="install the newest hausmusik, or use another HAUSMUSIK_HOME",
            )
        return version

    @contextmanager
    def _mapped(self) -> Generator[None]:
        try:
            yield
        except (sqlite3.ProgrammingError, sqlite3.InterfaceError):
            raise  # mistakes of ours
        except sqlite3.Error as error:
            raise self._store_error(error) from error

    def _store_error(self, error: sqlite3.Error) -> StoreError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the kind, the rest says more
        where = f"the {self.title} at {self.path}"
        if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            return self._damaged(str(error))
        if code == sqlite3.SQLITE_FULL:
            return StoreError(f"{where} cannot grow: the disk is full", hint="free some space, then run it again")
        if code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}:
            return StoreError(f"{where} cannot be written: {error}", hint="make it and its folder writable for you")
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return StoreError(
                f"{where} has been locked by another process for {self._busy_timeout_s:.0f} s",
                hint="run it again; if it stays so, find the process that holds it",
            )
        return StoreError(f"{where} failed: {error}", hint="`haus doctor` looks into it")

    def _damaged(self, what: str) -> StoreError:
        return StoreError(
            f"the {self.title} at {self.path} is damaged: {what}",
            hint=f"move it away with its -wal and -shm files to begin a new one; `sqlite3 {self.path.name} .recover` "
            "may save what is in it",
        )


class DollarSum:
    """The SQL aggregate `usd_sum(text)`: an exact sum of decimals kept as text; floats would lose cents."""

    def __init__(self) -> None:
        self._sum = Decimal(0)

    def step(self, value: str) -> None:
        """Add one amount."""
        self._sum += Decimal(value)

    def finalize(self) -> str:
        """Return the sum as text."""
        return format(self._sum, "f")


def storable(text: str) -> str:
    """Return a text that SQLite can keep: lone surrogates, as from undecodable file names, are spelt out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _patiently(connection: sqlite3.Connection, statement: str, timeout_s: float) -> None:
    """Run a statement for which SQLite does not wait by itself: turning WAL on while another process opens the file."""
    end = time.monotonic() + timeout_s
    while True:
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def _schema(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    """Return what a database has: kinds (`table`, `index`, `trigger`) and names."""
    return set(connection.execute("SELECT type, name FROM sqlite_master").fetchall())


def _statements(script: str) -> Iterable[str]:
    """Split a script into statements; `executescript` would commit in the middle of our transaction."""
    buffer = ""
    for line in script.splitlines(keepends=True):
        buffer += line
        if sqlite3.complete_statement(buffer):
            yield buffer
            buffer = ""
    if buffer.strip():
        raise ValueError("a migration ends in the middle of a statement")


def rows_of(connection: sqlite3.Connection, statement: str, values: Iterable[Any] = ()) -> list[dict[str, Any]]:
    """Return the rows of a query as dictionaries by column name."""
    cursor = connection.execute(statement, tuple(values))
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]
