from __future__ import annotations

import csv
import io
import json
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from hausmusik.clock import SystemClock, TimeIds
from hausmusik.config.database import Database
from hausmusik.errors import NotFoundError, StoreError
from hausmusik.money import Ledger, LedgerRow, Price, money_file, row_json, total_json, write_csv
from hausmusik.money.days import bounds_of
from hausmusik.money.ledger import insert
from hausmusik.types import Usage
from tests.unit.jobs.conftest import ManualClock
from tests.unit.money.conftest import FREE, GPU

USAGE = Usage(
    queue_s=0.1, boot_s=1, load_s=2, busy_s=3.5, cpu_s=3.25, audio_s=12, characters=100, tokens_in=7, tokens_out=9
)
Rows = Callable[..., LedgerRow]


def test_a_row_comes_back_as_it_was(ledger: Ledger, row: Rows) -> None:
    given = row(
        session="s", label="Loops 🎻", cue="c1", document="d", workspace="w", host="cloud", basis="estimated",
        outcome="cancelled", usage=USAGE, cost_usd=Decimal("0.000123456789012345"), price=GPU,
    )  # fmt: skip
    ledger.append(given)
    assert list(ledger.rows()) == [given]


def test_rows_are_never_changed_removed_or_replaced(ledger: Ledger, database: Database, row: Rows) -> None:
    given = row()
    ledger.append(given)
    with pytest.raises(StoreError, match="append-only"):
        ledger.append(given)
    statements = (
        "UPDATE plays SET cost_usd = '0'",
        "DELETE FROM plays",
        "INSERT OR REPLACE INTO plays SELECT * FROM plays",
        "UPDATE OR REPLACE plays SET label = 'x'",
    )
    outside = sqlite3.connect(database.path)  # also for another program
    for statement in statements:
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            outside.execute(statement)
    outside.close()
    assert list(ledger.rows()) == [given]


def test_a_correction_is_a_new_row_and_sums_come_out_right(ledger: Ledger, row: Rows, clock: ManualClock) -> None:
    play = row(host="cloud", cost_usd=Decimal("0.50"), price=GPU, usage=USAGE, label="Loops", session="s")
    ledger.append(play)
    clock.advance(60)
    first = ledger.correct(play.id, Decimal("0.80"))
    second = ledger.correct(play.id, Decimal("0.30"), price=FREE, basis="estimated")
    assert (first.cost_usd, first.corrects, first.basis, first.price) == (Decimal("0.30"), play.id, "reconciled", GPU)
    assert (second.cost_usd, second.price, second.label, second.session) == (Decimal("-0.50"), FREE, "Loops", "s")
    (total,) = ledger.totals("instrument")
    assert (total.cost_usd, total.plays, total.usage) == (Decimal("0.30"), 1, USAGE)
    assert [each.corrects for each in ledger.rows()] == ["", play.id, play.id]
    with pytest.raises(NotFoundError):
        ledger.correct(first.id, Decimal(1))
    with pytest.raises(ValueError, match="less than nothing"):
        ledger.correct(play.id, Decimal(-1))


