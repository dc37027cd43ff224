from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hausmusik.clock import SystemClock
from hausmusik.hosts.local import LocalHost
from tests.unit.hosts.playing import MakeHost, own


@pytest.fixture
async def make_host(tmp_path: Path) -> AsyncIterator[MakeHost]:
    """Hosts that are closed when the test is over, and have left nothing behind."""
    hosts: list[LocalHost] = []

    def make(**settings: Any) -> LocalHost:
        settings.setdefault("interpreters", own)
        settings.setdefault("max_workers", 2)
        host = LocalHost(logs=tmp_path / "logs", clock=SystemClock(), **settings)
        hosts.append(host)
        return host

    yield make
    for host in hosts:
        await host.close()
        assert not host._pool._slots
        assert not host._pool._tasks
