"""When containers start and end, and which input goes where.

A pool scales as Modal's do: as many containers as waiting and running inputs need, between the declared least and most,
each of which stays for the scale-down window after its last input. A container that is lost gives its inputs back, to
the front of the queue, a bounded number of times; one that overruns an input's timeout is killed; boots that fail again
and again are reported to whoever waits. Knows nothing of the wire; `calls` puts inputs in, `inputs` takes them out.
"""

from __future__ import annotations

import asyncio
import math
import secrets
import signal
from collections.abc import Callable, Coroutine
from typing import Final

from modal_proto import api_pb2

from hausmusik.hosts.modal.plane import containers
from hausmusik.hosts.modal.plane.reading import scaling, single_use
from hausmusik.hosts.modal.plane.records import Why
from hausmusik.hosts.modal.plane.state import App, Function, State
from hausmusik.hosts.modal.plane.work import Container, Input, Pool

Result = api_pb2.GenericResult

_WINDOW_S: Final = 60.0
_TIMEOUT_S: Final = 300.0
_BOOTS: Final = 3
"""So many boots in a row may fail by themselves; injected failures count a quarter."""
_CRASHES: Final = 3
_LOSSES: Final = 12
_GRACE_S: Final = 10.0
"""Real seconds for exit hooks."""
_PLANES_OWN: Final = frozenset({"killed", "preempted", "timeout", "stopped"})


