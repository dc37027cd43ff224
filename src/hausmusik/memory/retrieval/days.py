"""Which days a question asks about, and which passages are of them: `What did we decide on 3 May?`.

What was said on a day hardly ever names it, so neither words nor meaning find it. Knows nothing of ranking.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np

from hausmusik.memory.checking.dates import When, dates
from hausmusik.memory.retrieval.graph import Allowed

_AROUND: Final = re.compile(
    r"\b(?:before|after|since|until|till|by|between|from|vor|nach|seit|bis|zwischen|avant|après|depuis)\b",
    re.IGNORECASE,
)
_DAY: Final = re.compile(rb"(\d{4})-(\d\d)(?:-(\d\d))?")


class Days(msgspec.Struct, frozen=True, kw_only=True):
    """What a question says of when.

    Args:
        words: In which it does, as asked.
        is_then: Whether it asks for what was said then, and not `before 3 May`.
        of: Whether each passage counts and is of one of these days or months, `(passages,)` of bool.
    """

    words: tuple[str, ...]
    is_then: bool
    of: Allowed


def days_of(question: str, times: Any, allowed: Allowed) -> Days | None:
    """Return which passages are of the days that a question names; None where it names none, or none is of them.

    Args:
        question: In words, with days as English has them; one of the week alone is none.
        times: When each passage was said, ISO 8601, `(passages,)` of bytes; empty where unknown.
        allowed: Whether each passage counts, `(passages,)` of bool.
    """
    asked = [when for when in dates(question) if when.month is not None]
    if not asked:
        return None
    different, at = np.unique(times, return_inverse=True)  # few: each is read once
    of = np.asarray([_is_of(when, asked) for when in different.tolist()], bool)[at] & allowed
    if not of.any():
        return None
    words = tuple(question[when.start : when.end] for when in asked)
    return Days(words=words, is_then=len(asked) == 1 and not _AROUND.search(question), of=of)


def _is_of(when: bytes, asked: Sequence[When]) -> bool:
    found = _DAY.match(when)
    if found is None:
        return False
    year, month, day = (int(part) if part else None for part in found.groups())
    return any(
        each.month == month and each.year in (None, year) and (each.day is None or each.day == day) for each in asked
    )
