"""A local control plane for Modal: apps are deployed to it and called through it by the ordinary SDK, without a cloud.

    Plane            the server; `with Plane(folder) as plane: ...`
    PlaneOptions     how it runs what was deployed, or that it does not
    Faults           what goes wrong in it, by a seeded schedule
    Declared         one function or class, as it was declared
    ContainerLife    one container, from its start to its end
    Billed           what the account was billed for before

A dry run deploys to it and reads back what was declared; tests call it and break it. Nothing is imported before it is
used, because `Plane` needs the `modal` package. Not proven by it: that an image builds, that a model fits a GPU, that a
snapshot restores, how long anything takes on real machines.
"""

from __future__ import annotations

import importlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from hausmusik.errors import MissingExtra

if TYPE_CHECKING:
    from hausmusik.hosts.modal.plane.declared import Declared, Web
    from hausmusik.hosts.modal.plane.faults import Faults, FaultSeen, Refusal, Storm
    from hausmusik.hosts.modal.plane.options import Billed, PlaneOptions
    from hausmusik.hosts.modal.plane.records import BuildSeen, CallSeen, ContainerLife
    from hausmusik.hosts.modal.plane.server import Plane

__all__ = [
    "Billed",
    "BuildSeen",
    "CallSeen",
    "ContainerLife",
    "Declared",
    "FaultSeen",
    "Faults",
    "Plane",
    "PlaneOptions",
    "Refusal",
    "Storm",
    "Web",
]

_HOMES: Final = MappingProxyType(
    {
        "declared": ("Declared", "Web"),
        "faults": ("Faults", "FaultSeen", "Refusal", "Storm"),
        "options": ("Billed", "PlaneOptions"),
        "records": ("BuildSeen", "CallSeen", "ContainerLife"),
        "server": ("Plane",),
    }
)


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            try:
                return getattr(importlib.import_module(f"{__name__}.{module}"), name)
            except ModuleNotFoundError as error:
                raise MissingExtra(
                    f"the local control plane needs the package {error.name}", hint="pip install 'hausmusik[modal]'"
                ) from error
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
