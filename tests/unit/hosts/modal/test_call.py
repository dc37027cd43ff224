"""Calls that can be left at any moment; one that streams notices when another container has taken it over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from hausmusik.clock import SystemClock
from hausmusik.codec import encode
from hausmusik.errors import WorkerLost
from hausmusik.hosts.modal.call import Call, Question
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


class Spawned:
    """A call that answers once, when told."""

    def __init__(self, made_after_s: float = 0.0) -> None:
        self.made_after_s = made_after_s
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.cancelled = 0
        self.get = Aio(self._get)
        self.cancel = Aio(self._cancel)

    async def spawn(self) -> Spawned:
        await asyncio.sleep(self.made_after_s)
        return self

    async def _get(self) -> Answer:
        return await self.answer

    async def _cancel(self) -> None:
        self.cancelled += 1


class Aio:
    """A method of Modal's client, as it is awaited."""

    def __init__(self, aio: Callable[[], Awaitable[object]]) -> None:
        self.aio = aio


async def test_a_question_is_answered() -> None:
    there = Spawned()
    there.answer.set_result([b"mark"])
    question = Question(there.spawn)
    assert await question.reader == [b"mark"]
    question.leave()
    assert not there.cancelled


@pytest.mark.parametrize("made_after_s", [0.0, 0.05])
async def test_a_question_that_is_left_is_cancelled_before_anybody_has_it(made_after_s: float) -> None:
    there = Spawned(made_after_s)
    question = Question(there.spawn)
    await asyncio.sleep(0.01)
    question.leave()
    await asyncio.wait([question.reader], timeout=1.0)
    assert question.reader.cancelled()
    assert there.cancelled == 1


async def test_a_question_that_cannot_be_asked_is_an_error_as_it_came() -> None:
    async def refused() -> None:
        raise RuntimeError("no room")

    question = Question(refused)
    with pytest.raises(RuntimeError, match="no room"):
        await question.reader
