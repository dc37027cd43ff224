"""Seconds become frames in one place, so that two sounds that touch in seconds also touch in frames."""

from __future__ import annotations

import math


def frame_at(time_s: float, sample_rate_hz: int) -> int:
    """Return the frame nearest to a time in seconds, halves upwards; negative times give negative frames."""
    return math.floor(time_s * sample_rate_hz + 0.5)
