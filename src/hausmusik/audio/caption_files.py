"""Captions as SubRip (`.srt`) and WebVTT (`.vtt`), written and read.

Both are exact: what was written is read back, whatever the text. WebVTT has escapes for `&`, `<` and `>` and a place
for names. SubRip has neither: names are written `Name: ` where the speaker changes, and text that looks like one of its
informal tags gets an invisible WORD JOINER after the bracket, which players do not show and the reader here takes out.

Sources: W3C WebVTT (2019); SubRip has no specification, the reader follows what players accept.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

from hausmusik.audio.caption_text import Word, columns_of, wrap
from hausmusik.audio.captions import Caption, speaker_label
from hausmusik.errors import BadInput

_COLUMNS: Final = 42
_DEFUSE: Final = "\u2060"
_SRT_LOOKALIKES: Final = re.compile(r"<(?=[a-zA-Z/!])|\{(?=\\)|--(?=>)")
_SRT_TAGS: Final = re.compile(r"</?(?:b|i|u|s|font)\b[^<>]*>|\{\\[^{}]*\}", re.IGNORECASE)
_VTT_TAGS: Final = re.compile(r"<[^<>]*>")
_VTT_VOICE: Final = re.compile(r"<v(?:\.[^\s<>]*+)?[ \t]++([^<>]*)>")
_TIME: Final = r"(?:(\d{1,9}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMES: Final = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?$")
_VTT_BLOCKS: Final = ("NOTE", "STYLE", "REGION")


def to_srt(captions: Sequence[Caption]) -> str:
    """Return a SubRip file's text; captions are numbered from 1."""
    blocks: list[str] = []
    several = len({caption.speaker for caption in captions if caption.speaker}) > 1
    for number, caption in enumerate(captions, start=1):
        label = speaker_label(caption, captions[number - 2] if number > 1 else None) if several else ""
        lines = [_SRT_LOOKALIKES.sub(lambda match: match[0] + _DEFUSE, line) for line in _named(caption, label)]
        times = f"{_clock(caption.start_s, ',')} --> {_clock(caption.end_s, ',')}"
        blocks.append("\n".join([str(number), times, *lines, ""]))
    return "\n".join(blocks)


def to_vtt(captions: Sequence[Caption], *, title: str = "") -> str:
    """Return a WebVTT file's text; each caption with a speaker is wrapped in a voice span.

    Args:
        captions: By time.
        title: Written beside the signature; players do not show it.
    """
    blocks = [f"WEBVTT - {_escape(one_line(title))}\n" if title.strip() else "WEBVTT\n"]
    for caption in captions:
        voice = f"<v {_escape(caption.speaker)}>" if caption.speaker else ""
        times = f"{_clock(caption.start_s, '.')} --> {_clock(caption.end_s, '.')}"
        blocks.append("\n".join([times, voice + "\n".join(_escape(line) for line in caption.lines), ""]))
    return "\n".join(blocks)


def parse_srt(text: str) -> tuple[Caption, ...]:
    """Read a SubRip file; missing numbers, dots for commas and a missing hour are accepted, tags are taken out.

    Raises:
        BadInput: a line of times cannot be read, or there are none in a text that is not empty.
    """
    return tuple(caption for _, caption in placed_srt(text))


def placed_srt(text: str) -> tuple[tuple[int, Caption], ...]:
    """Read a SubRip file as `parse_srt` does; each caption comes with the 1-based line that its times are in.

    Raises:
        BadInput: as `parse_srt`.
    """
    captions: list[tuple[int, Caption]] = []
    for number, start_s, end_s, body in _cues(text, numbered=True):
        lines = [_SRT_TAGS.sub("", line).replace(_DEFUSE, "").strip(" \t") for line in body]
        captions.append((number, Caption(lines=tuple(line for line in lines if line), start_s=start_s, end_s=end_s)))
    if not captions and text.strip("\ufeff \t\r\n"):
        raise BadInput("there is no caption in this text", hint="is it a SubRip file?")
    return tuple(captions)


