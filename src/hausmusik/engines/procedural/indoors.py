"""Rooms: their tone, fans and hum, and the clock on the wall.

A room is never silent: air moves and mains hum, mostly at twice the mains frequency. A clock is a click and what it
sits in: tick and tock differ, because the escapement strikes two sides.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec
import numpy as np

from hausmusik.engines.procedural.grains import Room, burst, from_afar, padded_sum, peaked, ringing
from hausmusik.engines.procedural.parts import Bed, Part, Series
from hausmusik.engines.procedural.settings import Settings
from hausmusik.engines.procedural.spectrum import air, band, curve, levelled
from hausmusik.engines.procedural.timeline import RATE_HZ, Timeline, Wander
from hausmusik.engines.procedural.tones import Tones
from hausmusik.types import FloatArray


def room(timeline: Timeline, settings: Settings) -> tuple[Part, ...]:
    """Return the tone of a room for the settings air, hum, mains_hz, body, distance."""
    moving, hum, body = settings.number("air"), settings.number("hum"), settings.number("body")
    distance, mains = settings.distance, settings.number("mains_hz")
    dark = curve(((22, -4), (50, 0), (120, -3), (300, -9), (800, -16), (2500, -25), (8000, -38)))
    vent = curve(((60, -12), (150, -2), (350, 0), (900, -4), (2500, -11), (7000, -21), (14_000, -34)))
    mode = 1.0 + 0.9 * band(95.0 - 45.0 * body, 0.12) + 0.6 * band(190.0 - 80.0 * body, 0.1)
    bed = levelled(dark) * mode * np.float32(0.02 + 0.05 * body) + levelled(vent) * np.float32(0.06 * moving**1.3)
    drift = Wander(timeline, "room drift", 6.0)
    far = (bed * air(distance)).astype(np.float32)

    def breathing(start: int, frames: int) -> FloatArray:
        return np.exp(np.float32(0.05) * drift.over(start, frames))

    parts: list[Part] = [Bed(timeline, "room", far, swell=breathing)]
    if hum > 0.01:
        weights = ((1, 0.35), (2, 1.0), (3, 0.2), (4, 0.45), (6, 0.22), (8, 0.1), (10, 0.05), (12, 0.03))
        lines = tuple((mains * number, 0.05 * hum * level) for number, level in weights)
        parts.append(Tones(timeline, "mains", lines, swing=0.04, width=0.15))
    return tuple(parts)


class Movement(msgspec.Struct, frozen=True):
    """A clock: modes of the tick (hertz, decay, amplitude), how far the tock is lower, its click and its case."""

    modes: tuple[tuple[float, float, float], ...]
    tock: float
    click: float
    wet: float
    swing: float


CLOCKS: Final[Mapping[str, Movement]] = MappingProxyType(
    {
        "wall": Movement(
            ((1850, 0.006, 1.0), (3400, 0.004, 0.7), (5200, 0.0025, 0.4), (720, 0.009, 0.35)), 0.9, 0.5, 0.06, 0.0
        ),
        "grandfather": Movement(
            ((420, 0.022, 1.0), (980, 0.014, 0.8), (2100, 0.007, 0.5), (165, 0.04, 0.5)), 0.82, 0.35, 0.22, 0.06
        ),
        "pocket": Movement(((4300, 0.0022, 1.0), (6800, 0.0014, 0.8), (9400, 0.001, 0.4)), 0.94, 0.6, 0.02, 0.02),
        "metronome": Movement(((1150, 0.012, 1.0), (2300, 0.008, 0.6), (480, 0.02, 0.4)), 0.97, 0.5, 0.1, 0.0),
    }
)


def clock(timeline: Timeline, settings: Settings) -> tuple[Part, ...]:
    """Return a ticking clock for the settings rate_hz, kind, distance; tick and tock come in pairs, in loops too."""
    movement, distance = settings.choice("kind", CLOCKS), settings.distance
    period_s = 2.0 / settings.number("rate_hz")
    random = timeline.generator("clock case", 0)
    tick, tock = (_strike(random, movement, lower, distance) for lower in (1.0, movement.tock))
    late = round((0.5 + 0.1 * movement.swing) * period_s * RATE_HZ)

    def turn(random: np.random.Generator, _: int) -> tuple[FloatArray, float]:
        both = np.zeros((2, late + max(tick.shape[1], tock.shape[1])), dtype=np.float32)
        both[:, : tick.shape[1]] += tick * np.float32(0.5 * random.uniform(0.92, 1.05))
        both[:, late : late + tock.shape[1]] += tock * np.float32(0.5 * random.uniform(0.92, 1.05))
        return both, 0.1

    quiet = levelled(curve(((40, 0), (150, -3), (600, -14), (3000, -30), (10_000, -46)))) * np.float32(0.0012)
    ticking = Series(timeline, "tick", period_s, turn, longest_s=0.6 * period_s + 0.8)
    return Bed(timeline, "quiet", quiet), ticking


def _strike(random: np.random.Generator, movement: Movement, lower: float, distance: float) -> FloatArray:
    """Return one strike of the escapement in its case and room, two channels."""
    modes = [(hz * lower * float(random.uniform(0.98, 1.02)), decay, level) for hz, decay, level in movement.modes]
    click = burst(random, 0.0012, ((1500, -8), (5000, 0), (12_000, -6)), attack=0.05)
    event = padded_sum(peaked(ringing(modes, attack_s=0.0002)), np.float32(movement.click) * click)
    return Room(random, decay_s=0.5, wet=movement.wet, early_s=0.007).answer(from_afar(event, distance))
