from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from random import Random

import msgspec
import pytest

from hausmusik.clock import SystemClock, TimeIds
from hausmusik.errors import (
    AuthError,
    BudgetError,
    Cancelled,
    ConfigError,
    EngineError,
    GenerationFailed,
    HausmusikError,
    HostUnavailable,
    NotDeployed,
    PartialFailure,
    ScoreError,
    StoreError,
)
from hausmusik.jobs import Counts, Job, Journal, NewStep, Progress, Retry, Step, Stop, run_steps

CLOCK = SystemClock()
QUICK = Retry(limit=3, base_s=0.01)


def make(journal: Journal, count: int = 6) -> Job:
    return journal.open_job("test", key="k", steps=[NewStep(key=f"s{n}") for n in range(count)])


async def echo(step: Step) -> bytes:
    await asyncio.sleep(0.001)
    return step.key.encode()


async def test_all_steps_are_done_and_the_job_is_closed(live: Journal) -> None:
    job = make(live)
    seen: list[Progress] = []
    last = await run_steps(live, job, echo, clock=CLOCK, concurrency=2, on_progress=seen.append)
    assert [step.result for step in live.steps(job.id, "done")] == [b"s0", b"s1", b"s2", b"s3", b"s4", b"s5"]
    assert live.job(job.id).state == "done"
    assert (last.done, last.failed, last.running, last.total, last.eta_s) == (6, 0, 0, 6, 0)
    assert seen[0] == Progress(done=0, failed=0, running=2, total=6)
    assert seen[-1] == last
    assert [each.done for each in seen] == sorted(each.done for each in seen)
    assert any(each.eta_s for each in seen)
    with pytest.raises(AttributeError):
        last.done = 3  # type: ignore[misc]
    assert msgspec.json.encode(last)


async def test_an_empty_job_is_done_at_once(live: Journal) -> None:
    job = make(live, 0)
    assert (await run_steps(live, job.id, echo, clock=CLOCK)).total == 0
    assert live.job(job.id).state == "done"


async def test_never_more_steps_at_once_than_allowed_and_as_many_as_allowed(live: Journal) -> None:
    running = most = 0

    async def work(step: Step) -> bytes:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.002)
        running -= 1
        return b""

    await run_steps(live, make(live, 20), work, clock=CLOCK, concurrency=3)
    assert most == 3
    with pytest.raises(ValueError, match="concurrency"):
        await run_steps(live, make(live), work, clock=CLOCK, concurrency=0)


async def test_steps_added_while_it_runs_are_run(live: Journal) -> None:
    job = live.open_job("k", key="k", steps=[NewStep(key="s0")])

    async def work(step: Step) -> bytes:
        if len(step.key) < 5:
            live.open_job("k", key="k", steps=[NewStep(key=step.key + "a"), NewStep(key=step.key + "b")])
        return b""

    assert (await run_steps(live, job, work, clock=CLOCK)).done == 1 + 2 + 4 + 8


async def test_what_may_be_tried_again_is_until_it_works_or_too_often(live: Journal) -> None:
    tries: dict[str, int] = {}

    async def work(step: Step) -> bytes:
        tries[step.key] = tries.get(step.key, 0) + 1
        assert (step.attempts, step.failures) == (tries[step.key], tries[step.key] - 1)
        if step.key == "s0" or (step.key == "s1" and tries["s1"] < 3):
            raise HostUnavailable("no worker", hint="wait")
        if step.key == "s2":
            raise GenerationFailed("silence")
        return b""

    job = make(live, 4)
    with pytest.raises(PartialFailure, match="2 of 4 steps failed: s0: no worker; s2: silence") as caught:
        await run_steps(live, job, work, clock=CLOCK, retry=QUICK, random=Random(1))
    assert tries == {"s0": 3, "s1": 3, "s2": 1, "s3": 1}
    assert caught.value.hint == "wait"
    assert isinstance(caught.value.__cause__, HostUnavailable)
    assert live.job(job.id).state == "failed"
    assert live.counts(job.id) == Counts(done=2, failed=2)


