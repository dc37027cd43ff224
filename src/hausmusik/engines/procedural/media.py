"""The noises of machines that play and of none at all: vinyl, tape, white, pink and brown noise.

A record ticks once per turn (33 1/3 per minute) where it is scratched, crackles with dust and rumbles with its bearing.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from hausmusik.engines.procedural.grains import burst, from_afar, padded_sum, peaked, ringing
from hausmusik.engines.procedural.parts import Bed, Part, Series, Shower
from hausmusik.engines.procedural.settings import Settings
from hausmusik.engines.procedural.spectrum import Points, air, curve, levelled
from hausmusik.engines.procedural.timeline import Timeline, Wander
from hausmusik.types import FloatArray

_TURN_S: Final = 1.8
_SURFACE: Final = ((40, -4), (120, -8), (400, -12), (1500, -10), (4000, -8), (9000, -12), (16_000, -20))
_RUMBLE: Final = ((22, -6), (35, 0), (70, -6), (150, -20), (600, -50))
_HISS: Final = ((60, -22), (400, -14), (1500, -6), (5000, 0), (11_000, 1), (16_000, -3), (20_000, -12))
_STATIC: Final = ((200, -16), (700, -2), (1800, 0), (3200, -3), (4800, -18), (9000, -40))

COLOURS: Final[Mapping[str, Points]] = MappingProxyType(
    {
        "white": ((20, 0), (20_000, 0)),
        "pink": ((20, 17), (20_000, -13)),
        "brown": ((20, 34), (20_000, -26)),
    }
)


def vinyl(timeline: Timeline, settings: Settings) -> tuple[Part, ...]:
    """Return the noises of a record for the settings wear, distance."""
    wear, distance = settings.number("wear"), settings.distance
    random = timeline.generator("dust", 0)
    bank = [from_afar(_tick(random), distance) for _ in range(128)]
    scratches = int(1 + 5 * wear)
    surface = levelled(curve(_SURFACE)) * np.float32(0.05 + 0.06 * wear)
    bed = np.sqrt(surface**2 + np.square(levelled(curve(_RUMBLE)) * np.float32(0.05))) * air(distance)
    dirt = Wander(timeline, "dirt", 2.3)

    def gain(random: np.random.Generator, count: int) -> np.ndarray:
        return np.minimum((0.06 + 0.1 * wear) / np.maximum(random.random(count), 1e-3), 1.5)

    parts: list[Part] = [
        Bed(timeline, "groove", bed, width=0.7),
        Shower(
            timeline,
            "dust",
            bank,
            rate_hz=lambda cell: (6.0 + 60.0 * wear) * float(np.exp(0.5 * dirt.at(cell.start_s))),
            gain=gain,
            spread=0.8,
        ),
    ]
    levels = 0.3 + 0.8 * wear * random.random(scratches)
    parts.extend(_scratch(timeline, number, bank[number], float(levels[number])) for number in range(scratches))
    return tuple(parts)


def _tick(random: np.random.Generator) -> FloatArray:
    """A speck of dust under the needle."""
    click = burst(
        random, float(random.uniform(0.0003, 0.002)), ((300, -8), (2500, 0), (9000, -5), (16_000, -16)), attack=0.02
    )
    arm = ringing([(float(random.uniform(500, 1600)), 0.0012, 1.0)], attack_s=0.0001)
    return peaked(padded_sum(click, 0.4 * peaked(arm)))


def _scratch(timeline: Timeline, number: int, tick: FloatArray, level: float) -> Series:
    """A scratch across the groove: the same tick once per turn, for as long as it lies there."""
    silence_s = number * _TURN_S / 7.3

    def pass_by(random: np.random.Generator, _: int) -> tuple[FloatArray, float]:
        late = np.zeros(round(48_000 * silence_s), dtype=np.float32)
        return np.concatenate([late, tick * np.float32(level * random.uniform(0.4, 1.0))]), 0.1

    return Series(timeline, f"scratch {number}", _TURN_S, pass_by, longest_s=silence_s + 0.1)


def tape(timeline: Timeline, settings: Settings) -> tuple[Part, ...]:
    """Return tape hiss, with more wear a radio between stations, for the settings wear, distance."""
    wear, distance = settings.number("wear"), settings.distance
    flutter = Wander(timeline, "flutter", 0.35)
    hiss = np.sqrt(
        np.square(levelled(curve(_HISS)) * np.float32(0.1))
        + np.square(levelled(curve(_STATIC)) * np.float32(0.12 * wear**3))
    )

    def wavering(start: int, frames: int) -> FloatArray:
        return np.exp(np.float32(0.02 + 0.14 * wear**2) * flutter.over(start, frames))

    return (Bed(timeline, "hiss", hiss * air(distance), swell=wavering, width=1.0),)


def noise(timeline: Timeline, settings: Settings) -> tuple[Part, ...]:
    """Return steady noise for the settings colour (power falling by 0, 3 or 6 dB per octave), distance."""
    bed = levelled(curve(settings.choice("colour", COLOURS)) * air(settings.distance)) * np.float32(0.1)
    return (Bed(timeline, "noise", bed, width=1.0),)
