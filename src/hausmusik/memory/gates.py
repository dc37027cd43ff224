"""How many plays of one instrument a memory asks for at once: what its host takes, and what the budget holds.

A play sets aside the most that it can cost, so a budget may hold one and not three side by side. One that is refused
because others of the same work hold the money waits until one of them has ended, instead of taking down the document
whose other passages are being read. Knows nothing of instruments or of money.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from hausmusik.errors import BudgetError

Result = TypeVar("Result")


class Holders:
    """The plays of one work that may hold money now, whatever their instruments."""

    def __init__(self) -> None:
        self.inside = 0
        self.ended = 0
        self._news = asyncio.Event()

    def leave(self, *, has_played: bool) -> None:
        """Note that a play is over, or was refused."""
        self.inside -= 1
        self.ended += has_played
        self._news.set()
        self._news = asyncio.Event()

    async def until_one_ends(self, since: int) -> None:
        """Wait until more have ended than had, or none is left that could."""
        while self.ended == since and self.inside:
            await self._news.wait()


class Gate:
    """Lets plays of one instrument through.

    Args:
        at_once: Most, from 1.
        holders: Those of all instruments of the same work.
    """

    def __init__(self, at_once: int, holders: Holders) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._holders = holders

    async def through(self, play: Callable[[], Awaitable[Result]]) -> Result:
        """Play when there is a place, and again when the budget has room; raises what the play raises.

        Args:
            play: Called once more after each refusal.
        """
        holders = self._holders
        while True:
            async with self._places:
                ended, has_played = holders.ended, True
                holders.inside += 1
                try:
                    return await play()
                except BudgetError as error:
                    has_played = False
                    alone = holders.inside == 1 and holders.ended == ended
                    if alone or not error.is_held_up:
                        raise
                finally:
                    holders.leave(has_played=has_played)
            await holders.until_one_ends(ended)
