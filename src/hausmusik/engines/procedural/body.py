"""A heartbeat and footsteps.

The heart says lub and dub: two low thumps, the second shorter and higher, a third of a beat apart. A step is a heel and
a toe; on hard ground a knock, on loose ground hundreds of grains that give way under the weight.

Source: Cook, Modeling Bill's gait: analysis and parametric synthesis of walking sounds (2002), for steps as grains.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from hausmusik.engines.procedural.grains import burst, ended, from_afar, padded_sum, peaked, ringing, seconds
from hausmusik.engines.procedural.parts import Bed, Part, Series
from hausmusik.engines.procedural.settings import Settings
from hausmusik.engines.procedural.spectrum import Points, air, curve, levelled
from hausmusik.engines.procedural.timeline import RATE_HZ, Timeline
from hausmusik.types import FloatArray

Touch = Callable[[np.random.Generator, float], FloatArray]
_BODY: Final = ((20, -10), (45, 0), (90, -4), (200, -16), (600, -36), (4000, -70))


def heartbeat(timeline: Timeline, settings: Settings) -> tuple[Part, ...]:
    """Return a heartbeat for the settings rate_bpm, distance."""
    beat_s, distance = 60.0 / settings.number("rate_bpm"), settings.distance

    def beat(random: np.random.Generator, _: int) -> tuple[FloatArray, float]:
        first, second = _thump(random, 47.0, 0.075, 1.0), _thump(random, 62.0, 0.05, 0.6)
        late = np.zeros(round(RATE_HZ * min(0.33, 0.36 * beat_s) * random.uniform(0.98, 1.02)), dtype=np.float32)
        return from_afar(padded_sum(first, np.concatenate([late, second])), distance), 0.0

    blood = levelled(curve(_BODY)) * air(distance) * np.float32(0.008)
    return Bed(timeline, "blood", blood, width=0.3), Series(timeline, "beat", beat_s, beat, longest_s=0.9, jitter=0.025)


def _thump(random: np.random.Generator, hertz: float, decay_s: float, level: float) -> FloatArray:
    """A thump whose pitch falls, with the dull noise of tissue."""
    times = seconds(round(6 * decay_s * RATE_HZ))
    pitch = hertz * (1 + 0.7 * np.exp(-times / 0.018)) * float(random.uniform(0.97, 1.03))
    tone = np.sin(2 * np.pi * np.cumsum(pitch) / RATE_HZ) * np.exp(-times / decay_s) * np.minimum(times / 0.008, 1)
    flesh = burst(random, 2.5 * decay_s, ((40, -6), (90, 0), (200, -3), (450, -16), (1500, -40)), attack=0.12)
    return np.float32(level * random.uniform(0.9, 1.05)) * padded_sum(ended(tone.astype(np.float32), 0.03), 0.7 * flesh)


def footsteps(timeline: Timeline, settings: Settings) -> tuple[Part, ...]:
    """Return footsteps for the settings pace_hz, surface, weight, distance."""
    pace, weight, distance = settings.number("pace_hz"), settings.number("weight"), settings.distance
    touch = settings.choice("surface", SURFACES)
    running = pace > 2.5

    def step(random: np.random.Generator, index: int) -> tuple[FloatArray, float]:
        heel, toe = touch(random, weight), touch(random, 0.55 * weight)
        late = np.zeros(round(RATE_HZ * (0.03 if running else 0.13) * random.uniform(0.8, 1.2)), dtype=np.float32)
        event = padded_sum(heel, np.float32(random.uniform(0.35, 0.7)) * np.concatenate([late, toe]))
        side = 0.12 if index % 2 else -0.12
        return from_afar(event, distance) * np.float32(0.7 * random.uniform(0.8, 1.1)), side

    hush = levelled(curve(((40, -4), (120, 0), (500, -10), (3000, -26), (10_000, -44)))) * air(distance)
    return (
        Bed(timeline, "open air", hush * np.float32(0.003)),
        Series(timeline, "step", 1.0 / pace, step, longest_s=0.9, jitter=0.06),
    )


def _grains(
    random: np.random.Generator, count: float, length_s: float, points: Points, *, shortest_s: float, longest_s: float
) -> FloatArray:
    """Return small bursts crowded at the beginning of a step."""
    whole = np.zeros(round((length_s + longest_s) * RATE_HZ) + 64, dtype=np.float32)
    for _ in range(max(3, int(random.poisson(count)))):
        at = int(length_s * RATE_HZ * float(random.beta(1.4, 2.6)))
        grain = burst(random, float(random.uniform(shortest_s, longest_s)), points, attack=0.1)
        level = np.float32(min(1.0, 0.12 / max(float(random.random()), 0.02)))
        whole[at : at + grain.size] += level * grain
    return ended(whole)


def _thud(random: np.random.Generator, hertz: float, decay_s: float) -> FloatArray:
    modes = [(hertz * float(random.uniform(0.9, 1.1)), decay_s, 1.0), (2.3 * hertz, 0.5 * decay_s, 0.35)]
    return peaked(ringing(modes, attack_s=0.002))


def _gravel(random: np.random.Generator, weight: float) -> FloatArray:
    points = ((400, -22), (1300, -4), (2600, 0), (5500, -5), (11_000, -16))
    stones = _grains(random, 26 + 50 * weight, 0.22, points, shortest_s=0.002, longest_s=0.012)
    return padded_sum(0.75 * stones, np.float32(0.25 + 0.3 * weight) * _thud(random, 95, 0.02))


def _wood(random: np.random.Generator, weight: float) -> FloatArray:
    root = float(random.uniform(105, 165))
    modes = [(root, 0.05, 1.0), (root * 2.1, 0.035, 0.55), (root * 3.6, 0.022, 0.35), (root * 6.3, 0.01, 0.2)]
    click = burst(random, 0.006, ((300, -6), (1200, 0), (4000, -10), (10_000, -26)), attack=0.05)
    return padded_sum(np.float32(0.6 + 0.5 * weight) * peaked(ringing(modes, attack_s=0.0015)), 0.35 * click)


def _stone(random: np.random.Generator, weight: float) -> FloatArray:
    click = burst(random, 0.009, ((250, -10), (900, -2), (2200, 0), (5000, -6), (12_000, -18)), attack=0.03)
    scuff = burst(random, 0.06, ((800, -16), (3000, 0), (7000, -4), (14_000, -16)), attack=0.3)
    return padded_sum(0.8 * click, np.float32(0.3 + 0.4 * weight) * _thud(random, 140, 0.012), 0.08 * scuff)


def _snow(random: np.random.Generator, weight: float) -> FloatArray:
    points = ((120, -10), (350, -2), (900, 0), (2200, -5), (6000, -14), (12_000, -26))
    crunch = _grains(random, 60 + 70 * weight, 0.3, points, shortest_s=0.006, longest_s=0.03)
    return padded_sum(0.6 * crunch, np.float32(0.2 + 0.25 * weight) * _thud(random, 70, 0.03))


def _grass(random: np.random.Generator, weight: float) -> FloatArray:
    swish = burst(random, 0.2, ((300, -14), (1500, -5), (4500, 0), (9000, -3), (16_000, -14)), attack=0.35)
    blades = _grains(random, 18, 0.2, ((1500, -12), (5000, 0), (12_000, -6)), shortest_s=0.003, longest_s=0.015)
    return padded_sum(0.35 * swish, 0.3 * blades, np.float32(0.25 + 0.3 * weight) * _thud(random, 80, 0.025))


def _litter(random: np.random.Generator, weight: float) -> FloatArray:
    points = ((700, -16), (2500, -2), (5000, 0), (10_000, -5), (17_000, -18))
    crackle = _grains(random, 40 + 40 * weight, 0.28, points, shortest_s=0.001, longest_s=0.01)
    return padded_sum(0.8 * crackle, np.float32(0.15 + 0.2 * weight) * _thud(random, 85, 0.02))


def _sand(random: np.random.Generator, weight: float) -> FloatArray:
    slide = burst(random, 0.26, ((200, -12), (700, -3), (2200, 0), (6000, -6), (13_000, -18)), attack=0.3)
    return padded_sum(0.4 * slide, np.float32(0.2 + 0.3 * weight) * _thud(random, 65, 0.03))


SURFACES: Final[Mapping[str, Touch]] = MappingProxyType(
    {
        "gravel": _gravel,
        "wood": _wood,
        "stone": _stone,
        "snow": _snow,
        "grass": _grass,
        "leaves": _litter,
        "sand": _sand,
    }
)
