"""Captions (WebVTT, SubRip) as a transcript: cues put together to turns of whole sentences.

Cues of one speaker become one turn until there is a pause, or after about a minute, at the end of a sentence. Lines
that a rolling caption shows twice are taken once. The text is built anew, `Name: text`; lines are those of the
caption file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from hausmusik.audio.caption_files import placed_srt, placed_vtt
from hausmusik.audio.captions import Caption
from hausmusik.memory.reading.drafts import Builder, Draft
from hausmusik.memory.reading.speaker_names import bare_name, is_name

_SRT_CUE: Final = re.compile(
    r"(?:\d{1,7}\s*\n)?\s*(?:\d{1,3}:)?\d{1,2}:\d{1,2}[.,]\d{1,3}\s*-->\s*(?:\d{1,3}:)?\d{1,2}:\d{1,2}[.,]\d"
)
_NAMED: Final = re.compile(r"(?:[-–]\s?)?([^:：]{1,50}?)\s*[:：]\s+(?=\S)")
_PAUSE_S: Final = 3.0
_LONG_PAUSE_S: Final = 20.0
_TURN_S: Final = 60.0
_SENTENCE_ENDS: Final = (".", "?", "!", "…", "。", "？", "！", '"', "”", ")")


class _Cue(msgspec.Struct, frozen=True):
    line: int
    last_line: int
    start_s: float
    end_s: float
    speaker: str
    lines: tuple[str, ...]


def is_vtt(text: str) -> bool:
    """Tell whether a text begins as WebVTT does."""
    return re.match(r"WEBVTT(?:[ \t\n]|$)", text) is not None


def is_srt(text: str) -> bool:
    """Tell whether a text begins with a SubRip cue."""
    return _SRT_CUE.match(text[:400].lstrip()) is not None


def read_vtt(text: str) -> Draft:
    """Return the turns of a WebVTT file.

    Raises:
        BadInput: it cannot be read as one.
    """
    return _turns(placed_vtt(text))


def read_srt(text: str) -> Draft:
    """Return the turns of a SubRip file.

    Raises:
        BadInput: it cannot be read as one.
    """
    return _turns(placed_srt(text))


def _turns(placed: Iterable[tuple[int, Caption]]) -> Draft:
    builder = Builder()
    turn: list[_Cue] = []
    for cue in _cues(placed):
        if turn and _is_new_turn(turn, cue):
            _add(builder, turn)
            turn = []
        turn.append(cue)
    if turn:
        _add(builder, turn)
    return builder.draft("transcript")


def _cues(placed: Iterable[tuple[int, Caption]]) -> list[_Cue]:
    """Return cues with their speakers; in SubRip, names before a colon count if they come twice, or several do."""
    captions = [(line, caption) for line, caption in placed if caption.lines]
    named = [_NAMED.match(caption.lines[0][:80]) for _, caption in captions]
    names = [bare_name(found[1]) for found in named if found and is_name(found[1])]
    speakers = set(names) if len(names) >= 2 else set[str]()
    cues: list[_Cue] = []
    last = ""
    for (line, caption), found in zip(captions, named, strict=True):
        speaker, lines = caption.speaker, caption.lines
        if not speaker and found and bare_name(found[1]) in speakers:
            speaker, lines = bare_name(found[1]), (lines[0][found.end() :], *lines[1:])
        if not speaker and cues and speakers:
            speaker = cues[-1].speaker  # SubRip writes a name where it changes
        kept = lines[1:] if lines and lines[0] == last else lines
        last = lines[-1]
        if kept:
            cues.append(_Cue(line, line + len(caption.lines), caption.start_s, caption.end_s, speaker, kept))
    return cues


def _is_new_turn(turn: Sequence[_Cue], cue: _Cue) -> bool:
    if cue.speaker != turn[0].speaker:
        return True
    pause_s = cue.start_s - turn[-1].end_s
    if pause_s >= _LONG_PAUSE_S:
        return True
    ends = turn[-1].lines[-1].endswith(_SENTENCE_ENDS)
    seconds = cue.start_s - turn[0].start_s
    return (ends and (seconds >= _TURN_S or (pause_s >= _PAUSE_S and not cue.speaker))) or seconds >= 3 * _TURN_S


def _add(builder: Builder, turn: Sequence[_Cue]) -> None:
    speaker = turn[0].speaker
    said = " ".join(line for cue in turn for line in cue.lines)
    builder.add(
        f"{speaker}: {said}" if speaker else said,
        line=turn[0].line,
        last_line=turn[-1].last_line,
        separator="\n",
        speaker=speaker,
        at_s=turn[0].start_s,
    )
