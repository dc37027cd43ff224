"""How a plane runs what is deployed to it. Plain values; knows nothing of servers."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from hausmusik.errors import UsageError
from hausmusik.hosts.modal.plane.declared import Declared
from hausmusik.hosts.modal.plane.faults import Faults

LISTED_RATES: Final = MappingProxyType(
    {
        "cpu_hour_cost": "0.0473",
        "mem_gib_hour_cost": "0.008",
        "gpu_hour_cost_t4": "0.59",
        "gpu_hour_cost_l4": "0.80",
        "gpu_hour_cost_a10g": "1.10",
        "gpu_hour_cost_l40s": "1.95",
        "gpu_hour_cost_a100_40gb": "2.10",
        "gpu_hour_cost_a100_80gb": "2.50",
        "gpu_hour_cost_rtx6000": "3.03",
        "gpu_hour_cost_h100": "3.95",
        "gpu_hour_cost_h200": "4.54",
        "gpu_hour_cost_b200": "6.25",
        "cpu_hour_cost_sandbox": "0.1419",
        "mem_gib_hour_cost_sandbox": "0.024",
        "gpu_hour_cost_b300": "7.10",
    }
)
"""Dollars an hour, as a public repository's test quotes `modal billing rates --json` of 2026-09-20."""


@dataclass(frozen=True)
class Billed:
    """What an account was billed for before the plane began.

    Args:
        app: The app's name.
        at_s: Unix seconds within the hour that it is billed for.
        usd: Dollars, a decimal number.
        object_id: Of the app, which may be gone.
    """

    app: str
    at_s: float
    usd: str
    object_id: str = "ap-0"


def own_interpreter(declared: Declared) -> str:  # noqa: ARG001 - the same for all
    """Return the interpreter of this process."""
    return sys.executable


@dataclass(frozen=True, kw_only=True)
class PlaneOptions:
    """How a plane runs what is deployed to it.

    Args:
        containers: `run`: calls run in real subprocesses; `none`: nothing is ever started, every call fails at once and
            any named secret is taken to exist, for dry runs.
        builds: `run`: `image.run_function` steps are run; `record`: they are only written down.
        interpreter: The interpreter of a function's containers, which must have `modal`; the image's packages are not
            installed.
        variables: Extra environment of all containers and builds; ours (MODAL_*, HAUSMUSIK_VOLUMES) win.
        secrets: Named secrets that exist from the beginning: name -> variable -> value.
        snapshots: Run the hooks of deployed functions with memory snapshots in the order of a snapshot and a restore.
        max_containers: For functions that set no limit of their own; at least 1.
        gpu_models: What GPUs call themselves, by Modal's names of them, where not as usual: an H100 that is an H200.
        time_factor: Plane seconds per real second, for windows, timeouts, boot delays and the accounting.
        faults: What goes wrong.
        workspace: The account's name.
        rates: Dollars an hour, decimal numbers, under Modal's own names.
        bills: What was billed earlier.
        bill_running: Whether bills also have the hour or day that is not over yet, as Modal's never do: with it a test
            need not wait for the hour.
        denied: Names of RPCs that this account may not use.

    Raises:
        UsageError: a number is out of its range.
    """

    containers: Literal["run", "none"] = "run"
    builds: Literal["run", "record"] = "run"
    interpreter: Callable[[Declared], str] = own_interpreter
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    snapshots: bool = False
    max_containers: int = 4
    gpu_models: Mapping[str, str] = field(default_factory=dict[str, str])
    time_factor: float = 1.0
    faults: Faults = field(default_factory=Faults)
    workspace: str = "local"
    rates: Mapping[str, str] = field(default_factory=lambda: LISTED_RATES)
    bills: tuple[Billed, ...] = ()
    bill_running: bool = False
    denied: Collection[str] = ()

    def __post_init__(self) -> None:
        if not (0 < self.time_factor < math.inf):
            raise UsageError(f"time_factor must be above 0, not {self.time_factor}")
        if self.max_containers < 1:
            raise UsageError(f"max_containers must be at least 1, not {self.max_containers}")
