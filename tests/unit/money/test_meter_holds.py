"""Money is held for as long as a play takes, and is within the limits whatever a host reports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hausmusik.clock import TimeIds
from hausmusik.config.database import Database
from hausmusik.errors import (
    BudgetError,
    EngineError,
)
from hausmusik.money import Budget, Ledger, Limits, Meter, money_file
from hausmusik.types import Done, Event, Phase, Run, TextDelta, Usage
from tests.unit.jobs.conftest import ManualClock
from tests.unit.money.conftest import GPU, CloudPrices
from tests.unit.money.metered import RUN, USED, Play, listen, only_row


async def test_money_is_held_for_as_long_as_a_play_takes(
    meter: Meter, house: Budget, play: Callable[..., Play], ledger: Ledger
) -> None:
    held: list[Decimal] = []

    async def long() -> AsyncIterator[Event]:
        async for event in play(*[2500.0, TextDelta(text="a")] * 4)():
            held.append(house.states(RUN)[0].reserved_usd)
            yield event

    stream = meter.play(long, run=RUN, instrument="bark", host="cloud", worst_case_s=100)
    async with aclosing(stream):
        async for _ in stream:
            pass
    assert held == [GPU.usd_per_s * 100] * 4
    assert house.lapsed() == ()


async def test_a_play_whose_reservation_lapsed_takes_what_is_left_or_is_stopped(
    database: Database, ledger: Ledger, clock: ManualClock, play: Callable[..., Play], ids: TimeIds
) -> None:
    """Where it cannot be known whether its process lives: a file that two machines share."""
    house = Budget(database, Limits(day_usd=Decimal(1)), clock=clock, ids=ids, alive=lambda _: False)
    meter = Meter(ledger=ledger, budget=house, prices=CloudPrices(), clock=clock)
    events = (Phase(name="play"), 9000.0, TextDelta(text="a"), TextDelta(text="b"), Done())
    long = play(*events)
    options: dict[str, Any] = {"instrument": "bark", "host": "cloud", "worst_case_s": 2000}
    stream = meter.play(long, run=Run(id="a"), **options)
    await anext(stream)
    assert await anext(stream) == TextDelta(text="a")  # nobody has taken its money, so it has it again
    with pytest.raises(BudgetError):
        await listen(meter, play(Done()), "cloud", Run(id="b"), worst_case_s=2000)
    clock.advance(86_400)  # it lapses again, and is charged to the day on which it began
    other = meter.play(play(USED, Done()), run=Run(id="b"), **options)
    await anext(other)  # now somebody has
    with pytest.raises(BudgetError, match="stopped, for its reservation had lapsed"):
        await anext(stream)
    assert long.closed == 1
    await other.aclose()


async def test_money_is_held_by_the_wall_clock_too(
    database: Database, ledger: Ledger, clock: ManualClock, ids: TimeIds, play: Callable[..., Play]
) -> None:
    house = Budget(database, Limits(house_usd=Decimal(1)), clock=clock, ids=ids, alive=lambda _: False)
    meter = Meter(ledger=ledger, budget=house, prices=CloudPrices(), clock=clock)
    stream = meter.play(
        play(Phase(name="play"), Phase(name="play")), run=RUN, instrument="bark", host="cloud", worst_case_s=2000
    )
    await anext(stream)
    clock.time += timedelta(hours=3)  # the laptop slept: only the wall clock went on
    await anext(stream)
    assert house.states(RUN)[0].reserved_usd == GPU.usd_per_s * 2000
    await stream.aclose()


async def test_an_estimate_leaves_the_queue_out_and_stays_within_the_hosts_limits(
    meter: Meter, ledger: Ledger, play: Callable[..., Play]
) -> None:
    queue = Phase(name="queue")
    with pytest.raises(EngineError):
        await listen(meter, play(queue, 50.0, queue, 50.0, Phase(name="play"), 7.0, EngineError("x")), worst_case_s=60)
    assert only_row(ledger).usage == Usage(queue_s=100, busy_s=7)


async def test_who_falls_asleep_while_listening_is_charged_what_the_host_allows(
    meter: Meter, ledger: Ledger, play: Callable[..., Play], clock: ManualClock
) -> None:
    stream = meter.play(
        play(Phase(name="play"), Usage(boot_s=20), Done()), run=RUN, instrument="bark", host="cloud", worst_case_s=60
    )
    await anext(stream)
    await anext(stream)
    clock.advance(500)
    await stream.aclose()
    assert only_row(ledger).usage == Usage(boot_s=20, busy_s=40)


class Cloud:
    """A host that costs money and keeps to its own limits, whatever they are."""

    def __init__(self, start_s: float, restarts: int) -> None:
        self.start_s = start_s
        self.restarts = restarts

    def worst_s(self, run: Run) -> float:
        return run.deadline_s + (self.restarts + 1) * self.start_s

    def usage(self, run: Run, shares: tuple[float, float, float]) -> Usage:
        starts_s = (self.restarts + 1) * self.start_s
        return Usage(
            boot_s=starts_s * shares[0],
            load_s=starts_s * (1 - shares[0]) * shares[1],
            busy_s=run.deadline_s * shares[2],
            queue_s=1e5,
        )


SHARE = st.floats(0, 1)
STEPS = st.lists(
    st.tuples(st.sampled_from(["whole", "whole", "begin", "on", "on", "leave", "sleep"]), st.integers(0, 3)),
    min_size=5,
    max_size=40,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cloud=st.builds(Cloud, st.floats(0, 300), st.integers(0, 2)),
    steps=STEPS,
    plays=st.lists(
        st.tuples(st.floats(1, 400), st.tuples(SHARE, SHARE, SHARE), st.sampled_from(["done", "fail", "silent"])),
        min_size=1,
        max_size=6,
    ),
)
def test_whatever_a_host_reports_within_its_limits_the_budget_is_kept(
    tmp_path_factory: pytest.TempPathFactory,
    cloud: Cloud,
    steps: list[tuple[str, int]],
    plays: list[tuple[float, tuple[float, float, float], str]],
) -> None:
    limit = Decimal("0.3")  # some sixteen minutes
    clock = ManualClock()
    database = money_file(tmp_path_factory.mktemp("money") / "l.sqlite")
    ids = TimeIds(clock)
    house = Budget(database, Limits(house_usd=limit), clock=clock, ids=ids)
    meter = Meter(ledger=Ledger(database, clock=clock, ids=ids), budget=house, prices=CloudPrices(), clock=clock)

    def begun(number: int) -> AsyncGenerator[Event]:
        deadline_s, shares, end = plays[number % len(plays)]
        run = Run(id=f"r{number}", deadline_s=deadline_s)
        ending = {"done": [Done()], "fail": [EngineError("x")], "silent": []}[end]
        script = Play(Phase(name="queue"), Phase(name="play"), cloud.usage(run, shares), *ending, clock=clock)
        return meter.play(script, run=run, instrument="bark", host="cloud", worst_case_s=cloud.worst_s(run))

    async def go() -> None:
        playing: list[AsyncGenerator[Event]] = []
        for number, (what, which) in enumerate(steps):
            if what == "begin":
                playing.append(begun(number))
            if what == "sleep":
                clock.advance(10.0 ** (which + 1))
            with suppress(BudgetError, EngineError, StopAsyncIteration):
                if what == "whole":
                    _ = [event async for event in begun(number)]
                elif playing:
                    stream = playing[which % len(playing)]
                    await (stream.aclose() if what == "leave" else anext(stream))
            (state,) = house.states(RUN)
            assert state.spent_usd + state.reserved_usd <= limit
        for stream in playing:
            await stream.aclose()
        assert house.states(RUN)[0].spent_usd <= limit

    asyncio.run(go())
    database.close()
