"""Makes the 36 synthetic clips of the piece: 32-bit float, and 16-bit as well because pydub reads nothing else."""

from __future__ import annotations

import sys
import wave
from pathlib import Path

import numpy as np
import piece

from hausmusik.audio.wav import write_wav
from hausmusik.types import Audio


def make(folder: Path) -> None:
    """Write all clips."""
    rng = np.random.default_rng(1)
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(piece.SEGMENTS):
        _write(folder, f"voice{index:02d}", _voice(index), 24_000)
        _write(folder, f"music{index:02d}", _music(index, rng), 32_000)
        sound = rng.standard_normal((1, int(piece.SOUND_S * 16_000))) * 0.15
        _write(folder, f"sound{index:02d}", sound, 16_000)


def _voice(index: int) -> np.ndarray:
    t = np.arange(int(piece.VOICE_S * 24_000)) / 24_000
    syllables = np.clip(np.sin(2 * np.pi * 2.3 * t + index), 0, 1) ** 0.5
    vibrato = 0.3 * np.sin(2 * np.pi * 5 * t)
    tone = sum(np.sin(2 * np.pi * (110 + 5 * index) * k * t + vibrato) / k for k in range(1, 18))
    return (tone * syllables * 0.16)[None]


def _music(index: int, rng: np.random.Generator) -> np.ndarray:
    t = np.arange(int(piece.MUSIC_S * 32_000)) / 32_000
    base = 55 * 2 ** (index / 12)
    chord = sum(np.sin(2 * np.pi * base * k * t) for k in (2, 2.5, 3, 4)) * 0.1
    noise = rng.standard_normal(len(t)) * 0.03
    return np.stack([chord + noise, chord * 0.9 + np.roll(noise, 37)])


def _write(folder: Path, name: str, samples: np.ndarray, rate: int) -> None:
    write_wav(folder / f"{name}.wav", Audio(samples.astype(np.float32), rate), durable=False)
    with wave.open(str(folder / f"{name}.16.wav"), "wb") as file:
        file.setnchannels(samples.shape[0])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.clip(np.rint(samples.T * 32_767), -32_768, 32_767).astype("<i2").tobytes())


if __name__ == "__main__":
    make(Path(sys.argv[1]))
