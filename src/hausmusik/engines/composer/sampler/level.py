"""Measures loudness and keeps peaks in bounds, block by block.

Loudness is that of EBU R128 (K-weighting, 400 ms windows, two gates). The K-weighting runs in the frequency domain with
the filters' exact response, because numpy has no recursive filter. Knows nothing of music.

Sources: ITU-R BS.1770-5, annex 1 (filters for 48 kHz, here re-derived for 44.1 kHz from their analogue prototypes, as
in Brecht De Man, "Evaluation of implementations of the EBU R128 loudness measurement", 2018); EBU Tech 3341.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from hausmusik.engines.composer.sampler.spectrum import ComplexArray, backward, forward, smooth_size, unit_circle
from hausmusik.engines.composer.sampler.tone import SAMPLE_RATE_HZ
from hausmusik.types import FloatArray

_HOP: Final = SAMPLE_RATE_HZ // 10
_STEP: Final = 64
"""The limiter looks at the signal in steps of 64 samples (1.5 ms)."""
_AHEAD: Final = 8
_RECOVER: Final = 0.985
"""What is left of a gain reduction after one step: it is gone by 63 % in 95 ms."""

Powers = npt.NDArray[np.float64]


@functools.lru_cache(maxsize=4)
def _k_response(size: int) -> ComplexArray:
    delay = unit_circle(size).astype(np.complex128)
    response = np.ones_like(delay)
    for b, a in (_shelf(1681.974450955533, 3.999843853973347, 0.7071752369554196), _high_pass(38.13547087602444, 0.5003270373238773)):
        response *= (b[0] + (b[1] + b[2] * delay) * delay) / (a[0] + (a[1] + a[2] * delay) * delay)
    return response.astype(np.complex64)


Coefficients = tuple[tuple[float, float, float], tuple[float, float, float]]


def _shelf(frequency_hz: float, gain_db: float, quality: float) -> Coefficients:
    k = math.tan(math.pi * frequency_hz / SAMPLE_RATE_HZ)
    top = 10.0 ** (gain_db / 20.0)
    bend = top**0.4996667741545416
    norm = 1.0 + k / quality + k * k
    b = (top + bend * k / quality + k * k, 2.0 * (k * k - top), top - bend * k / quality + k * k)
    return b, (norm, 2.0 * (k * k - 1.0), 1.0 - k / quality + k * k)


def _high_pass(frequency_hz: float, quality: float) -> Coefficients:
    k = math.tan(math.pi * frequency_hz / SAMPLE_RATE_HZ)
    norm = 1.0 + k / quality + k * k
    # The standard leaves this stage's numerator at 1, -2, 1 without dividing by the denominator's first term.
    return (1.0, -2.0, 1.0), (1.0, 2.0 * (k * k - 1.0) / norm, (1.0 - k / quality + k * k) / norm)


def hop_powers(block: FloatArray) -> Powers:
    """Return the K-weighted power of each full 100 ms of a block, both sides added; float64, shape `(n,)`.

    Args:
        block: float32, shape `(channels, samples)`.
    """
    hops = block.shape[1] // _HOP
    if not hops:
        return np.zeros(0)
    size = smooth_size(block.shape[1] + _HOP)
    total = np.zeros(hops)
    for side in block:
        weighted = backward(forward(np.ascontiguousarray(side), size) * _k_response(size), size)
        squares = weighted[: hops * _HOP].reshape(hops, _HOP).astype(np.float64) ** 2
        total += squares.mean(axis=1)
    return total


def energy(signal: FloatArray) -> float:
    """Return the K-weighted energy of a mono signal: the sum of its squares over time, in samples."""
    size = smooth_size(signal.size + _HOP)
    spectrum = forward(signal, size) * _k_response(size)
    power = np.abs(spectrum.astype(np.complex128)) ** 2
    return float((2.0 * power.sum() - power[0]) * size)


def loudness_lufs(powers: Powers) -> float:
    """Return the integrated loudness of consecutive 100 ms powers; -70 where nothing is above the gates."""
    if powers.size < 4:
        windows = powers.mean(keepdims=True) if powers.size else np.zeros(1)
    else:
        windows = np.convolve(powers, np.full(4, 0.25), mode="valid")
    heard = windows[windows > 10.0 ** ((-70.0 + 0.691) / 10.0)]
    if not heard.size:
        return -70.0
    heard = heard[heard > 0.1 * heard.mean()]
    return float(-0.691 + 10.0 * np.log10(heard.mean()))


class Limiter:
    """Keeps every sample below a ceiling; gains fall smoothly, 12 ms ahead of a peak, and recover within 0.1 s.

    Args:
        ceiling: Highest absolute value, linear.
    """

    def __init__(self, ceiling: float) -> None:
        self._ceiling = ceiling
        self._history = np.ones(_AHEAD - 1)
        self._before = 1.0

    def run(self, blocks: Iterable[FloatArray]) -> Iterator[FloatArray]:
        """Yield the blocks, one behind the input; float32, shape `(2, n)`, n a multiple of 64 except in the last."""
        held: FloatArray | None = None
        for block in blocks:
            if held is not None:
                yield self._limit(held, self._needed(block)[:_AHEAD])
            held = block
        if held is not None:
            yield self._limit(held, np.ones(_AHEAD))

    def _needed(self, block: FloatArray) -> Powers:
        """Return the gain that each step of a block needs; float64, shape `(steps,)`."""
        steps = -(-block.shape[1] // _STEP)
        peaks = np.zeros(steps * _STEP, np.float32)
        peaks[: block.shape[1]] = np.abs(block).max(axis=0)
        top = peaks.reshape(steps, _STEP).max(axis=1).astype(np.float64)
        return np.minimum(1.0, self._ceiling / np.maximum(top, 1e-9))

    def _limit(self, block: FloatArray, following: Powers) -> FloatArray:
        own = self._needed(block)
        steps = own.size
        needed = np.concatenate([[self._before], own, following, np.ones(_AHEAD)])
        self._before = float(own[-1])
        if min(needed.min(), self._history.min()) >= 0.9999:
            self._history = np.ones(_AHEAD - 1)
            return block
        # The gain at the start of step k is the mean of the last few lowest gains, each of which already knows step k.
        lowest = np.min([needed[shift : shift + steps + 1] for shift in range(_AHEAD + 1)], axis=0)
        last = float(self._history[-1])
        for index in range(steps + 1):
            last = min(float(lowest[index]), 1.0 - (1.0 - last) * _RECOVER)
            lowest[index] = last
        known = np.concatenate([self._history, lowest])
        gains = np.convolve(known, np.full(_AHEAD, 1.0 / _AHEAD), mode="valid")
        self._history = known[steps : steps + _AHEAD - 1]
        curve = np.interp(np.arange(block.shape[1]), np.arange(steps + 1) * _STEP, gains).astype(np.float32)
        return np.clip(block * curve, -self._ceiling, self._ceiling)
