"""Small sounds from which showers are made: ringing modes, bursts of noise, bubbles, clicks, and rooms for them.

Everything is one channel of float32 at 48 kHz. Begins and ends at zero.

Sources: van den Doel, Physically based models for liquid sounds (2005), for bubbles; Gaver, How do we hear in the world
(1993), for struck objects as sums of damped sines.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from hausmusik.engines.procedural.spectrum import Points, air, curve
from hausmusik.engines.procedural.timeline import RATE_HZ
from hausmusik.types import FloatArray

_LONG: Final = RATE_HZ // 4


def seconds(frames: int) -> FloatArray:
    """Return the times of consecutive frames, from 0."""
    return np.arange(frames, dtype=np.float32) / np.float32(RATE_HZ)


def log_uniform(random: np.random.Generator, low: float, high: float) -> float:
    """Return a random value between two positive ones, every octave as likely as any other."""
    return low * (high / low) ** float(random.random())


def ringing(
    modes: Sequence[tuple[float, float, float]], *, attack_s: float = 0.0004, length_s: float | None = None
) -> FloatArray:
    """Return damped sines.

    Args:
        modes: `(hertz, seconds until 1/e, amplitude)` each.
        attack_s: Rise from zero.
        length_s: Of the result; None: until all have died away (6.9 times the longest decay, -60 dB).
    """
    longest = max(decay for _, decay, _ in modes)
    times = seconds(max(8, round((6.9 * longest if length_s is None else length_s) * RATE_HZ)))
    total = np.zeros_like(times)
    for hertz, decay, amplitude in modes:
        if hertz < 0.45 * RATE_HZ:
            total += np.float32(amplitude) * np.exp(-times / decay) * np.sin(2 * np.pi * hertz * times)
    total *= np.minimum(times / max(attack_s, 1e-5), 1.0)
    return ended(total)


def bubble(hertz: float, *, rise: float = 0.1, decay_s: float | None = None) -> FloatArray:
    """Return one bubble: a damped sine whose pitch rises as it nears the surface.

    Args:
        hertz: Pitch at first; 3 / hertz is its radius in metres (Minnaert).
        rise: Change of pitch per decay time.
        decay_s: None: of a free bubble of this size.
    """
    radius = 3.0 / hertz
    damping = 0.13 / radius + 0.0072 * radius**-1.5
    decay = 1.0 / damping if decay_s is None else decay_s
    times = seconds(max(16, round(5.5 * decay * RATE_HZ)))
    phase = 2 * np.pi * hertz * (times + 0.5 * rise / decay * times * times)
    attack = np.minimum(times / (0.1 * decay + 2e-4), 1.0)
    return ended(np.sin(phase) * np.exp(-times / decay) * attack)


def burst(random: np.random.Generator, length_s: float, points: Points, *, attack: float = 0.05) -> FloatArray:
    """Return a short noise with a spectrum, rising within a share of its length and dying away; peak about 1."""
    frames = max(16, round(length_s * RATE_HZ))
    noise = coloured(random, frames, points)
    share = np.arange(frames, dtype=np.float32) / frames
    shape = np.minimum(share / max(attack, 1e-3), 1.0) * np.exp(-4.5 * np.maximum(share - attack, 0.0))
    return peaked(ended(noise * shape))


def coloured(random: np.random.Generator, frames: int, points: Points) -> FloatArray:
    """Return noise with a spectrum, RMS 1, shape `(frames,)`."""
    size = _fast(frames + 64)
    bins = size // 2 + 1
    spectrum = random.standard_normal(2 * bins, dtype=np.float32).view(np.complex64)
    spectrum *= curve(points, np.fft.rfftfreq(size, 1 / RATE_HZ).astype(np.float32))
    noise = np.fft.irfft(spectrum, size)[:frames].astype(np.float32)
    return noise / np.float32(max(1e-9, float(np.sqrt(np.mean(noise * noise)))))


def filtered(event: FloatArray, points: Points) -> FloatArray:
    """Return an event through a filter without ringing before its beginning (minimum phase); as long as it was."""
    return _through(event, lambda hertz: curve(points, hertz))


def from_afar(event: FloatArray, distance: float) -> FloatArray:
    """Return an event as heard from a distance (see `spectrum.air`); as long as it was."""
    return event if distance <= 0 else _through(event, lambda hertz: air(distance, hertz))


class Room:
    """The answer of a room, two channels: noise that dies away, its highs sooner, different in each ear.

    Args:
        random: For the answer.
        decay_s: Until -60 dB.
        wet: Energy of the answer against that of the sound itself.
        early_s: Before the first reflection.
    """

    def __init__(self, random: np.random.Generator, *, decay_s: float, wet: float, early_s: float) -> None:
        tail, delay = round(decay_s * RATE_HZ), round(early_s * RATE_HZ)
        times = seconds(tail)
        self._answers = np.zeros((2, delay + tail), dtype=np.float32)
        for channel in self._answers:
            bright = coloured(random, tail, ((100, -3), (800, 0), (4000, -6), (12000, -18)))
            dull = coloured(random, tail, ((80, 0), (400, 0), (1500, -10), (6000, -30)))
            answer = bright * np.exp(-13.8 * times / decay_s) + np.float32(0.6) * dull * np.exp(-6.9 * times / decay_s)
            channel[delay:] = answer * np.float32(np.sqrt(wet / max(1e-12, float(np.sum(answer * answer)))))
        self._spectra: dict[int, np.ndarray] = {}

    def answer(self, event: FloatArray) -> FloatArray:
        """Return an event of one channel as it is heard in the room, `(2, frames)`, longer by the decay."""
        frames = event.size + self._answers.shape[1]
        size = _fast(frames)
        if size not in self._spectra:
            self._spectra[size] = np.fft.rfft(self._answers, size, axis=1)
        heard = np.fft.irfft(np.fft.rfft(event, size) * self._spectra[size], size, axis=1)[:, :frames].astype(
            np.float32
        )
        heard[:, : event.size] += event
        return np.stack([ended(channel, 0.02) for channel in heard])


def ended(event: FloatArray, fade_s: float = 0.001) -> FloatArray:
    """Return an event with its last moment faded out, so that it ends at zero, and without DC."""
    frames = min(event.size, max(8, round(fade_s * RATE_HZ)))
    event = event.astype(np.float32)
    event[-frames:] *= np.linspace(1.0, 0.0, frames, dtype=np.float32)
    if event.size < 3:
        return event
    share = np.linspace(0.0, 1.0, event.size, dtype=np.float32)
    hill = share * (1 - share)
    return (event - np.float32(float(event.sum(dtype=np.float64)) / float(hill.sum())) * hill).astype(np.float32)


def peaked(event: FloatArray) -> FloatArray:
    """Return an event with a peak of 1."""
    return event / np.float32(max(1e-9, float(np.abs(event).max())))


def padded_sum(*events: FloatArray) -> FloatArray:
    """Return events of different lengths added from their beginnings on."""
    total = np.zeros(max(event.size for event in events), dtype=np.float32)
    for event in events:
        total[: event.size] += event
    return total


def _through(event: FloatArray, shape: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """Filter by an amplitude response, its phase the smallest possible: the cepstrum folded onto positive times.

    Events of more than a quarter of a second have no hard beginning: for them the phase stays as it is.
    """
    if event.size > _LONG:
        size = _fast(event.size)
        amplitude = shape(np.fft.rfftfreq(size, 1 / RATE_HZ).astype(np.float32))
        return ended(np.fft.irfft(np.fft.rfft(event, size) * amplitude, size)[: event.size].astype(np.float32))
    size = _fast(2 * event.size + 512)
    amplitude = np.maximum(shape(np.fft.rfftfreq(size, 1 / RATE_HZ).astype(np.float32)), 1e-4)
    cepstrum = np.fft.irfft(np.log(amplitude), size)
    fold = np.zeros(size)
    fold[0], fold[size // 2] = 1.0, 1.0
    fold[1 : size // 2] = 2.0
    spectrum = np.exp(np.fft.rfft(cepstrum * fold))
    return ended(np.fft.irfft(np.fft.rfft(event, size) * spectrum, size)[: event.size].astype(np.float32))


@functools.cache
def _fast(size: int) -> int:
    """Return the next number with no prime factor above 5: FFTs of other lengths may be slow."""
    found = 1 << (size - 1).bit_length()
    for fives in (1, 5, 25, 125):
        for threes in (1, 3, 9, 27):
            twos = max(1, -(-size // (fives * threes)))
            found = min(found, fives * threes << (twos - 1).bit_length())
    return found + found % 2
