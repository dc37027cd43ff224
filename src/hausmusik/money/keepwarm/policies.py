"""How long an idle container stays: the question, what an answer costs, and the rules that others use.

Everything is reckoned in machine seconds. A container that falls idle stays for a window `w`; the next call comes
after a gap `g`. It costs `g` where `g <= w`, else `w + B`, where `B = T (1 + v / p)` is what a cold start is worth:
`T` billed seconds of booting, and as long a wait at `v` dollars a second beside a machine at `p`. That is the
ski-rental problem (Karlin et al., Competitive snoopy caching, 1988): idling is renting, a cold start is buying.

Knows nothing of dollars, traces or clouds. A policy is made anew for each container pool, and has a state.
"""

from __future__ import annotations

import math
from typing import Final, Protocol

import msgspec
import numpy as np

MINUTE_S: Final = 60.0


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What is at stake each time that a container falls idle.

    Args:
        cold_s: Billed seconds of a cold start `T`, above 0.
        waiting: What a second of waiting is worth, in seconds of the machine `v / p`, from 0.
    """

    cold_s: float
    waiting: float = 0.0

    def __post_init__(self) -> None:
        if not (0 < self.cold_s < math.inf and 0 <= self.waiting < math.inf):
            raise ValueError(f"a cold start of {self.cold_s} s with waiting at {self.waiting} cannot be")

    @property
    def break_even_s(self) -> float:
        """The window `B` after which idling has cost as much as a cold start would."""
        return self.cold_s * (1.0 + self.waiting)

    def cost_s(self, window_s: float, gap_s: float) -> float:
        """Return what a gap costs with a window."""
        return gap_s if gap_s <= window_s else window_s + self.break_even_s

    def least_s(self, gap_s: float) -> float:
        """Return what it costs whoever knows the gap beforehand."""
        return min(gap_s, self.break_even_s)


class Policy(Protocol):
    """Says how long a container that has just fallen idle may stay."""

    def window_s(self) -> float:
        """Return the window, from 0."""
        ...

    def observe(self, window_s: float, gap_s: float) -> None:
        """Learn how an idle time ended: the window that it had, and after what gap the next call came."""
        ...


class Fixed:
    """The same window always; `Fixed(terms.break_even_s)` is the break-even rule.

    Break-even never costs more than twice what the clairvoyant pays: for `g <= B` both pay `g`, else it pays `2 B` and
    the clairvoyant `B`. No deterministic rule has a better ratio (Karlin et al. 1988).
    """

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s

    def window_s(self) -> float:
        """Return the window."""
        return self._window_s

    def observe(self, window_s: float, gap_s: float) -> None:
        """Learn nothing."""


class Clairvoyant(Fixed):
    """Knows each gap: stays where it is at most `B`, else stops at once. Nothing real can; others are measured by it.

    The simulator asks for the break-even window and, of a container that outlives it, charges none of it.
    """

    def __init__(self, terms: Terms) -> None:
        super().__init__(terms.break_even_s)


class Randomised:
    """Draws each window from the density `exp(x / B) / (B (e - 1))` on `[0, B]`.

    It costs `e / (e - 1)` = 1.582 times the clairvoyant's on average whatever the gaps are, and no randomised rule does
    better against all of them (Karlin, Manasse, McGeoch, Owicki: Competitive randomized algorithms for nonuniform
    problems, 1994). Drawn by inverting the distribution: `B ln(1 + u (e - 1))`.
    """

    def __init__(self, terms: Terms, *, seed: int) -> None:
        self._terms = terms
        self._rng = np.random.default_rng(seed)

    def window_s(self) -> float:
        """Return another window each time."""
        return self._terms.break_even_s * math.log1p(self._rng.random() * (math.e - 1.0))

    def observe(self, window_s: float, gap_s: float) -> None:
        """Learn nothing."""


class Histogram:
    """The hybrid histogram of Serverless in the Wild (Shahrad et al., ATC 2020, section 4), without its ARIMA part.

    As there: idle times in bins of one minute; a head at their 5th percentile rounded down to a bin, less 10 %; a tail
    at their 99th rounded up, plus 10 %; not used while the counts of the bins vary too little (coefficient of variation
    below 2) or more than half of the idle times are out of range.

    Where it differs: the range is one hour and not four, the longest window that Modal has; where the histogram is not
    used the window is 60 s, Modal's own, and not the whole range, which on a GPU would be ruinous. With a head of a
    minute or more the paper stops the container and boots it again ahead of the next call; serverless GPUs have nothing
    that boots ahead, so it only stops: that costs no more seconds of the machine, but the next call waits.
    """

    BINS: Final = 60
    OTHERWISE_S: Final = 60.0
    HEAD: Final = 0.05
    TAIL: Final = 0.99
    MARGIN: Final = 0.1
    LEAST_VARIATION: Final = 2.0
    FEWEST: Final = 10

    def __init__(self) -> None:
        self._counts = np.zeros(self.BINS)
        self._out_of_range = 0

    def window_s(self) -> float:
        """Return zero where nearly all idle times are long, else a window that nearly all of them are within."""
        inside = float(self._counts.sum())
        spread = float(self._counts.std())
        enough = inside >= self.FEWEST and inside >= self._out_of_range
        if not enough or spread < self.LEAST_VARIATION * inside / self.BINS:
            return self.OTHERWISE_S
        share = self._counts.cumsum() / inside
        head_bins = int(np.searchsorted(share, self.HEAD))
        tail_bins = int(np.searchsorted(share, self.TAIL)) + 1
        if math.floor(head_bins * (1.0 - self.MARGIN)) >= 1:
            return 0.0
        return tail_bins * MINUTE_S * (1.0 + self.MARGIN)

    def observe(self, window_s: float, gap_s: float) -> None:  # noqa: ARG002 -- the protocol's
        """Count an idle time."""
        minute = int(gap_s // MINUTE_S)
        if minute < self.BINS:
            self._counts[minute] += 1
        else:
            self._out_of_range += 1
