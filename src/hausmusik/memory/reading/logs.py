"""Logs of applications: records with their stack traces, and runs of the same message folded.

A run of records that differ in numbers, ids and paths alone becomes its first record and a line that says how many
more there were and until when. The document's text is built so: it is what there is to read, and a day of heartbeats
is not worth a day of passages; `line` and `last_line` still name all of the run in the file. Records that are nothing
bad and come within seconds of each other are one burst, one block.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

import msgspec

from hausmusik.memory.reading.drafts import Builder, Draft
from hausmusik.memory.reading.log_lines import LogLine, goes_on, log_line, template_of, without_colours, worst
from hausmusik.memory.reading.speaker_names import is_name

_FOLD_FROM: Final = 3
_BURST_S: Final = 5.0
_BURST_RECORDS: Final = 20
_BAD: Final = ("error", "critical", "warning")


class _Record(msgspec.Struct):
    """A record; `first` and `last` are 0-based lines, `more` counts the records folded into it."""

    first: int
    last: int
    at: str
    time: str
    level: str
    lines: list[str]
    template: str
    more: int = 0
    until: str = ""


def likeness(lines: Sequence[str], ending: str) -> float:
    """Tell how much some lines look like a log, from 0 to 1.

    Args:
        lines: A sample of the text, in order.
        ending: Of the file's name, in lower case, without the dot.
    """
    filled = [without_colours(line) for line in lines if line.strip()]
    starts = [start for line in filled if (start := log_line(line))]
    going_on = sum(goes_on(line) for line in filled)
    is_called_log = ending in ("log", "out", "err")
    if not starts:
        return 0.55 if is_called_log else 0.0
    levels = sum(bool(start.level) for start in starts)
    sure = sum(start.is_sure for start in starts)
    if _are_messages(starts) and sure + levels < 0.5 * len(starts):
        return 0.0
    share = len(starts) / max(1, len(filled) - going_on)
    if is_called_log:
        return 0.95
    if len(starts) < 3 or share < 0.5:
        return 0.0
    return 0.95 if levels + sure >= 0.2 * len(starts) else 0.7 if all(start.at for start in starts) else 0.0


def read_log(text: str, *, year: str = "") -> Draft:
    """Return a log's bursts.

    Args:
        text: Of the file.
        year: For times that have none, four digits; empty where it is not known.
    """
    records = _fold(_records(without_colours(text).split("\n"), year))
    builder = Builder()
    burst: list[_Record] = []
    for record in records:
        if burst and not _belongs(burst, record):
            _add(builder, burst)
            burst = []
        burst.append(record)
    if burst:
        _add(builder, burst)
    return builder.draft("log", date=next((record.at for record in records if record.at), ""))


def _are_messages(starts: Sequence[LogLine]) -> bool:
    """Tell whether what follows the times is mostly `Name: text`."""
    named = sum(is_name(start.message.strip(" -|").partition(": ")[0]) and ": " in start.message for start in starts)
    return named >= 0.6 * len(starts)


def _records(lines: Sequence[str], year: str) -> list[_Record]:
    records: list[_Record] = []
    has_starts = any(log_line(line) for line in lines[:2000])
    for index, line in enumerate(lines):
        if not line.strip():
            continue
        start = log_line(line, year=year)
        if start is None and records and (has_starts or goes_on(line)):
            records[-1].lines.append(line)
            records[-1].last = index
            continue
        at, time, level = (start.at, start.time, start.level) if start else ("", "", "")
        template = template_of(start.message if start else line)
        records.append(_Record(index, index, at, time, level, [line], template))
    return records


def _fold(records: Sequence[_Record]) -> list[_Record]:
    """Fold runs of one template; a record with a trace is equal to another if the trace's lines are, masked."""
    folded: list[_Record] = []
    index = 0
    while index < len(records):
        first = records[index]
        end = index + 1
        while end < len(records) and _is_alike(first, records[end]):
            end += 1
        if end - index >= _FOLD_FROM:
            last = records[end - 1]
            first.more, first.until, first.last = end - index - 1, last.time or last.at, last.last
            folded.append(first)
        else:
            folded.extend(records[index:end])
        index = end
    return folded


def _is_alike(one: _Record, other: _Record) -> bool:
    if one.template != other.template or one.level != other.level or len(one.lines) != len(other.lines):
        return False
    pairs = zip(one.lines[1:], other.lines[1:], strict=True)
    return all(mine == theirs or template_of(mine) == template_of(theirs) for mine, theirs in pairs)


def _belongs(burst: Sequence[_Record], record: _Record) -> bool:
    if len(burst) >= _BURST_RECORDS or record.level in _BAD or burst[-1].level in _BAD or record.more or burst[-1].more:
        return False
    pause_s = _pause_s(burst[-1].at, record.at)
    return pause_s is None or -_BURST_S <= pause_s <= _BURST_S


def _pause_s(one: str, other: str) -> float | None:
    """Return the seconds between two times; None where one is not known."""
    if one == other:
        return 0.0 if one else None
    try:
        return (dt.datetime.fromisoformat(other) - dt.datetime.fromisoformat(one)).total_seconds()
    except (ValueError, TypeError):  # empty, or one with a zone and one without
        return None


def _add(builder: Builder, burst: Sequence[_Record]) -> None:
    lines: list[str] = []
    for record in burst:
        lines += record.lines
        if record.more:
            lines.append(f"… ({record.more} more like this{f' until {record.until}' if record.until else ''})")
    builder.add(
        "\n".join(line.rstrip() for line in lines),
        line=burst[0].first + 1,
        last_line=burst[-1].last + 1,
        separator="\n",
        at=burst[0].at,
        level=worst([record.level for record in burst]),
    )
