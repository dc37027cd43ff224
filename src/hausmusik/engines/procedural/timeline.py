"""How a sound is cut into cells, and what makes its end join its beginning.

A sound is rendered cell by cell (0.17 s). Everything random in a cell is drawn from a generator seeded by the cell's
number, so any cell can be made on its own and memory does not grow with the length. In a loop the cells divide the
length exactly and their numbers wrap around: the cell before the first *is* the last one, and whatever rings on past
the end sounds at the beginning. So there is no seam to hide. Knows nothing of what sounds.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np

RATE_HZ: Final = 48_000
CELL_FRAMES: Final = 8_192
_MASK: Final = 0xFFFFFFFF
_STEP: Final = 48


class Cell(msgspec.Struct, frozen=True):
    """A short stretch of a sound.

    Args:
        number: From 0; negative ones lie before the beginning and are rendered for what rings on.
        index: The number as randomness sees it: wrapped around in a loop.
        start: First frame.
        frames: Length.
        next_frames: Length of the cell after it.
    """

    number: int
    index: int
    start: int
    frames: int
    next_frames: int

    @property
    def start_s(self) -> float:
        """First moment, in seconds."""
        return self.start / RATE_HZ

    @property
    def middle_s(self) -> float:
        """The joint between this cell and the next: where a noise block of both is loudest."""
        return (self.start + self.frames) / RATE_HZ


class Timeline(msgspec.Struct, frozen=True):
    """A sound's length and randomness.

    Args:
        frames: Length, at least 1.
        loop: Whether the end joins the beginning.
        seed: 0 to 2**32 - 1.
        scope: Distinguishes the layers of one sound.
    """

    frames: int
    loop: bool
    seed: int
    scope: int = 0

    @property
    def cells(self) -> int:
        """Number of cells; in a loop they divide the length, else the last one is cut."""
        return -(-self.frames // CELL_FRAMES)

    def cell(self, number: int) -> Cell:
        """Return a cell by its number, which may be negative or beyond the end."""
        first, middle, last = (self._edge(number + step) for step in (0, 1, 2))
        index = number % self.cells if self.loop else number
        return Cell(number, index, first, middle - first, last - middle)

    def generator(self, name: str, index: int) -> np.random.Generator:
        """Return the randomness of one thing (a cell, a wave, a bird …), independent of all others."""
        path = (self.scope, zlib.crc32(name.encode()), index & _MASK)
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(self.seed, spawn_key=path)))

    def events(self, name: str, spacing_s: float, cell: Cell, *, jitter: float = 0.0) -> Iterator[tuple[int, int]]:
        """Yield `(index, frame within the cell)` of recurring events that begin in a cell.

        Args:
            name: For their randomness.
            spacing_s: Mean distance; in a loop it is adjusted so that a whole number of events fits.
            cell: Where.
            jitter: Share of the spacing by which each may be late, 0 to 1.
        """
        spacing, count = self._spacing(spacing_s)
        first = math.floor(cell.start / spacing) - 2
        for number in range(first, math.ceil((cell.start + cell.frames) / spacing) + 1):
            index = number % count if count else number
            late = float(self.generator(f"{name} jitter", index).random()) * jitter if jitter else 0.0
            at = math.floor((number + late) * spacing + 1e-6) - cell.start
            if 0 <= at < cell.frames:
                yield index, at

    def knots(self, spacing_s: float) -> tuple[float, int]:
        """Return the spacing in seconds and the number (0: endless) of the knots of a slow curve."""
        spacing, count = self._spacing(spacing_s)
        return spacing / RATE_HZ, count

    def _spacing(self, spacing_s: float) -> tuple[float, int]:
        wanted = max(1.0, spacing_s * RATE_HZ)
        if not self.loop:
            return wanted, 0
        count = max(1, round(self.frames / wanted))
        return self.frames / count, count

    def _edge(self, number: int) -> int:
        return number * self.frames // self.cells if self.loop else number * CELL_FRAMES


class Wander:
    """A smooth random curve around 0 with deviation of about 1; in a loop its end joins its beginning.

    Args:
        timeline: Of the sound.
        name: For its randomness.
        spacing_s: Time between independent values; the curve cannot change faster.
    """

    def __init__(self, timeline: Timeline, name: str, spacing_s: float) -> None:
        self._timeline = timeline
        self._name = name
        self._spacing_s, self._count = timeline.knots(spacing_s)
        self._known: dict[int, float] = {}

    def at(self, time_s: float) -> float:
        """Return the value at one moment."""
        return float(self.curve(np.array([time_s]))[0])

    def over(self, start: int, frames: int) -> np.ndarray:
        """Return the values of consecutive frames, float32, shape `(frames,)`; straight lines between milliseconds."""
        grid = np.arange(0, frames + _STEP, _STEP)
        return np.interp(np.arange(frames), grid, self.curve((start + grid) / RATE_HZ)).astype(np.float32)

    def curve(self, times_s: np.ndarray) -> np.ndarray:
        """Return the values at ascending moments: Catmull-Rom between the knots."""
        position = times_s / self._spacing_s
        knot = np.floor(position).astype(np.int64)
        first, last = int(knot[0]) - 1, int(knot[-1]) + 3
        values = np.array([self._value(number) for number in range(first, last)])
        share, at = position - knot, knot - first
        before, here, after, beyond = (values[at + step] for step in (-1, 0, 1, 2))
        cubic = (3 * (here - after) + beyond - before) * share
        square = (2 * before - 5 * here + 4 * after - beyond + cubic) * share
        return here + 0.5 * share * (after - before + square)

    def _value(self, number: int) -> float:
        index = number % self._count if self._count else number
        if index not in self._known:
            if len(self._known) > 4096:
                self._known.clear()
            self._known[index] = float(self._timeline.generator(self._name, index).standard_normal())
        return self._known[index]
