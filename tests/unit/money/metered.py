"""Plays that a test writes, and what a meter makes of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from hausmusik.money import Ledger, LedgerRow, Meter
from hausmusik.types import Event, Run, Usage
from tests.unit.jobs.conftest import ManualClock

RUN = Run(id="r1", label="Loops", cue="c1", document="d1")
USED = Usage(boot_s=1, load_s=2, busy_s=7, cpu_s=6, audio_s=20, characters=30)


class Play:
    """A stream that a test writes, and that tells how it was treated."""

    def __init__(self, *events: Event | BaseException | float, clock: ManualClock) -> None:
        self.events = events
        self.clock = clock
        self.started = self.closed = 0

    async def __call__(self) -> AsyncIterator[Event]:  # type: ignore[override]
        self.started += 1
        try:
            for event in self.events:
                if isinstance(event, BaseException):
                    raise event
                if isinstance(event, float):
                    self.clock.advance(event)
                    await asyncio.sleep(0)
                else:
                    yield event
        finally:
            self.closed += 1


async def listen(meter: Meter, play: Play, host: str = "local", run: Run = RUN, **options: Any) -> list[Event]:
    stream = meter.play(play, run=run, instrument="kokoro", host=host, **options)
    async with aclosing(stream):
        return [event async for event in stream]


def only_row(ledger: Ledger) -> LedgerRow:
    (row,) = ledger.rows()
    return row
