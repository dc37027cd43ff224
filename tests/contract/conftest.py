from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hausmusik.memory.store.store import MemoryStore
from hausmusik.testing import FakeClock
from tests.weights import weights

__all__ = ["weights"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MemoryStore]:
    """An empty one."""
    store = MemoryStore(tmp_path / "memories" / "notes.sqlite", FakeClock())
    yield store
    store.close()
