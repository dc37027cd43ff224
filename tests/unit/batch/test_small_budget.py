"""A budget that holds fewer plays than the host takes: they are made one after another, and nothing is refused for good."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from hausmusik.batch.values import BatchOptions, BatchProgress, BatchReport
from hausmusik.config.loading import load_settings
from hausmusik.errors import BudgetError
from hausmusik.house import AsyncHouse
from hausmusik.money.prices import Price
from hausmusik.seams import EngineOrder, Machines
from hausmusik.testing import FakeHost, sine
from hausmusik.testing.time import VirtualClock, virtual_time
from hausmusik.types import AudioChunk, Done, Event, Request, Run, Usage
from tests.interfaces import tones

LINES = 60
PRICE = Price(name="a machine", usd_per_s=Decimal("0.00005"), date=date(2026, 1, 1), source="a page")
DEADLINE_S, BOOT_S, SLEEP_S = 600.0, 4.0, 0.5
SCRIPT = (AudioChunk(start_s=0.0, audio=sine(440, 0.1)), Usage(busy_s=1.0), Done())
WORST_USD = PRICE.for_seconds(DEADLINE_S + BOOT_S)


class Cents:
    def price(self, instrument: str, host: str, gpu: str | None = None) -> Price:
        return PRICE


class Counting(FakeHost):
    """Knows how many of its plays were going on at once."""

    most = 0

    async def play(self, order: EngineOrder, request: Request, run: Run) -> AsyncGenerator[Event, None]:
        async with aclosing(super().play(order, request, run)) as events:
            async for event in events:
                self.most = max(self.most, self.playing)
                yield event


class Stage:
    """A house in virtual time, with a host that takes 16 plays at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.host = Counting(SCRIPT, name="modal", warm_s=BOOT_S, machines=Machines(most=16))
        self.spent_usd = Decimal(0)
        self.told: list[BatchProgress] = []

    def play(self, budget_usd: Decimal, *, held_usd: Decimal = Decimal(0), lines: int = LINES) -> BatchReport:
        source = self.folder / "lines.jsonl"
        source.write_text("".join(json.dumps({"text": f"Number {n}."}) + "\n" for n in range(lines)))
        options = BatchOptions(source=source, out=self.folder / "out.jsonl", instrument="far")
        reports: list[BatchReport] = []

        async def main(clock: VirtualClock) -> None:
            async with AsyncHouse(load_settings(), hosts={"modal": self.host}, clock=clock) as house:
                house.prices = Cents()
                run = Run(id="r", host="modal", deadline_s=DEADLINE_S, budget_usd=str(budget_usd))
                if held_usd:
                    house.budget.reserve(run, held_usd)
                try:
                    reports.append(await house.batch(house.plan_batch(options, run=run), on_progress=self.told.append))
                finally:
                    self.spent_usd = sum((row.cost_usd for row in house.ledger.rows()), Decimal(0))
                    assert asyncio.all_tasks() == {asyncio.current_task()}

        with virtual_time() as (runner, clock):
            runner.run(main(clock))
        return reports[0]


@pytest.fixture
def stage(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    tones.move_in(home)
    for name, value in tones.environment().items():
        monkeypatch.setenv(name, value)
    options = f"sleep_s = {SLEEP_S}"
    text = tones.instrument("far", "speak", options=options, extra='places = ["local", "modal"]')
    (home / "instruments.d" / "far.toml").write_text(text + "\n[instrument.serving]\nmax_containers = 16\n", "utf-8")
    return Stage(tmp_path)


def test_many_plays_for_cents_are_made_with_money_for_three_at_once(stage: Stage) -> None:
    report = stage.play(3 * WORST_USD)
    assert (report.done, report.failed, len(stage.host.plays)) == (LINES, 0, LINES)
    assert 1 < stage.host.most <= 3
    assert {each.fits for each in stage.told[LINES // 2 :]} <= {2, 3, 4}, "it says why it is slow"
    assert stage.spent_usd < Decimal("0.02") < WORST_USD


def test_with_money_for_one_they_are_made_one_by_one(stage: Stage) -> None:
    report = stage.play(WORST_USD + Decimal("0.02"))
    assert (report.done, stage.host.most) == (LINES, 1)


def test_with_money_for_all_nothing_is_said_of_it(stage: Stage) -> None:
    stage.play(17 * WORST_USD)
    assert stage.host.most == 16
    assert {each.fits for each in stage.told} == {None}


def test_what_is_spent_for_good_stops_it(stage: Stage) -> None:
    with pytest.raises(BudgetError, match=r"only \$0\.\d+ is left") as caught:
        stage.play(WORST_USD + Decimal("0.001"))
    assert stage.spent_usd > 0
    assert "the same command goes on" in caught.value.hint
    assert stage.spent_usd <= WORST_USD + Decimal("0.001")


def test_money_that_others_hold_is_not_waited_for(stage: Stage) -> None:
    with pytest.raises(BudgetError, match="reserved") as caught:
        stage.play(2 * WORST_USD, held_usd=WORST_USD + Decimal("0.001"), lines=3)
    assert caught.value.is_held_up
    assert stage.host.plays == []
