"""Rain: a bed of countless far drops and, above it, the near ones, each ringing as the surface it falls on.

The bed's spectrum, the share of single drops and their sound depend on the surface. Light rain is few drops over a thin
bed, heavy rain a bed in which drops drown. Checked against a recording of rain in a garden: octave levels within 4 dB
from 500 Hz to 8 kHz for leaves at half intensity.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec
import numpy as np

from hausmusik.engines.procedural.grains import bubble, burst, filtered, from_afar, padded_sum, peaked, ringing
from hausmusik.engines.procedural.parts import Bed, Part, Shower
from hausmusik.engines.procedural.settings import Settings
from hausmusik.engines.procedural.spectrum import Points, air, curve, levelled
from hausmusik.engines.procedural.timeline import Cell, Timeline, Wander
from hausmusik.types import FloatArray

Drop = Callable[[np.random.Generator], FloatArray]
_BANK: Final = 160
_LEAN_DB: Final = 4.5
"""Decibels per octave by which the smallest rain would be brighter than a cloudburst."""


class Surface(msgspec.Struct, frozen=True):
    """What the rain falls on.

    Args:
        bed: Spectrum of the many.
        drop: Makes one near drop with a peak of about 1.
        drop_db: Level of the drops against the bed at half intensity.
        rate_hz: Near drops per second in the heaviest rain.
        extra: A second, rarer kind of drop (drips from leaves, gutters), or None.
        extra_hz: Of those, per second.
    """

    bed: Points
    drop: Drop
    drop_db: float
    rate_hz: float
    extra: Drop | None = None
    extra_hz: float = 0.0


def _leaf(random: np.random.Generator) -> FloatArray:
    """A pat: soft noise around 1.5 to 5 kHz, and the leaf's short, dull answer."""
    centre = float(random.uniform(1300, 4200))
    pat = burst(random, random.uniform(0.003, 0.012), ((centre / 5, -26), (centre, 0), (centre * 3, -11), (16000, -28)))
    knock = ringing([(float(random.uniform(350, 1300)), float(random.uniform(0.002, 0.006)), 1.0)])
    return padded_sum(pat, float(random.uniform(0.1, 0.5)) * peaked(knock))


def _drip(random: np.random.Generator) -> FloatArray:
    """A big drop from a leaf onto wet ground: a low pat and sometimes a bubble."""
    pat = burst(random, random.uniform(0.008, 0.02), ((200, -6), (600, 0), (2200, -6), (9000, -24)))
    drop = bubble(float(random.uniform(900, 2200)), rise=0.15, decay_s=float(random.uniform(0.006, 0.015)))
    return padded_sum(pat, 0.5 * peaked(drop) if random.random() < 0.4 else np.zeros(1, dtype=np.float32))


def _tin(random: np.random.Generator) -> FloatArray:
    """A tick on sheet metal: several modes that do not fit each other."""
    root = float(random.uniform(380, 1150))
    ratios = (1.0, 1.58, 2.24, 2.92, 4.1, 5.9)
    modes = [
        (root * ratio * float(random.uniform(0.97, 1.03)), float(random.uniform(0.008, 0.04)) / ratio**0.5, ratio**-0.6)
        for ratio in ratios
    ]
    hit = burst(random, 0.002, ((800, -10), (3500, 0), (10000, -2), (16000, -10)))
    return padded_sum(peaked(ringing(modes)), 0.9 * hit)


def _pane(random: np.random.Generator) -> FloatArray:
    """A tap on glass: short, high, hard."""
    root = float(random.uniform(1100, 3600))
    modes = [(root * ratio, float(random.uniform(0.002, 0.007)), 1 / ratio) for ratio in (1.0, 1.73, 2.6)]
    return padded_sum(peaked(ringing(modes)), 0.6 * burst(random, 0.0025, ((600, -12), (2500, 0), (8000, -6))))


def _canvas(random: np.random.Generator) -> FloatArray:
    """A thump on stretched cloth, with a small tick."""
    root = float(random.uniform(140, 520))
    modes = [(root, float(random.uniform(0.008, 0.02)), 1.0), (root * 1.6, float(random.uniform(0.005, 0.012)), 0.5)]
    tick = burst(random, 0.004, ((300, -10), (1200, 0), (4000, -8), (10000, -22)))
    return padded_sum(peaked(ringing(modes, attack_s=0.001)), float(random.uniform(0.3, 0.8)) * tick)


def _brolly(random: np.random.Generator) -> FloatArray:
    """A tick on a small, tight cloth near the ear."""
    root = float(random.uniform(450, 1500))
    thump = ringing([(root, float(random.uniform(0.003, 0.009)), 1.0)], attack_s=0.0006)
    return padded_sum(peaked(thump), 0.7 * burst(random, 0.004, ((400, -12), (2200, 0), (6000, -6), (12000, -16))))


