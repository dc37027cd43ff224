"""The hosts that the contract suite runs on. To add one, append its `HostCase` to `CASES`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hausmusik.clock import SystemClock
from hausmusik.errors import WorkerLost
from hausmusik.hosts.local import LocalHost
from hausmusik.seams import EngineContext, EngineOrder, Host, Machines, Scalar
from hausmusik.testing import FakeHost, Fault, FaultSchedule


@dataclass(frozen=True)
class HostCase:
    """What the suite needs to know of a host.

    Args:
        name: For the test's name.
        make: A new host that can play the tone engine; gets a folder of its own.
        losing: A new host, and an order whose worker dies after so many results, whenever it is played.
        slow: Whether its tests belong to the slow suites.
    """

    name: str
    make: Callable[[Path], Host]
    losing: Callable[[Path, int], tuple[Host, EngineOrder]]
    slow: bool = False


def tone(instrument: str = "tone", workers: int = 1, **options: Scalar) -> EngineOrder:
    """An order for the tone engine."""
    context = EngineContext(options=options)
    engine = "hausmusik.engines.tone:ToneEngine"
    return EngineOrder(instrument=instrument, engine=engine, context=context, workers=workers)


def _local(folder: Path) -> LocalHost:
    return LocalHost(interpreters=lambda _: [sys.executable], logs=folder / "logs", clock=SystemClock(), max_workers=2)


def _losing_fake(_: Path, after: int) -> tuple[Host, EngineOrder]:
    fault = Fault(WorkerLost("it was told to be lost", hint="the end of its log"), after=after)
    return FakeHost(faults=FaultSchedule(otherwise=fault)), tone()


def _modal(folder: Path) -> Host:
    from tests.contract.modal_host import DeployingHost

    return DeployingHost(folder)


CASES: tuple[HostCase, ...] = (
    HostCase("fake", lambda _: FakeHost(), _losing_fake),
    HostCase("idling fake", lambda _: FakeHost(machines=Machines(most=2, idle_s=60.0)), _losing_fake),
    HostCase("local", _local, lambda folder, after: (_local(folder), tone(crash_after=after))),
    HostCase("modal", _modal, lambda folder, after: (_modal(folder), tone(crash_after=after, sleep_s=0.05)), slow=True),
)
