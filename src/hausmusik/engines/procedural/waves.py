"""Waves on a shore: each one swells, breaks, runs up and draws back, and no two are alike.

A wave is four sounds in turn, each a noise with its own spectrum: the rumble of the swell, the crash of the breaking
(broad, fast), the wash running up (brighter, slower), the water drawing back (thin and high; shingle rattles). So the
spectrum tilts over with every wave. Under it lies the roar of all the waves further along. Periods are 4 to 12 s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec
import numpy as np

from hausmusik.engines.procedural.grains import bubble, burst, from_afar, padded_sum, peaked, ringing
from hausmusik.engines.procedural.parts import Bed, Part, Shower
from hausmusik.engines.procedural.settings import Settings
from hausmusik.engines.procedural.spectrum import Points, air, curve, levelled
from hausmusik.engines.procedural.timeline import RATE_HZ, Cell, Timeline, Wander
from hausmusik.types import FloatArray

_SWELL: Final = ((25, -18), (50, -6), (90, 0), (200, -2), (450, -10), (1200, -24), (6000, -55))
_CRASH: Final = ((40, -12), (120, -4), (350, 0), (900, -2), (2200, -6), (5000, -13), (10_000, -21), (18_000, -32))
_WASH: Final = ((150, -18), (500, -7), (1200, -1), (2600, 0), (5500, -4), (9000, -9), (14_000, -17), (19_000, -28))
_DRAW: Final = ((400, -26), (1500, -9), (3500, -1), (6500, 0), (11_000, -5), (17_000, -16))
_ROAR: Final = ((30, -16), (80, -4), (200, 0), (500, -3), (1200, -8), (3000, -15), (8000, -27))
_LONGEST_S: Final = 16.0


class Shore(msgspec.Struct, frozen=True):
    """What the waves meet.

    Args:
        crash: Factor on the breaking.
        wash: Factor on the running up.
        draw: Factor on the drawing back.
        rattle_hz: Stones per second.
        slap: Slaps, as a factor.
        period: Factor on the time between waves.
        lap: Level of the small gulps with which little waves fall over.
    """

    crash: float
    wash: float
    draw: float
    rattle_hz: float = 0.0
    slap: float = 0.0
    period: float = 1.0
    lap: float = 0.0


SHORES: Final[Mapping[str, Shore]] = MappingProxyType(
    {
        "sand": Shore(crash=0.85, wash=1.0, draw=0.7),
        "shingle": Shore(crash=1.0, wash=0.9, draw=1.15, rattle_hz=420.0, period=0.9),
        "rocks": Shore(crash=1.35, wash=0.9, draw=0.6, rattle_hz=18.0, slap=0.6),
        "harbour": Shore(crash=0.12, wash=0.35, draw=0.3, slap=1.0, period=0.42),
        "lake": Shore(crash=0.1, wash=0.55, draw=0.2, slap=0.35, period=0.26, lap=1.0),
    }
)


class Wave(msgspec.Struct, frozen=True):
    """One wave: when it breaks (seconds), how strong it is, how slow, where (pan -1 to 1)."""

    breaks_s: float
    strength: float
    slowness: float
    pan: float


class Sea:
    """The waves that can be heard at a moment, and what each is doing.

    Args:
        timeline: Of the sound.
        energy: 0 calm to 1 storm.
        shore: What they meet.
    """

    def __init__(self, timeline: Timeline, energy: float, shore: Shore) -> None:
        self._timeline = timeline
        self._energy = energy
        self._spacing_s, self._count = timeline.knots((9.5 - 4.5 * energy) * shore.period)
        self._set = Wander(timeline, "wave sets", 24.0)

    def waves(self, time_s: float) -> list[Wave]:
        """Return every wave that began within the last 16 s or breaks within the next 4."""
        first = int((time_s - _LONGEST_S) // self._spacing_s)
        last = int((time_s + 4.0) // self._spacing_s) + 1
        return [self._wave(number) for number in range(first, last)]

    def _wave(self, number: int) -> Wave:
        random = self._timeline.generator("wave", number % self._count if self._count else number)
        late, size, slow, pan = random.random(), random.standard_normal(), random.random(), random.uniform(-0.6, 0.6)
        breaks_s = (number + 0.5 + 0.55 * (late - 0.5)) * self._spacing_s
        strength = float(np.exp(0.28 * size + 0.3 * self._set.at(breaks_s)))
        return Wave(breaks_s, strength, (0.8 + 0.45 * slow) * (1.15 - 0.4 * self._energy), pan)


def build(timeline: Timeline, settings: Settings) -> tuple[Part, ...]:
    """Return waves for the settings energy, shore, distance."""
    energy, distance = settings.number("energy"), settings.distance
    shore = settings.choice("shore", SHORES)
    sea = Sea(timeline, energy, shore)
    far = air(distance)
    shapes = {name: levelled(curve(points)) * far for name, points in _SOUNDS.items()}
    roar = levelled(curve(_ROAR)) * far
    ebb = Wander(timeline, "roar", 5.0)
    factors = {
        "swell": (0.16 + 0.35 * energy) * (1 - 0.75 * shore.lap),
        "crash": (0.35 + 1.0 * energy) * shore.crash,
        "wash": (0.5 + 0.45 * energy) * shore.wash,
        "draw": (0.24 + 0.1 * energy) * shore.draw,
    }

    def surf(cell: Cell) -> FloatArray:
        power = np.zeros((2, roar.size), dtype=np.float32)
        for wave in sea.waves(cell.middle_s):
            left, right = np.cos((wave.pan + 1) * np.pi / 4), np.sin((wave.pan + 1) * np.pi / 4)
            for name, amount in _phases(wave, cell.middle_s, energy).items():
                if amount > 1e-3:
                    loud = np.square(shapes[name] * np.float32(amount * wave.strength * factors[name]))
                    power[0] += np.float32(2 * left**2) * loud
                    power[1] += np.float32(2 * right**2) * loud
        background = (
            (1 - 0.6 * shore.lap)
            * (0.06 + 0.5 * energy**1.5 + 0.08 * distance)
            * float(np.exp(0.18 * ebb.at(cell.middle_s)))
        )
        return np.sqrt(power + np.square(roar * np.float32(background)))

    parts: list[Part] = [Bed(timeline, "surf", surf, swell=_churn(timeline), width=0.85)]
    parts.append(_foam(timeline, sea, energy, distance))
    if shore.rattle_hz:
        parts.append(_stones(timeline, sea, energy, shore, distance))
    if shore.lap:
        parts.append(_laps(timeline, sea, shore, distance))
    if shore.slap:
        parts.append(_slaps(timeline, shore, energy, distance))
    return tuple(parts)


_SOUNDS: Final[Mapping[str, Points]] = MappingProxyType(
    {"swell": _SWELL, "crash": _CRASH, "wash": _WASH, "draw": _DRAW}
)


def _phases(wave: Wave, time_s: float, energy: float) -> dict[str, float]:
    """Return how loud each of a wave's four sounds is at a moment, 0 to 1."""
    age = (time_s - wave.breaks_s) / wave.slowness
    attack = 0.75 - 0.45 * energy
    return {
        "swell": _hump(age, rise=2.2, peak=0.0, fall=1.6),
        "crash": _hump(age, rise=attack, peak=attack, fall=0.9 + 0.7 * energy),
        "wash": _hump(age, rise=1.1, peak=1.5, fall=1.7),
        "draw": _hump(age, rise=1.8, peak=4.0, fall=1.5),
    }


