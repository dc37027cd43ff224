"""A look-ahead limiter for true peaks: turns down just before a peak and just enough, without a corner in the gain.

Per sample the reduction that its oversampled peak needs; from that the most of the coming 5 ms (so it is down in
time), an exponential release in decibels, and over that a triangular mean of 5 ms. A mean of values that are each low
enough is low enough, so no peak passes; and what is never above the ceiling passes bit for bit. All channels are
turned down together, so the stereo picture stays. The sound comes out `latency` frames late within the stream, and
`finish` gives the rest, so the whole is as long as the input and aligned with it.

Knows nothing of loudness targets.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from hausmusik.audio.gain import factor
from hausmusik.audio.truepeak import Matrix, Oversampler
from hausmusik.types import FloatArray

LOOK_AHEAD_S: Final = 0.005
RELEASE_S: Final = 0.060  # time to a third, in decibels: 20 dB are 0.3 after 0.25 s; a 50 Hz tone ripples by 0.2 dB
_RELEASED_DB: Final = 1e-3  # less than this is none: the sound is then passed bit for bit again
_MARGIN_DB: Final = 0.02  # the gain still moves within the 32 samples that make a point between two samples
_CHUNK: Final = 8192  # its arrays stay below malloc's limit for fresh pages


class Limiter:
    """Keeps a stream's true peak at or below a ceiling. Not thread-safe.

    Args:
        sample_rate_hz: 1,000 to 384,000.
        channels: 1 to 8.
        ceiling_dbtp: Highest true peak of the output, four times oversampled.
    """

    def __init__(self, sample_rate_hz: int, channels: int, ceiling_dbtp: float) -> None:
        box = max(2, round(LOOK_AHEAD_S * sample_rate_hz / 2))
        self._box = box
        self._window = 2 * box - 1
        self._ceiling = factor(ceiling_dbtp - _MARGIN_DB)
        self._decay = 1.0 / (RELEASE_S * sample_rate_hz)
        self._oversampler = Oversampler(channels, exact=True)
        self._last_peak = 0.0
        self._held = np.zeros(self._window - 1)  # the last values of the held and released reduction, in dB
        # As if the sound had begun one window earlier with silence: the gain is down when a loud beginning comes.
        self._needed = np.zeros(self._window - 1)
        self._waiting = np.zeros((channels, self._window - 1), np.float32)
        self._ahead = self._window - 1
        self.latency = self._window - 1 + self._oversampler.latency
        """How many frames late the output is within the stream."""
        self.max_reduction_db = 0.0
        """Most that it has turned down so far, 0 or above."""

    def push(self, samples: FloatArray) -> FloatArray:
        """Take float32 `(channels, n)` and return what is ready, `(channels, m)`; m may be 0."""
        parts = [self._push(samples[:, at : at + _CHUNK]) for at in range(0, samples.shape[1], _CHUNK)]
        return np.concatenate([self._waiting[:, :0], *parts], axis=1)

    def finish(self) -> FloatArray:
        """Return the rest, `(channels, m)`; the limiter is not used again."""
        rest = self._waiting.shape[1] - self._ahead
        silence = np.zeros((self._waiting.shape[0], self.latency), np.float32)
        return self.push(silence)[:, :rest]

    def _push(self, samples: FloatArray) -> FloatArray:
        self._waiting = np.concatenate([self._waiting, samples], axis=1)
        self._needed = np.concatenate([self._needed, self._reductions(samples)])
        ready = self._needed.size - (self._window - 1)
        if ready <= 0:
            return self._waiting[:, :0]
        out, self._waiting = self._waiting[:, :ready].copy(), self._waiting[:, ready:]
        drop = min(self._ahead, ready)
        self._ahead -= drop
        if self._needed.any() or self._held.any():
            reduction_db = self._smooth_reduction(ready)
            self.max_reduction_db = max(self.max_reduction_db, float(reduction_db.max()))
            out *= np.exp(reduction_db * (-np.log(10) / 20)).astype(np.float32)
        self._needed = self._needed[ready:]
        return out[:, drop:]

    def _reductions(self, samples: FloatArray) -> Matrix:
        """Return the decibels, 0 or above, by which each frame whose peak is now known must be turned down."""
        peaks = self._oversampler.push(samples, self._ceiling)
        before = np.concatenate([[self._last_peak], peaks[:-1]]) if peaks.size else peaks
        self._last_peak = float(peaks[-1]) if peaks.size else self._last_peak
        highest = np.maximum(peaks, before)  # a point between two samples is turned down with both of them
        needed = np.zeros(peaks.size)
        over = highest > self._ceiling
        needed[over] = 20.0 * np.log10(highest[over] / self._ceiling)
        return needed

    def _smooth_reduction(self, frames: int) -> Matrix:
        """Return the reduction in dB of the next frames and keep what the following ones need.

        The release r[n] = max(needed[n], r[n-1] * exp(-decay)) is a running maximum of log(needed) + n * decay.
        """
        most = _coming_maximum(self._needed, self._window)[:frames]
        most[0] = max(most[0], self._held[-1] * np.exp(-self._decay))
        steps = np.arange(frames) * self._decay
        released = np.exp(np.maximum.accumulate(np.log(np.maximum(most, 1e-30)) + steps) - steps)
        held = np.maximum(np.where(released < _RELEASED_DB, 0.0, released), most)
        chain = np.concatenate([self._held, held])
        self._held = chain[frames:]
        return np.maximum(_running_mean(_running_mean(chain, self._box), self._box), 0.0)


def _coming_maximum(values: Matrix, width: int) -> Matrix:
    """Return the maximum of `width` values from each on: as many as fit, by doubling the reach."""
    reach, highest = 1, values
    while 2 * reach <= width:
        highest = np.maximum(highest[:-reach], highest[reach:])
        reach *= 2
    rest = width - reach
    return np.maximum(highest[: highest.size - rest], highest[rest:]) if rest else highest.copy()


def _running_mean(values: Matrix, width: int) -> Matrix:
    """Return the means of `width` values up to each: `width - 1` fewer than there are."""
    sums = np.cumsum(np.concatenate([[0.0], values]))
    return (sums[width:] - sums[:-width]) / width
