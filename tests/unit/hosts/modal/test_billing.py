"""What the account says of money, in our words: through the SDK, from a control plane."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("modal")

from hausmusik.errors import AuthError
from hausmusik.gpu_names import GPU_NAMES
from hausmusik.hosts.modal.account import Account
from hausmusik.hosts.modal.billing import known_name, read_ends, read_rates, read_report
from hausmusik.hosts.modal.plane import Billed, Plane, PlaneOptions
from hausmusik.hosts.modal.plane.options import LISTED_RATES
from hausmusik.money.reconcile import Bill
from hausmusik.money.tiers import PARTS

HOUR = timedelta(hours=1)
THEN = datetime.now(UTC).replace(hour=3, minute=0, second=0, microsecond=0) - timedelta(days=20)
MakeAccount = Callable[..., Account]


@pytest.fixture
def make_account(tmp_path: Path) -> Iterator[MakeAccount]:
    planes: list[Plane] = []

    def make(environment: str = "", **options: Any) -> Account:
        plane = Plane(tmp_path / f"plane-{len(planes)}", PlaneOptions(containers="none", **options))
        planes.append(plane.__enter__())
        return Account(environment=environment, client=plane.client())

    yield make
    for each in planes:
        each.close()


async def test_the_accounts_rates_have_our_names(make_account: MakeAccount) -> None:
    strange = {
        "gpu_hour_cost_quantum": "1",
        "cpu_hour_cost": "0",
        "volume_gib_month": "0.09",
        "gpu_hour_cost_t4": "NaN",
    }
    account = await asyncio.to_thread(make_account, rates=LISTED_RATES | strange)
    rates = await read_rates(account)
    assert set(rates) == {*GPU_NAMES, *PARTS} - {"cpu_core", "T4"}  # zero is no price, and no number is none
    assert (rates["A10"], rates["A100-40GB"], rates["RTX-PRO-6000"]) == (
        Decimal("1.10"),
        Decimal("2.10"),
        Decimal("3.03"),
    )
    assert account.workspace == "local"


@pytest.mark.parametrize("key", ["cpu_hour_cost_sandbox", "mem_gib_hour_cost_sandbox", "gpu_hour_cost_", "", "t4"])
def test_other_rates_are_nothing_of_ours(key: str) -> None:
    assert not known_name(key)


async def test_a_report_is_by_instrument_and_hour_however_long_it_is(make_account: MakeAccount) -> None:
    billed = [
        ("hausmusik-kokoro", 0, "0.1234567891"),
        ("hausmusik-kokoro", 0, "1"),
        ("hausmusik-bark", 24 * 15, "2"),
        ("somebody-elses", 24 * 15 + 1, "9"),
        ("hausmusik-bark", 24 * 17, "4"),
    ]
    bills = tuple(Billed(app, (THEN + hours * HOUR).timestamp(), usd) for app, hours, usd in billed)
    account = await asyncio.to_thread(make_account, "studio", bills=bills)
    report = await read_report(account, THEN, THEN + timedelta(days=16))
    assert report.bills == (
        Bill(instrument="kokoro", hour=THEN, cost_usd=Decimal("1.123456789")),
        Bill(instrument="bark", hour=THEN + timedelta(days=15), cost_usd=Decimal(2)),
    )
    assert report.until == THEN + timedelta(days=15) + 2 * HOUR  # so far the account has told anything at all
    assert account.workspace == "local/studio"
    nothing = await read_report(account, THEN + HOUR, THEN + 2 * HOUR)
    assert (nothing.bills, nothing.until) == ((), None)


async def test_an_account_that_may_not_see_its_money(make_account: MakeAccount) -> None:
    denied = ("WorkspaceBillingReport", "WorkspaceBillingRates", "WorkspaceNameLookup")
    account = await asyncio.to_thread(make_account, denied=denied)
    with pytest.raises(AuthError, match="may not see its rates") as refused:
        await read_rates(account)
    assert "price table" in refused.value.hint
    with pytest.raises(AuthError, match="may not see its bill"):
        await read_report(account, THEN, THEN + HOUR)
    assert account.workspace == ""


async def test_containers_that_nobody_knows_have_no_end(make_account: MakeAccount) -> None:
    account = await asyncio.to_thread(make_account)
    assert await read_ends(account, ("ta-1", "ta-2"), 5.0) == {}
    denied = await asyncio.to_thread(make_account, denied=("TaskGetInfo",))
    assert await read_ends(denied, ("ta-1",), 5.0) == {}
    assert await read_ends(Account("nobody-has-this"), ("ta-1",), 5.0) == {}
