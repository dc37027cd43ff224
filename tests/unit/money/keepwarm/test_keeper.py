"""Keeping warm for a time, in virtual time: when containers are called, what is charged, and that it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from hausmusik.clock import TimeIds
from hausmusik.errors import BudgetError, ConfigError, HausmusikError, NotFoundError, UsageError, WorkerLost
from hausmusik.money import Budget, Ledger, LedgerRow, Limits, Reservation, money_file
from hausmusik.money.keepwarm import Keeper, Spell, Spells, WarmPlan, WarmState
from hausmusik.seams import Clock, Warmth
from hausmusik.testing.time import VirtualClock, virtual_time
from hausmusik.types import Run, Stay
from tests.unit.money.conftest import GPU, CloudPrices

RUN = Run(id="r1", label="keep warm")
PLAN = WarmPlan(instrument="bark", host="cloud", for_s=100, price=GPU, window_s=20, startup_timeout_s=300)


class House:
    """Money, spells, and a container that boots for 4 s and is then idle between calls."""

    def __init__(self, folder: Path, clock: Clock, house_usd: str = "10") -> None:
        self.clock = clock
        self.database = money_file(folder / "ledger.sqlite")
        ids = TimeIds(clock)
        self.ledger = Ledger(self.database, clock=clock, ids=ids)
        limits = Limits(house_usd=Decimal(house_usd))
        self.budget = Budget(self.database, limits, clock=clock, ids=ids)
        self.spells = Spells(folder / "warm", self.budget, clock)
        self.calls: list[tuple[float, int]] = []
        self.released: list[str] = []
        self.errors: dict[int, HausmusikError] = {}
        self.last_s: float | None = None
        self.gpu = ""
        self.keeper = Keeper(
            self.beat,
            self.cool,
            spells=self.spells,
            budget=self.budget,
            prices=CloudPrices(),
            clock=clock,
            session="s1",
        )

    async def beat(self, instrument: str, containers: int = 1, *, playing: int = 0) -> tuple[Warmth, ...]:
        assert instrument == "bark"
        self.calls.append((self.clock.monotonic(), playing))
        if (error := self.errors.get(len(self.calls))) is not None:
            raise error
        if playing:
            return ()
        now_s = self.clock.monotonic()
        if self.last_s is None:
            await asyncio.sleep(4)
            idle_s = 4.0
        else:
            idle_s = now_s - self.last_s
        self.last_s = self.clock.monotonic()
        return (self.warmth(idle_s),) * containers

    def warmth(self, kept_s: float) -> Warmth:
        return Warmth(stay=Stay(machine="m1", gap_s=0.0, window_s=20, gpu=self.gpu), kept_s=kept_s)

    async def cool(self, instrument: str) -> tuple[Warmth, ...]:
        self.released.append(instrument)
        return (self.warmth(self.clock.monotonic() - self.last_s),) if self.last_s is not None else ()

    async def keep(self, plan: WarmPlan = PLAN) -> list[WarmState]:
        return [state async for state in self.keeper.keep(plan, RUN)]

    def row(self) -> LedgerRow:
        (row,) = self.ledger.rows()
        return row

    def reserved_usd(self) -> Decimal:
        return self.budget.states(RUN)[0].reserved_usd


Scene = Callable[[Callable[[House], Awaitable[None]]], House]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made: list[House] = []

    def play(act: Callable[[House], Awaitable[None]]) -> House:
        with virtual_time() as (runner, clock):
            house = House(tmp_path, clock)
            made.append(house)

            async def main() -> None:
                await act(house)

            runner.run(main())
        return house

    yield play
    for each in made:
        each.database.close()


def test_it_calls_twice_a_window_charges_every_second_once_and_ends(scene: Scene) -> None:
    async def act(house: House) -> None:
        states = await house.keep()
        assert [state.over for state in states[-2:]] == [False, True]
        assert states[-1].row == house.row()

    house = scene(act)
    times = [at for at, _ in house.calls]
    assert times[:3] == pytest.approx([0, 14, 24])
    assert max(b - a for a, b in pairwise(times[1:])) <= PLAN.window_s / 2
    assert times[-1] < PLAN.for_s
    assert house.released == ["bark"]
    row = house.row()
    assert (row.label, row.basis, row.instrument, row.host, row.session) == (
        "keep warm",
        "estimated",
        "bark",
        "cloud",
        "s1",
    )
    assert row.usage.idle_s == pytest.approx(PLAN.for_s)
    assert row.cost_usd == GPU.for_seconds(row.usage.idle_s)
    assert row.cost_usd <= PLAN.usd
    assert house.reserved_usd() == 0
    assert house.spells.current() == ()


def test_the_price_is_reserved_before_the_first_call(scene: Scene) -> None:
    async def act(house: House) -> None:
        async with aclosing(house.keeper.keep(PLAN, RUN)) as states:
            async for _ in states:
                assert house.reserved_usd() == PLAN.worst_usd == GPU.for_seconds(100 + 300 + 20)
                (spell,) = house.spells.current()
                assert (spell.ends_at - spell.began_at).total_seconds() == PLAN.for_s
                break

    house = scene(act)
    assert house.row().usage.idle_s == pytest.approx(4)
    assert house.released == ["bark"]


def test_too_dear_is_refused_before_anything_is_called(tmp_path: Path) -> None:
    with virtual_time() as (runner, clock):
        house = House(tmp_path, clock, house_usd="0.05")
        with pytest.raises(BudgetError):
            runner.run(house.keep())
        assert house.calls == []
        assert list(house.ledger.rows()) == []
        assert house.spells.current() == ()
        house.database.close()


def test_a_container_that_plays_gets_no_call_and_its_seconds_are_the_plays(scene: Scene) -> None:
    async def act(house: House) -> None:
        async def play() -> None:
            await asyncio.sleep(30)
            held = house.budget.reserve(Run(id="r2"), Decimal("0.01"), instrument="bark", host="cloud")
            await asyncio.sleep(60)
            house.last_s = house.clock.monotonic()
            house.budget.settle(held, Decimal("0.01"))

        await asyncio.gather(house.keep(), play())

    house = scene(act)
    assert {playing for at, playing in house.calls if 30 < at < 90} == {1}
    kept = next(row for row in house.ledger.rows() if row.label == "keep warm")
    assert 30 <= kept.usage.idle_s <= 50, "the 60 s of the play are its own"


def test_two_never_keep_the_same_warm(scene: Scene) -> None:
    async def act(house: House) -> None:
        async with aclosing(house.keeper.keep(PLAN, RUN)) as states:
            await anext(states)
            with pytest.raises(UsageError, match="is being kept warm already"):
                await house.keep()

    scene(act)


def test_cooling_ends_it(scene: Scene, tmp_path: Path) -> None:
    async def act(house: House) -> None:
        async def cool() -> None:
            await asyncio.sleep(40)
            (tmp_path / "warm" / "bark.cool").touch()

        states, _ = await asyncio.gather(house.keep(), cool())
        assert states[-1].over

    house = scene(act)
    assert house.row().usage.idle_s == pytest.approx(40, abs=1)
    assert house.spells.end("bark") is False


def test_cooling_does_not_wait_for_a_cold_start(scene: Scene, tmp_path: Path) -> None:
    async def act(house: House) -> None:
        async def cool() -> None:
            await asyncio.sleep(1)
            (tmp_path / "warm" / "bark.cool").touch()

        await asyncio.gather(house.keep(), cool())
        assert house.clock.monotonic() < 3

    house = scene(act)
    # The call is given up, but what it starts stays for its window, and is paid for.
    assert house.row().usage.idle_s == pytest.approx(1 + PLAN.window_s, abs=1)


def test_a_later_call_may_fail_and_the_next_goes_on(scene: Scene) -> None:
    async def act(house: House) -> None:
        house.errors = {3: WorkerLost("gone")}
        problems = [state.problem for state in await house.keep()]
        assert problems.count("gone") == 1
        assert problems[-1] == ""

    assert scene(act).row().usage.idle_s <= PLAN.for_s


@pytest.mark.parametrize(
    ("number", "error", "kept_s"),
    [
        (1, NotFoundError("not deployed"), 0.0),
        (1, WorkerLost("cannot start"), 0.0),
        (3, ConfigError("another version"), 24.0),
    ],
)
def test_what_trying_again_does_not_mend_ends_it(
    scene: Scene, number: int, error: HausmusikError, kept_s: float
) -> None:
    async def act(house: House) -> None:
        house.errors = {number: error}
        with pytest.raises(type(error)):
            await house.keep()

    house = scene(act)
    assert len(house.calls) == number
    assert house.row().usage.idle_s == pytest.approx(kept_s, abs=1)
    assert house.reserved_usd() == 0


def test_a_killed_one_is_charged_once_with_the_window_after_it(tmp_path: Path) -> None:
    """What a kill leaves is its file, a free lock and a held reservation."""
    with virtual_time() as (_, clock):
        house = House(tmp_path, clock)
        held = house.budget.reserve(RUN, PLAN.worst_usd, instrument="bark", host="cloud")
        began = clock.now()
        spell = Spell(
            instrument="bark",
            host="cloud",
            containers=2,
            began_at=began,
            ends_at=began + timedelta(seconds=100),
            heard_at=began,
            kept_s=30,
            window_s=20,
            price=GPU,
            reservation=held,
        )
        (tmp_path / "warm").mkdir()
        house.spells.write(spell)
        assert house.spells.current() == ()
        assert house.row().usage.idle_s == 30 + 2 * 20
        assert house.reserved_usd() == 0
        house.spells.write(spell)  # killed after the charge, before the file was removed
        assert house.spells.end("bark") is True
        assert house.row().usage.idle_s == 70
        assert list((tmp_path / "warm").glob("*.json")) == []
        house.database.close()


@pytest.mark.parametrize(
    ("heard_s", "kept_s", "now_s", "charged_s"),
    [
        (None, 0, 7, 7 + 20),  # a start that nobody heard of goes on, and then its window
        (None, 0, 5000, 300 + 10 + 20),  # but no longer than it may take
        (None, 0, -5000, 300 + 10 + 20),  # the clock was set back
        (40, 40, 46, 40 + 6 + 20),
        (40, 40, 5000, 40 + 300 + 10 + 20),
        (99, 99, 5000, 100 + 300 + 20),  # never more than was reserved
    ],
)
def test_a_killed_one_is_charged_for_what_it_may_have_called(
    heard_s: float | None, kept_s: float, now_s: float, charged_s: float
) -> None:
    began = datetime(2026, 1, 1, tzinfo=UTC)
    spell = Spell(
        instrument="bark",
        host="cloud",
        containers=2,
        began_at=began,
        ends_at=began + timedelta(seconds=100),
        heard_at=None if heard_s is None else began + timedelta(seconds=heard_s),
        kept_s=2 * kept_s,
        window_s=20,
        startup_timeout_s=300,
        price=GPU,
        reservation=Reservation(id="r", run="r1", label="", instrument="bark", host="cloud", usd=PLAN.worst_usd),
    )
    assert spell.left_behind(began + timedelta(seconds=now_s)).kept_s == 2 * charged_s


def test_a_machine_that_slept_past_the_end_calls_nobody_any_more(tmp_path: Path) -> None:
    """The lid was closed for a day: only the clock on the wall knows."""
    with virtual_time() as (runner, clock):
        sleeping = _Sleeping(clock)
        house = House(tmp_path, sleeping)

        async def act() -> None:
            async for state in house.keeper.keep(PLAN, RUN):
                sleeping.slept_s = 0.0 if state.over else 86_400.0

        runner.run(act())
        assert len(house.calls) == 1
        assert house.row().cost_usd <= PLAN.worst_usd, "never more than was reserved"
        house.database.close()


class _Sleeping:
    """A clock whose monotonic half stood still while the machine slept, as that of Linux does."""

    def __init__(self, inner: VirtualClock) -> None:
        self.inner = inner
        self.slept_s = 0.0

    def now(self) -> datetime:
        return self.inner.now() + timedelta(seconds=self.slept_s)

    def monotonic(self) -> float:
        return self.inner.monotonic()


def test_a_clock_set_back_prolongs_nothing(tmp_path: Path) -> None:
    with virtual_time() as (runner, clock):
        wall = _Sleeping(clock)
        house = House(tmp_path, wall)

        async def act() -> None:
            async for _ in house.keeper.keep(PLAN, RUN):
                wall.slept_s = -7200.0

        runner.run(act())
        assert clock.monotonic() <= PLAN.for_s + 1
        assert house.row().usage.idle_s == pytest.approx(PLAN.for_s, abs=1)
        house.database.close()


@pytest.mark.parametrize(("for_s", "containers"), [(0, 1), (-1, 1), (12 * 3600 + 1, 1), (60, 0), (float("nan"), 1)])
def test_bad_input(for_s: float, containers: int) -> None:
    with pytest.raises(UsageError):
        msgspec.structs.replace(PLAN, for_s=for_s, containers=containers)
