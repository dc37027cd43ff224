from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("modal")

from hausmusik.hosts.modal.plane import Plane, PlaneOptions
from tests.unit.hosts.modal.plane.deploying import running

MakePlane = Callable[..., Plane]


@pytest.fixture
def make_plane(tmp_path: Path) -> Iterator[MakePlane]:
    """Planes that are closed when the test is over, and leave no process behind."""
    planes: list[Plane] = []

    def make(**options: Any) -> Plane:
        plane = Plane(tmp_path / f"plane-{len(planes)}", PlaneOptions(**options))
        planes.append(plane.__enter__())
        return plane

    yield make
    for plane in planes:
        plane.close()
        assert not running(plane)


@pytest.fixture
def dry_plane(make_plane: MakePlane) -> Plane:
    return make_plane(containers="none")
