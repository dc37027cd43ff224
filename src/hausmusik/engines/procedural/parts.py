"""What a texture is made of: beds of noise and showers of small events, each rendered cell by cell.

A part adds its sound for one cell into a stereo buffer that reaches beyond the cell, because what begins in a cell may
ring on. Noise is made in blocks of two cells that fade into each other at equal power, so it never repeats, follows
any change of its spectrum and joins itself around a loop. Knows nothing of rain or fire.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from hausmusik.engines.procedural.spectrum import BLOCK, frequencies
from hausmusik.engines.procedural.timeline import CELL_FRAMES, RATE_HZ, Cell, Timeline
from hausmusik.types import FloatArray

Shape = Callable[[Cell], FloatArray]
"""Amplitude spectrum of a cell's noise, `(bins,)` or one row per channel `(2, bins)`."""


class Part(Protocol):
    """Something that sounds."""

    @property
    def tail(self) -> int:
        """How many frames past the end of a cell it may ring on."""
        ...

    def add(self, cell: Cell, out: FloatArray) -> None:
        """Add one cell's sound to `out`, shape `(2, cell.frames + tail)` or longer, beginning at the cell's start."""
        ...


class Bed:
    """Noise with a spectrum that may change from cell to cell.

    Args:
        timeline: Of the sound.
        name: For its randomness.
        shape: Amplitude spectrum per cell; an array stays the same throughout.
        swell: Gain of consecutive frames, for changes faster than a cell; None: steady.
        width: How different the channels are above 1 kHz, 0 (mono) to 1 (independent); lower down they agree more.
    """

    tail = CELL_FRAMES

    def __init__(
        self,
        timeline: Timeline,
        name: str,
        shape: Shape | FloatArray,
        *,
        swell: Callable[[int, int], FloatArray] | None = None,
        width: float = 1.0,
    ) -> None:
        self._timeline = timeline
        self._name = name
        self._shape = shape
        self._swell = swell
        low = np.clip(np.log2(np.maximum(frequencies(), 1.0) / 60.0) / np.log2(1000.0 / 60.0), 0.25, 1.0)
        angle = (np.pi / 4) * width * low
        self._both, self._apart = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)

    def add(self, cell: Cell, out: FloatArray) -> None:
        """See `Part.add`."""
        shape = self._shape(cell) if callable(self._shape) else self._shape
        frames = cell.frames + cell.next_frames
        block = self._noise(cell.index, shape)[:, :frames]
        if self._swell is not None:
            block *= self._swell(cell.start, frames)
        block[:, : cell.frames] *= _rise(cell.frames)
        block[:, cell.frames :] *= _rise(cell.next_frames)[::-1]
        out[:, :frames] += block

    def _noise(self, index: int, shape: FloatArray) -> FloatArray:
        """Return two channels of noise, shape `(2, 16384)`, RMS that of the shape."""
        bins = frequencies().size
        draws = self._timeline.generator(self._name, index).standard_normal((2, 2 * bins), dtype=np.float32)
        middle, side = draws.view(np.complex64)
        middle, side = middle * self._both, side * self._apart
        spectrum = np.stack([middle + side, middle - side]) * (shape * np.float32(np.sqrt(BLOCK / 2)))
        return np.fft.irfft(spectrum.astype(np.complex64), BLOCK, axis=1).astype(np.float32)


def _rise(frames: int) -> FloatArray:
    """The first quarter of a sine: with its mirror image it keeps the power of independent noises."""
    return np.sin(np.pi / 2 * (np.arange(frames, dtype=np.float32) + 0.5) / frames).astype(np.float32)


class Shower:
    """Small events at random moments, taken from a bank.

    Args:
        timeline: Of the sound.
        name: For its randomness.
        bank: Events, one channel each, any lengths.
        rate_hz: Events per second in a cell, as a number or per cell.
        gain: Amplitudes of `n` events from a generator.
        spread: How far left and right they lie, 0 to 1.
    """

    def __init__(
        self,
        timeline: Timeline,
        name: str,
        bank: Sequence[FloatArray],
        *,
        rate_hz: float | Callable[[Cell], float],
        gain: Callable[[np.random.Generator, int], np.ndarray],
        spread: float = 0.9,
    ) -> None:
        self._timeline = timeline
        self._name = name
        self._bank = bank
        self._rate_hz = rate_hz
        self._gain = gain
        self._spread = spread
        self.tail = max(event.size for event in bank) + ITD_FRAMES

    def add(self, cell: Cell, out: FloatArray) -> None:
        """See `Part.add`."""
        rate = self._rate_hz(cell) if callable(self._rate_hz) else self._rate_hz
        random = self._timeline.generator(self._name, cell.index)
        count = int(random.poisson(max(0.0, rate) * cell.frames / RATE_HZ))
        if not count:
            return
        places = (random.random(count) * cell.frames).astype(np.int64)
        which = random.integers(len(self._bank), size=count)
        pans = random.uniform(-self._spread, self._spread, count)
        gains = self._gain(random, count)
        for at, number, pan, gain in zip(places, which, pans, gains, strict=True):
            place(out, int(at), self._bank[int(number)], float(gain), float(pan))


class Series:
    """Events that recur at (nearly) even distances, each made when it is due.

    Args:
        timeline: Of the sound.
        name: For its randomness.
        spacing_s: Mean distance.
        jitter: See `Timeline.events`.
        longest_s: No event is longer.
        make: Returns an event's sound, `(frames,)` or `(2, frames)`, and its pan, from its randomness and its number.
    """

    def __init__(
        self,
        timeline: Timeline,
        name: str,
        spacing_s: float,
        make: Callable[[np.random.Generator, int], tuple[FloatArray, float]],
        *,
        longest_s: float,
        jitter: float = 0.0,
    ) -> None:
        self._timeline = timeline
        self._name = name
        self._spacing_s = spacing_s
        self._jitter = jitter
        self._make = make
        self._longest = round(longest_s * RATE_HZ)
        self.tail = self._longest + ITD_FRAMES

    def add(self, cell: Cell, out: FloatArray) -> None:
        """See `Part.add`."""
        for index, at in self._timeline.events(self._name, self._spacing_s, cell, jitter=self._jitter):
            event, pan = self._make(self._timeline.generator(self._name, index), index)
            place(out, at, event[..., : self._longest], 1.0, pan)


ITD_FRAMES = 28
"""Most by which one ear hears later than the other: 0.6 ms."""


def place(out: FloatArray, at: int, event: FloatArray, gain: float, pan: float) -> None:
    """Add an event at a frame: equal-power panning and the delay between the ears.

    Args:
        out: Shape `(2, frames)`, long enough.
        at: First frame.
        event: One channel, or two, which are then balanced.
        gain: Factor.
        pan: -1 left to 1 right.
    """
    left, right = (event, event) if event.ndim == 1 else (event[0], event[1])
    angle = (pan + 1) * np.pi / 4
    late = round(ITD_FRAMES * abs(pan))
    first, second = (at + late, at) if pan > 0 else (at, at + late)
    out[0, first : first + left.size] += np.float32(gain * np.cos(angle) * 1.41421) * left
    out[1, second : second + right.size] += np.float32(gain * np.sin(angle) * 1.41421) * right
