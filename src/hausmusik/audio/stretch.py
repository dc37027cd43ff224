"""Longer or shorter at the same pitch: WSOLA (waveform-similarity overlap-add), in a stream.

Output is laid down in steps of 20 ms. Each step fades from where the last piece would naturally go on to a piece of
input near its nominal place, and of all places within 12 ms that one is taken which is most like the natural
continuation. The input sample at time `t` comes out within 32 ms of `t * ratio`; the length is exact. Chunking never
shows in the result.

Good for speech and for music at 0.8 to 1.25; beyond, sharp attacks double or soften. FFmpeg's `atempo` is the same
method but neither exact in length nor free of start-up delay. Knows nothing of files.

Source: Verhelst and Roelands, "An overlap-add technique based on waveform similarity (WSOLA)", ICASSP 1993.
"""

from __future__ import annotations

import math

import numpy as np

from hausmusik.audio.fades import crossfade, fade_factors
from hausmusik.types import FloatArray

STEP_S = 0.020
SEARCH_S = 0.012
MIN_RATIO, MAX_RATIO = 0.5, 2.0


def stretched_frames(frames: int, ratio: float) -> int:
    """Return how many frames come out of so many: `frames * ratio`, rounded half up."""
    return math.floor(frames * ratio + 0.5)


class Stretcher:
    """Stretches a stream; ratio 1.0 passes untouched. Not thread-safe.

    Args:
        sample_rate_hz: Of what is pushed and of what comes out.
        channels: 1 to 8; all channels move together, so the stereo picture stays.
        ratio: Length of the output over length of the input, 0.5 to 2.0.
    """

    def __init__(self, sample_rate_hz: int, channels: int, ratio: float) -> None:
        if not MIN_RATIO <= ratio <= MAX_RATIO:
            raise ValueError(f"a stretch of {ratio} is out of range ({MIN_RATIO} to {MAX_RATIO})")
        self._ratio = ratio
        self._step = max(2, round(STEP_S * sample_rate_hz))
        self._search = max(1, round(SEARCH_S * sample_rate_hz))
        self._input = np.zeros((channels, 0), np.float32)
        self._input_at = 0  # absolute frame of the first sample in `_input`
        self._pushed = 0
        self._returned = 0
        self._steps = 0
        self._place = 0  # absolute input frame that the last step ended at: the natural continuation starts here
        self._rise = fade_factors("s-curve", self._step)
        self._transform = 1 << (2 * self._search + 2 * self._step - 1).bit_length()

    def push(self, samples: FloatArray) -> FloatArray:
        """Take float32 `(channels, n)` and return what is ready, `(channels, m)`; m may be 0."""
        self._pushed += samples.shape[1]
        if self._ratio == 1.0:
            return samples
        self._input = np.concatenate([self._input, samples], axis=1)
        return self._run()

    def finish(self) -> FloatArray:
        """Return the rest, `(channels, m)`; the stretcher is not used again."""
        if self._ratio == 1.0:
            return self._input
        wanted = stretched_frames(self._pushed, self._ratio)
        parts: list[FloatArray] = []
        silence = np.zeros((self._input.shape[0], 2 * (self._search + self._step)), np.float32)
        missing = wanted - self._returned
        while missing > 0:
            self._input = np.concatenate([self._input, silence], axis=1)
            parts.append(self._run()[:, :missing])
            missing -= parts[-1].shape[1]
        return np.concatenate(parts, axis=1) if parts else self._input[:, :0]

    def _run(self) -> FloatArray:
        """Lay down all steps for which there is input enough."""
        parts: list[FloatArray] = []
        there = self._input_at + self._input.shape[1]
        while True:
            nominal = math.floor(self._steps * self._step / self._ratio + 0.5)
            if max(nominal + self._search, self._place) + 2 * self._step > there:
                break
            parts.append(self._lay(nominal))
            self._steps += 1
        keep_from = min(math.floor(self._steps * self._step / self._ratio) - self._search, self._place)
        drop = max(0, keep_from - self._input_at)
        self._input = np.ascontiguousarray(self._input[:, drop:])
        self._input_at += drop
        out = np.concatenate(parts, axis=1) if parts else self._input[:, :0]
        self._returned += out.shape[1]
        return out

    def _lay(self, nominal: int) -> FloatArray:
        """Return one step of output that leads from the natural continuation to the best place near `nominal`."""
        natural = self._place
        place = natural if self._steps == 0 else self._most_alike(nominal)
        self._place = place + self._step
        if place == natural:
            return self._piece(natural).copy()
        return crossfade(self._piece(natural), self._piece(place), self._rise)

    def _piece(self, start: int) -> FloatArray:
        at = start - self._input_at
        return self._input[:, at : at + self._step]

    def _most_alike(self, nominal: int) -> int:
        """Return the place within the search range whose piece is most like the natural continuation."""
        low = max(0, nominal - self._search)
        count = nominal + self._search - low + 1
        at = low - self._input_at
        mono = self._input.sum(axis=0, dtype=np.float64)
        region = mono[at : at + count + self._step - 1]
        old = self._place - self._input_at
        template = mono[old : old + self._step]
        size = self._transform
        product = np.fft.rfft(region, size) * np.conj(np.fft.rfft(template, size))
        likeness = np.fft.irfft(product, size)[:count]
        energy = np.cumsum(np.concatenate(([0.0], region * region)))
        power = energy[self._step : self._step + count] - energy[:count]
        return low + int(np.argmax(likeness / np.sqrt(np.maximum(power, 1e-12))))
