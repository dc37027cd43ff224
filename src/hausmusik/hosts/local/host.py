"""The local host: plays instruments in worker processes, so that nothing an engine does takes the caller down.

It restarts a worker that died, once per play, and hides that from the caller where that is honest (see `replay.py`);
it ends plays at their deadline and workers that fall silent. Who gets which worker is the pool's to decide. Knows
nothing of catalogues, money or routing: an `EngineOrder` says everything.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import math
import os
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from hausmusik.asking import checked
from hausmusik.codec import CodecError, error_of
from hausmusik.errors import (
    Cancelled,
    GenerationFailed,
    HausmusikError,
    HostUnavailable,
    StreamBroken,
    UsageError,
    WorkerLost,
)
from hausmusik.hosts.learnt import Learnt
from hausmusik.hosts.local import frames
from hausmusik.hosts.local.pool import Limits, Pool
from hausmusik.hosts.local.process import WorkerDied
from hausmusik.hosts.local.slots import Slot, Wanted
from hausmusik.hosts.local.starting import Starter
from hausmusik.hosts.replay import Delivered, Departed
from hausmusik.seams import Clock, EngineOrder, HostState, Machines
from hausmusik.types import Done, Event, Phase, Request, Run, Usage

RESTARTS: Final = 1


class _Play:
    """What one play keeps over its attempts."""

    def __init__(self, wanted: Wanted, request: Request, run: Run) -> None:
        self.wanted = wanted
        self.request = request
        self.run = run
        self.delivered = Delivered()
        self.spent = Usage()
        self.ends_s = math.inf
        self.started = False


class LocalHost:
    """Plays in worker processes of this machine. Use it in one event loop, from any number of tasks; POSIX only.

    Args:
        interpreters: Program and arguments for the name of an environment; may raise MissingExtra, must not block.
        logs: Folder for the workers' logs (each under 256 KiB, the newest 40 are kept) and their import path.
        clock: Time.
        max_workers: Most workers of all instruments together; 0: as many as this process may use cores.
        memory_mib: Most memory of all workers together, by what their instruments say they take; 0: no limit.
        idle_unload_s: An idle worker is stopped after this long; infinite: never.
        start_timeout_s: Most seconds from boot to warm.
        stall_timeout_s: A play whose engine sends nothing for this long is taken for hung, and its worker killed.
        cancel_grace_s: How long a cancelled engine may go on before its worker is killed; nobody waits for that.
        learnt: File of the learnt times; None: `learnt.json` beside the logs.
        variables: Environment variables of which the listed few reach the workers; None: the process's own.
    """

    def __init__(
        self,
        *,
        interpreters: Callable[[str], Sequence[str]],
        logs: Path,
        clock: Clock,
        max_workers: int = 0,
        memory_mib: int = 0,
        idle_unload_s: float = 300.0,
        start_timeout_s: float = 120.0,
        stall_timeout_s: float = 600.0,
        cancel_grace_s: float = 2.0,
        learnt: Path | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self._interpreters = interpreters
        self._clock = clock
        self._stall_s = stall_timeout_s
        self._start_timeout_s = start_timeout_s
        self._cancel_grace_s = cancel_grace_s
        self._max_workers = max_workers or usable_cores()
        self._learnt = Learnt(learnt or logs / "learnt.json")
        starter = Starter(logs, self._learnt, clock, start_timeout_s, os.environ if variables is None else variables)
        self._pool = Pool(starter, Limits(self._max_workers, idle_unload_s, cancel_grace_s, memory_mib=memory_mib))
        self._numbers = itertools.count(1)
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def name(self) -> str:
        """`local`."""
        return "local"

    @property
    def workspace(self) -> str:
        """None: one's own machine sends no bill."""
        return ""

    @property
    def needs_weights_here(self) -> bool:
        """Yes: the workers read the files that an order names."""
        return True

    def numeric_class(self, order: EngineOrder) -> str:
        """Return `cpu-1t`: takes are ordered with one thread per worker, see `EngineContext.threads`."""
        del order
        return "cpu-1t"

    async def play(self, order: EngineOrder, request: Request, run: Run) -> AsyncGenerator[Event, None]:
        """Yield the events of one play: phases, results, the sum of all `Usage`, `Done`.

        Closing the iterator cancels: the engine is told at once, its worker killed if it goes on for longer than the
        grace; the closing itself does not wait.

        Raises:
            HostUnavailable: the worker cannot be started, or the host is closed.
            MissingExtra: the engine's environment is not installed.
            WorkerLost: the worker died or fell silent before anything was delivered.
            StreamBroken: it did after, and a new one did not repeat what was delivered; `.partial` has the first 8 MiB
                of that.
            GenerationFailed: the play was not over at the run's deadline.
            Cancelled: the host was closed meanwhile.
            CodecError: the worker sent what is no message.
            EngineError: what the engine raised.
            UsageError: a field of the request is out of its range, or used from a second event loop.
        """
        self._claim()
        play = _Play(self._wanted(order), checked(request), run)
        for attempt in range(RESTARTS + 1):
            try:
                async with contextlib.aclosing(self._attempt(play)) as events:
                    async for event in events:
                        if play.delivered.is_news(event):
                            yield event
            except WorkerDied as died:
                if attempt == RESTARTS or not died.again or self._pool.closed:
                    raise self._verdict(play, died) from died
                play.delivered.restart()
            except Departed as departed:
                raise StreamBroken(
                    f"the worker of {order.instrument} died and a new one did not repeat what had been delivered",
                    partial=play.delivered.beginning,
                    hint="play it again from the start",
                ) from departed
            else:
                return

    def worst_s(self, order: EngineOrder, run: Run) -> float | None:
        """Return the run's deadline and, for each attempt, the longest start and the grace of a cancelled engine."""
        del order
        return (
            run.deadline_s + (RESTARTS + 1) * (self._start_timeout_s + self._cancel_grace_s) if run.deadline_s else None
        )

    def machines(self, order: EngineOrder) -> Machines:
        """Return how many workers an instrument may have, each with one play at a time; idle ones cost nothing.

        Nothing is started ahead: as many plays go on at once as there may be workers, whose places a start would take.
        """
        return Machines(most=max(1, min(order.workers, self._max_workers)))

    def state(self, order: EngineOrder) -> HostState:
        """Return how ready the instrument is; absent when its environment or a weight file is not here."""
        try:
            wanted = self._wanted(order)
        except HausmusikError:
            return HostState(state="absent")
        if not all(Path(path).exists() for path in order.context.files.values()):
            return HostState(state="absent")
        return self._pool.state_of(wanted.kind, order.instrument)

    async def warm(self, order: EngineOrder, *, together: bool = False) -> AsyncGenerator[Event, None]:
        """Make a worker ready, for programs that know what they will play next; nothing happens where one is.

        Raises:
            HostUnavailable: it cannot be started.
            HausmusikError: what the engine raised while it was loading.
        """
        del together  # workers that are asked for at once are different ones anyway
        self._claim()
        wanted = self._wanted(order)
        spent = Usage()
        if self._pool.state_of(wanted.kind, order.instrument).state != "warm":
            for attempt in range(RESTARTS + 1):
                waiter = self._pool.ask(wanted)
                try:
                    while not isinstance(note := await waiter.next(), Slot):
                        yield note
                    spent = note.take_start()
                except WorkerDied as died:
                    if attempt == RESTARTS:
                        raise _could_not_start(order, died) from died
                else:
                    break
                finally:
                    self._pool.withdraw(waiter)
        yield spent
        yield Done()

    async def release(self, instrument: str = "") -> None:
        """Stop the workers of one instrument, or of all: idle ones now, playing ones when their play is over."""
        if self._loop is not None:
            self._claim()
            await self._pool.release(instrument)

    async def close(self) -> None:
        """Kill every worker and wait until all are gone; plays under way raise Cancelled. Safe to call twice."""
        if self._loop is None:
            self._pool.closed = True
            return
        self._check_loop()
        await self._pool.close()
        with contextlib.suppress(OSError):  # the next ETA is then a little older, nothing worse
            self._learnt.save()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    # -- one attempt ------------------------------------------------------------------------------------------------

    async def _attempt(self, play: _Play) -> AsyncGenerator[Event, None]:
        """Yield the events of one attempt; whatever happens, the slot is given back in the state it deserves."""
        waiter = self._pool.ask(play.wanted)
        slot: Slot | None = None
        number = next(self._numbers)
        under_way = False
        try:
            while slot is None:
                note = await waiter.next()
                if isinstance(note, Slot):
                    slot = note
                else:
                    yield note
            play.started = True
            play.spent += Usage(queue_s=waiter.waited(self._clock.monotonic())) + slot.take_start()
            yield Phase(name="play", eta_s=play.wanted.order.expected_s)
            if play.run.deadline_s and play.ends_s == math.inf:
                play.ends_s = self._clock.monotonic() + play.run.deadline_s
            packed = frames.packed(frames.Play(play=number, request=play.request))
            under_way = True
            await self._say(slot, play, packed)
            while not isinstance(message := await self._hear(slot, play), frames.Finished | frames.Failed):
                if not isinstance(message, frames.Told) or message.play != number:
                    raise CodecError(f"a worker that is playing sent {type(message).__name__} out of turn")
                yield message.event
            under_way = False
        except (WorkerDied, CodecError):
            if slot is not None:
                slot.running.kill()
                self._pool.discard(slot)
            raise
        finally:
            if slot is None:
                self._pool.withdraw(waiter)
            elif under_way:
                self._pool.settle(slot, number)
            else:
                self._pool.give_back(slot)
        for event in self._ending(play, message):
            yield event

    def _ending(self, play: _Play, message: frames.Finished | frames.Failed) -> tuple[Event, Event]:
        """Return the last two events; raises what the engine raised."""
        if isinstance(message, frames.Failed):
            raise error_of(message.failure)
        play.delivered.check_complete()
        counted = message.usage
        return counted + play.spent + play.delivered.visible(play.request, counted), Done(reason=message.reason)

    async def _say(self, slot: Slot, play: _Play, packed: tuple[bytes, bytes]) -> None:
        try:
            await slot.running.send(packed, self._patience_s(play))
        except TimeoutError:
            raise self._too_long(slot, play) from None

    async def _hear(self, slot: Slot, play: _Play) -> frames.FromWorker:
        if self._clock.monotonic() >= play.ends_s:  # a pipe that is never empty would never let the time-out come
            raise self._too_long(slot, play)
        try:
            return await slot.running.receive(self._patience_s(play))
        except TimeoutError:
            raise self._too_long(slot, play) from None

    def _patience_s(self, play: _Play) -> float:
        return max(0.001, min(self._stall_s, play.ends_s - self._clock.monotonic()))

    def _too_long(self, slot: Slot, play: _Play) -> Exception:
        """Return the error for a silence: the deadline has come, or the worker hangs."""
        if self._clock.monotonic() >= play.ends_s:
            return GenerationFailed(
                f"{slot.instrument} was not done after {play.run.deadline_s:g} s, the run's deadline",
                hint="ask for less at once, or set a later deadline",
            )
        return slot.running.died(f"it sent nothing for {self._stall_s:g} s while playing", again=False)

    def _verdict(self, play: _Play, died: WorkerDied) -> HausmusikError:
        """Return the error for a play whose worker died for good."""
        instrument = play.wanted.order.instrument
        if self._pool.closed:
            return Cancelled(f"the local host was closed while {instrument} was playing")
        if play.delivered:
            return StreamBroken(
                f"the worker of {instrument} was lost: {died.sentence}",
                partial=play.delivered.beginning,
                hint=died.hint,
            )
        if not play.started:
            return _could_not_start(play.wanted.order, died)
        return WorkerLost(f"the worker of {instrument} was lost: {died.sentence}", hint=died.hint)

    # -- small things -----------------------------------------------------------------------------------------------

    def _claim(self) -> None:
        if self._pool.closed:
            raise HostUnavailable("the local host is closed", hint="open a new house")
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        self._check_loop()

    def _check_loop(self) -> None:
        if self._loop is not asyncio.get_running_loop():
            raise UsageError(
                "a local host belongs to the event loop that used it first, and this is another one",
                hint="open one house per event loop",
            )

    def _wanted(self, order: EngineOrder) -> Wanted:
        interpreter = list(self._interpreters(order.environment))
        return Wanted(order, interpreter, _kind(order, interpreter))


def _kind(order: EngineOrder, interpreter: Sequence[str]) -> str:
    """Return a digest of all that shapes a worker: orders that differ only in figures for the host share it.

    An engine file is looked at too, so that an edited one is not played by the worker that has loaded the old one.
    """
    bare = msgspec.structs.replace(order, workers=1, memory_mib=0, expected_s=None)
    parts = [msgspec.msgpack.Encoder(order="deterministic").encode(bare), "\0".join(interpreter).encode()]
    path = Path(order.engine.rpartition(":")[0])
    if path.suffix == ".py" and path.is_file():
        parts.append(f"{path.stat().st_mtime_ns} {path.stat().st_size}".encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _could_not_start(order: EngineOrder, died: WorkerDied) -> HostUnavailable:
    return HostUnavailable(f"{order.instrument} could not be started: {died.sentence}", hint=died.hint)


def usable_cores() -> int:
    """Return how many cores this process may use: in a container or under taskset fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
