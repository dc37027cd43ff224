"""Shapes of spectra: curves through points, bands, distance. Amplitudes over the bins of one noise block."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final

import numpy as np

from hausmusik.engines.procedural.timeline import CELL_FRAMES, RATE_HZ
from hausmusik.types import FloatArray

BLOCK: Final = 2 * CELL_FRAMES
"""Length of a noise block: two of the longest cells."""

Points = Sequence[tuple[float, float]]
"""`(hertz, decibels)`, ascending; straight lines between them over the logarithm of frequency."""


@functools.cache
def frequencies() -> FloatArray:
    """Return the frequencies of a block's bins in hertz, shape `(8193,)`; read-only."""
    bins = np.fft.rfftfreq(BLOCK, 1 / RATE_HZ).astype(np.float32)
    bins.flags.writeable = False
    return bins


def curve(points: Points, hertz: FloatArray | None = None) -> FloatArray:
    """Return the amplitude spectrum through points; flat below them, falling on above them, nothing below 20 Hz."""
    where = frequencies() if hertz is None else hertz
    logs = np.log(np.maximum(where, 1.0))
    places, levels = [float(np.log(hz)) for hz, _ in points], [db for _, db in points]
    slope = (levels[-1] - levels[-2]) / (places[-1] - places[-2])
    top = float(np.log(RATE_HZ / 2)) + 1e-6
    decibels = np.interp(logs, [*places, top], [*levels, levels[-1] + min(0.0, slope) * (top - places[-1])])
    return (10 ** (decibels / 20) * _audible(where)).astype(np.float32)


def band(centre_hz: float, octaves: float, hertz: FloatArray | None = None) -> FloatArray:
    """Return a bell around a frequency with a standard deviation in octaves, 1 at its top."""
    where = frequencies() if hertz is None else hertz
    away = np.log2(np.maximum(where, 1.0) / centre_hz) / octaves
    return (np.exp(-0.5 * away * away) * _audible(where)).astype(np.float32)


def air(distance: float, hertz: FloatArray | None = None) -> FloatArray:
    """Return what is left of a sound from far away: highs go first.

    Args:
        distance: 0 beside the ear to 1 on the horizon; half of the power at 500 Hz is left at 1, at 9 kHz at 0.2.
        hertz: Where; None: the bins of a block.
    """
    where = frequencies() if hertz is None else hertz
    if distance <= 0:
        return np.ones_like(where)
    corner = 500.0 * 40.0 ** (1.0 - distance)
    return (1.0 / np.sqrt(1.0 + (where / corner) ** 3)).astype(np.float32)


def levelled(shape: FloatArray) -> FloatArray:
    """Return a shape scaled so that noise of it has an RMS of 1."""
    power = float(np.mean(np.square(shape, dtype=np.float64)))
    return shape / np.float32(np.sqrt(power)) if power > 0 else shape


def _audible(hertz: FloatArray) -> FloatArray:
    """A 20 Hz high-pass, 24 dB per octave: no rumble that only moves loudspeakers, no DC."""
    ratio = np.minimum((20.0 / np.maximum(hertz, 0.1)) ** 4, 1e6)
    return (1.0 / np.sqrt(1.0 + ratio * ratio)).astype(np.float32)
