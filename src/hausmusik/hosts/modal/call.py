"""One call of a deployed class, read in the background, that can be left at any moment.

Modal's client does not cancel a call whose generator is closed; it is cancelled by its id, which the container's first
answer brings. A call that is left before that is listened to until then. Knows nothing of instruments and money.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
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