async def test_others_go_on_while_one_waits_for_its_next_try(live: Journal) -> None:
    order: list[str] = []

    async def work(step: Step) -> bytes:
        order.append(step.key)
        if step.key == "s0" and step.attempts == 1:
            raise HostUnavailable("later")
        return b""

    await run_steps(live, make(live, 4), work, clock=CLOCK, retry=Retry(base_s=0.1))
    assert order == ["s0", "s1", "s2", "s3", "s0"]


@pytest.mark.parametrize("count", [1, 5])
async def test_one_common_error_is_raised_itself_with_all_it_carries(live: Journal, count: int) -> None:
    async def work(step: Step) -> bytes:
        raise ScoreError("bad", problems=("line 3",))

    with pytest.raises(ScoreError) as caught:
        await run_steps(live, make(live, count), work, clock=CLOCK)
    assert caught.value.problems == ("line 3",)


async def test_stop_on_failure_begins_nothing_more(live: Journal) -> None:
    began: list[str] = []

    async def work(step: Step) -> bytes:
        began.append(step.key)
        if step.key == "s1":
            raise EngineError("no key")
        await asyncio.sleep(0.02)
        return b""

    job = make(live)
    with pytest.raises(PartialFailure, match="s1: no key"):
        await run_steps(live, job, work, clock=CLOCK, concurrency=2, stop_on_failure=True)
    assert began == ["s0", "s1"]
    assert live.counts(job.id) == Counts(done=1, failed=1, pending=4)
    assert live.job(job.id).state == "open"


@pytest.mark.parametrize(
    "error", [BudgetError("used up"), AuthError("no token"), NotDeployed("not there"), ConfigError("another version")]
)
async def test_what_every_step_would_meet_fails_none(live: Journal, error: HausmusikError) -> None:
    broke = True

    async def work(step: Step) -> bytes:
        if broke and step.key == "s2":
            raise error
        await asyncio.sleep(0.005)
        return b""

    job = make(live)
    with pytest.raises(type(error)):
        await run_steps(live, job, work, clock=CLOCK, concurrency=2)
    counts = live.counts(job.id)
    assert counts.failed == 0
    assert counts.leased == 0
    assert counts.done == 6 - counts.pending
    broke = False
    assert (await run_steps(live, job, work, clock=CLOCK)).done == 6


async def test_a_mistake_of_the_programmer_passes_through_after_the_others_in_flight(live: Journal) -> None:
    async def work(step: Step) -> bytes:
        if step.key == "s1":
            raise KeyError("oops")
        await asyncio.sleep(0.01)
        return b""

    job = make(live)
    with pytest.raises(KeyError, match="oops"):
        await run_steps(live, job, work, clock=CLOCK, concurrency=2)
    assert live.counts(job.id) == Counts(done=1, failed=1, pending=4)
    error = live.step(job.id, "s1").error
    assert error is not None
    assert error.message == "KeyError: 'oops'"


async def test_draining_finishes_what_is_in_flight_and_the_rest_goes_on_next_time(live: Journal) -> None:
    job, stop, began = make(live), Stop(), list[str]()

    async def work(step: Step) -> bytes:
        began.append(step.key)
        stop.ask()
        await asyncio.sleep(0.01)
        return b"x"

    with pytest.raises(Cancelled, match="1 of 6 steps are done and kept") as caught:
        await run_steps(live, job, work, clock=CLOCK, stop=stop)
    assert "again" in caught.value.hint
    assert began == ["s0"]
    assert live.counts(job.id) == Counts(done=1, pending=5)
    resumed = make(live)
    assert resumed.id == job.id
    assert (await run_steps(live, resumed, echo, clock=CLOCK)).done == 6
    assert live.step(job.id, "s0").result == b"x"


async def test_stopping_now_cancels_what_is_in_flight_and_gives_it_back(live: Journal) -> None:
    job, stop, ended = make(live), Stop(), list[str]()

    async def work(step: Step) -> bytes:
        try:
            await asyncio.sleep(30)
        finally:
            ended.append(step.key)
        return b""

    asyncio.get_running_loop().call_later(0.02, stop.ask)
    asyncio.get_running_loop().call_later(0.04, stop.ask)
    with pytest.raises(Cancelled, match="0 of 6"):
        await run_steps(live, job, work, clock=CLOCK, stop=stop, concurrency=2)
    assert sorted(ended) == ["s0", "s1"]
    assert live.counts(job.id) == Counts(pending=6)