def test_totals_by_every_grouping_since_a_time(ledger: Ledger, row: Rows, clock: ManualClock) -> None:
    start = clock.now()
    for number in range(6):
        ledger.append(
            row(
                run=f"r{number % 2}", session="s", label=f"label {number}", instrument=["kokoro", "bank"][number // 3],
                host="cloud", usage=Usage(busy_s=1.5, characters=2), cost_usd=Decimal("0.1"), price=GPU,
                outcome=("done", "failed", "cancelled")[number % 3],
            )
        )  # fmt: skip
        clock.advance(6 * 3600)
    by_run = ledger.totals("run")
    assert [(each.key, each.label, each.plays, each.failed, each.cancelled) for each in by_run] == [
        ("r1", "label 5", 3, 1, 1),
        ("r0", "label 4", 3, 1, 1),
    ]
    assert by_run[0].cost_usd == Decimal("0.3")
    assert by_run[0].usage == Usage(busy_s=4.5, characters=6)
    assert {each.key: each.plays for each in ledger.totals("day", zone=UTC)} == {"2026-11-23": 2, "2026-11-24": 4}
    assert {each.key: each.plays for each in ledger.totals("instrument")} == {"kokoro": 3, "bank": 3}
    assert {each.key: each.plays for each in ledger.totals("session")} == {"s": 6}
    assert {each.key: each.plays for each in ledger.totals("host")} == {"cloud": 6}
    late = start + timedelta(hours=18)
    assert sum(each.plays for each in ledger.totals("run", since=late)) == 3
    assert sum(each.plays for each in ledger.totals("run", until=late)) == 3
    abroad = late.astimezone(timezone(timedelta(hours=5)))
    assert sum(each.plays for each in ledger.totals("run", since=abroad)) == 3
    assert len(list(ledger.rows(since=late, run="r1"))) == 2
    assert len(list(ledger.rows(until=late, run="r1"))) == 1
    assert ledger.totals("run", since=start + timedelta(days=9)) == ()


@pytest.mark.parametrize(
    ("zone", "first", "hours"),
    [
        ("Europe/Berlin", datetime(2026, 10, 24, 22, tzinfo=UTC), 25),  # clocks go back at night
        ("Europe/Berlin", datetime(2027, 3, 27, 23, tzinfo=UTC), 23),  # and forward
        ("America/Santiago", datetime(2026, 9, 6, 4, tzinfo=UTC), 23),  # forward at midnight: its day begins at one
        ("America/Havana", datetime(2026, 11, 1, 4, tzinfo=UTC), 25),  # back to midnight, which comes twice
        ("Asia/Kathmandu", datetime(2026, 10, 24, 18, 15, tzinfo=UTC), 24),  # 5:45 from UTC
        ("UTC", datetime(2026, 10, 25, tzinfo=UTC), 24),
    ],
)
def test_a_day_is_the_one_of_the_clock_also_where_it_has_23_or_25_hours(
    ledger: Ledger, row: Rows, zone: str, first: datetime, hours: int
) -> None:
    """One play each quarter of an hour of three days."""
    there, quarter = ZoneInfo(zone), timedelta(minutes=15)
    with ledger.database.write() as connection:
        for number in range(-96, 2 * 4 * 25):
            insert(connection, row(at=first + number * quarter))
    day = first.astimezone(there).date()
    plays = {each.key: each.plays for each in ledger.totals("day", zone=there)}
    assert plays[day.isoformat()] == 4 * hours
    assert plays[(day - timedelta(days=1)).isoformat()] == 96
    assert sum(plays.values()) == 96 + 2 * 4 * 25
    begins, ends = bounds_of(day.isoformat(), there)
    assert (begins, ends - begins) == (first, timedelta(hours=hours))
    assert sum(each.plays for each in ledger.totals("run", since=begins, until=ends)) == 4 * hours


def test_days_are_those_of_this_machine_unless_said(ledger: Ledger, row: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.append(row(at=datetime(2026, 11, 23, 23, 30, tzinfo=UTC)))
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Pacific/Auckland")
        time.tzset()
        assert [each.key for each in ledger.totals("day")] == ["2026-11-24"]
        assert [each.isoformat() for each in bounds_of("2026-09-27")] == [
            "2026-09-27T00:00:00+12:00",
            "2026-09-28T00:00:00+13:00",
        ]
    time.tzset()
    assert [each.key for each in ledger.totals("day", zone=UTC)] == ["2026-11-23"]


def test_many_rows_are_read_page_by_page_also_within_one_moment(ledger: Ledger, row: Rows, clock: ManualClock) -> None:
    given = []
    for number in range(3500):
        if number % 1700 == 1:
            clock.advance(1)
        given.append(row(label=str(number)))
    with ledger.database.write() as connection:
        for each in given:
            insert(connection, each)
    assert [each.label for each in ledger.rows()] == [str(number) for number in range(3500)]


def test_sums_are_exact_where_floats_are_not(ledger: Ledger, row: Rows) -> None:
    with ledger.database.write() as connection:
        for _ in range(1000):
            insert(connection, row(cost_usd=Decimal("0.001"), price=GPU))
    assert ledger.totals("run")[0].cost_usd == Decimal(1)


def test_rows_travel_as_json_and_csv(ledger: Ledger, row: Rows) -> None:
    ledger.append(row(label="=cmd|' /C calc'!A0", cost_usd=Decimal("1E-7"), usage=USAGE, price=GPU))
    ledger.correct(next(ledger.rows()).id, Decimal(0))
    rows = list(ledger.rows())
    flat = json.loads(json.dumps(row_json(rows[0])))
    assert (flat["cost_usd"], flat["at"], flat["corrects"]) == ("0.0000001", "2026-11-23T12:00:00.000000Z", None)
    assert (flat["busy_s"], flat["price_usd_per_s"], flat["price_date"]) == (3.5, "0.000306", "2026-11-01")
    file = io.StringIO()
    write_csv(rows, file)
    read = list(csv.DictReader(io.StringIO(file.getvalue())))
    assert set(read[0]) == set(flat)
    assert read[0]["label"] == "'=cmd|' /C calc'!A0"
    assert [each["cost_usd"] for each in read] == ["0.0000001", "-0.0000001"]
    file = io.StringIO()
    write_csv(ledger.totals("run"), file)
    assert file.getvalue().startswith("key,label,plays,failed,cancelled,queue_s,")
    assert total_json(ledger.totals("run")[0])["cost_usd"] in {"0.0000000", "0"}
    file = io.StringIO()
    write_csv([], file)
    assert file.getvalue() == ""


def test_speeds_are_learnt_from_the_newest_good_plays(ledger: Ledger, row: Rows, clock: ManualClock) -> None:
    def play(busy_s: float, **fields: Any) -> None:
        clock.advance(1)
        usage = Usage(busy_s=busy_s, cpu_s=busy_s / 2, audio_s=10, characters=100)
        ledger.append(row(usage=fields.pop("usage", usage), **fields))

    assert ledger.learnt("kokoro", "local") is None
    play(5)
    play(5)
    assert ledger.learnt("kokoro", "local") is None  # two are too few
    play(5, usage=Usage(busy_s=6, cpu_s=6, audio_s=10, boot_s=1, load_s=2))
    for outcome in ("failed", "cancelled"):
        play(1000, outcome=outcome)
    play(1000, basis="estimated")
    play(1000, instrument="other")
    play(1000, host="cloud")
    play(1000, usage=Usage(busy_s=1000))  # no audio
    learnt = ledger.learnt("kokoro", "local")
    assert learnt is not None
    assert learnt.plays == 3
    assert (learnt.busy_s.mid, learnt.cpu_s.mid) == (0.5, 0.25)
    assert learnt.busy_s.low <= learnt.busy_s.mid <= learnt.busy_s.high <= 0.6
    assert learnt.cold_start_s is not None
    assert learnt.cold_start_s.mid == 3
    assert ledger.learnt("kokoro", "local", "tokens_out") is None
    for _ in range(60):
        play(20)
    again = ledger.learnt("kokoro", "local")
    assert again is not None
    assert (again.busy_s.low, again.busy_s.mid, again.plays) == (2, 2, 50)  # the old ones are forgotten


@pytest.mark.parametrize(
    "fields",
    [
        {"usage": Usage(busy_s=-1)},
        {"usage": Usage(busy_s=float("nan"))},
        {"usage": Usage(audio_s=float("inf"))},
        {"usage": Usage(tokens_in=10**30)},
        {"cost_usd": Decimal("nan")},
        {"cost_usd": Decimal(-1)},
        {"at": datetime(2026, 1, 1)},  # noqa: DTZ001
        {"at": datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1)))},
    ],
)
def test_rows_that_cannot_be_are_refused(row: Rows, fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"cannot be|amount|correction|UTC"):
        row(**fields)


