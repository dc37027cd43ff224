"""Signals and files for the tests of audio."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hausmusik.audio.wav import write_wav
from hausmusik.types import Audio, FloatArray

RATE = 48_000


def sine(hz: float, seconds: float, *, rate: int = RATE, amplitude: float = 0.5, channels: int = 1) -> FloatArray:
    t = np.arange(round(seconds * rate)) / rate
    return np.tile((amplitude * np.sin(2 * np.pi * hz * t)).astype(np.float32), (channels, 1))


def noise(seconds: float, *, rate: int = RATE, amplitude: float = 0.1, channels: int = 1, seed: int = 0) -> FloatArray:
    rng = np.random.default_rng(seed)
    return (amplitude * rng.standard_normal((channels, round(seconds * rate)))).astype(np.float32)


def soft_noise(
    seconds: float, *, rate: int = RATE, amplitude: float = 0.1, channels: int = 1, seed: int = 0
) -> FloatArray:
    """Low-passed noise, in which a cut can be heard."""
    raw = noise(seconds, rate=rate, amplitude=amplitude, channels=channels, seed=seed)
    kernel = np.hanning(32) / np.hanning(32).sum() * 4
    return np.stack([np.convolve(channel, kernel)[: raw.shape[1]] for channel in raw]).astype(np.float32)


def saved(folder: Path, name: str, samples: FloatArray, rate: int = RATE) -> Path:
    path = folder / f"{name}.wav"
    write_wav(path, Audio(samples, rate), durable=False)
    return path


def rms_db(samples: FloatArray) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-30))
