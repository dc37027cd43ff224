"""One worker from boot to warm: starts the process, follows its phases and learns how long they take.

Knows how to start a worker, not who it is for.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hausmusik.atomic import private_folder
from hausmusik.codec import CodecError, error_of
from hausmusik.errors import HostUnavailable
from hausmusik.hosts.learnt import Learnt
from hausmusik.hosts.local import frames, isolation
from hausmusik.hosts.local.process import WorkerProcess
from hausmusik.hosts.local.slots import Slot
from hausmusik.hosts.local.worker_log import WorkerLog, prune
from hausmusik.seams import Clock
from hausmusik.types import Phase, Usage


@dataclass(frozen=True)
class Starter:
    """Starts workers.

    Args:
        logs: Folder of the workers' logs and of their import path.
        learnt: Expected times.
        clock: Time.
        timeout_s: Most seconds from boot to warm.
        variables: The caller's environment variables, of which few are passed on.
    """

    logs: Path
    learnt: Learnt
    clock: Clock
    timeout_s: float
    variables: Mapping[str, str]

    async def start(self, slot: Slot, tell: Callable[[Phase], None]) -> None:
        """Bring the worker of a slot up; fills in its process, times and costs.

        Raises:
            WorkerDied: it died on the way.
            HostUnavailable: the interpreter cannot be run, or it took too long.
            HausmusikError: what the engine raised.
        """
        limit_s = self.clock.monotonic() + self.timeout_s
        self._enter(slot, "boot", tell)
        try:
            slot.process = await self._boot(slot)
        except OSError as error:
            raise HostUnavailable(
                f"{slot.instrument} could not be started: {error}", hint=f"check that {self.logs} can be written"
            ) from error
        if slot.doomed:
            slot.process.kill()
        await slot.process.send(frames.packed(frames.Start(order=slot.wanted.order)))
        while True:
            message = await self._next(slot, limit_s)
            match message:
                case frames.Stage(name=name):
                    self._leave(slot)
                    self._enter(slot, name, tell)
                case frames.Note(phase=phase):
                    tell(phase if phase.eta_s is not None else self._with_eta(slot, phase))
                case frames.Ready():
                    self._leave(slot)
                    slot.ready_s = self.clock.monotonic()
                    with contextlib.suppress(OSError):  # without it the next ETA is a guess, nothing worse
                        self.learnt.save()
                    return
                case frames.NotStarted(failure=failure):
                    raise error_of(failure)
                case _:
                    raise CodecError(f"a worker that is starting sent {type(message).__name__}")

    async def _boot(self, slot: Slot) -> WorkerProcess:
        private_folder(self.logs)
        prune(self.logs)
        order, interpreter = slot.wanted.order, slot.wanted.interpreter
        environment = isolation.worker_environment(
            self.variables,
            threads=order.context.threads,
            imports=isolation.import_folder(self.logs / "import"),
            keep_python_path=list(interpreter) == [sys.executable],
        )
        name = re.sub(r"[^A-Za-z0-9._-]", "_", order.instrument)[:64]
        log = WorkerLog(self.logs / f"{name}.{os.getpid()}.{slot.number}.log")
        now: datetime = self.clock.now()
        log.write(f"--- {now.isoformat(timespec='seconds')} {order.instrument}: {order.engine}\n".encode())
        log.forget()
        return await WorkerProcess.boot(interpreter, environment=environment, folder=self.logs, log=log)

    async def _next(self, slot: Slot, limit_s: float) -> frames.FromWorker:
        try:
            if (left_s := limit_s - self.clock.monotonic()) <= 0:  # also while an engine tells one phase after another
                raise TimeoutError
            return await slot.running.receive(left_s)
        except TimeoutError:
            died = slot.running.died(f"it was not ready after {self.timeout_s:g} s")
        except CodecError:
            slot.running.kill()
            raise
        raise HostUnavailable(
            f"{slot.instrument} could not be started: {died.sentence}, still in phase {slot.phase.name}", hint=died.hint
        )

    def _enter(self, slot: Slot, name: str, tell: Callable[[Phase], None]) -> None:
        slot.phase_began_s = self.clock.monotonic()
        slot.phase = Phase(name=name, eta_s=self.learnt.expected_s(slot.instrument, name))
        tell(slot.phase)

    def _leave(self, slot: Slot) -> None:
        took_s = self.clock.monotonic() - slot.phase_began_s
        self.learnt.note(slot.instrument, slot.phase.name, took_s)
        slot.start += Usage(boot_s=took_s) if slot.phase.name == "boot" else Usage(load_s=took_s)

    def _with_eta(self, slot: Slot, phase: Phase) -> Phase:
        expected = self.learnt.expected_s(slot.instrument, slot.phase.name)
        if expected is None:
            return phase
        spent = self.clock.monotonic() - slot.phase_began_s
        return Phase(name=phase.name, done=phase.done, eta_s=round(max(0.0, expected - spent), 4))
