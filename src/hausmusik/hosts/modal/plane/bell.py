"""Waiting for news inside one event loop: whoever waits is woken, and looks for itself what has changed.

Between a look and the wait there is no `await`, so no news is missed and no lock is needed. Knows nothing of what the
news is. Not for several threads.
"""

from __future__ import annotations

import asyncio


class Bell:
    """Rung when something has changed."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """Wake everybody who waits now."""
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def heard(self, timeout_s: float | None = None) -> bool:
        """Wait for the next ring; return whether it came within real `timeout_s` (None: for ever)."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        try:
            async with asyncio.timeout(timeout_s):
                await waiter
        except TimeoutError:
            return False
        finally:
            self._waiting.discard(waiter)
        return True
