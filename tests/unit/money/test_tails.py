"""Idle time of machines: reserved as long as it may come, charged once, whatever happens in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hausmusik.clock import TimeIds
from hausmusik.errors import BudgetError, EngineError, HausmusikError, WorkerLost
from hausmusik.money import Budget, Ledger, LedgerRow, Limits, Meter, money_file
from hausmusik.types import Done, Event, Run, Stay, Usage
from tests.unit.jobs.conftest import ManualClock
from tests.unit.money.conftest import GPU, CloudPrices

RUN = Run(id="r1", label="Loops", cue="c1")
WINDOW_S = 60.0


def stay(gap_s: float | None = None, machine: str = "m1") -> Stay:
    return Stay(machine=machine, gap_s=gap_s, window_s=WINDOW_S)


async def play(
    meter: Meter,
    *events: Event | HausmusikError | float,
    host: str = "cloud",
    run: Run = RUN,
    clock: ManualClock | None = None,
) -> list[Event]:
    async def stream() -> AsyncIterator[Event]:
        for event in events or (stay(), Usage(busy_s=10), Done()):
            if isinstance(event, HausmusikError):
                raise event
            if isinstance(event, float):
                assert clock is not None
                clock.advance(event)
            else:
                yield event

    metered = meter.play(stream, run=run, instrument="kokoro", host=host, worst_case_s=200.0)
    async with aclosing(metered) as told:
        return [event async for event in told]


def reserved(house: Budget) -> Decimal:
    return house.states(RUN)[0].reserved_usd


def idle(ledger: Ledger) -> list[LedgerRow]:
    return [row for row in ledger.rows() if row.kind == "idle"]


def usd(seconds: float) -> Decimal:
    return GPU.for_seconds(seconds)


async def test_a_machine_that_stays_up_has_its_window_reserved_and_nobody_sees_how(meter: Meter, house: Budget) -> None:
    events = await play(meter)
    assert [type(event) for event in events] == [Usage, Done]
    assert isinstance(events[-1], Done)
    assert Decimal(events[-1].cost_usd) == usd(10)
    assert reserved(house) == usd(WINDOW_S)


async def test_a_gap_is_charged_as_measured_under_the_play_before_it(
    meter: Meter, house: Budget, ledger: Ledger, clock: ManualClock
) -> None:
    await play(meter)
    clock.advance(25)
    await play(meter, stay(25.0), Usage(busy_s=5), Done(), run=Run(id="r2"))
    (row,) = idle(ledger)
    assert (row.usage, row.cost_usd, row.basis, row.outcome) == (Usage(idle_s=25), usd(25), "measured", "done")
    assert (row.run, row.label, row.cue, row.instrument, row.host, row.price) == (
        *("r1", "Loops", "c1", "kokoro", "cloud"),
        GPU,
    )
    assert reserved(house) == usd(WINDOW_S)
    assert sum(row.cost_usd for row in ledger.rows()) == usd(40)


async def test_a_window_that_is_over_is_charged_as_estimated_when_somebody_looks(
    meter: Meter, house: Budget, ledger: Ledger, clock: ManualClock
) -> None:
    await play(meter)
    ended = next(ledger.rows()).at
    clock.advance(WINDOW_S - 1)
    house.charge_due()
    assert not idle(ledger)
    clock.advance(1000)
    house.charge_due()
    house.charge_due()
    (row,) = idle(ledger)
    assert (row.usage.idle_s, row.basis) == (WINDOW_S, "estimated")
    assert (row.at - ended).total_seconds() == WINDOW_S
    assert not reserved(house)
    assert ledger.totals("run")[0].plays == 1


async def test_a_machine_that_was_up_for_longer_than_its_window_is_charged_for_the_rest(
    meter: Meter, house: Budget, ledger: Ledger, clock: ManualClock
) -> None:
    await play(meter)
    clock.advance(90)
    house.charge_due()
    await play(meter, stay(90.0), Usage(busy_s=1), Done())
    assert [(row.usage.idle_s, row.basis) for row in idle(ledger)] == [(60.0, "estimated"), (30.0, "measured")]


async def test_a_machine_that_was_lost_leaves_no_window(meter: Meter, house: Budget, ledger: Ledger) -> None:
    with pytest.raises(WorkerLost):
        await play(meter, stay(), WorkerLost("it died"))
    assert not reserved(house)
    with pytest.raises(EngineError):  # the machine itself is well
        await play(meter, stay(), EngineError("no such voice"))
    assert reserved(house) == usd(WINDOW_S)
    assert not idle(ledger)


async def test_the_gap_before_a_loss_is_charged_and_the_machine_that_took_over_stays(
    meter: Meter, house: Budget, ledger: Ledger, clock: ManualClock
) -> None:
    await play(meter)
    clock.advance(20)
    await play(meter, stay(20.0), stay(machine="m2"), Usage(busy_s=8), Done())
    assert [(row.usage.idle_s, row.basis) for row in idle(ledger)] == [(20.0, "measured")]
    assert reserved(house) == usd(WINDOW_S)
    clock.advance(WINDOW_S)
    house.charge_due()
    assert sum(row.usage.idle_s for row in idle(ledger)) == 80.0


async def test_what_costs_nothing_leaves_nothing(meter: Meter, ledger: Ledger, house: Budget) -> None:
    await play(meter, host="local")
    house.charge_due()
    assert not idle(ledger)


async def test_a_window_counts_against_the_budget(meter: Meter, clock: ManualClock) -> None:
    run = Run(id="r1", budget_usd=str(usd(200) + usd(10) + usd(WINDOW_S - 1)))  # of which a play reserves 200 s
    await play(meter, run=run)
    with pytest.raises(BudgetError, match="of the run's limit"):
        await play(meter, run=run)
    clock.advance(WINDOW_S)
    with pytest.raises(BudgetError):  # it has become spent meanwhile, not free
        await play(meter, run=run)


MACHINES = st.sampled_from(["m1", "m2", "m3"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("play"), MACHINES, st.floats(0, 50)),
        st.tuples(st.just("lose"), MACHINES, st.floats(0, 50)),
        st.tuples(st.just("wait"), st.just(""), st.floats(0, 100)),
        st.tuples(st.just("look"), st.just(""), st.just(0.0)),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_ledger_says_what_the_machines_idled(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, float]]
) -> None:
    """Machines that end when their window is over, or are lost: all of their idle seconds are charged, no more."""
    clock = ManualClock()
    database = money_file(tmp_path_factory.mktemp("money") / "l.sqlite")
    ids = TimeIds(clock)
    house = Budget(database, Limits(house_usd=Decimal(100)), clock=clock, ids=ids, alive=lambda _: False)
    ledger = Ledger(database, clock=clock, ids=ids)
    meter = Meter(ledger=ledger, budget=house, prices=CloudPrices(), clock=clock)
    up: dict[str, float] = {}  # machine -> when it last ended a play
    idled_s, born = 0.0, 0

    def now_s() -> float:
        return clock.now().timestamp()

    async def go() -> None:
        nonlocal idled_s, born
        for what, machine, seconds in steps:
            for name, ended_s in list(up.items()):
                if now_s() - ended_s >= WINDOW_S:
                    idled_s += WINDOW_S
                    del up[name]
            if what == "wait":
                clock.advance(seconds)
            elif what == "look":
                house.charge_due()
            else:
                name = next((each for each in up if each.startswith(machine)), "")
                gap_s = now_s() - up.pop(name) if name else None
                if not name:
                    born += 1
                    name = f"{machine}-{born}"
                idled_s += gap_s or 0.0
                if what == "lose":
                    with pytest.raises(WorkerLost):
                        await play(meter, stay(gap_s, name), WorkerLost("it died"))
                else:
                    await play(meter, stay(gap_s, name), seconds, Usage(busy_s=seconds), Done(), clock=clock)
                    up[name] = now_s()
        house.charge_due()

    asyncio.run(go())
    open_s = sum(WINDOW_S for ended_s in up.values() if now_s() - ended_s < WINDOW_S)
    over_s = sum(WINDOW_S for ended_s in up.values() if now_s() - ended_s >= WINDOW_S)
    charged_s = sum(row.usage.idle_s for row in ledger.rows() if row.kind == "idle")
    assert charged_s == pytest.approx(idled_s + over_s, abs=1e-3)
    assert float(reserved(house) / GPU.usd_per_s) == pytest.approx(open_s, abs=1e-3)
    database.close()


async def test_a_machine_that_has_ended_is_charged_to_its_end(
    meter: Meter, house: Budget, ledger: Ledger, clock: ManualClock
) -> None:
    await play(meter)
    ended_at = clock.now().timestamp() + 25
    clock.advance(40)
    assert house.idling("cloud") == ("m1",)
    house.ended("cloud", {"m1": ended_at, "stranger": ended_at})
    assert [(row.usage.idle_s, row.basis, row.corrects) for row in idle(ledger)] == [(25, "measured", "")]
    assert idle(ledger)[0].at.timestamp() == ended_at
    assert reserved(house) == 0
    assert house.idling("cloud") == ()
    clock.advance(WINDOW_S)
    house.charge_due()
    assert len(idle(ledger)) == 1


async def test_a_window_that_was_charged_whole_is_given_back_where_the_machine_ended_before(
    meter: Meter, house: Budget, ledger: Ledger, clock: ManualClock
) -> None:
    await play(meter)
    ended_at = clock.now().timestamp() + 25
    clock.advance(WINDOW_S + 5)
    house.charge_due()
    house.ended("cloud", {"m1": ended_at})
    whole, back = idle(ledger)
    assert (whole.usage.idle_s, whole.basis) == (WINDOW_S, "estimated")
    assert (back.usage.idle_s, back.basis, back.corrects, back.at) == (25 - WINDOW_S, "measured", whole.id, whole.at)
    (total,) = ledger.totals("run")
    assert (total.usage.idle_s, total.cost_usd) == (25, usd(10) + usd(25))
    assert house.states(RUN)[0].spent_usd == total.cost_usd


async def test_a_machine_that_stayed_beyond_its_window_is_charged_for_the_rest(
    meter: Meter, house: Budget, ledger: Ledger, clock: ManualClock
) -> None:
    await play(meter)
    began_s = clock.now().timestamp()
    clock.advance(WINDOW_S + 30)
    house.charge_due()
    house.ended("cloud", {"m1": began_s + WINDOW_S + 20})
    assert [(row.usage.idle_s, row.basis) for row in idle(ledger)] == [(WINDOW_S, "estimated"), (20, "measured")]


@pytest.mark.parametrize(("ahead_s", "idle_s"), [(-3600.0, 0.0), (3600.0, 40.0)])
async def test_a_clock_that_disagrees_costs_no_more_than_what_has_passed(
    meter: Meter, house: Budget, ledger: Ledger, clock: ManualClock, ahead_s: float, idle_s: float
) -> None:
    await play(meter)
    ended_at = clock.now().timestamp() + ahead_s
    clock.advance(40)
    house.ended("cloud", {"m1": ended_at})
    assert sum(row.usage.idle_s for row in idle(ledger)) == idle_s


async def test_what_is_under_way_is_known_by_instrument(
    meter: Meter, house: Budget, ledger: Ledger, clock: ManualClock
) -> None:
    began = clock.now()
    assert house.under_way("cloud") == {}
    await play(meter)
    clock.advance(30)
    assert house.under_way("cloud") == {"kokoro": began}
    clock.advance(WINDOW_S)
    house.charge_due()
    assert house.under_way("cloud") == {}
    house.reserve(RUN, Decimal("0.1"), instrument="bark", host="cloud")
    assert house.under_way("cloud") == {"bark": clock.now()}
    assert house.under_way("local") == {}
