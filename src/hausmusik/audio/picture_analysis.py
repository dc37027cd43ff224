"""What a picture of a piece shows of its sound: peaks and a spectrogram, one column per pixel, in one streamed pass.

Memory depends on the picture, not on the length of the piece, and the result not on how the stream is cut into blocks:
everything is computed over fixed chunks. Knows nothing of colours.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from hausmusik.types import Audio, FloatArray

_WINDOW: Final = 4096  # 85 ms at 48 kHz: bins of 12 Hz separate the notes of a bass
_LOWEST_HZ: Final = 40.0
_HIGHEST_HZ: Final = 18_000.0
_WINDOWS_PER_COLUMN: Final = 2  # at most; more do not change what a column of a long piece looks like
_CHUNK: Final = 1 << 16
_TINY: Final = 1e-12


class Analysis(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One column per pixel of the time axis.

    Args:
        high: Highest sample of any channel, shape `(columns,)`, 0 where there is no sound.
        low: Lowest sample, likewise.
        rms: Root mean square over all channels, likewise.
        spectrum_db: Energy of each row in decibels, shape `(rows, columns)`, the highest frequency first. A sine of
            full scale is within 2 dB of 0 wherever it is; rows grow wider with frequency, so white noise rises by 3 dB
            per octave and pink noise, which music resembles, is level. -120 where there is no sound.
        frequencies_hz: Centre of each row, shape `(rows,)`, evenly spaced on a logarithmic axis.
    """

    high: FloatArray
    low: FloatArray
    rms: FloatArray
    spectrum_db: FloatArray
    frequencies_hz: npt.NDArray[np.float64]


def analyse(blocks: Iterable[Audio], duration_s: float, *, columns: int, rows: int) -> Analysis:
    """Look at a stream once.

    Args:
        blocks: Of one rate; what lies beyond `duration_s` is not looked at, what is missing is silence.
        duration_s: Of the time axis, above 0.
        columns: Pixels of the time axis.
        rows: Pixels of the frequency axis.

    Raises:
        ValueError: there is no block, or the duration is not positive.
    """
    stream = iter(blocks)
    first = next(stream, None)
    if first is None or not 0 < duration_s < math.inf:
        raise ValueError(f"a picture needs some audio and a length, not {duration_s} s")
    frames = max(1, round(duration_s * first.sample_rate_hz))
    peaks = _Peaks(frames, columns)
    spectrum = _Spectrum(frames, columns, rows, first.sample_rate_hz)
    for chunk in _chunks(first, stream, frames):
        peaks.add(chunk)
        spectrum.add(chunk)
    return Analysis(
        high=peaks.high,
        low=peaks.low,
        rms=peaks.rms,
        spectrum_db=spectrum.decibels(),
        frequencies_hz=spectrum.frequencies_hz,
    )


def _chunks(first: Audio, rest: Iterator[Audio], frames: int) -> Iterator[FloatArray]:
    """Cut the stream anew into `(channels, _CHUNK)`; the last one shorter, `frames` in all, silence at the end."""
    waiting = [first.samples]
    have, left = first.frames, frames
    while left > 0:
        size = min(_CHUNK, left)
        while have < size:
            block = next(rest, None)
            samples = np.zeros((first.channels, size - have), np.float32) if block is None else block.samples
            waiting.append(samples)
            have += samples.shape[1]
        joined = np.concatenate(waiting, axis=1)
        yield joined[:, :size]
        waiting, have, left = [joined[:, size:]], have - size, left - size


class _Peaks:
    """Highest, lowest and mean square of each column."""

    def __init__(self, frames: int, columns: int) -> None:
        own = min(columns, frames)  # a few milliseconds of sound have fewer frames than columns; they are widened
        self._high = np.zeros(own, np.float32)
        self._low = np.zeros(own, np.float32)
        self._squares = np.zeros(own, np.float64)
        # Column c begins at edges[c].
        self._edges: npt.NDArray[np.int64] = np.arange(own + 1, dtype=np.int64) * frames // own
        self._shown = np.arange(columns) * own // columns
        self._position = 0

    def add(self, chunk: FloatArray) -> None:
        """Take the next samples, `(channels, n)`."""
        begin, end = self._position, self._position + chunk.shape[1]
        self._position = end
        column, after = np.searchsorted(self._edges, [begin + 1, end])
        first = int(column) - 1
        starts = np.maximum(self._edges[first:after] - begin, 0)
        here = slice(first, after)
        self._high[here] = np.maximum(self._high[here], np.maximum.reduceat(chunk.max(axis=0), starts))
        self._low[here] = np.minimum(self._low[here], np.minimum.reduceat(chunk.min(axis=0), starts))
        self._squares[here] += np.add.reduceat(np.mean(chunk * chunk, axis=0, dtype=np.float64), starts)

    @property
    def high(self) -> FloatArray:
        """The highest sample of each column."""
        return self._high[self._shown]

    @property
    def low(self) -> FloatArray:
        """The lowest sample of each column."""
        return self._low[self._shown]

    @property
    def rms(self) -> FloatArray:
        """The root mean square of each column."""
        frames: npt.NDArray[np.int64] = self._edges[1:] - self._edges[:-1]
        return np.sqrt(self._squares / frames).astype(np.float32)[self._shown]


