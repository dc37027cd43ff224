"""What an arrival trace is: when calls came and how long each kept a machine busy. Knows no files and no policies."""

from __future__ import annotations

from typing import TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

Seconds: TypeAlias = npt.NDArray[np.float64]


class Trace(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """Calls of one instrument, by time.

    Args:
        name: Where it comes from.
        starts_s: When each call came, in seconds from any zero, sorted.
        busy_s: How long each keeps a warm container busy, from 0, as many.
        closed: The next call is only made after the answer to the last one, as by one person: whatever delays a call
            delays all after it. Else calls come when they come, as from many people.

    Raises:
        ValueError: not that shape, not finite, not sorted, or calls of a closed trace that overlap.
    """

    name: str
    starts_s: Seconds
    busy_s: Seconds
    closed: bool = False

    def __post_init__(self) -> None:
        starts_s, busy_s = self.starts_s, self.busy_s
        if starts_s.ndim != 1 or starts_s.shape != busy_s.shape:
            raise ValueError(f"{self.name}: as many starts as busy times, please")
        if not (np.isfinite(starts_s).all() and np.isfinite(busy_s).all() and (busy_s >= 0).all()):
            raise ValueError(f"{self.name}: times must be finite, and busy times not below 0")
        if (np.diff(starts_s) < 0).any():
            raise ValueError(f"{self.name}: calls must be sorted by time")
        if self.closed and self.overlaps:
            raise ValueError(f"{self.name}: calls of one person do not overlap")

    def __len__(self) -> int:
        return len(self.starts_s)

    @property
    def overlaps(self) -> bool:
        """Whether a call came before the one before it was over."""
        ends_s = self.starts_s + self.busy_s
        # Starts that were summed up from gaps may be off by a rounding.
        return bool((self.starts_s[1:] < ends_s[:-1] - 1e-6).any())

    @property
    def duration_s(self) -> float:
        """From the first call to the end of the last to end, as if all were warm."""
        return float((self.starts_s + self.busy_s).max() - self.starts_s[0]) if len(self) else 0.0


def one_by_one(name: str, gaps_s: npt.ArrayLike, busy_s: npt.ArrayLike) -> Trace:
    """Return a closed trace: a call, the gap before the next one, that one, and so on.

    Args:
        name: Of the trace.
        gaps_s: From the end of each call to the next one, from 0; one fewer than there are calls.
        busy_s: Of each call; one number for all.
    """
    gaps = np.asarray(gaps_s, dtype=np.float64)
    busy = np.broadcast_to(np.asarray(busy_s, dtype=np.float64), (len(gaps) + 1,))
    starts_s = np.concatenate(([0.0], np.cumsum(gaps + busy[:-1])))
    return Trace(name=name, starts_s=starts_s, busy_s=busy, closed=True)


def busy_periods(trace: Trace) -> Trace:
    """Return the closed trace that one caller would leave who waits: calls that overlap become one, gaps stay.

    With it delays are not free. Where calls of an open trace come whatever happens and waiting has no price, the
    cheapest is to let them pile up behind a boot; no window, and no clairvoyant, means anything then.
    """
    ends_s = np.maximum.accumulate(trace.starts_s + trace.busy_s)
    first = np.concatenate(([True], trace.starts_s[1:] > ends_s[:-1]))[: len(trace)]
    last = np.concatenate((first[1:], [True]))[: len(trace)]
    starts_s, ends_s = trace.starts_s[first], ends_s[last]
    return Trace(name=trace.name, starts_s=starts_s, busy_s=ends_s - starts_s, closed=True)


def thin(trace: Trace, one_in: int, *, seed: int) -> Trace:
    """Keep each call with a probability of `1 / one_in`, as if only some of the people were there.

    At random and not every k-th: taking every k-th call makes what is left more regular than any real traffic is (of a
    Poisson process it leaves Erlang-k gaps), and so easier for whoever must guess the next gap.

    Args:
        trace: Not closed: what one person does next depends on what was left out.
        one_in: From 1.
        seed: Which ones are kept.
    """
    if one_in < 1 or trace.closed:
        raise ValueError("only an open trace is thinned, to one call in at least one")
    kept = np.random.default_rng(seed).random(len(trace)) < 1 / one_in
    return Trace(name=f"{trace.name}, 1 in {one_in}", starts_s=trace.starts_s[kept], busy_s=trace.busy_s[kept])
