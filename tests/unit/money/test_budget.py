from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hausmusik.clock import SystemClock, TimeIds
from hausmusik.config.database import Database
from hausmusik.errors import BudgetError, StoreError, UsageError
from hausmusik.money import Budget, Ledger, LedgerRow, Limits, money_file
from hausmusik.types import Run
from tests.unit.jobs.conftest import ManualClock, fork, wait
from tests.unit.money.conftest import GPU

Make = Callable[..., Budget]
RUN = Run(id="r1", label="Loops")


def usd(text: str) -> Decimal:
    return Decimal(text)


def test_what_is_reserved_and_spent_counts_against_each_limit(budget: Make) -> None:
    house = budget(run_usd="1", day_usd="2", house_usd="3")
    first = house.reserve(RUN, usd("0.60"), instrument="bark", host="modal")
    with pytest.raises(BudgetError) as caught:
        house.reserve(RUN, usd("0.50"), instrument="bark", host="modal")
    assert caught.value.message == (
        "a play of bark on modal may cost up to $0.50, and of the run's limit of $1.00 only $0.40 is left "
        "($0.00 spent, $0.60 reserved); it was not started"
    )
    assert "money.run_usd" in caught.value.hint
    house.settle(first, usd("0.10"))
    second = house.reserve(RUN, usd("0.90"))
    house.settle(second, usd("0.90"))
    states = {state.scope: (state.spent_usd, state.reserved_usd, state.left_usd) for state in house.states(RUN)}
    assert states == {"run": (1, 0, 0), "day": (1, 0, 1), "house": (1, 0, 2)}
    house.reserve(Run(id="r2"), usd("1"))
    with pytest.raises(BudgetError, match="day's limit"):
        house.reserve(Run(id="r3"), usd("0.01"))


def test_the_tightest_limit_is_named(budget: Make) -> None:
    house = budget(run_usd="5", day_usd="2", house_usd="1")
    with pytest.raises(BudgetError, match="house's limit of"):
        house.reserve(RUN, usd("1.01"))
    assert house.reserve(RUN, usd("1.00")).usd == 1


def test_a_refusal_says_whether_the_money_is_only_held(budget: Make) -> None:
    house = budget(run_usd="1", day_usd="2")
    house.reserve(Run(id="r2"), usd("0.90"))
    held = house.reserve(RUN, usd("0.60"))
    with pytest.raises(BudgetError, match="run's limit") as caught:
        house.reserve(RUN, usd("0.50"))
    told = caught.value
    assert (told.needed_usd, told.limit_usd, told.spent_usd, told.held_usd) == (usd("0.5"), 1, 0, usd("0.6"))
    assert told.is_held_up
    house.settle(held, usd("0.60"))
    with pytest.raises(BudgetError, match="run's limit") as caught:  # of the day less is left, but that is only held
        house.reserve(RUN, usd("0.55"))
    assert not caught.value.is_held_up
    assert not BudgetError("the price is not known").is_held_up


def test_a_runs_own_budget_can_only_be_lower(budget: Make) -> None:
    house = budget(run_usd="1")
    with pytest.raises(BudgetError, match=r"limit of \$1.00"):
        house.reserve(Run(id="a", budget_usd="5"), usd("1.5"))
    with pytest.raises(BudgetError, match=r"limit of \$0.50"):
        house.reserve(Run(id="b", budget_usd="$0.50"), usd("0.75"))
    assert house.reserve(Run(id="c", budget_usd="0.50"), usd("0.50"))
    assert budget().reserve(Run(id="d"), usd("1000000"))


@pytest.mark.parametrize("text", ["lots", "-1", "nan", "inf", "1e99"])
def test_a_runs_budget_that_is_no_amount_is_refused(budget: Make, text: str) -> None:
    with pytest.raises(UsageError, match="not an amount"):
        budget().reserve(Run(id="a", budget_usd=text), usd("0.1"))


def test_plays_that_cost_nothing_pass_when_nothing_is_left(budget: Make, ledger: Ledger) -> None:
    house = budget(house_usd="0")
    with pytest.raises(BudgetError):
        house.reserve(RUN, usd("0.000000001"))
    free = house.reserve(RUN, usd("0"))
    house.extend(RUN, free)
    house.settle(free, usd("0"))
    assert [row.id for row in ledger.rows()] == [free.id]
    house.release(house.reserve(RUN, usd("0")))
    with pytest.raises(ValueError, match="less than nothing"):
        house.reserve(RUN, usd("-1"))


