"""What every host must keep to; see `hausmusik.seams.Host`. Runs on all of `tests/contract/hosts.py`."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from hausmusik.codec import encode
from hausmusik.engines.tone import ToneEngine
from hausmusik.errors import (
    BadInput,
    EngineError,
    GenerationFailed,
    HausmusikError,
    HostUnavailable,
    StreamBroken,
    UsageError,
    WeightsError,
    WorkerLost,
)
from hausmusik.seams import EngineContext, EngineOrder, Host, Scalar
from hausmusik.types import (
    AudioChunk,
    Done,
    Event,
    MusicRequest,
    Phase,
    Request,
    Run,
    SpeakRequest,
    Stay,
    Usage,
)
from tests.contract.hosts import CASES, HostCase, tone

RUN = Run(id="run-1")
SAY = SpeakRequest(text="Hello there. You.")
CARELESS = """
from hausmusik.seams import EngineSpec
from hausmusik.types import Done

class Careless:  # takes whatever device it is given
    spec = EngineSpec(name="careless", revision="1")
    def __init__(self, context): pass
    def prepare(self): return iter(())
    def load(self, device): return iter(())
    def warm_up(self): return iter(())
    def play(self, requests, cancel): yield 0, Done()
    def close(self): pass
"""


@pytest.fixture(
    params=[pytest.param(case, id=case.name, marks=[pytest.mark.slow] if case.slow else []) for case in CASES]
)
def case(request: pytest.FixtureRequest) -> HostCase:
    return request.param


@pytest.fixture
async def host(case: HostCase, tmp_path: Path) -> AsyncIterator[Host]:
    made = case.make(tmp_path)
    yield made
    await made.close()


def stream(host: Host, order: EngineOrder, request: Request = SAY) -> Any:
    """`play`, typed so that it can be closed; every implementation is an asynchronous generator."""
    return cast("Any", host.play(order, request, RUN))


async def played(host: Host, order: EngineOrder, request: Request = SAY) -> list[Event]:
    return [event async for event in host.play(order, request, RUN)]


async def warmed(host: Host, order: EngineOrder, *, together: bool = False) -> list[Event]:
    return [event async for event in host.warm(order, together=together)]


def results(events: list[Event]) -> list[bytes]:
    return [encode(event) for event in events if not isinstance(event, Phase | Usage | Stay)]


async def test_phases_then_results_then_one_usage_then_done(host: Host) -> None:
    events = await played(host, tone())
    assert isinstance(events[0], Phase)
    kinds = [type(event).__name__ for event in events]
    assert kinds[-2:] == ["Usage", "Done"]
    assert kinds.count("Usage") == kinds.count("Done") == 1
    usage = events[-2]
    assert isinstance(usage, Usage)
    assert usage.audio_s == pytest.approx(sum(each.audio.duration_s for each in events if isinstance(each, AudioChunk)))
    assert usage.characters == len(SAY.text)
    assert "play" in {event.name for event in events if isinstance(event, Phase)}


async def test_it_plays_what_the_engine_plays(host: Host) -> None:
    engine = ToneEngine(EngineContext())
    for stage in (engine.prepare(), engine.load("cpu")):
        list(stage)
    for request in (SAY, MusicRequest(prompt="calm", duration_s=2.5, seed=4)):
        expected = [event for _, event in engine.play([request], threading.Event())]
        assert results(await played(host, tone(), request)) == results(expected)


async def test_it_has_a_name_and_a_numeric_class(host: Host) -> None:
    assert host.name
    assert host.numeric_class(tone())


@pytest.mark.parametrize(
    ("fail", "after", "kind"),
    [
        ("bad_input", 0, BadInput),
        ("generation", 2, GenerationFailed),
        ("foreign", 1, EngineError),
        ("no_done", 0, EngineError),
        ("weights", 0, WeightsError),
        ("foreign_load", 0, EngineError),
    ],
)
async def test_errors_arrive_as_they_were_raised(host: Host, fail: str, after: int, kind: type[HausmusikError]) -> None:
    order = tone(fail=fail, fault_after=after)
    with pytest.raises(kind) as caught:
        await played(host, order)
    assert type(caught.value) is kind
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize(
    "request_",
    [SpeakRequest(text="Hi", speed=5.0), MusicRequest(prompt="x", duration_s=-1.0), SpeakRequest(text="a \ud800")],
    ids=["above", "below", "not unicode"],
)
async def test_a_request_out_of_range_is_refused_and_nothing_is_lost(host: Host, request_: Request) -> None:
    await warmed(host, tone())
    with pytest.raises(UsageError):
        await played(host, tone(), request_)
    assert host.state(tone()).state == "warm"
    names = {event.name for event in await played(host, tone()) if isinstance(event, Phase)}
    assert "boot" not in names, "its worker lived on"


async def test_an_order_for_a_device_that_the_engine_does_not_name_is_refused(host: Host, tmp_path: Path) -> None:
    (tmp_path / "careless.py").write_text(CARELESS)
    order = EngineOrder(instrument="x", engine=f"{tmp_path}/careless.py:Careless", context=EngineContext())
    assert results(await played(host, order)) == results([Done()])
    with pytest.raises(BadInput, match="careless cannot play on cuda") as caught:
        await played(host, msgspec.structs.replace(order, device="cuda"))
    assert caught.value.hint == "it plays on cpu"


async def test_a_play_is_over_at_its_deadline_and_takes_no_more_than_the_host_said(host: Host) -> None:
    unlimited = host.worst_s(tone(), RUN)
    assert unlimited is None or unlimited > 0
    run = Run(id="run-2", deadline_s=0.4)
    worst_s = host.worst_s(tone(), run)
    assert worst_s is not None
    assert worst_s >= 0.4
    with pytest.raises(GenerationFailed, match="deadline"):
        _ = [event async for event in host.play(tone(sleep_s=0.1), SpeakRequest(text="one " * 20), run)]
    await host.release()
    began = time.monotonic()
    used = Usage()
    async for event in host.play(tone(), SpeakRequest(text="one"), run):
        used = event if isinstance(event, Usage) else used
    assert used.boot_s + used.load_s + used.busy_s <= min(worst_s, time.monotonic() - began)


async def test_a_machine_stays_up_for_as_long_as_the_host_says_that_they_do(host: Host) -> None:
    there = host.machines(tone(workers=2))
    assert there.most >= 1
    assert there.plays_each >= 1
    first, second = await played(host, tone(workers=2)), await played(host, tone(workers=2))
    stays = [event for event in (*first, *second) if isinstance(event, Stay)]
    assert [stay.window_s for stay in stays] == ([there.idle_s] * 2 if there.idle_s else [])
    assert len({stay.machine for stay in stays}) <= 1, "one after the other, on one machine"
    assert [stay.gap_s is None for stay in stays] == [True, False][: len(stays)]


async def test_plays_at_once_do_not_mix(host: Host) -> None:
    requests = [SpeakRequest(text=f"This is number {'one ' * number}.") for number in range(1, 9)]
    order = tone(workers=2)
    together = await asyncio.gather(*(played(host, order, request) for request in requests))
    for request, events in zip(requests, together, strict=True):
        assert results(events) == results(await played(host, order, request))


async def test_two_instruments_at_once(host: Host) -> None:
    mono, fine = await asyncio.gather(
        played(host, tone("one", sample_rate_hz=8_000)), played(host, tone("two", sample_rate_hz=48_000))
    )
    rates = [{each.audio.sample_rate_hz for each in events if isinstance(each, AudioChunk)} for events in (mono, fine)]
    assert rates == [{8_000}, {48_000}]


async def test_closing_the_iterator_cancels_and_does_not_wait(host: Host) -> None:
    slow: dict[str, Scalar] = {"sleep_s": 0.1}
    order = tone(**slow)
    async with aclosing(stream(host, order)) as events:
        async for event in events:
            if not isinstance(event, Phase):
                break
        began = time.monotonic()
    assert time.monotonic() - began < 0.3
    assert isinstance((await played(host, order, SpeakRequest(text="one")))[-1], Done)


async def test_a_cancelled_task_leaves_a_host_that_plays(host: Host) -> None:
    task = asyncio.ensure_future(played(host, tone(sleep_s=0.2)))
    await asyncio.sleep(0.25)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert isinstance((await played(host, tone()))[-1], Done)


async def test_an_iterator_that_is_never_begun_does_nothing(host: Host) -> None:
    events = stream(host, tone())
    await events.aclose()
    assert host.state(tone()).state == "cold"


async def test_states(host: Host) -> None:
    order = tone()
    assert host.state(order).state == "cold"
    seen: list[str] = []
    async for event in host.play(order, SAY, RUN):
        if isinstance(event, Phase):
            seen.append(host.state(order).state)  # noqa: PERF401 - asked while it plays
    assert "warming" in seen
    assert seen[-1] == "warm"
    assert host.state(order).state == "warm"
    await host.release("another")
    assert host.state(order).state == "warm"
    await host.release("tone")
    assert host.state(order).state == "cold"
    await warmed(host, order)
    assert host.state(order).state == "warm"
    await host.release()
    assert host.state(order).state == "cold"
    assert isinstance((await played(host, order))[-1], Done)


async def test_warm_spares_the_play_its_start(host: Host) -> None:
    events = await warmed(host, tone())
    assert isinstance(events[0], Phase)
    assert [type(event) for event in events if not isinstance(event, Phase | Stay)] == [Usage, Done]
    again = await warmed(host, tone())
    assert again == [Usage(), Done()], "nothing is started where one is ready"
    names = {event.name for event in await played(host, tone()) if isinstance(event, Phase)}
    assert not names & {"boot", "load", "prepare", "warm_up"}


async def test_closing_a_start_cancels_it(host: Host) -> None:
    async with aclosing(cast("Any", host.warm(tone(slow_load_s=0.5)))) as events:
        assert isinstance(await anext(events), Phase)
        assert host.state(tone(slow_load_s=0.5)).state == "warming"
    assert isinstance((await played(host, tone(slow_load_s=0.5)))[-1], Done)


async def test_what_is_started_ahead_has_limits(host: Host) -> None:
    machines = host.machines(tone())
    assert machines.start_worst_s is None or machines.start_worst_s > machines.idle_s > 0
    both = await asyncio.gather(*(warmed(host, tone(), together=True) for _ in range(2)))
    assert [type(events[-1]) for events in both] == [Done, Done]


async def test_a_start_that_fails_raises_what_the_engine_raised(host: Host) -> None:
    with pytest.raises(WeightsError):
        await warmed(host, tone(fail="weights"))


async def test_a_closed_host_refuses_and_may_be_closed_again(host: Host) -> None:
    await played(host, tone())
    await host.close()
    await host.close()
    with pytest.raises(HostUnavailable):
        await played(host, tone())
    with pytest.raises(HostUnavailable):
        await warmed(host, tone())


async def test_a_host_that_was_never_used_can_be_closed(host: Host) -> None:
    await host.release()
    await host.close()


async def test_lost_before_the_first_result(case: HostCase, tmp_path: Path) -> None:
    host, order = case.losing(tmp_path, 0)
    with pytest.raises(WorkerLost) as caught:
        await played(host, order)
    assert caught.value.hint
    assert caught.value.retryable
    await host.close()


async def test_lost_after_some_results(case: HostCase, tmp_path: Path) -> None:
    host, order = case.losing(tmp_path, 3)
    delivered: list[Event] = []

    async def listen() -> None:
        async for event in host.play(order, SAY, RUN):
            delivered.append(event)  # noqa: PERF401 - what came before the error is the point

    with pytest.raises(StreamBroken) as caught:
        await listen()
    assert len(caught.value.partial) == 3
    assert results(cast("list[Event]", list(caught.value.partial))) == results(delivered)
    await host.close()
