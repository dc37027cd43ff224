from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.clock import TimeIds
from hausmusik.errors import BudgetError, HostUnavailable, PartialFailure, WorkerLost
from hausmusik.jobs import Journal, Limit, NewStep, Progress, Retry, Step, run_steps
from hausmusik.testing import FakeClock, VirtualClock, virtual_time

AMOUNTS = ("needed_usd", "limit_usd", "spent_usd", "held_usd")
WAIT = Retry(base_s=1.0, cap_s=60.0)


def limit(most: int, clock: FakeClock | VirtualClock) -> Limit:
    return Limit(most, clock=clock, wait=WAIT, random=Random(1))


def test_a_refusal_halves_it_and_closes_the_gate_for_a_while() -> None:
    clock = FakeClock()
    made = limit(16, clock)
    assert (made.allowed, made.wait_s) == (16, 0)
    clock.advance(1)
    assert made.refused(0.5)
    assert made.allowed == 0
    assert 0.5 <= made.wait_s <= 1
    clock.advance(1)
    assert made.allowed == 8


def test_steps_of_the_same_shortage_count_once() -> None:
    clock = FakeClock()
    made = limit(16, clock)
    clock.advance(5)
    for _ in range(10):
        made.refused(4.0)
    clock.advance(1)
    assert made.allowed == 8
    clock.advance(1)
    made.refused(6.5)
    assert 1 <= made.wait_s <= 2, "the second refusal on end waits for longer"
    clock.advance(2)
    assert made.allowed == 4


def test_it_grows_by_an_eighth_of_the_most_in_a_full_round() -> None:
    clock = FakeClock()
    made = limit(80, clock)
    clock.advance(1)
    made.refused(0.5)
    clock.advance(1)
    for _ in range(40):
        made.passed()
    assert 48 <= made.allowed <= 50
    for _ in range(1000):
        made.passed()
    assert made.allowed == 80


def test_a_full_budget_is_no_gate_and_each_full_round_tries_one_more() -> None:
    made = limit(400, FakeClock())
    assert made.fits is None
    for running in (9, 4, 3):
        made.full(running)
    assert (made.allowed, made.wait_s, made.fits) == (3, 0, 3)
    made.passed()
    made.passed()
    assert made.allowed == 3
    made.passed()
    made.passed()
    assert made.allowed == 4
    made.full(0)
    assert made.allowed == 1


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 100)), max_size=60), st.integers(1, 50))
def test_whatever_happens_one_may_run_sooner_or_later_and_never_more_than_the_most(
    events: list[tuple[bool, float]], most: int
) -> None:
    clock = FakeClock()
    made = limit(most, clock)
    for passed, wait_s in events:
        clock.advance(wait_s)
        if passed:
            made.passed()
        else:
            made.refused(clock.monotonic())
        assert 0 <= made.allowed <= most
        assert made.wait_s <= WAIT.cap_s
    clock.advance(WAIT.cap_s)
    assert made.allowed >= 1


def test_a_host_that_refuses_for_very_long_is_given_up_and_one_success_starts_anew() -> None:
    clock = FakeClock()
    made = Limit(4, clock=clock, patience_s=100, random=Random(1))
    clock.advance(1)
    assert made.refused(1)
    clock.advance(100)
    assert made.refused(101)
    made.passed()
    clock.advance(100)
    assert made.refused(201)
    clock.advance(101)
    assert not made.refused(302)
    with pytest.raises(ValueError, match="at least one"):
        Limit(0, clock=clock)


def journal(path: Path, clock: VirtualClock) -> Journal:
    return Journal(path, clock=clock, ids=TimeIds(clock), lease_s=10)


def test_the_runner_follows_it_and_no_step_fails_of_a_host_without_room(path: Path) -> None:
    """Room for 3 of 12 until minute 5, and none at all for two minutes after that."""
    running = most_running = 0
    seen: list[Progress] = []

    async def main(clock: VirtualClock) -> None:
        async def work(step: Step) -> bytes:
            nonlocal running, most_running
            now_s = clock.monotonic()
            room = 3 if now_s < 300 else 0 if now_s < 420 else 12
            if running >= room:
                raise HostUnavailable("no room")
            running += 1
            most_running = max(most_running, running)
            await asyncio.sleep(20)
            running -= 1
            return b"done"

        made = journal(path, clock)
        job = made.open_job("test", steps=[NewStep(key=f"s{n}") for n in range(150)])
        await run_steps(made, job, work, clock=clock, concurrency=limit(12, clock), on_progress=seen.append)
        assert {step.failures for step in made.steps(job.id)} == {0}
        made.close()

    with virtual_time() as (runner, clock):
        runner.run(main(clock))
        took_s = clock.monotonic()
    assert (seen[-1].done, seen[-1].failed) == (150, 0)
    assert most_running == 12, "it grows again"
    assert took_s < 1000, "150 steps of 20 s: 5 minutes at 3, two of nothing, the rest at up to 12"


