"""Takes out what moves loudspeakers and is not heard: a first-order high pass at 20 Hz over a stream of blocks.

Samples that die away on one side of zero, and releases that cut them, leave an offset that adds up over a piece. The
filter is recursive, so stretches of 64 samples are one matrix product each, and only from one stretch to the next there
is a loop. Exact, causal, the same however the stream is cut. Knows nothing of parts.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from hausmusik.engines.composer.sampler.tone import SAMPLE_RATE_HZ
from hausmusik.types import FloatArray

LOWEST_HZ: Final = 20.0
_STRETCH: Final = 64


class HighPass:
    """A stream's filter. Not thread-safe.

    Args:
        channels: 1 or more.
    """

    def __init__(self, channels: int) -> None:
        keep = math.exp(-2 * math.pi * LOWEST_HZ / SAMPLE_RATE_HZ)
        powers = keep ** np.arange(_STRETCH + 1)
        lag = np.arange(_STRETCH)[None, :] - np.arange(_STRETCH)[:, None]
        # The slow part of a stretch: what its samples put in, and what is left of the state before it.
        self._put_in = np.where(lag >= 0, (1 - keep) * powers[np.maximum(lag, 0)], 0.0).astype(np.float32)
        self._left = powers[1:].astype(np.float32)
        self._keep = float(powers[_STRETCH])
        self._state = [0.0] * channels
        self._gain = (1 + keep) / 2

    def push(self, samples: FloatArray) -> FloatArray:
        """Return float32 `(channels, n)` without its slow part."""
        channels, frames = samples.shape
        whole = frames // _STRETCH * _STRETCH
        slow = np.empty_like(samples)
        for first, last, size in ((0, whole, _STRETCH), (whole, frames, frames - whole)):
            if last > first:
                slow[:, first:last] = self._slow(samples[:, first:last].reshape(channels, -1, size), size)
        return ((samples - slow) * np.float32(self._gain)).astype(np.float32)

    def _slow(self, stretches: FloatArray, size: int) -> FloatArray:
        """Return the low-passed stretches `(channels, m, size)` as `(channels, m * size)`, and move the state on."""
        put_in = stretches @ self._put_in[:size, :size]
        before = np.empty(stretches.shape[:2], np.float32)
        keep = self._keep if size == _STRETCH else float(self._left[size - 1])
        for channel, ends in enumerate(put_in[:, :, -1].tolist()):
            state = self._state[channel]
            for place, end in enumerate(ends):
                before[channel, place] = state
                state = state * keep + end
            self._state[channel] = 0.0 if abs(state) < 1e-20 else state
        slow = put_in + before[:, :, None] * self._left[:size]
        return slow.reshape(stretches.shape[0], -1).astype(np.float32, copy=False)
