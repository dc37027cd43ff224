"""The ledger against the bill: equal afterwards, whatever was said before, and nothing more the second time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.clock import TimeIds
from hausmusik.config.database import Database
from hausmusik.errors import StoreError
from hausmusik.money import Budget, Ledger, LedgerRow, money_file
from hausmusik.money.ledger import insert
from hausmusik.money.reconcile import HOUR, OF_NOBODY, Bill, Billed, reconcile, shares
from hausmusik.money.tables import MIGRATIONS
from hausmusik.types import Run, Usage
from tests.unit.jobs.conftest import ManualClock
from tests.unit.money.conftest import GPU

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOON + 6 * HOUR
NANO = Decimal("1e-9")
Rows = Callable[..., LedgerRow]


def played(at: datetime, seconds: float, **fields: object) -> LedgerRow:
    usage = fields.pop("usage", None) or Usage(busy_s=seconds)
    plain = {"id": f"{at}{fields}", "at": at, "run": "r1", "label": "Loops", "instrument": "kokoro", "host": "cloud"}
    return LedgerRow(**{"price": GPU, "usage": usage, "cost_usd": GPU.for_seconds(seconds)} | plain | fields)


def bill(usd: str | Decimal, hour: datetime = NOON, instrument: str = "kokoro") -> Bill:
    return Bill(instrument=instrument, hour=hour, cost_usd=Decimal(usd))


def agree(
    rows: list[LedgerRow], *bills: Bill, since: datetime = NOON, until: datetime = LATER, workspace: str = "w"
) -> tuple[tuple[Billed, ...], list[LedgerRow]]:
    """Return what `reconcile` told, and all rows after it."""
    names = iter(f"bill-{len(rows)}-{number}" for number in range(10_000))
    instruments = {each.instrument for each in (*rows, *bills)}
    told, added = reconcile(
        rows,
        bills,
        host="cloud",
        workspace=workspace,
        since=since,
        until=dict.fromkeys(instruments, until),
        new_id=lambda: next(names),
        read=NOON.date(),
    )
    return told, [*rows, *added]


def in_hours(rows: list[LedgerRow]) -> dict[tuple[str, datetime], Decimal]:
    sums: dict[tuple[str, datetime], Decimal] = {}
    for row in rows:
        for hour, usd in shares(row):
            sums[row.instrument, hour] = sums.get((row.instrument, hour), Decimal(0)) + usd
    return sums


def by_run(rows: list[LedgerRow]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row.run] = sums.get(row.run, Decimal(0)) + row.cost_usd
    return sums


def test_a_play_over_two_hours_costs_in_each_by_its_seconds() -> None:
    play = played(NOON + HOUR + timedelta(seconds=30), 120)
    assert list(shares(play)) == [(NOON, GPU.for_seconds(90)), (NOON + HOUR, GPU.for_seconds(30))]
    long = played(NOON + 3 * HOUR, 9000)
    assert [hour for hour, _ in shares(long)] == [NOON, NOON + HOUR, NOON + 2 * HOUR]
    assert sum(usd for _, usd in shares(long)) == long.cost_usd


def test_what_was_billed_lower_is_taken_from_estimates_first() -> None:
    sure = played(NOON + HOUR / 2, 100, run="sure", cost_usd=Decimal(6))
    guess = played(NOON + HOUR / 2, 0, run="guess", basis="estimated", kind="idle", cost_usd=Decimal(3))
    other = played(NOON + HOUR / 2, 0, run="other", basis="estimated", kind="idle", cost_usd=Decimal(1))
    told, rows = agree([sure, guess, other], bill(8))
    assert by_run(rows) == {"sure": 6, "guess": Decimal("1.5"), "other": Decimal("0.5")}
    assert [(each.billed_usd, each.charged_usd, each.corrected_usd) for each in told] == [(8, 10, -2)]
    assert {(row.kind, row.basis, row.label) for row in rows[3:]} == {("bill", "reconciled", "Loops")}
    _, rows = agree([sure, guess, other], bill(3))
    assert by_run(rows) == {"sure": 3, "guess": 0, "other": 0}


def test_what_was_billed_higher_is_of_no_run() -> None:
    _, rows = agree([played(NOON + HOUR / 2, 0, cost_usd=Decimal(2))], bill(5), bill(1, instrument="bark"))
    assert by_run(rows) == {"r1": 2, "": 4}
    assert [(row.instrument, row.label, row.cost_usd) for row in rows[1:]] == [
        ("bark", OF_NOBODY, 1),
        ("kokoro", OF_NOBODY, 3),
    ]
    assert all(NOON < row.at < NOON + HOUR for row in rows[1:])  # it costs on the day that was billed


def test_a_bill_that_changes_is_followed_and_leaves_what_the_last_one_alone_would_have() -> None:
    first = [played(NOON + HOUR / 2, 0, run=run, cost_usd=Decimal(2)) for run in ("a", "b")]
    _, rows = agree(first, bill(1))
    _, rows = agree(rows, bill(7))
    _, rows = agree(rows, bill(3))
    assert by_run(rows) == by_run(agree(first, bill(3))[1]) | {"": 0}
    assert agree(rows, bill(3))[1] == rows


def test_an_hour_without_a_bill_was_billed_nothing_and_others_are_left_alone() -> None:
    rows = [played(NOON + n * HOUR + HOUR / 2, 0, cost_usd=Decimal(1)) for n in range(4)]
    rows += [played(NOON + HOUR / 2, 0, cost_usd=Decimal(1), host="local")]
    rows += [played(NOON + HOUR / 2, 0, cost_usd=Decimal(1), workspace="of another account")]
    told, after = agree(
        rows, bill(1, NOON + 2 * HOUR), bill(9, NOON + 3 * HOUR), since=NOON + HOUR, until=NOON + 3 * HOUR
    )
    assert [(each.hour, each.corrected_usd) for each in told] == [(NOON + HOUR, -1), (NOON + 2 * HOUR, 0)]
    assert [row.cost_usd for row in after[6:]] == [-1]


def test_a_refund_is_no_runs() -> None:
    _, rows = agree([played(NOON + HOUR / 2, 0, cost_usd=Decimal(2))], bill(-1))
    assert by_run(rows) == {"r1": 0, "": -1}


seconds = st.floats(0.0, 9000.0)
plays = st.builds(
    lambda at_s, taken_s, run, basis, instrument: played(
        NOON + timedelta(seconds=at_s), taken_s, run=run, basis=basis, instrument=instrument
    ),
    st.floats(0.0, 6 * 3600.0),
    seconds,
    st.sampled_from("abc"),
    st.sampled_from(("measured", "estimated")),
    st.sampled_from(("kokoro", "bark")),
)
amounts = st.integers(0, 5 * 10**9).map(lambda nano: nano * NANO)
accounts = st.dictionaries(
    st.tuples(st.sampled_from(("kokoro", "bark")), st.integers(0, 5).map(lambda n: NOON + n * HOUR)), amounts
)


@given(st.lists(plays, max_size=12), st.lists(accounts, min_size=1, max_size=3))
def test_afterwards_every_hour_costs_exactly_what_was_billed(rows: list[LedgerRow], reports: list[dict]) -> None:
    before = in_hours(rows)
    for report in reports:
        bills = [bill(usd, hour, instrument) for (instrument, hour), usd in report.items()]
        told, rows = agree(rows, *bills)
        after = in_hours(rows)
        for each in told:
            where = each.instrument, each.hour
            assert after.get(where, 0) == each.billed_usd == report.get(where, 0)
            assert each.charged_usd == before.get(where, 0)
        assert {(each.instrument, each.hour) for each in told} == {
            where for where in {*before, *after, *report} if NOON <= where[1] < LATER
        }
        assert agree(rows, *bills)[1] == rows
    # No run is ever charged more than it was, and none less than nothing.
    charged, settled = by_run([row for row in rows if row.kind != "bill"]), by_run(rows)
    assert all(0 <= settled[run] <= charged[run] for run in charged)


def test_the_budget_follows_and_sums_come_out_right(
    ledger: Ledger, budget: Callable[..., Budget], clock: ManualClock, row: Rows
) -> None:
    house = budget(house_usd="10", day_usd="10", run_usd="10")
    ledger.append(row(host="cloud", cost_usd=Decimal(4), price=GPU, label="Loops"))
    when = clock.now().replace(minute=0, second=0, microsecond=0)
    until = {"kokoro": when + HOUR}

    def told(usd: str) -> tuple[Billed, ...]:
        return ledger.reconcile([bill(usd, when)], host="cloud", workspace="w", since=when, until=until)

    assert told("1.5")[0].corrected_usd == Decimal("-2.5")
    assert {each.spent_usd for each in house.states(Run(id="r1"))} == {Decimal("1.5")}
    assert told("1.5")[0].corrected_usd == 0
    told("6")
    assert {each.scope: each.spent_usd for each in house.states(Run(id="r1"))} == {"run": 4, "day": 6, "house": 6}
    by_runs = {each.key: (each.label, each.plays, each.cost_usd) for each in ledger.totals("run")}
    assert by_runs == {"r1": ("Loops", 1, 4), "": (OF_NOBODY, 0, 2)}
    (whole,) = ledger.totals("instrument")
    assert (whole.label, whole.plays, whole.cost_usd) == ("Loops", 1, 6)  # a bill is no play and names none
    assert ledger.learnt("kokoro", "cloud") is None
    assert [each.kind for each in ledger.rows(since=when, until=when + HOUR)] == ["play", "bill", "bill", "bill"]


def test_only_bills_and_corrections_cost_less_than_nothing(row: Rows) -> None:
    assert row(cost_usd=Decimal(-1), kind="bill").cost_usd == -1
    for fields in (
        {"cost_usd": Decimal(-1)},
        {"usage": Usage(idle_s=-1)},
        {"usage": Usage(busy_s=-1), "corrects": "x"},
    ):
        with pytest.raises(ValueError, match=r"less than nothing|cannot be"):
            row(**fields)


def test_a_ledger_of_the_version_before_is_brought_up(tmp_path: Path, row: Rows, clock: ManualClock) -> None:
    path = tmp_path / "ledger.sqlite"
    new = money_file(path)
    with new.write() as connection:
        insert(connection, row(host="cloud", cost_usd=Decimal(4), price=GPU))
        connection.execute("ALTER TABLE plays DROP COLUMN shared_s")
        for name in ("kind", "label", "cue", "document", "machines", "plays_each"):
            connection.execute(f"ALTER TABLE reservations DROP COLUMN {name}")
        connection.execute("DROP INDEX plays_by_host")
        connection.execute("PRAGMA user_version = 3")
    new.close()
    old = Database(path, title="ledger", migrations=MIGRATIONS[:3])
    with old.read() as connection:
        assert len(connection.execute("SELECT id FROM plays").fetchall()) == 1
    old.close()
    new = money_file(path)
    with new.read() as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        plan = connection.execute("EXPLAIN QUERY PLAN SELECT * FROM plays WHERE host = 'x' AND at >= 'y'").fetchall()
    assert "plays_by_host" in str(plan)
    assert [each.cost_usd for each in Ledger(new, clock=clock, ids=TimeIds(clock)).rows()] == [4]
    new.close()
    with pytest.raises(StoreError, match="newer hausmusik"):
        old.open()  # it could not read rows that cost less than nothing
