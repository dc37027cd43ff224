from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.weights.shelf import Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "shelf")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "weights"
