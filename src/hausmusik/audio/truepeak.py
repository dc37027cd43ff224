"""True peak: the highest value between the samples as well, by four-fold oversampling.

Three phases between each two samples are worked out with a 32-tap windowed sinc (pass band to 0.9 of Nyquist, where
BS.1770's example has 12 taps and reads up to 0.5 dB low); the fourth phase is the samples themselves, so a true peak
is never below the sample peak. A stretch of 32 samples is one row of a matrix product. A row whose samples are so
small that even the worst interpolation stays under what is already known, is not worked out at all: that is exact,
and in ordinary material leaves one row in ten. Knows nothing of loudness or limiting.

Source: ITU-R BS.1770-5 annex 2, EBU Tech 3341 section 2.5.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from hausmusik.types import FloatArray

OVERSAMPLING: Final = 4
TAPS: Final = 32
_BEFORE: Final = TAPS // 2 - 1  # samples needed before the one that a point lies after
_ROW: Final = 32
_AT_ONCE: Final = 256 * _ROW
_ROWS_AT_ONCE: Final = 64  # their arrays stay in the cache and below malloc's limit for fresh pages: 3 times as fast
_KAISER_BETA: Final = 6.0

Matrix = npt.NDArray[np.float64]


def interpolator() -> Matrix:
    """Return the taps of the three phases between two samples: `(3, TAPS)`, each phase with a sum of 1."""
    offsets = np.arange(TAPS) - _BEFORE
    phases = np.arange(1, OVERSAMPLING)[:, None] / OVERSAMPLING
    distance = phases - offsets[None, :]
    inside = np.sqrt(np.maximum(0.0, 1.0 - (distance / (TAPS / 2)) ** 2))
    taps = np.sinc(distance) * np.i0(_KAISER_BETA * inside) / np.i0(_KAISER_BETA)
    return taps / taps.sum(axis=1, keepdims=True)


def decibels(amplitude: float) -> float:
    """Return an amplitude in dB relative to full scale; silence is minus infinity."""
    return 20.0 * math.log10(amplitude) if amplitude > 0 else -math.inf


class Oversampler:
    """Finds the highest value from each sample up to the next, in a stream. Not thread-safe.

    Args:
        channels: 1 to 8; the highest of all channels counts.
        exact: Work in doubles, so that the result does not depend on how many threads the matrix product uses; what is
            made from it can then be compared byte for byte. For a meter, floats will do (4 times as fast).
    """

    def __init__(self, channels: int, *, exact: bool = False) -> None:
        taps = interpolator()
        self.worst_gain = float(np.abs(taps).sum(axis=1).max())
        """How much higher than the highest of `TAPS` samples a point between two of them can be."""
        system = np.zeros((_ROW + TAPS - 1, (OVERSAMPLING - 1) * _ROW))
        for phase in range(OVERSAMPLING - 1):
            for at in range(_ROW):
                system[at : at + TAPS, phase * _ROW + at] = taps[phase]
        self._system = system if exact else system.astype(np.float32)
        self._window = np.zeros((channels, _AT_ONCE + TAPS - 1), np.float32)
        self._level = np.empty_like(self._window)
        self._rows = np.lib.stride_tricks.sliding_window_view(self._window, _ROW + TAPS - 1, axis=1)[:, ::_ROW]
        self._scratch = np.empty((channels * _ROWS_AT_ONCE, system.shape[1]), self._system.dtype)
        self._held = np.zeros((channels, _BEFORE), np.float32)

    latency: Final = TAPS - 1 - _BEFORE
    """Frames that must follow a frame before its peak is known."""

    def push(self, samples: FloatArray, above: float = 0.0) -> FloatArray:
        """Take float32 `(channels, n)` and return the peaks of the frames that are now known.

        Args:
            samples: What follows; push `latency` frames of silence at the end to get the last ones.
            above: Peaks at or below it need not be exact: rows that cannot exceed it give their sample peak.

        Returns:
            float32, shape `(m,)`, of the next m frames, the first being the first ever pushed.
        """
        joined = np.concatenate([self._held, samples], axis=1)
        known = max(0, joined.shape[1] - (TAPS - 1))
        self._held = joined[:, known:].copy()
        peaks = np.empty(known, np.float32)
        for start in range(0, known, _AT_ONCE):
            frames = min(_AT_ONCE, known - start)
            part = joined[:, start : start + frames + TAPS - 1]
            self._window[:, : part.shape[1]] = part
            self._window[:, part.shape[1] :] = 0.0
            peaks[start : start + frames] = self._peaks(above)[:frames]
        return peaks

    def _peaks(self, above: float) -> FloatArray:
        """Return the peaks of the `_AT_ONCE` frames in `_window`."""
        level = np.abs(self._window, out=self._level)
        peaks = level[:, _BEFORE : _BEFORE + _AT_ONCE].max(axis=0)
        by_row = peaks.reshape(-1, _ROW)  # Shape: (_AT_ONCE / _ROW, _ROW)
        coarse = level[:, :_AT_ONCE].reshape(-1, _AT_ONCE // _ROW, _ROW).max(axis=(0, 2))
        coarse = np.maximum(coarse, np.append(coarse[1:], level[:, _AT_ONCE:].max()))
        chosen = np.flatnonzero(coarse * self.worst_gain > above)
        for start in range(0, chosen.size, _ROWS_AT_ONCE):
            some = chosen[start : start + _ROWS_AT_ONCE]
            picked = self._rows[:, some].astype(
                self._system.dtype, copy=False
            )  # Shape: (channels, some, row + taps - 1)
            between = self._scratch[: picked.shape[0] * some.size]
            np.matmul(picked.reshape(between.shape[0], -1), self._system, out=between)  # (channels * some, 3 * _ROW)
            np.abs(between, out=between)
            by_phase = between.reshape(picked.shape[0], some.size, OVERSAMPLING - 1, _ROW)
            highest = np.maximum(by_phase[:, :, 0], by_phase[:, :, 1])  # half the time of .max(axis=(0, 2))
            np.maximum(highest, by_phase[:, :, 2], out=highest)
            by_row[some] = np.maximum(by_row[some], highest.max(axis=0).astype(np.float32, copy=False))
        return peaks


class TruePeakMeter:
    """Keeps the highest true peak of a stream. Not thread-safe.

    Args:
        channels: 1 to 8; the highest of all channels counts.
    """

    def __init__(self, channels: int) -> None:
        self._oversampler = Oversampler(channels)
        self._channels = channels
        self._highest = 0.0

    def push(self, samples: FloatArray) -> None:
        """Take float32 `(channels, n)`."""
        known = max(float(samples.max(initial=0.0)), -float(samples.min(initial=0.0)))
        self._highest = max(self._highest, known)
        peaks = self._oversampler.push(samples, self._highest)
        self._highest = max(self._highest, float(peaks.max(initial=0.0)))

    def finish(self) -> float:
        """Return the highest amplitude, 0 for silence; the meter is not used again."""
        self.push(np.zeros((self._channels, self._oversampler.latency), np.float32))
        return self._highest
