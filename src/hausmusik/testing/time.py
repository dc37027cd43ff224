"""An event loop whose time jumps to the next timer when nothing else is to be done: hours of waiting in a second.

    with virtual_time() as (runner, clock):
        runner.run(main(clock))

For code that waits by the loop (`asyncio.sleep`, timeouts) and measures by a `Clock`. Time does not wait for threads or
other processes: code that uses some sees its timeouts pass at once. Knows nothing of what runs on it.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop with a time of its own, from 0; it stands while there is something to do."""

    def __init__(self) -> None:
        self._now_s = 0.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        """Return the seconds that have passed for whoever waits on this loop."""
        return self._now_s

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now_s += seconds


class VirtualClock:
    """The time of a loop as a `Clock`.

    Args:
        loop: Whose.
        start: The wall clock's time at its beginning, aware.
    """

    def __init__(self, loop: VirtualTimeLoop, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._loop = loop
        self._start = start

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        return self._start + timedelta(seconds=self._loop.time())

    def monotonic(self) -> float:
        """Return the seconds passed since the beginning."""
        return self._loop.time()


@contextmanager
def virtual_time() -> Generator[tuple[asyncio.Runner, VirtualClock]]:
    """Give a runner of coroutines in virtual time, and its clock."""
    loop = VirtualTimeLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        yield runner, VirtualClock(loop)


class _Jumping(selectors.DefaultSelector):
    """Looks whether there is input, and where a loop would wait for a timer lets its time pass instead."""

    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready; without any timer this waits, as only another thread could go on."""
        if timeout is None:
            return super().select(None)
        ready: list[Any] = super().select(0)
        if not ready:
            self._loop.advance(timeout)
        return ready
