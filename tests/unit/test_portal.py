from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress

import pytest

from hausmusik.errors import Cancelled, NotFoundError, UsageError
from hausmusik.portal import Portal


@pytest.fixture
def portal() -> Iterator[Portal]:
    made = Portal()
    yield made
    made.close()


class Work:
    """Something that takes long, and notes what becomes of it."""

    def __init__(self, seconds: float = 30.0, cleaning_s: float = 0.0) -> None:
        self.begun, self.cleaned = threading.Event(), threading.Event()
        self._seconds, self._cleaning_s = seconds, cleaning_s

    async def __call__(self) -> str:
        self.begun.set()
        try:
            await asyncio.sleep(self._seconds)
        finally:
            await asyncio.sleep(self._cleaning_s)
            self.cleaned.set()
        return "done"

    async def stream(self) -> AsyncGenerator[int]:
        try:
            for number in range(1_000):
                yield number
                await asyncio.sleep(0)
        finally:
            await asyncio.sleep(self._cleaning_s)
            self.cleaned.set()


async def answer() -> int:
    return 42


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "hausmusik"]


def interrupt_when(ready: threading.Event, times: int = 1) -> threading.Thread:
    """Press Ctrl-C, as a real signal, once something has begun."""

    def press() -> None:
        assert ready.wait(20)
        for _ in range(times):
            time.sleep(0.05)
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    return thread


def test_a_call_returns_what_the_work_returns_in_one_thread_begun_when_needed(portal: Portal) -> None:
    before = len(threads())
    assert portal.call(answer()) == 42
    assert portal.call(answer()) == 42
    assert len(threads()) == before + 1
    portal.close()
    assert len(threads()) == before


def test_an_error_is_the_one_that_was_raised(portal: Portal) -> None:
    error = NotFoundError("no such voice", hint="look")

    async def fail() -> None:
        raise error

    with pytest.raises(NotFoundError) as caught:
        portal.call(fail())
    assert caught.value is error
    assert any(entry.name == "fail" for entry in caught.traceback), "it shows where it came from"
    assert portal.call(answer()) == 42


def test_a_stream_is_a_plain_iterator(portal: Portal) -> None:
    work = Work()
    assert list(portal.iterate(work.stream())) == list(range(1_000))
    assert work.cleaned.is_set()


def test_a_stream_closed_early_is_closed_in_the_loop_before_one_goes_on(portal: Portal) -> None:
    work = Work(cleaning_s=0.05)
    events = portal.iterate(work.stream())
    assert [next(events), next(events)] == [0, 1]
    events.close()
    assert work.cleaned.is_set()
    assert list(events) == []


def test_a_loop_that_is_left_closes_its_stream(portal: Portal) -> None:
    work = Work()
    for number in portal.iterate(work.stream()):
        if number == 3:
            break
    gc.collect()
    assert work.cleaned.is_set()


def test_a_stream_that_fails_hands_over_what_came_and_the_error(portal: Portal) -> None:
    async def stream() -> AsyncGenerator[int]:
        yield 1
        raise NotFoundError("gone")

    heard: list[int] = []
    with pytest.raises(NotFoundError, match="gone"):
        heard.extend(portal.iterate(stream()))
    heard += [number for number in portal.iterate(Work().stream()) if number < 2]
    assert heard[-2:] == [0, 1]


def test_a_stream_nobody_listens_to_is_no_trouble(portal: Portal) -> None:
    portal.iterate(Work().stream())
    gc.collect()
    assert portal.call(answer()) == 42


def test_ctrl_c_cancels_the_work_and_waits_until_it_has_cleaned_up(portal: Portal) -> None:
    work = Work(cleaning_s=0.2)
    pressed = interrupt_when(work.begun)
    with pytest.raises(KeyboardInterrupt):
        portal.call(work())
    assert work.cleaned.is_set()
    pressed.join()
    assert portal.call(answer()) == 42


def test_ctrl_c_in_a_stream_closes_it(portal: Portal) -> None:
    work = Work()

    async def stream() -> AsyncGenerator[str]:
        yield "first"
        yield await work()

    events = portal.iterate(stream())
    assert next(events) == "first"
    pressed = interrupt_when(work.begun)
    with pytest.raises(KeyboardInterrupt):
        next(events)
    assert work.cleaned.is_set()
    pressed.join()


