"""People in numbers: a murmuring crowd and applause.

A crowd is many speakers; each is a voice with its own pitch and place who says syllables: a buzz of vocal folds shaped
by three resonances that move from vowel to vowel, with a hiss of consonants between. From far enough away no word is
missed. Applause is hundreds of hands, each pair with its own sound and tempo, that find no common beat.

Source: Peltola et al., Synthesis of hand clapping sounds (2007), for the bands of clapping hands.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec
import numpy as np

from hausmusik.engines.procedural.grains import (
    Room,
    burst,
    ended,
    from_afar,
    log_uniform,
    padded_sum,
    peaked,
    seconds,
)
from hausmusik.engines.procedural.parts import Bed, Part, Series, Shower
from hausmusik.engines.procedural.settings import Settings
from hausmusik.engines.procedural.spectrum import air, curve, levelled
from hausmusik.engines.procedural.timeline import RATE_HZ, Timeline, Wander
from hausmusik.types import FloatArray

_VOWELS: Final = (
    (730, 1090, 2440),
    (270, 2290, 3010),
    (300, 870, 2240),
    (530, 1840, 2480),
    (570, 840, 2410),
    (490, 1350, 1690),
    (640, 1190, 2390),
)
_WIDTHS: Final = np.array([90.0, 120.0, 170.0])
_LEVELS: Final = np.array([1.0, 0.8, 0.5])
_SIBILANT: Final = ((1500, -14), (3500, -2), (6500, 0), (10_000, -10))
_SPEECH: Final = (
    (80, -20),
    (150, -6),
    (300, -1),
    (550, 0),
    (1000, -6),
    (2000, -13),
    (3500, -19),
    (7000, -30),
    (12_000, -45),
)


class Surroundings(msgspec.Struct, frozen=True):
    """The room people are in: reverberation time, its energy against the direct sound, the first reflection."""

    decay_s: float
    wet: float
    early_s: float


PLACES: Final[Mapping[str, Surroundings]] = MappingProxyType(
    {
        "room": Surroundings(0.6, 0.7, 0.008),
        "hall": Surroundings(1.9, 2.2, 0.025),
        "outdoors": Surroundings(0.25, 0.12, 0.02),
    }
)


def crowd(timeline: Timeline, settings: Settings) -> tuple[Part, ...]:
    """Return a murmuring crowd for the settings size, liveliness, place, distance."""
    size, lively, distance = settings.number("size"), settings.number("liveliness"), settings.distance
    place = settings.choice("place", PLACES)
    speakers = round(5 + 26 * size)
    babble = levelled(curve(_SPEECH)) * air(distance) * np.float32(0.02 + 0.16 * size)
    hubbub, syllables = Wander(timeline, "hubbub", 2.5), Wander(timeline, "babble", 0.14)

    def murmur(start: int, frames: int) -> FloatArray:
        swing = 0.14 * hubbub.over(start, frames) + 0.22 * syllables.over(start, frames)
        return np.exp(swing).astype(np.float32)

    parts: list[Part] = [
        Bed(timeline, "babble", babble, swell=murmur, width=0.9),
        _consonants(timeline, speakers, lively, distance),
    ]
    room = Room(timeline.generator("crowd room", 0), decay_s=place.decay_s, wet=place.wet, early_s=place.early_s)
    parts.extend(_speaker(timeline, number, lively, distance, room) for number in range(speakers))
    return tuple(parts)


def _consonants(timeline: Timeline, speakers: int, lively: float, distance: float) -> Shower:
    """Return the s, sh and t of everybody: what is left of words across a room."""
    random = timeline.generator("consonant bank", 0)

    def consonant() -> FloatArray:
        centre = log_uniform(random, 2800, 8000)
        points = ((centre / 3, -24), (centre / 1.4, -5), (centre, 0), (centre * 1.5, -8), (17_000, -24))
        return from_afar(burst(random, float(random.uniform(0.012, 0.09)), points, attack=0.35), distance)

    bank = [consonant() for _ in range(96)]
    return Shower(
        timeline,
        "consonants",
        bank,
        rate_hz=speakers * (1.1 + 0.9 * lively),
        gain=lambda random, count: 0.2 * np.exp(0.6 * random.standard_normal(count) - 0.3),
        spread=1.0,
    )


def _speaker(timeline: Timeline, number: int, lively: float, distance: float, room: Room) -> Series:
    """One person: says phrases of 1 to 3 s, then listens."""
    random = timeline.generator("speaker", number)
    pitch = float(random.choice([105.0, 120.0, 190.0, 215.0])) * float(random.uniform(0.88, 1.15)) * (1 + 0.12 * lively)
    away = min(1.0, distance + 0.35 * float(random.random()))
    gain, pan = 0.22 * float(np.exp(random.normal(0.0, 0.4))) * (1.2 - away), float(random.uniform(-0.95, 0.95))
    tract = float(random.uniform(0.92, 1.16))
    bank = [room.answer(from_afar(_phrase(random, pitch, tract, lively), away)) for _ in range(2)]

    def speak(random: np.random.Generator, _: int) -> tuple[FloatArray, float]:
        if random.random() > 0.5 + 0.35 * lively:
            return np.zeros(1, dtype=np.float32), pan
        return bank[int(random.integers(len(bank)))] * np.float32(gain * random.uniform(0.6, 1.1)), pan

    return Series(timeline, f"speaker {number}", 3.4, speak, longest_s=5.2, jitter=0.6)


def _phrase(random: np.random.Generator, pitch: float, tract: float, lively: float) -> FloatArray:
    """Return some 5 to 14 syllables without meaning."""
    parts: list[FloatArray] = []
    count = int(random.integers(5, 15))
    for number in range(count):
        tone = pitch * 2 ** (float(random.normal(0.0, 0.1 + 0.15 * lively)) - 0.22 * number / count)
        parts.append(_syllable(random, tone, tract))
        if random.random() < 0.12:
            parts.append(np.zeros(round(RATE_HZ * random.uniform(0.08, 0.3)), dtype=np.float32))
    return ended(np.concatenate(parts)[: round(3.0 * RATE_HZ)], 0.05)


def _syllable(random: np.random.Generator, pitch: float, tract: float) -> FloatArray:
    """Return a consonant's hiss and a vowel: harmonics weighted by three resonances that glide."""
    times = seconds(round(RATE_HZ * random.uniform(0.11, 0.24)))
    share = times / times[-1]
    start, end = (np.array(_VOWELS[int(random.integers(len(_VOWELS)))]) for _ in range(2))
    glide = 2 ** (float(random.normal(0.0, 0.08)) * share)
    turn = np.exp(2j * np.pi * np.cumsum(pitch * glide) / RATE_HZ).astype(np.complex64)
    corners = np.linspace(0.0, 1.0, 9)
    centres = tract * (start[:, None] + (end - start)[:, None] * corners)
    voiced = np.zeros(times.size, dtype=np.float32)
    tone = np.ones_like(turn)
    for harmonic in range(1, min(40, int(4200 / pitch)) + 1):
        tone = tone * turn
        away = (harmonic * pitch - centres) / _WIDTHS[:, None]
        weights = (_LEVELS[:, None] / (1.0 + away * away)).sum(axis=0) / harmonic**0.25
        swing = np.asarray(tone.imag, dtype=np.float32)
        voiced += np.asarray(np.interp(share, corners, weights), dtype=np.float32) * swing
    shape = np.sin(np.pi * np.minimum(share * 1.15, 0.9999)) ** 0.7
    vowel = 0.8 * peaked((shape * voiced).astype(np.float32))
    hiss = burst(random, float(random.uniform(0.03, 0.08)), _SIBILANT, attack=0.4)
    return padded_sum(np.float32(random.uniform(0.0, 0.16)) * hiss, ended(vowel, 0.02))


