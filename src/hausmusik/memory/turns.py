"""Work that is done side by side and finished in order: each waits until all before it have finished.

So a memory that is filled by many workers is the same as one that is filled by one: whom a name means depends on which
names came before it. Knows nothing of the work.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager


class Turns:
    """The order in which things finish.

    Args:
        order: Keys, first first.
        over: Those that have finished already.
    """

    def __init__(self, order: Sequence[str], over: Collection[str] = ()) -> None:
        self._place = {key: place for place, key in enumerate(order)}
        self._over = [key in over for key in order]
        self._first = 0
        self._moved = asyncio.Condition()
        self._advance()

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncGenerator[None]:
        """Wait for one's turn, and give it on at the end of the block, however that ends."""
        place = self._place[key]
        try:
            async with self._moved:
                await self._moved.wait_for(lambda: self._first >= place)
            yield
        finally:
            await self.give_up(key)

    async def give_up(self, key: str) -> None:
        """Let the others go on without this one: it has finished, or has failed."""
        async with self._moved:
            self._over[self._place[key]] = True
            self._advance()
            self._moved.notify_all()

    def _advance(self) -> None:
        while self._first < len(self._over) and self._over[self._first]:
            self._first += 1
