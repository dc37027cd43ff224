"""A thread with an event loop, so that plain code can use the asynchronous house.

`House` (see `facade`) holds one. Calls wait in the caller's thread, whichever it is and whether or not it runs a loop
of its own; Ctrl-C there cancels the work in the loop and waits for it to clean up. Knows nothing of what it runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from concurrent.futures import Future, wait
from typing import Any, Final, TypeVar

from hausmusik.errors import Cancelled, UsageError

T = TypeVar("T")

SETTLE_S: Final = 5.0
"""Longest that an interrupted call waits for its work to clean up; a second Ctrl-C ends that too."""


class Portal:
    """Runs coroutines in a thread of its own; the thread starts with the first call."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._closed = False
        self._process = os.getpid()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end and return its result; an interruption here cancels it there.

        Raises:
            UsageError: called from the portal's own thread (a callback), from a forked process, or after `close`.
            Cancelled: the portal was closed by another thread meanwhile.
        """
        outcome: Future[T] = Future()
        tasks: list[asyncio.Task[T]] = []

        def begin() -> None:
            task = asyncio.get_running_loop().create_task(work)
            task.add_done_callback(lambda done: _tell(done, outcome))
            tasks.append(task)

        def cancel() -> None:
            tasks[0].cancel()  # begun before this: the loop keeps the order

        try:
            loop = self._do(begin)
        except UsageError:
            work.close()
            raise
        try:
            return outcome.result()
        except BaseException:
            if not outcome.done():
                loop.call_soon_threadsafe(cancel)
                wait([outcome], timeout=SETTLE_S)
            raise

    def iterate(self, events: AsyncGenerator[T]) -> Iterator[T]:
        """Yield what an asynchronous generator yields; closing this iterator closes that one.

        Raises:
            UsageError: as `call`.
        """
        try:
            while True:
                try:
                    yield self.call(_next(events))
                except StopAsyncIteration:
                    return
        finally:
            self._end(events)

    def close(self, last: Callable[[], Coroutine[Any, Any, None]] | None = None) -> None:
        """End the thread; the portal is not used again. Does nothing the second time, or in a forked process.

        Args:
            last: Work to do before that, whatever becomes of it.
        """
        if self._closed or self._is_forked:
            return
        try:
            if last is not None:
                self.call(last())
        finally:
            with self._lock:
                loop, thread = (None, None) if self._closed else (self._loop, self._thread)
                self._closed = True
                if loop is not None:
                    loop.call_soon_threadsafe(loop.stop)  # after everything that other threads have begun
            if loop is not None and thread is not None:
                thread.join()
                loop.close()

    @property
    def _is_forked(self) -> bool:
        return os.getpid() != self._process

    def _do(self, begin: Callable[[], None]) -> asyncio.AbstractEventLoop:
        """Have the loop's thread do something soon; starts it when there is none yet."""
        if self._is_forked:
            raise UsageError(
                "this house was opened in another process, of which this one is a fork",
                hint="open a house in each process, after the fork",
            )
        if threading.current_thread() is self._thread:
            raise UsageError(
                "the house cannot be asked from its own callback: that would wait for itself",
                hint="note what you need and ask after the call, or use hausmusik.open_async()",
            )
        with self._lock:
            if self._closed:
                raise UsageError("this house is closed", hint="open another one: with hausmusik.open() as house")
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=_serve, args=(self._loop,), name="hausmusik", daemon=True)
                self._thread.start()
            self._loop.call_soon_threadsafe(begin)
            return self._loop

    def _end(self, events: AsyncGenerator[Any]) -> None:
        """Close a generator, as far as that is still possible and needed."""
        if threading.current_thread() is self._thread:  # the garbage collector came by there: nobody may wait
            _ = asyncio.get_running_loop().create_task(_close(events))
            return
        with contextlib.suppress(UsageError):  # closed, and the generator with it; or it belongs to another process
            self.call(_close(events))


async def _next(events: AsyncGenerator[T]) -> T:
    return await anext(events)  # asked for in the loop, which only then knows the generator and closes it at its end


async def _close(events: AsyncGenerator[Any]) -> None:
    await events.aclose()


def _tell(done: asyncio.Task[T], outcome: Future[T]) -> None:
    """Hand over how a task ended."""
    if done.cancelled():
        outcome.set_exception(Cancelled("the house was closed while it was at work", hint="close it afterwards"))
    elif (error := done.exception()) is not None:
        outcome.set_exception(error)
    else:
        outcome.set_result(done.result())


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.run_until_complete(_cancel_all())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())


async def _cancel_all() -> None:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
