"""Wind chimes: a handful of tubes in a pentatonic tuning, struck in flurries when the wind comes.

A free tube rings in the bending modes 1 : 2.756 : 5.404 : 8.933. Metal rings for seconds, glass is high and short,
bamboo knocks.

Source: Fletcher and Rossing, The Physics of Musical Instruments (1998), section 2.16, for the modes of a free bar.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec
import numpy as np

from hausmusik.engines.procedural.grains import burst, from_afar, padded_sum, peaked, ringing
from hausmusik.engines.procedural.parts import Bed, Part, Shower
from hausmusik.engines.procedural.settings import Settings
from hausmusik.engines.procedural.spectrum import air, curve, levelled
from hausmusik.engines.procedural.timeline import Cell, Timeline, Wander
from hausmusik.types import FloatArray

_MODES: Final = ((1.0, 1.0), (2.756, 0.6), (5.404, 0.32), (8.933, 0.14))
_PENTATONIC: Final = (0, 2, 4, 7, 9, 12, 14)


class Material(msgspec.Struct, frozen=True):
    """What the tubes are made of: lowest pitch, decay of the first mode, how much faster higher modes die, knock."""

    root_hz: float
    decay_s: float
    damping: float
    knock: float


MATERIALS: Final[Mapping[str, Material]] = MappingProxyType(
    {
        "metal": Material(622.0, 1.1, 0.55, 0.12),
        "glass": Material(1480.0, 0.35, 0.8, 0.25),
        "bamboo": Material(392.0, 0.035, 0.6, 0.8),
    }
)


def build(timeline: Timeline, settings: Settings) -> tuple[Part, ...]:
    """Return wind chimes for the settings activity, material, distance."""
    activity, distance = settings.number("activity"), settings.distance
    material = settings.choice("material", MATERIALS)
    random = timeline.generator("chimes", 0)
    tubes = [material.root_hz * 2 ** (step / 12) * float(random.uniform(0.997, 1.003)) for step in _PENTATONIC]
    bank = [from_afar(_struck(random, hertz, material), distance) for hertz in tubes for _ in range(2)]
    slow, gust = Wander(timeline, "chime wind", 6.0), Wander(timeline, "chime gust", 1.3)

    def rate(cell: Cell) -> float:
        wind = 0.7 * slow.at(cell.start_s) + 0.6 * gust.at(cell.start_s)
        return 1.7 * activity * float(np.exp(1.3 * wind))

    breeze = levelled(curve(((60, -6), (150, 0), (400, -5), (1500, -18), (6000, -32)))) * air(distance)
    return (
        Bed(timeline, "breeze", breeze * np.float32(0.012), width=0.9),
        Shower(
            timeline,
            "strikes",
            bank,
            rate_hz=rate,
            gain=lambda random, count: 0.14 * np.exp(0.6 * random.standard_normal(count)),
            spread=0.55,
        ),
    )


def _struck(random: np.random.Generator, hertz: float, material: Material) -> FloatArray:
    """Return one stroke on a tube of a pitch; where it is struck decides the balance of its modes."""
    modes = [
        (hertz * ratio, material.decay_s / ratio**material.damping, level * float(random.uniform(0.5, 1.2)))
        for ratio, level in _MODES
    ]
    knock = burst(random, 0.006, ((300, -8), (1500, 0), (5000, -6), (12_000, -18)), attack=0.05)
    return padded_sum(peaked(ringing(modes, attack_s=0.0006)), np.float32(material.knock) * knock)
