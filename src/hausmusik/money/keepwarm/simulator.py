"""Replays an arrival trace against a policy: what containers would have been up, how long callers would have waited.

A container boots (cold), plays one or more calls at once (busy), idles for the window that the policy gave it, and
stops. All of its seconds are billed alike. A call goes to a warm container with room, one that is playing before one
that idles and of those the one that fell idle last, so that the others can stop; else to one that boots; else it boots
one; else, with as many containers as there may be, it waits for the first that has room.

An idle time ends with the call that takes the container, or, where that had stopped, with the call that boots one in
its place: the stopped one that fell idle last. That gap is what a policy learns. The last windows run out after the
last call. Knows nothing of dollars, and nothing of how a platform chooses among several idle containers.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from typing import Final

import msgspec
import numpy as np

from hausmusik.money.keepwarm.arrivals import Seconds, Trace
from hausmusik.money.keepwarm.policies import Clairvoyant, Policy, Terms


class Pool(msgspec.Struct, frozen=True, kw_only=True):
    """How many containers there may be, from 1, and how many calls one plays at once, from 1."""

    max_containers: int = 1
    max_inputs: int = 1


ONE: Final = Pool()


class Platform(msgspec.Struct, frozen=True, kw_only=True):
    """Which windows can be set.

    Args:
        shortest_s: The shortest.
        longest_s: The longest.
        update_every_s: How long a window stays before another can be set.
    """

    shortest_s: float = 0.0
    longest_s: float = 3600.0
    update_every_s: float = 0.0

    def nearest_s(self, window_s: float) -> float:
        """Return the window that can be set and is nearest to one."""
        return min(max(window_s, self.shortest_s), self.longest_s)


IDEAL: Final = Platform()
MODAL: Final = Platform(shortest_s=2.0, update_every_s=300.0)
"""`scaledown_window` takes 2 to 3,600 s; a change is an update of the autoscaler, so not one for every idle time."""


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay came to.

    Args:
        boot_s: Billed seconds of booting.
        busy_s: Billed seconds in which a container played at least one call.
        idle_s: Billed seconds of idling.
        cold_starts: How many containers booted.
        cold_calls: How many calls waited for a boot.
        waits_s: How long each call waited, by when they were played.
    """

    boot_s: float
    busy_s: float
    idle_s: float
    cold_starts: int
    cold_calls: int
    waits_s: Seconds

    @property
    def billed_s(self) -> float:
        """All seconds that are paid for."""
        return self.boot_s + self.busy_s + self.idle_s

    @property
    def cold_fraction(self) -> float:
        """The share of calls that waited for a boot."""
        return self.cold_calls / len(self.waits_s) if len(self.waits_s) else 0.0

    @property
    def utilisation(self) -> float:
        """The share of billed seconds that were busy."""
        return self.busy_s / self.billed_s if self.billed_s else 0.0

    def overhead_s(self, terms: Terms) -> float:
        """Return what a policy is to blame for, in machine seconds: booting, idling and waiting at what it is worth."""
        return self.boot_s + self.idle_s + terms.waiting * float(self.waits_s.sum())

    def wait_s(self, percent: float) -> float:
        """Return a percentile of the waits, 0 to 100."""
        return float(np.percentile(self.waits_s, percent)) if len(self.waits_s) else 0.0


def replay(trace: Trace, policy: Policy, terms: Terms, *, pool: Pool = ONE, platform: Platform = IDEAL) -> Replay:
    """Return what a trace comes to with a policy, which learns while it goes on.

    Args:
        trace: The calls.
        policy: A fresh one, or one that knows what came before.
        terms: How long a boot takes.
        pool: Containers and calls at once.
        platform: Which windows can be set.
    """
    run = _Run(policy, terms.cold_s, pool, platform)
    starts_s: list[float] = trace.starts_s.tolist()
    busy_s: list[float] = trace.busy_s.tolist()
    delay_s = 0.0
    for start_s, each_s in zip(starts_s, busy_s, strict=True):
        wait_s = run.call(start_s + delay_s, each_s)
        if trace.closed:
            delay_s += wait_s
    return run.end()


class _Container:
    """One that is booting or playing, or idle with a window."""

    __slots__ = ("busy_since_s", "idle_since_s", "playing", "window_s")

    def __init__(self, ready_s: float) -> None:
        self.playing = 0
        self.busy_since_s = ready_s
        self.idle_since_s = 0.0
        self.window_s = 0.0


