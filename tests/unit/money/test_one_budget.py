"""Fifty processes with one budget, some killed in the middle of a play: not a nano-dollar too much, at any moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

from hausmusik.clock import SystemClock, TimeIds
from hausmusik.money import Budget, Ledger, Limits, money_file
from hausmusik.types import Run
from tests.unit.money import spending_program
from tests.unit.money.spending_program import PRICE, WORST_S

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PROCESSES = 50
LIMIT = Decimal("3.00")
KILLED = range(0, PROCESSES, 6)
WORST = PRICE.for_seconds(WORST_S)


def test_fifty_processes_never_spend_a_cent_too_much(tmp_path: Path) -> None:
    file, program = tmp_path / "ledger.sqlite", Path(spending_program.__file__)
    database = money_file(file)
    clock, ids = SystemClock(), TimeIds()
    budget = Budget(database, Limits(house_usd=LIMIT), clock=clock, ids=ids)
    running: list[subprocess.Popen[bytes]] = []
    for seed in range(PROCESSES):
        go, dies = "go" if seed else "go-first", 1 + seed % 4 if seed in KILLED else 0
        line = [sys.executable, str(program), str(file), str(seed), str(LIMIT), go, str(dies)]
        with (tmp_path / f"{seed}.log").open("wb") as log:
            running.append(subprocess.Popen(line, stdout=log, stderr=subprocess.STDOUT, env=dict(os.environ)))
    while sum((tmp_path / f"{seed}.log").stat().st_size > 0 for seed in range(PROCESSES)) < PROCESSES:
        assert all(each.poll() is None for each in running)
        time.sleep(0.05)
    (tmp_path / "go-first").touch()  # one plays alone until it is killed, so that one is, whoever gets the money then
    assert running[0].wait() == -signal.SIGKILL
    (tmp_path / "go").touch()
    seen: list[tuple[Decimal, Decimal]] = []
    while any(each.poll() is None for each in running):
        (state,) = budget.states(Run(id=""))  # both sums in one transaction: one moment of the file
        assert state.spent_usd + state.reserved_usd <= LIMIT
        seen.append((state.spent_usd, state.reserved_usd))
    told = {seed: (tmp_path / f"{seed}.log").read_text() for seed in range(PROCESSES)}
    for seed, each in enumerate(running):
        assert each.wait() in ({0, -signal.SIGKILL} if seed in KILLED else {0}), told[seed]
    assert all(set(text.splitlines()) <= {"here", "playing"} for text in told.values()), told

    (state,) = budget.states(Run(id=""))
    rows = list(Ledger(database, clock=clock, ids=ids).rows())
    total = sum((row.cost_usd for row in rows), Decimal(0))
    assert total <= state.spent_usd <= LIMIT, "the budget counts each row rounded up"
    assert total + state.reserved_usd <= LIMIT
    # They gave up because the money was gone: the last refusal left less than one play besides what others held, each of
    # whom then gave back two thirds at most.
    assert state.spent_usd + state.reserved_usd >= LIMIT - WORST - 2 * PROCESSES * WORST * 2 / 3
    most_held = max(held for _, held in seen)
    assert most_held > state.reserved_usd + WORST, "several living ones played at the same time"
    # What the killed had reserved is held still; nobody can know what they have spent.
    killed = sum(each.returncode == -signal.SIGKILL for each in running)
    assert 0 < state.reserved_usd <= 2 * killed * WORST
    database.close()
