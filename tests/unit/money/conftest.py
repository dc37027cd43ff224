from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hausmusik.clock import TimeIds
from hausmusik.config.database import Database
from hausmusik.errors import BudgetError
from hausmusik.money import Budget, Ledger, LedgerRow, Limits, Meter, Price, money_file
from tests.unit.jobs.conftest import ManualClock
from tests.unit.money.metered import Play

FREE = Price(name="your own machine", usd_per_s=Decimal(0), date=date(2026, 11, 23), source="your own machine")
GPU = Price(name="A10G", usd_per_s=Decimal("0.000306"), date=date(2026, 11, 1), source="a price page")


class CloudPrices:
    """A host that costs nothing and one that costs something."""

    def price(self, instrument: str, host: str, gpu: str | None = None) -> Price:
        if host not in {"local", "cloud"}:
            raise BudgetError(f"the price of {instrument} on {host} is not known")
        return FREE if host == "local" else GPU


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = money_file(tmp_path / "data" / "ledger.sqlite")
    yield made
    made.close()


@pytest.fixture
def ids(clock: ManualClock) -> TimeIds:
    return TimeIds(clock)


@pytest.fixture
def ledger(database: Database, clock: ManualClock, ids: TimeIds) -> Ledger:
    return Ledger(database, clock=clock, ids=ids)


@pytest.fixture
def budget(database: Database, clock: ManualClock, ids: TimeIds) -> Callable[..., Budget]:
    def make(*, alive: Callable[[str], bool] = lambda _: False, **limits: str) -> Budget:
        given = Limits(**{name: Decimal(usd) for name, usd in limits.items()})
        return Budget(database, given, clock=clock, ids=ids, alive=alive)

    return make


@pytest.fixture
def row(clock: ManualClock, ids: TimeIds) -> Callable[..., LedgerRow]:
    def make(**fields: Any) -> LedgerRow:
        given: dict[str, Any] = {
            "id": ids.new(),
            "at": clock.now(),
            "run": "r1",
            "instrument": "kokoro",
            "host": "local",
            "price": FREE,
        }
        return LedgerRow(**(given | fields))

    return make


@pytest.fixture
def house(budget: Callable[..., Budget]) -> Budget:
    return budget(house_usd="1")


@pytest.fixture
def meter(ledger: Ledger, house: Budget, clock: ManualClock) -> Meter:
    return Meter(ledger=ledger, budget=house, prices=CloudPrices(), clock=clock, session="s1")


@pytest.fixture
def play(clock: ManualClock) -> Callable[..., Play]:
    return lambda *events: Play(*events, clock=clock)
