"""Cold starts begin early: what compose starts ahead, when, for how much, and that it ends with the render."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest

from hausmusik.config.loading import load_settings
from hausmusik.errors import BudgetError, Cancelled, EngineError, ScoreError, WorkerLost
from hausmusik.house import AsyncHouse
from hausmusik.jobs.stop import Stop
from hausmusik.money.prices import Price
from hausmusik.money.rows import LedgerRow
from hausmusik.score.progress import Progress
from hausmusik.seams import EngineOrder, Machines
from hausmusik.testing import FakeHost
from hausmusik.testing.time import VirtualClock, virtual_time
from hausmusik.types import Event, Request, Run, Usage
from tests.interfaces import tones
from tests.unit.score.build import music, segment, voice, write

BOOT_S = 60.0
WORK_S = 60.0
MACHINES = Machines(most=4, idle_s=60, start_worst_s=960)
PIECE = (
    segment(voice("Hello there.", id="v", host="local"), music(id="a"), id="one"),
    segment(voice("And again.", id="w", host="local"), music(id="b", instrument="other-music"), id="two"),
)
"""Each music is as long as the line beside it, so that it waits for that."""


class Slow(FakeHost):
    """Plays for so long, and knows when each of its plays was over."""

    def __init__(self, work_s: float = 0.0, **more: Any) -> None:
        super().__init__(**more)
        self.work_s = work_s
        self.begun_s: list[float] = []
        self.ended_s: list[float] = []
        self.closed_starts = 0

    async def play(self, order: EngineOrder, request: Request, run: Run) -> AsyncGenerator[Event, None]:
        async with aclosing(super().play(order, request, run)) as events:
            async for event in events:
                yield event
        await asyncio.sleep(self.work_s)
        self.ended_s.append(asyncio.get_running_loop().time())

    async def warm(self, order: EngineOrder, *, together: bool = False) -> AsyncGenerator[Event, None]:
        self.begun_s.append(asyncio.get_running_loop().time())
        over = False
        try:
            async with aclosing(super().warm(order, together=together)) as events:
                async for event in events:
                    yield event
            over = True
        finally:
            self.closed_starts += not over


class Cents:
    """A cent for a second on Modal, nothing here."""

    def price(self, instrument: str, host: str, gpu: str | None = None) -> Price:
        usd = Decimal("0.01") if host == "modal" else Decimal(0)
        return Price(name="a GPU", usd_per_s=usd, date=date(2026, 1, 1), source="a page")


@pytest.fixture
def at_home(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plain_pictures: None) -> None:
    monkeypatch.chdir(tmp_path)  # a piece is written into the working folder
    tones.move_in(home)
    for name, value in tones.environment().items():
        monkeypatch.setenv(name, value)
    text = "".join(
        tones.instrument(name, "music", extra='places = ["local", "modal"]') for name in ("far-music", "other-music")
    )
    (home / "instruments.d" / "far.toml").write_text(text, "utf-8")
    monkeypatch.setenv("HAUSMUSIK_DEFAULTS__MUSIC", "far-music")


class Stage:
    """A house in virtual time, with a local host and one that must start its machines."""

    def __init__(self, folder: Path, *, machines: Machines = MACHINES, work_s: float = WORK_S) -> None:
        self.folder = folder
        self.here = Slow(work_s, name="local")
        self.there = Slow(name="modal", warm_s=BOOT_S, machines=machines)
        self.told: list[Progress] = []
        self.rows: tuple[LedgerRow, ...] = ()
        self.plays = 0
        self.stop = Stop()
        self.budget_usd = ""

    def compose(self, *segments: dict[str, Any], after_30_s: Literal["", "stop", "cancel"] = "") -> None:
        score = write(self.folder, *segments)

        async def main(clock: VirtualClock) -> None:
            hosts = {"local": self.here, "modal": self.there}
            async with AsyncHouse(load_settings(), hosts=hosts, clock=clock) as house:
                house.prices = Cents()
                run = Run(id="r", host="modal", deadline_s=600, budget_usd=self.budget_usd)

                def tell(progress: Progress) -> None:
                    if not self.told and after_30_s:  # no sooner: virtual time does not wait for the score to be read
                        asyncio.get_running_loop().call_later(
                            30, self.stop.ask if after_30_s == "stop" else task.cancel
                        )
                    self.told.append(progress)

                task = asyncio.ensure_future(house.compose(score, run=run, stop=self.stop, on_progress=tell))
                try:
                    await task
                finally:
                    self.rows = tuple(house.ledger.rows())
                    self.plays = sum(total.plays for total in house.costs("run"))
                    assert asyncio.all_tasks() == {asyncio.current_task()}, "nothing is left that starts anything"

        with virtual_time() as (runner, clock):
            runner.run(main(clock))


@pytest.fixture
def stage(at_home: None, tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_starts_overlap_each_other_and_the_work_here(stage: Stage) -> None:
    stage.compose(*PIECE)
    assert sorted(stage.there.warmed) == ["far-music", "other-music"]
    assert stage.there.begun_s == [0.0, 0.0]
    assert max(stage.here.ended_s) == pytest.approx(WORK_S, abs=1)
    assert max(stage.there.ended_s) == pytest.approx(max(WORK_S, BOOT_S), abs=1)


def test_without_it_the_starts_come_after_the_work(at_home: None, tmp_path: Path) -> None:
    stage = Stage(tmp_path, machines=Machines(most=4))
    stage.compose(*PIECE)
    assert not stage.there.warmed
    assert max(stage.there.ended_s) == pytest.approx(WORK_S + BOOT_S, abs=1)


def test_a_play_that_comes_during_a_start_waits_for_it(at_home: None, tmp_path: Path) -> None:
    stage = Stage(tmp_path, work_s=20)
    stage.compose(*PIECE)
    assert len(stage.there.warmed) == 2
    assert max(stage.there.ended_s) == pytest.approx(BOOT_S, abs=1), "and starts no machine of its own"
    told = [each.label for each in stage.told]
    assert "far-music: boot, 30 s left; other-music: boot, 30 s left" in told
    assert "far-music: load, 30 s left; other-music: load, 30 s left" in told


def test_each_start_is_charged_once_and_is_no_play(stage: Stage) -> None:
    stage.compose(*PIECE)
    warm = [row for row in stage.rows if row.kind == "warm"]
    assert {row.instrument for row in warm} == {"far-music", "other-music"}
    assert [(row.run, row.cue, row.outcome, row.basis) for row in warm] == [("r", "", "done", "measured")] * 2
    assert [row.usage for row in warm] == [Usage(boot_s=BOOT_S / 2, load_s=BOOT_S / 2)] * 2
    assert [row.cost_usd for row in warm] == [Decimal("0.60")] * 2
    assert stage.plays == 4


def test_nothing_is_started_for_what_is_kept(stage: Stage) -> None:
    stage.compose(*PIECE)
    stage.there.warmed.clear()
    stage.compose(*PIECE)
    assert not stage.there.warmed
    assert len(stage.here.plays) == 2


def test_looking_starts_nothing(stage: Stage) -> None:
    score = write(stage.folder, *PIECE)

    async def main(clock: VirtualClock) -> None:
        async with AsyncHouse(load_settings(), hosts={"local": stage.here, "modal": stage.there}, clock=clock) as house:
            house.check(score)
            house.quote(house.plan(score, run=house.new_run("plan", on="modal")))

    with virtual_time() as (runner, clock):
        runner.run(main(clock))
    assert not stage.there.warmed


@pytest.mark.parametrize(
    ("budget_usd", "starts"),
    [
        # Two plays of 720 s, start, deadline and window, may be in flight at once: $14.40. A start may take 960 s: $9.60.
        ("14.40", 0),
        ("23.99", 0),
        ("24.00", 1),
        ("33.60", 2),
    ],
)
def test_a_start_never_takes_the_room_of_a_play(stage: Stage, budget_usd: str, starts: int) -> None:
    stage.budget_usd = budget_usd
    stage.compose(*PIECE)
    assert len(stage.there.warmed) == starts
    assert len(stage.there.plays) == 2


def test_what_cannot_be_paid_is_refused_by_the_play(stage: Stage) -> None:
    stage.budget_usd = "1"
    with pytest.raises(BudgetError, match="music on modal may cost up to"):
        stage.compose(*PIECE)
    assert not stage.there.warmed


def test_takes_that_do_not_fit_side_by_side_are_made_one_after_another(stage: Stage) -> None:
    stage.budget_usd = "12.00"  # a play may cost $7.20, and costs about $1.20 with its start and window
    stage.compose(*PIECE)
    assert len(stage.there.plays) == 2
    assert stage.there.ended_s[1] >= stage.there.ended_s[0] + BOOT_S


def test_a_score_with_problems_starts_nothing(stage: Stage) -> None:
    with pytest.raises(ScoreError, match="cannot be rendered"):
        stage.compose(*PIECE, segment(music(id="c", instrument="tone-speak"), duration_s=2, id="three"))
    assert not stage.there.warmed


def test_cancelled_at_once_nothing_goes_on(stage: Stage) -> None:
    with pytest.raises(asyncio.CancelledError):
        stage.compose(*PIECE, after_30_s="cancel")
    assert stage.there.closed_starts == 2
    warm = [row for row in stage.rows if row.kind == "warm"]
    assert [(row.outcome, row.basis) for row in warm] == [("cancelled", "estimated")] * 2
    # The machine (a second until it begins) may come up all the same, and idle through its window: that much is charged at least.
    assert [(row.usage.busy_s, row.usage.idle_s) for row in warm] == [(30, pytest.approx(0.3 + 1 + 60 - 30))] * 2


def test_asked_to_stop_only_starts_that_a_play_waits_for_go_on(stage: Stage) -> None:
    with pytest.raises(Cancelled):
        stage.compose(*PIECE, after_30_s="stop")
    assert stage.there.closed_starts == 2
    assert stage.here.ended_s == [WORK_S, WORK_S], "the takes in flight were finished"


def test_asked_to_stop_while_a_take_waits_for_its_start(at_home: None, tmp_path: Path) -> None:
    stage = Stage(tmp_path, work_s=20)
    with pytest.raises(Cancelled):
        stage.compose(*PIECE, after_30_s="stop")
    assert stage.there.closed_starts == 0
    assert len(stage.there.ended_s) == 2


class Failing(Slow):
    """Its starts ahead of plays fail; its plays do not."""

    async def warm(self, order: EngineOrder, *, together: bool = False) -> AsyncGenerator[Event, None]:
        async with aclosing(super().warm(order, together=together)) as events:
            async for event in events:
                yield event
                raise WorkerLost("it was lost")


def test_after_a_start_that_failed_the_play_tries_itself(stage: Stage) -> None:
    stage.there = Failing(name="modal", warm_s=BOOT_S, machines=MACHINES)
    stage.compose(*PIECE)
    assert max(stage.there.ended_s) == pytest.approx(WORK_S + BOOT_S, abs=1)


def test_the_error_that_is_told_is_the_plays(stage: Stage) -> None:
    def broken(order: EngineOrder, request: Request, run: Run) -> Any:
        raise EngineError("no sound today")

    stage.there = Failing(play=broken, name="modal", warm_s=BOOT_S, machines=MACHINES)
    with pytest.raises(EngineError, match="no sound today"):
        stage.compose(*PIECE)
