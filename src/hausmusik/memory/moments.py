"""As of when: read as people write it, and compared with the times of passages and facts.

Those are ISO 8601 text of any precision, with a time zone or none, which is not converted. Two are compared as far as
the coarser of them goes, so that a day is meant whole, and a minute too.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from hausmusik.errors import UsageError

_DAY: Final = re.compile(r"[\dW-]{7,10}")
"""Every form of a date without a time: `2026-03-01`, `20260301`, `2026-W10-1`, `2026W10`; one with a time is longer."""

_ZONE: Final = re.compile(r"(?<=T\d\d:\d\d)(:\d\d)?.*", re.DOTALL)
"""What is behind the seconds, or the minutes, of a time."""


def read_moment(text: str) -> str:
    """Return a date as `2026-03-01`, or a date and a time as `2026-03-01T09:30` with seconds if it has some.

    Args:
        text: ISO 8601 in any of its forms, such as `20260301` or `2026-03-01 09:30`; empty stays empty: at any time.

    Raises:
        UsageError: it is none, or has a time zone.
    """
    if not text:
        return ""
    text = text.strip()  # blanks alone are a mistake: a variable that was never set
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"as of {text!r}: that is no date", hint="write it like 2026-03-01, or 2026-03-01T09:30"
        ) from None
    if _DAY.fullmatch(text):
        return told.date().isoformat()
    if told.tzinfo is not None:
        raise UsageError(
            f"as of {text!r}: times are compared as the documents have them, so it can have no time zone",
            hint=f"write it like {told.replace(tzinfo=None).isoformat(timespec='minutes')}",
        )
    return told.isoformat(timespec="seconds" if told.second else "minutes")


def is_by(when: str, as_of: str) -> bool:
    """Return whether something had been by a moment; what has no time had, and everything where there is no moment.

    Args:
        when: ISO 8601; empty: unknown.
        as_of: As `read_moment` returns it.
    """
    return not when or not as_of or _ZONE.sub(r"\1", when)[: len(as_of)] <= as_of