def test_the_day_begins_anew_at_midnight_in_utc(budget: Make, clock: ManualClock) -> None:
    house = budget(day_usd="1")
    house.settle(house.reserve(RUN, usd("1")), usd("1"))
    clock.advance(11 * 3600 + 3599)
    with pytest.raises(BudgetError, match="day's limit"):
        house.reserve(RUN, usd("0.01"))
    clock.advance(1)
    held = house.reserve(RUN, usd("0.75"), hold_s=2 * 86_400)
    clock.advance(86_400)
    with pytest.raises(BudgetError):  # what is still held counts on every day
        house.reserve(RUN, usd("0.50"))
    house.release(held)
    assert house.reserve(RUN, usd("0.50"))


def test_a_reservation_that_nobody_settles_lapses_and_is_remembered(budget: Make, clock: ManualClock) -> None:
    living: set[bool] = {True}
    house = budget(house_usd="1", alive=lambda _: True in living)
    dead = house.reserve(RUN, usd("1"), instrument="bark", host="modal", hold_s=60)
    clock.advance(1_000_000)  # its process sleeps
    with pytest.raises(BudgetError):
        house.reserve(RUN, usd("0.1"))
    living.clear()
    house.extend(RUN, dead, 60)
    clock.advance(59)
    with pytest.raises(BudgetError):
        house.reserve(RUN, usd("0.1"))
    clock.advance(1)
    with pytest.raises(BudgetError, match=r"\$1.00 spent, \$0.00 reserved"):  # charged, and no room for others
        house.reserve(RUN, usd("0.1"))
    house.extend(RUN, dead, 60)
    assert house.lapsed() == ()
    assert house.states(RUN)[0].spent_usd == 0
    clock.advance(60)
    (lapsed,) = house.lapsed()
    assert (lapsed.id, lapsed.run, lapsed.label, lapsed.instrument, lapsed.host) == (
        *(dead.id, "r1", "Loops", "bark", "modal"),
    )
    assert lapsed.usd == house.states(RUN)[0].spent_usd == 1
    house.settle(dead, usd("0.80"))  # it was spent all the same
    with pytest.raises(ValueError, match="settled"):
        house.extend(RUN, dead)
    with pytest.raises(StoreError):
        house.settle(dead, usd("0.80"))
    assert house.lapsed() == ()
    assert house.states(RUN)[0].spent_usd == usd("0.80")


def test_more_than_was_reserved_is_charged_all_the_same(budget: Make) -> None:
    house = budget(house_usd="1")
    house.settle(house.reserve(RUN, usd("0.5")), usd("1.5"))
    assert house.states(RUN)[0].left_usd == 0
    with pytest.raises(BudgetError, match=r"only \$0.00 is left \(\$1.50 spent"):
        house.reserve(RUN, usd("0.01"))


def test_a_settlement_is_the_ledgers_row_and_happens_once(
    budget: Make, ledger: Ledger, row: Callable[..., LedgerRow]
) -> None:
    house = budget(house_usd="1")
    held = house.reserve(RUN, usd("0.5"), instrument="bark", host="cloud")
    with pytest.raises(ValueError, match="another play"):
        house.settle(held, usd("0.1"), row(cost_usd=usd("0.1"), price=GPU))
    with pytest.raises(ValueError, match="another play"):
        house.settle(held, usd("0.1"), row(id=held.id, cost_usd=usd("0.2"), price=GPU))
    house.settle(held, usd("0.2"))
    with pytest.raises(StoreError):
        house.settle(held, usd("0.2"))
    (written,) = ledger.rows()
    assert (written.id, written.run, written.label, written.instrument, written.host) == (
        held.id,
        "r1",
        "Loops",
        "bark",
        "cloud",
    )
    ledger.correct(held.id, usd("0.9"))
    with pytest.raises(BudgetError, match=r"\$0.10 is left"):  # corrections count
        house.reserve(RUN, usd("0.11"))
    ledger.append(row(cost_usd=usd("0.05"), price=GPU))  # and so does every row that costs something
    assert house.states(RUN)[0].left_usd == usd("0.05")


def test_a_settlement_that_cannot_be_written_leaves_the_reservation(budget: Make, database: Database) -> None:
    house = budget(house_usd="1")
    held = house.reserve(RUN, usd("0.5"))
    with database.write() as connection:
        connection.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreError):
        house.settle(held, usd("0.2"))
    with database.read() as connection:
        connection.execute("PRAGMA query_only = OFF")
    assert house.states(RUN)[0].reserved_usd == usd("0.5")


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "settle", "release", "wait", "extend"]),
        st.integers(0, 5),
        st.decimals(0, 1, places=9),
    ),
    max_size=40,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(OPERATIONS)
