"""The date at the head of a letter, of minutes, of notes: `Berlin, den 21. Oktober 2026`, `Minutes of March 1, 2026`.

A line that is a date, or ends with one and is no sentence. Told from the first few lines, so that what is only said
of some day is not taken for the day of the text. Knows nothing of fields such as `Date:`, which say so themselves.
"""

from __future__ import annotations

import re
from typing import Final

from hausmusik.memory.reading.dates import moment
from hausmusik.memory.reading.heads import head_of
from hausmusik.memory.wordset import word_set

_FILLED_LINES: Final = 5
_LONGEST: Final = 100
_MOST_WORDS: Final = 8
"""Before the date: more are a sentence."""

_ANOTHER_DAY: Final = word_set(
    """
    until by before after since due deadline expires expiry valid effective born died next upcoming previous last
    bis vor nach ab seit fällig frist gültig geboren geb gestorben nächste nächster nächstes nächsten jusqu'au avant
    après dès valable né née mort morte prochain prochaine hasta antes válido válida nacido nacida próximo próxima fino
    entro valido valida nato nata prossimo prossima tot voor geldig volgende até nascido nascida
    """
)
"""A date behind one of them is of something else: `Valid until 31 December 2030`."""

_MARKS: Final = re.compile(r"^(?:#{1,6}\s+|[*_]{1,3})|[*_)\]]{1,3}$")
# A list's item says something of a day; `21. Oktober 2026` begins as the 21st item of one would, and is a date.
_ITEM: Final = re.compile(r"(?:[-*+•–>|]|\d{1,3}[.)])\s(?!\s*[^\W\d_]+\s+\d{4})")
_DATE: Final = re.compile(
    r"(?<![\w.])(?:\d{1,2}(?:st|nd|rd|th|er|re|\.|º|°)? (?:of |de )?[^\W\d_]{3,10}\.?,? (?:de )?\d{4}"
    r"|[^\W\d_]{3,10}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}|\d{4}-\d{2}-\d{2}|\d{1,2}\.\d{1,2}\.\d{4})(?!\w)"
)
_CLOCK: Final = re.compile(
    r",?\s*(?:(?:um|at|à|a las|alle|om|às)\s)?\d{1,2}[:.h]\d{2}\s*(?:[ap]\.?m\.?|uhr|h)?", re.IGNORECASE
)


def date_at_head(text: str) -> str:
    """Return the date, ISO 8601, that one of the first lines of a text is or ends with; empty where none does."""
    lines = (line.strip() for line in text[: 40 * _LONGEST].split("\n"))
    for line in [line for line in lines if line][:_FILLED_LINES]:
        if told := _told(line):
            return told
    return ""


def _told(line: str) -> str:
    if len(line) > _LONGEST or _ITEM.match(line):
        return ""
    bare = _MARKS.sub("", _MARKS.sub("", line)).strip()
    found = next((date for date in _DATE.finditer(bare) if moment(date.group())), None)
    if found is None:
        return ""
    before, behind = bare[: found.start()].strip(), bare[found.end() :].strip()
    if behind and not _CLOCK.fullmatch(behind):
        return ""
    if len(before.split()) > _MOST_WORDS or re.search(r"[.!?;]\s|:\s$", f"{before} "):
        return ""
    if _ANOTHER_DAY.intersection(word.strip("(,.:") for word in before.lower().split()):
        return ""
    head = head_of(bare)
    if head is not None and head.form in {"label", "stamped"}:  # somebody says so
        return ""
    return moment(bare[found.start() :])
