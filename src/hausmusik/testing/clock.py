"""Time and names that only move when a test moves them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FakeClock:
    """A clock that stands still until it is told to go on.

    Args:
        start: Its first time, aware.
        step_s: Goes on by this much at every look, for code that measures durations.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC), step_s: float = 0.0) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock's start must have a time zone")
        self._start = start.astimezone(UTC)
        self._passed_s = 0.0
        self._step_s = step_s

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        self._passed_s += self._step_s
        return self._start + timedelta(seconds=self._passed_s)

    def monotonic(self) -> float:
        """Return the seconds passed since the start."""
        self._passed_s += self._step_s
        return self._passed_s

    def advance(self, seconds: float) -> None:
        """Let time pass; never back."""
        if seconds < 0:
            raise ValueError("time does not go back")
        self._passed_s += seconds

    def set_back(self, seconds: float) -> None:
        """Move the wall clock alone back, as a correction of the system's time does; `monotonic` goes on."""
        self._start -= timedelta(seconds=seconds)


class FakeIds:
    """Names in order: `id-000001`, `id-000002`, …

    Args:
        prefix: What stands before the number.
    """

    def __init__(self, prefix: str = "id") -> None:
        self._prefix = prefix
        self._count = 0

    def new(self) -> str:
        """Return the next name."""
        self._count += 1
        return f"{self._prefix}-{self._count:06d}"