def parse_vtt(text: str) -> tuple[Caption, ...]:
    """Read a WebVTT file: notes, styles, regions, identifiers, positions and tags are passed over, voices kept.

    Raises:
        BadInput: the signature is missing, or a line of times cannot be read.
    """
    return tuple(caption for _, caption in placed_vtt(text))


def placed_vtt(text: str) -> tuple[tuple[int, Caption], ...]:
    """Read a WebVTT file as `parse_vtt` does; each caption comes with the 1-based line that its times are in.

    Raises:
        BadInput: as `parse_vtt`.
    """
    if not re.match(r"\ufeff?WEBVTT(?:[ \t\r\n]|$)", text):
        raise BadInput("a WebVTT file begins with WEBVTT, this text does not", hint="is it a SubRip file?")
    captions: list[tuple[int, Caption]] = []
    for number, start_s, end_s, body in _cues(text, numbered=False):
        voice = _VTT_VOICE.search("\n".join(body))
        lines = [html.unescape(_VTT_TAGS.sub("", line)).strip(" \t") for line in body]
        caption = Caption(
            lines=tuple(line for line in lines if line),
            start_s=start_s,
            end_s=end_s,
            speaker=html.unescape(voice[1]).strip() if voice else "",
        )
        captions.append((number, caption))
    return tuple(captions)


def _named(caption: Caption, label: str) -> tuple[str, ...]:
    """Put the speaker's name before the first line, if need be by breaking the lines anew.

    Where even that is too long, which happens only when people talk at once, there is no name.
    """
    if not label:
        return caption.lines
    if caption.lines and columns_of(label + caption.lines[0]) <= _COLUMNS:
        return (label + caption.lines[0], *caption.lines[1:])
    words = [Word(word) for line in caption.lines for word in line.split(" ")]
    lines = wrap(words, _COLUMNS, columns_of(label)) if words else ()
    return (label + lines[0], *lines[1:]) if lines else caption.lines


def _cues(text: str, *, numbered: bool) -> Iterator[tuple[int, float, float, list[str]]]:
    """Yield the number of the line of times, the times and the lines of each cue."""
    times: tuple[int, float, float] | None = None
    body: list[str] = []
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    skipping = False
    for number, line in enumerate(lines, start=1):
        if "-->" in line and not skipping:
            if times is not None:
                yield (*times, _without_number(body) if numbered else body)
            times, body = (number, *_times(line, number)), []
        elif not line.strip() and not numbered:
            if times is not None:
                yield (*times, body)
            times, body, skipping = None, [], False
        elif times is None and not numbered and line.startswith(_VTT_BLOCKS):
            skipping = True
        else:
            body.append(line)
    if times is not None:
        yield (*times, body)


def _without_number(body: list[str]) -> list[str]:
    """Take away the number of the next cue, which stands after an empty line."""
    if body and body[-1].strip().isdecimal() and (len(body) == 1 or not body[-2].strip()):
        return body[:-1]
    return body


def _times(line: str, number: int) -> tuple[float, float]:
    match = _TIMES.match(line)
    if match is None:
        raise BadInput(f"line {number} has times that cannot be read: {line.strip()[:60]!r}")
    start_s, end_s = _seconds(match.groups()[:4]), _seconds(match.groups()[4:8])
    if end_s < start_s:
        raise BadInput(f"line {number}: the caption ends before it begins: {line.strip()[:60]!r}")
    return start_s, end_s


def _seconds(parts: Sequence[str | None]) -> float:
    hours, minutes, seconds, fraction = (part or "0" for part in parts)
    milliseconds = int(fraction.ljust(3, "0"))
    return ((int(hours) * 60 + int(minutes)) * 60_000 + int(seconds) * 1000 + milliseconds) / 1000


def _clock(seconds: float, point: str) -> str:
    """Return hours (two digits or more), minutes, seconds and milliseconds."""
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{milliseconds // 1000:02d}{point}{milliseconds % 1000:03d}"


def one_line(text: str) -> str:
    """Return text without line breaks, control characters and direction marks, blanks folded."""
    return " ".join("".join(" " if unicodedata.category(each) in ("Cc", "Cf") else each for each in text).split())


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
