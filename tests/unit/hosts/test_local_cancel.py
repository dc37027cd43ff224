"""Closing a play: the caller never waits, the engine hears of it, a runaway is killed, nothing is left behind."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing, suppress

import pytest

from hausmusik.errors import Cancelled, HostUnavailable
from hausmusik.hosts.local import LocalHost
from hausmusik.types import Done, Phase
from tests.unit.hosts.playing import (
    RUN,
    SAY,
    MakeHost,
    eventually,
    first_result,
    is_running,
    pids,
    played,
    tone,
    warmed,
)

pytestmark = pytest.mark.slow  # worker processes that are slow on purpose; the contract suite is quick


async def test_closing_a_play_stops_the_engine_and_keeps_the_worker(make_host: MakeHost) -> None:
    host = make_host()
    took_s = await first_result(host, tone(sleep_s=0.1))
    assert took_s < 0.1
    (pid,) = pids(host)
    began = time.monotonic()
    assert isinstance((await played(host, tone(sleep_s=0.1)))[-1], Done)
    assert pids(host) == [pid]
    assert time.monotonic() - began < 2.5


async def test_a_runaway_is_killed_after_the_grace_and_nobody_waits_for_it(make_host: MakeHost) -> None:
    host = make_host(cancel_grace_s=0.3)
    order = tone(spin=True, fault_after=1)
    took_s = await first_result(host, order)
    assert took_s < 0.1
    (pid,) = pids(host)
    assert is_running(pid)
    began = time.monotonic()
    await eventually(lambda: not is_running(pid))
    assert 0.1 < time.monotonic() - began < 1.5
    await eventually(lambda: pids(host) == [])
    await first_result(host, order)
    assert pid not in pids(host)


async def test_the_next_play_goes_on_while_a_runaway_dies(make_host: MakeHost) -> None:
    host = make_host(cancel_grace_s=0.3)
    await first_result(host, tone(hang=True, fault_after=1))
    began = time.monotonic()
    assert isinstance((await played(host, tone("other")))[-1], Done)
    assert time.monotonic() - began < 1.5


async def test_a_cancelled_task_cancels_its_play(make_host: MakeHost) -> None:
    host = make_host()
    order = tone(sleep_s=0.1)
    await warmed(host, order)
    task = asyncio.ensure_future(played(host, order))
    await eventually(lambda: host._pool._slots[0].state == "busy")
    await asyncio.sleep(0.05)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await eventually(lambda: host._pool._slots[0].state == "idle", 1.0)


async def test_an_abandoned_play_is_closed_by_the_collector(make_host: MakeHost) -> None:
    host = make_host()

    async def abandon() -> None:
        async for event in host.play(tone(sleep_s=0.05), SAY, RUN):
            if not isinstance(event, Phase):
                return

    await abandon()
    await eventually(lambda: host._pool._slots[0].state == "idle", 2.0)


@pytest.mark.parametrize("stage", ["boot", "load", "queue"])
async def test_closing_at_every_stage_leaves_a_host_that_plays(make_host: MakeHost, stage: str) -> None:
    host = make_host(max_workers=1)
    order = tone(slow_load_s=0.1)
    blocker = asyncio.ensure_future(played(host, tone("blocker", sleep_s=0.05))) if stage == "queue" else None
    await asyncio.sleep(0)
    async with aclosing(host.play(order, SAY, RUN)) as events:
        async for event in events:
            if isinstance(event, Phase) and event.name == stage:
                break
        else:
            pytest.fail(f"there was no phase {stage}")
    assert isinstance((await played(host, order))[-1], Done)
    if blocker is not None:
        assert isinstance((await blocker)[-1], Done)
    assert len(pids(host)) == 1


async def test_closing_the_host_ends_plays_and_queue_at_once(make_host: MakeHost) -> None:
    host = make_host(max_workers=1)
    order = tone(spin=True)
    plays = [asyncio.ensure_future(played(host, order)) for _ in range(3)]
    await eventually(lambda: any(slot.state == "busy" for slot in host._pool._slots))
    (pid,) = pids(host)
    began = time.monotonic()
    await host.close()
    assert time.monotonic() - began < 1.0
    assert not is_running(pid)
    errors = await asyncio.gather(*plays, return_exceptions=True)
    assert [type(error) for error in errors] == [Cancelled] * 3


async def test_closing_the_host_while_a_worker_starts(make_host: MakeHost) -> None:
    for wait_s in (0.0, 0.01, 0.3):
        host = make_host()
        play = asyncio.ensure_future(played(host, tone(slow_load_s=20.0)))
        await asyncio.sleep(wait_s)
        began = time.monotonic()
        await host.close()
        assert time.monotonic() - began < 1.5
        with pytest.raises((Cancelled, HostUnavailable)):
            await play


async def test_many_plays_at_once_over_two_workers(make_host: MakeHost) -> None:
    host = make_host()
    order = tone(workers=2, sleep_s=0.02)

    async def some(number: int, host: LocalHost) -> bool:
        if number % 3 == 0:
            return await first_result(host, order) < 1.0
        return isinstance((await played(host, order))[-1], Done)

    assert all(await asyncio.gather(*(some(number, host) for number in range(12))))
    await eventually(lambda: all(slot.state == "idle" for slot in host._pool._slots))
    assert len(pids(host)) == 2
