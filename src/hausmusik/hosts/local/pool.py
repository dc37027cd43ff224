"""Who gets which worker: one queue, several workers per instrument, a limit for all of them together.

Warm workers go on with the oldest waiter of their own kind; a waiter without a worker of its kind gets a new one while
there is room, else in place of the least recently used idle one, and after some patience in place of the next that
becomes free, so that a long batch of one instrument cannot starve another. Knows nothing of what is played.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hausmusik.codec import CodecError
from hausmusik.errors import Cancelled
from hausmusik.hosts.local import frames
from hausmusik.hosts.local.process import WorkerDied
from hausmusik.hosts.local.slots import Slot, Waiter, Wanted
from hausmusik.hosts.local.starting import Starter
from hausmusik.seams import HostState
from hausmusik.types import Phase

_BACKOFF_S: Final = 30.0
_PATIENCE_S: Final = 10.0


@dataclass(frozen=True)
class Limits:
    """The numbers a pool keeps to.

    Args:
        max_workers: Most workers of all instruments together, at least 1.
        idle_unload_s: An idle worker is stopped after this long; infinite: never.
        cancel_grace_s: How long a cancelled engine may go on before it is killed.
        close_grace_s: How long an idle engine may take to close itself.
        patience_s: How long a waiter lets workers of other kinds go on with their own queue.
        memory_mib: Most memory of all workers together; 0: no limit. One worker may always run, however large it is.
    """

    max_workers: int
    idle_unload_s: float
    cancel_grace_s: float
    close_grace_s: float = 1.0
    patience_s: float = _PATIENCE_S
    memory_mib: int = 0


class Pool:
    """Workers and those who wait for them; belongs to one event loop.

    Args:
        starter: Starts a worker.
        limits: See `Limits`.
    """

    def __init__(self, starter: Starter, limits: Limits) -> None:
        self._starter = starter
        self._limits = limits
        self._slots: list[Slot] = []
        self._waiting: list[Waiter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._uses = 0
        self._failed_s: dict[str, float] = {}
        self._left_s: dict[str, float] = {}
        self.closed = False

    # -- for the host -----------------------------------------------------------------------------------------------

    def ask(self, wanted: Wanted) -> Waiter:
        """Queue for a worker; the slot arrives in the waiter's notes."""
        waiter = Waiter(wanted, self._now_s())
        self._waiting.append(waiter)
        self._dispatch()
        return waiter

    def withdraw(self, waiter: Waiter) -> None:
        """Stop waiting; a slot that was granted and never taken goes back."""
        if waiter in self._waiting:
            self._waiting.remove(waiter)
        elif waiter.granted is not None:
            self.give_back(waiter.granted)

    def give_back(self, slot: Slot) -> None:
        """Take a slot back after a play that is over; its worker stays warm for a while."""
        if slot not in self._slots:
            return
        if slot.retire or not slot.running.alive:
            self._drop(slot, self._limits.close_grace_s)
        else:
            self._rest(slot)
        self._dispatch()

    def discard(self, slot: Slot) -> None:
        """Give up a slot whose worker is dead or cannot be trusted."""
        if slot in self._slots:
            self._drop(slot, 0.0)
            self._dispatch()

    def settle(self, slot: Slot, play: int) -> None:
        """Cancel a play and see to its worker in the background: reused if the engine stops in time, else killed."""
        if slot in self._slots:
            slot.state = "settling"
            self._spawn(self._settle(slot, play))

    def state_of(self, kind: str, instrument: str) -> HostState:
        """Return how ready the workers of a kind are."""
        slots = list(self._of(kind))
        if any(slot.state != "starting" for slot in slots):
            return HostState(state="warm")
        learnt = self._starter.learnt
        if not slots:
            return HostState(state="cold", eta_s=learnt.start_s(instrument))
        slot = min(slots, key=lambda each: each.began_s)
        rest_s = learnt.start_s(instrument, after=slot.phase.name)
        if rest_s is not None:
            expected_s = learnt.expected_s(instrument, slot.phase.name) or 0.0
            rest_s = round(rest_s + max(0.0, expected_s - (self._now_s() - slot.phase_began_s)), 3)
        return HostState(state="warming", phase=slot.phase.name, eta_s=rest_s)

    async def release(self, instrument: str) -> None:
        """Stop the workers of one instrument, or of all: idle ones now, others when their play is over."""
        for slot in [each for each in self._slots if instrument in {"", each.instrument}]:
            slot.retire = True
            if slot.state == "idle":
                self._drop(slot, self._limits.close_grace_s)
        if stopping := [task for task in self._tasks if task.get_name().startswith("stop ")]:
            await asyncio.wait(stopping)

    async def close(self) -> None:
        """Kill every worker, fail every waiter, and return when nothing of either is left."""
        self.closed = True
        for waiter in self._waiting:
            waiter.notes.put_nowait(Cancelled("the local host was closed"))
        self._waiting.clear()
        for slot in list(self._slots):
            slot.doomed = True
            if slot.state == "starting":
                if slot.process is not None:
                    slot.process.kill()
            else:
                self._drop(slot, self._limits.close_grace_s if slot.state == "idle" else 0.0)
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- decisions --------------------------------------------------------------------------------------------------

    def _dispatch(self) -> None:
        """Match waiters and workers; called whenever one of them changes."""
        if self.closed:
            return
        self._serve_the_starving()
        for waiter in list(self._waiting):
            idle = [slot for slot in self._of(waiter.wanted.kind) if slot.state == "idle"]
            if idle:
                self._grant(waiter, max(idle, key=lambda slot: slot.last_used))
        ahead: dict[str, int] = {}
        for waiter in self._waiting:
            kind = waiter.wanted.kind
            ahead[kind] = ahead.get(kind, 0) + 1
            starting = sum(slot.state == "starting" for slot in self._of(kind))
            if starting < ahead[kind] and self._may_grow(waiter.wanted) and self._make_room(waiter.wanted):
                self._begin(waiter.wanted)
        self._tell_the_queue()

    def _serve_the_starving(self) -> None:
        """Give a waiter whose kind has had no worker for too long the place of an idle one, whoever waits for that."""
        for waiter in self._waiting:
            kind = waiter.wanted.kind
            since_s = max(waiter.asked_s, self._left_s.get(kind, -math.inf))
            if self._now_s() - since_s <= self._limits.patience_s or any(self._of(kind)):
                continue
            if self._make_room(waiter.wanted):
                self._begin(waiter.wanted)

    def _may_grow(self, wanted: Wanted) -> bool:
        alive = sum(1 for _ in self._of(wanted.kind))
        if alive >= max(1, wanted.order.workers):
            return False
        # With a worker at hand a second one that just failed to start is not tried again and again.
        return not alive or self._now_s() - self._failed_s.get(wanted.kind, -math.inf) > _BACKOFF_S

    def _make_room(self, wanted: Wanted) -> bool:
        """Return whether a worker may be started, after unloading idle ones if need be, the longest unused first."""
        # A worker that has just been started plays at least once, or two kinds could push each other out for ever.
        idle = [slot for slot in self._slots if slot.state == "idle" and not (slot.fresh and self._wanted(slot))]
        idle.sort(key=lambda slot: slot.last_used)
        going = next((idle[:n] for n in range(len(idle) + 1) if self._fits(wanted, without=idle[:n])), None)
        for slot in going or ():
            self._drop(slot, self._limits.close_grace_s)
        return going is not None

    def _fits(self, wanted: Wanted, *, without: Sequence[Slot]) -> bool:
        staying = [slot for slot in self._slots if slot not in without]
        memory_mib = sum(each.order.memory_mib for each in (wanted, *(slot.wanted for slot in staying)))
        roomy = not staying or not self._limits.memory_mib or memory_mib <= self._limits.memory_mib
        return roomy and len(staying) < self._limits.max_workers

    def _grant(self, waiter: Waiter, slot: Slot) -> None:
        slot.keep()
        slot.state, slot.fresh = "busy", False
        self._waiting.remove(waiter)
        waiter.grant(slot)

    def _rest(self, slot: Slot) -> None:
        self._uses += 1
        slot.state, slot.last_used = "idle", self._uses
        if math.isfinite(self._limits.idle_unload_s):
            slot.expiry = asyncio.get_running_loop().call_later(self._limits.idle_unload_s, self._expire, slot)

    def _expire(self, slot: Slot) -> None:
        if slot.state == "idle" and slot in self._slots:
            self._drop(slot, self._limits.close_grace_s)

    def _tell_the_queue(self) -> None:
        """Tell those for whom no worker is being started that they are queueing, and for how long."""
        ahead: dict[str, float] = {}  # seconds of those before it; its own stand for what is playing now
        for waiter in self._waiting:
            kind, expected_s = waiter.wanted.kind, waiter.wanted.order.expected_s
            ahead[kind] = ahead.get(kind, 0.0) + (math.nan if expected_s is None else expected_s)
            slots = list(self._of(kind))
            starting = [slot for slot in slots if slot.state == "starting"]
            if starting:
                if waiter.last is None or waiter.last.name == "queue":  # later phases come from the start itself
                    waiter.tell(starting[0].phase)
                continue
            eta_s = None if math.isnan(ahead[kind]) else round(ahead[kind] / max(1, len(slots)), 3)
            waiter.tell(Phase(name="queue", eta_s=eta_s))

    # -- work in the background -------------------------------------------------------------------------------------

    def _begin(self, wanted: Wanted) -> None:
        number = next(n for n in range(len(self._slots) + 1) if all(slot.number != n for slot in self._slots))
        boot = Phase(name="boot", eta_s=self._starter.learnt.expected_s(wanted.order.instrument, "boot"))
        slot = Slot(wanted, number, began_s=self._now_s(), phase=boot)
        # The place it takes may still be warm: the memory of the old worker is free before the new one asks for more.
        before = [task for task in self._tasks if task.get_name().startswith("stop ")]
        self._slots.append(slot)
        self._spawn(self._bring_up(slot, before))

    async def _bring_up(self, slot: Slot, before: list[asyncio.Task[None]]) -> None:
        def tell(phase: Phase) -> None:
            for waiter in self._waiting:
                if waiter.wanted.kind == slot.wanted.kind:
                    waiter.tell(phase)

        if before:
            await asyncio.wait(before)
        try:
            await self._starter.start(slot, tell)
        except Exception as error:  # noqa: BLE001 - passed on to those who wait, who would else wait for ever
            self._slots.remove(slot)
            self._start_failed(slot, error)
            if slot.process is not None:
                await slot.process.stop(0.0)
        else:
            self._failed_s.pop(slot.wanted.kind, None)
            slot.running.exited.add_done_callback(lambda _: self._gone(slot))
            if slot.doomed or (slot.retire and not self._wanted(slot)):
                self._drop(slot, self._limits.close_grace_s)
            else:
                self._rest(slot)
        self._dispatch()

    def _start_failed(self, slot: Slot, error: Exception) -> None:
        kind = slot.wanted.kind
        self._failed_s[kind] = self._now_s()
        if any(self._of(kind)):
            return
        for waiter in [each for each in self._waiting if each.wanted.kind == kind]:
            self._waiting.remove(waiter)
            waiter.notes.put_nowait(error)

    async def _settle(self, slot: Slot, play: int) -> None:
        """Ask the engine to stop and read away what it still says; a runaway is killed after the grace."""
        try:
            async with asyncio.timeout(self._limits.cancel_grace_s):
                await slot.running.send(frames.packed(frames.Halt(play=play)))
                while True:
                    message = await slot.running.receive()
                    if isinstance(message, frames.Finished | frames.Failed) and message.play == play:
                        break
        except (TimeoutError, WorkerDied, CodecError):
            self.discard(slot)
        else:
            self.give_back(slot)

    def _gone(self, slot: Slot) -> None:
        """A worker has ended by itself; while it is playing, the play finds out and says why."""
        if slot in self._slots and slot.state == "idle" and not self.closed:
            self._drop(slot, 0.0)
            self._dispatch()

    def _drop(self, slot: Slot, grace_s: float) -> None:
        slot.keep()
        self._slots.remove(slot)
        self._left_s[slot.wanted.kind] = self._now_s()
        self._spawn(slot.running.stop(grace_s), name=f"stop {slot.instrument}")

    def _spawn(self, work: Coroutine[Any, Any, None], name: str | None = None) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- small questions --------------------------------------------------------------------------------------------

    def _of(self, kind: str) -> Iterator[Slot]:
        return (slot for slot in self._slots if slot.wanted.kind == kind)

    def _wanted(self, slot: Slot) -> bool:
        return any(waiter.wanted.kind == slot.wanted.kind for waiter in self._waiting)

    def _now_s(self) -> float:
        return self._starter.clock.monotonic()
