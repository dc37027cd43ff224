"""What a play costs that is left before its machine was heard of: most often a start that nobody waits for any more.

A machine that is starting comes up all the same, and idles through its window. Which play had it started is not to be
seen from here, so they are counted: of those in flight at once, each for which no machine has a place starts another
one, up to the most that there are. Knows nothing of money.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from hausmusik.seams import EngineOrder, Host


class Unheard:
    """The plays that are in flight in one house."""

    def __init__(self) -> None:
        self._going: Counter[tuple[str, str]] = Counter()

    @contextmanager
    def play(self, host: Host, order: EngineOrder, start_s: float) -> Generator[float]:
        """Count a play for as long as the block takes.

        Args:
            host: Where.
            order: Who.
            start_s: What a start probably takes.

        Yields:
            Machine seconds that it probably costs to leave it unheard: the start and the idle window; where the host
            took it that a machine was ready, the play too, which goes on to its end if the caller is gone by then.
        """
        key = (order.instrument, host.name)
        before = self._going[key]
        self._going[key] += 1
        try:
            yield self._left_s(host, order, before, start_s)
        finally:
            self._going[key] -= 1

    def _left_s(self, host: Host, order: EngineOrder, before: int, start_s: float) -> float:
        machines, warm = host.machines(order), host.state(order).state == "warm"
        if machines.start_worst_s is None or (warm and not before):
            return 0.0
        if before % machines.plays_each or before // machines.plays_each >= machines.most:
            return 0.0
        played_s = order.expected_s or 0.0
        return start_s + (played_s if warm else 0.0) + machines.idle_s
