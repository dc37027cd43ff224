"""Which input goes to which container, and when a pool of containers grows and shrinks.

A pool scales as Modal's do: as many containers as waiting and running inputs need, between the declared least and most,
each of which stays for the scale-down window after its last input. A container that is lost gives its inputs back, to
the front of the queue, a bounded number of times; one that overruns an input's timeout is killed; boots that fail again
and again are reported to whoever waits. Knows nothing of the wire; `calls` puts inputs in, `inputs` takes them out.
"""

from __future__ import annotations

import math
from typing import Final

from modal_proto import api_pb2

from hausmusik.hosts.modal.plane.fleet import Fleet
from hausmusik.hosts.modal.plane.reading import single_use
from hausmusik.hosts.modal.plane.sizing import BOOTS, most, startup_timeout_s, timeout_s, wanted, window_s
from hausmusik.hosts.modal.plane.state import App, Function, State
from hausmusik.hosts.modal.plane.work import Container, Input, Pool

Result = api_pb2.GenericResult

_CRASHES: Final = 3
_LOSSES: Final = 12
_LOST: Final = frozenset({"killed", "preempted", "timeout", "stopped"})
"""The ends of a container that say nothing against the input it had."""


class Pools:
    """All pools of a plane.

    Args:
        state: What is known.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._pools: dict[str, Pool] = {}
        self.fleet = Fleet(state, self._ended)

    def of(self, function: Function) -> Pool:
        """Return the pool of a function."""
        return self._pools.setdefault(function.id, Pool(function))

    # inputs

    def put(self, item: Input, *, front: bool = False) -> None:
        """Queue an input; where nothing is ever started, answer it with a failure."""
        pool = self.of(item.call.function)
        if self._state.options.containers == "none":
            self.settle(item, failure("this local plane is for dry runs and starts no containers"))
            return
        if front:
            pool.queue.appendleft(item)
        else:
            pool.queue.append(item)
        pool.bell.ring()
        self.scale(pool)

    async def take(self, container: Container, batch_size: int, linger_s: float) -> list[Input]:
        """Return the next inputs for a container; empty: it is to end.

        Args:
            container: Who asks.
            batch_size: The most at once.
            linger_s: Plane seconds to wait for a batch to be full.
        """
        pool, clock = container.pool, self._state.clock
        if container.ready_at is None:
            self.fleet.ready(container)
        while True:
            if pool.queue and batch_size > 1:
                full_at = clock.now() + linger_s
                while len(_batch(pool, batch_size)) < batch_size and clock.now() < full_at:
                    await pool.bell.heard(clock.real_s(full_at - clock.now()))
            if container.leaving_at is not None:
                return []
            if items := _batch(pool, batch_size):
                for item in items:
                    self._deliver(container, item)
                if single_use(container.definition):
                    self.fleet.dismiss(container, "single_use")
                return items
            left_s: float | None = None
            if not container.active and len(pool.serving) > wanted(pool, self._state.options.max_containers):
                left_s = clock.real_s(container.idle_since + window_s(pool) - clock.now())
                if left_s == 0:
                    self.fleet.dismiss(container, "idle")
                    return []
            await pool.bell.heard(left_s)

    def _deliver(self, container: Container, item: Input) -> None:
        container.pool.queue.remove(item)
        container.active[item.id] = item
        item.container, item.started_at = container, self._state.clock.now()
        item.deliveries += 1
        item.alarm = self.fleet.later(timeout_s(container.definition), lambda: self._overran(container, item))
        if container.builds:
            return
        number, delivery = self._state.number("delivery"), item.deliveries
        after_s = self._state.options.faults.kill_after(number)
        if after_s == 0:  # at once, or the answer might be quicker
            self._strike(container, item, delivery, number)
        elif after_s is not None:
            self.fleet.later(after_s, lambda: self._strike(container, item, delivery, number))

    def _overran(self, container: Container, item: Input) -> None:
        message = f"Task's current input hit its timeout of {timeout_s(container.definition):g}s"
        self.finish(item, Result(status=Result.GENERIC_STATUS_TIMEOUT, exception=message))
        self.fleet.kill(container, "timeout")

    def _strike(self, container: Container, item: Input, delivery: int, number: int) -> None:
        """Kill a container in the middle of a call, as the faults say, if it still is."""
        if item.id in container.active and item.deliveries == delivery:
            self._state.saw("kill", number, container.id)
            self.fleet.kill(container, "killed")

    def finish(self, item: Input, result: Result, data_format: int = api_pb2.DATA_FORMAT_UNSPECIFIED) -> None:
        """Take a container's answer; a spawned input that failed is tried again first, as often as was declared."""
        call, policy = item.call, item.call.function.definition.retry_policy
        if item.container is not None:
            item.container.answered += 1
        self.release(item)
        failed = result.status in (Result.GENERIC_STATUS_FAILURE, Result.GENERIC_STATUS_TIMEOUT)
        spawned = call.invocation == api_pb2.FUNCTION_CALL_INVOCATION_TYPE_ASYNC
        if failed and spawned and item.retry_count < policy.retries:
            delay_ms = policy.initial_delay_ms * policy.backoff_coefficient**item.retry_count
            item.retry_count += 1
            item.container = None
            self.fleet.later(min(delay_ms, policy.max_delay_ms or math.inf) / 1000, lambda: self.put(item))
        else:
            self.settle(item, result, data_format)

    def settle(self, item: Input, result: Result, data_format: int = api_pb2.DATA_FORMAT_UNSPECIFIED) -> None:
        """Write down an input's answer, whether or not its container has let go of it."""
        item.output = api_pb2.FunctionGetOutputsItem(
            result=result,
            idx=item.index,
            input_id=item.id,
            data_format=data_format,  # pyright: ignore[reportArgumentType] - an enum's number
            task_id=item.container.id if item.container else "",
            input_started_at=item.started_at,
            output_created_at=self._state.clock.now(),
            retry_count=item.retry_count,
        )
        item.call.outputs.append(item.output)
        item.call.bell.ring()

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
        if item.output is not None:  # cancelled
            return
        if item.crashes >= _CRASHES or item.losses >= _LOSSES:
            times = f"{item.crashes} times by itself, {item.losses} times by force"
            self.finish(item, failure(f"the container ended under this input again and again: {times}"))
        else:
            self.put(item, front=True)

    # containers

    def scale(self, pool: Pool) -> None:
        """Start the containers that are missing, as far as limits and capacity allow."""
        options = self._state.options
        if self.fleet.closed or pool.function.app.stopped or options.containers == "none":
            return
        while (
            len(pool.serving) < wanted(pool, options.max_containers)
            and len(pool.containers) < most(pool, options.max_containers)
            and (gpu := self._available_gpu(pool)) is not None
        ):
            self.fleet.spawn(pool, gpu)

    def _available_gpu(self, pool: Pool) -> str | None:
        """Return the first choice of GPU that can be had now; None: none, and the pool is scaled again when one can."""
        faults, passed_s = self._state.options.faults, self._state.clock.passed_s()
        if passed_s < pool.refused_until_s:
            return None
        ends: list[float] = []
        for gpu in pool.function.gpus or ("",):
            kind = gpu.partition(":")[0]
            if (end_s := faults.refused_until(kind, passed_s)) is None:
                return gpu
            self._state.saw("refusal", self._state.number("refusal"), kind)
            ends.append(end_s)
        pool.refused_until_s = min(ends)
        self.fleet.later(min(ends) - passed_s, lambda: self.scale(pool))
        return None

    def _ended(self, container: Container, problem: str) -> None:
        """Give the inputs of a container that has ended to others, or report that none can be started."""
        pool = container.pool
        for item in list(container.active.values()):
            if container.why in _LOST:
                item.losses += 1
            else:
                item.crashes += 1
            self.give_back(item)
        if container.why in ("boot_failed", "boot_timeout"):
            # Bad luck is not counted as much: a schedule of faults is to be survived.
            pool.failed_boots += 0.25 if container.unlucky else 1
            if pool.failed_boots >= BOOTS or container.why == "boot_timeout":
                self._give_up(pool, failure(problem or self._post_mortem(container)))
        pool.bell.ring()
        self.scale(pool)

    def _post_mortem(self, container: Container) -> str:
        if container.why == "boot_timeout":
            return f"Runner has been initializing for too long: {startup_timeout_s(container.definition):g} seconds"
        tail = container.pool.function.app.logs.tail(container.id)
        return f"the container ended before it was ready; the last lines of its log:\n{tail}"

    def boot_failed(self, container: Container, result: Result) -> None:
        """Fail whatever waits, because user code raised while a container was starting."""
        container.why = container.why or "boot_failed"
        self._give_up(container.pool, result)

    def _give_up(self, pool: Pool, result: Result) -> None:
        pool.failed_boots = BOOTS
        while pool.queue:
            self.finish(pool.queue.popleft(), result)

    # apps and the plane

    def published(self, app: App, warm: list[Function]) -> None:
        """Replace containers of older definitions, and start those that are to be kept warm."""
        for function in warm:
            self.of(function).failed_boots = 0
        for pool in self._of_app(app):
            for container in pool.serving:
                if not pool.function.current or container.definition is not pool.function.definition:
                    self.fleet.dismiss(container, "stopped")
            self.scale(pool)

    def stop_app(self, app: App) -> None:
        """End all containers of an app and what waits for them."""
        app.state = api_pb2.APP_STATE_STOPPED
        stopped = Result(status=Result.GENERIC_STATUS_TERMINATED, exception="the app was stopped")
        for pool in self._of_app(app):
            running = [item for each in pool.containers.values() for item in each.active.values()]
            for item in [*pool.queue, *running]:
                self.settle(item, stopped)
            pool.queue.clear()
            for container in list(pool.containers.values()):
                self.fleet.stop(container)
        app.logs.bell.ring()

    def _of_app(self, app: App) -> list[Pool]:
        return [each for each in self._pools.values() if each.function.app is app]

    def begin_storms(self) -> None:
        """Set the alarms of the preemption storms."""
        for number, storm in enumerate(self._state.options.faults.storms):
            self.fleet.later(storm.at_s, lambda number=number: self._storm(number))

    def _storm(self, number: int) -> None:
        living = {each.id: each for each in self._state.keys.values() if not each.builds}
        for container_id in self._state.options.faults.taken_by(number, list(living)):
            self._state.saw("preemption", number, container_id)
            self.fleet.kill(living[container_id], "preempted")


def failure(message: str) -> Result:
    """Return a failed result that is no exception of the user's code."""
    return Result(status=Result.GENERIC_STATUS_FAILURE, exception=message)


def _batch(pool: Pool, size: int) -> list[Input]:
    """Return the first waiting input and those behind it for the same method, at most so many (0: one)."""
    method = pool.queue[0].message.method_name if pool.queue else ""
    return [each for each in pool.queue if each.message.method_name == method][: max(1, size)]
