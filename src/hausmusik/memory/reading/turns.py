"""Transcripts in which speakers take turns, as text: who says what, with times where there are any.

The text stays the file's; a block is a turn, from the line that begins it to the line before the next. Continued
lines and paragraphs belong to the turn. Line heads are read in `heads`; here it is judged which of them are meant: a
name that comes once with nothing behind it is a heading of somebody's list, not somebody.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final, TypeAlias, Unpack

from hausmusik.memory.documents import Block, Kind
from hausmusik.memory.reading.dates import moment
from hausmusik.memory.reading.drafts import Draft, Lines, Told, lines_of
from hausmusik.memory.reading.heads import LOOKED_AT, Head, head_of
from hausmusik.memory.reading.speaker_names import is_nick

_WHEN: Final = re.compile(
    r"(?:\*\*)?(time|date|datum|zeit|when|started|start time|meeting date|recorded)(?:\*\*)?\s*[:：]", re.IGNORECASE
)
_HEADING: Final = re.compile(r"(#{1,6})\s+(\S.{0,200})")
_LATEST_START_S: Final = 6 * 3600  # no recording begins with its sixth hour: such times are of the day

Speakers: TypeAlias = frozenset[str]


def likeness(lines: Sequence[str]) -> float:
    """Tell how much some lines look like turns, from 0 to 1.

    Args:
        lines: A sample of the text in order, blank lines too.
    """
    speakers = speakers_of(lines)
    filled = sum(1 for line in lines if line.strip()) or 1
    heads = [(index, head) for index, line in enumerate(lines) if (head := _head(line, speakers))]
    named = [head for _, head in heads if head.form in ("stamped", "header") and head.speaker]
    if len(named) >= 2 and len(named) >= 0.15 * filled:
        return 0.9
    clocked = sum(head.form in ("clocked", "clock") for _, head in heads)
    if clocked >= 3 and clocked >= 0.4 * filled:
        return 0.6
    labels = [(index, head) for index, head in heads if head.form == "label"]
    first = next((line for line in lines if line.strip()), "")
    if when_of(first) and labels and len(labels) >= 0.3 * (filled - 1):
        return 0.9
    if len(labels) < 3:
        return 0.0
    counts = Counter(head.speaker for _, head in labels)
    openings = [index for index, line in enumerate(lines) if line.strip() and not (index and lines[index - 1].strip())]
    labelled = {index for index, _ in labels}
    in_lines = len(labels) / filled
    in_paragraphs = sum(index in labelled for index in openings) / len(openings) if len(openings) >= 3 else 0.0
    spoken = sum(_is_speech(head.text) for _, head in labels) / len(labels)
    is_repeated = max(counts.values()) >= 2 and len(labels) >= 1.3 * len(counts)
    if not is_repeated or spoken < 0.4 or max(in_lines / 0.4, in_paragraphs / 0.7) < 1:
        return 0.0
    return 0.8 + (0.15 if max(in_lines, in_paragraphs) > 0.7 else 0.0)


def read_turns(text: str, *, date: str = "") -> Draft:
    """Return a transcript's turns.

    Args:
        text: Of the file.
        date: When it was, as far as the file's name says; what the text itself says comes first.
    """
    laid = lines_of(text)
    speakers = speakers_of(laid.lines)
    heads = [_head(line, speakers) for line in laid.lines]
    first_clock = next((head.clock for head in heads if head and head.clock is not None), 0.0)
    is_wall = first_clock >= _LATEST_START_S or any(head.is_wall for head in heads if head)
    blocks: list[Block] = []
    opening = _Opening(laid, blocks)
    at, clock, has_time_of_day = date, None, False
    headings: tuple[str, ...] = ()
    for index, (line, head) in enumerate(zip(laid.lines, heads, strict=True)):
        told = when_of(line)
        heading = _HEADING.match(line[:LOOKED_AT])
        if told:
            at, has_time_of_day = told, has_time_of_day or "T" in told
            opening.start(index, headings=headings, at=told)
        elif heading is not None:
            depth = len(heading[1])
            opening.start(index, headings=headings[: depth - 1], is_heading=True)
            headings = (*headings[: depth - 1], heading[2].strip(" #"))
            opening.start(index + 1, headings=headings)
        elif head is not None and head.form == "clock":
            clock = head.clock
            opening.start(index, headings=headings)
        elif head is not None:
            clock = head.clock if head.clock is not None else clock
            opening.start(
                index,
                speaker=head.speaker,
                headings=headings,
                at=_at(at, clock) if is_wall else at,
                at_s=None if is_wall else clock,
            )
    opening.close(len(laid.lines))
    kind: Kind = "chat" if is_wall or (has_time_of_day and first_clock == 0.0) else "transcript"
    return Draft(kind=kind, text=text, blocks=tuple(blocks), date=next((each.at for each in blocks if each.at), ""))


def speakers_of(lines: Sequence[str]) -> Speakers:
    """Return the names before colons that are speakers: proper ones, and nicknames that come three times or more."""
    with_text: Counter[str] = Counter()
    without: Counter[str] = Counter()
    nicks: Counter[str] = Counter()
    for line in lines:
        head = head_of(line)
        if head is not None and head.form == "label":
            (with_text if head.text.strip() else without)[head.speaker] += 1
        elif head is None:
            nick, colon, _ = line[:40].partition(": ")
            if colon and is_nick(nick):
                nicks[nick] += 1
    chosen = set(with_text) | {name for name, count in without.items() if count >= 2}
    busy = {nick for nick, count in nicks.items() if count >= 3}
    if sum(nicks[nick] for nick in busy) >= 0.7 * sum(nicks.values()) and len(busy) >= 2:
        chosen |= busy
    return frozenset(chosen)


def when_of(line: str) -> str:
    """Return the date that a line such as `Time: 20260924_20:00` gives; empty where it gives none."""
    found = _WHEN.match(line[:LOOKED_AT].strip())
    return moment(line[:LOOKED_AT].strip()[found.end() :].strip()) if found is not None else ""


def _head(line: str, speakers: Speakers) -> Head | None:
    head = head_of(line, speakers)
    return None if head is not None and head.form == "label" and head.speaker not in speakers else head


def _is_speech(text: str) -> bool:
    """Tell whether it may have been said: several words, or an end as sentences have it; no code, no bare value."""
    text = text.strip()
    words = len(text.split())
    return words >= 4 or (words >= 1 and text.endswith((".", "?", "!", "…", "。", "？", "！")))


def _at(date: str, clock: float | None) -> str:
    if not date or clock is None or clock >= 24 * 3600:
        return date
    minutes, seconds = divmod(int(clock), 60)
    return f"{date[:10]}T{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"


class _Opening:
    """The turn that has begun and not ended."""

    def __init__(self, laid: Lines, blocks: list[Block]) -> None:
        self._laid = laid
        self._blocks = blocks
        self._first = 0
        self._told: Told = {}

    def start(self, index: int, **told: Unpack[Told]) -> None:
        """End the turn before a line, and begin another with it."""
        self.close(index)
        self._first, self._told = index, told

    def close(self, index: int) -> None:
        """End the turn before a line."""
        block = self._laid.block(self._first, index - 1, **self._told)
        if block is not None:
            self._blocks.append(block)
        self._first = index
