"""Starts of instruments ahead of their plays: under way side by side, joined by the plays they were made for.

A play that comes while a start of its instrument is under way waits for that one instead of asking for a machine of its
own, so that one machine is started and not two, and money is set aside for one of them at a time. A start that fails
says nothing: the play tries itself, and its error is the one that is told. Knows nothing of hosts and money: it gets
streams.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from typing import TypeAlias

import msgspec

from hausmusik.errors import HausmusikError
from hausmusik.types import Event, Phase

Telling: TypeAlias = Callable[[str, Phase | None], None]
"""Told an instrument and what its start is at; None: that is over."""


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """One machine to be started.

    Args:
        instrument: Catalogue id.
        host: Where.
        plays: That it takes at once, from 1.
        delay_s: How long to wait before.
        begin: Starts it; called once.
    """

    instrument: str
    host: str
    plays: int = 1
    delay_s: float = 0.0
    begin: Callable[[], AsyncGenerator[Event]]


class WarmUps:
    """The starts that are under way in one house."""

    def __init__(self) -> None:
        self._going: list[_WarmUp] = []

    @asynccontextmanager
    async def under_way(self, starts: Sequence[Start], on_phase: Telling) -> AsyncGenerator[Callable[[], None]]:
        """Start machines beside what the block does; leaving it ends those that are not ready.

        Args:
            starts: Which.
            on_phase: Told what each is at.

        Returns:
            A function that ends those for which no play waits.
        """
        mine = [_WarmUp(start, on_phase) for start in starts]
        self._going += mine

        def leave() -> None:
            for each in mine:
                if not each.waiting:
                    each.task.cancel()

        try:
            yield leave
        finally:
            for each in mine:
                self._going.remove(each)
                each.task.cancel()
            ended = await asyncio.gather(*(each.task for each in mine), return_exceptions=True)
        for each in ended:
            if isinstance(
                each, Exception
            ):  # a mistake of the programmer: what hosts raise is ours, and was passed over
                raise each

    async def join(self, instrument: str, host: str) -> AsyncGenerator[Phase]:
        """Wait for a start that is under way and has a place for one more play; yields what it is at.

        One that was put off is given up: the play is early, and starts its own.
        """
        mine = [each for each in self._going if each.is_for(instrument, host)]
        found = next((each for each in mine if each.begun and each.waiting < each.start.plays), None)
        if found is None:
            for each in [each for each in mine if not each.begun][:1]:
                each.task.cancel()
            return
        found.waiting += 1
        try:
            while not found.task.done():
                if found.at is not None:
                    yield found.at
                await found.news()
        finally:
            found.waiting -= 1


class _WarmUp:
    """One start."""

    def __init__(self, start: Start, on_phase: Telling) -> None:
        self.start = start
        self.at: Phase | None = None
        self.waiting = 0
        self.begun = False
        self._on_phase = on_phase
        self._news = asyncio.Event()
        self.task = asyncio.create_task(self._run())
        self.task.add_done_callback(lambda _: self._news.set())

    def is_for(self, instrument: str, host: str) -> bool:
        return (self.start.instrument, self.start.host) == (instrument, host) and not self.task.done()

    async def news(self) -> None:
        """Wait until it is at something else, or over."""
        await self._news.wait()

    async def _run(self) -> None:
        if self.start.delay_s:  # else it begins before anything that its block does
            await asyncio.sleep(self.start.delay_s)
        self.begun = True
        try:
            with suppress(HausmusikError):
                async with aclosing(self.start.begin()) as events:
                    async for event in events:
                        if isinstance(event, Phase):
                            self.at = event
                            self._on_phase(self.start.instrument, event)
                            self._news.set()
                            self._news = asyncio.Event()
        finally:
            self._on_phase(self.start.instrument, None)
