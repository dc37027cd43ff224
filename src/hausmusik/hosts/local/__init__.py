"""Engines in worker processes of this machine.

    host.py          LocalHost: the Host protocol, restarts, deadlines
    replay.py        what was delivered, and whether a restarted play repeats it
    pool.py          who gets which worker; slots.py holds its two kinds of things, slots and waiters
    starting.py      one worker from boot to warm; learnt.py knows how long that takes
    process.py       one worker process seen from the host; worker_log.py keeps what it prints
    isolation.py     what a worker sees of the caller: environment variables and import path
    frames.py        the messages between both ends
    worker.py        the program inside
    environments.py  interpreters with an engine's pinned requirements

Nothing is imported here beforehand: the worker starts through this package and must stay small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hausmusik.hosts.local.environments import Environments
    from hausmusik.hosts.local.host import LocalHost

__all__ = ["Environments", "LocalHost"]


def __getattr__(name: str) -> Any:
    if name == "LocalHost":
        from hausmusik.hosts.local.host import LocalHost  # noqa: PLC0415 - the worker must not import asyncio

        return LocalHost
    if name == "Environments":
        from hausmusik.hosts.local.environments import Environments  # noqa: PLC0415 - it needs pydantic

        return Environments
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
