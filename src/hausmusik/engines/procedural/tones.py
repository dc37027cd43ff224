"""Steady tones whose strength breathes: hum and drones. In a loop every pitch is bent to a whole number of periods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from hausmusik.engines.procedural.timeline import RATE_HZ, Cell, Timeline, Wander
from hausmusik.types import FloatArray

_BREATH_S: Final = 3.7


class Tones:
    """A sum of sines.

    Args:
        timeline: Of the sound.
        name: For its randomness.
        lines: `(hertz, amplitude)` each.
        swing: How much each strength changes, as a deviation of its logarithm.
        width: How much the channels differ, 0 to 1: each tone leans to one side and swings there on its own.
        breath_s: Time between independent strengths.
    """

    tail = 0

    def __init__(
        self,
        timeline: Timeline,
        name: str,
        lines: Sequence[tuple[float, float]],
        *,
        swing: float,
        width: float,
        breath_s: float = _BREATH_S,
    ) -> None:
        self._lines: list[tuple[float, float, float, float, tuple[Wander, Wander]]] = []
        random = timeline.generator(f"{name} lines", 0)
        for number, (hertz, amplitude) in enumerate(lines):
            breaths = tuple(Wander(timeline, f"{name} {number} {side}", breath_s) for side in ("left", "right"))
            phase, lean = float(random.uniform(0, 1)), width * float(random.uniform(-0.6, 0.6))
            self._lines.append((_whole(hertz, timeline), amplitude, phase, lean, (breaths[0], breaths[1])))
        self._swing = swing
        self._width = width

    def add(self, cell: Cell, out: FloatArray) -> None:
        """See `Part.add`."""
        frames = np.arange(cell.frames)
        share = np.linspace(0.0, 1.0, cell.frames, endpoint=False, dtype=np.float32)
        ends_s = (cell.start_s, cell.middle_s)
        for hertz, amplitude, phase, lean, (left, right) in self._lines:
            turns = (hertz * cell.start / RATE_HZ + phase) % 1.0 + hertz / RATE_HZ * frames
            tone = np.float32(amplitude) * np.sin((2 * np.pi * turns).astype(np.float32))
            for channel, (breath, side) in enumerate(((left, 1 - lean), (right, 1 + lean))):
                first, last = (
                    float(np.exp(self._swing * ((1 - self._width) * left.at(time_s) + self._width * breath.at(time_s))))
                    for time_s in ends_s
                )
                out[channel, : cell.frames] += (
                    tone * np.float32(side) * (np.float32(first) + np.float32(last - first) * share)
                )


def _whole(hertz: float, timeline: Timeline) -> float:
    """Return the pitch, in a loop the nearest one whose periods fit its length."""
    if not timeline.loop:
        return hertz
    seconds = timeline.frames / RATE_HZ
    return max(1, round(hertz * seconds)) / seconds
