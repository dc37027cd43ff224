"""Jobs that are opened again, results that are found again, and counts that are kept as they change."""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path

from hausmusik.clock import TimeIds
from hausmusik.codec import Failure
from hausmusik.jobs import Counts, Job, Journal, NewStep
from hausmusik.jobs import journal as module
from hausmusik.jobs.tables import MIGRATIONS
from tests.unit.jobs.conftest import ManualClock


def finished(journal: Journal, kind: str = "batch", **results: bytes) -> Job:
    job = journal.open_job(kind, steps=[NewStep(key=key) for key in results])
    while step := journal.claim(job.id, "a"):
        journal.finish(step, results[step.key])
    return journal.settle(job.id)


def counted(journal: Journal, job: str) -> Counts:
    return Counts(**Counter(step.state for step in journal.steps(job)))


def test_steps_of_a_job_that_is_over_are_made_pending_again(journal: Journal) -> None:
    job = journal.open_job("batch", key="k", steps=[NewStep(key=key) for key in "abc"])
    for step in iter(lambda: journal.claim(job.id, "a"), None):
        if step.key == "c":
            journal.fail(step, Failure("engine", "no", ""))
        else:
            journal.finish(step, b"kept")
    assert journal.settle(job.id).state == "failed"
    assert journal.reopen(job.id, []).state == "failed"
    again = journal.reopen(job.id, ["c", "b", "unknown"])
    assert (again.state, again.error, again.finished_at) == ("open", None, None)
    assert journal.open_job("batch", key="k").id == job.id
    steps = {step.key: step for step in journal.steps(job.id)}
    assert (steps["a"].state, steps["a"].result) == ("done", b"kept")
    assert (steps["c"].state, steps["c"].failures, steps["c"].error) == ("pending", 0, None)
    assert steps["b"].result == b""
    step = journal.claim(job.id, "a")
    assert step is not None
    assert journal.reopen(job.id, [step.key]).state == "open"
    assert journal.step(job.id, step.key).state == "leased", "a step that somebody is at is left alone"


def test_a_step_put_back_is_as_if_it_had_never_been_had(journal: Journal) -> None:
    job = journal.open_job("batch", steps=[NewStep(key="a")])
    step = journal.claim(job.id, "a")
    assert step is not None
    assert journal.put_back(step)
    found = journal.step(job.id, "a")
    assert (found.state, found.failures, found.losses, found.owner) == ("pending", 0, 0, "")
    assert not journal.put_back(step), "the lease had gone"


def test_results_are_found_by_key_across_jobs_of_a_kind(journal: Journal) -> None:
    finished(journal, a=b"1", b=b"2")
    finished(journal, "compose", c=b"3")
    assert journal.known("batch", "a") == b"1"
    assert journal.known("batch", "c") is None
    assert journal.known("compose", "a") is None
    job = journal.open_job("batch", steps=[NewStep(key=key) for key in "abcd"], reuse=True)
    assert {step.key: (step.state, step.result) for step in journal.steps(job.id)} == {
        "a": ("done", b"1"),
        "b": ("done", b"2"),
        "c": ("pending", b""),
        "d": ("pending", b""),
    }
    assert journal.open_job("batch", steps=[NewStep(key="a")]).state == "open"


def test_counts_are_those_of_the_steps_whatever_happens(journal: Journal, clock: ManualClock) -> None:
    job = journal.open_job("batch", key="k", steps=[NewStep(key=f"{n}") for n in range(8)]).id
    journal.open_job("batch", key="k", steps=[NewStep(key="0"), NewStep(key="more")])
    other = finished(journal, x=b"")
    for number in range(4):
        step = journal.claim(job, "a")
        assert step is not None
        [journal.finish, journal.put_back, lambda each: journal.fail(each, Failure("engine", "no", "")), id][number](
            step
        )
        assert journal.counts(job) == counted(journal, job)
    assert journal.counts(job).total == 9
    journal.give_back("a")
    assert journal.counts(job) == counted(journal, job)
    journal.cancel(job)
    assert journal.counts(job) == counted(journal, job)
    journal.reopen(job, ["0", "1", "2"])
    assert journal.counts(job) == counted(journal, job)
    clock.advance(1)
    journal.prune(clock.now())
    assert journal.counts(other.id) == Counts()
    assert journal.counts(job).total == 9


def test_a_journal_of_the_first_version_is_counted_when_it_is_opened(path: Path, clock: ManualClock) -> None:
    path.parent.mkdir(parents=True)
    with sqlite3.connect(path) as old:
        old.executescript(MIGRATIONS[0])
        old.execute(
            "INSERT INTO jobs (id, kind, label, key, run, state, created_at) VALUES ('j', 'k', '', '', '', 'open', 0)"
        )
        for position, state in enumerate(["pending", "done", "done", "failed"]):
            old.execute(
                "INSERT INTO steps (job, key, position, payload, state) VALUES ('j', ?, ?, x'', ?)",
                (str(position), position, state),
            )
        old.execute("PRAGMA user_version = 1")
        old.execute("PRAGMA application_id = 1214346611")
    old.close()
    journal = Journal(path, clock=clock, ids=TimeIds())
    assert journal.counts("j") == Counts(pending=1, done=2, failed=1)
    step = journal.claim("j", "a")
    assert step is not None
    journal.finish(step)
    assert journal.counts("j") == Counts(done=3, failed=1)
    journal.close()


def test_taking_a_step_looks_at_no_step_that_has_ended(journal: Journal) -> None:
    """Both queries find their step by job and state in an index, in the order of that index."""
    journal.open_job("batch")
    with journal.database.read() as connection:
        for query in (module._OVER, module._READY):
            plan = connection.execute(f"EXPLAIN QUERY PLAN {query}", ("j", 0, 0)).fetchall()
            assert [row[3] for row in plan] == ["SEARCH steps USING INDEX steps_by_state (job=? AND state=?)"]
        plan = connection.execute(f"EXPLAIN QUERY PLAN {module._KNOWN}", ("k", "a")).fetchall()
        assert "steps_done (key=?)" in plan[0][3]
