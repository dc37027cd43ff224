"""Runs a plain generator in a thread and yields its values in the event loop. Knows nothing of what it yields."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from typing import TypeVar

T = TypeVar("T")


async def in_thread(steps: Iterator[T]) -> AsyncGenerator[T]:
    """Yield what a blocking generator yields; closing this one closes that one, in its thread, before it returns."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[tuple[bool, T | BaseException | None]] = asyncio.Queue()
    stopped = False

    def work() -> None:
        end: BaseException | None = None
        try:
            for step in steps:
                loop.call_soon_threadsafe(queue.put_nowait, (True, step))
                if stopped:
                    break
        except BaseException as error:  # noqa: BLE001 - handed to the waiting side, which raises it
            end = error
        finally:
            close = getattr(steps, "close", None)
            if close is not None:
                close()
            loop.call_soon_threadsafe(queue.put_nowait, (False, end))

    thread = asyncio.create_task(asyncio.to_thread(work))
    try:
        while True:
            is_step, value = await queue.get()
            if is_step:
                yield value  # pyright: ignore[reportReturnType] - a step, by the flag beside it
            elif isinstance(value, BaseException):
                raise value
            else:
                return
    finally:
        stopped = True
        await asyncio.shield(thread)
