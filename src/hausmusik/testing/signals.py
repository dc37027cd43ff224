"""Audio with known properties: level, frequency, spectrum, pauses, and hard cuts in known places.

Levels are RMS in dB relative to full scale (a sine of amplitude 1 has -3.01 dB). Everything is deterministic.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from hausmusik.engines.tone import sounds
from hausmusik.types import Audio, FloatArray

RATE_HZ: Final = 48_000


class Planted(NamedTuple):
    """A recording with hard cuts, and where they are in seconds."""

    audio: Audio
    cuts_s: tuple[float, ...]


def silence(duration_s: float, *, rate_hz: int = RATE_HZ, channels: int = 1) -> Audio:
    """Return zeros."""
    return Audio(np.zeros((channels, round(duration_s * rate_hz)), np.float32), rate_hz)


def sine(
    frequency_hz: float,
    duration_s: float,
    *,
    level_db: float = -20.0,
    rate_hz: int = RATE_HZ,
    channels: int = 1,
) -> Audio:
    """Return a sine that starts at zero, without fades; the same in every channel."""
    time_s = np.arange(round(duration_s * rate_hz)) / rate_hz
    wave = np.sqrt(2.0) * _factor(level_db) * np.sin(2 * np.pi * frequency_hz * time_s)
    return _spread(wave.astype(np.float32), rate_hz, channels)


def noise(
    duration_s: float,
    *,
    seed: int = 0,
    level_db: float = -20.0,
    rate_hz: int = RATE_HZ,
    channels: int = 1,
) -> Audio:
    """Return white Gaussian noise at exactly the level asked for; channels are independent."""
    samples = np.random.default_rng(seed).standard_normal((channels, round(duration_s * rate_hz)))
    level = np.sqrt(np.mean(samples**2)) if samples.size else 1.0
    return Audio((samples * (_factor(level_db) / level)).astype(np.float32), rate_hz)


def speech_like(
    duration_s: float,
    *,
    seed: int = 0,
    level_db: float = -23.0,
    rate_hz: int = RATE_HZ,
) -> Audio:
    """Return babble with the rhythm of speech: syllables, gaps between words, pauses between sentences; mono."""
    generator = np.random.default_rng(seed)
    count = round(duration_s * rate_hz)
    parts: list[FloatArray] = []
    have = 0
    while have < count:
        words = ["la" * int(generator.integers(1, 5)) for _ in range(int(generator.integers(4, 10)))]
        for sentence in sounds.speech(
            " ".join(words) + ".", voice={f"voice-{seed}": 1.0}, speed=1.0, lexicon={}, seed=seed, rate_hz=rate_hz
        ):
            parts.append(sentence.samples)
            have += sentence.samples.size
    wave = np.concatenate(parts)[:count] if parts else np.zeros(0, np.float32)
    level = float(np.sqrt(np.mean(wave.astype(np.float64) ** 2))) if count else 1.0
    return Audio.mono(wave * (_factor(level_db) / max(level, 1e-9)), rate_hz)


def planted_cuts(audio: Audio, cuts: int = 7, *, seed: int = 0) -> Planted:
    """Return a recording of the same length with hard cuts: at each, it goes on from another place of itself.

    Among 400 places per cut the one with the largest step in the first channel is taken, so that every cut is a real
    discontinuity; a place is never so near the end that a cut of its own would come from it.

    Raises:
        ValueError: the recording is shorter than 0.1 s per cut.
    """
    frames = audio.frames
    if cuts < 1 or frames < (cuts + 1) * audio.sample_rate_hz // 10:
        raise ValueError("too short for that many cuts")
    generator = np.random.default_rng(seed)
    spacing = frames / (cuts + 1)
    at = [round(spacing * (n + 1 + generator.uniform(-0.2, 0.2))) for n in range(cuts)]
    result = audio.samples.copy()
    for start, end in zip(at, [*at[1:], frames], strict=True):
        places = generator.integers(0, frames - (end - start) + 1, size=400)
        steps = np.abs(audio.samples[0, places] - result[0, start - 1])
        place = int(places[int(np.argmax(steps))])
        result[:, start:end] = audio.samples[:, place : place + end - start]
    return Planted(Audio(result, audio.sample_rate_hz), tuple(start / audio.sample_rate_hz for start in at))


def _factor(level_db: float) -> float:
    return float(10 ** (level_db / 20))


def _spread(wave: FloatArray, rate_hz: int, channels: int) -> Audio:
    return Audio(np.tile(wave, (channels, 1)), rate_hz)
