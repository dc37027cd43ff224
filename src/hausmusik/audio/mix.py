"""The pure description of a mix: clips placed in time on layers, segments that fade into one another.

All times are seconds of the piece, all gains decibels. Everything is checked when it is made, so a `MixSpec` that
exists can be mixed as far as its files allow; `mixing.iter_mix` does it. Knows nothing of scores, cues or files'
contents.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

from hausmusik.audio.ducking import Ducking, Interval, merge_intervals
from hausmusik.audio.frames import frame_at
from hausmusik.audio.gain import Curve
from hausmusik.audio.stretch import MAX_RATIO, MIN_RATIO

Layer: TypeAlias = Literal["voice", "music", "sound", "file"]
LAYERS: Final[tuple[Layer, ...]] = ("voice", "music", "sound", "file")
LONGEST_S: Final = 24 * 3600.0


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} is {value}, which is not within {low:g} to {high:g}")


class Duck(msgspec.Struct, frozen=True, kw_only=True):
    """Before whom a clip steps back, and how.

    Args:
        intervals: When there is speech, `(start_s, end_s)` of the piece; any order, overlapping or not.
        ducking: How far and how fast.
    """

    intervals: tuple[Interval, ...]
    ducking: Ducking = Ducking()

    def __post_init__(self) -> None:
        merge_intervals(self.intervals)


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """One placed sound. Whatever its fades say, each end is faded over at least 5 ms.

    Args:
        source: A wav of our own form (`audio.wav`), one or two channels, any rate.
        layer: The stem it belongs to.
        start_s: When it starts in the piece.
        duration_s: How long it sounds; less if the source ends before.
        source_offset_s: Where in the source to begin.
        loop: Repeat the source, from the offset on, until `duration_s` is full.
        loop_crossfade_s: Equal-power overlap at each seam of a loop; 0 for sources made to join seamlessly.
        stretch: Length over original length at the same pitch, 0.5 to 2.0.
        gain_db: Level, added to everything below; -120 to 60.
        gain_points: `(at_s, gain_db)` from the clip's start, times ascending; linear in decibels in between.
        fade_in_s: From its start.
        fade_out_s: Up to its end.
        fade_curve: Of both.
        pan: -1 left, 0 centre, 1 right; see `audio.pan` for the law.
        duck: Before whom it steps back; None: nobody.
        segment: Index of the segment whose fades it follows; None: none, e.g. a sound across segments.

    Raises:
        ValueError: a number is out of range.
    """

    source: Path
    layer: Layer
    start_s: float
    duration_s: float
    source_offset_s: float = 0.0
    loop: bool = False
    loop_crossfade_s: float = 0.05
    stretch: float = 1.0
    gain_db: float = 0.0
    gain_points: tuple[tuple[float, float], ...] = ()
    fade_in_s: float = 0.0
    fade_out_s: float = 0.0
    fade_curve: Curve = "equal-power"
    pan: float = 0.0
    duck: Duck | None = None
    segment: int | None = None

    def __post_init__(self) -> None:
        if self.layer not in LAYERS:
            raise ValueError(f"there is no layer {self.layer!r}; there are {', '.join(LAYERS)}")
        _check("start_s", self.start_s, 0, LONGEST_S)
        _check("duration_s", self.duration_s, 1e-4, LONGEST_S)
        _check("source_offset_s", self.source_offset_s, 0, LONGEST_S)
        _check("loop_crossfade_s", self.loop_crossfade_s, 0, 30)
        _check("stretch", self.stretch, MIN_RATIO, MAX_RATIO)
        _check("gain_db", self.gain_db, -120, 60)
        _check("pan", self.pan, -1, 1)
        _check("fade_in_s", self.fade_in_s, 0, LONGEST_S)
        _check("fade_out_s", self.fade_out_s, 0, LONGEST_S)
        for at_s, gain_db in self.gain_points:
            _check("the time of a gain point", at_s, 0, LONGEST_S)
            _check("the gain of a gain point", gain_db, -120, 60)
        if any(later[0] < earlier[0] for earlier, later in pairwise(self.gain_points)):
            raise ValueError("the times of gain_points must ascend")


class SegmentFade(msgspec.Struct, frozen=True, kw_only=True):
    """A segment's place; its clips are silent outside and faded at both ends (at least 5 ms).

    Two segments that overlap by the length of their equal-power fades pass into one another without a dip.

    Args:
        start_s: When it starts in the piece.
        end_s: When it ends.
        fade_in_s: From its start.
        fade_out_s: Up to its end.
        fade_in_curve: How it comes.
        fade_out_curve: How it goes, which the next segment decides.

    Raises:
        ValueError: a number is out of range.
    """

    start_s: float
    end_s: float
    fade_in_s: float = 0.0
    fade_out_s: float = 0.0
    fade_in_curve: Curve = "equal-power"
    fade_out_curve: Curve = "equal-power"

    def __post_init__(self) -> None:
        _check("start_s", self.start_s, 0, LONGEST_S)
        _check("end_s", self.end_s, self.start_s, LONGEST_S)
        _check("fade_in_s", self.fade_in_s, 0, LONGEST_S)
        _check("fade_out_s", self.fade_out_s, 0, LONGEST_S)


class MixSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A whole piece.

    Args:
        duration_s: Length; what sounds beyond is cut (with 5 ms).
        sample_rate_hz: Of the result, 8,000 to 192,000.
        channels: 1 or 2.
        clips: In any order.
        segments: What `Clip.segment` points to.

    Raises:
        ValueError: a number is out of range, or a clip names a segment that is not there.
    """

    duration_s: float
    sample_rate_hz: int = 48_000
    channels: int = 2
    clips: tuple[Clip, ...] = ()
    segments: tuple[SegmentFade, ...] = ()

    def __post_init__(self) -> None:
        _check("duration_s", self.duration_s, 1e-3, LONGEST_S)
        _check("sample_rate_hz", self.sample_rate_hz, 8_000, 192_000)
        _check("channels", self.channels, 1, 2)
        for clip in self.clips:
            if clip.segment is not None and not 0 <= clip.segment < len(self.segments):
                raise ValueError(f"a clip names segment {clip.segment}, but there are {len(self.segments)}")

    @property
    def frames(self) -> int:
        """Length in frames."""
        return frame_at(self.duration_s, self.sample_rate_hz)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers that have clips, in a fixed order."""
        used = {clip.layer for clip in self.clips}
        return tuple(layer for layer in LAYERS if layer in used)
