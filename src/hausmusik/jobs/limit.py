"""How many steps may run at once where a host or a budget says that it can take no more: fewer then, and more later.

Additive increase, multiplicative decrease, as in TCP: a refusal halves the limit and closes the gate for a while, each
step that gets through lets it grow by a share of an eighth of the most, so that a full round of steps adds an eighth.
That the host has no room is no step's fault, so a refusal counts against none; only when the host has refused for a
very long time is it given up. A budget is another matter: the steps that run hold the money, so there is room again
when one of them ends and not before, and each full round of steps tries for one more. Knows nothing of steps, hosts or
what they do.

Source: https://www.rfc-editor.org/rfc/rfc5681 (section 3.1).
"""

from __future__ import annotations

import math
from random import Random
from typing import Final

from hausmusik.jobs.retry import Retry
from hausmusik.seams import Clock

ROUNDS: Final = 8
"""Full rounds of steps in which the limit grows from nothing to the most."""


class Limit:
    """The limit of one host, for one run.

    Args:
        most: Steps at once that the host takes when it is well, from 1; also where the limit begins, because a host
            that starts machines on demand starts as many as are asked for.
        clock: Measures how long the gate is closed.
        wait: How long that is, by the number of refusals without a step that got through.
        patience_s: A host that has refused everything for longer is given up.
        random: Of the jitter in `wait`.
    """

    def __init__(
        self,
        most: int,
        *,
        clock: Clock,
        wait: Retry | None = None,
        patience_s: float = 900.0,
        random: Random | None = None,
    ) -> None:
        if most < 1:
            raise ValueError("a host takes at least one step at once")
        self.most = most
        self._clock = clock
        self._wait = wait or Retry()
        self._patience_s = patience_s
        self._random = random or Random()  # noqa: S311 -- only spreads retries
        self._level = float(most)
        self._fit = float(most)
        self._refusals = 0
        self._refusing_since_s = math.inf
        self._cut_s = -math.inf
        self._opens_s = -math.inf

    @property
    def allowed(self) -> int:
        """Steps that may run at once now; 0 while the gate is closed."""
        return 0 if self.wait_s > 0 else self.level

    @property
    def level(self) -> int:
        """Steps that may run at once when the gate is open, from 1."""
        return int(min(self._level, self._fit))

    @property
    def fits(self) -> int | None:
        """Steps at once that fit into what they share, a budget, where the host would take more; None: it is enough."""
        return int(self._fit) if int(self._fit) < int(self._level) else None

    @property
    def wait_s(self) -> float:
        """Seconds until the gate opens, 0 when it is open."""
        return max(0.0, self._opens_s - self._clock.monotonic())

    def passed(self) -> None:
        """Note a step that the host has taken and played."""
        self._level = min(self.most, self._level + max(1.0, self.most / ROUNDS) / self._level)
        self._fit = min(self.most, self._fit + 1.0 / self._fit)
        self._refusals = 0
        self._refusing_since_s = math.inf

    def full(self, running: int) -> None:
        """Note that no more steps than those that run fit into what they share, until one of them has ended."""
        self._fit = float(max(1, running))

    def refused(self, began_s: float) -> bool:
        """Note a step that the host had no room for; returns False when it is time to give the host up.

        Args:
            began_s: When the step was begun, by the clock. Those begun before the last cut tell of the same shortage
                and change nothing.
        """
        now_s = self._clock.monotonic()
        if began_s > self._cut_s:
            self._refusals += 1
            self._refusing_since_s = min(self._refusing_since_s, now_s)
            self._level = max(1.0, self._level / 2)
            self._cut_s = now_s
            self._opens_s = now_s + self._wait.delay_s(self._refusals, self._random)
        return now_s - self._refusing_since_s <= self._patience_s