def test_ctrl_c_twice_does_not_wait_for_the_clean_up(portal: Portal) -> None:
    work = Work(cleaning_s=3.0)
    pressed = interrupt_when(work.begun, times=2)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        portal.call(work())
    assert time.monotonic() - began < 2.0
    assert not work.cleaned.is_set()
    pressed.join()


def test_ctrl_c_leaves_the_calls_of_other_threads_alone_and_does_not_wait_for_them(portal: Portal) -> None:
    other, mine, heard = Work(1.0), Work(), list[str]()
    thread = threading.Thread(target=lambda: heard.append(portal.call(other())))
    thread.start()
    assert other.begun.wait(20)
    pressed = interrupt_when(mine.begun)
    with pytest.raises(KeyboardInterrupt):
        portal.call(mine())
    assert not other.cleaned.is_set(), "it was not waited for"
    thread.join()
    pressed.join()
    assert heard == ["done"]


def test_many_threads_at_once(portal: Portal) -> None:
    heard: list[int] = []

    def use() -> None:
        heard.append(sum(portal.iterate(Work().stream())) + portal.call(answer()))

    users = [threading.Thread(target=use) for _ in range(8)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert heard == [sum(range(1_000)) + 42] * 8
    assert len(threads()) == 1


async def test_inside_a_running_loop_it_works_as_anywhere(portal: Portal) -> None:
    assert portal.call(answer()) == 42
    assert list(portal.iterate(Work().stream()))[-1] == 999


def test_its_own_thread_is_refused_instead_of_waiting_for_itself(portal: Portal) -> None:
    async def ask_again() -> int:
        return portal.call(answer())

    with pytest.raises(UsageError, match="own callback"):
        portal.call(ask_again())
    assert portal.call(answer()) == 42


def test_closed_it_refuses_everything_and_may_be_closed_again(portal: Portal) -> None:
    portal.call(answer())
    work = Work()
    events = portal.iterate(work.stream())
    next(events)
    portal.close()
    assert work.cleaned.is_set()
    portal.close()
    for use in (lambda: portal.call(answer()), lambda: next(portal.iterate(Work().stream()))):
        with pytest.raises(UsageError, match="is closed"):
            use()
    events.close()
    with suppress(StopIteration):
        next(events)


def test_closing_ends_the_work_of_other_threads(portal: Portal) -> None:
    work, ended = Work(), list[BaseException]()

    def use() -> None:
        try:
            portal.call(work())
        except Cancelled as error:
            ended.append(error)

    user = threading.Thread(target=use)
    user.start()
    assert work.begun.wait(20)
    portal.close()
    user.join(10)
    assert not user.is_alive()
    assert len(ended) == 1
    assert work.cleaned.is_set()


@pytest.mark.parametrize("failing", [False, True])
def test_the_last_work_is_done_once_and_the_thread_ends_whatever_becomes_of_it(failing: bool) -> None:
    portal, done = Portal(), list[int]()
    before = len(threads())

    async def last() -> None:
        done.append(1)
        if failing:
            raise NotFoundError("it does not close")

    if failing:
        with pytest.raises(NotFoundError):
            portal.close(last)
    else:
        portal.close(last)
    portal.close(last)
    assert done == [1]
    assert len(threads()) == before


def test_a_stream_that_is_collected_in_the_loops_own_thread_is_closed_too(portal: Portal) -> None:
    work = Work()
    held = [portal.iterate(work.stream())]
    next(held[0])

    async def collect() -> None:
        held.clear()

    portal.call(collect())
    assert work.cleaned.wait(5)


FORKED = """
import asyncio, os, sys
from hausmusik.errors import UsageError
from hausmusik.portal import Portal

async def answer():
    return 42

portal = Portal()
assert portal.call(answer()) == 42
child = os.fork()
if child == 0:
    try:
        portal.call(answer())
    except UsageError as error:
        print(error.message, flush=True)
    portal.close(answer)
    own = Portal()
    print(own.call(answer()), flush=True)
    own.close()
    os._exit(0)
os.waitpid(child, 0)
print(portal.call(answer()), flush=True)
portal.close()
"""


def test_a_fork_is_told_to_open_its_own() -> None:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKED]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=dict(os.environ))
    assert done.stderr == ""
    said, in_the_child, in_the_parent = done.stdout.splitlines()
    assert "opened in another process" in said
    assert (in_the_child, in_the_parent) == ("42", "42")


def test_a_program_that_never_closes_it_still_ends() -> None:
    code = "import asyncio; from hausmusik.portal import Portal; Portal().call(asyncio.sleep(0)); print('end')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "end\n", "")
