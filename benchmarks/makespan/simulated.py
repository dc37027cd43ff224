"""A host of simulated containers on a virtual clock: boots, sharing, failures, one storm of preemptions, and its bill.

A call goes to the container that has the fewest, a ready one if there is any; where none has room another is started,
up to the most, and then it waits. A container does its calls side by side, each slower the more there are, but more
work in all, as an engine with continuous batching does. The bill counts a container from its start to its end, and
every result that was handed over.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from hausmusik.errors import WorkerLost
from hausmusik.seams import Clock

INPUTS = 8  # calls side by side in a full container
SLOWED = 3.0  # each of those takes so many times longer than one alone


@dataclass(frozen=True)
class Weather:
    """What goes wrong."""

    boot_s: float = 60.0
    failures: float = 0.01  # of all tries
    storm_s: float = 400.0  # when the storm comes
    storm: float = 0.5  # of the containers are taken away then


@dataclass(eq=False)
class Call:
    left_s: float  # of work, alone in a container
    over: asyncio.Future[None]
    breaks_at_s: float = -1.0  # fails when so much is left


@dataclass(eq=False)
class Container:
    calls: list[Call] = field(default_factory=list)
    ready: bool = False
    looked_s: float = 0.0
    began_s: float = 0.0
    timer: asyncio.TimerHandle | None = None


def pace(calls: int) -> float:
    """Work per second of each of so many calls in one container: 1 for one, 1 / SLOWED for INPUTS."""
    return 1.0 / (1.0 + (calls - 1) / (INPUTS - 1) * (SLOWED - 1.0))


class Host:
    """Plays calls by name.

    `containers`: most at once. `inputs`: most calls side by side in one.
    """

    def __init__(
        self,
        work_s: dict[str, float],
        *,
        containers: int,
        inputs: int,
        clock: Clock,
        weather: Weather,
        seed: int,
    ) -> None:
        self._work_s = work_s
        self._most = containers
        self._inputs = inputs
        self._clock = clock
        self._weather = weather
        self._random = Random(seed)
        self._up: list[Container] = []
        self._waiting: list[Call] = []
        self.delivered = Counter[str]()
        self.gpu_s = 0.0
        self.lost_tries = 0
        asyncio.get_running_loop().call_later(weather.storm_s, self._storm)

    async def play(self, name: str) -> None:
        """Do the work of a call; raises WorkerLost when its container is preempted or the call breaks."""
        work_s = self._work_s[name]
        call = Call(work_s, asyncio.get_running_loop().create_future())
        if self._random.random() < self._weather.failures:
            call.breaks_at_s = work_s * self._random.random()
        self._waiting.append(call)
        self._place()
        await call.over
        self.delivered[name] += 1

    def close(self) -> None:
        """Stop all containers; the bill is complete."""
        for container in self._up:
            self._bill(container)
        self._up.clear()

    def _place(self) -> None:
        while self._waiting:
            free = [each for each in self._up if len(each.calls) < self._inputs]
            if not free and len(self._up) == self._most:
                return
            target = min(free, key=lambda each: (not each.ready, len(each.calls))) if free else self._start()
            self._settle(target)
            target.calls.append(self._waiting.pop(0))
            self._arm(target)

    def _start(self) -> Container:
        container = Container(began_s=self._clock.monotonic())
        self._up.append(container)

        def ready() -> None:
            if container in self._up:
                container.ready, container.looked_s = True, self._clock.monotonic()
                self._arm(container)

        asyncio.get_running_loop().call_later(self._weather.boot_s, ready)
        return container

    def _settle(self, container: Container) -> None:
        """Note the work done since the last look."""
        now_s = self._clock.monotonic()
        if container.ready and container.calls:
            done_s = (now_s - container.looked_s) * pace(len(container.calls))
            for call in container.calls:
                call.left_s -= done_s
        container.looked_s = now_s

    def _arm(self, container: Container) -> None:
        """Wake when the next call of a container is over."""
        if container.timer is not None:
            container.timer.cancel()
        if container.ready and container.calls:
            next_s = min(call.left_s - max(call.breaks_at_s, 0.0) for call in container.calls)
            delay_s = max(0.0, next_s / pace(len(container.calls)))
            container.timer = asyncio.get_running_loop().call_later(delay_s, self._look, container)

    def _look(self, container: Container) -> None:
        self._settle(container)
        for call in list(container.calls):
            if call.left_s <= max(call.breaks_at_s, 0.0) + 1e-9:
                container.calls.remove(call)
                if call.breaks_at_s > 0:
                    self._lose(call)
                elif not call.over.done():
                    call.over.set_result(None)
        self._arm(container)
        self._place()

    def _lose(self, call: Call) -> None:
        self.lost_tries += 1
        if not call.over.done():
            call.over.set_exception(WorkerLost("the container is gone"))

    def _storm(self) -> None:
        for container in self._random.sample(self._up, math.ceil(len(self._up) * self._weather.storm)):
            self._up.remove(container)
            self._bill(container)
            if container.timer is not None:
                container.timer.cancel()
            for call in container.calls:
                self._lose(call)
        self._place()

    def _bill(self, container: Container) -> None:
        self.gpu_s += self._clock.monotonic() - container.began_s
