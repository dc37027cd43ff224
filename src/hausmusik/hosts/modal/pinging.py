"""Calls that play nothing: to begin the idle windows of containers anew, to have more of them, or to have them end.

Knows nothing of plays and money: who is to pay is told to the container, which keeps account (`occupancy`).
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from hausmusik.codec import encode
from hausmusik.hosts.modal.answers import started_in, stay_of
from hausmusik.hosts.modal.declaration import Declaration
from hausmusik.hosts.modal.leaving import send_away
from hausmusik.hosts.modal.messages import Answer, Ping, Started
from hausmusik.hosts.modal.standing import Standing
from hausmusik.hosts.modal.workers import Workers
from hausmusik.seams import Warmth

HOLD_S: Final = 0.5
"""How long containers that are called together hold their places, for each to get one call."""


class Pings:
    """Calls the containers of one account.

    Args:
        workers: Finds what is deployed.
        standing: Is told of every answer.
    """

    def __init__(self, workers: Workers, standing: Standing) -> None:
        self._workers = workers
        self._standing = standing

    async def beat(self, declaration: Declaration, containers: int, *, playing: int) -> tuple[Warmth, ...]:
        """Call idle containers, so that their windows begin anew; those that are missing are started.

        Nothing is asked of Modal that would outlast this process: who stops calling has cold instruments one window
        later.

        Args:
            declaration: Whose.
            containers: How many are to be up.
            playing: Plays in flight: their containers need no call, and one behind a play would start another.

        Returns:
            What each that was called has answered; from now on its idle time is the caller's to pay.

        Raises:
            HausmusikError: as `ModalHost.play` does; with several calls, the first that failed.
        """
        free = max(0, containers * declaration.max_inputs - playing)
        calls = min(free, 1) if containers == 1 else free
        argument = encode(Ping(hold_s=HOLD_S if calls > 1 else 0.0, role="keeps"))

        async def call(worker: Any) -> list[Answer]:
            return await asyncio.gather(*(worker.ready.remote.aio(argument) for _ in range(calls)))

        with self._standing.starting(declaration.instrument):
            answers = await self._workers.ask(declaration, call)
        return tuple(_warmth(self.heard(answer, declaration), declaration) for answer in answers)

    async def cool(self, declaration: Declaration, *, keeps: bool) -> tuple[Warmth, ...]:
        """Have an instrument's idle containers end; returns what each has answered.

        Args:
            declaration: Whose.
            keeps: Whether the caller has kept them warm until now, and pays for what they answer.

        Raises:
            HausmusikError: Modal cannot be asked; as `ModalHost.play` does. Containers end when their windows are over.
        """
        instrument, argument = declaration.instrument, encode(Ping(role="keeps" if keeps else "passes"))
        try:
            left = await self._workers.ask(
                declaration, lambda worker: send_away(worker, argument, instrument, declaration.max_inputs)
            )
        finally:
            self._standing.forget(instrument)
        return tuple(_warmth(each, declaration) for each in left)

    def heard(self, answer: Answer, declaration: Declaration) -> Started:
        """Return what a container says of itself, and take note that it is up.

        Raises:
            ConfigError: it is of another version.
            HausmusikError: what its start raised.
        """
        started = started_in(answer, declaration)
        self._standing.heard(declaration.instrument, started)
        return started


def _warmth(started: Started, declaration: Declaration) -> Warmth:
    return Warmth(stay=stay_of(started, declaration), kept_s=started.kept_s)