class _Run:
    """The state of a replay at the time of the last call."""

    def __init__(self, policy: Policy, cold_s: float, pool: Pool, platform: Platform) -> None:
        self._policy, self._cold_s, self._pool, self._platform = policy, cold_s, pool, platform
        self._foresees = isinstance(policy, Clairvoyant)
        self._running: list[_Container] = []
        self._idle: list[_Container] = []  # the one that fell idle last at the end; so too the stopped ones
        self._stopped: list[_Container] = []
        self._ends: list[tuple[float, int, _Container]] = []  # a heap
        self._queue: deque[tuple[float, float]] = deque()
        self._window_s: float = -1.0  # none yet
        self._set_at_s = -math.inf
        self._busy_s = self._idle_s = 0.0
        self._cold_starts = self._cold_calls = 0
        self._waits_s: list[float] = []

    def call(self, now_s: float, busy_s: float) -> float:
        """Take a call, no earlier than the last one; return how long it waits, 0 where that is not known yet."""
        while self._ends and self._ends[0][0] <= now_s:
            self._finish()
        container = self._with_room(now_s) or self._woken(now_s) or self._with_room() or self._booted(now_s)
        if container is None:
            self._queue.append((now_s, busy_s))
            return 0.0
        start_s = max(now_s, container.busy_since_s)
        self._cold_calls += start_s > now_s
        self._play(container, start_s, busy_s, start_s - now_s)
        return start_s - now_s

    def end(self) -> Replay:
        """Play to the end of the last window."""
        while self._ends:
            self._finish()
        for container in self._idle:
            self._bill_window(container)
        return Replay(
            boot_s=self._cold_starts * self._cold_s,
            busy_s=self._busy_s,
            idle_s=self._idle_s,
            cold_starts=self._cold_starts,
            cold_calls=self._cold_calls,
            waits_s=np.array(self._waits_s, dtype=np.float64),
        )

    def _play(self, container: _Container, start_s: float, busy_s: float, wait_s: float) -> None:
        container.playing += 1
        self._waits_s.append(wait_s)
        # The count settles ties, so that containers are never compared.
        heapq.heappush(self._ends, (start_s + busy_s, len(self._waits_s), container))

    def _finish(self) -> None:
        end_s, _, container = heapq.heappop(self._ends)
        container.playing -= 1
        if self._queue:
            came_s, busy_s = self._queue.popleft()
            self._play(container, end_s, busy_s, end_s - came_s)
        elif not container.playing:
            self._busy_s += end_s - container.busy_since_s
            self._running.remove(container)
            container.idle_since_s, container.window_s = end_s, self._next_window_s(end_s)
            self._idle.append(container)

    def _next_window_s(self, now_s: float) -> float:
        if now_s - self._set_at_s >= self._platform.update_every_s:
            wanted_s = self._platform.nearest_s(self._policy.window_s())
            if wanted_s != self._window_s:
                self._window_s, self._set_at_s = wanted_s, now_s
        return self._window_s

    def _with_room(self, ready_by_s: float = math.inf) -> _Container | None:
        for container in self._running:
            if container.playing < self._pool.max_inputs and container.busy_since_s <= ready_by_s:
                return container
        return None

    def _woken(self, now_s: float) -> _Container | None:
        """Return the idle container that fell idle last and is still there; those that are not have stopped."""
        gone: list[_Container] = []
        found = None
        while self._idle and found is None:
            container = self._idle.pop()
            if container.idle_since_s + container.window_s >= now_s:
                found = container
            else:
                gone.append(container)
                self._bill_window(container)
        self._stopped += reversed(gone)
        if found is not None:
            self._idle_s += now_s - found.idle_since_s
            self._take(found, now_s, now_s)
        return found

    def _booted(self, now_s: float) -> _Container | None:
        if len(self._running) >= self._pool.max_containers:
            return None
        self._cold_starts += 1
        container = self._stopped.pop() if self._stopped else None
        if container is None:
            container = _Container(now_s + self._cold_s)
            self._running.append(container)
        else:
            self._take(container, now_s, now_s + self._cold_s)
        return container

    def _take(self, container: _Container, now_s: float, ready_s: float) -> None:
        """End the idle time of a container, or of the stopped one that this one stands for."""
        self._policy.observe(container.window_s, now_s - container.idle_since_s)
        container.busy_since_s = ready_s
        self._running.append(container)

    def _bill_window(self, container: _Container) -> None:
        self._idle_s += 0.0 if self._foresees else container.window_s
