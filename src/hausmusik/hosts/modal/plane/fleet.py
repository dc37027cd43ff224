"""Containers from start to end, with the faults that befall them. Which are needed is decided in `pools`."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from typing import Final

from hausmusik.hosts.modal.plane import containers
from hausmusik.hosts.modal.plane.records import Why
from hausmusik.hosts.modal.plane.sizing import startup_timeout_s
from hausmusik.hosts.modal.plane.state import State
from hausmusik.hosts.modal.plane.work import Container, Pool

_GRACE_S: Final = 10.0
"""Real seconds for exit hooks."""


class Fleet:
    """The living containers of a plane.

    Args:
        state: What is known; every container is written down there.
        ended: Told of each container that has ended, with why it could not be started, if so.
    """

    def __init__(self, state: State, ended: Callable[[Container, str], None]) -> None:
        self._state = state
        self._ended = ended
        self._tasks: set[asyncio.Task[None]] = set()
        self.closed = False

    def later(self, plane_s: float, what: Callable[[], None]) -> asyncio.TimerHandle:
        """Call something after a time of the plane."""
        return asyncio.get_running_loop().call_later(self._state.clock.real_s(plane_s), what)

    def spawn(self, pool: Pool, gpu: str) -> None:
        """Start a container for a pool."""
        container = Container(
            id=self._state.new_id("ta"),
            key=secrets.token_hex(16),
            pool=pool,
            definition=pool.function.definition,
            gpu=gpu,
            spawned_at=self._state.clock.now(),
        )
        pool.containers[container.id] = self._state.containers[container.id] = container
        self._state.keys[container.key] = container
        limit_s = startup_timeout_s(container.definition)
        container.boot_alarm = self.later(limit_s, lambda: self.kill(container, "boot_timeout"))
        task = asyncio.create_task(self._live(container))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _live(self, container: Container) -> None:
        problem = ""
        if not container.builds:
            await self._misfortunes(container)
        if not container.killed.is_set():
            try:
                container.process = await containers.start(self._state, container)
            except Exception as error:  # noqa: BLE001 - whatever it is, whoever waits for the container is told
                problem = f"a container cannot be started: {error}"
            else:
                if container.killed.is_set():
                    container.process.kill()
                await container.process.ended()
        self._close_books(container)
        self._ended(container, problem)

    async def _misfortunes(self, container: Container) -> None:
        """Let a boot be slow, or fail, as the faults say."""
        boot, faults = self._state.number("boot"), self._state.options.faults
        if (delay_s := faults.boot_delay(boot)) > 0:
            self._state.saw("slow_boot", boot, container.id)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._state.clock.real_s(delay_s)):
                    await container.killed.wait()
        if not container.killed.is_set() and faults.boot_fails(boot):
            self._state.saw("boot_failure", boot, container.id)
            container.unlucky = True
            container.killed.set()

    def _close_books(self, container: Container) -> None:
        self._let_go(container)
        container.ended_at = self._state.clock.now()
        container.why = container.why or ("crashed" if container.ready_at else "boot_failed")
        if container.boot_alarm is not None:
            container.boot_alarm.cancel()
        container.pool.containers.pop(container.id, None)
        self._state.keys.pop(container.key, None)

    def _let_go(self, container: Container) -> None:
        if container.leaving_at is None:
            container.leaving_at = self._state.clock.now()

    def ready(self, container: Container) -> None:
        """Note that a container has started, and its models are loaded."""
        container.ready_at = container.idle_since = self._state.clock.now()
        container.pool.failed_boots = 0
        if container.boot_alarm is not None:
            container.boot_alarm.cancel()

    def dismiss(self, container: Container, why: Why) -> None:
        """Give a container no further input; it ends when it asks for one."""
        self._let_go(container)
        container.why = container.why or why
        container.pool.bell.ring()

    def stop(self, container: Container) -> None:
        """End a container in order: what it does is interrupted, its exit hooks run; killed if it takes too long."""
        self.dismiss(container, "stopped")
        if container.process is None:
            container.killed.set()
        elif container.active or container.ready_at is None:
            container.process.interrupt()
        asyncio.get_running_loop().call_later(_GRACE_S, lambda: self.kill(container, "stopped"))

    def kill(self, container: Container, why: Why) -> None:
        """End a container and whatever it started, at once."""
        if container.ended_at is None:
            self.dismiss(container, why)
            container.killed.set()
            if container.process is not None:
                container.process.kill()

    async def close(self) -> None:
        """Kill every container, start none any more, and wait until all have ended."""
        self.closed = True
        for container in list(self._state.keys.values()):
            self.kill(container, "stopped")
        while self._tasks:
            await asyncio.wait(set(self._tasks))
