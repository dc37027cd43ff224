"""The two things a pool deals with: a slot, which holds one worker, and a waiter, which wants one.

Plain state with the few questions it can answer about itself; who gets what is decided in `pool.py`.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from hausmusik.hosts.local.process import WorkerProcess
from hausmusik.seams import EngineOrder
from hausmusik.types import Phase, Usage


@dataclass(eq=False)
class Wanted:
    """An order, and how its worker is started.

    Args:
        order: What is to play.
        interpreter: Program and arguments before `-m`.
        kind: Equal for orders that may share a worker, see `hausmusik.hosts.local.host`.
    """

    order: EngineOrder
    interpreter: Sequence[str]
    kind: str


@dataclass(eq=False)
class Slot:
    """The place of one worker, from the moment its start is decided until it is given up."""

    wanted: Wanted
    number: int
    began_s: float
    state: Literal["starting", "idle", "busy", "settling"] = "starting"
    process: WorkerProcess | None = None
    phase: Phase = field(default_factory=lambda: Phase(name="boot"))
    phase_began_s: float = 0.0
    ready_s: float = 0.0
    last_used: int = 0
    fresh: bool = True
    retire: bool = False
    doomed: bool = False
    start: Usage = field(default_factory=Usage)
    expiry: asyncio.TimerHandle | None = None

    @property
    def instrument(self) -> str:
        """The catalogue id."""
        return self.wanted.order.instrument

    @property
    def running(self) -> WorkerProcess:
        """The worker's process; a programmer's mistake while it is starting."""
        if self.process is None:
            raise RuntimeError("this worker has not been started yet")
        return self.process

    def keep(self) -> None:
        """Call off the idle unload."""
        if self.expiry is not None:
            self.expiry.cancel()
            self.expiry = None

    def take_start(self) -> Usage:
        """Return what its start took, once: the first play on a worker is the one that paid for it."""
        start, self.start = self.start, Usage()
        return start


@dataclass(eq=False)
class Waiter:
    """Somebody who wants a worker: phases arrive, then a slot or an exception."""

    wanted: Wanted
    asked_s: float
    notes: asyncio.Queue[Phase | Slot | Exception] = field(default_factory=asyncio.Queue["Phase | Slot | Exception"])
    granted: Slot | None = None
    last: Phase | None = None

    async def next(self) -> Phase | Slot:
        """Return the next note.

        Raises:
            WorkerDied: the worker died while it was being started.
            HausmusikError: it cannot be started, or the host was closed.
        """
        note = await self.notes.get()
        if isinstance(note, Exception):
            # Several waiters may get the same error; each raises its own, or their tracebacks would grow together.
            raise copy.copy(note)
        return note

    def tell(self, phase: Phase) -> None:
        """Pass on a phase, unless it says nothing new."""
        if phase != self.last:
            self.last = phase
            self.notes.put_nowait(phase)

    def grant(self, slot: Slot) -> None:
        """Hand over a slot."""
        self.granted = slot
        self.notes.put_nowait(slot)

    def waited(self, now_s: float) -> float:
        """Return the seconds spent waiting for others, without those in which the granted worker was starting."""
        starting = 0.0
        if self.granted is not None:
            starting = max(0.0, self.granted.ready_s - max(self.granted.began_s, self.asked_s))
        return max(0.0, now_s - self.asked_s - starting)
