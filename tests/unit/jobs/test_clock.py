from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from hausmusik.clock import SystemClock, TimeIds
from tests.unit.jobs.conftest import fork, wait


def test_the_clock_is_aware_and_in_utc() -> None:
    clock = SystemClock()
    assert clock.now().utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - clock.now()) < timedelta(seconds=5)
    assert clock.monotonic() <= clock.monotonic()


def test_ids_sort_by_time_and_tell_it(clock: Any) -> None:
    ids = TimeIds(clock)
    first = ids.new()
    clock.advance(0.001)
    second = ids.new()
    assert len(first) == 26
    assert first < second
    value = 0
    for letter in first:
        value = value << 5 | "0123456789abcdefghjkmnpqrstvwxyz".index(letter)
    assert value >> 80 == int(datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp() * 1000)


def test_ids_of_one_moment_stay_in_order_and_so_when_the_clock_goes_back(clock: Any) -> None:
    ids = TimeIds(clock)
    made = [ids.new() for _ in range(100)]
    clock.advance(-3600)
    made += [ids.new() for _ in range(100)]
    assert made == sorted(set(made))


def test_ids_differ_between_threads_and_after_a_fork(clock: Any) -> None:
    ids = TimeIds(clock)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: ids.new(), range(2000)))
    assert len(set(made)) == 2000
    read, write = os.pipe()
    assert wait(fork(lambda: os.write(write, ids.new().encode()))) == 0
    assert os.read(read, 26).decode() != ids.new()
    os.close(read)
    os.close(write)
