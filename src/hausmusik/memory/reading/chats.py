"""Chats whose every message begins with a date and a time, as phones and chat programs export them.

    12/03/2026, 09:30 - Anna: text          WhatsApp, Android
    [12.03.26, 09:30:12] Anna: text         WhatsApp, iOS
    2026-03-01 09:30:12 <anna> text         IRC
    [3/1/2026 9:30 AM] anna                 Discord; the text is below

Messages go on over several lines. Whether 3/4 is in March or in April is decided once for the whole file: by a number
above 12, else by the order in which messages come, else by AM and PM, which mostly Americans write.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from hausmusik.memory.documents import Block
from hausmusik.memory.reading.dates import moment
from hausmusik.memory.reading.drafts import Draft, lines_of
from hausmusik.memory.reading.speaker_names import bare_name, is_name

_LOOKED_AT: Final = 300
_DATED: Final = re.compile(
    r"[\u200e\u200f\u202a\ufeff ]{0,4}\[?(?P<when>"
    r"(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|(?P<one>\d{1,2})[-./](?P<two>\d{1,2})[-./](?:\d{4}|\d{2}))"
    r",?[ T\u202f]{1,2}\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:[.,]\d{1,6})?"
    r"(?:[ \u202f]?[AaPp]\.?[Mm]\b\.?)?(?:Z|[+-]\d{2}:?\d{2})?)"
    r"\]?[\s\u200e]{0,4}(?:[-–|:]\s)?"
)
_HALF: Final = re.compile(r"[AaPp]\.?[Mm]\b")
_NICKED: Final = re.compile(r"<[@+ ]?([^<>\n]{1,40})>\s")
_NAMED: Final = re.compile(r"[~\u200e\s]{0,3}([^:：\"“”\n]{1,40}?)[:：](?:\s|$)")


class _Message(msgspec.Struct, frozen=True):
    when: str
    speaker: str
    has_text: bool
    numbers: tuple[int, int] | None


def likeness(lines: Sequence[str]) -> float:
    """Tell how much some lines look like a dated chat, from 0 to 1."""
    filled = [line for line in lines if line.strip()]
    messages = [message for line in filled if (message := _message(line))]
    named = [message for message in messages if message.speaker]
    plausible = sum(is_name(message.speaker) or message.speaker.replace(" ", "").isalnum() for message in named)
    if not filled or not named or plausible < 0.6 * len(named) or len(named) < 0.4 * len(messages):
        return 0.0
    if len(messages) == 1:
        return 0.8 if _message(filled[0]) else 0.0
    return 0.9 if len(messages) >= 0.15 * len(filled) else 0.0


def read_chat(text: str) -> Draft:
    """Return a chat's messages."""
    laid = lines_of(text)
    starts = [(index, message) for index, line in enumerate(laid.lines) if (message := _message(line))]
    day_first = _is_day_first(message for _, message in starts)
    blocks: list[Block] = []
    ends = [index for index, _ in starts[1:]] + [len(laid.lines)]
    if starts and (preamble := laid.block(0, starts[0][0] - 1)):
        blocks.append(preamble)
    for (index, message), end in zip(starts, ends, strict=True):
        at = moment(message.when, day_first=day_first)
        block = laid.block(index, end - 1, speaker=message.speaker, at=at)
        if block is not None:
            blocks.append(block)
    return Draft(kind="chat", text=text, blocks=tuple(blocks), date=next((each.at for each in blocks if each.at), ""))


def _message(line: str) -> _Message | None:
    line = line[:_LOOKED_AT]
    dated = _DATED.match(line)
    if dated is None:
        return None
    rest = line[dated.end() :]
    numbers = (int(dated["one"]), int(dated["two"])) if dated["one"] else None
    named = _NICKED.match(rest) or _NAMED.match(rest)
    if named is not None:
        return _Message(dated["when"], bare_name(named[1]), has_text=True, numbers=numbers)
    if is_name(rest.partition("#")[0]) and len(rest.split()) <= 3:
        return _Message(dated["when"], bare_name(rest), has_text=False, numbers=numbers)
    return _Message(dated["when"], "", has_text=True, numbers=numbers)


def _is_day_first(messages: Iterable[_Message]) -> bool:
    told = [message for message in messages if message.numbers]
    pairs = [message.numbers for message in told if message.numbers]
    if any(one > 12 for one, _ in pairs) or not pairs:
        return True
    if any(two > 12 for _, two in pairs):
        return False
    backwards = {
        day_first: _backwards([moment(message.when, day_first=day_first) for message in told])
        for day_first in (True, False)
    }
    if backwards[True] != backwards[False]:
        return backwards[True] < backwards[False]
    return not ("/" in told[0].when and _HALF.search(told[0].when))


def _backwards(times: Sequence[str]) -> int:
    return sum(one > two for one, two in itertools.pairwise(times))
