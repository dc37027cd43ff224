"""A host that plays in this process: the tone engine, a script of events, or a function of the test's own.

Keeps the Host protocol, and passes its contract suite, so that what works on it works on a real one. Knows nothing of
processes; an engine told to crash takes the test down with it.
"""

from __future__ import annotations

import asyncio
import copy
import math
import threading
from collections.abc import AsyncGenerator, Callable, Collection, Generator, Iterable, Sequence
from contextlib import aclosing, contextmanager
from typing import TypeAlias

import msgspec

from hausmusik.asking import checked
from hausmusik.codec import error_of, failure_of
from hausmusik.engines.loading import check_device, load_engine
from hausmusik.errors import (
    EngineError,
    GenerationFailed,
    HausmusikError,
    HostUnavailable,
    MissingExtra,
    StreamBroken,
    WorkerLost,
)
from hausmusik.seams import Engine, EngineOrder, HostState, Machines
from hausmusik.testing.faults import Fault, FaultSchedule
from hausmusik.types import Done, Event, Phase, Request, Run, Stay, Usage

Script: TypeAlias = Sequence[Event]
PlayFunction: TypeAlias = Callable[[EngineOrder, Request, Run], Iterable[Event]]


class Played(msgspec.Struct, frozen=True, eq=False):
    """One play that was asked for: of which instrument, what, for which run, on which order."""

    instrument: str
    request: Request
    run: Run
    order: EngineOrder


