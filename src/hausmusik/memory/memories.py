"""The memories of a house: one file each, opened by name; what of each is in memory follows its changes.

Knows nothing of players.
"""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Final

from hausmusik.config.database import Database
from hausmusik.errors import NotFoundError, UsageError
from hausmusik.memory.retrieval.index import Index
from hausmusik.memory.store.store import MemoryStore
from hausmusik.seams import Clock

NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
ENDING: Final = ".sqlite"


class Memories:
    """All memories in one folder.

    Args:
        folder: Where the files are.
        clock: For the times in them.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._stores: dict[str, MemoryStore] = {}
        self._indexes: dict[str, tuple[int, Index]] = {}
        self._making = threading.Lock()

    def names(self) -> tuple[str, ...]:
        """Return the names of all memories."""
        found = self._folder.glob(f"*{ENDING}") if self._folder.is_dir() else ()
        return tuple(sorted(path.stem for path in found if NAME.fullmatch(path.stem) and path.is_file()))

    def store(self, name: str, *, new: bool = False) -> MemoryStore:
        """Return a memory's store.

        Args:
            name: Of the memory.
            new: Whether it may be one that is not there yet.

        Raises:
            UsageError: that is no name.
            NotFoundError: there is no such memory.
        """
        if not NAME.fullmatch(name):
            raise UsageError(f"{name!r} is no name for a memory", hint="use small letters, digits, . _ -")
        if name not in self._stores:
            store = MemoryStore(self._folder / f"{name}{ENDING}", self._clock)
            if not new and not store.exists:
                known = ", ".join(self.names())
                hint = f"there are: {known}" if known else "make one: haus memory add NAME FOLDER"
                raise NotFoundError(f"there is no memory {name!r}", hint=hint)
            self._stores[name] = store
        return self._stores[name]

    def index(self, name: str) -> Index:
        """Return what of a memory is searched in memory; brought up to date if the file changed since."""
        store = self.store(name)
        with self._making:  # two questions at once wait for one index
            version = _version(store.database)
            found = self._indexes.get(name)
            if found is None or found[0] != version:
                found = (version, Index(store, store.dim, found[1] if found else None))
                self._indexes[name] = found
            return found[1]

    def close(self) -> None:
        """Close all files."""
        for store in self._stores.values():
            store.close()
        self._stores.clear()
        self._indexes.clear()


def _version(database: Database) -> int:
    """Return a number that differs after every change of the file, whoever made it."""
    with database.read() as connection:
        return int(connection.execute("SELECT total_changes()").fetchone()[0]) + (
            int(connection.execute("PRAGMA data_version").fetchone()[0]) << 32
        )
