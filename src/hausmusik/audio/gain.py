"""Gain over time as a chain of spans, evaluated sample by sample from absolute positions.

A fade, a gain curve and a ducking envelope are all such a chain. Each span's value depends only on the sample's
absolute frame, so cutting a signal into blocks differently never changes one bit of the result; and spans that hold a
constant gain cost one multiplication, or none at 1.0. Knows nothing of clips, seconds or why the gain moves.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

import msgspec
import numpy as np

from hausmusik.types import FloatArray

Curve: TypeAlias = Literal["equal-power", "linear", "s-curve"]
"""How a fade moves: `equal-power` is sin/cos (two crossfaded signals that are unlike keep their common power),
`linear` keeps the sum of two equal signals, `s-curve` is a raised cosine (as linear, without corners)."""

BEGINNING: Final = -(1 << 62)
END: Final = 1 << 62


class Span(msgspec.Struct, frozen=True):
    """Gain between two absolute frames.

    Args:
        start: First frame.
        end: One past the last frame.
        shape: `hold`: the factor `first`. `rise`/`fall`: a fade from silence to full or back, along `curve`.
            `db`: from `first` to `last` decibels in a straight line. `db-cosine`: the same in a half cosine.
        first: Factor of `hold`, or decibels at the start.
        last: Decibels at the end.
        curve: Of `rise` and `fall`.
    """

    start: int
    end: int
    shape: Literal["hold", "rise", "fall", "db", "db-cosine"]
    first: float = 1.0
    last: float = 1.0
    curve: Curve = "equal-power"

    def values(self, start: int, frames: int) -> FloatArray:
        """Return the gain factors of a stretch inside this span: float32, shape `(frames,)`; not for `hold`."""
        length = self.end - self.start
        index = np.arange(start - self.start, start - self.start + frames, dtype=np.float64)
        if self.shape == "fall":  # counted from the other end, so that a fall is a rise mirrored to the last bit
            index = length - 1 - index
        progress = (index + 0.5) / length
        if self.shape in {"rise", "fall"}:
            return rising(self.curve, progress)
        if self.shape == "db-cosine":
            progress = 0.5 - 0.5 * np.cos(np.pi * progress)
        decibels = self.first + (self.last - self.first) * progress
        return np.exp(decibels * (np.log(10) / 20)).astype(np.float32)


def rising(curve: Curve, progress: np.ndarray[tuple[int], np.dtype[np.float64]]) -> FloatArray:
    """Return the factors of a fade-in at progress 0 to 1 (any shape): float32, 0 to 1."""
    if curve == "equal-power":
        return np.sin(progress * (np.pi / 2)).astype(np.float32)
    if curve == "s-curve":
        return (0.5 - 0.5 * np.cos(progress * np.pi)).astype(np.float32)
    return progress.astype(np.float32)


def factor(decibels: float) -> float:
    """Return the amplitude factor of a gain in decibels."""
    return 10.0 ** (decibels / 20.0)


class GainTrack:
    """A chain of spans that covers all time without gaps.

    Args:
        spans: In order; each starts where the one before ends, the first at `BEGINNING`, the last ends at `END`.

    Raises:
        ValueError: the spans leave gaps or overlap.
    """

    def __init__(self, spans: Sequence[Span]) -> None:
        edges = [span.start for span in spans] + [span.end for span in spans[-1:]]
        if not spans or edges[0] != BEGINNING or edges[-1] != END or any(s.end <= s.start for s in spans):
            raise ValueError("a gain track must cover all time with spans that are not empty")
        if any(span.end != start for span, start in zip(spans, edges[1:], strict=True)):
            raise ValueError("the spans of a gain track must follow one another without gaps")
        self._spans = tuple(spans)
        self._starts = edges[:-1]

    def apply(self, samples: FloatArray, start_frame: int) -> None:
        """Multiply samples by the gain, in place.

        Args:
            samples: float32, shape `(channels, n)`.
            start_frame: Absolute frame of the first sample.
        """
        frame, end = start_frame, start_frame + samples.shape[1]
        at = bisect_right(self._starts, frame) - 1
        while frame < end:
            span = self._spans[at]
            until = min(end, span.end)
            part = samples[:, frame - start_frame : until - start_frame]
            if span.shape != "hold":
                part *= span.values(frame, until - frame)
            elif span.first == 0.0:
                part[:] = 0.0
            elif span.first != 1.0:
                part *= np.float32(span.first)
            frame, at = until, at + 1

    def gains(self, start_frame: int, frames: int) -> FloatArray:
        """Return the gain factors of a stretch: float32, shape `(frames,)`; for pictures and tests."""
        ones = np.ones((1, frames), np.float32)
        self.apply(ones, start_frame)
        return ones[0]


def chain(spans: Sequence[Span], *, before: float = 1.0, after: float = 1.0) -> GainTrack:
    """Fill the gaps of sorted spans: `before` the first, `after` the last, and between two what the earlier ended with.

    Args:
        spans: Sorted, not overlapping; empty ones are left out.
        before: Factor up to the first span.
        after: Factor from the end of the last span on.
    """
    filled: list[Span] = []
    reached, level = BEGINNING, before
    for span in spans:
        if span.end <= span.start:
            continue
        if span.start > reached:
            filled.append(Span(reached, span.start, "hold", level))
        filled.append(span)
        reached, level = span.end, _ends_with(span)
    filled.append(Span(reached, END, "hold", after if filled else before))
    return GainTrack(filled)


def curve_track(points: Sequence[tuple[int, float]]) -> GainTrack:
    """Return a gain curve through points, linear in decibels between them, level before the first and after the last.

    Args:
        points: `(frame, gain_db)`, frames ascending; of two at one frame the later is a step. None: no change.
    """
    if not points:
        return chain([])
    spans = [Span(a, b, "db", first, last) for (a, first), (b, last) in itertools.pairwise(points)]
    return chain(spans, before=factor(points[0][1]), after=factor(points[-1][1]))


def _ends_with(span: Span) -> float:
    if span.shape in {"rise", "fall"}:
        return 1.0 if span.shape == "rise" else 0.0
    return span.first if span.shape == "hold" else factor(span.last)
