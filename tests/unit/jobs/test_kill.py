"""Two real processes on one job, killed with signal 9 at random moments and started again until all is done."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import time
from collections import defaultdict
from pathlib import Path
from random import Random

import pytest

from hausmusik.clock import SystemClock, TimeIds
from hausmusik.jobs import Journal, NewStep, Step, run_steps
from tests.unit.jobs.conftest import fork, wait

STEPS = 60


def work_through(path: Path, job: str, log: Path, lease_s: float) -> None:
    journal = Journal(path, clock=SystemClock(), ids=TimeIds(), lease_s=lease_s)
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(what: str, step: Step) -> None:
        # one write of one line: whole or not at all, in the order of time
        os.write(handle, f"{what} {step.key} {os.getpid()}\n".encode())

    async def work(step: Step) -> bytes:
        note("begin", step)
        await asyncio.sleep(0.01)
        note("end", step)
        return f"{step.key}!".encode()

    asyncio.run(run_steps(journal, job, work, clock=SystemClock(), concurrency=3))


def make(journal: Journal) -> str:
    return journal.open_job("kill", key="k", steps=[NewStep(key=f"s{n}") for n in range(STEPS)]).id


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_any_moment_all_is_done_once_and_never_twice_at_once(path: Path, tmp_path: Path, seed: int) -> None:
    random, log = Random(seed), tmp_path / "log"
    journal = Journal(path, clock=SystemClock(), ids=TimeIds())
    job = make(journal)
    journal.close()  # SQLite does not bear being open across a fork
    running = [fork(lambda: work_through(path, job, log, 30)) for _ in range(2)]
    killed: set[int] = set()
    interrupted = 0
    for _ in range(10):
        time.sleep(random.uniform(0.0, 0.04))
        victim = random.randrange(2)
        os.kill(running[victim], signal.SIGKILL)
        killed.add(running[victim])
        interrupted += wait(running[victim]) == -9
        running[victim] = fork(lambda: work_through(path, job, log, 30))
    assert interrupted >= 3
    began = time.monotonic()
    assert [wait(pid) for pid in running] == [0, 0]
    assert time.monotonic() - began < 10  # far less than a lease: the dead are noticed
    assert [step.result for step in journal.steps(job)] == [f"s{n}!".encode() for n in range(STEPS)]
    assert journal.job(job).state == "done"
    journal.close()
    check(log, killed)


def check(log: Path, killed: set[int]) -> None:
    """No step begins while another living process is at it, and only those of killed processes begin again."""
    at_it: dict[str, int] = {}
    begun: dict[str, list[int]] = defaultdict(list)
    for line in log.read_text().splitlines():
        what, key, pid = line.split()
        if what == "begin":
            assert key not in at_it or at_it[key] in killed, f"{key} was run twice at once"
            at_it[key] = int(pid)
            begun[key].append(int(pid))
        else:
            at_it.pop(key, None)
    assert len(begun) == STEPS
    assert all(pid in killed for pids in begun.values() for pid in pids[:-1])


def test_a_process_that_hangs_loses_its_steps_when_the_lease_runs_out(path: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    journal = Journal(path, clock=SystemClock(), ids=TimeIds())
    job = make(journal)
    journal.close()
    hung = fork(lambda: work_through(path, job, log, 0.2))
    while not log.exists() or b"end" not in log.read_bytes():
        time.sleep(0.005)
    while not stopped_at_work(hung, journal, job):
        time.sleep(0.003)
    journal.close()
    assert wait(fork(lambda: work_through(path, job, log, 0.2))) == 0
    assert journal.counts(job).done == STEPS
    results = [step.result for step in journal.steps(job)]
    os.kill(hung, signal.SIGCONT)  # it wakes, finds its leases gone, and that all is done
    assert wait(hung) == 0
    assert [step.result for step in journal.steps(job)] == results
    assert sum(step.losses for step in journal.steps(job)) >= 1
    journal.close()


def stopped_at_work(pid: int, journal: Journal, job: str) -> bool:
    """Stop a process while it holds leases, and not in the very moment in which it writes to the journal."""
    os.kill(pid, signal.SIGSTOP)
    probe = sqlite3.connect(journal.database.path, timeout=0.05, isolation_level=None)
    try:
        probe.execute("BEGIN IMMEDIATE")
        probe.execute("ROLLBACK")
        if journal.counts(job).leased:
            return True
    except sqlite3.OperationalError:
        pass
    finally:
        probe.close()
    os.kill(pid, signal.SIGCONT)
    return False
