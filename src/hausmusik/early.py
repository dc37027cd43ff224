"""Which instruments are worth starting ahead of their plays, how many machines of each, and when. Numbers only.

A machine costs its start and its idle window whatever it plays, so each one beyond the first must have at least one
start's worth of work: of 10 plays that take 30 s together, with a start of 20 s, two machines are started and not four.
And one that is ready long before it is wanted idles for nothing, or is gone by then: a start is put off until it is
probably over half a window before the first play that waits for it. Knows nothing of money.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from hausmusik.seams import EngineOrder, Host, Machines
from hausmusik.types import Run


@dataclass(kw_only=True, eq=False)
class Group:
    """The plays of one instrument on one host that are to come.

    Args:
        host: Where.
        order: Who.
        run: To which they belong.
        machines: That the host has for it.
        start_s: What a start probably takes.
        is_up: Whether a machine is ready, or being made so.
        work_s: Of each play the seconds that it will probably take, by when it comes; see `Coming.when`.
    """

    host: Host
    order: EngineOrder
    run: Run
    machines: Machines
    start_s: float
    is_up: bool
    work_s: dict[Literal["now", "next", "later"], list[float]] = field(
        default_factory=lambda: {"now": [], "next": [], "later": []}
    )

    @property
    def at_once(self) -> int:
        """Return how many of the plays may be in flight at once."""
        plays = sum(map(len, self.work_s.values()))
        return min(plays, self.machines.most * self.machines.plays_each)

    @property
    def worst_s(self) -> float | None:
        """Return the most machine seconds of all plays that may be in flight at once; None: there is no limit."""
        worst_s = self.host.worst_s(self.order, self.run)
        return None if worst_s is None else worst_s * self.at_once

    @property
    def starts(self) -> int:
        """Return how many machines are worth starting ahead; those that the first plays start themselves come off."""
        ahead_s = [*self.work_s["next"], *self.work_s["later"]]
        if self.machines.start_worst_s is None or not ahead_s or not self.start_s:
            return 0
        worth = max(1, math.ceil(sum(ahead_s) / self.start_s))
        taken = min(self.machines.most, math.ceil(len(ahead_s) / self.machines.plays_each))
        by_themselves = min(self.machines.most, math.ceil(len(self.work_s["now"]) / self.machines.plays_each))
        return max(0, min(worth, taken) - max(by_themselves, int(self.is_up)))

    def delay_s(self, before_s: float) -> float:
        """Return how long to put the starts off.

        Args:
            before_s: From `before_later_s` of all groups.
        """
        if self.work_s["next"]:
            return 0.0
        return max(0.0, before_s - self.start_s - self.machines.idle_s / 2)


def before_later_s(groups: Iterable[Group], capacity: int) -> float:
    """Return how long all plays of one host that begin before the `later` ones will probably take.

    Args:
        groups: Of that host.
        capacity: Plays that it takes at once, from 1.
    """
    first = [(each, [*each.work_s["now"], *each.work_s["next"]]) for each in groups]
    start_s = max((0.0 if each.is_up else each.start_s for each, work_s in first if work_s), default=0.0)
    return start_s + sum(sum(work_s) for _, work_s in first) / capacity
