"""A thread with an event loop, so that plain code can use the asynchronous house.

`House` (see `facade`) holds one. Calls wait in the caller's thread; Ctrl-C there cancels the work in the loop and waits
for it to clean up. Knows nothing of what it runs.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Coroutine, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


class Portal:
    """Runs coroutines in a thread of its own; the thread starts with the first call."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end and return its result; an interruption here cancels it there."""
        future = asyncio.run_coroutine_threadsafe(work, self._running())
        try:
            return future.result()
        except BaseException:
            if not future.done():
                future.cancel()
                self._settle()
            raise

    def iterate(self, events: AsyncGenerator[T]) -> Iterator[T]:
        """Yield what an asynchronous generator yields; closing this iterator closes that one."""
        try:
            while True:
                try:
                    yield self.call(anext(events))
                except StopAsyncIteration:
                    return
        finally:
            self.call(events.aclose())

    def close(self) -> None:
        """End the thread; the portal is not used again."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._serve, args=(self._loop,), name="hausmusik", daemon=True)
                self._thread.start()
            return self._loop

    @staticmethod
    def _serve(loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
        finally:
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())

    def _settle(self) -> None:
        """Wait until cancelled work has cleaned up."""

        async def nothing() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            await asyncio.wait(others, timeout=5.0) if others else None

        asyncio.run_coroutine_threadsafe(nothing(), self._running()).result()
