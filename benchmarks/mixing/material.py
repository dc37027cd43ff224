"""The benchmark's piece: 180 s of 12 segments x 3 layers, synthetic clips, the same for every engine.

Voice 24 kHz mono, music 32 kHz stereo, sounds 16 kHz mono; music crossfades for 2 s, everything else is placed.
Written as 32-bit float wav (read by ours, ffmpeg and numpy) and as 16-bit wav (pydub reads nothing else).
"""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from hausmusik.audio.ducking import Ducking
from hausmusik.audio.mix import Clip, Duck, MixSpec
from hausmusik.audio.wav import write_wav
from hausmusik.types import Audio

SEGMENTS = 12
SEGMENT_S = 15.0
CROSSFADE_S = 2.0
VOICE_AT_S, VOICE_S = 1.5, 11.0
SOUND_AT_S, SOUND_S = 8.0, 5.0
VOICE_DB, MUSIC_DB, SOUND_DB = 0.0, -10.0, -14.0
DUCKING = Ducking(depth_db=10.0, attack_s=0.15, release_s=0.6, look_ahead_s=0.0)


def music_s(segments: int = SEGMENTS) -> float:
    """Length of one music clip, so that all with their crossfades fill the piece."""
    return (segments * SEGMENT_S + CROSSFADE_S * (segments - 1)) / segments


def _voice(index: int) -> np.ndarray:
    t = np.arange(int(VOICE_S * 24_000)) / 24_000
    syllables = np.clip(np.sin(2 * np.pi * 2.3 * t + index), 0, 1) ** 0.5
    vibrato = 0.3 * np.sin(2 * np.pi * 5 * t)
    tone = sum(np.sin(2 * np.pi * (110 + 5 * index) * k * t + vibrato) / k for k in range(1, 18))
    return (tone * syllables * 0.16)[None]


def _music(index: int, rng: np.random.Generator) -> np.ndarray:
    t = np.arange(int(music_s() * 32_000)) / 32_000
    base = 55 * 2 ** (index / 12)
    chord = sum(np.sin(2 * np.pi * base * k * t) for k in (2, 2.5, 3, 4)) * 0.1
    noise = rng.standard_normal(len(t)) * 0.03
    return np.stack([chord + noise, chord * 0.9 + np.roll(noise, 37)])


def make(folder: Path) -> None:
    """Write the 36 clips, twice (float and 16 bit)."""
    rng = np.random.default_rng(1)
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(SEGMENTS):
        _write(folder, f"voice{index:02d}", _voice(index), 24_000)
        _write(folder, f"music{index:02d}", _music(index, rng), 32_000)
        _write(folder, f"sound{index:02d}", rng.standard_normal((1, int(SOUND_S * 16_000))) * 0.15, 16_000)


def _write(folder: Path, name: str, samples: np.ndarray, rate: int) -> None:
    write_wav(folder / f"{name}.wav", Audio(samples.astype(np.float32), rate), durable=False)
    with wave.open(str(folder / f"{name}.16.wav"), "wb") as file:
        file.setnchannels(samples.shape[0])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.clip(np.rint(samples.T * 32767), -32768, 32767).astype("<i2").tobytes())


def spec(folder: Path, segments: int = SEGMENTS) -> MixSpec:
    """The piece as ours describes it; more than 12 segments repeat the 12 clips (720 of them last three hours)."""
    starts = [index * SEGMENT_S for index in range(segments)]
    speech = tuple((start + VOICE_AT_S, start + VOICE_AT_S + VOICE_S) for start in starts)
    duck = Duck(intervals=speech, ducking=DUCKING)
    clips: list[Clip] = []
    for index, start in enumerate(starts):
        name = f"{index % SEGMENTS:02d}.wav"
        at = index * (music_s() - CROSSFADE_S)
        clips += [
            Clip(
                source=folder / f"music{name}",
                layer="music",
                start_s=at,
                duration_s=music_s(),
                gain_db=MUSIC_DB,
                fade_in_s=CROSSFADE_S if index else 0.01,
                fade_out_s=CROSSFADE_S,
                duck=duck,
            ),
            Clip(
                source=folder / f"voice{name}",
                layer="voice",
                start_s=start + VOICE_AT_S,
                duration_s=VOICE_S,
                gain_db=VOICE_DB,
                fade_in_s=0.01,
                fade_out_s=0.03,
            ),
            Clip(
                source=folder / f"sound{name}",
                layer="sound",
                start_s=start + SOUND_AT_S,
                duration_s=SOUND_S,
                gain_db=SOUND_DB,
                fade_in_s=0.01,
                fade_out_s=0.3,
            ),
        ]
    return MixSpec(duration_s=segments * SEGMENT_S, clips=tuple(clips))
