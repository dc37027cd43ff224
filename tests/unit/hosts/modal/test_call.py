"""A call that can be left at any moment, and notices when another container has taken it over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from hausmusik.clock import SystemClock
from hausmusik.codec import encode
from hausmusik.errors import WorkerLost
from hausmusik.hosts.modal.call import Call
from hausmusik.hosts.modal.messages import Alive, Answer, Finished, Started, new_mark
from hausmusik.types import Usage

STARTED = Started(call="fc-1", container="ta-1", digest="d")
FINISHED = Finished(reason="complete", usage=Usage())


class Modal:
    """The other end."""

    def __init__(self, *answers: Answer | float | Exception) -> None:
        self.answers = answers
        self.cancelled: list[str] = []

    async def stream(self) -> AsyncIterator[Answer]:
        for answer in self.answers:
            if isinstance(answer, Exception):
                raise answer
            if isinstance(answer, float):
                await asyncio.sleep(answer)
            else:
                yield answer

    async def cancel(self, call: str) -> None:
        self.cancelled.append(call)

    def call(self) -> Call:
        return Call(self.stream(), self.cancel, SystemClock())


async def test_messages_come_as_they_were_sent_then_the_end() -> None:
    mark = new_mark()
    modal = Modal(*((mark, encode(each)) for each in (STARTED, Alive(), FINISHED)))
    call = modal.call()
    assert [await call.next(1.0) for _ in range(4)] == [STARTED, Alive(), FINISHED, None]
    await call.reader
    assert not modal.cancelled
    assert not call.taken_over


async def test_another_container_under_the_same_call_is_noticed_and_the_call_cancelled() -> None:
    modal = Modal((new_mark(), encode(STARTED)), (new_mark(), encode(FINISHED)))
    call = modal.call()
    assert await call.next(1.0) == STARTED
    with pytest.raises(WorkerLost, match="another one"):
        await call.next(1.0)
    await asyncio.wait([call.reader])
    assert modal.cancelled == ["fc-1"]
    assert call.taken_over


async def test_one_that_is_left_while_it_plays_is_cancelled_at_once() -> None:
    modal = Modal((new_mark(), encode(STARTED)), 60.0)
    call = modal.call()
    await call.next(1.0)
    call.leave()
    await asyncio.wait([call.reader], timeout=1.0)
    assert modal.cancelled == ["fc-1"]


async def test_one_that_is_left_before_a_container_has_it_is_cancelled_as_soon_as_one_has() -> None:
    modal = Modal(0.05, (new_mark(), encode(STARTED)), 60.0)
    call = modal.call()
    await asyncio.sleep(0)
    call.leave()
    assert not modal.cancelled
    await asyncio.wait([call.reader], timeout=1.0)
    assert modal.cancelled == ["fc-1"]


async def test_silence_is_a_timeout_and_an_error_is_raised_as_it_came() -> None:
    modal = Modal(0.2, RuntimeError("gone"))
    call = modal.call()
    with pytest.raises(TimeoutError):
        await call.next(0.01)
    with pytest.raises(RuntimeError, match="gone"):
        await call.next(1.0)