class FakeHost:
    """Plays in this process and remembers every play in `plays`.

    Args:
        play: The events of every play, or a function that returns them; None: the order's own engine plays. Its
            option `sleep_s`, if it has one, is slept by the host, without blocking the loop.
        faults: What goes wrong, by the number of the play.
        absent: Instruments that are not here.
        warm_s: How long a first play, or `warm`, takes to get ready.
        name: What the host is called.
        numeric_class: What its takes are keyed by.
        machines: What it has for each instrument; None: one machine. With `idle_s`, an instrument that has ended its
            play stays warm for so long, which its plays say as a `Stay`, and then is cold again; by the time of the
            event loop.

    Attributes:
        plays: Every play that was asked for.
        warmed: Of each start ahead of a play the instrument.
    """

    def __init__(
        self,
        play: Script | PlayFunction | None = None,
        *,
        faults: FaultSchedule | None = None,
        absent: Collection[str] = (),
        warm_s: float = 0.0,
        name: str = "fake",
        numeric_class: str = "fake",
        machines: Machines | None = None,
    ) -> None:
        self._play = play
        self._faults = faults or FaultSchedule()
        self._absent = absent
        self._warm_s = warm_s
        self._name = name
        self._numeric_class = numeric_class
        self._machines = machines or Machines()
        self._ended_s: dict[str, float] = {}
        self._born: dict[str, int] = {}
        self._states: dict[str, HostState] = {}
        self._closed = False
        self.plays: list[Played] = []
        self.warmed: list[str] = []
        self.playing = 0

    @property
    def name(self) -> str:
        """As it was called."""
        return self._name

    @property
    def workspace(self) -> str:
        """None, as one's own machine."""
        return ""

    @property
    def needs_weights_here(self) -> bool:
        """As a worker on this machine would."""
        return True

    def numeric_class(self, order: EngineOrder) -> str:
        """Return what was given."""
        del order
        return self._numeric_class

    async def play(self, order: EngineOrder, request: Request, run: Run) -> AsyncGenerator[Event, None]:
        """Yield phases, the results, one `Usage` and `Done`, unless the schedule says otherwise.

        Raises:
            HostUnavailable: the host is closed.
            MissingExtra: the instrument is absent.
            UsageError: a field of the request is out of its range.
            GenerationFailed: the play was not over at the run's deadline.
            HausmusikError: what the engine or the schedule raises; foreign errors arrive as EngineError.
        """
        request = checked(request)
        fault = self._faults.of(len(self.plays))
        self.plays.append(Played(order.instrument, request, run, order))
        self.playing += 1
        idled_s = self._idled_s(order.instrument)
        try:
            async with aclosing(self._phases(order)) as phases:
                async for phase in phases:
                    yield phase
            if self._machines.idle_s:
                # Its first play since it was cold is of a machine of its own.
                born = self._born[order.instrument] = self._born.get(order.instrument, 0) + (idled_s is None)
                machine = f"{self._name}-{order.instrument}-{born}"
                yield Stay(machine=machine, gap_s=idled_s, window_s=self._machines.idle_s)
            yield Phase(name="play", eta_s=order.expected_s)
            ends_s = asyncio.get_running_loop().time() + (run.deadline_s or math.inf)
            delivered: list[Event] = []
            used, reason = Usage(), ""
            events = self._events(order, request, run)
            try:
                for event in events:
                    await self._pause(order, fault, run, ends_s)
                    if fault.error is not None and len(delivered) >= fault.after:
                        break
                    if isinstance(event, Usage):
                        used += event
                    elif isinstance(event, Done):
                        reason = event.reason
                    else:
                        if not isinstance(event, Phase):
                            delivered.append(event)
                        yield event
            finally:
                events.close()
            if fault.error is not None:
                raise _as_promised(fault.error, delivered)
            if not reason:
                raise EngineError("the engine broke its contract: the play ended without Done")
            yield used
            yield Done(reason=reason)
        finally:
            self.playing -= 1
            self._ended_s[order.instrument] = asyncio.get_running_loop().time()

    def worst_s(self, order: EngineOrder, run: Run) -> float | None:
        """Return the time to get ready, the run's deadline and the idle window; a script's figures may say anything."""
        del order
        return self._warm_s + run.deadline_s + self._machines.idle_s if run.deadline_s else None

    def machines(self, order: EngineOrder) -> Machines:
        """Return what was given."""
        del order
        return self._machines

    def state(self, order: EngineOrder) -> HostState:
        """Return absent, cold, warming or warm."""
        if order.instrument in self._absent:
            return HostState(state="absent")
        return self._states.get(order.instrument, HostState(state="cold", eta_s=self._warm_s))

    async def warm(self, order: EngineOrder, *, together: bool = False) -> AsyncGenerator[Event, None]:
        """Take `warm_s` and be warm; two that are warmed together each take it."""
        del together
        self.warmed.append(order.instrument)
        start_s = 0.0 if self.state(order).state == "warm" else self._warm_s
        async with aclosing(self._phases(order)) as phases:
            async for phase in phases:
                yield phase
        if self._play is None:
            try:
                with _loaded(order):
                    pass
            except Exception as error:
                del self._states[order.instrument]
                raise error_of(failure_of(error)) from error
        yield Usage(boot_s=start_s / 2, load_s=start_s / 2)
        yield Done()

    async def release(self, instrument: str = "") -> None:
        """Be cold again."""
        for each in [instrument] if instrument else list(self._states):
            self._states.pop(each, None)

    async def close(self) -> None:
        """Refuse every further play."""
        self._closed = True
        self._states.clear()

    def _idled_s(self, instrument: str) -> float | None:
        """Return how long an instrument has been idle before the play that begins now; None: it is cold, or is now."""
        ended_s = self._ended_s.get(instrument)
        if ended_s is None or instrument not in self._states or not self._machines.idle_s:
            return None
        idled_s = asyncio.get_running_loop().time() - ended_s
        if idled_s <= self._machines.idle_s:
            return idled_s
        del self._states[instrument]
        return None

    async def _phases(self, order: EngineOrder) -> AsyncGenerator[Phase, None]:
        if self._closed:
            raise HostUnavailable("the fake host is closed")
        if order.instrument in self._absent:
            raise MissingExtra(f"{order.instrument} is not installed", hint=f"haus install {order.instrument}")
        if self.state(order).state != "warm":
            try:
                for name in ("boot", "load"):
                    eta_s = self._warm_s / 2
                    self._states[order.instrument] = HostState(state="warming", phase=name, eta_s=eta_s)
                    yield Phase(name=name, eta_s=eta_s)
                    await asyncio.sleep(eta_s)
                self._states[order.instrument] = HostState(state="warm")
            finally:
                if self.state(order).state == "warming":
                    del self._states[order.instrument]

    def _events(self, order: EngineOrder, request: Request, run: Run) -> Generator[Event, None, None]:
        """Yield what is played; every error as it would arrive from a worker."""
        try:
            if self._play is None:
                yield from performed(order, request)
            elif callable(self._play):
                yield from self._play(order, request, run)
            else:
                yield from self._play
        except HausmusikError:
            raise
        except Exception as error:
            raise error_of(failure_of(error)) from error

    @staticmethod
    async def _pause(order: EngineOrder, fault: Fault, run: Run, ends_s: float) -> None:
        wanted_s = fault.delay_s + float(order.context.options.get("sleep_s", 0.0))
        left_s = ends_s - asyncio.get_running_loop().time()
        await asyncio.sleep(max(0.0, min(wanted_s, left_s)))
        if wanted_s >= left_s:
            raise GenerationFailed(
                f"{order.instrument} was not done after {run.deadline_s:g} s, the run's deadline",
                hint="ask for less at once, or set a later deadline",
            )


@contextmanager
def _loaded(order: EngineOrder) -> Generator[Engine]:
    """Give the order's engine, loaded."""
    options = {name: value for name, value in order.context.options.items() if name != "sleep_s"}
    engine = load_engine(order.engine, msgspec.structs.replace(order.context, options=options))
    try:
        check_device(engine, order.device)
        for stage in (engine.prepare(), engine.load(order.device), engine.warm_up()):
            for _ in stage:
                pass
        yield engine
    finally:
        engine.close()


def performed(order: EngineOrder, request: Request) -> Generator[Event, None, None]:
    """Play on the order's engine, loaded for this one play; cancelled when the generator is closed."""
    cancel = threading.Event()
    with _loaded(order) as engine:
        try:
            for _, event in engine.play([request], cancel):
                yield event
        finally:
            cancel.set()


def _as_promised(error: HausmusikError, delivered: list[Event]) -> HausmusikError:
    if isinstance(error, WorkerLost) and delivered:
        return StreamBroken(error.message, partial=tuple(delivered), hint=error.hint)
    return copy.copy(error)  # a schedule may name one error for many plays