def _hump(age: float, *, rise: float, peak: float, fall: float) -> float:
    """Rises as a raised cosine for `rise` before `peak`, then dies away with the time constant `fall`."""
    before = peak - age
    if before > rise:
        return 0.0
    if before > 0:
        return 0.5 + 0.5 * float(np.cos(np.pi * before / rise))
    return float(np.exp(before / fall)) if before > -9 * fall else 0.0


def _drawing(sea: Sea, time_s: float, energy: float) -> float:
    """How much water runs off at a moment, for what it carries along."""
    return sum(wave.strength * _phases(wave, time_s, energy)["draw"] for wave in sea.waves(time_s))


def _churn(timeline: Timeline) -> Callable[[int, int], FloatArray]:
    """Return the seething of the water, faster than a cell."""
    fast = Wander(timeline, "churn", 0.09)

    def gain(start: int, frames: int) -> FloatArray:
        return np.exp(np.float32(0.13) * fast.over(start, frames))

    return gain


def _foam(timeline: Timeline, sea: Sea, energy: float, distance: float) -> Shower:
    """Return bursting bubbles of foam while the water runs off."""
    random = timeline.generator("foam bank", 0)
    bank = [
        from_afar(
            peaked(bubble(float(random.uniform(2500, 9000)), decay_s=float(random.uniform(0.001, 0.004)))), distance
        )
        for _ in range(64)
    ]
    return Shower(
        timeline,
        "foam",
        bank,
        rate_hz=lambda cell: 260.0 * min(1.5, _drawing(sea, cell.middle_s, energy)) + 12.0,
        gain=lambda random, count: 0.16 * (1 - 0.7 * distance) * np.exp(0.8 * random.standard_normal(count) - 0.6),
        spread=1.0,
    )