def test_whatever_happens_spent_and_reserved_stay_within_the_limits(
    tmp_path_factory: pytest.TempPathFactory, operations: list[tuple[str, int, Decimal]]
) -> None:
    clock = ManualClock()
    database = money_file(tmp_path_factory.mktemp("money") / "l.sqlite")
    limits = Limits(run_usd=usd("1"), day_usd=usd("1.5"), house_usd=usd("2"))
    house = Budget(database, limits, clock=clock, ids=TimeIds(clock), alive=lambda _: False)
    held: list[tuple[Any, float]] = []
    spent = {"r0": Decimal(0), "r1": Decimal(0)}
    for what, number, amount in operations:
        run = Run(id=f"r{number % 2}")
        active = [each for each, _ in held]  # what has lapsed is charged whole

        def fits(run_id: str, wanted: Decimal) -> bool:
            own = sum(each.usd for each in active if each.run == run_id)  # noqa: B023 - called at once
            everything = sum(spent.values()) + sum(each.usd for each in active) + wanted  # noqa: B023
            return spent[run_id] + own + wanted <= 1 and everything <= usd("1.5")

        if what == "reserve":
            try:
                reservation = house.reserve(run, amount, hold_s=100)
                assert fits(run.id, amount) or not amount
                held.append((reservation, clock.seconds + 100))
            except BudgetError:
                assert not fits(run.id, amount)
        elif what == "wait":
            clock.advance(60)
        elif held:
            reservation, _ = held.pop(number % len(held))
            if what == "settle":
                house.settle(reservation, min(amount, reservation.usd))
                spent[reservation.run] += min(amount, reservation.usd)
            elif what == "release":
                house.release(reservation)
            else:
                house.extend(Run(id=reservation.run), reservation, 100)
                held.append((reservation, clock.seconds + 100))
        for run_id, known in spent.items():
            lapsed = sum(each.usd for each, until in held if each.run == run_id and until <= clock.seconds)
            (state,) = [each for each in house.states(Run(id=run_id)) if each.scope == "run"]
            assert state.spent_usd == known + lapsed
            assert state.spent_usd + state.reserved_usd <= 1
    database.close()


def spend(path: Path, seed: int, threads: int, killed_after_s: float | None = None) -> None:
    """Reserve and settle from several threads until the budget says no."""
    database = money_file(path)
    house = Budget(database, Limits(house_usd=usd("1.00")), clock=SystemClock(), ids=TimeIds())
    problems: list[BaseException] = []

    def one(number: int) -> None:
        random = Random(seed * 100 + number)
        try:
            while True:
                reservation = house.reserve(Run(id=f"run{seed}"), usd("0.03"))
                (state,) = house.states(RUN)
                assert state.spent_usd + state.reserved_usd <= usd("1.00")
                time.sleep(random.uniform(0, 0.001))
                house.settle(reservation, usd("0.03") * random.randrange(50, 101) / 100)
        except BudgetError:
            return
        except BaseException as error:  # noqa: BLE001 -- told to the main thread
            problems.append(error)

    if killed_after_s is not None:
        threading.Timer(killed_after_s, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
    every = [threading.Thread(target=one, args=(number,)) for number in range(threads)]
    for each in every:
        each.start()
    for each in every:
        each.join()
    assert problems == []


def test_many_threads_in_many_processes_never_overspend(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    running = [fork(lambda seed=seed: spend(path, seed, 4)) for seed in range(4)]
    doomed = fork(lambda: spend(path, 9, 4, killed_after_s=0.01))
    assert [wait(pid) for pid in running] == [0, 0, 0, 0]
    assert wait(doomed) in {-9, 0}
    database = money_file(path)
    house = Budget(database, Limits(house_usd=usd("1.00")), clock=SystemClock(), ids=TimeIds())
    (state,) = house.states(RUN)
    spent = sum((row.cost_usd for row in Ledger(database, clock=SystemClock(), ids=TimeIds()).rows()), Decimal(0))
    assert spent == state.spent_usd
    assert state.spent_usd + state.reserved_usd <= 1
    # Who gave up saw others' reservations too: at most 20 at a time, each settled down to half or more.
    assert state.spent_usd + state.reserved_usd > usd("0.60")
    database.close()


def test_a_clock_that_goes_back_frees_nothing_early(budget: Make, clock: ManualClock) -> None:
    house = budget(house_usd="1")
    house.reserve(RUN, usd("1"), hold_s=60)
    clock.time -= timedelta(days=2)
    with pytest.raises(BudgetError):
        house.reserve(RUN, usd("0.1"))
