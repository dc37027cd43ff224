"""What a picture of a piece shows besides its sound: plain spans of time with names.

Values only; knows nothing of scores or pixels.
"""

from __future__ import annotations

import msgspec


class SegmentSpan(msgspec.Struct, frozen=True, kw_only=True):
    """A titled part of the piece, in seconds."""

    title: str
    start_s: float
    end_s: float


class CueSpan(msgspec.Struct, frozen=True, kw_only=True):
    """One placed sound.

    Args:
        layer: Which lane it is drawn on: `voice`, `music`, `sound`, `file`, or any other word.
        start_s: Where it begins.
        end_s: Where it ends.
        label: What stands in its box, cut to fit.
    """

    layer: str
    start_s: float
    end_s: float
    label: str = ""


class PictureSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What is drawn besides the sound.

    Args:
        title: Of the piece.
        duration_s: Length of the time axis, above 0.
        subtitle: A line under the title, e.g. who made it.
        segments: In order; may be empty.
        cues: In any order; lanes come in the order voice, music, sound, file, then others by name.
        figures: Names and values for the upper right corner, e.g. `("loudness", "-16.0 LUFS")`; up to five fit.
        font_file: A font for titles in other scripts than Latin; empty: Pillow's own.
    """

    title: str
    duration_s: float
    subtitle: str = ""
    segments: tuple[SegmentSpan, ...] = ()
    cues: tuple[CueSpan, ...] = ()
    figures: tuple[tuple[str, str], ...] = ()
    font_file: str = ""
