"""Public fakes and builders, for our tests and for yours.

    FakeHost, FakePlayer   play the tone engine, or whatever they are told, in this process, and remember it
    Fault, FaultSchedule   what goes wrong at which play
    FakeClock, FakeIds     time and names that only move when told
    virtual_time           an event loop and a clock that jump over all waiting
    Plane, PlaneOptions    a Modal account on this machine, with containers as subprocesses (needs hausmusik[modal])
    Faults, Refusal, Storm what goes wrong there, by a seeded schedule
    sine, noise, silence, speech_like, planted_cuts   audio with known properties

Nothing is imported before it is used. Every fake passes the contract suite of the protocol it stands for.
"""

from __future__ import annotations

import importlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from hausmusik.hosts.modal.plane import Faults, Plane, PlaneOptions, Refusal, Storm
    from hausmusik.testing.clock import FakeClock, FakeIds
    from hausmusik.testing.faults import Fault, FaultSchedule
    from hausmusik.testing.host import FakeHost, Played
    from hausmusik.testing.player import FakePlayer
    from hausmusik.testing.signals import Planted, noise, planted_cuts, silence, sine, speech_like
    from hausmusik.testing.time import VirtualClock, VirtualTimeLoop, virtual_time

__all__ = [
    "FakeClock",
    "FakeHost",
    "FakeIds",
    "FakePlayer",
    "Fault",
    "FaultSchedule",
    "Faults",
    "Plane",
    "PlaneOptions",
    "Planted",
    "Played",
    "Refusal",
    "Storm",
    "VirtualClock",
    "VirtualTimeLoop",
    "noise",
    "planted_cuts",
    "silence",
    "sine",
    "speech_like",
    "virtual_time",
]

_HOMES: Final = MappingProxyType(
    {
        "hausmusik.hosts.modal.plane": ("Faults", "Plane", "PlaneOptions", "Refusal", "Storm"),
        "hausmusik.testing.clock": ("FakeClock", "FakeIds"),
        "hausmusik.testing.faults": ("Fault", "FaultSchedule"),
        "hausmusik.testing.host": ("FakeHost", "Played"),
        "hausmusik.testing.player": ("FakePlayer",),
        "hausmusik.testing.signals": ("Planted", "noise", "planted_cuts", "silence", "sine", "speech_like"),
        "hausmusik.testing.time": ("VirtualClock", "VirtualTimeLoop", "virtual_time"),
    }
)


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
