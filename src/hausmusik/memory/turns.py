"""Work that is done side by side and finished in order: each waits until all before it have finished.

So a memory that is filled by many workers is the same as one that is filled by one: whom a name means depends on which
names came before it. Knows nothing of the work.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager


class NotYet(Exception):
    """One before has stepped back: whoever waits for its turn keeps from it what it needs to go on."""


class Turns:
    """The order in which things finish.

    Args:
        order: Keys, first first.
    """

    def __init__(self, order: Sequence[str]) -> None:
        self._place = {key: place for place, key in enumerate(order)}
        self._over = [False] * len(order)
        self._back: set[int] = set()
        self._first = 0
        self._moved = asyncio.Condition()

    def begun(self, key: str) -> None:
        """Note that one is being worked on, also again after it stepped back."""
        self._back.discard(self._place[key])

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncGenerator[None]:
        """Wait for one's turn, and give it on at the end of the block, however that ends.

        Raises:
            NotYet: one before has stepped back; this one keeps its turn for another time.
        """
        place = self._place[key]
        async with self._moved:
            await self._moved.wait_for(lambda: self._first >= place or self._is_held_up(place))
            if self._first < place:
                raise NotYet
        try:
            yield
        finally:
            await self.give_up(key)

    async def step_back(self, key: str) -> None:
        """Keep one's turn, but let go of those that wait for it: one must begin again."""
        async with self._moved:
            self._back.add(self._place[key])
            self._moved.notify_all()

    async def give_up(self, key: str) -> None:
        """Let the others go on without this one: it has finished, or has failed."""
        async with self._moved:
            self._over[self._place[key]] = True
            self._advance()
            self._moved.notify_all()

    def _is_held_up(self, place: int) -> bool:
        return any(each < place for each in self._back)

    def _advance(self) -> None:
        while self._first < len(self._over) and self._over[self._first]:
            self._first += 1
