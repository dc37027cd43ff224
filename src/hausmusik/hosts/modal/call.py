"""Calls of a deployed class, read in the background, that can be left at any moment.

Modal's client does not cancel a call whose generator is closed; it is cancelled by its id. A `Question`, which answers
once, has that from the beginning. Of a `Call`, which streams, the container's first answer brings it: one that is left
before is listened to until then, and goes on to its end if this process is gone by then. So a container that may have
to start is asked for by a question first. Knows nothing of instruments and money.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

from hausmusik.errors import WorkerLost
from hausmusik.hosts.modal.messages import Answer, FromContainer, OtherWire, Started, messages_in
from hausmusik.seams import Clock

Cancelling: TypeAlias = Callable[[str], Any]
"""Cancels a call by its id; a coroutine function."""


class Call:
    """A call under way; made inside the loop that reads it.

    Args:
        answers: The items of Modal's generator.
        cancel: Cancels a call by its id.
        clock: Tells when something was last heard.

    Attributes:
        heard_s: When something was last heard, by the clock.
        taken_over: Whether Modal gave the call to another container when its own had died. What that one says first is
            not heard: Modal's client leaves out as many answers as the first one had given.
    """

    def __init__(self, answers: AsyncIterator[Answer], cancel: Cancelling, clock: Clock) -> None:
        self._answers = answers
        self._cancel = cancel
        self._heard: asyncio.Queue[FromContainer | BaseException | None] = asyncio.Queue()
        self._id = ""
        self._left = False
        self._clock = clock
        self.heard_s = clock.monotonic()
        self.taken_over = False
        self.reader = asyncio.create_task(self._read())

    async def next(self, patience_s: float | None) -> FromContainer | None:
        """Return the next message, None at the end.

        Raises:
            TimeoutError: none came within `patience_s` seconds.
            Exception: what Modal's client raised, or CodecError.
        """
        async with asyncio.timeout(patience_s):
            message = await self._heard.get()
        if isinstance(message, BaseException):
            raise message
        return message

    def leave(self) -> None:
        """Cancel the call, as soon as that is possible; does not wait."""
        self._left = True
        if self._id and not self.reader.done():
            self.reader.cancel()  # its `finally` cancels the call

    async def _read(self) -> None:
        over, first = False, b""
        try:
            async for answer in self._answers:
                messages = messages_in(answer)
                first = first or answer[0]
                if answer[0] != first:
                    self.taken_over = True
                    raise WorkerLost("the container died, and Modal went on with another one")
                self.heard_s = self._clock.monotonic()
                for message in messages:
                    if isinstance(message, Started):
                        self._id = message.call
                        if self._left:
                            return
                    self._heard.put_nowait(message)
            over = True
            self._heard.put_nowait(None)
        except OtherWire as error:
            self._id = error.call
            self._heard.put_nowait(error)
        except Exception as error:  # noqa: BLE001 - the reader of the queue raises it
            over = not isinstance(error, WorkerLost)
            self._heard.put_nowait(error)
        finally:
            if not over and self._id:
                with contextlib.suppress(Exception):  # then the call ends at its own time-out
                    await asyncio.shield(self._cancel(self._id))


class Question:
    """A call that answers once; made inside the loop that reads it.

    Args:
        spawn: Makes the call: returns Modal's `FunctionCall`.

    Attributes:
        reader: Ends with the answer, with what Modal's client raised, or cancelled because the question was left.
    """

    def __init__(self, spawn: Callable[[], Awaitable[Any]]) -> None:
        self._spawn = spawn
        self._made = False
        self._left = False
        self.reader: asyncio.Task[Answer] = asyncio.create_task(self._read())
        self.reader.add_done_callback(_look)

    def leave(self) -> None:
        """Cancel the call, once it is made; does not wait."""
        self._left = True
        if self._made:
            self.reader.cancel()

    async def _read(self) -> Answer:
        call = await self._spawn()
        self._made, answered = True, False
        try:
            if self._left:
                raise asyncio.CancelledError
            answer: Answer = await call.get.aio()
            answered = True
            return answer
        finally:
            if not answered:
                with contextlib.suppress(Exception):  # then the container ends when its window is over
                    await asyncio.shield(call.cancel.aio())


def _look(reader: asyncio.Task[Answer]) -> None:
    """Take note of how a question ended: nobody else may, of one that was left."""
    if not reader.cancelled():
        reader.exception()
