"""One line of an application's log: when, how bad, and what it is but for its numbers.

Forms of time: ISO 8601 with blank or T, with slashes (nginx, Go), in brackets; syslog (`Mar  1 09:30:12`, RFC 3164)
and RFC 5424; Apache's access (`[01/Mar/2026:09:30:12 +0100]`) and error logs; glog (`I0301 09:30:12.123456`); a time
of the day alone. Or a level and no time (`ERROR:root:…`). Only the first few hundred characters are looked at.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from hausmusik.memory.reading.dates import moment, month_of

LOOKED_AT: Final = 400
_ZONE: Final = r"(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?"
_ISO: Final = re.compile(
    rf"\W{{0,2}}(?P<when>\d{{4}}[-/]\d{{2}}[-/]\d{{2}}[T ]\d{{2}}:\d{{2}}(?::\d{{2}})?"
    rf"(?:[.,]\d{{1,9}})?{_ZONE})\]?(?=[\s:|,\]]|$)"
)
_RFC5424: Final = re.compile(
    rf"<\d{{1,3}}>\d? ?(?P<when>\d{{4}}-\d{{2}}-\d{{2}}T\d{{2}}:\d{{2}}:\d{{2}}(?:\.\d{{1,9}})?{_ZONE})"
)
_SYSLOG: Final = re.compile(
    r"(?:<\d{1,3}>)?(?P<month>[A-Z][a-z]{2}) {1,2}(?P<day>\d{1,2}) (?P<time>\d{2}:\d{2}:\d{2})(?:\.\d{1,9})? (?=\S)"
)
_ACCESS: Final = re.compile(
    r"\S{1,64} \S{1,64} \S{1,64} \[(?P<day>\d{2})/(?P<month>\w{3})/(?P<year>\d{4}):"
    r"(?P<time>\d{2}:\d{2}:\d{2}) (?P<zone>[+-]\d{4})\]"
)
_STATUS: Final = re.compile(r"\" (?P<status>[1-5]\d\d) ")
_ERROR_LOG: Final = re.compile(
    r"\[[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2}) "
    r"(?P<time>\d{2}:\d{2}:\d{2})(?:\.\d{1,9})? (?P<year>\d{4})\]"
)
_GLOG: Final = re.compile(r"(?P<level>[IWEF])(?P<month>\d{2})(?P<day>\d{2}) (?P<time>\d{2}:\d{2}:\d{2})\.\d{1,6}\s")
_TIME_ALONE: Final = re.compile(r"\[?(?P<time>\d{2}:\d{2}:\d{2})(?:[.,]\d{1,9})?\]?\s")
_LEVEL_FIRST: Final = re.compile(r"\[?(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)\]?[\s:|]")
_LEVEL: Final = re.compile(
    r"(?<![\w-])(?:(trace|debug)|(info|notice)|(warn|warning)|(err|error|severe)|"
    r"(crit|critical|fatal|panic|emerg|alert))(?![\w.-])",
    re.IGNORECASE,
)
_LEVELS: Final = ("debug", "info", "warning", "error", "critical")
_GLOG_LEVELS: Final = {"I": "info", "W": "warning", "E": "error", "F": "critical"}
_LEVEL_WITHIN: Final = 100
_GOES_ON: Final = re.compile(
    r"\s|at |Caused by|Traceback \(|\.\.\. \d+ more|[\w.]{1,200}(?:Error|Exception)(?::|$)|[}\])]|\+-|\| "
)
_VARIABLE: Final = re.compile(
    r"(?P<uuid>\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b)"
    r"|(?P<path>(?:(?<=\s)|(?<=[\"'=(\[]))(?:[A-Za-z]:)?[/\\][^\s\"'(),\]]{1,300})"
    r"|(?P<quoted>\"[^\"]{0,300}\"|'[^']{0,300}')"
    r"|(?P<hex>\b(?:0x[0-9a-fA-F]{1,64}|(?=[0-9a-fA-F]{0,63}\d)[0-9a-fA-F]{6,64})\b)"
    r"|(?P<number>\d{1,64}+(?:[.:,]\d{1,64}+){0,16})"
)
_ANSI: Final = re.compile(r"\x1b\[[0-9;?]{0,32}[A-Za-z]")


class LogLine(msgspec.Struct, frozen=True):
    """The first line of a record.

    Args:
        at: ISO 8601; empty where the line has no date.
        time: The time of the day, as written; empty where it has none.
        level: `critical`, `error`, `warning`, `info`, `debug`; empty where it has none.
        message: What stands behind the time, as far as it was looked at.
        is_sure: Whether the form is one that logs alone have.
    """

    at: str
    time: str
    level: str
    message: str
    is_sure: bool = False


def log_line(line: str, *, year: str = "") -> LogLine | None:
    """Return what the first line of a record says; None for a line that goes on, or is no log's.

    Args:
        line: One line.
        year: For forms that have none; four digits or empty.
    """
    line = line[:LOOKED_AT]
    found = _RFC5424.match(line) or _ISO.match(line)
    if found is not None:
        at = moment(found["when"])
        return _line(line, found, at, at[11:19], is_sure=found.re is _RFC5424)
    found = _ACCESS.match(line) or _ERROR_LOG.match(line)
    if found is not None:
        zone = found["zone"] if "zone" in found.re.groupindex else ""
        at = _dated(
            found["year"],
            month_of(found["month"]),
            found["day"],
            found["time"] + (f"{zone[:3]}:{zone[3:]}" if zone else ""),
        )
        status = _STATUS.search(line, found.end())
        level = {"5": "error", "4": "warning"}.get(status["status"][0], "info") if status else ""
        return _line(line, found, at, found["time"], level, is_sure=True)
    found = _SYSLOG.match(line)
    if found is not None and month_of(found["month"]):
        at = _dated(year, month_of(found["month"]), found["day"], found["time"])
        return _line(line, found, at, found["time"], is_sure=True)
    found = _GLOG.match(line)
    if found is not None:
        at = _dated(year, int(found["month"]), found["day"], found["time"])
        return _line(line, found, at, found["time"], _GLOG_LEVELS[found["level"]], is_sure=True)
    found = _TIME_ALONE.match(line)
    if found is not None:
        return _line(line, found, "", found["time"])
    found = _LEVEL_FIRST.match(line)
    if found is not None:
        behind = _ISO.match(line, found.end())
        at = moment(behind["when"]) if behind else ""
        return LogLine(at, at[11:19], level_of(line), line, is_sure=True)
    return None


def goes_on(line: str) -> bool:
    """Tell whether a line is the inside of a stack trace or otherwise continues the one before."""
    return _GOES_ON.match(line[:LOOKED_AT]) is not None


def level_of(text: str) -> str:
    """Return the first level that is named near the beginning of a text; empty where there is none."""
    found = _LEVEL.search(text[:_LEVEL_WITHIN])
    if found is None or found.lastindex is None:
        return ""
    return _LEVELS[found.lastindex - 1]


def worst(levels: list[str]) -> str:
    """Return the worst of some levels; empty where there is none."""
    return max(levels, key=lambda level: _LEVELS.index(level) if level in _LEVELS else -1, default="")


def template_of(message: str) -> str:
    """Return a message with its numbers, hex values, UUIDs, paths and quoted parts masked."""
    return _VARIABLE.sub(lambda found: f"<{found.lastgroup}>", message[:LOOKED_AT])


def without_colours(text: str) -> str:
    """Return a text without the marks that colour it in a terminal."""
    return _ANSI.sub("", text) if "\x1b" in text else text


def _line(line: str, found: re.Match[str], at: str, time: str, level: str = "", *, is_sure: bool = False) -> LogLine:
    message = line[found.end() :]
    return LogLine(at, time, level or level_of(message), message, is_sure)


def _dated(year: str, month: int, day: str, time: str) -> str:
    return moment(f"{year}-{month:02d}-{int(day):02d}T{time}") if year else ""
