from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hausmusik.clock import TimeIds
from hausmusik.codec import Failure
from hausmusik.errors import NotFoundError, StoreError
from hausmusik.jobs import Counts, Journal, NewStep
from hausmusik.jobs.journal import MAX_BYTES, MAX_LOSSES

OOPS = Failure("engine", "it broke", "mend it")


def new(*keys: str) -> list[NewStep]:
    return [NewStep(key=key, payload=key.encode("utf-8", "replace")) for key in keys]


def test_the_same_kind_and_key_finds_the_open_job(journal: Journal) -> None:
    one = journal.open_job("compose", "Loops", key="k", run="r1", steps=new("a", "b"))
    two = journal.open_job("compose", "Loops again", key="k", run="r2", steps=new("b", "c"))
    assert (two.id, two.label, two.run) == (one.id, "Loops", "r1")
    assert [(step.key, step.payload) for step in journal.steps(one.id)] == [("a", b"a"), ("b", b"b"), ("c", b"c")]
    assert journal.open_job("batch", key="k").id != one.id
    assert journal.open_job("compose").id != journal.open_job("compose").id  # without a key each is its own
    journal.cancel(one.id)
    assert journal.open_job("compose", key="k").id != one.id


def test_a_step_goes_from_pending_over_leased_to_done(journal: Journal) -> None:
    job = journal.open_job("k", steps=new("a", "b"))
    step = journal.claim(job.id, "me")
    assert step is not None
    assert (step.key, step.payload, step.state, step.attempts, step.owner) == ("a", b"a", "leased", 1, "me")
    assert journal.counts(job.id) == Counts(pending=1, leased=1)
    assert journal.finish(step, b"result", took_s=2.5)
    assert not journal.finish(step, b"again")
    done = journal.step(job.id, "a")
    assert (done.state, done.result, done.took_s, done.owner) == ("done", b"result", 2.5, "")
    assert journal.durations_s(job.id) == [2.5]
    assert journal.settle(job.id).state == "open"
    second = journal.claim(job.id, "me")
    assert second is not None
    journal.finish(second)
    closed = journal.settle(job.id)
    assert closed.state == "done"
    assert closed.finished_at is not None
    assert closed.finished_at >= closed.created_at
    assert journal.claim(job.id, "me") is None


def test_steps_are_leased_together_in_order_and_no_more_than_asked_for(journal: Journal) -> None:
    job = journal.open_job("k", steps=new("a", "b", "c"))
    assert journal.claim_some(job.id, "me", 0) == []
    mine = journal.claim_some(job.id, "me", 2)
    assert [(step.key, step.state, step.owner, step.attempts) for step in mine] == [
        ("a", "leased", "me", 1),
        ("b", "leased", "me", 1),
    ]
    assert [step.key for step in journal.claim_some(job.id, "you", 5)] == ["c"]
    assert all(map(journal.finish, mine))


def test_a_leased_step_is_nobody_elses_until_the_lease_runs_out(journal: Journal, clock: Any) -> None:
    job = journal.open_job("k", steps=new("a"))
    mine = journal.claim(job.id, "me")
    assert mine is not None
    assert journal.claim(job.id, "you") is None
    clock.advance(9)
    assert journal.renew("me") == {"a"}
    clock.advance(9)
    assert journal.claim(job.id, "you") is None
    assert journal.wait_s(job.id) == pytest.approx(1)
    clock.advance(1)
    yours = journal.claim(job.id, "you")
    assert yours is not None
    assert (yours.attempts, yours.losses, yours.failures) == (2, 1, 0)
    assert journal.renew("me") == frozenset()
    assert not journal.finish(mine, b"late")
    assert not journal.fail(mine, OOPS)
    assert journal.finish(yours, b"right")
    assert journal.step(job.id, "a").result == b"right"


def test_the_same_owner_is_fenced_off_from_its_own_older_lease(journal: Journal, clock: Any) -> None:
    job = journal.open_job("k", steps=new("a"))
    first = journal.claim(job.id, "me")
    clock.advance(11)
    second = journal.claim(job.id, "me")
    assert first is not None
    assert second is not None
    assert not journal.finish(first)
    assert journal.finish(second)


def test_a_late_owner_may_finish_when_nobody_took_the_step(journal: Journal, clock: Any) -> None:
    job = journal.open_job("k", steps=new("a"))
    step = journal.claim(job.id, "me")
    clock.advance(100)
    assert step is not None
    assert journal.finish(step)


def test_a_failed_step_waits_for_its_next_try(journal: Journal, clock: Any) -> None:
    job = journal.open_job("k", steps=new("a"))
    step = journal.claim(job.id, "me")
    assert step is not None
    assert journal.fail(step, OOPS, retry_in_s=5)
    assert journal.claim(job.id, "me") is None
    assert journal.wait_s(job.id) == pytest.approx(5)
    clock.advance(5)
    again = journal.claim(job.id, "me")
    assert again is not None
    assert (again.attempts, again.failures, again.losses, again.error) == (2, 1, 0, OOPS)
    assert journal.fail(again, OOPS)
    closed = journal.settle(job.id)
    assert (closed.state, closed.error) == ("failed", OOPS)
    assert journal.wait_s(job.id) is None


