"""The plane's own time, which may run faster than the world's, so that a window of minutes can be tried in seconds.

Knows nothing of containers: what they sleep and compute takes real seconds, which are `factor` times as long here.
"""

from __future__ import annotations

import time


class PlaneClock:
    """Unix seconds that begin now and pass `factor` times as fast.

    Args:
        factor: Plane seconds per real second, above 0.
    """

    def __init__(self, factor: float = 1.0) -> None:
        self._factor = factor
        self._began_s = time.time()
        self._began_real_s = time.monotonic()

    def now(self) -> float:
        """Return the plane's time in unix seconds; never goes back."""
        return self._began_s + self.passed_s()

    def passed_s(self) -> float:
        """Return the plane seconds since the plane began."""
        return (time.monotonic() - self._began_real_s) * self._factor

    def real_s(self, plane_s: float) -> float:
        """Return how many real seconds a time of the plane takes; 0 for one that is past."""
        return max(0.0, plane_s) / self._factor