async def test_stop_may_come_from_another_thread(live: Journal) -> None:
    stop = Stop()

    async def work(step: Step) -> bytes:
        await asyncio.to_thread(stop.now)
        await asyncio.sleep(30)
        return b""

    async with asyncio.timeout(2):
        with pytest.raises(Cancelled):
            await run_steps(live, make(live), work, clock=CLOCK, stop=stop)


async def test_a_drain_when_all_is_done_anyway_is_no_error(live: Journal) -> None:
    stop = Stop()

    async def work(step: Step) -> bytes:
        stop.drain()
        return b""

    assert (await run_steps(live, make(live, 1), work, clock=CLOCK, stop=stop)).done == 1


async def test_being_cancelled_from_outside_gives_the_steps_back(live: Journal) -> None:
    job = make(live)
    task = asyncio.create_task(run_steps(live, job, lambda step: asyncio.sleep(30, b""), clock=CLOCK, concurrency=4))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert live.counts(job.id) == Counts(pending=6)


async def test_leases_are_kept_while_a_step_takes_long(live: Journal) -> None:
    job = make(live, 1)
    plays = 0

    async def work(step: Step) -> bytes:
        nonlocal plays
        plays += 1
        await asyncio.sleep(3 * live.lease_s)
        return b""

    both = [run_steps(live, job, work, clock=CLOCK) for _ in range(2)]
    assert [(each.done, each.running) for each in await asyncio.gather(*both)] == [(1, 0), (1, 0)]
    assert plays == 1


async def test_a_step_whose_lease_was_lost_or_that_was_cancelled_is_stopped(live: Journal) -> None:
    job = make(live, 2)
    ended: list[str] = []

    async def work(step: Step) -> bytes:
        if step.key == "s1":
            live.cancel(job.id)
        try:
            await asyncio.sleep(5)
        finally:
            ended.append(step.key)
        return b""

    async with asyncio.timeout(3):
        with pytest.raises(Cancelled, match="job was cancelled"):
            await run_steps(live, job, work, clock=CLOCK, concurrency=2)
    assert sorted(ended) == ["s0", "s1"]


async def test_errors_of_earlier_processes_count(live: Journal) -> None:
    job = make(live, 2)
    step = live.claim(job.id, "other")
    assert step is not None
    from hausmusik.codec import Failure

    live.fail(step, Failure("engine", "earlier", "mend"))
    with pytest.raises(PartialFailure, match="s0: earlier") as caught:
        await run_steps(live, job, echo, clock=CLOCK)
    assert isinstance(caught.value.__cause__, EngineError)


async def test_a_journal_that_breaks_stops_the_work(path: Path) -> None:
    journal = Journal(path, clock=CLOCK, ids=TimeIds(), lease_s=0.15)
    job = make(journal, 3)
    began: list[str] = []

    async def work(step: Step) -> bytes:
        began.append(step.key)
        with journal.database.write() as connection:
            connection.execute("PRAGMA query_only = ON")  # as when the disk turned read-only
        await asyncio.sleep(5)
        return b""

    async with asyncio.timeout(3):
        with pytest.raises(StoreError):
            await run_steps(journal, job, work, clock=CLOCK)
    assert began == ["s0"]
    journal.close()


async def test_progress_that_fails_is_a_mistake_of_the_programmer(live: Journal) -> None:
    def bad(progress: Progress) -> None:
        raise RuntimeError("display")

    job = make(live)
    with pytest.raises(RuntimeError, match="display"):
        await run_steps(live, job, echo, clock=CLOCK, on_progress=bad)
    assert live.counts(job.id).leased == 0


async def test_the_time_left_is_learnt_from_finished_steps(live: Journal) -> None:
    job = make(live, 4)
    etas: list[tuple[int, float | None]] = []
    note: Callable[[Progress], None] = lambda p: etas.append((p.done, p.eta_s))  # noqa: E731
    step = live.claim(job.id, "earlier")
    assert step is not None
    live.finish(step, took_s=10.0)
    stop = Stop()
    stop.drain()
    with pytest.raises(Cancelled):
        await run_steps(live, job, echo, clock=CLOCK, on_progress=note, stop=stop, concurrency=2)
    assert etas == [(1, 15.0)]  # three left, two at once, ten seconds each