def test_a_step_whose_owners_keep_dying_is_set_aside(journal: Journal, clock: Any) -> None:
    job = journal.open_job("k", steps=new("poison", "good"))
    for _ in range(MAX_LOSSES):
        step = journal.claim(job.id, "me")
        assert step is not None
        assert step.key == "poison"
        clock.advance(11)
    step = journal.claim(job.id, "me")
    assert step is not None
    assert step.key == "good"
    poison = journal.step(job.id, "poison")
    assert poison.state == "failed"
    assert poison.error is not None
    assert "died" in poison.error.message


def test_steps_of_dead_processes_are_taken_over_at_once(path: Path, clock: Any) -> None:
    gone = {"dead"}
    journal = Journal(path, clock=clock, ids=TimeIds(), gone=gone.__contains__)
    job = journal.open_job("k", steps=new("a", "b"))
    journal.claim(job.id, "dead")
    journal.claim(job.id, "alive")
    assert journal.claim(job.id, "me") is None
    assert journal.take_over(job.id) == 1
    taken = journal.claim(job.id, "me")
    assert taken is not None
    assert taken.key == "a"
    assert journal.take_over(job.id) == 0
    journal.close()


def test_what_is_given_back_is_pending_and_counts_as_nothing(journal: Journal) -> None:
    job = journal.open_job("k", steps=new("a", "b"))
    journal.claim(job.id, "me")
    journal.claim(job.id, "you")
    assert journal.give_back("me") == 1
    assert journal.counts(job.id) == Counts(pending=1, leased=1)
    step = journal.claim(job.id, "you")
    assert step is not None
    assert (step.key, step.failures, step.losses) == ("a", 0, 0)


def test_cancelling_ends_what_has_not_ended(journal: Journal) -> None:
    job = journal.open_job("k", key="k", steps=new("a", "b", "c"))
    first = journal.claim(job.id, "me")
    second = journal.claim(job.id, "me")
    assert first is not None
    assert second is not None
    journal.finish(first, b"kept")
    assert journal.cancel(job.id).state == "cancelled"
    assert journal.renew("me") == frozenset()
    assert not journal.finish(second)
    assert journal.counts(job.id) == Counts(done=1, cancelled=2)
    assert journal.step(job.id, "a").result == b"kept"
    assert journal.claim(job.id, "me") is None
    assert journal.cancel(job.id) == journal.job(job.id)
    again = journal.open_job("k", key="k", steps=new("b"))
    assert again.id != job.id
    assert journal.claim(again.id, "me") is not None
    with pytest.raises(NotFoundError):
        journal.cancel("none")


def test_a_clock_set_back_does_not_hold_steps_for_ever(journal: Journal, clock: Any) -> None:
    job = journal.open_job("k", steps=new("a", "b"))
    journal.claim(job.id, "dead")
    second = journal.claim(job.id, "me")
    assert second is not None
    journal.fail(second, OOPS, retry_in_s=1)
    clock.advance(-7 * 86_400)
    assert {step.key for step in (journal.claim(job.id, "me"), journal.claim(job.id, "me")) if step} == {"a", "b"}


def test_jobs_are_listed_newest_first_and_old_ones_forgotten(journal: Journal, clock: Any) -> None:
    one = journal.open_job("compose", "one", steps=new("a"))
    clock.advance(1)
    two = journal.open_job("batch", "two")
    assert [job.id for job in journal.jobs()] == [two.id, one.id]
    assert [job.id for job in journal.jobs(kind="compose")] == [one.id]
    assert [job.id for job in journal.jobs(state="open", limit=1)] == [two.id]
    journal.cancel(one.id)
    clock.advance(60)
    assert journal.prune(clock.now() - timedelta(seconds=30)) == 1
    assert [job.id for job in journal.jobs()] == [two.id]
    with pytest.raises(NotFoundError):
        journal.job(one.id)
    with pytest.raises(NotFoundError):
        journal.step(one.id, "a")


def test_many_steps_are_added_and_read_in_order(journal: Journal) -> None:
    job = journal.open_job("k", key="k", steps=new(*(f"s{n}" for n in range(2500))))
    assert journal.open_job("k", key="k", steps=new("s7", "x", "x", "y")) == job
    assert [step.key for step in journal.steps(job.id)] == [*(f"s{n}" for n in range(2500)), "x", "y"]
    assert journal.counts(job.id).total == 2502
    assert [step.key for step in journal.steps(job.id, "done")] == []


def test_bad_input_is_refused_and_writes_nothing(journal: Journal, path: Path, clock: Any) -> None:
    with pytest.raises(ValueError, match="payload"):
        journal.open_job("k", key="k", steps=[*new("a"), NewStep(key="b", payload=b"x" * (MAX_BYTES + 1))])
    assert journal.jobs() == ()
    job = journal.open_job("k\udcff", "🎻\0", steps=new("a\udcff"))
    step = journal.claim(job.id, "me")
    assert step is not None
    with pytest.raises(ValueError, match="result"):
        journal.finish(step, b"x" * (MAX_BYTES + 1))
    assert journal.fail(step, Failure("x", "\udcff"))
    with pytest.raises(ValueError, match="lease"):
        Journal(path, clock=clock, ids=TimeIds(), lease_s=0)
    with pytest.raises(NotFoundError):
        journal.settle("none")
    journal.close()
    path.write_bytes(b"garbage" * 1000)
    with pytest.raises(StoreError, match="damaged"):
        journal.jobs()
