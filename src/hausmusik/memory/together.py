"""What comes in while a commit is under way is committed together, in the order in which it came.

A commit writes every page that it touched, however little of it changed: ten small ones write ten times what one does.
Knows nothing of databases.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

GLANCES: Final = 50
Item = TypeVar("Item")


class Together(Generic[Item]):
    """Commits from one event loop, in a thread, one commit at a time.

    Args:
        commit: Called in a thread with some items; returns for each what was wrong with it, or None. What it raises is
            wrong with all of them.
        gather_s: How long a commit waits for more that comes.
        more: Called with how many wait; whether more may come. Where none does nothing is waited for.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Item]], Sequence[BaseException | None]],
        *,
        gather_s: float = 0.0,
        more: Callable[[int], bool] = lambda _: False,
    ) -> None:
        self._commit = commit
        self._gather_s = gather_s
        self._more = more
        self._waiting: list[tuple[Item, asyncio.Future[BaseException | None]]] = []
        self._task: asyncio.Task[None] | None = None

    def add(self, item: Item) -> asyncio.Future[BaseException | None]:
        """Have something committed; the future says what was wrong with it, or None."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())
        return future

    async def committed(self, item: Item) -> None:
        """Have something committed and wait for it; raises what was wrong with it."""
        error = await self.add(item)
        if error is not None:
            raise error

    async def close(self) -> None:
        """Wait until everything is committed, also where nobody waits for it any more."""
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    async def _work(self) -> None:
        while self._waiting:
            await self._gathered()
            some, self._waiting = self._waiting, []
            errors: Sequence[BaseException | None]
            try:
                errors = await asyncio.to_thread(self._commit, [item for item, _ in some])
            except Exception as error:  # noqa: BLE001 -- it is raised where it is waited for
                errors = [error] * len(some)
            for (_, future), error in zip(some, errors, strict=True):
                if not future.done():
                    future.set_result(error)

    async def _gathered(self) -> None:
        for _ in range(GLANCES if self._gather_s > 0 else 0):
            if not self._more(len(self._waiting)):
                return
            await asyncio.sleep(self._gather_s / GLANCES)
