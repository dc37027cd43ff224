"""The date at the head of a letter, of minutes, of notes: `Berlin, den 21. Oktober 2026`, `Minutes of March 1, 2026`.

A line that is a date, or ends with one and is no sentence. Told from the first few lines, so that what is only said
of some day is not taken for the day of the text. Knows nothing of fields such as `Date:`, which say so themselves.
"""

from __future__ import annotations

import re
from typing import Final

from hausmusik.memory.reading.dates import WEEKDAY, moment
from hausmusik.memory.reading.heads import head_of
from hausmusik.memory.wordset import word_set

_FILLED_LINES: Final = 5
_LONGEST: Final = 100
_MOST_WORDS: Final = 8
"""Before the date: more are a sentence."""

_ANOTHER_DAY: Final = word_set(
    """
    until by before after since due deadline expires expiry valid effective born died next upcoming previous last your
    reply copyright paid founded
    bis vor nach ab seit fällig frist gültig geboren geb gestorben nächste nächster nächstes nächsten ihr ihre ihrem
    ihren kündigung gegründet jusqu'au avant après dès valable né née mort morte prochain prochaine votre hasta antes
    válido válida nacido nacida próximo próxima fino entro valido valida nato nata prossimo prossima tot voor geldig
    volgende até nascido nascida
    """
)
"""A date behind one of them is of something else: `Valid until 31 December 2030`."""

_OF: Final = word_set("of vom von du de del da do van")
_REPORTS: Final = word_set(
    """
    minutes meeting notes standup sync call report memo agenda diary journal log weekly daily review retro retrospective
    interview transcript newsletter update protokoll sitzung besprechung notizen bericht tagebuch treffen réunion
    compte-rendu acta reunión verbale riunione notulen vergadering ata reunião
    """
)
"""What a date without a word between is the date of: `Team meeting 2026-03-01`; not `Our contract ends 2026-03-01`."""

_REPORTED: Final = ("protokoll", "bericht", "notiz", "notizen", "sitzung", "besprechung", "verslag")
_ON: Final = frozenset({"am", "on", "op", "le", "el"})

_WRITTEN: Final = r"(?-i:[^\W\d_a-zß-öø-ÿ])[^\s,;:\d]{0,30}"
_WHERE: Final = rf"{_WRITTEN}(?:(?: [^\s,;:\d]{{1,30}}){{0,2}}|(?: {_WRITTEN}){{3}})"
"""A place or an occasion of at most three words, or four that begin with capitals: a sentence has more."""

_PLACE: Final = re.compile(
    rf"(?:{_WHERE}, )?(?:(?:{WEEKDAY},?)?(?:\s?\b(?:den|le|il|the|on|am|der))?|{WEEKDAY},?)|{_WHERE},", re.IGNORECASE
)
"""Where, or on which day of the week: `Berlin,`, `Berlin, den`, `Mittwoch,`, `Lisboa, quarta-feira,`, `Montag, den`."""

_TITLE: Final = re.compile(r"[^,;]{1,60}\S(?: [-–—|]|[,:]? [(\[])")
"""What a dash or a bracket divides from its date: `Weekly – 3 May 2026`."""

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
    before, behind = bare[: found.start()], bare[found.end() :].strip()
    if (behind and not _CLOCK.fullmatch(behind)) or not _tells_whose(before):
        return ""
    head = head_of(bare)
    if head is not None and head.form in {"label", "stamped"}:  # somebody says so
        return ""
    return moment(bare[found.start() :])


def _tells_whose(before: str) -> bool:
    """Return whether what stands before a date in its line says that it is the text's own, or says nothing."""
    words = [word.strip("(,.:") for word in before.lower().split()]
    if before[-1:] not in {"", " ", "\t", "(", "["} or _ANOTHER_DAY.intersection(words):
        return False
    bare = before.strip()
    if not bare or _PLACE.fullmatch(bare) or _TITLE.fullmatch(bare):
        return True
    if len(words) > 1 and words[-1] in _ON and any(_is_report(word) for word in words[:-1]):
        return True
    is_its = words[-1] in _OF or _is_report(words[-1])
    return len(words) <= _MOST_WORDS and is_its and not re.search(r"[.!?;]\s", before)


def _is_report(word: str) -> bool:
    return word in _REPORTS or word.endswith(_REPORTED)
