from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from hausmusik.seams import Clock, Ids
from hausmusik.testing import FakeClock, FakeIds


def test_time_stands_until_it_is_moved() -> None:
    clock = FakeClock()
    as_seam: Clock = clock
    first = as_seam.now()
    assert (clock.now(), clock.monotonic()) == (first, 0.0)
    clock.advance(90.5)
    assert clock.now() - first == timedelta(seconds=90.5)
    assert clock.monotonic() == 90.5
    clock.set_back(3600)
    assert clock.now() < first
    assert clock.monotonic() == 90.5
    with pytest.raises(ValueError, match="back"):
        clock.advance(-1)


def test_it_can_go_on_by_itself() -> None:
    clock = FakeClock(step_s=0.5)
    assert [clock.monotonic() for _ in range(3)] == [0.5, 1.0, 1.5]


def test_its_start_is_in_utc() -> None:
    start = datetime(2026, 5, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert FakeClock(start).now() == datetime(2026, 5, 1, 10, tzinfo=UTC)
    with pytest.raises(ValueError, match="time zone"):
        FakeClock(datetime(2026, 5, 1))  # noqa: DTZ001


def test_names_sort_by_their_age() -> None:
    ids: Ids = FakeIds("run")
    names = [ids.new() for _ in range(12)]
    assert names[0] == "run-000001"
    assert names == sorted(set(names))
