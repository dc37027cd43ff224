"""A drone: a chord of many slightly different tones that breathe on their own, over air.

Every voice has partials up to a brightness; three copies a few cents apart beat slowly against each other. Nothing
begins or ends, so it loops like everything else here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from hausmusik.engines.procedural.parts import Bed, Part
from hausmusik.engines.procedural.settings import Settings
from hausmusik.engines.procedural.spectrum import air, curve, levelled
from hausmusik.engines.procedural.timeline import Timeline, Wander
from hausmusik.engines.procedural.tones import Tones

CHORDS: Final[Mapping[str, tuple[tuple[float, float], ...]]] = MappingProxyType(
    {
        "fifth": ((1.0, 1.0), (1.5, 0.55), (2.0, 0.45), (3.0, 0.2)),
        "major": ((1.0, 1.0), (1.5, 0.5), (2.0, 0.4), (2.5, 0.3), (3.0, 0.2)),
        "minor": ((1.0, 1.0), (1.5, 0.5), (2.0, 0.4), (2.4, 0.3), (3.0, 0.2)),
        "tense": ((1.0, 1.0), (1.414, 0.35), (2.0, 0.5), (2.119, 0.3), (2.996, 0.2)),
    }
)


def build(timeline: Timeline, settings: Settings) -> tuple[Part, ...]:
    """Return a drone for the settings pitch_hz, brightness, motion, chord, distance."""
    root, bright, motion = (settings.number(name) for name in ("pitch_hz", "brightness", "motion"))
    random = timeline.generator("drone", 0)
    lines: list[tuple[float, float]] = []
    for ratio, level in settings.choice("chord", CHORDS):
        for detune in (-0.0035, 0.0, 0.0041):
            for partial in range(1, 3 + round(5 * bright)):
                hertz = root * ratio * partial * (1 + detune * (0.5 + motion) * float(random.uniform(0.6, 1.2)))
                strength = level / partial ** (2.2 - 1.2 * bright) / (1.0 + (hertz / (400 + 2600 * bright)) ** 2)
                if strength > 0.004:
                    lines.append((hertz, 0.05 * strength))
    drift = Wander(timeline, "drone air", 4.0)
    breath = levelled(curve(((40, -6), (150, 0), (400, -6), (1500, -18), (6000, -34)))) * air(settings.distance)

    def breathing(start: int, frames: int) -> np.ndarray:
        return np.exp(np.float32(0.3 * motion) * drift.over(start, frames))

    return (
        Tones(timeline, "drone", lines, swing=0.15 + 0.55 * motion, width=0.8, breath_s=5.5 - 3.0 * motion),
        Bed(timeline, "drone air", breath * np.float32(0.018), swell=breathing, width=1.0),
    )
