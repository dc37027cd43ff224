"""Fire: a low rumble that flickers, a breathing hiss, and crackles whose sizes follow a power law.

Crackles come in clusters (a splitting log sends several), most of them tiny and a few loud, as measured of burning
wood and crumpling paper. A loud one is a snap with a woody knock. In a fireplace the chimney resonates.

Source: Kuntz and Sethna, Noise in disordered systems: crackling (2000), for the power law (energies with exponent 1.5).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec
import numpy as np

from hausmusik.engines.procedural.grains import Room, burst, from_afar, log_uniform, padded_sum, peaked, ringing
from hausmusik.engines.procedural.parts import Bed, Part, Series, Shower
from hausmusik.engines.procedural.settings import Settings
from hausmusik.engines.procedural.spectrum import air, band, curve, levelled
from hausmusik.engines.procedural.timeline import RATE_HZ, Timeline, Wander
from hausmusik.types import FloatArray

_RUMBLE: Final = ((25, -6), (45, 0), (80, -2), (150, -10), (350, -20), (1000, -34), (5000, -60))
_ROARING: Final = ((30, -6), (90, 0), (220, -3), (500, -9), (1200, -18), (4000, -34))
_BREATH: Final = ((150, -16), (400, -4), (900, 0), (2200, -4), (5000, -10), (9000, -17), (15_000, -30))


class Hearth(msgspec.Struct, frozen=True):
    """Where it burns: whether a room answers, and how strongly the chimney booms."""

    room: bool
    boom: float


PLACES: Final[Mapping[str, Hearth]] = MappingProxyType(
    {"outdoors": Hearth(room=False, boom=0.0), "room": Hearth(room=True, boom=0.35)}
)


def build(timeline: Timeline, settings: Settings) -> tuple[Part, ...]:
    """Return a fire for the settings size, crackle, place, distance."""
    size, crackle, distance = settings.number("size"), settings.number("crackle"), settings.distance
    hearth, far = settings.choice("place", PLACES), air(distance)
    flicker = Wander(timeline, "flicker", 0.11)
    slow = Wander(timeline, "burning", 3.0)
    gusts = Wander(timeline, "draught", 0.7)

    def flickering(start: int, frames: int) -> FloatArray:
        swing = 0.36 * flicker.over(start, frames) + 0.16 * gusts.over(start, frames)
        return np.exp(np.float32(0.4 + 0.5 * size) * swing).astype(np.float32)

    rumble = levelled(curve(_RUMBLE)) * far * np.float32(0.02 + 0.095 * size)
    roaring = levelled(curve(_ROARING)) * far * np.float32(0.55 * size**2.6)
    boom = levelled(band(118.0, 0.22)) * far * np.float32(0.2 * hearth.boom * (0.3 + size))
    breath = levelled(curve(_BREATH)) * far * np.float32(0.012 + 0.16 * size**1.6)
    body = np.sqrt(rumble**2 + roaring**2 + boom**2)
    parts: list[Part] = [
        Bed(timeline, "fire body", body, swell=flickering, width=0.85),
        Bed(
            timeline,
            "fire breath",
            lambda cell: breath * np.float32(np.exp(0.3 * slow.at(cell.middle_s))),
            swell=flickering,
            width=1.0,
        ),
    ]
    if crackle > 0:
        parts.extend(_crackles(timeline, slow, crackle, size, hearth, distance))
        parts.append(_hisses(timeline, size, distance))
    return tuple(parts)


def _crackles(
    timeline: Timeline, slow: Wander, crackle: float, size: float, hearth: Hearth, distance: float
) -> list[Part]:
    """Return single ticks, and logs that split: clusters of snaps with a knock."""
    random = timeline.generator("crackle bank", 0)
    ticks = [from_afar(_tick(random), distance) for _ in range(192)]
    room = Room(random, decay_s=0.35, wet=0.12, early_s=0.006)
    rate = (6.0 + 48.0 * crackle) * (0.6 + 0.8 * size)

    def split(random: np.random.Generator, _: int) -> tuple[FloatArray, float]:
        event = from_afar(_splitting(random, crackle), distance)
        if hearth.room:
            event = room.answer(event)
        return event * np.float32((0.6 + 0.6 * crackle) * (1.0 + 0.9 * size**2)), float(random.uniform(-0.7, 0.7))

    return [
        Shower(
            timeline,
            "crackles",
            ticks,
            rate_hz=lambda cell: rate * float(np.exp(0.7 * slow.at(cell.start_s))),
            gain=lambda random, count: (0.7 + 1.1 * crackle) * (1.0 + 1.6 * size**2) * _power_law(random, count),
            spread=0.9,
        ),
        Series(timeline, "splits", 2.6 - 1.7 * crackle, split, longest_s=1.2, jitter=1.0),
    ]


def _power_law(random: np.random.Generator, count: int) -> np.ndarray:
    """Return amplitudes up to 1.3 whose energies are distributed as E**-1.5: a tenth as loud is ten times as common."""
    return np.minimum(0.06 / np.maximum(random.random(count), 1e-4), 1.3)


def _tick(random: np.random.Generator) -> FloatArray:
    """One crackle: a click of 0.3 to 3 ms with its own colour."""
    centre = log_uniform(random, 900, 7500)
    click = burst(
        random,
        float(random.uniform(0.0006, 0.004)),
        ((centre / 6, -18), (centre, 0), (centre * 2.5, -9), (20_000, -24)),
        attack=0.03,
    )
    wood = ringing([(float(random.uniform(350, 1400)), float(random.uniform(0.001, 0.004)), 1.0)], attack_s=0.0002)
    return peaked(padded_sum(click, float(random.uniform(0.0, 0.5)) * peaked(wood)))


def _splitting(random: np.random.Generator, crackle: float) -> FloatArray:
    """A log that splits: a snap, a knock, and a handful of crackles after it."""
    frames = round(0.9 * RATE_HZ)
    whole = np.zeros(frames, dtype=np.float32)
    snap = burst(
        random, float(random.uniform(0.004, 0.014)), ((250, -8), (1800, 0), (6000, -4), (14_000, -12)), attack=0.02
    )
    knock = ringing(
        [
            (float(random.uniform(180, 520)), float(random.uniform(0.006, 0.016)), 1.0),
            (float(random.uniform(600, 1300)), 0.005, 0.6),
        ]
    )
    first = padded_sum(snap, 0.6 * peaked(knock))
    whole[: first.size] += first * np.float32(random.uniform(0.35, 1.0))
    for _ in range(int(random.poisson(4 + 8 * crackle))):
        at = int(frames * 0.85 * random.beta(0.7, 2.2))
        tick = _tick(random)[: frames - at]
        whole[at : at + tick.size] += tick * np.float32(random.uniform(0.05, 0.45))
    return whole


def _hisses(timeline: Timeline, size: float, distance: float) -> Series:
    """Return steam escaping from wood, now and then."""

    def hiss(random: np.random.Generator, _: int) -> tuple[FloatArray, float]:
        centre = float(random.uniform(3500, 8000))
        points = ((centre / 4, -30), (centre / 1.5, -8), (centre, 0), (centre * 1.6, -8), (19_000, -26))
        event = burst(random, float(random.uniform(0.3, 1.4)), points, attack=float(random.uniform(0.2, 0.5)))
        return from_afar(event, distance) * np.float32(0.03 + 0.04 * random.random()), float(random.uniform(-0.5, 0.5))

    return Series(timeline, "hisses", 5.0 - 2.5 * size, hiss, longest_s=1.5, jitter=1.0)
