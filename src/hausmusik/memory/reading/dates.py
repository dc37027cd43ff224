"""Dates and times as people and programs write them, to ISO 8601.

    2026-03-01T09:30:12.5+01:00   2026/03/01 09:30   20260924_20:00   20260301_0930   01.03.2026 09:30   3/1/26, 9:30 PM
    1 March 2026   March 1, 2026  1. März 2026       1er mars 2026   1 de marzo de 2026
    1772357400 (seconds since 1970)   1772357400123 (milliseconds)

What is no date of the calendar gives "". Two-digit years are 2000 and later. A time zone is kept, never converted.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

_CLOCK: Final = (
    r"(?:[T_ ,\u202f]{1,3}(?:um |at )?(?P<hour>\d{1,2})(?:[:.h]?(?P<minute>[0-5]\d))"
    r"(?:[:.](?P<second>[0-5]\d)(?:[.,]\d{1,9})?)?"
    r"(?:[ \u202f]?(?P<half>[AaPp])\.?[Mm]\.?)?(?P<zone> ?Z| ?UTC| ?[+-]\d{2}:?\d{2})?)?"
)
_FORMS: Final = (
    re.compile(r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})(?!\d)" + _CLOCK),
    re.compile(r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})(?!\d)" + _CLOCK),
    re.compile(
        r"(?P<first>\d{1,2})(?P<mark>[-/.])(?P<second_number>\d{1,2})(?P=mark)(?P<year>\d{4}|\d{2})(?!\d)" + _CLOCK
    ),
    re.compile(
        r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|re|\.|º|°)? (?:of |de )?(?P<word>[^\W\d_]{3,10})\.?,? "
        r"(?:de )?(?P<year>\d{4})" + _CLOCK
    ),
    re.compile(r"(?P<word>[^\W\d_]{3,10})\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?,? (?P<year>\d{4})" + _CLOCK),
)
WEEKDAY: Final = (
    r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:mon|diens|donners|frei|sams|sonn)tag|mittwoch|sonnabend"
    r"|(?:lun|mar|mercre|jeu|vendre|same)di|dimanche|lunes|martes|mi[ée]rcoles|jueves|viernes|s[áa]bado|domingo"
    r"|(?:lune|marte|mercole|giove|vener)d[ìi]|sabato|domenica|(?:maan|dins|woens|donder|vrij|zater|zon)dag"
    r"|(?:segunda|ter[çc]a|quarta|quinta|sexta)(?:-feira)?)"
)
"""A day of the week, small, with accents or without: English, German, French, Spanish, Italian, Dutch, Portuguese."""

_WEEKDAY: Final = re.compile(
    rf"[^\W\d_]{{2,12}}(?:-feira)?\.?, ?|(?:{WEEKDAY}|mon|tues?|weds?|thur?s?|fri|sat|sun|mo|di|mi|do|fr|sa|so|mont"
    r"|dienst|mittw|donn(?:erst)?|freit|samst|sonnt|lun|mar"
    r"|mer|jeu|ven|sam|dim|mié|jue|vie|sáb|dom|gio|sab|ma|wo|vr|za|zo|seg|ter|qua|qui|sex)\.? (?=\d)",
    re.IGNORECASE,
)
_EPOCH: Final = re.compile(r"\d{9,10}(?:\.\d{1,9})?|\d{12,13}")
_IN_NAME: Final = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d{2})(?P<mark>[-_.]?)(?P<month>0[1-9]|1[0-2])(?P=mark)(?P<day>0[1-9]|[12]\d|3[01])"
    r"(?:[T_ -]+(?P<hour>[01]\d|2[0-3])[-_.:h]?(?P<minute>[0-5]\d)(?:[-_.:]?[0-5]\d)?)?(?!\d)"
)
_MONTHS: Final = (
    "jan ene gen janv",
    "feb fev fév febr",
    "mar mär mrt mars març marzo maart",
    "apr avr abr",
    "may mai mag mei mayo maio",
    "jun juin giu",
    "jul juil lug",
    "aug aoû ago août",
    "sep set sept",
    "oct okt ott out",
    "nov",
    "dec dez dic déc",
)


def moment(text: str, *, day_first: bool = True) -> str:
    """Return a date, or a date and a time, in ISO 8601; empty where the text does not begin with one.

    Args:
        text: What was written.
        day_first: Whether 3/4/2026 is the third of April.
    """
    text = text.strip()[:80].strip("[]() \t\u200e\u200f*")
    if _EPOCH.fullmatch(text):
        return _of_epoch(text)
    weekday = _WEEKDAY.match(text)
    for start in (0, weekday.end() if weekday else 0):
        for form in _FORMS:
            found = form.match(text, start)
            if found is not None:
                return _iso(found.groupdict(), day_first=day_first)
    return ""


def date_in_name(name: str) -> str:
    """Return the date that a file is named after, with its time if it has one; empty where there is none."""
    stem = name.replace("\\", "/").rpartition("/")[2][:300]
    found = _IN_NAME.search(stem)
    return _iso(found.groupdict(), day_first=True) if found is not None else ""


def month_of(word: str) -> int:
    """Return the number of a month by its name or the beginning of it, in any of our languages; 0 if it is none."""
    low = word.lower()
    for number, beginnings in enumerate(_MONTHS, start=1):
        if any(low.startswith(each) for each in beginnings.split()):
            return number
    return 0


def clock_s(text: str) -> float:
    """Return seconds of `12:30`, `1:12:30` or `01:12:30.5`: minutes and seconds, with hours before them if there are.

    Args:
        text: Must be of one of these forms.
    """
    total = 0.0
    for part in text.replace(",", ".").split(":"):
        total = total * 60 + float(part)
    return total


def _of_epoch(text: str) -> str:
    seconds = float(text) / (1000 if len(text) >= 12 and "." not in text else 1)
    try:
        told = dt.datetime.fromtimestamp(seconds, tz=dt.UTC)
    except (OverflowError, OSError, ValueError):
        return ""
    return told.strftime("%Y-%m-%dT%H:%M:%SZ")


def _iso(parts: dict[str, str | None], *, day_first: bool) -> str:
    year = int(parts["year"] or 0)
    year += 2000 if year < 100 else 0
    if parts.get("first") is not None:
        one, two = int(parts["first"] or 0), int(parts["second_number"] or 0)
        day, month = (one, two) if (day_first and two <= 12) or one > 12 else (two, one)
    else:
        day = int(parts["day"] or 0)
        month = month_of(parts["word"] or "") if parts.get("word") else int(parts.get("month") or 0)
    try:
        told = dt.date(year, month, day).isoformat()
    except ValueError:
        return ""
    if parts.get("hour") is None:
        return told
    hour, minute, second = int(parts["hour"] or 0), int(parts["minute"] or 0), parts.get("second")
    if parts.get("half"):
        hour = hour % 12 + (12 if (parts["half"] or "").lower() == "p" else 0)
    if hour > 23:
        return told
    zone = (parts.get("zone") or "").strip().replace("UTC", "Z")
    if len(zone) == 5:
        zone = f"{zone[:3]}:{zone[3:]}"
    return f"{told}T{hour:02d}:{minute:02d}" + (f":{second}" if second else "") + zone
