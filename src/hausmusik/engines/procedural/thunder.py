"""Thunder: a crack when it is near, then a rumble that rolls, every one different.

A lightning channel is kilometres long and crooked, so its bang arrives spread over seconds, in lumps where a stretch of
the channel lies across the line of hearing. Air takes the highs on the way: near thunder cracks, far thunder rumbles.
Each clap is made here from some dozen lumps of noise, each with its own arrival, strength and darkness.

Source: Ribner and Roy, Acoustics of thunder: a quasilinear model for tortuous lightning (1982).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from hausmusik.engines.procedural.grains import burst, coloured, ended, from_afar, seconds
from hausmusik.engines.procedural.parts import Bed, Part, Series
from hausmusik.engines.procedural.settings import Settings
from hausmusik.engines.procedural.spectrum import curve, levelled
from hausmusik.engines.procedural.timeline import RATE_HZ, Timeline
from hausmusik.types import FloatArray

LONGEST_S: Final = 14.0
_AIR: Final = ((30, -8), (90, 0), (300, -7), (1200, -20), (6000, -40))


def build(timeline: Timeline, settings: Settings) -> tuple[Part, ...]:
    """Return thunder for the settings nearness, interval_s, distance."""
    nearness, distance = settings.number("nearness"), settings.distance

    def clap(random: np.random.Generator, _: int) -> tuple[FloatArray, float]:
        near = float(np.clip(nearness + random.normal(0.0, 0.1), 0.0, 1.0))
        return _clap(random, near, 0.5 * distance), float(random.uniform(-0.5, 0.5))

    # At most 0.4 of the interval late: the first clap of an 18 s interval comes within 7 s.
    claps = Series(timeline, "thunder", settings.number("interval_s"), clap, longest_s=LONGEST_S, jitter=0.4)
    return Bed(timeline, "close air", levelled(curve(_AIR)) * np.float32(0.0015)), claps


def _clap(random: np.random.Generator, near: float, distance: float) -> FloatArray:
    """Return one clap, shape `(2, frames)`, its loudest moment about 1."""
    length_s = float(random.uniform(6.0, 11.0)) * (1.15 - 0.35 * near)
    frames = round((length_s + 2.0) * RATE_HZ)
    total = np.zeros((2, frames), dtype=np.float32)
    onset_s = 0.05 + (1 - near) * float(random.uniform(0.2, 1.2))
    for number in range(int(random.integers(9, 15))):
        share = 0.0 if number == 0 else float(random.beta(1.0, 1.9))
        _lump(random, total, onset_s + share * (length_s - onset_s - 1.5), share, near)
    if near > 0.45:
        _crack(random, total, onset_s, near)
    total *= _envelope(frames, length_s)
    peak = float(np.abs(total).max())
    return np.stack([ended(from_afar(channel / np.float32(peak), distance), 0.5) for channel in total])


def _lump(random: np.random.Generator, total: FloatArray, at_s: float, share: float, near: float) -> None:
    """Add one rolling lump; later ones are darker, softer and longer."""
    corner = (90.0 + 700.0 * near**2) * float(np.exp(random.normal(0.0, 0.35))) * (1.0 - 0.65 * share)
    points = ((22, -8), (45, 0), (corner, -3), (corner * 2.2, -13), (corner * 5, -30), (12_000, -75))
    rise_s = float(random.uniform(0.04, 0.25)) * (1.6 - near) + 0.15 * share
    fall_s = float(random.uniform(0.5, 1.5)) * (1.0 + share)
    frames = min(total.shape[1] - round(at_s * RATE_HZ), round((rise_s + 5 * fall_s) * RATE_HZ))
    times = seconds(frames)
    shape = np.where(times < rise_s, (times / rise_s) ** 2, np.exp(-(times - rise_s) / fall_s)).astype(np.float32)
    shape *= np.exp(0.25 * _roll(random, frames))
    loud = float(np.exp(random.normal(0.0, 0.5))) * (1.0 - 0.6 * share)
    pan = float(random.uniform(-0.5, 0.5))
    begin = round(at_s * RATE_HZ)
    middle, side = coloured(random, frames, points), coloured(random, frames, points)
    for channel, sign in enumerate((1.0, -1.0)):
        gain = np.float32(loud * (1.0 - sign * 0.5 * pan))
        total[channel, begin : begin + frames] += gain * shape * (0.85 * middle + np.float32(sign * 0.5) * side)


def _roll(random: np.random.Generator, frames: int) -> FloatArray:
    """Return a slow random swing, about 3 per second, for the rolling inside a lump."""
    knots = random.standard_normal(max(4, round(3 * frames / RATE_HZ) + 3))
    return np.interp(np.linspace(0, knots.size - 1, frames), np.arange(knots.size), knots).astype(np.float32)


def _crack(random: np.random.Generator, total: FloatArray, onset_s: float, near: float) -> None:
    """Add the tearing crack of a near stroke: dozens of sharp reports within a third of a second."""
    power = (near - 0.45) / 0.55
    for _ in range(int(12 + 40 * power)):
        at = round((onset_s + 0.34 * float(random.beta(1.0, 2.2))) * RATE_HZ)
        report = burst(
            random,
            float(random.uniform(0.003, 0.03)),
            ((60, -6), (300, 0), (1500, -2), (5000, -8), (14_000, -22)),
            attack=0.02,
        )
        pan = float(random.uniform(-0.6, 0.6))
        for channel, sign in enumerate((1.0, -1.0)):
            gain = np.float32(power * random.uniform(0.5, 2.6) * (1.0 - sign * 0.5 * pan))
            total[channel, at : at + report.size] += gain * report


def _envelope(frames: int, length_s: float) -> FloatArray:
    """Return the dying away of the whole clap."""
    times = seconds(frames)
    return np.exp(-1.6 * np.maximum(times - 0.35 * length_s, 0.0) / (0.65 * length_s) * 1.8).astype(np.float32)