def _plop(random: np.random.Generator) -> FloatArray:
    """A drop into water: a tiny splash, then the bubble it drags down."""
    ring = bubble(
        float(random.uniform(1400, 6500)),
        rise=float(random.uniform(0.02, 0.25)),
        decay_s=float(random.uniform(0.004, 0.018)),
    )
    splash = burst(random, 0.003, ((1000, -14), (5000, 0), (12000, -3)))
    delayed = np.concatenate([np.zeros(round(48 * random.uniform(1, 12)), dtype=np.float32), peaked(ring)])
    return padded_sum(0.35 * splash, delayed)


def _splat(random: np.random.Generator) -> FloatArray:
    """A drop bursting on stone: a short, bright hiss."""
    return burst(random, random.uniform(0.0015, 0.007), ((700, -14), (3500, 0), (8000, -2), (14000, -10)), attack=0.02)


_LEAVES: Final = (
    (30, -13),
    (60, -12),
    (250, -15),
    (600, -8),
    (1200, -2),
    (2200, 0),
    (4500, -2),
    (9000, -6),
    (16000, -15),
)
_TIN: Final = ((40, -24), (150, -16), (400, -5), (900, 0), (2200, -2), (5000, -5), (10000, -10), (16000, -18))
_GLASS: Final = ((40, -12), (150, -7), (400, -1), (900, 0), (1800, -8), (4000, -17), (10000, -30))
_CLOTH: Final = ((40, -14), (120, -4), (260, 0), (600, -4), (1500, -10), (4000, -18), (10000, -28))
_TIGHT: Final = ((60, -20), (200, -9), (600, -1), (1400, 0), (3500, -6), (8000, -14), (16000, -25))
_WATER: Final = ((60, -26), (300, -16), (1000, -8), (2500, -2), (5000, 0), (9000, -2), (14000, -5), (19000, -14))
_STONE: Final = ((40, -18), (150, -16), (500, -9), (1500, -3), (3500, 0), (6500, -3), (11000, -10), (18000, -20))

SURFACES: Final[Mapping[str, Surface]] = MappingProxyType(
    {
        "leaves": Surface(_LEAVES, _leaf, 9.0, 640, _drip, 2.5),
        "roof": Surface(_TIN, _tin, 6.0, 420),
        "window": Surface(_GLASS, _pane, 12.0, 160, _drip, 1.0),
        "tent": Surface(_CLOTH, _canvas, 6.0, 300),
        "umbrella": Surface(_TIGHT, _brolly, 7.0, 300),
        "water": Surface(_WATER, _plop, 6.0, 560),
        "street": Surface(_STONE, _splat, 10.0, 640, _drip, 1.5),
    }
)


def build(timeline: Timeline, settings: Settings) -> tuple[Part, ...]:
    """Return rain for the settings intensity, surface, unsteadiness, distance."""
    intensity, distance = settings.number("intensity"), settings.distance
    surface = settings.choice("surface", SURFACES)
    ebb = Wander(timeline, "rain ebb", 4.0)
    swing = 0.55 * settings.number("unsteadiness")

    def density(cell: Cell) -> float:
        return float(np.exp(swing * ebb.at(cell.middle_s)))

    shape = levelled(curve(surface.bed) * curve(_lean(intensity)) * air(distance))
    bed_gain = 0.03 + 0.97 * intensity**1.1
    rate = surface.rate_hz * (0.02 + 0.98 * intensity**1.2) * (1 - 0.7 * distance)
    # Near drops stand out in light rain and drown in heavy rain.
    loudness = 10 ** (surface.drop_db / 20) * (1.6 - 0.8 * intensity) * max(0.2, bed_gain) ** 0.6 * (1 - 0.6 * distance)
    parts: list[Part] = [
        Bed(timeline, "rain bed", lambda cell: shape * np.float32(bed_gain * density(cell) ** 0.5)),
        Shower(
            timeline,
            "drops",
            _bank(timeline, "drops", surface.drop, distance, _lean(intensity)),
            rate_hz=lambda cell: rate * density(cell),
            gain=lambda random, count: loudness * _sizes(random, count),
        ),
    ]
    if surface.extra is not None:
        parts.append(
            Shower(
                timeline,
                "drips",
                _bank(timeline, "drips", surface.extra, distance),
                rate_hz=surface.extra_hz * (0.4 + intensity),
                gain=lambda random, count: 1.1 * loudness * _sizes(random, count),
                spread=0.7,
            )
        )
    return tuple(parts)


def _lean(intensity: float) -> Points:
    """Return how rain leans: small drops hiss and have no body, heavy rain has splashes down to 200 Hz."""
    step = _LEAN_DB * (0.5 - intensity)
    return tuple((hertz, step * math.log2(hertz / 2500.0)) for hertz in (150.0, 2500.0, 12_000.0))


def _sizes(random: np.random.Generator, count: int) -> np.ndarray:
    """Return amplitudes of drops: log-normal, one in fifty is six times as loud as most, none more than ten times."""
    return np.minimum(np.exp(0.85 * random.standard_normal(count) - 0.9), 4.0)


def _bank(timeline: Timeline, name: str, make: Drop, distance: float, lean: Points = ()) -> list[FloatArray]:
    random = timeline.generator(f"{name} bank", 0)
    drops = [from_afar(make(random), distance) for _ in range(_BANK)]
    return [peaked(filtered(drop, lean)) for drop in drops] if lean else drops
