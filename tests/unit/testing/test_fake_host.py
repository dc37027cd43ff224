from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from hausmusik.errors import EngineError, HostUnavailable, MissingExtra, StreamBroken, WorkerLost
from hausmusik.seams import EngineOrder, Host
from hausmusik.testing import FakeHost, Fault, FaultSchedule
from hausmusik.types import Done, Event, Phase, Request, Run, SpeakRequest, TextDelta, Usage
from tests.unit.hosts.playing import RUN, SAY, tone, warmed

SCRIPT = [TextDelta(text="a"), Usage(tokens_out=1), TextDelta(text="b"), Usage(tokens_out=2), Done(reason="length")]


async def played(host: Host, request: Request = SAY, order: EngineOrder | None = None) -> list[Event]:
    return [event async for event in host.play(order or tone(), request, RUN)]


def results(events: list[Event]) -> list[Event]:
    return [event for event in events if not isinstance(event, Phase)]


async def test_it_plays_a_script_and_adds_up_usage() -> None:
    events = await played(FakeHost(SCRIPT))
    assert results(events) == [TextDelta(text="a"), TextDelta(text="b"), Usage(tokens_out=3), Done(reason="length")]


async def test_it_plays_a_function_and_remembers_who_asked_for_what() -> None:
    def echo(order: EngineOrder, request: Request, run: Run) -> Iterator[Event]:
        assert isinstance(request, SpeakRequest)
        yield TextDelta(text=f"{order.instrument} {request.text} {run.id}")
        yield Done()

    host = FakeHost(echo)
    assert results(await played(host))[0] == TextDelta(text=f"tone {SAY.text} {RUN.id}")
    (play,) = host.plays
    assert (play.instrument, play.request, play.run, play.order) == ("tone", SAY, RUN, tone())


async def test_foreign_errors_of_a_function_are_engine_errors() -> None:
    def broken(order: EngineOrder, request: Request, run: Run) -> Iterator[Event]:
        yield TextDelta(text="a")
        raise KeyError("x")

    with pytest.raises(EngineError, match="KeyError"):
        await played(FakeHost(broken))
    with pytest.raises(EngineError, match="without Done"):
        await played(FakeHost(SCRIPT[:1]))


async def test_faults_come_when_scheduled() -> None:
    host = FakeHost(
        SCRIPT,
        faults=FaultSchedule(
            {
                0: Fault(HostUnavailable("no")),
                2: Fault(WorkerLost("gone", hint="h"), after=1),
                3: Fault(WorkerLost("gone")),
            }
        ),
    )
    with pytest.raises(HostUnavailable):
        await played(host)
    assert isinstance((await played(host))[-1], Done)
    with pytest.raises(StreamBroken) as caught:
        await played(host)
    assert caught.value.partial == (TextDelta(text="a"),)
    assert caught.value.hint == "h"
    with pytest.raises(WorkerLost):
        await played(host)
    assert isinstance((await played(host))[-1], Done)
    assert len(host.plays) == 5


async def test_a_fault_for_every_play_is_a_new_error_each_time() -> None:
    host = FakeHost(SCRIPT, faults=FaultSchedule(otherwise=Fault(WorkerLost("gone"))))
    errors = []
    for _ in range(2):
        with pytest.raises(WorkerLost) as caught:
            await played(host)
        errors.append(caught.value)
    assert errors[0] is not errors[1]


async def test_delays_do_not_block_the_loop() -> None:
    host = FakeHost(SCRIPT, faults=FaultSchedule(otherwise=Fault(delay_s=0.03)))
    async with asyncio.timeout(0.6):
        await asyncio.gather(*(played(host) for _ in range(10)))
    assert host.playing == 0


async def test_an_absent_instrument() -> None:
    host = FakeHost(absent={"tone"})
    assert host.state(tone()).state == "absent"
    with pytest.raises(MissingExtra) as caught:
        await played(host)
    assert caught.value.hint == "haus install tone"


async def test_warming_takes_its_time_and_a_broken_off_one_leaves_it_cold() -> None:
    host = FakeHost(warm_s=0.1)
    async with aclosing(host.play(tone(), SAY, RUN)) as events:
        phase = await anext(events)
        assert phase == Phase(name="boot", eta_s=0.05)
        assert host.state(tone()).state == "warming"
    assert host.state(tone()).state == "cold"
    await warmed(host, tone())
    assert host.state(tone()).state == "warm"


async def test_closing_a_play_closes_what_it_plays() -> None:
    closed = []

    def endless(order: EngineOrder, request: Request, run: Run) -> Iterator[Event]:
        try:
            while True:
                yield TextDelta(text="a")
        finally:
            closed.append(order.instrument)

    host = FakeHost(endless)
    async with aclosing(host.play(tone(), SAY, RUN)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                break
    assert closed == ["tone"]
    assert host.playing == 0
