"""Where a sound stands between left and right.

One channel: equal power, set so that the middle is 0 dB. A mono voice at the centre goes at unchanged level to both
channels; moved to one side, that channel rises to +3.01 dB and the other falls silent, so its loudness stays the same
wherever it stands. (FFmpeg's plain mono-to-stereo takes 3 dB off, and the voice sinks under stereo music.)

Two channels: balance. The far channel is turned down along a quarter cosine, the near one stays as it is.
"""

from __future__ import annotations

import math

import numpy as np

from hausmusik.types import FloatArray


def channel_gains(source_channels: int, pan: float) -> tuple[float, float]:
    """Return the factors for the left and the right channel.

    Args:
        source_channels: 1 (equal power) or 2 (balance).
        pan: -1 left, 0 centre, 1 right.
    """
    if pan == 0.0:
        return 1.0, 1.0
    if source_channels == 1:
        angle = (pan + 1.0) * (math.pi / 4)
        return math.sqrt(2) * math.cos(angle), math.sqrt(2) * math.sin(angle)
    return (math.cos(pan * math.pi / 2), 1.0) if pan > 0 else (1.0, math.cos(pan * math.pi / 2))


def add_to_bus(bus: FloatArray, samples: FloatArray, gain: float, pan: float) -> None:
    """Add a sound to a bus of one or two channels, in place.

    Args:
        bus: float32, `(1 or 2, n)`. A bus of one channel ignores `pan` and takes the mean of two channels.
        samples: float32, `(1 or 2, n)`; not changed.
        gain: Factor for all of it.
        pan: -1 left, 0 centre, 1 right.
    """
    if bus.shape[0] == 1:
        _add(bus[0], samples[0], gain / samples.shape[0])
        if samples.shape[0] == 2:
            _add(bus[0], samples[1], gain / 2)
        return
    for side, side_gain in enumerate(channel_gains(samples.shape[0], pan)):
        _add(bus[side], samples[side % samples.shape[0]], gain * side_gain)


def _add(bus: FloatArray, samples: FloatArray, gain: float) -> None:
    if gain == 1.0:
        bus += samples
    elif abs(gain) > 1e-9:  # cos(pi/2) is 6e-17, and silence is meant
        bus += samples * np.float32(gain)
