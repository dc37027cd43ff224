"""What the contract of stores of memories is tried with: documents, and looks into the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from hausmusik.memory.store.entry import DocumentEntry
from hausmusik.memory.store.store import MemoryStore
from hausmusik.testing import FakeClock
from tests.unit.memory.entries import RECIPE, content, passage

HELIOS = passage(
    "Anna Weber leads Helios.", {"Anna Weber": "person", "Helios": "product"}, [("Anna Weber", "leads", "Helios")]
)
LEEDS = passage("Tom Baker lives in Leeds.", {"Tom Baker": "person", "Leeds": "location"}, [("Tom Baker", "lives in", "Leeds")], at="2024-01-01")  # fmt: skip
YORK = passage("Tom Baker lives in York.", {"Tom Baker": "person", "York": "location"}, [("Tom Baker", "lives in", "York")], at="2025-01-01")  # fmt: skip


def put(store: MemoryStore, *entries: DocumentEntry) -> MemoryStore:
    for entry in entries:
        store.put(entry, RECIPE)
    return store


def built(folder: Path, *entries: DocumentEntry) -> dict[str, list[object]]:
    """The content of a memory that has only ever had these documents."""
    other = MemoryStore(folder / "again.sqlite", FakeClock())
    put(other, *entries)
    found = content(other)
    other.close()
    (folder / "again.sqlite").unlink()
    return found


def whole(store: MemoryStore) -> bool:
    return not any(store.check().values())


def bytes_of(store: MemoryStore) -> bytes:
    """Everything that is on the disk of a memory now, as `grep` sees it."""
    return b"".join(path.read_bytes() for path in sorted(store.path.parent.glob(f"{store.path.name}*")))


def ids_of(store: MemoryStore) -> dict[str, int]:
    with store.database.read() as connection:
        return dict(connection.execute("SELECT text, id FROM passages").fetchall())


def meaning(store: MemoryStore, surface: str) -> list[str]:
    """The titles of those whom a spelling means."""
    with store.database.read() as connection:
        rows = connection.execute(
            "SELECT e.title FROM names n JOIN entities e ON e.id = n.entity WHERE n.surface = ? ORDER BY e.id",
            (surface,),
        )
        return [row[0] for row in rows]


def raw(store: MemoryStore, work: Callable[[sqlite3.Connection], object]) -> None:
    """Do something to the file behind the store's back."""
    store.close()
    connection = sqlite3.connect(store.path, isolation_level=None)
    work(connection)
    connection.close()
