"""Tones on a control plane, played through the meter: what the ledger says beside what the plane knows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from hausmusik.clock import SystemClock, TimeIds
from hausmusik.hosts.modal.account import Account
from hausmusik.hosts.modal.app import app_of
from hausmusik.hosts.modal.declaration import Declaration
from hausmusik.hosts.modal.host import ModalHost
from hausmusik.hosts.modal.plane import Plane, PlaneOptions
from hausmusik.money import Budget, Ledger, LedgerRow, Limits, Meter, Price, money_file
from hausmusik.money.keepwarm import Keeper, Spells, WarmPlan
from hausmusik.seams import EngineContext, EngineOrder
from hausmusik.types import Run, SpeakRequest
from hausmusik.weights.store import WeightsStore
from tests.unit.hosts.modal.plane.deploying import until

RUN = Run(id="run-1")


class ByGpu:
    """A cent a second, and ten for a GPU that is not known."""

    def price(self, instrument: str, host: str, gpu: str | None = None) -> Price:
        usd = Decimal("0.10") if not gpu else Decimal("0.01")
        return Price(name=gpu or "the dearest", usd_per_s=usd, date=date(2026, 11, 1), source="a price page")


class Stage:
    """One instrument on a plane, with the books of both sides."""

    def __init__(self, plane: Plane, host: ModalHost, meter: Meter, budget: Budget, ledger: Ledger) -> None:
        self.plane = plane
        self.host = host
        self.meter = meter
        self.budget = budget
        self.ledger = ledger

    async def play(
        self, order: EngineOrder, text: str, *, unheard_s: float = 0.0, leave_after_s: float | None = None
    ) -> None:
        metered = self.meter.play(
            lambda: self.host.play(order, SpeakRequest(text=text), RUN),
            run=RUN,
            instrument=order.instrument,
            host="modal",
            worst_case_s=self.host.worst_s(order, RUN),
            unheard_s=unheard_s,
        )
        with suppress(TimeoutError):
            async with asyncio.timeout(leave_after_s), aclosing(metered) as events:
                async for _ in events:
                    pass

    async def start(self, order: EngineOrder, *, together: bool = False) -> None:
        """Have a container started ahead of plays."""
        machines = self.host.machines(order)
        metered = self.meter.play(
            lambda: self.host.warm(order, together=together),
            run=RUN,
            instrument=order.instrument,
            host="modal",
            worst_case_s=machines.start_worst_s,
            kind="warm",
        )
        async with aclosing(metered) as events:
            async for _ in events:
                pass

    async def rows(self) -> list[LedgerRow]:
        """Return the books when every container has ended and every window is over."""
        await asyncio.to_thread(until, lambda: all(life.ended_at for life in self.plane.lives()))
        await asyncio.to_thread(until, lambda: not self.budget.states(RUN)[0].reserved_usd)  # looking charges
        return list(self.ledger.rows())

    async def keep_warm(self, for_s: float, folder: Path) -> None:
        clock, prices = SystemClock(), ByGpu()
        spells = Spells(folder / "warm", self.budget, clock)
        keeper = Keeper(self.host.beat, self.host.cool, spells=spells, budget=self.budget, prices=prices, clock=clock)
        price = prices.price("tones", "modal")
        plan = WarmPlan(
            instrument="tones", host="modal", for_s=for_s, price=price, window_s=3.0, startup_timeout_s=60.0
        )
        async with aclosing(keeper.keep(plan, RUN)) as states:
            async for _ in states:
                pass

    def lived_s(self) -> float:
        """Return how long containers were there, to the end of their processes."""
        return sum((life.ended_at or self.plane.now()) - life.spawned_at for life in self.plane.lives())

    def kept_s(self) -> float:
        """Return how long containers were there until it was decided to end them."""
        return sum((life.leaving_at or self.plane.now()) - life.spawned_at for life in self.plane.lives())


@asynccontextmanager
async def stage(folder: Path, declaration: Declaration, options: PlaneOptions) -> AsyncGenerator[Stage]:
    clock = SystemClock()
    ids = TimeIds(clock)
    database = money_file(folder / "ledger.sqlite")
    plane = Plane(folder / "plane", options)
    await asyncio.to_thread(plane.__enter__)
    try:
        account = Account(client=await asyncio.to_thread(plane.client))
        app = app_of(declaration, WeightsStore(folder / "weights"))
        await app.deploy.aio(client=await account.client())
        host = ModalHost(account, declare=lambda _: declaration, clock=clock, learnt=folder / "learnt.json")
        ledger = Ledger(database, clock=clock, ids=ids)
        budget = Budget(database, Limits(house_usd=Decimal(100_000)), clock=clock, ids=ids)
        yield Stage(plane, host, Meter(ledger=ledger, budget=budget, prices=ByGpu(), clock=clock), budget, ledger)
        await host.close()
    finally:
        await asyncio.to_thread(plane.close)
        database.close()


def tones(**options: Any) -> EngineOrder:
    engine = "hausmusik.engines.tone:ToneEngine"
    return EngineOrder(instrument="tones", engine=engine, context=EngineContext(options=options))


def declared(order: EngineOrder, **fields: Any) -> Declaration:
    given: dict[str, Any] = {"python": "3.11", "requirements": (), "scaledown_window_s": 3}
    return Declaration(instrument=order.instrument, order=order, **given | fields)
