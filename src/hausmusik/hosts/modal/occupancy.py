"""Who pays for each second of a container, so that all of them together pay for each second once.

Plays that go on at once share a second equally. What nobody plays in is the idle time of whoever came last: of the last
play, or of the call of somebody who keeps the container warm. The start is the first one's who pays, and what it idled
until then too. Knows nothing of money and engines; safe to use from any thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Literal

import msgspec


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What a play took.

    Args:
        busy_s: From its beginning to its end.
        shared_s: Of that, what others pay that played meanwhile.
        others: How many of them still play.
    """

    busy_s: float
    shared_s: float
    others: int


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody owes who finds the container as it is.

    Args:
        gap_s: How long it was idle, after a play and at that play's expense, before it was called or played again; the
            same for all that come before it is idle again. None: nobody has paid for the start before this one.
        idle_s: Of a first play, how long it was idle before that.
        kept_s: Of a keeper, for how long it was up at keepers' expense since one was last told.
    """

    gap_s: float | None
    idle_s: float = 0.0
    kept_s: float = 0.0


class Turn:
    """One play, from `Occupancy.begin` to its end."""

    def __init__(self, occupancy: Occupancy, called: Called, began_s: float, each_s: float) -> None:
        self.called = called
        self.began_s = began_s
        self.each_s = each_s
        self._occupancy = occupancy
        self._taken: Taken | None = None

    def end(self) -> Taken:
        """End it; the first call counts, later ones return the same."""
        if self._taken is None:
            self._taken = self._occupancy.end(self)
        return self._taken


class Occupancy:
    """The account of one container.

    Args:
        start_s: What its start has taken until now.
        clock: Seconds that never go back.
    """

    def __init__(self, start_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._start_s = start_s
        self._now_s = self._idle_since_s = clock()
        self._playing = 0
        self._each_s = 0.0  # what a play would pay that had gone on ever since
        self._payer: Literal["nobody", "play", "keeper"] = "nobody"
        self._gap_s = 0.0
        self._kept_s = 0.0

    def begin(self) -> Turn:
        """Begin a play."""
        with self._lock:
            idle_s = self._end_idling()
            first, self._payer = self._payer == "nobody", "play"
            self._playing += 1
            called = Called(gap_s=None if first else self._gap_s, idle_s=idle_s if first else 0.0)
            return Turn(self, called, self._now_s, self._each_s)

    def end(self, turn: Turn) -> Taken:
        """End a play; called once for each, see `Turn.end`."""
        with self._lock:
            self._tick()
            self._playing -= 1
            busy_s = self._now_s - turn.began_s
            shared_s = max(0.0, busy_s - (self._each_s - turn.each_s))
            return Taken(busy_s=busy_s, shared_s=shared_s, others=self._playing)

    def call(self, *, keeps: bool) -> Called:
        """Return how it stands.

        Args:
            keeps: Whether the caller pays for what is idle from now on; else nothing changes.
        """
        with self._lock:
            first = self._payer == "nobody"
            if not keeps:
                return Called(gap_s=None if first else self._gap_s)
            idle_s = self._end_idling()
            if first:
                self._kept_s = self._start_s + idle_s
            if not self._playing:
                self._payer = "keeper"
            kept_s, self._kept_s = self._kept_s, 0.0
            return Called(gap_s=None if first else self._gap_s, kept_s=kept_s)

    def _end_idling(self) -> float:
        """Charge what was idle until now to whoever has it to pay, and return it."""
        self._tick()
        if self._playing:
            return 0.0
        idle_s, self._idle_since_s = self._now_s - self._idle_since_s, self._now_s
        if self._payer == "play":
            self._gap_s = idle_s
        elif self._payer == "keeper":
            self._kept_s += idle_s
        return idle_s

    def _tick(self) -> None:
        now_s = self._clock()
        if self._playing:
            self._each_s += (now_s - self._now_s) / self._playing
            self._idle_since_s = now_s
        self._now_s = now_s
