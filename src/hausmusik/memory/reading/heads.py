"""The line that begins a turn of a transcript, in the forms that people and meeting software write.

    Anna: text                 **Anna:** text             Anna (00:12): text          [00:12:30] Anna: text
    00:12:30 Anna: text        00:12 Anna (text below)    Anna  0:12 (text below)     00:12:30 (turns below)
    09:30 <anna> text          00:12 text of nobody       09:30:12 From Anna to Everyone: text

Times are from the beginning unless they are of the day; which it is, the reader of the whole file decides. Only the
first few hundred characters of a line are looked at, so that no line is too long. Knows nothing of what stands around
it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final, Literal

import msgspec

from hausmusik.memory.reading.dates import clock_s
from hausmusik.memory.reading.speaker_names import bare_name, is_name, is_nick

LOOKED_AT: Final = 300
_CLOCK: Final = (
    r"(?P<clock>(?:\d{1,3}:)?\d{1,2}:[0-5]\d(?:[.,]\d{1,3})?)(?![\d:])(?:[ \u202f]?(?P<half>[AaPp])\.?[Mm]\b\.?)?"
)
_LEADING: Final = re.compile(
    rf"[\[(<]?{_CLOCK}(?:\s?(?:-->|-|–|to)\s?(?:\d{{1,3}}:)?\d{{1,2}}:\d\d(?:[.,]\d{{1,3}})?)?[\])>]?\s*(?:[-–—|:]\s)?\s*"
)
_NICKED: Final = re.compile(r"<[@+ ]?([^<>\s]{1,30})>\s")
_FROM: Final = re.compile(r"From\s+([^:]{1,60}?)(?:\s+to\s+[^:]{1,60}?)?\s*(?:\([^()]{1,30}\))?\s*:", re.IGNORECASE)
_LABEL: Final = re.compile(r"(?P<name>[^:：]{1,60}?)\s*(?:\*\*|__)?[:：](?:\*\*|__)?(?P<gap>\s*)")
_TIMED_LABEL: Final = re.compile(
    rf"(?P<name>[^:：\[(]{{1,50}}?)\s*[\[(]?{_CLOCK}[\])]?\s*(?:\*\*|__)?[:：](?:\*\*|__)?\s"
)
_HEADER: Final = re.compile(rf"(?P<name>[^:：\[(]{{1,50}}?)(?:\s*[,|–—-]\s*|\s+|\s*[\[(]){_CLOCK}[\])]?\s*(?:\*\*|__)?")
_MARKS: Final = re.compile(r"(?:>\s?|[-*•]\s+)?(?:\*\*|__)?")


class Head(msgspec.Struct, frozen=True):
    """What the first line of a turn says.

    Args:
        form: `label` (a name before a colon), `stamped` (a time, too), `header` (name and time alone, the text is
            below), `clocked` (time and text, nobody named), `clock` (a time alone).
        speaker: As written; empty where nobody is.
        clock: Seconds, from the beginning or from midnight; None where there is no time.
        is_wall: Whether it is surely a time of the day.
        text: What is said in this line, as far as it was looked at.
    """

    form: Literal["label", "stamped", "header", "clocked", "clock"]
    speaker: str = ""
    clock: float | None = None
    is_wall: bool = False
    text: str = ""


def head_of(line: str, known: Collection[str] = ()) -> Head | None:
    """Return what a line says that begins a turn; None for a line that goes on.

    Args:
        line: One line.
        known: Names that are speakers for sure, so that `Anna:text` and `anna: text` are turns as well.
    """
    text = line[:LOOKED_AT].strip(" \t\u200e\u200f\ufeff")
    marks = _MARKS.match(text)
    text = text[marks.end() :] if marks else text
    leading = _LEADING.match(text)
    if leading is not None and not text[leading.end() :].startswith(("**:", ":")):
        return _timed(text[leading.end() :].strip(" \t*"), leading, known)
    timed = _TIMED_LABEL.match(text)
    if timed is not None and is_name(timed["name"]):
        clock, is_wall = _clock(timed)
        return Head("stamped", bare_name(timed["name"]), clock, is_wall, text[timed.end() :].strip())
    header = _HEADER.fullmatch(text)
    if header is not None and is_name(header["name"]):
        clock, is_wall = _clock(header)
        return Head("header", bare_name(header["name"]), clock, is_wall)
    return _label(text, known)


def _clock(found: re.Match[str]) -> tuple[float, bool]:
    seconds = clock_s(found["clock"])
    if not found["half"]:
        return seconds, False
    if found["clock"].count(":") == 1:
        seconds *= 60  # 9:30 PM is hours and minutes
    hour = seconds // 3600 % 12 + (12 if found["half"].lower() == "p" else 0)
    return hour * 3600 + seconds % 3600, True


def _timed(rest: str, leading: re.Match[str], known: Collection[str]) -> Head:
    clock, is_wall = _clock(leading)
    if not rest:
        return Head("clock", clock=clock, is_wall=is_wall)
    zoom = _FROM.match(rest)
    if zoom is not None:
        return Head("stamped", bare_name(zoom[1]), clock, is_wall=True, text=rest[zoom.end() :].strip())
    nicked = _NICKED.match(rest)
    if nicked is not None:
        return Head("stamped", nicked[1], clock, is_wall=True, text=rest[nicked.end() :])
    label = _label(rest, known) or _label(rest, (rest.partition(":")[0],) if is_nick(rest.partition(":")[0]) else ())
    if label is not None:
        return Head("stamped", label.speaker, clock, is_wall, label.text)
    if is_name(rest) and not rest.endswith(".") and len(rest.split()) <= 4:
        return Head("header", bare_name(rest), clock, is_wall)
    return Head("clocked", "", clock, is_wall, rest)


def _label(text: str, known: Collection[str]) -> Head | None:
    found = _LABEL.match(text)
    if found is None:
        return None
    name, said = bare_name(found["name"]), text[found.end() :]
    if name in known:
        return Head("label", name, text=said)
    is_spaced = bool(found["gap"]) or not said or "：" in found[0]
    return Head("label", name, text=said) if is_spaced and is_name(name) else None