class _Spectrum:
    """Windows spread evenly over the piece, averaged in each column, on a logarithmic frequency axis."""

    def __init__(self, frames: int, columns: int, rows: int, rate_hz: int) -> None:
        per_column = max(1, min(_WINDOWS_PER_COLUMN, round(frames / columns / (_WINDOW / 2))))
        count = columns * per_column
        self._centres = ((2 * np.arange(count, dtype=np.int64) + 1) * frames) // (2 * count)
        self._per_column = per_column
        self._power = np.zeros((columns, rows), np.float64)
        self._window = np.hanning(_WINDOW).astype(np.float32)
        self._bands = _Bands(rate_hz, rows)
        self._next = 0
        self._buffer = np.zeros((0, 0), np.float32)
        self._buffer_start = -_WINDOW // 2
        self._left = frames
        self.frequencies_hz = self._bands.centres_hz[::-1]

    def add(self, chunk: FloatArray) -> None:
        """Take the next samples, `(channels, n)`; silence is assumed before the first and after the last."""
        silence = np.zeros((chunk.shape[0], _WINDOW // 2), np.float32)
        before = self._buffer if self._buffer.size else silence
        self._left -= chunk.shape[1]
        parts = [before, chunk] if self._left > 0 else [before, chunk, silence]
        self._buffer = np.concatenate(parts, axis=1)
        end = self._buffer_start + self._buffer.shape[1]
        after = int(np.searchsorted(self._centres, end - _WINDOW // 2, side="right"))
        if after > self._next:
            self._transform(self._centres[self._next : after])
            self._next = after
        keep = min(self._buffer.shape[1], _WINDOW)
        self._buffer = self._buffer[:, self._buffer.shape[1] - keep :].copy()
        self._buffer_start = end - keep

    def decibels(self) -> FloatArray:
        """Return `(rows, columns)`, the highest row first."""
        scale = self._per_column * (float(np.sum(self._window)) / 2) ** 2
        return (10 * np.log10(self._power[:, ::-1].T / scale + _TINY)).astype(np.float32)

    def _transform(self, centres: npt.NDArray[np.int64]) -> None:
        starts = centres - _WINDOW // 2 - self._buffer_start
        columns = np.arange(self._next, self._next + centres.size) // self._per_column
        for some in range(0, centres.size, 64):  # 64 windows of one channel are 1 MB: stays in the cache
            at = starts[some : some + 64]
            power: npt.NDArray[np.floating] = np.zeros((at.size, _WINDOW // 2 + 1), np.float32)
            for channel in self._buffer:
                windows = np.lib.stride_tricks.sliding_window_view(channel, _WINDOW)[at] * self._window
                spectrum = np.fft.rfft(windows, axis=1)
                power += spectrum.real**2 + spectrum.imag**2
            np.add.at(self._power, columns[some : some + 64], self._bands.of(power / self._buffer.shape[0]))


class _Bands:
    """From FFT bins to rows of equal musical width."""

    def __init__(self, rate_hz: int, rows: int) -> None:
        highest_hz = min(_HIGHEST_HZ, 0.49 * rate_hz)
        edges_hz = np.geomspace(_LOWEST_HZ, highest_hz, rows + 1)
        self.centres_hz = np.sqrt(edges_hz[:-1] * edges_hz[1:])
        bin_hz = rate_hz / _WINDOW
        self._edges = edges_hz / bin_hz + 0.5  # in bins; bin k reaches from k - 0.5 to k + 0.5
        self._centres = self.centres_hz / bin_hz
        # Below, a row is narrower than a bin: there the value between two bins is wanted, above, their sum.
        self._narrow = int(np.searchsorted(np.diff(self._edges), 1.0))

    def of(self, power: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Turn `(windows, bins)` into `(windows, rows)`, the lowest row first."""
        total = np.cumsum(power, axis=1, dtype=np.float64)
        total = np.concatenate([np.zeros((power.shape[0], 1)), total], axis=1)
        wide = self._edges[self._narrow :]
        low = np.floor(wide).astype(np.int64)
        upto = total[:, low] + (wide - low) * (total[:, low + 1] - total[:, low])
        sums = upto[:, 1:] - upto[:, :-1]
        between = self._centres[: self._narrow]
        low = np.floor(between).astype(np.int64)
        share = between - low
        points = power[:, low] * (1 - share) + power[:, low + 1] * share
        return np.concatenate([points, sums], axis=1)
