"""How often and how soon a failed step is tried again. Knows nothing of steps."""

from __future__ import annotations

from random import Random

import msgspec


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """Exponential backoff with jitter, so that many clients of one failing host do not come back all at once.

    Args:
        limit: Most failures of one step; the last one is final. 1: never again.
        base_s: Longest wait after the first failure; doubles with each further one.
        cap_s: Longest wait of all.

    Source: "equal jitter", https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/.
    """

    limit: int = 3
    base_s: float = 1.0
    cap_s: float = 60.0

    def delay_s(self, failures: int, random: Random) -> float:
        """Return the wait after so many failures: between half of the current longest wait and all of it."""
        longest = min(self.cap_s, self.base_s * 2.0 ** min(failures - 1, 60))
        return longest * random.uniform(0.5, 1.0)
