"""Seeded chance: every decision draws from its own named stream, so that changing one leaves the others as they were.

Never uses `hash()` or global random state; the same seed and name give the same draws on every machine. Knows nothing
of music.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


class Dice:
    """One stream of chance.

    Args:
        seed: 0 or more.
        name: What it decides; streams of different names are independent.
    """

    def __init__(self, seed: int, name: str = "") -> None:
        self._seed = seed
        self._name = name
        digest = hashlib.sha256(f"{seed}\x1f{name}".encode()).digest()
        self._generator = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))

    def fork(self, *names: object) -> Dice:
        """Return an independent stream named below this one; does not disturb this one."""
        return Dice(self._seed, "/".join([self._name, *(str(name) for name in names)]))

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """Return a number from low to high."""
        return low + (high - low) * float(self._generator.random())

    def normal(self, spread: float = 1.0) -> float:
        """Return a number around 0, never more than three spreads away."""
        return spread * max(-3.0, min(3.0, float(self._generator.standard_normal())))

    def chance(self, probability: float) -> bool:
        """Return True with this probability."""
        return float(self._generator.random()) < probability

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from low to high, both included."""
        return low + int(float(self._generator.random()) * (high - low + 1))

    def choice(self, options: Sequence[T]) -> T:
        """Return one of the options."""
        return options[min(len(options) - 1, int(float(self._generator.random()) * len(options)))]

    def weighted(self, options: Mapping[T, float]) -> T:
        """Return a key, drawn in proportion to its weight; at least one weight must be above 0."""
        draw = float(self._generator.random()) * sum(options.values())
        for option, weight in options.items():
            draw -= weight
            if draw < 0:
                return option
        return next(reversed(list(options)))

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """Return the options in another order."""
        order: list[int] = self._generator.permutation(len(options)).tolist()
        return [options[index] for index in order]