def _stones(timeline: Timeline, sea: Sea, energy: float, shore: Shore, distance: float) -> Shower:
    """Return pebbles knocking against each other as the water pulls them back."""
    random = timeline.generator("stone bank", 0)

    def knock() -> FloatArray:
        root = float(random.uniform(1300, 4800))
        modes = [(root * ratio, float(random.uniform(0.001, 0.004)), 1 / ratio) for ratio in (1.0, 1.47, 2.1)]
        return from_afar(peaked(ringing(modes, attack_s=0.0002)), distance)

    bank = [knock() for _ in range(128)]
    return Shower(
        timeline,
        "stones",
        bank,
        rate_hz=lambda cell: shore.rattle_hz * min(2.0, _drawing(sea, cell.middle_s, energy) ** 1.5),
        gain=lambda random, count: 0.75 * (1 - 0.6 * distance) * np.exp(0.8 * random.standard_normal(count) - 0.9),
        spread=1.0,
    )


def _laps(timeline: Timeline, sea: Sea, shore: Shore, distance: float) -> Shower:
    """Return the gulps of little waves that fall over at the edge: a few bubbles at the moment each one breaks."""
    random = timeline.generator("lap bank", 0)
    hertz = [float(random.uniform(350, 1400)) for _ in range(64)]
    bank = [from_afar(peaked(bubble(each, rise=0.25, decay_s=0.02)), distance) for each in hertz]

    def breaking(cell: Cell) -> float:
        ages = [(cell.middle_s - wave.breaks_s, wave.strength) for wave in sea.waves(cell.middle_s)]
        return 24.0 * sum(strength for age, strength in ages if -0.15 <= age <= 0.45)

    return Shower(
        timeline,
        "laps",
        bank,
        rate_hz=breaking,
        gain=lambda random, count: 0.7 * shore.lap * np.exp(0.5 * random.standard_normal(count) - 0.5),
        spread=0.8,
    )


def _slaps(timeline: Timeline, shore: Shore, energy: float, distance: float) -> Shower:
    """Return water slapping against walls, hulls and into clefts: a low smack with bubbles."""
    random = timeline.generator("slap bank", 0)

    def slap() -> FloatArray:
        smack = burst(random, random.uniform(0.05, 0.2), ((80, -3), (250, 0), (900, -8), (3500, -24)), attack=0.25)
        plops = [
            np.concatenate(
                [
                    np.zeros(round(RATE_HZ * random.uniform(0.0, 0.15)), dtype=np.float32),
                    float(random.uniform(0.1, 0.5)) * peaked(bubble(float(random.uniform(300, 1500)), rise=0.2)),
                ]
            )
            for _ in range(3)
        ]
        return from_afar(padded_sum(smack, *plops), distance)

    bank = [slap() for _ in range(40)]
    return Shower(
        timeline,
        "slaps",
        bank,
        rate_hz=shore.slap * (1.6 + 2.0 * energy),
        gain=lambda random, count: 0.5 * np.exp(0.5 * random.standard_normal(count) - 0.6),
        spread=0.8,
    )
