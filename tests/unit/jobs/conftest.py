from __future__ import annotations

import os
import signal
import traceback
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hausmusik.clock import SystemClock, TimeIds
from hausmusik.jobs import Journal


class ManualClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, 12, tzinfo=UTC)
        self.seconds = 0.0

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        self.seconds += max(seconds, 0.0)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "jobs.sqlite"


@pytest.fixture
def journal(path: Path, clock: ManualClock) -> Iterator[Journal]:
    """On a clock that stands; nobody is known to be gone."""
    made = Journal(path, clock=clock, ids=TimeIds(), lease_s=10, gone=lambda owner: False)
    yield made
    made.close()


@pytest.fixture
def live(path: Path) -> Iterator[Journal]:
    """On the real clock, with short leases."""
    made = Journal(path, clock=SystemClock(), ids=TimeIds(), lease_s=0.3)
    yield made
    made.close()


def fork(work: Callable[[], object]) -> int:
    """Run `work` in a forked child (no imports to wait for) that ends with 0, or 1 if it raised; returns its pid.

    No SQLite file may be open here when it is called: see `Database`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn that numpy has threads
        pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        work()
        code = 0
    except BaseException:  # noqa: BLE001 -- nothing may come back into pytest
        traceback.print_exc()
    finally:
        os._exit(code)


def wait(pid: int) -> int:
    """Return the exit status of a child: 0, 1, or minus the signal."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