def applause(timeline: Timeline, settings: Settings) -> tuple[Part, ...]:
    """Return applause for the settings size, enthusiasm, distance."""
    size, keen, distance = settings.number("size"), settings.number("enthusiasm"), settings.distance
    random = timeline.generator("clap bank", 0)
    bank = [from_afar(_clap(random), min(1.0, distance + 0.3 * float(random.random()))) for _ in range(192)]
    wave = Wander(timeline, "applause", 1.6)
    hands = 4.0 + 220.0 * size**1.6
    far = levelled(curve(((200, -26), (600, -11), (1200, -1), (2200, 0), (4500, -8), (9000, -17), (16_000, -30))))
    bed = far * air(distance) * np.float32(0.55 * size**2)

    def near(random: np.random.Generator, index: int) -> tuple[FloatArray, float]:
        """One of the nearest pairs of hands, clapping at its own tempo."""
        event = bank[index * 7 % len(bank)] * np.float32(random.uniform(0.25, 0.5) * (1 - 0.7 * distance))
        return event, -0.8 + 1.6 * ((index * 0.618) % 1.0)

    parts: list[Part] = [
        Bed(timeline, "far hands", lambda cell: bed * np.float32(np.exp(0.12 * wave.at(cell.middle_s))), width=1.0),
        Shower(
            timeline,
            "hands",
            bank,
            rate_hz=lambda cell: hands * (2.4 + 2.2 * keen) * float(np.exp(0.18 * wave.at(cell.start_s))),
            gain=lambda random, count: 0.32 * np.exp(0.5 * random.standard_normal(count) - 0.4),
            spread=1.0,
        ),
    ]
    for number in range(3):
        tempo = (2.6 + 1.9 * keen) * float(random.uniform(0.85, 1.15))
        parts.append(Series(timeline, f"hands {number}", 1.0 / tempo, near, longest_s=0.2, jitter=0.12))
    return tuple(parts)


def _clap(random: np.random.Generator) -> FloatArray:
    """Return one clap: a burst around 0.6 to 2.4 kHz, hollow or flat."""
    centre = log_uniform(random, 650, 2300)
    width = float(random.uniform(1.6, 3.0))
    points = (
        (centre / width**2, -26),
        (centre / width, -7),
        (centre, 0),
        (centre * width, -8),
        (centre * width**2, -20),
    )
    return burst(random, float(random.uniform(0.012, 0.035)), points, attack=0.04)
