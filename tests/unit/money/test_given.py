"""What is reserved is the dearest machine that may play; what is charged is the one that did."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from hausmusik.cloud import Cloud
from hausmusik.errors import EngineError
from hausmusik.hosts.modal.account import Account
from hausmusik.instruments.catalogue import Catalogue
from hausmusik.money import Budget, Ledger, LedgerRow, Meter, Price
from hausmusik.money.rates import Rates
from hausmusik.types import Done, Event, Run, Stay, Usage
from hausmusik.weights.store import WeightsStore
from tests.unit.jobs.conftest import ManualClock
from tests.unit.money.conftest import GPU

RUN = Run(id="r1")
USED = Usage(busy_s=10)
USD_PER_S = {"L4": "0.01", "A10": "0.02", "": "0.03"}


class Fallbacks:
    """An L4, else an A10, else something dear."""

    def price(self, instrument: str, host: str, gpu: str | None = None) -> Price:
        return msgspec.structs.replace(GPU, name=gpu or "the dearest", usd_per_s=Decimal(USD_PER_S[gpu or ""]))


def stay(gpu: str, machine: str = "m1") -> Stay:
    return Stay(machine=machine, gap_s=None, window_s=60, gpu=gpu)


@pytest.mark.parametrize(
    ("events", "name"),
    [
        ((stay("L4"), USED, Done()), "L4"),
        ((stay(""), USED, Done()), "the dearest"),
        ((USED, Done()), "the dearest"),
        ((stay("L4"), stay("A10", "m2"), USED, Done()), "A10"),
        ((stay("A10"), stay("L4", "m2"), USED, Done()), "A10"),
        ((stay("L4"), stay("", "m2"), USED, Done()), "the dearest"),
        ((stay("L4"), USED, EngineError("no")), "L4"),
    ],
)
async def test_the_row_says_what_was_given_and_the_window_is_reserved_at_that(
    ledger: Ledger,
    budget: Callable[..., Budget],
    clock: ManualClock,
    events: tuple[Event | EngineError, ...],
    name: str,
) -> None:
    house = budget(house_usd="100")
    meter = Meter(ledger=ledger, budget=house, prices=Fallbacks(), clock=clock)
    reserved: list[Decimal] = []

    async def stream() -> AsyncIterator[Event]:
        reserved.append(house.states(RUN)[0].reserved_usd)
        for event in events:
            if isinstance(event, EngineError):
                raise event
            yield event
        clock.advance(10)

    told: list[Event] = []
    async with aclosing(meter.play(stream, run=RUN, instrument="bark", host="cloud", worst_case_s=100.0)) as play:
        try:
            told += [event async for event in play]
        except EngineError:
            assert isinstance(events[-1], EngineError)
    (row,) = ledger.rows()
    usd_per_s = Decimal(USD_PER_S.get(name, USD_PER_S[""]))
    assert reserved == [Decimal(3)]
    assert row.price.name == name
    assert row.cost_usd == usd_per_s * 10
    assert [Decimal(each.cost_usd) for each in told if isinstance(each, Done)] in ([row.cost_usd], [])
    stays = any(isinstance(each, Stay) for each in events)
    assert house.states(RUN)[0].reserved_usd == (usd_per_s * 60 if stays else 0)


# -- the prices of a cloud ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    folder, catalogue = tmp_path_factory.mktemp("cloud"), Catalogue.load()
    weights = WeightsStore(folder / "weights", offline=True)
    return Cloud(lambda: catalogue, Rates.load(), weights, Account(), learnt=lambda *_: None, scratch=Path(folder))


def test_one_of_a_list_costs_what_it_costs_and_the_dearest_is_the_most(cloud: Cloud) -> None:
    choices = cloud.declare("bark").gpu
    assert len(choices) > 1
    prices = [cloud.price("bark", each) for each in choices]
    assert [each.name.partition(" ")[0] for each in prices] == list(choices)
    assert len({each.usd_per_s for each in prices}) == len(choices)
    assert cloud.price("bark") == max(prices, key=lambda each: each.usd_per_s)


def test_where_it_is_not_known_which_the_dearest_is_charged_and_the_row_says_so(cloud: Cloud) -> None:
    unknown, most = cloud.price("bark", ""), cloud.price("bark")
    assert unknown.usd_per_s == most.usd_per_s
    assert unknown.name == f"{most.name} (which of {', '.join(cloud.declare('bark').gpu)} was given is not known)"


def test_without_a_choice_there_is_nothing_to_know(cloud: Cloud) -> None:
    assert cloud.price("procedural", "") == cloud.price("procedural")


def test_a_price_with_what_is_not_known_is_kept_as_it_is(
    cloud: Cloud, row: Callable[..., LedgerRow], ledger: Ledger
) -> None:
    ledger.append(row(price=cloud.price("bark", "")))
    (kept,) = ledger.rows()
    assert kept.price == cloud.price("bark", "")
