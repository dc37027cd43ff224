"""Water that flows, drips, and closes over the ear: bubbles, and noise for those too many to tell apart.

A stream is bubbles: small ones are many and high, large ones few and low. The larger the stream, the more of them merge
into a rushing bed. A drip is one bubble in a room. Under water everything above 500 Hz is gone and bubbles are near.

Source: van den Doel, Physically based models for liquid sounds (2005): radii by a power law, pitch rising with the
decay, loudness growing with the radius.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec
import numpy as np

from hausmusik.engines.procedural.grains import Room, bubble, burst, from_afar, log_uniform, padded_sum, peaked
from hausmusik.engines.procedural.parts import Bed, Part, Series, Shower
from hausmusik.engines.procedural.settings import Settings
from hausmusik.engines.procedural.spectrum import air, curve, levelled
from hausmusik.engines.procedural.timeline import RATE_HZ, Timeline, Wander
from hausmusik.types import FloatArray

_BROOK: Final = ((150, -26), (350, -11), (700, -3), (1500, 0), (3500, -3), (7000, -6), (13_000, -13), (19_000, -24))
_FALLS: Final = ((40, -14), (120, -5), (350, 0), (900, -2), (2500, -5), (6000, -9), (12_000, -16), (19_000, -27))
_DEEP: Final = ((22, -10), (45, -2), (90, 0), (180, -5), (400, -16), (900, -32), (3000, -60))


def stream(timeline: Timeline, settings: Settings) -> tuple[Part, ...]:
    """Return running water for the settings size, distance."""
    size, distance = settings.number("size"), settings.distance
    far = air(distance)
    bed = np.sqrt(
        np.square(levelled(curve(_BROOK)) * np.float32(0.1 + 0.35 * size))
        + np.square(levelled(curve(_FALLS)) * np.float32(1.1 * size**2.5))
    )
    surge, ripple = Wander(timeline, "surge", 1.4), Wander(timeline, "ripple", 0.13)

    def running(start: int, frames: int) -> FloatArray:
        swing = 0.12 * surge.over(start, frames) + np.float32(0.22 - 0.12 * size) * ripple.over(start, frames)
        return np.exp(swing).astype(np.float32)

    lowest = 950.0 - 600.0 * size
    random = timeline.generator("bubble bank", 0)
    bank = [from_afar(_free_bubble(random, lowest), distance) for _ in range(256)]
    rate = 45.0 + 520.0 * min(size, 0.7)
    return (
        Bed(timeline, "stream", bed * far, swell=running, width=0.9),
        Shower(
            timeline,
            "bubbles",
            bank,
            rate_hz=lambda cell: rate * float(np.exp(0.5 * surge.at(cell.start_s))),
            gain=lambda random, count: 0.55 * np.exp(0.7 * random.standard_normal(count) - 0.4),
            spread=0.85,
        ),
    )


def _free_bubble(random: np.random.Generator, lowest_hz: float) -> FloatArray:
    """A bubble of random size: large ones are a little more common, louder, and ring longer."""
    hertz = lowest_hz * (7500.0 / lowest_hz) ** float(random.beta(1.0, 1.25))
    rise = float(np.abs(random.normal(0.0, 0.12)))
    return bubble(hertz, rise=rise) * np.float32((lowest_hz / hertz) ** 0.2)


class Space(msgspec.Struct, frozen=True):
    """Where it drips: the room's reverberation and what the drop falls into."""

    decay_s: float
    wet: float
    early_s: float
    low_hz: float
    high_hz: float


SPACES: Final[Mapping[str, Space]] = MappingProxyType(
    {
        "sink": Space(0.45, 0.10, 0.008, 900.0, 1900.0),
        "bathroom": Space(1.1, 0.22, 0.012, 800.0, 1700.0),
        "cave": Space(3.2, 0.55, 0.035, 650.0, 1900.0),
    }
)


def drips(timeline: Timeline, settings: Settings) -> tuple[Part, ...]:
    """Return dripping water for the settings rate_hz, space, distance."""
    space, distance, rate = settings.choice("space", SPACES), settings.distance, settings.number("rate_hz")
    scene = timeline.generator("drip places", 0)
    places = scene.uniform(size=(5, 2))
    room = Room(scene, decay_s=space.decay_s, wet=space.wet, early_s=space.early_s)

    def drip(random: np.random.Generator, _: int) -> tuple[FloatArray, float]:
        spot = places[int(random.integers(len(places)))]
        hertz = space.low_hz + (space.high_hz - space.low_hz) * float(spot[0]) * float(random.uniform(0.92, 1.08))
        tick = burst(random, 0.002, ((800, -12), (4000, 0), (12_000, -6)))
        ring = bubble(hertz, rise=float(random.uniform(0.08, 0.3)), decay_s=float(random.uniform(0.012, 0.03)))
        late = np.zeros(round(RATE_HZ * random.uniform(0.004, 0.018)), dtype=np.float32)
        event = from_afar(padded_sum(0.3 * tick, np.concatenate([late, peaked(ring)])), distance)
        return room.answer(event) * np.float32(random.uniform(0.3, 0.8)), float(1.4 * spot[1] - 0.7)

    quiet = levelled(curve(((30, -6), (90, 0), (300, -9), (1500, -24), (8000, -40)))) * np.float32(0.0015)
    jitter = 0.25 if space.decay_s < 1 else 1.0
    longest_s = space.decay_s + 0.4
    return (
        Bed(timeline, "still air", quiet),
        Series(timeline, "drip", 1.0 / rate, drip, longest_s=longest_s, jitter=jitter),
    )


def underwater(timeline: Timeline, settings: Settings) -> tuple[Part, ...]:
    """Return the sound under water for the settings depth, bubbles, distance."""
    depth, bubbles, distance = settings.number("depth"), settings.number("bubbles"), settings.distance
    sway, pressure = Wander(timeline, "sway", 2.2), Wander(timeline, "pressure", 0.5)
    lid = curve(((30, 0), (200, 0), (500 - 200 * depth, -5), (1800 - 900 * depth, -24), (6000, -60)))

    def swaying(start: int, frames: int) -> FloatArray:
        return np.exp(0.28 * sway.over(start, frames) + 0.08 * pressure.over(start, frames)).astype(np.float32)

    def breath(random: np.random.Generator, _: int) -> tuple[FloatArray, float]:
        """A cluster of rising bubbles, as from a diver's valve."""
        frames = round(RATE_HZ * random.uniform(0.7, 1.8))
        whole = np.zeros(frames + RATE_HZ // 2, dtype=np.float32)
        for _each in range(int(random.poisson(10 + 34 * bubbles))):
            hertz = log_uniform(random, 160, 1100)
            one = bubble(hertz, rise=float(random.uniform(0.1, 0.5)), decay_s=float(random.uniform(0.015, 0.05)))
            at = int(frames * random.beta(1.3, 2.0))
            one = peaked(one)[: whole.size - at] * np.float32((160 / hertz) ** 0.5 * random.uniform(0.15, 0.5))
            whole[at : at + one.size] += one
        return from_afar(whole, 0.25 + 0.3 * distance), float(random.uniform(-0.6, 0.6))

    bed = levelled(levelled(curve(_DEEP)) * air(distance) * lid) * np.float32(0.3)
    parts: list[Part] = [Bed(timeline, "depths", bed, swell=swaying, width=0.6)]
    if bubbles > 0.02:
        parts.append(Series(timeline, "breath", 6.0 - 3.5 * bubbles, breath, longest_s=2.4, jitter=0.7))
    return tuple(parts)
