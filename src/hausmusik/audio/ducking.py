"""Ducking: one sound steps back while somebody speaks, along an envelope made from the known times of speech.

Since the times are known beforehand there is no level detector: the depth is exact, and the sound is down *before*
the first syllable (a side-chain compressor gave 9.9 dB for 10 on one voice, and less on a quieter one). Going down
and coming back are half cosines in decibels, so the gain has no corner. Knows nothing of cues; times are seconds of
the piece.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hausmusik.audio.frames import frame_at
from hausmusik.audio.gain import BEGINNING, END, GainTrack, Span, chain, factor

Interval = tuple[float, float]


class Ducking(msgspec.Struct, frozen=True, kw_only=True):
    """How a sound steps back.

    Args:
        depth_db: How far, 0 to 96.
        attack_s: Time to get down, above 0 to 30.
        release_s: Time to come back, above 0 to 30.
        look_ahead_s: How long before the speech it is already down, 0 to 30.

    Raises:
        ValueError: one of them is out of range.
    """

    depth_db: float = 12.0
    attack_s: float = 0.15
    release_s: float = 0.6
    look_ahead_s: float = 0.2

    def __post_init__(self) -> None:
        if not 0 <= self.depth_db <= 96:
            raise ValueError(f"a ducking depth of {self.depth_db} dB is out of range")
        if not (0 < self.attack_s <= 30 and 0 < self.release_s <= 30 and 0 <= self.look_ahead_s <= 30):
            raise ValueError("the times of a ducking must be above 0 s and at most 30 s")


def merge_intervals(intervals: Iterable[Interval], gap_s: float = 0.0) -> list[Interval]:
    """Return the intervals sorted, those joined that overlap, touch or are less than `gap_s` apart.

    Raises:
        ValueError: an interval ends before it starts, or holds a number that is none.
    """
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if not start <= end:
            raise ValueError(f"an interval cannot last from {start} to {end} s")
        if merged and (start <= merged[-1][1] or start - merged[-1][1] < gap_s):
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif end > start:
            merged.append((start, end))
    return merged


def duck_track(
    intervals: Iterable[Interval], ducking: Ducking, sample_rate_hz: int, within: tuple[int, int] = (BEGINNING, END)
) -> GainTrack:
    """Return the gain over time of a sound that steps back while others speak.

    Speech that pauses for less than release + look-ahead + attack counts as one: there would be no time to come back to
    full level, and half a way up and down again is heard as pumping.

    Args:
        intervals: When there is speech, `(start_s, end_s)` of the piece, in any order, overlapping or not.
        ducking: How far and how fast.
        sample_rate_hz: Rate of the frames that the track counts in.
        within: The first and last frame that matter; speech that does not reach them is left out, so that a clip in a
            long piece carries only its own part.
    """
    spans: list[Span] = []
    there_and_back_s = ducking.release_s + ducking.look_ahead_s + ducking.attack_s
    depth = -ducking.depth_db
    for start_s, end_s in merge_intervals(intervals, there_and_back_s):
        down_at = frame_at(start_s - ducking.look_ahead_s, sample_rate_hz)
        falls_at = frame_at(start_s - ducking.look_ahead_s - ducking.attack_s, sample_rate_hz)
        up_from = frame_at(end_s, sample_rate_hz)
        up_at = frame_at(end_s + ducking.release_s, sample_rate_hz)
        if up_at <= within[0] or falls_at >= within[1]:
            continue
        if spans:  # two roundings may meet at one frame
            falls_at = max(falls_at, spans[-1].end)
        spans += [
            Span(falls_at, down_at, "db-cosine", 0.0, depth),
            Span(down_at, up_from, "hold", factor(depth)),
            Span(up_from, up_at, "db-cosine", depth, 0.0),
        ]
    return chain(spans)
