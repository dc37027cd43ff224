"""Deploying the programs of this folder to a plane, and looking at its processes from outside."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import modal

from hausmusik.hosts.modal.plane import Plane

PROGRAMS = Path(__file__).with_name("programs")


def fresh(name: str) -> ModuleType:
    """Import a program as if for the first time: the SDK's objects belong to the plane that first saw them."""
    spec = importlib.util.spec_from_file_location(name, PROGRAMS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def deploy(plane: Plane, name: str) -> ModuleType:
    module = fresh(name)
    module.app.deploy(client=plane.client())
    return module


def function(plane: Plane, app: str, name: str) -> Any:
    return modal.Function.from_name(app, name, client=plane.client())


def instance(plane: Plane, app: str, name: str, /, **parameters: Any) -> Any:
    return modal.Cls.from_name(app, name, client=plane.client())(**parameters)


def outside(plane: Plane, arguments: Sequence[str], **variables: str) -> subprocess.CompletedProcess[str]:
    """Run this interpreter in the folder of the programs, with an SDK that can reach this plane alone."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MODAL_")}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=PROGRAMS,
        env=environment | plane.variables() | {"COLUMNS": "200"} | variables,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def running(plane: Plane) -> list[int]:
    """Return the processes that have this plane's folder in their environment."""
    return processes_with(str(plane.folder))


def processes_with(text: str) -> list[int]:
    pids: list[int] = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            alive = (path / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
            if alive and text.encode() in (path / "environ").read_bytes() and int(path.name) != os.getpid():
                pids.append(int(path.name))
        except OSError:
            continue
    return pids


def until(what: Callable[[], object], within_s: float = 20.0) -> None:
    end = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
