"""Fades: the three curves, and the 5 ms that take the click out of every edit.

A fade here is a `GainTrack`: silence before the start, the fade in, full level, the fade out, silence after the end.
`declick_track` has the same form; it is laid over every clip in addition to the fades that were asked for, because an
equal-power fade begins with a corner. 5 ms of raised cosine leave no step that `clicks` finds, 1 ms does.
"""

from __future__ import annotations

import numpy as np

from hausmusik.audio.gain import Curve, GainTrack, Span, chain, rising
from hausmusik.types import FloatArray

DECLICK_S = 0.005


def fade_track(
    start: int,
    end: int,
    *,
    fade_in: int,
    fade_out: int,
    curve: Curve = "equal-power",
    fall_curve: Curve | None = None,
) -> GainTrack:
    """Return full level between two frames, faded at both ends, and silence outside.

    Args:
        start: First frame that sounds.
        end: One past the last.
        fade_in: Frames, counted from `start`; 0: none.
        fade_out: Frames, counted back from `end`; 0: none. Where both together are longer than the sound, each is cut
            in proportion.
        curve: Of the fade-in: `equal-power`, `linear` or `s-curve`.
        fall_curve: Of the fade-out; None: the same.
    """
    length = max(0, end - start)
    rise, fall = max(0, fade_in), max(0, fade_out)
    if rise + fall > length:
        rise = length * rise // (rise + fall)
        fall = length - rise if fade_out > 0 else 0
    spans = [
        Span(start, start + rise, "rise", curve=curve),
        Span(start + rise, end - fall, "hold", 1.0),
        Span(end - fall, end, "fall", curve=fall_curve or curve),
    ]
    return chain(spans, before=0.0, after=0.0)


def declick_track(start: int, end: int, sample_rate_hz: int) -> GainTrack:
    """Return the shortest fade that does not click: 5 ms at each end, raised cosine, silence outside."""
    length = round(DECLICK_S * sample_rate_hz)
    return fade_track(start, end, fade_in=length, fade_out=length, curve="s-curve")


def fade_factors(curve: Curve, frames: int) -> FloatArray:
    """Return the factors of a fade-in of so many frames: float32, shape `(frames,)`; reversed it is the fade-out."""
    return rising(curve, (np.arange(frames, dtype=np.float64) + 0.5) / max(1, frames))


def crossfade(old: FloatArray, new: FloatArray, rise: FloatArray) -> FloatArray:
    """Return `old` passing into `new`: both `(channels, n)`, `rise` `(n,)` from `fade_factors`; a fresh array."""
    mixed = np.multiply(old, rise[::-1], dtype=np.float32)
    mixed += new * rise
    return mixed
