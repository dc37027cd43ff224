"""What window an instrument should have on a host, by the calls that its ledger knows of, and what that would cost.

Replays the own history against our rule, which learns while it goes on and so is not judged by what it has seen, and
against fixed windows. Knows nothing of how a window is set.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, Literal, TypeAlias

import msgspec
import numpy as np

from hausmusik.errors import UsageError
from hausmusik.money.dollars import shown
from hausmusik.money.keepwarm.arrivals import Trace, one_by_one
from hausmusik.money.keepwarm.guarded import Guarded
from hausmusik.money.keepwarm.policies import Fixed, Policy, Terms
from hausmusik.money.keepwarm.simulator import MODAL, ONE, Platform, Pool, replay
from hausmusik.money.prices import Price
from hausmusik.money.rows import LedgerRow

ENOUGH: Final = 10
"""Calls below which a history says nothing."""

DAY_S: Final = 86_400.0
WINDOWS_S: Final = (2.0, 60.0, 300.0, 1200.0)
Basis: TypeAlias = Literal["learnt", "break-even"]


class Alternative(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule would have come to on the own history.

    Args:
        usd_per_day: Dollars billed on an average day: booting, playing and idling.
        cold_fraction: The share of calls that would have waited for a cold start.
    """

    usd_per_day: Decimal
    cold_fraction: float


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """A window, and why.

    Args:
        window_s: Whole seconds that a container should stay idle.
        basis: `learnt` from the history, or `break-even` where that is too short.
        calls: How many calls the history has.
        expected: What following this advice all along would have come to; None: too little history.
        against: The same for fixed windows, by their seconds; empty: too little history.
    """

    window_s: int
    basis: Basis
    calls: int
    expected: Alternative | None = None
    against: dict[int, Alternative] = msgspec.field(default_factory=dict[int, Alternative])

    def __str__(self) -> str:
        """Return one sentence for people."""
        if self.expected is None:
            return f"{self.window_s} s, break-even: {self.calls} calls are too few to learn from"
        usd, cold = self.expected.usd_per_day, self.expected.cold_fraction
        return f"{self.window_s} s, learnt from {self.calls} calls: {shown(usd)} a day, {cold:.0%} of the calls cold"


def advise(
    rows: Iterable[LedgerRow],
    *,
    instrument: str,
    host: str,
    cold_s: float,
    price: Price,
    waiting_usd_per_s: Decimal = Decimal(0),
    pool: Pool = ONE,
    platform: Platform = MODAL,
) -> Advice:
    """Return how long an idle container of an instrument should stay on a host.

    Args:
        rows: `Ledger.rows()`, best of the last weeks only; those of other instruments and hosts are passed over.
        instrument: Catalogue id.
        host: Where it plays.
        cold_s: Billed seconds of a cold start, learnt or from the catalogue, above 0.
        price: What a second of the machine costs.
        waiting_usd_per_s: What it is worth to you that nobody waits a second, from 0.
        pool: Containers and calls at once.
        platform: Which windows can be set, and how often.

    Raises:
        UsageError: the machine costs nothing, so there is nothing to weigh; a number out of its range.
    """
    if not price.usd_per_s:
        raise UsageError(f"{instrument} on {host} costs nothing while it idles", hint="let it stay as long as you like")
    if not (0 < cold_s < float("inf") and waiting_usd_per_s.is_finite() and waiting_usd_per_s >= 0):
        raise UsageError(f"a cold start of {cold_s} s, or ${waiting_usd_per_s} for a second of waiting, cannot be")
    terms = Terms(cold_s=cold_s, waiting=float(waiting_usd_per_s / price.usd_per_s))
    trace = _history(rows, instrument, host)
    if len(trace) < ENOUGH:
        window_s = round(platform.nearest_s(terms.break_even_s))
        return Advice(window_s=window_s, basis="break-even", calls=len(trace))

    def tried(policy: Policy) -> Alternative:
        found = replay(trace, policy, terms, pool=pool, platform=platform)
        days = max(1.0, trace.duration_s / DAY_S)
        return Alternative(usd_per_day=price.for_seconds(found.billed_s / days), cold_fraction=found.cold_fraction)

    ours = Guarded(terms, longest_s=platform.longest_s, update_every_s=platform.update_every_s)
    expected = tried(ours)  # after which it has learnt from all of the history
    return Advice(
        window_s=round(platform.nearest_s(ours.window_s())),
        basis="learnt",
        calls=len(trace),
        expected=expected,
        against={round(window_s): tried(Fixed(window_s)) for window_s in WINDOWS_S},
    )


def _history(rows: Iterable[LedgerRow], instrument: str, host: str) -> Trace:
    """Return when calls came; where none overlapped another, it was one caller who waits (a closed trace)."""
    calls: list[tuple[float, float, float]] = []
    for row in rows:
        usage, end_s = row.usage, row.at.timestamp()
        machine_s = usage.busy_s + usage.boot_s + usage.load_s
        # What was refused before any machine began is no call that a warm one would have taken.
        if (row.instrument, row.host, row.kind) == (instrument, host, "play") and not row.corrects and machine_s:
            calls.append((end_s - machine_s - usage.queue_s, usage.busy_s, end_s))
    came_s, busy_s, end_s = np.array(sorted(calls), dtype=np.float64).reshape(-1, 3).T
    trace = Trace(name=f"{instrument} on {host}", starts_s=came_s, busy_s=busy_s)
    if len(trace) < ENOUGH or (came_s[1:] < end_s[:-1]).any():
        return trace
    return one_by_one(trace.name, came_s[1:] - end_s[:-1], busy_s)