def test_a_host_given_up_ends_it_with_every_step_kept(path: Path) -> None:
    async def main(clock: VirtualClock) -> None:
        async def work(step: Step) -> bytes:
            if step.key == "s0":
                return b""
            raise HostUnavailable("no room", hint="ask for more")

        made = journal(path, clock)
        job = made.open_job("test", steps=[NewStep(key=f"s{n}") for n in range(3)])
        with pytest.raises(HostUnavailable, match="no room"):
            await run_steps(made, job, work, clock=clock, concurrency=limit(2, clock))
        counts = made.counts(job.id)
        assert (counts.done, counts.pending, made.job(job.id).state) == (1, 2, "open")
        made.close()

    with virtual_time() as (runner, clock):
        runner.run(main(clock))
        assert 900 <= clock.monotonic() <= 1100


@pytest.mark.parametrize("limited", [True, False])
def test_a_budget_that_steps_in_flight_hold_up_is_waited_for(path: Path, limited: bool) -> None:
    """Money for 3 of 12, each of which holds four and costs one; then for nothing more."""
    held = spent = refusals = most_held = 0

    async def main(clock: VirtualClock) -> None:
        nonlocal held, spent, refusals

        async def work(step: Step) -> bytes:
            nonlocal held, spent, refusals, most_held
            if held + spent + 4 > 132:
                refusals += 1
                amounts = (Decimal(4), Decimal(132), Decimal(spent), Decimal(held))
                raise BudgetError("no money", **dict(zip(AMOUNTS, amounts, strict=True)))
            held += 4
            most_held = max(most_held, held)
            await asyncio.sleep(20)
            held -= 4
            spent += 1
            return b"done"

        spent = 120  # room for three
        made = journal(path, clock)
        job = made.open_job("test", steps=[NewStep(key=f"s{n}") for n in range(20)])
        with pytest.raises(BudgetError, match="no money") as caught:
            await run_steps(made, job, work, clock=clock, concurrency=limit(12, clock) if limited else 12)
        assert not caught.value.is_held_up, "it went on until it was spent"
        counts = made.counts(job.id)
        assert (counts.done, counts.failed, counts.leased) == (spent - 120, 0, 0)
        made.close()

    with virtual_time() as (runner, clock):
        runner.run(main(clock))
        took_s = clock.monotonic()
    assert (most_held, spent) == (12, 129)
    assert refusals < 30, "nobody asks again before there can be room"
    assert took_s < 20 * 9


def test_a_step_that_ends_while_another_is_being_refused_does_not_stop_it(path: Path) -> None:
    """The refusal takes a moment to arrive; who held the money is gone by then."""
    holder = ""

    async def main(clock: VirtualClock) -> None:
        async def work(step: Step) -> bytes:
            nonlocal holder
            if holder:
                await asyncio.sleep(20)
                raise BudgetError("no money", **dict(zip(AMOUNTS, map(Decimal, (4, 5, 0, 4)), strict=True)))
            holder = step.key
            await asyncio.sleep(10)
            holder = ""
            return b"done"

        made = journal(path, clock)
        job = made.open_job("test", steps=[NewStep(key=f"s{n}") for n in range(2)])
        assert (await run_steps(made, job, work, clock=clock, concurrency=2)).done == 2
        made.close()

    with virtual_time() as (runner, clock):
        runner.run(main(clock))


def test_other_errors_are_the_steps_own(path: Path) -> None:
    async def main(clock: VirtualClock) -> None:
        async def work(step: Step) -> bytes:
            if step.key == "s0":
                raise WorkerLost("it died")
            return b""

        made = journal(path, clock)
        job = made.open_job("test", steps=[NewStep(key=f"s{n}") for n in range(3)])
        with pytest.raises(PartialFailure):
            await run_steps(made, job, work, clock=clock, concurrency=limit(2, clock), retry=Retry(limit=5))
        assert made.step(job.id, "s0").failures == 5
        made.close()

    with virtual_time() as (runner, clock):
        runner.run(main(clock))
