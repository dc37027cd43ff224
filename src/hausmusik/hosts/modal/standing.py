"""How ready instruments on Modal are, as far as this process can know: what it started and when it last heard of it.

Nobody tells a caller what a container is at before it answers; what earlier starts took fills the gap. Knows nothing of
calls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from hausmusik.hosts.learnt import START_PHASES, Learnt
from hausmusik.hosts.modal.messages import Started
from hausmusik.seams import Clock, HostState
from hausmusik.types import Phase


class Standing:
    """What is up and what is starting.

    Args:
        clock: Time.
        learnt: What starts have taken.
    """

    def __init__(self, clock: Clock, learnt: Learnt) -> None:
        self._clock = clock
        self._learnt = learnt
        self._up_until_s: dict[str, dict[str, float]] = {}
        self._starting: Counter[str] = Counter()

    @contextmanager
    def starting(self, instrument: str) -> Generator[None]:
        """Count a call that waits for its first answer."""
        self._starting[instrument] += 1
        try:
            yield
        finally:
            self._starting[instrument] -= 1

    def heard(self, instrument: str, started: Started) -> None:
        """Take note of a container that is at work or was just now: it stays up for its window."""
        if started.gap_s is None:
            for name, took_s in started.start_s.items():
                self._learnt.note(instrument, name, took_s)
        until_s = self._clock.monotonic() + started.window_s
        self._up_until_s.setdefault(instrument, {})[started.container] = until_s

    def forget(self, instrument: str) -> None:
        """Take all containers of an instrument for gone."""
        self._up_until_s.pop(instrument, None)

    def known(self) -> tuple[str, ...]:
        """Return the instruments of which a container may be up."""
        return tuple(self._up_until_s)

    def state(self, instrument: str) -> HostState:
        """Return warm, warming with an estimate, or cold with the estimate of a whole start."""
        if any(until_s > self._clock.monotonic() for until_s in self._up_until_s.get(instrument, {}).values()):
            return HostState(state="warm")
        eta_s = self._learnt.start_s(instrument)
        if self._starting[instrument]:
            return HostState(state="warming", phase="boot", eta_s=eta_s)
        return HostState(state="cold", eta_s=eta_s)

    def phase(self, instrument: str, waited_s: float, runners: int) -> Phase:
        """Return what a call without an answer is probably waiting for.

        Args:
            instrument: Catalogue id.
            waited_s: Since it was made.
            runners: Containers that Modal says there are.
        """
        if self.state(instrument).state == "warm":
            return Phase(name="queue")
        whole_s = self._learnt.start_s(instrument)
        eta_s = None if whole_s is None else max(0.0, round(whole_s - waited_s, 1))
        if not runners:
            return Phase(name="queue", eta_s=eta_s)
        over_s = 0.0
        for name in START_PHASES:
            over_s += self._learnt.expected_s(instrument, name) or 0.0
            if waited_s < over_s:
                return Phase(name=name, eta_s=eta_s)
        return Phase(name="boot" if whole_s is None else START_PHASES[-1], eta_s=eta_s)