class Pools:
    """All pools of a plane.

    Args:
        state: What is known.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._pools: dict[str, Pool] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def of(self, function: Function) -> Pool:
        """Return the pool of a function."""
        return self._pools.setdefault(function.id, Pool(function))

    # inputs

    def put(self, item: Input, *, front: bool = False) -> None:
        """Queue an input; if nothing is ever started here, answer it with a failure."""
        pool = self.of(item.call.function)
        if self._state.options.containers == "none":
            self.finish(item, failure("this local plane is for dry runs and starts no containers"))
            return
        if front:
            pool.queue.appendleft(item)
        else:
            pool.queue.append(item)
        pool.bell.ring()
        self.scale(pool)

    def finish(self, item: Input, result: Result, data_format: int = api_pb2.DATA_FORMAT_UNSPECIFIED) -> None:
        """Give an input its answer; a spawned one that failed is tried again first, as often as was declared."""
        call = item.call
        if item.container is not None:
            item.container.answered += 1
        self.release(item)
        policy = call.function.definition.retry_policy
        failed = result.status in (Result.GENERIC_STATUS_FAILURE, Result.GENERIC_STATUS_TIMEOUT)
        if failed and call.invocation == api_pb2.FUNCTION_CALL_INVOCATION_TYPE_ASYNC:
            if item.retry_count < policy.retries:
                delay_ms = policy.initial_delay_ms * policy.backoff_coefficient**item.retry_count
                item.retry_count += 1
                self._later(min(delay_ms, policy.max_delay_ms or math.inf) / 1000, lambda: self.put(item))
                return
        self.settle(item, result, data_format)

    def settle(self, item: Input, result: Result, data_format: int = api_pb2.DATA_FORMAT_UNSPECIFIED) -> None:
        """Write an input's answer down; of a cancelled one before its container has let go of it."""
        container, call = item.container, item.call
        item.output = api_pb2.FunctionGetOutputsItem(
            result=result,
            idx=item.index,
            input_id=item.id,
            data_format=data_format,  # pyright: ignore[reportArgumentType] - an enum's number
            task_id=container.id if container else "",
            input_started_at=item.started_at,
            output_created_at=self._state.clock.now(),
            retry_count=item.retry_count,
        )
        call.outputs.append(item.output)
        call.bell.ring()

    def release(self, item: Input) -> None:
        """Take an input from its container, which may now be idle."""
        if item.alarm is not None:
            item.alarm.cancel()
        if (container := item.container) is not None:
            container.active.pop(item.id, None)
            container.idle_since = self._state.clock.now()
            container.pool.bell.ring()

    def give_back(self, item: Input) -> None:
        """Queue an input again whose container or answer was lost; too often, and it fails."""
        self.release(item)
        item.container = None
        if item.output is not None:
            return
        if item.crashes >= _CRASHES:
            self.finish(item, failure(f"the container ended by itself, {item.crashes} times, under this input"))
        elif item.losses >= _LOSSES:
            self.finish(item, failure(f"the container was lost {item.losses} times under this input"))
        else:
            self.put(item, front=True)

    async def take(self, container: Container, batch_size: int, linger_s: float) -> list[Input]:
        """Return the next inputs for a container; empty: it is to end.

        Args:
            container: Who asks.
            batch_size: The most at once.
            linger_s: Plane seconds to wait for a batch to be full.
        """
        pool, clock = container.pool, self._state.clock
        if container.ready_at is None:
            self._ready(container)
        while not container.leaving:
            if pool.queue and batch_size > 1:
                full_at = clock.now() + linger_s
                while len(_batch(pool, batch_size)) < batch_size:
                    if not await pool.bell.heard(clock.real_s(full_at - clock.now())):
                        break
            if container.leaving:
                break
            if items := _batch(pool, batch_size):
                self._deliver(container, items)
                return items
            left_s: float | None = None
            if not container.active and len(pool.serving) > self._wanted(pool):
                left_s = container.idle_since + self._window_s(pool) - clock.now()
                if left_s <= 0:
                    self._leave(container, "idle")
                    break
            await pool.bell.heard(None if left_s is None else clock.real_s(left_s))
        return []

    def _deliver(self, container: Container, items: list[Input]) -> None:
        now = self._state.clock.now()
        for item in items:
            container.pool.queue.remove(item)
            item.container, item.started_at = container, now
            item.deliveries += 1
            container.active[item.id] = item
            timeout_s = container.definition.timeout_secs or _TIMEOUT_S
            item.alarm = self._later(timeout_s, lambda item=item: self._overran(container, item))
            number = self._state.number("delivery")
            if (after_s := self._state.options.faults.kill_after(number)) is not None:
                delivery = item.deliveries
                self._later(after_s, lambda i=item, d=delivery, n=number: self._strike(container, i, d, n))
        if single_use(container.definition):
            self._leave(container, "single_use")

    def _overran(self, container: Container, item: Input) -> None:
        timeout_s = container.definition.timeout_secs or _TIMEOUT_S
        message = f"Task's current input hit its timeout of {timeout_s:g}s"
        self.finish(item, Result(status=Result.GENERIC_STATUS_TIMEOUT, exception=message))
        self.kill(container, "timeout")

    def _strike(self, container: Container, item: Input, delivery: int, number: int) -> None:
        """Kill a container in the middle of a call, as the faults say, if it still is."""
        if item.id in container.active and item.deliveries == delivery:
            self._state.saw("kill", number, container.id)
            self.kill(container, "killed")

    # containers

    def scale(self, pool: Pool) -> None:
        """Start the containers that are missing, as far as limits and capacity allow."""
        if self._closed or pool.function.app.stopped or self._state.options.containers == "none":
            return
        most = self._most(pool)
        while len(pool.serving) < self._wanted(pool) and len(pool.containers) < most:
            if (gpu := self._available_gpu(pool)) is None:
                return
            self._spawn(pool, gpu)

    def _wanted(self, pool: Pool) -> int:
        """Return how many containers should serve: for what is to do, with the buffer, at least the least."""
        definition, scale = pool.function.definition, scaling(pool.function.definition)
        each = definition.target_concurrent_inputs or definition.max_concurrent_inputs or definition.batch_max_size or 1
        busy = math.ceil((len(pool.queue) + sum(len(c.active) for c in pool.serving)) / each)
        least = scale.min_containers if pool.failed_boots < _BOOTS else 0
        return min(self._most(pool), max(least, busy + scale.buffer_containers if busy else 0))

    def _most(self, pool: Pool) -> int:
        scale = scaling(pool.function.definition)
        return scale.max_containers or max(self._state.options.max_containers, scale.min_containers)

    def _window_s(self, pool: Pool) -> float:
        return scaling(pool.function.definition).scaledown_window or _WINDOW_S

    def _available_gpu(self, pool: Pool) -> str | None:
        """Return the first choice of GPU that can be had now; None: none, and the pool is scaled again when one can."""
        faults, passed_s = self._state.options.faults, self._state.clock.passed_s()
        ends: list[float] = []
        for gpu in pool.function.gpus or ("",):
            kind = gpu.partition(":")[0]
            if (end_s := faults.refused_until(kind, passed_s)) is None:
                return gpu
            self._state.saw("refusal", self._state.number("refusal"), kind)
            ends.append(end_s)
        self._later(min(ends) - passed_s, lambda: self.scale(pool))
        return None

    def _spawn(self, pool: Pool, gpu: str) -> None:
        container = Container(
            id=self._state.new_id("ta"),
            key=secrets.token_hex(16),
            pool=pool,
            definition=pool.function.definition,
            gpu=gpu,
            spawned_at=self._state.clock.now(),
        )
        pool.containers[container.id] = self._state.containers[container.id] = container
        limit_s = container.definition.startup_timeout_secs or container.definition.timeout_secs or _TIMEOUT_S
        container.boot_alarm = self._later(limit_s, lambda: self.kill(container, "boot_timeout"))
        self._task(self._live(container))

    async def _live(self, container: Container) -> None:
        """Follow a container from its start to its end."""
        boot, faults = self._state.number("boot"), self._state.options.faults
        problem = ""
        if (delay_s := faults.boot_delay(boot)) > 0:
            self._state.saw("slow_boot", boot, container.id)
            await self._killed_within(container, delay_s)
        injected = faults.boot_fails(boot) and not container.killed.is_set()
        if injected:
            self._state.saw("boot_failure", boot, container.id)
            container.why = "boot_failed"
        elif not container.killed.is_set():
            try:
                container.process = await containers.start(self._state, container)
            except OSError as error:
                problem = f"a container cannot be started: {error}"
                container.why = "boot_failed"
            else:
                if container.killed.is_set():
                    container.process.send(signal.SIGKILL)
                await container.process.ended()
        self._ended(container, injected=injected, problem=problem)

    async def _killed_within(self, container: Container, plane_s: float) -> None:
        try:
            async with asyncio.timeout(self._state.clock.real_s(plane_s)):
                await container.killed.wait()
        except TimeoutError:
            return

    def _ready(self, container: Container) -> None:
        container.ready_at = container.idle_since = self._state.clock.now()
        container.pool.failed_boots = 0
        if container.boot_alarm is not None:
            container.boot_alarm.cancel()

    def _ended(self, container: Container, *, injected: bool, problem: str) -> None:
        """Account for a container whose process has ended, and give its inputs to others."""
        pool = container.pool
        container.ended_at = self._state.clock.now()
        container.leaving = True
        container.why = container.why or ("crashed" if container.ready_at else "boot_failed")
        if container.boot_alarm is not None:
            container.boot_alarm.cancel()
        pool.containers.pop(container.id, None)
        for item in list(container.active.values()):
            if container.why in _PLANES_OWN:
                item.losses += 1
            else:
                item.crashes += 1
            self.give_back(item)
        if container.why in ("boot_failed", "boot_timeout"):
            pool.failed_boots += 0.25 if injected else 1
            if pool.failed_boots >= _BOOTS or container.why == "boot_timeout":
                self._give_up(pool, failure(problem or self._post_mortem(container)))
        pool.bell.ring()
        self.scale(pool)

    def _post_mortem(self, container: Container) -> str:
        if container.why == "boot_timeout":
            limit_s = container.definition.startup_timeout_secs or container.definition.timeout_secs
            return f"Runner has been initializing for too long: {limit_s} seconds"
        tail = container.pool.function.app.logs.tail(container.id)
        return f"the container ended before it was ready; the last lines of its log:\n{tail}"

    def boot_failed(self, container: Container, result: Result) -> None:
        """Fail whatever waits, because user code raised while a container was starting."""
        container.why = container.why or "boot_failed"
        self._give_up(container.pool, result)

    def _give_up(self, pool: Pool, result: Result) -> None:
        pool.failed_boots = _BOOTS
        while pool.queue:
            self.finish(pool.queue.popleft(), result)

    def _leave(self, container: Container, why: Why) -> None:
        container.leaving = True
        container.why = container.why or why

    def stop(self, container: Container) -> None:
        """Let a container end in order: no further input, its exit hooks run; killed if it does not in time."""
        self._leave(container, "stopped")
        if container.process is None:
            container.killed.set()
        elif container.active or container.ready_at is None:
            container.process.send(signal.SIGINT)
        container.pool.bell.ring()
        asyncio.get_running_loop().call_later(_GRACE_S, lambda: self.kill(container, "stopped"))

    def kill(self, container: Container, why: Why) -> None:
        """End a container and whatever it started, at once."""
        if container.ended_at is not None:
            return
        self._leave(container, why)
        container.killed.set()
        if container.process is not None:
            container.process.send(signal.SIGKILL)

    # apps and the plane

    def published(self, app: App) -> None:
        """Replace containers of an older definition, and start those that are to be kept warm."""
        for pool in [self.of(self._state.functions[each]) for each in app.function_ids.values()]:
            pool.failed_boots = 0
        for pool in [each for each in self._pools.values() if each.function.app is app]:
            for container in pool.serving:
                if container.definition is not pool.function.definition:
                    self._leave(container, "stopped")
            pool.bell.ring()
            self.scale(pool)

    def stop_app(self, app: App) -> None:
        """End all containers of an app and fail what waits for them."""
        app.state = api_pb2.APP_STATE_STOPPED
        stopped = Result(status=Result.GENERIC_STATUS_TERMINATED, exception="the app was stopped")
        for pool in [each for each in self._pools.values() if each.function.app is app]:
            for item in [*pool.queue, *(item for c in pool.containers.values() for item in c.active.values())]:
                self.finish(item, stopped)
            pool.queue.clear()
            for container in list(pool.containers.values()):
                self.stop(container)
        app.logs.bell.ring()

    def start(self) -> None:
        """Begin the schedule of faults."""
        for number, storm in enumerate(self._state.options.faults.storms):
            self._later(storm.at_s, lambda number=number: self._storm(number))

    def _storm(self, number: int) -> None:
        living = {each.id: each for pool in self._pools.values() for each in pool.containers.values()}
        for container_id in self._state.options.faults.taken_by(number, list(living)):
            self._state.saw("preemption", number, container_id)
            self.kill(living[container_id], "preempted")

    async def close(self) -> None:
        """Kill every container and wait until all have ended."""
        self._closed = True
        for container in [each for pool in self._pools.values() for each in pool.containers.values()]:
            self.kill(container, "stopped")
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    def _later(self, plane_s: float, what: Callable[[], None]) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(self._state.clock.real_s(plane_s), what)

    def _task(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def failure(message: str) -> Result:
    """Return a failed result that is no exception of the user's code."""
    return Result(status=Result.GENERIC_STATUS_FAILURE, exception=message)


def _batch(pool: Pool, size: int) -> list[Input]:
    """Return the first waiting input and those behind it for the same method, at most so many."""
    if not pool.queue:
        return []
    method = pool.queue[0].message.method_name
    return [each for each in pool.queue if each.message.method_name == method][: max(1, size)]
