"""What goes wrong at which play of a fake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hausmusik.errors import HausmusikError


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Args:
        error: Raised after `after` results; None: nothing is raised.
        after: How many results are delivered first. A `WorkerLost` after at least one becomes a `StreamBroken` with
            those results in `.partial`, as the Host protocol says.
        delay_s: Slept before every event, without blocking the loop.
    """

    error: HausmusikError | None = None
    after: int = 0
    delay_s: float = 0.0


class FaultSchedule:
    """Faults by the number of the play, counted from 0.

    Args:
        by_play: Number -> fault.
        otherwise: For all plays that are not named.
    """

    def __init__(self, by_play: Mapping[int, Fault] | None = None, *, otherwise: Fault | None = None) -> None:
        self._by_play = dict(by_play or {})
        self._otherwise = otherwise or Fault()

    def of(self, play: int) -> Fault:
        """Return what goes wrong at a play; a `Fault` without an error where nothing does."""
        return self._by_play.get(play, self._otherwise)
