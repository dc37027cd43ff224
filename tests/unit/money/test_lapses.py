"""What killed processes had in flight is charged, once, for the most that it can have cost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.clock import SystemClock, TimeIds
from hausmusik.config.database import Database
from hausmusik.errors import BudgetError
from hausmusik.money import Budget, Ledger, LedgerRow, Limits, money_file
from hausmusik.money.lapses import machines_for
from hausmusik.seams import Machines
from hausmusik.types import Run
from tests.unit.jobs.conftest import ManualClock
from tests.unit.money.conftest import GPU

RUN = Run(id="r1", label="Loops", cue="opening/1", document="piece")
TWO = Machines(most=2, plays_each=4)
Make = Callable[..., Budget]


def test_the_charge_is_a_row_of_the_run_and_is_written_once(budget: Make, ledger: Ledger, clock: ManualClock) -> None:
    house, other = budget(house_usd="1"), budget(house_usd="1")
    began = clock.now()
    dead = house.reserve(RUN, Decimal("0.7"), instrument="bark", host="modal", hold_s=60)
    house.reserve(RUN, Decimal(0), instrument="kokoro", host="local", hold_s=60)
    clock.advance(86_400)
    for each in (house, other, house):
        each.charge_due()
        (state,) = each.states(RUN)
        assert (state.spent_usd, state.reserved_usd) == (Decimal("0.7"), 0)
    (row,) = ledger.rows()
    assert (row.id, row.at, row.run, row.label, row.cue, row.document) == (
        *(dead.id, began.astimezone(UTC), "r1", "Loops", "opening/1", "piece"),
    )
    assert (row.instrument, row.host, row.basis, row.outcome, row.kind) == (
        *("bark", "modal", "estimated", "cancelled", "play"),
    )
    with pytest.raises(BudgetError, match=r"\$0.70 spent"):
        other.reserve(RUN, Decimal("0.4"))


def test_who_lives_after_all_is_charged_what_it_cost(
    budget: Make, ledger: Ledger, clock: ManualClock, row: Callable[..., LedgerRow]
) -> None:
    """Where it cannot be known whether a process lives: its laptop slept, and another machine has the file too."""
    house = budget(day_usd="1")
    slept = house.reserve(RUN, Decimal("0.7"), instrument="bark", host="modal", hold_s=60)
    for _ in range(2):
        clock.advance(60)
        house.charge_due()
        house.extend(RUN, slept, 60)
    clock.advance(86_400)
    house.charge_due()
    charge = row(id=slept.id, instrument="bark", host="modal", cost_usd=Decimal("0.2"), price=GPU)
    written = house.settle(slept, Decimal("0.2"), charge)
    assert (written.corrects, written.cost_usd) == (slept.id, Decimal("0.2"))
    by_day = [total.cost_usd for total in ledger.totals("day", zone=UTC)]
    assert by_day == [Decimal("0.2"), Decimal(0)], "nothing is taken from the day on which it was not charged"
    (total,) = ledger.totals("run")
    assert (total.plays, total.cost_usd) == (1, Decimal("0.2"))
    gone = house.reserve(RUN, Decimal("0.7"), hold_s=60)
    clock.advance(60)
    house.charge_due()
    house.release(gone)
    assert house.states(RUN)[0].spent_usd == Decimal("0.2")
    assert house.lapsed() == ()


def test_plays_that_shared_machines_are_charged_for_machines(budget: Make, clock: ManualClock) -> None:
    house = budget(house_usd="100")
    for _ in range(8):
        house.reserve(RUN, Decimal(1), instrument="bark", host="modal", hold_s=60, machines=TWO)
    house.reserve(RUN, Decimal(1), instrument="orpheus", host="modal", hold_s=60)  # nobody knows of its machines
    assert house.states(RUN)[0].reserved_usd == 9
    clock.advance(60)
    assert house.states(RUN)[0].spent_usd == 3
    assert sum(each.usd for each in house.lapsed()) == 3


def test_of_unlike_plays_the_dearest_had_the_machines(budget: Make, clock: ManualClock) -> None:
    house = budget(house_usd="100")
    for worst in ("3", "1", "1"):
        house.reserve(RUN, Decimal(worst), instrument="bark", host="modal", hold_s=60, machines=TWO)
    clock.advance(60)
    assert 4 <= house.states(RUN)[0].spent_usd <= 4 + 3 * Decimal("1e-9")


def test_with_the_first_that_lapses_goes_all_that_a_dead_process_had(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    program = f"""
from decimal import Decimal
from pathlib import Path
from hausmusik.clock import SystemClock, TimeIds
from hausmusik.money import Budget, Limits, money_file
from hausmusik.seams import Machines
from hausmusik.types import Run
budget = Budget(money_file(Path({str(path)!r})), Limits(), clock=SystemClock(), ids=TimeIds())
for hold_s in (0, 3600, 3600):
    budget.reserve(Run(id="r"), Decimal(1), instrument="bark", host="modal", hold_s=hold_s, machines=Machines(plays_each=3))
    """
    subprocess.run([sys.executable, "-c", program], check=True)
    database: Database = money_file(path)
    house = Budget(database, Limits(house_usd=Decimal(9)), clock=SystemClock(), ids=TimeIds())
    (state,) = house.states(Run(id=""))
    assert state.reserved_usd == 0
    assert 1 <= state.spent_usd <= 1 + 3 * Decimal("1e-9")
    database.close()


@given(st.integers(1, 80), st.integers(1, 80), st.integers(1, 5), st.integers(1, 9))
def test_machines_bound_plays(some: int, more: int, most: int, each: int) -> None:
    assert machines_for(some, 0, each) == some
    together = machines_for(some + more, most, each)
    assert 1 <= together <= some + more
    assert together >= min(some + more, most), "as many as the host would start"
    assert together * each >= some + more or together >= most
    assert together <= machines_for(some, most, each) + machines_for(more, most, each), "parts are charged no less"
