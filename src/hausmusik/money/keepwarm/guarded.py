"""Our rule: learn the window that would have been best lately, and go no further from break-even than is earned.

**Learning.** For each of some windows `w` it sums up what the gaps so far would have cost with it, older gaps weighing
less by `MEMORY` for each that came after, and wants the cheapest (follow the leader, with discounting). At the start
each window is charged `PRIOR` times what one gap can cost with it beyond twice the clairvoyant's cost, `|w - B|`:
before anything was seen the cheapest is break-even.

**Guard.** Let `B = T (1 + v / p)` be the break-even window, `A` what its windows have cost so far and `O` what the
clairvoyant would have paid for the same gaps. A window can be changed every `U` seconds; let `n = 1 + U / T`, which is
1 where it can always be changed, and `r = RATIO O + n B - A`. It never sets a window outside `[B - r / n, B + r / n]`,
which at the start is `[0, 2 B]`. Then, whatever the gaps of one container are,

    A <= RATIO O + n B        RATIO times the clairvoyant's cost, and once n break-even windows

for one container, whose calls come one after another, and as long as `B` is among the windows that can be set: on Modal
from 2 to 3,600 s. Where `B` is longer there is no guarantee; where it is shorter, each idle time may cost 2 s more. The
containers of a pool share one credit here, so for them it is a rule of thumb. And it is a promise of the rule, to who
follows it: the product says what it would set (`advise`), and sets nothing; a user does, and deploys again.

*Proof*, by induction: `r >= 0` stays true. Take a gap `g` that meets the window `w = B + d`, where `|d| <= r / n` when
it was set, and let `x` be what `A - 2 O` grows by.

- `g <= min(w, B)`: both pay `g`, so `x = -g <= 0`.
- `w < g <= B` (so `d < 0`): it pays `w + B`, the clairvoyant `g > w`, so `x < w + B - 2 w = B - w = |d|`.
- `B < g <= w` (so `d > 0`): it pays `g <= w`, the clairvoyant `B`, so `x <= w - 2 B < w - B = |d|`.
- `g > max(w, B)`: it pays `w + B`, the clairvoyant `B`, so `x = w - B = d`.

Hence `x <= |d| <= r / n`. Gaps with `x > 0` are followed by a boot (`d < 0`) or are longer than `B >= T` themselves, so
they begin at least `T` apart, and at most `n` of them before the window can be set anew. With `RATIO >= 2` they take no
more than `r` together, and all others only add to it. At first `r = n B`. QED.

Two is the best that a deterministic rule can promise under these conditions. `RATIO` is a little above it because with
2 itself a run of long gaps that began at `r = 0` would leave `r` at 0 for ever; with `RATIO = 2 + e` each of them makes
`r (1 + 1 / n) + e B` of it, so that (for `n = 1`) a lesson once paid for is forgiven after six.

Knows nothing of dollars or clouds.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from hausmusik.money.keepwarm.policies import Terms

RATIO: Final = 2.02
MEMORY: Final = 0.98
PRIOR: Final = 1.0
"""Both chosen on made-up traces with seeds (100 to 211) that no benchmark uses; their neighbours do about as well."""

STEPS: Final = 4
"""Windows to choose from per doubling."""


class Guarded:
    """The rule of this module.

    Args:
        terms: What is at stake.
        longest_s: The longest window that can be set.
        update_every_s: How long a window stays before it can be changed, `U` above.
    """

    def __init__(self, terms: Terms, *, longest_s: float = 3600.0, update_every_s: float = 0.0) -> None:
        self._terms = terms
        even_s = terms.break_even_s
        above = max(1, int(np.ceil(np.log2(max(longest_s / even_s, 2.0)) * STEPS)))
        self._windows_s = np.concatenate(([0.0], even_s * 2.0 ** (np.arange(-4 * STEPS, above + 1) / STEPS)))
        self._else_s = self._windows_s + even_s
        self._losses_s = PRIOR * np.abs(self._windows_s - even_s)
        self._sharing = 1.0 + update_every_s / terms.cold_s  # `n` above
        self._paid_s = 0.0  # `A`
        self._least_s = 0.0  # `O`

    @property
    def credit_s(self) -> float:
        """What is left of the guarantee, `r` above, from 0."""
        return RATIO * self._least_s + self._sharing * self._terms.break_even_s - self._paid_s

    def window_s(self) -> float:
        """Return the window that it wants, as near as the guard lets it."""
        even_s, room_s = self._terms.break_even_s, self.credit_s / self._sharing
        wanted_s = float(self._windows_s[self._losses_s.argmin()])
        return min(max(wanted_s, even_s - room_s, 0.0), even_s + room_s)

    def observe(self, window_s: float, gap_s: float) -> None:
        """Learn from an idle time, whoever set its window."""
        self._paid_s += self._terms.cost_s(window_s, gap_s)
        self._least_s += self._terms.least_s(gap_s)
        longer = int(np.searchsorted(self._windows_s, gap_s))
        self._losses_s *= MEMORY
        self._losses_s[:longer] += self._else_s[:longer]
        self._losses_s[longer:] += gap_s
