from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

import pytest

from hausmusik.seams import Clock
from hausmusik.testing import VirtualClock, virtual_time


def test_waiting_takes_no_time_and_ends_in_order() -> None:
    ended: list[tuple[str, float]] = []

    async def wait(name: str, seconds: float, clock: Clock) -> None:
        await asyncio.sleep(seconds)
        ended.append((name, clock.monotonic()))

    async def main(clock: Clock) -> None:
        await asyncio.gather(wait("hour", 3600, clock), wait("second", 1, clock), wait("day", 86_400, clock))

    with virtual_time() as (runner, clock):
        start = clock.now()
        runner.run(main(clock))
        assert clock.now() - start == timedelta(days=1)
    assert ended == [("second", 1.0), ("hour", 3600.0), ("day", 86_400.0)]


def test_timeouts_are_in_the_same_time() -> None:
    async def main(clock: VirtualClock) -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await asyncio.sleep(10)
        return clock.monotonic()

    with virtual_time() as (runner, clock):
        assert runner.run(main(clock)) == 5.0


def test_without_a_timer_it_waits_for_other_threads() -> None:
    async def main(clock: VirtualClock) -> float:
        loop, event = asyncio.get_running_loop(), asyncio.Event()
        thread = threading.Timer(0.02, lambda: loop.call_soon_threadsafe(event.set))
        thread.start()
        await event.wait()
        thread.join()
        return clock.monotonic()

    with virtual_time() as (runner, clock):
        assert runner.run(main(clock)) == 0.0
