"""haus costs --reconcile: the ledger is held against the bill of an account, for which a control plane stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("modal")

from hausmusik.clock import SystemClock, TimeIds
from hausmusik.hosts.modal.plane import Billed, Plane, PlaneOptions
from hausmusik.money import Ledger, LedgerRow, Price, money_file
from hausmusik.types import Usage
from tests.interfaces.conftest import Haus

HOUR = timedelta(hours=1)
PRICE = Price(name="1 core", usd_per_s=Decimal("0.0001"), date=date(2026, 11, 1), source="a price page")
MakeAccount = Callable[..., Plane]


@pytest.fixture
def then() -> datetime:
    """An hour that is well over."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - 5 * HOUR


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeAccount]:
    """Make a control plane, and have this process's Modal settings name it."""
    planes: list[Plane] = []

    def make(*bills: Billed, **options: Any) -> Plane:
        plane = Plane(tmp_path / f"plane-{len(planes)}", PlaneOptions(containers="none", bills=bills, **options))
        planes.append(plane.__enter__())
        for name, value in plane.variables().items():
            monkeypatch.setenv(name, value)
        return plane

    yield make
    for each in planes:
        each.close()


def play(home: Path, at: datetime, usd: str, **fields: Any) -> None:
    """Write a row that a play on Modal has left."""
    database = money_file(home / "data" / "ledger.sqlite")
    given: dict[str, Any] = {
        "run": "r1",
        "label": "an evening",
        "usage": Usage(busy_s=10),
        "workspace": "local",
    } | fields
    row = LedgerRow(
        id=TimeIds().new(), at=at, instrument="tone", host="modal", cost_usd=Decimal(usd), price=PRICE, **given
    )
    Ledger(database, clock=SystemClock(), ids=TimeIds()).append(row)
    database.close()


def test_it_is_told_what_was_billed_and_the_ledger_follows(
    haus: Haus, home: Path, account: MakeAccount, then: datetime
) -> None:
    account(
        Billed("hausmusik-tone", then.timestamp(), "0.25"),
        Billed("hausmusik-tone", (then + HOUR).timestamp(), "3"),
        Billed("somebody-elses", (then + 2 * HOUR).timestamp(), "100"),
    )
    play(home, then + HOUR / 2, "0.50", kind="idle", basis="estimated")
    play(home, then + 2 * HOUR + HOUR / 2, "0.10")
    done = haus("costs", "--reconcile")
    assert done.code == 0, done.err
    assert [line.split()[1:] for line in done.out.splitlines()[1:4]] == [
        [f"{then:%H:%M}", "tone", "$0.25", "$0.50", "-$0.25", "-$0.25"],
        [f"{then + HOUR:%H:%M}", "tone", "$3.00", "$0.00", "$3.00", "$3.00"],
        [f"{then + 2 * HOUR:%H:%M}", "tone", "$0.00", "$0.10", "-$0.10", "-$0.10"],
    ]
    assert "billed $3.25, the ledger said $0.60; it says the same now" in done.err
    assert f"the bill of local is complete until {then + 3 * HOUR:%Y-%m-%d %H:%M} UTC" in done.err
    assert "an evening" in done.out
    assert "billed, of no play known here" in done.out

    again = haus("costs", "--reconcile", "--by", "instrument", "--json").json
    assert [Decimal(each["corrected_usd"]) for each in again["reconciled"]["hours"]] == [0, 0, 0]
    assert [(each["key"], Decimal(each["cost_usd"])) for each in again["rows"]] == [("tone", Decimal("3.25"))]
    assert again["reconciled"]["workspace"] == "local"


def test_hours_that_are_not_over_wait(haus: Haus, home: Path, account: MakeAccount) -> None:
    now = datetime.now(UTC)
    account(Billed("hausmusik-tone", now.timestamp(), "5"))
    play(home, now, "0.50")
    done = haus("costs", "--reconcile", "--by", "host")
    assert done.code == 0, done.err
    assert "an hour must be over for one" in done.err
    assert "$0.50" in done.out


def test_rows_of_another_account_are_left_alone(haus: Haus, home: Path, account: MakeAccount, then: datetime) -> None:
    account(Billed("hausmusik-tone", then.timestamp(), "0.25"))
    play(home, then + HOUR / 2, "0.50")
    play(home, then + HOUR / 2, "7", workspace="another")
    (row,) = haus("costs", "--reconcile", "--since", "1d", "--by", "host", "--json").json["rows"]
    assert Decimal(row["cost_usd"]) == Decimal("7.25")


def test_the_accounts_prices_count_from_then_on(haus: Haus, home: Path, account: MakeAccount) -> None:
    def rates() -> dict[str, Any]:
        return {each["name"]: each["price"] for each in haus("gpus", "--json").json["gpus"]}

    before = rates()
    assert before["RTX-PRO-6000"] is None
    account(workspace="mine")
    assert rates() == before  # nobody is asked by looking
    assert haus("costs", "--reconcile").code == 0
    after = rates()
    assert after["RTX-PRO-6000"]["usd_per_h"] == "3.03"
    assert after["RTX-PRO-6000"]["source"] == "the Modal account mine"
    assert after["cpu_core"]["usd_per_h"] == "0.0473"
    (home / "config.toml").write_text('[modal]\nprofile = "work"\n')
    assert rates() == before  # of another account
    (home / "config.toml").unlink()
    (home / "state" / "rates.json").write_text("{")
    assert rates() == before


def test_an_account_that_does_not_tell(haus: Haus, account: MakeAccount) -> None:
    account(denied=("WorkspaceBillingRates",))
    done = haus("costs", "--reconcile")
    assert done.code == 0
    assert done.err.count("prices stay as they were: this Modal account may not see its rates") == 1
    account(denied=("WorkspaceBillingReport",))
    done = haus("costs", "--reconcile")
    assert (done.code, "may not see its bill" in done.err) == (4, True), done.err


def test_without_an_account(haus: Haus, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MODAL_CONFIG_PATH", str(tmp_path / "none.toml"))
    done = haus("costs", "--reconcile")
    assert done.code != 0
    assert "there is no Modal token here" in done.err
    assert "modal token new" in done.err
    assert haus("costs").code == 0
