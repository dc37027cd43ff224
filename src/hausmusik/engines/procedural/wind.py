"""Wind: gusts that come and go, a rushing that brightens with them, howling at edges, leaves or grass that answer.

One slow curve says how hard it blows; everything follows it. The rushing falls by about 6 dB per octave above a corner
that rises with the speed, as turbulence does. Howling is narrow bands whose pitch follows the speed (an edge tone's
frequency is proportional to it). Leaves are thousands of small touches whose number grows with the square of the speed.

Source: Strouhal's law for the pitch; Farnell, Designing Sound (2010), chapter Wind, for the idea of one driving curve.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec
import numpy as np

from hausmusik.engines.procedural.grains import burst, from_afar
from hausmusik.engines.procedural.parts import Bed, Part, Shower
from hausmusik.engines.procedural.settings import Settings
from hausmusik.engines.procedural.spectrum import Points, air, band, curve, frequencies, levelled
from hausmusik.engines.procedural.timeline import Cell, Timeline, Wander
from hausmusik.types import FloatArray


class Place(msgspec.Struct, frozen=True):
    """Where it blows.

    Args:
        rustle_db: Level of leaves or grass in a strong gust against the rushing; below -60: none.
        rustle: Spectrum of one touch.
        muffle: Filter over the rushing.
    """

    rustle_db: float
    rustle: Points
    muffle: Points


_OPEN: Final = ((20, 0.0), (20_000, 0.0))
_LEAFY: Final = ((400, -26), (1500, -8), (3500, 0), (7000, -2), (12_000, -9), (18_000, -20))
_GRASSY: Final = ((800, -30), (3000, -8), (6000, 0), (11_000, -3), (17_000, -12))
_WALLS: Final = ((40, 2), (150, 1), (500, -3), (1500, -12), (5000, -24))

PLACES: Final[Mapping[str, Place]] = MappingProxyType(
    {
        "open": Place(-99.0, _LEAFY, _OPEN),
        "trees": Place(4.0, _LEAFY, _OPEN),
        "grass": Place(0.0, _GRASSY, _OPEN),
        "house": Place(-99.0, _LEAFY, _WALLS),
    }
)


class Blowing:
    """How hard it blows at a moment, about 0 to 1.3, and the fast trembling on top.

    Args:
        timeline: Of the sound.
        strength: Mean, 0 to 1.
        gustiness: How much it changes, 0 to 1.
    """

    def __init__(self, timeline: Timeline, strength: float, gustiness: float) -> None:
        self._slow = Wander(timeline, "wind slow", 7.0)
        self._gust = Wander(timeline, "wind gust", 2.6)
        self._tremble = Wander(timeline, "wind tremble", 0.45)
        self._flutter = Wander(timeline, "wind flutter", 0.16)
        self._strength = 0.12 + 0.88 * strength
        self._gustiness = gustiness

    def at(self, time_s: float) -> float:
        """Return the speed at a moment."""
        swing = 0.45 * self._slow.at(time_s) + 0.4 * self._gust.at(time_s) + 0.12 * self._tremble.at(time_s)
        return self._strength * float(np.exp(0.85 * self._gustiness * swing))

    def trembling(self, start: int, frames: int) -> FloatArray:
        """Return the gain of the turbulence, faster than a cell."""
        swing = 0.5 * self._tremble.over(start, frames) + 0.35 * self._flutter.over(start, frames)
        return np.exp(np.float32(0.12 + 0.25 * self._gustiness) * swing).astype(np.float32)


def build(timeline: Timeline, settings: Settings) -> tuple[Part, ...]:
    """Return wind for the settings strength, gustiness, howl, place, distance."""
    place, distance = settings.choice("place", PLACES), settings.distance
    blowing = Blowing(timeline, settings.number("strength"), settings.number("gustiness"))
    through = curve(place.muffle) * air(distance)
    hiss_level = 0.035 if place.rustle_db <= -60 else 0.02
    hiss = levelled(curve(((300, -30), (1200, -8), (4000, 0), (9000, -4), (16_000, -12)))) * through
    base = curve(((20, -26), (45, -9), (90, -2), (180, 0), (400, -3), (20_000, -4)))

    def rushing(cell: Cell) -> FloatArray:
        speed = blowing.at(cell.middle_s)
        corner = 130.0 + 420.0 * speed
        shape = base / np.sqrt(1.0 + (frequencies() / corner) ** 2.4)
        rushes = levelled(shape.astype(np.float32)) * through * np.float32(0.5 * speed**1.5)
        return (rushes + hiss * np.float32(hiss_level * speed**2)).astype(np.float32)

    parts: list[Part] = [Bed(timeline, "wind", rushing, swell=blowing.trembling, width=0.9)]
    parts.extend(_howl(timeline, blowing, settings.number("howl"), through))
    if place.rustle_db > -60:
        parts.append(_rustle(timeline, blowing, place, distance))
    return tuple(parts)


def _howl(timeline: Timeline, blowing: Blowing, howl: float, through: FloatArray) -> list[Part]:
    """Return two whistling edges, each with its own pitch; they set in above half of the strength."""
    if howl <= 0.02:
        return []

    def edge(number: int, low_hz: float, sharp: float) -> Bed:
        drift = Wander(timeline, f"howl {number}", 1.7)

        def shape(cell: Cell) -> FloatArray:
            speed = blowing.at(cell.middle_s)
            pitch = low_hz * (0.62 + 0.55 * speed) * 2 ** (0.09 * drift.at(cell.middle_s))
            level = howl * max(0.0, speed - 0.22) ** 1.4 * (1.0 - 0.35 * number)
            tone = levelled(band(pitch, sharp)) + np.float32(0.3) * levelled(band(2.02 * pitch, sharp))
            breath = np.float32(0.35) * levelled(band(pitch, 0.35))
            return ((tone + breath) * through * np.float32(0.5 * level)).astype(np.float32)

        return Bed(timeline, f"howl {number}", shape, swell=blowing.trembling, width=0.45)

    return [edge(0, 420.0, 0.035), edge(1, 690.0, 0.028)]


def _rustle(timeline: Timeline, blowing: Blowing, place: Place, distance: float) -> Shower:
    """Return leaves or blades touching each other."""
    random = timeline.generator("rustle bank", 0)
    bank = [
        from_afar(burst(random, random.uniform(0.004, 0.03), place.rustle, attack=0.2), distance) for _ in range(96)
    ]
    level = 0.16 * 10 ** (place.rustle_db / 20)

    def rate(cell: Cell) -> float:
        return 1100.0 * min(2.4, blowing.at(cell.middle_s) ** 3.4)  # leaves hang still until a gust takes them all

    return Shower(
        timeline,
        "rustle",
        bank,
        rate_hz=rate,
        gain=lambda random, count: level * np.exp(0.7 * random.standard_normal(count) - 0.25),
        spread=1.0,
    )
