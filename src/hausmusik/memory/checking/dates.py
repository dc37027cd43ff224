"""Dates and times of a text: `2026-03-14`, `14 March`, `March 14th, 2026`, `Friday`, `9:30 pm`, `20260924_20:00`.

A date names some of year, month, day, weekday, hour and minute. One supports another if they contradict in nothing and
all that the other names is there. A passage's words that look from its own time (`tomorrow`, `on Friday`) become the
dates that they mean; in a sentence such words are left alone. Knows nothing of time zones and durations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
          "december")  # fmt: skip
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)"
)
_DATES = re.compile(
    rf"""(?<![\w.,:/-])(?:
      (?P<iso>\d{{4}}-\d{{2}}-\d{{2}})(?:[T\ ]{{1,2}}(?P<iso_time>\d{{1,2}}:\d{{2}}))?(?![\d-])
    | (?P<packed>(?:19|20)\d{{6}})(?:_(?P<packed_time>\d{{1,2}}:?\d{{2}}))?(?!\d)
    | (?P<day>\d{{1,2}})(?:st|nd|rd|th)?\ (?:of\ )?(?P<month>{_MONTH})\b\.?(?:,?\ (?P<year>(?:19|20)\d{{2}})(?!\d))?
    | (?P<month_first>{_MONTH})\b\.?\ (?:the\ )?(?P<day_second>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:])
      (?:,?\ (?P<year_last>(?:19|20)\d{{2}})(?!\d))?
    | (?P<month_only>{_MONTH})\b\.?,?\ (?P<year_of>(?:19|20)\d{{2}})(?!\d)
    | (?:(?:[Ii]n|[Oo]f|[Bb]y|[Uu]ntil|[Ss]ince|[Dd]uring|[Ll]ast|[Nn]ext|[Tt]his)\ )(?P<bare>{_MONTH})
      (?!\w|\.?,?\ (?:19|20)\d{{2}}(?!\d))
    | (?P<weekday>(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)s?(?!\w)
    | (?P<hour>\d{{1,2}})(?::(?P<minute>\d{{2}}))\s?(?P<half>[ap]\.?m\b\.?)?(?!\d)
    | (?P<hour_only>\d{{1,2}})\s?(?P<half_only>[ap]\.?m\b\.?|o['’]clock\b)
    | (?P<named>noon|midnight)(?!\w)
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_RELATIVE = re.compile(r"\b(?:the\s)?(day after tomorrow|tomorrow|tonight|today|yesterday)\b", re.IGNORECASE)
_SHIFTS = {"day after tomorrow": 2, "tomorrow": 1, "tonight": 0, "today": 0, "yesterday": -1}
_REACH = timedelta(days=13)
"""Farthest that words lead from today: the second Sunday from a Monday."""


class When(NamedTuple):
    """A date or a time that a text names; None for what it does not name.

    `hour` is of 24 if `is_24` says so; else it may be of the morning or the evening.
    """

    start: int
    end: int
    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None
    hour: int | None = None
    minute: int | None = None
    is_24: bool = False


def dates(text: str) -> list[When]:
    """Return the dates and times of a text in order; numbers that cannot be one are left out."""
    return [when for found in _DATES.finditer(text) if (when := _when(found)) is not None]


def implied(text: str, at: str) -> list[When]:
    """Return what a passage's words mean by the time at which it was said.

    Args:
        text: The passage.
        at: When it was said, ISO 8601; may be empty.

    Returns:
        That time itself, and the days that `tomorrow` and the weekdays in the text mean. Offsets are 0.
    """
    own = [when for when in dates(at) if when.year is not None]
    if not own or (today := _date(own[0])) is None or not date.min + _REACH <= today <= date.max - _REACH:
        return own  # contracts end on 9999-12-31, and there is no day after it
    days = {today + timedelta(days=_SHIFTS[found[1].casefold()]) for found in _RELATIVE.finditer(text)}
    for when in dates(text):
        if when.weekday is not None:  # the last one and the next two: `on Friday`, `next Friday`
            ahead = (when.weekday - today.weekday()) % 7
            days.update(today + timedelta(days=ahead + weeks) for weeks in (-7, 0, 7))
    return own + [When(0, 0, day.year, day.month, day.day, day.weekday()) for day in sorted(days)]


def is_supported(when: When, evidence: Sequence[When], years: Iterable[int] = ()) -> bool:
    """Tell whether dates of the evidence say what a date says; its day and its time may be said apart.

    Args:
        when: What a sentence says.
        evidence: What its passages say or imply.
        years: Years that the passages name elsewhere, which complete a date that has none.
    """
    has_day = when.month is not None or when.day is not None or when.weekday is not None
    known = set(years)
    day = not has_day or any(_same_day(when, other, known) for other in evidence)
    time = when.hour is None or any(_same_time(when, other) for other in evidence)
    return day and time


def _same_day(when: When, other: When, years: set[int]) -> bool:
    if when.month is not None and when.month != other.month:
        return False
    if when.day is not None and when.day != other.day:
        return False
    if when.weekday is not None and when.weekday != _weekday(other):
        return False
    if when.year is None or other.year is None:
        return when.year is None or when.year in years or not years
    return when.year == other.year


def _same_time(when: When, other: When) -> bool:
    if when.hour is None or other.hour is None or (when.minute or 0) != (other.minute or 0):
        return False
    if when.is_24 and other.is_24:
        return when.hour == other.hour
    return when.hour % 12 == other.hour % 12


def _date(when: When) -> date | None:
    if when.year is None or when.month is None or when.day is None:
        return None
    try:
        return date(when.year, when.month, when.day)
    except ValueError:
        return None


def _weekday(when: When) -> int | None:
    if when.weekday is not None:
        return when.weekday
    day = _date(when)
    return None if day is None else day.weekday()


def _when(found: re.Match[str]) -> When | None:
    start, end = found.span()
    if found["weekday"]:
        return When(start, end, weekday=WEEKDAYS.index(found["weekday"].casefold()))
    if found["named"]:
        return When(start, end, hour=12 if found["named"].casefold() == "noon" else 0, minute=0, is_24=True)
    if found["iso"] or found["packed"]:
        digits = (found["iso"] or found["packed"]).replace("-", "")
        hour, minute = _clock(found["iso_time"] or found["packed_time"] or "")
        when = When(
            start, end, int(digits[:4]), int(digits[4:6]), int(digits[6:]), None, hour, minute, hour is not None
        )
        return when if _date(when) is not None and (hour or 0) < 24 and (minute or 0) < 60 else None
    if found["hour"] or found["hour_only"]:
        return _time_of_day(found, start, end)
    month = found["month"] or found["month_first"] or found["month_only"] or found["bare"]
    if found["bare"] and not found["bare"][0].isupper():
        return None
    if not month[0].isupper() and month.casefold() in ("may", "mar", "march", "dec", "sep", "jan", "oct"):
        return None  # `5 may`, `3 march on`
    day = found["day"] or found["day_second"]
    year = found["year"] or found["year_last"] or found["year_of"]
    if day is not None and not 1 <= int(day) <= 31:
        return None
    number = next(at for at, name in enumerate(MONTHS, 1) if name.startswith(month.casefold()[:3]))
    begins = found.start("bare") if found["bare"] else start
    return When(begins, end, int(year) if year else None, number, int(day) if day else None)


def _clock(written: str) -> tuple[int | None, int | None]:
    digits = written.replace(":", "")
    return (int(digits[:-2]), int(digits[-2:])) if digits else (None, None)


def _time_of_day(found: re.Match[str], start: int, end: int) -> When | None:
    hour = int(found["hour"] or found["hour_only"])
    minute = int(found["minute"] or 0)
    half = (found["half"] or found["half_only"] or "").casefold().replace(".", "")
    if hour > 23 or minute > 59:
        return None
    if half in ("am", "pm"):
        if hour > 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    return When(start, end, hour=hour, minute=minute, is_24=half in ("am", "pm") or hour > 12)
