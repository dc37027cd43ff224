"""What goes wrong in a plane, and when: a schedule that the same seed repeats.

Every decision is drawn for the n-th event of its kind (boot, delivery, output, storm), counted from 0, from a generator
of its own, so that one kind of fault never shifts another. Which call the n-th delivery carries still depends on timing
as soon as there are several containers. Builds of images are left in peace, and not counted. Times are plane seconds.
Knows nothing of containers beyond their names.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

from hausmusik.errors import UsageError

FaultKind: TypeAlias = Literal["slow_boot", "boot_failure", "kill", "preemption", "dropped_output", "refusal"]


class Storm(msgspec.Struct, frozen=True):
    """A preemption storm: `at_s` after the plane began, a fraction (0..1, rounded up) of all containers is killed."""

    at_s: float
    fraction: float


class Refusal(msgspec.Struct, frozen=True):
    """No new container from `from_s` for `for_s` seconds; only of these GPU types, or of any kind if empty."""

    from_s: float
    for_s: float
    gpus: tuple[str, ...] = ()


class Faults(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule of faults; without arguments nothing goes wrong.

    Args:
        seed: The same seed draws the same.
        boot_delay_s: Every boot is slower by so much, drawn evenly between the two.
        boot_failures: Fraction of boots that end before the container is ready.
        failing_boots: Boots that do, by number.
        kills: Fraction of delivered inputs whose container is killed while it works on them.
        killing_deliveries: Deliveries whose container is, by number.
        kill_after_s: How long after the delivery, drawn evenly between the two; an input that is done by then escapes.
        dropped_outputs: Fraction of outputs that are lost, so that their input is delivered again.
        dropping_outputs: Outputs that are, by number.
        storms: Preemption storms.
        refusals: Times without capacity.

    Raises:
        UsageError: a fraction outside 0..1, a negative time, or a range that runs backwards.
    """

    seed: int = 0
    boot_delay_s: tuple[float, float] = (0.0, 0.0)
    boot_failures: float = 0.0
    failing_boots: tuple[int, ...] = ()
    kills: float = 0.0
    killing_deliveries: tuple[int, ...] = ()
    kill_after_s: tuple[float, float] = (0.0, 0.0)
    dropped_outputs: float = 0.0
    dropping_outputs: tuple[int, ...] = ()
    storms: tuple[Storm, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    def __post_init__(self) -> None:
        fractions = (self.boot_failures, self.kills, self.dropped_outputs, *(storm.fraction for storm in self.storms))
        for fraction in fractions:
            if not 0 <= fraction <= 1:
                raise UsageError(f"a fraction of faults must be between 0 and 1, not {fraction}")
        for low, high in (self.boot_delay_s, self.kill_after_s):
            if not 0 <= low <= high < math.inf:
                raise UsageError(f"a range of seconds must be ({low}, {high}) with 0 <= low <= high")
        for time_s in (*(each.at_s for each in self.storms), *(t for r in self.refusals for t in (r.from_s, r.for_s))):
            if time_s < 0:
                raise UsageError(f"a fault cannot be at {time_s} s")

    def boot_delay(self, boot: int) -> float:
        """Return by how many seconds a boot is slower."""
        return self._dice("delay", boot).uniform(*self.boot_delay_s)

    def boot_fails(self, boot: int) -> bool:
        """Return whether a boot ends before the container is ready."""
        return boot in self.failing_boots or self._dice("boot", boot).random() < self.boot_failures

    def kill_after(self, delivery: int) -> float | None:
        """Return how many seconds after a delivery its container is killed; None: it is not."""
        dice = self._dice("kill", delivery)
        if delivery in self.killing_deliveries or dice.random() < self.kills:
            return dice.uniform(*self.kill_after_s)
        return None

    def drops(self, output: int) -> bool:
        """Return whether an output is lost."""
        return output in self.dropping_outputs or self._dice("drop", output).random() < self.dropped_outputs

    def taken_by(self, storm: int, containers: Sequence[str]) -> list[str]:
        """Return which of these containers a storm takes; the same for the same names, whatever their order."""
        count = math.ceil(self.storms[storm].fraction * len(containers))
        return self._dice("storm", storm).sample(sorted(containers), count)

    def refused_until(self, gpu: str, passed_s: float) -> float | None:
        """Return until when no container with this GPU (type, without count; empty: none) can be had; None: it can."""
        ends = [
            refusal.from_s + refusal.for_s
            for refusal in self.refusals
            if refusal.from_s <= passed_s < refusal.from_s + refusal.for_s and (not refusal.gpus or gpu in refusal.gpus)
        ]
        return max(ends, default=None)

    def _dice(self, kind: str, number: int) -> random.Random:
        return random.Random(f"{self.seed}:{kind}:{number}")  # noqa: S311 - to repeat, not to hide


class FaultSeen(msgspec.Struct, frozen=True):
    """A fault that happened.

    Args:
        kind: Which.
        at_s: When, in unix seconds of the plane.
        number: The event's number of its kind: boot, delivery, output, storm, or refusal as they happened.
        subject: The container, or for a refusal the GPU type.
    """

    kind: FaultKind
    at_s: float
    number: int
    subject: str
