"""From the times of spoken words or sentences to captions that can be read.

The limits are those of common guidelines (BBC, Netflix): two lines of 42 characters, 1 to 7 s, 20 characters a second.
Where to cut is decided in `caption_cuts`, lines are broken in `caption_text`, files are `caption_files`. Captions never
overlap, whoever speaks at once. Pure text and numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final

import msgspec

from hausmusik.audio.caption_cuts import CaptionLimits, TimedWord, cut
from hausmusik.audio.caption_text import clean, columns_of, words_of, wrap

_PAUSE_S: Final = 1.5  # a silence this long ends a caption whatever the sentence does
_BREATH_S: Final = 0.25
_APART_S: Final = 0.08  # two frames at 24 per second, so that one sees that the caption changed
_LEAST_S: Final = 0.7  # what a caption keeps even when the next one, often someone else's, should begin
_LONGEST_NAME: Final = 18  # with its colon it leaves half a line, and no piece of a long word is wider


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """Something said: one word, or a sentence whose words are then spread over its time.

    Args:
        text: Any length, any script.
        start_s: From the beginning of the piece.
        end_s: At or after `start_s`.
        speaker: Who; empty where it does not matter.
    """

    text: str
    start_s: float
    end_s: float
    speaker: str = ""


class Caption(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown at once.

    Args:
        lines: One or two (files of others may have more), never empty ones.
        start_s: Whole milliseconds.
        end_s: After `start_s`, whole milliseconds.
        speaker: Who speaks; empty where it does not matter.
    """

    lines: tuple[str, ...]
    start_s: float
    end_s: float
    speaker: str = ""


def make_captions(
    spoken: Iterable[Spoken], *, limits: CaptionLimits | None = None, duration_s: float = math.inf
) -> tuple[Caption, ...]:
    """Set what is said as captions.

    Args:
        spoken: In the order in which each speaker says it; speakers may overlap.
        limits: Of lines and times.
        duration_s: Of the piece; no caption is held beyond it.

    Returns:
        Captions by time, never overlapping. Where several speak, the first caption of each turn has room for
        `Name: ` before it (see `to_srt`).

    Raises:
        ValueError: a time is not a number.
    """
    limits = limits or CaptionLimits()
    turns = _turns(spoken, limits)
    several = len({speaker for speaker, _ in turns if speaker}) > 1
    captions = [
        caption
        for speaker, words in turns
        for caption in _captions(words, speaker, limits, _label(speaker) if several else "")
    ]
    return _settle(sorted(captions, key=lambda caption: caption.start_s), limits, duration_s)


def speaker_label(caption: Caption, before: Caption | None) -> str:
    """Return `Name: ` where a speaker begins, for files that have no other place for names; else an empty string."""
    changed = before is None or before.speaker != caption.speaker
    return _label(caption.speaker) if changed else ""


def _label(speaker: str) -> str:
    return f"{speaker}: " if 0 < columns_of(speaker) <= _LONGEST_NAME else ""


def _turns(spoken: Iterable[Spoken], limits: CaptionLimits) -> list[tuple[str, list[TimedWord]]]:
    """Group words by who says them without a long pause; a step back in time begins a new turn."""
    turns: list[tuple[str, list[TimedWord]]] = []
    for each in spoken:
        if not (math.isfinite(each.start_s) and math.isfinite(each.end_s)):
            raise ValueError(f"{each.text!r} has times that are not numbers")
        words = _spread(each, limits.columns)
        if not words:
            continue
        speaker = clean(each.speaker)
        if turns and turns[-1][0] == speaker and -_BREATH_S < words[0].start_s - turns[-1][1][-1].end_s < _PAUSE_S:
            turns[-1][1].extend(words)
        else:
            turns.append((speaker, words))
    return turns


def _spread(spoken: Spoken, columns: int) -> list[TimedWord]:
    """Give each word its share of the time, by its letters."""
    words = words_of(spoken.text, columns)
    start_s = max(0.0, spoken.start_s)
    length_s = max(0.0, spoken.end_s - start_s)
    sizes = list(accumulate(len(word.text) + 1 for word in words))
    ends_s = [start_s + length_s * size / sizes[-1] for size in sizes]
    return [
        TimedWord(word, begin_s, end_s) for word, begin_s, end_s in zip(words, [start_s, *ends_s], ends_s, strict=False)
    ]


def _captions(words: Sequence[TimedWord], speaker: str, limits: CaptionLimits, label: str) -> list[Caption]:
    """Set one turn."""
    indent = columns_of(label)
    captions: list[Caption] = []
    for first, after in cut(words, limits, indent):
        run = [each.word for each in words[first:after]]
        # A single very long word may leave no room for the name; then the name has to go.
        lines = wrap(run, limits.columns, indent if first == 0 else 0) or wrap(run, limits.columns)
        captions.append(
            Caption(lines=lines, start_s=words[first].start_s, end_s=words[after - 1].end_s, speaker=speaker)
        )
    return captions


def _settle(captions: Sequence[Caption], limits: CaptionLimits, duration_s: float) -> tuple[Caption, ...]:
    """Give each caption time to be read without touching the next one, in whole milliseconds."""
    settled: list[Caption] = []
    free_ms = 0
    for index, caption in enumerate(captions):
        start_ms = max(free_ms, round(caption.start_s * 1000))
        last = index + 1 == len(captions)
        next_ms = math.inf if last else round(captions[index + 1].start_s * 1000)
        letters = sum(columns_of(line) for line in caption.lines)
        read_ms = 1000 * max(limits.shortest_s, letters / limits.characters_per_s)
        said_ms = 1000 * (caption.end_s - caption.start_s)
        # Time to read may be taken from the silence after it, down to a small gap; words said may reach the next one.
        wanted_ms = max(said_ms, min(read_ms, next_ms - start_ms - 1000 * _APART_S), 1000 * _LEAST_S)
        length_ms = min(wanted_ms, 1000 * limits.longest_s, max(next_ms - start_ms, 1000 * _LEAST_S))
        free_ms = start_ms + max(1, round(length_ms))
        if start_ms < duration_s * 1000 < free_ms:
            free_ms = max(start_ms + 1, math.floor(duration_s * 1000))
        settled.append(msgspec.structs.replace(caption, start_s=start_ms / 1000, end_s=free_ms / 1000))
    return tuple(settled)
