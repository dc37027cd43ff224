"""What a finished file says about itself: title, people, licence, chapters.

Values, and how each container wants to have them. Dates come from the caller, never from the clock: equal input gives
equal bytes. Knows nothing of encoders.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

import msgspec

from hausmusik.audio.formats import FormatSpec

_MILLISECONDS: Final = Fraction(1, 1000)
_KEEP: Final = "\n\t"


class Tags(msgspec.Struct, frozen=True, kw_only=True):
    """Plain text; empty ones are left out.

    Args:
        title: Of the piece.
        artist: Who made it.
        album: Series or collection.
        date: ISO 8601, `2026` or `2026-11-24`; given by the caller.
        comment: Anything, several lines allowed.
        licence: Under which the piece may be used, e.g. `CC-BY-4.0` or a sentence. Vorbis comments have a field of
            that name (FLAC, Opus); elsewhere it is the copyright field.
    """

    title: str = ""
    artist: str = ""
    album: str = ""
    date: str = ""
    comment: str = ""
    licence: str = ""


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """A named span of the piece.

    Args:
        title: For people.
        start_s: From the beginning of the piece.
        end_s: After `start_s`.
    """

    title: str
    start_s: float
    end_s: float


def chapters_from_markers(markers: Sequence[tuple[float, str]], duration_s: float) -> tuple[Chapter, ...]:
    """Turn `(start_s, title)` points into chapters that each last until the next one, the last until the end.

    Markers are sorted; of several at one time the last given wins; those at or after the end are left out.
    """
    by_start = dict(sorted((round(start_s, 3), title) for start_s, title in reversed(list(markers))))
    starts = [start_s for start_s in by_start if 0 <= start_s < duration_s]
    return tuple(
        Chapter(title=by_start[start_s], start_s=start_s, end_s=end_s)
        for start_s, end_s in pairwise([*starts, duration_s])
    )


def container_tags(spec: FormatSpec, tags: Tags, chapters: Sequence[Chapter]) -> dict[str, str]:
    """Return the container's metadata in the order in which it is written.

    FLAC and Opus have no chapters of their own; there they are Vorbis comments CHAPTER001 and CHAPTER001NAME (the
    chapter extension of Xiph's wiki), which players and FFmpeg read.
    """
    licence = {spec.licence_key: tags.licence}
    values = {
        "title": tags.title,
        "artist": tags.artist,
        "album": tags.album,
        "date": tags.date,
        "comment": tags.comment,
        **licence,
    }
    if spec.chapters == "comments":
        for number, chapter in enumerate(chapters, start=1):
            values[f"CHAPTER{number:03d}"] = _clock(chapter.start_s)
            values[f"CHAPTER{number:03d}NAME"] = chapter.title
    cleaned = {key: clean(value) for key, value in values.items()}
    return {key: value for key, value in cleaned.items() if value}


def container_chapters(spec: FormatSpec, chapters: Sequence[Chapter]) -> list[Any]:
    """Return chapters as PyAV takes them, in milliseconds; empty where the muxer writes none."""
    if spec.chapters != "muxer":
        return []
    return [
        {
            "id": number,
            "start": round(chapter.start_s * 1000),
            "end": round(chapter.end_s * 1000),
            "time_base": _MILLISECONDS,
            "metadata": {"title": clean(chapter.title)},
        }
        for number, chapter in enumerate(chapters, start=1)
    ]


def clean(text: str) -> str:
    """Drop what no tag can hold: control characters, and halves of characters that UTF-8 cannot say."""
    kept = (char for char in text if char in _KEEP or unicodedata.category(char) not in {"Cc", "Cs"})
    return "".join(kept).strip()


def _clock(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
