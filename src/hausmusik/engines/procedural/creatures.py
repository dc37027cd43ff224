"""Crickets and small birds: each animal has its own place, pitch, pace and habits, and sings on its own.

A cricket's chirp is a few pulses of one tone near 4.5 kHz, faster when it is warm. A bird here is a synthetic singer: a
repertoire of whistled syllables with sliding pitch, sung in phrases with pauses. It belongs to no species.

Source: Dolbear, The cricket as a thermometer (1897), for the rate of chirps.
"""

from __future__ import annotations

import numpy as np

from hausmusik.engines.procedural.grains import Room, ended, from_afar, log_uniform, seconds
from hausmusik.engines.procedural.parts import Bed, Part, Series
from hausmusik.engines.procedural.settings import Settings
from hausmusik.engines.procedural.spectrum import air, curve, levelled
from hausmusik.engines.procedural.timeline import RATE_HZ, Timeline
from hausmusik.types import FloatArray

_NIGHT = ((30, -10), (90, -2), (250, 0), (700, -7), (2500, -18), (5000, -16), (9000, -26), (16_000, -40))
_MORNING = ((40, -8), (120, 0), (400, -4), (1500, -12), (5000, -22), (12_000, -34))


def crickets(timeline: Timeline, settings: Settings) -> tuple[Part, ...]:
    """Return crickets for the settings count, warmth, distance."""
    count, warmth, distance = round(settings.number("count")), settings.number("warmth"), settings.distance
    parts: list[Part] = [Bed(timeline, "night", levelled(curve(_NIGHT)) * air(distance) * np.float32(0.035))]
    parts.extend(_cricket(timeline, number, warmth, distance) for number in range(max(1, count)))
    return tuple(parts)


def _cricket(timeline: Timeline, number: int, warmth: float, distance: float) -> Series:
    random = timeline.generator("cricket", number)
    pitch = float(random.uniform(3900, 5200)) * (0.94 + 0.12 * warmth)
    per_s = (1.1 + 1.7 * warmth) * float(random.uniform(0.85, 1.15))
    pulses, pulse_s = int(random.integers(3, 5)), 0.016 - 0.004 * warmth
    away = min(1.0, distance + float(random.beta(1.5, 2.0)) * 0.5)
    gain = float(np.exp(random.normal(0.0, 0.5))) * 0.16 * (1.15 - away)
    pan = float(random.uniform(-1.0, 1.0))
    rests = float(random.uniform(0.0, 0.12))
    bank = [from_afar(_chirp(random, pitch, pulses, pulse_s), away) for _ in range(6)]

    def sing(random: np.random.Generator, _: int) -> tuple[FloatArray, float]:
        quiet = random.random() < rests
        loud = 0.0 if quiet else gain * float(random.uniform(0.85, 1.1))
        return bank[int(random.integers(len(bank)))] * np.float32(loud), pan

    return Series(timeline, f"cricket {number}", 1.0 / per_s, sing, longest_s=0.2, jitter=0.06)


def _chirp(random: np.random.Generator, pitch: float, pulses: int, pulse_s: float) -> FloatArray:
    """A few pulses of nearly one tone, each a little lower at its end."""
    period = 2.1 * pulse_s
    times = seconds(round((pulses * period + 0.01) * RATE_HZ))
    total = np.zeros_like(times)
    for pulse in range(pulses):
        inside = (times - pulse * period) / pulse_s
        shape = np.where((inside > 0) & (inside < 1), np.sin(np.pi * np.clip(inside, 0, 0.999)) ** 1.5, 0.0)
        hertz = pitch * float(random.uniform(0.997, 1.003))
        phase = 2 * np.pi * hertz * (times - 0.012 * pulse_s * np.clip(inside, 0, 1) ** 2)
        total += (0.75 + 0.25 * pulse / pulses) * shape * (np.sin(phase) + 0.08 * np.sin(2 * phase))
    return ended(total.astype(np.float32))


def birds(timeline: Timeline, settings: Settings) -> tuple[Part, ...]:
    """Return songbirds for the settings count, activity, distance."""
    count, activity, distance = round(settings.number("count")), settings.number("activity"), settings.distance
    parts: list[Part] = [Bed(timeline, "morning air", levelled(curve(_MORNING)) * air(distance) * np.float32(0.02))]
    parts.extend(_bird(timeline, number, activity, distance) for number in range(max(1, count)))
    return tuple(parts)


def _bird(timeline: Timeline, number: int, activity: float, distance: float) -> Series:
    """One singer: two to four phrases it knows, sung with small changes."""
    random = timeline.generator("bird", number)
    register = log_uniform(random, 2300, 5200)
    away = min(1.0, distance + 0.45 * float(random.random()))
    gain, pan = 0.3 * (1.15 - away) * float(np.exp(random.normal(0.0, 0.3))), float(random.uniform(-0.95, 0.95))
    wood = Room(random, decay_s=0.9, wet=0.05 + 0.12 * away, early_s=0.03)
    bank: list[FloatArray] = []
    for _ in range(int(random.integers(2, 5))):
        phrase = from_afar(_phrase(random, register), away)
        bank.append(wood.answer(phrase))

    def sing(random: np.random.Generator, _: int) -> tuple[FloatArray, float]:
        if random.random() > 0.45 + 0.5 * activity:
            return np.zeros(1, dtype=np.float32), pan
        return bank[int(random.integers(len(bank)))] * np.float32(gain * random.uniform(0.7, 1.0)), pan

    pause_s = (8.5 - 6.0 * activity) * float(random.uniform(0.7, 1.4))
    return Series(timeline, f"bird {number}", pause_s, sing, longest_s=3.6, jitter=0.8)


def _phrase(random: np.random.Generator, register: float) -> FloatArray:
    """Return a phrase: one to three motifs, each a syllable repeated."""
    whole = np.zeros(round(2.4 * RATE_HZ), dtype=np.float32)
    at = 0
    for _ in range(int(random.integers(1, 4))):
        syllable = _syllable(random, register * float(np.exp(random.normal(0.0, 0.18))))
        gap = round(RATE_HZ * random.uniform(0.02, 0.14))
        for _again in range(int(random.integers(1, 7))):
            if at + syllable.size >= whole.size:
                return ended(whole)
            whole[at : at + syllable.size] += syllable
            at += syllable.size + gap
        at += round(RATE_HZ * random.uniform(0.03, 0.2))
    return ended(whole[: max(at, 256)])


def _syllable(random: np.random.Generator, pitch: float) -> FloatArray:
    """Return one whistled syllable: 30 to 180 ms, its pitch sliding, bending or trilling."""
    times = seconds(round(RATE_HZ * random.uniform(0.03, 0.18)))
    share = times / times[-1]
    slide = float(random.normal(0.0, 0.28)) * share + float(random.normal(0.0, 0.22)) * np.sin(np.pi * share)
    if random.random() < 0.3:
        slide = slide + 0.06 * np.sin(2 * np.pi * float(random.uniform(22, 55)) * times)
    hertz = np.minimum(pitch * 2.0**slide, 9000.0)
    phase = 2 * np.pi * np.cumsum(hertz) / RATE_HZ
    shape = np.sin(np.pi * np.minimum(share, 0.9999)) ** float(random.uniform(0.5, 1.2))
    tone = np.sin(phase) + float(random.uniform(0.02, 0.15)) * np.sin(2 * phase + 0.3)
    return ended((shape * tone).astype(np.float32))
