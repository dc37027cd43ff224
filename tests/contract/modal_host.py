"""A Modal host for the contract suite: on a control plane of its own, to which each order is deployed when it is new."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import modal
import msgspec

from hausmusik.clock import SystemClock
from hausmusik.hosts.modal.account import Account
from hausmusik.hosts.modal.app import app_of
from hausmusik.hosts.modal.declaration import ENGINES, Declaration
from hausmusik.hosts.modal.host import ModalHost
from hausmusik.hosts.modal.plane import Plane, PlaneOptions
from hausmusik.seams import EngineOrder, HostState, Machines
from hausmusik.types import Event, Request, Run
from hausmusik.weights.store import WeightsStore


def declared(order: EngineOrder, *, max_containers: int = 2) -> Declaration:
    """Return what an order of a test is on Modal; its options may differ from those of another of the same name."""
    where, _, name = order.engine.rpartition(":")
    own = where.endswith(".py")
    engine = f"{ENGINES}/{Path(where).name}:{name}" if own else order.engine
    return Declaration(
        instrument=order.instrument,
        python="3.11",
        requirements=(),
        order=msgspec.structs.replace(order, engine=engine, workers=1),
        engine_file=where if own else "",
        max_containers=max_containers,
        scaledown_window_s=60,
    )


class PlaneAccount(Account):
    """An account on a control plane of its own, which is started at the first use, off the event loop.

    Args:
        folder: Of the control plane.
        options: Of the control plane.
    """

    def __init__(self, folder: Path, options: PlaneOptions) -> None:
        super().__init__()
        self.plane = Plane(folder, options)
        self._open = False

    async def _connect(self) -> modal.Client:
        return await asyncio.to_thread(self._start)

    def _start(self) -> modal.Client:
        self.plane.__enter__()
        self._open = True
        return self.plane.client()

    def close(self) -> None:
        if self._open:
            self._open = False
            self.plane.__exit__(None, None, None)


class DeployingHost:
    """A `ModalHost` that deploys what it is asked to play, as a user would have done before.

    Args:
        folder: Of the control plane.
        options: Of the control plane.
    """

    def __init__(self, folder: Path, options: PlaneOptions | None = None) -> None:
        self._folder = folder
        self._account = PlaneAccount(folder / "plane", options or PlaneOptions())
        self._orders: dict[str, Declaration] = {}
        self._deployed: dict[str, str] = {}
        self._host = ModalHost(
            self._account,
            declare=self._orders.__getitem__,
            clock=SystemClock(),
            learnt=folder / "learnt.json",
        )

    @property
    def name(self) -> str:
        return self._host.name

    @property
    def workspace(self) -> str:
        return self._host.workspace

    @property
    def needs_weights_here(self) -> bool:
        return self._host.needs_weights_here

    def numeric_class(self, order: EngineOrder) -> str:
        return self._host.numeric_class(self._known(order))

    def worst_s(self, order: EngineOrder, run: Run) -> float | None:
        return self._host.worst_s(self._known(order), run)

    def machines(self, order: EngineOrder) -> Machines:
        return self._host.machines(self._known(order))

    async def play(self, order: EngineOrder, request: Request, run: Run) -> AsyncGenerator[Event, None]:
        await self._deploy(order)
        async with aclosing(self._host.play(self._known(order), request, run)) as events:
            async for event in events:
                yield event

    def state(self, order: EngineOrder) -> HostState:
        return self._host.state(self._known(order))

    async def warm(self, order: EngineOrder, *, together: bool = False) -> AsyncGenerator[Event, None]:
        await self._deploy(order)
        async with aclosing(self._host.warm(self._known(order), together=together)) as events:
            async for event in events:
                yield event

    async def release(self, instrument: str = "") -> None:
        for each, declaration in tuple(self._orders.items()):  # some were only asked about
            if instrument in {"", each.rpartition("-")[0]} and declaration.app in self._deployed:
                await self._host.release(each)

    async def close(self) -> None:
        await self._host.close()
        await asyncio.to_thread(self._account.close)

    def _known(self, order: EngineOrder) -> EngineOrder:
        """Return the order under a name of its own: equal orders share one, others differ."""
        plain = msgspec.json.encode(msgspec.structs.replace(order, workers=1, expected_s=None))
        name = f"{order.instrument}-{hashlib.sha256(plain).hexdigest()[:8]}"
        named = msgspec.structs.replace(order, instrument=name)
        self._orders.setdefault(name, declared(named))
        return named

    async def _deploy(self, order: EngineOrder) -> None:
        declaration = self._orders[self._known(order).instrument]
        if self._deployed.get(declaration.app) != declaration.digest:
            app = app_of(declaration, WeightsStore(self._folder / "weights"))
            await app.deploy.aio(client=await self._account.client())
            self._deployed[declaration.app] = declaration.digest