@pytest.mark.parametrize("usd", ["-1", "nan", "inf"])
def test_prices_that_cannot_be_are_refused(usd: str) -> None:
    with pytest.raises(ValueError, match="not a price"):
        msgspec.structs.replace(GPU, usd_per_s=Decimal(usd))


def test_strange_texts_are_kept(ledger: Ledger, row: Rows) -> None:
    ledger.append(row(run="r\udcff", label="a\0b\udc80", cue='"; DROP TABLE plays; --'))
    (found,) = ledger.rows(run="r\udcff")
    assert (found.label, found.cue) == ("a\0b\\udc80", '"; DROP TABLE plays; --')


def test_a_ledger_that_cannot_be_used_says_so(tmp_path: Path, row: Rows, clock: ManualClock) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"not a ledger " * 1000)
    broken = Ledger(money_file(path), clock=clock, ids=TimeIds())
    with pytest.raises(StoreError, match=r"ledger at .* is damaged") as caught:
        broken.append(row())
    assert caught.value.hint
    full = Ledger(money_file(tmp_path / "full.sqlite"), clock=clock, ids=TimeIds())
    full.append(row())
    with full.database.write() as connection:
        connection.execute("PRAGMA max_page_count = 25")
    with pytest.raises(StoreError, match="disk is full"):
        full.append(row(label="x" * 100_000))
    full.append(row())
    assert full.totals("run")[0].plays == len(list(full.rows())) == 2
    full.database.check()
    full.database.close()


def test_a_row_is_written_in_under_two_milliseconds(tmp_path: Path, row: Rows) -> None:
    ledger = Ledger(money_file(tmp_path / "l.sqlite"), clock=SystemClock(), ids=TimeIds())
    rows = [row(usage=USAGE) for _ in range(60)]
    took_s: list[float] = []
    for each in rows:
        began = time.perf_counter()
        ledger.append(each)
        took_s.append(time.perf_counter() - began)
    assert median(took_s) < 0.002
    ledger.database.close()


def test_price_dates_and_costs() -> None:
    assert GPU.for_seconds(10) == Decimal("0.00306")
    assert GPU.for_usage(USAGE) == Decimal("0.000306") * Decimal("6.5")
    assert FREE.for_usage(USAGE) == 0
    assert isinstance(GPU, Price)
    assert datetime.now(UTC).tzinfo is UTC
