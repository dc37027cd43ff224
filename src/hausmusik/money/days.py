"""Days as a clock on the wall shows them: when a moment's day begins and ends, summer time included.

A day in which clocks change has 23 or 25 hours. Knows nothing of what happened on it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo


def day_of(at: datetime, zone: tzinfo | None = None) -> str:
    """Return the day of a moment, `2026-11-23`.

    Args:
        at: Aware.
        zone: Whose clock; None: this machine's.
    """
    return at.astimezone(zone).date().isoformat()


def bounds_of(day: str, zone: tzinfo | None = None) -> tuple[datetime, datetime]:
    """Return the first moment of a day and that of the next, each with its own offset from UTC.

    Args:
        day: As `day_of` gives it.
        zone: Whose clock; None: this machine's.
    """
    first = date.fromisoformat(day)
    return _midnight(first, zone), _midnight(first + timedelta(days=1), zone)


def _midnight(day: date, zone: tzinfo | None) -> datetime:
    # By way of UTC: where clocks go forward at midnight, the day begins at one o'clock.
    there = datetime.combine(day, time.min, zone).astimezone(UTC).astimezone(zone)
    # With a fixed offset: of two times in one zone Python subtracts what the clock shows, not what has passed.
    return there.replace(tzinfo=timezone(there.utcoffset() or timedelta(0)))
