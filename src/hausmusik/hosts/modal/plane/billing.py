"""The account's side of money: what a second costs, and what was billed, by app and hour or day.

The bill is the plane's own accounting of its containers, times the rates of its options: what each one asked for, from
its start to its end. A real account may be billed for more than was asked for, where more was used; in other regions,
and for what may not be preempted, at several times the rate. Knows nothing of calls.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from hausmusik.hosts.modal.plane.messages import make
from hausmusik.hosts.modal.plane.routes import Routes
from hausmusik.hosts.modal.plane.state import App, State, found
from hausmusik.hosts.modal.plane.work import Container

LENGTHS_S: Final = MappingProxyType({"h": 3600, "d": 86_400})
"""Of an interval, by resolution; all begin at multiples of it since 1970, in UTC."""

LEAST_CORES: Final = 0.125
LEAST_MIB: Final = 128
"""What a container has that asks for nothing: https://modal.com/docs/guide/resources."""

_HOUR_S: Final = Decimal(3600)
_GPU_RATE: Final = "gpu_hour_cost_"
_GPU_SPELT: Final = MappingProxyType({"a10": "a10g", "a100": "a100_40gb", "rtx_pro_6000": "rtx6000"})


class Billing:
    """Rates and bills of the workspace.

    Args:
        state: Whose containers are billed.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> Routes:
        """Return what is answered here."""
        return Routes(
            unary={
                "WorkspaceNameLookup": self.name,
                "WorkspaceBillingRates": self.rates,
                "TaskGetInfo": self.task,
            },
            streams={"WorkspaceBillingReport": self.report},
        )

    async def name(self, request: Empty) -> api_pb2.WorkspaceNameLookupResponse:  # noqa: ARG002
        """Say whose account it is."""
        return make(
            api_pb2.WorkspaceNameLookupResponse,
            workspace_name=self._state.options.workspace,
            username=self._state.options.workspace,
        )

    async def rates(self, request: api_pb2.WorkspaceBillingRatesRequest) -> api_pb2.WorkspaceBillingRatesResponse:  # noqa: ARG002
        """Return dollars an hour, under Modal's own names."""
        rates = self._state.options.rates
        told = "\n".join(f"{name} {usd}" for name, usd in rates.items())
        return make(api_pb2.WorkspaceBillingRatesResponse, rates=dict(rates), formatted=told)

    async def task(self, request: api_pb2.TaskGetInfoRequest) -> api_pb2.TaskGetInfoResponse:
        """Return when a container was asked for, was ready, and ended: 0 for what has not happened yet."""
        each = found(self._state.containers, request.task_id, "container")
        info = make(
            api_pb2.TaskInfo,
            id=each.id,
            enqueued_at=each.spawned_at,
            started_at=each.ready_at or 0.0,
            finished_at=each.ended_at or 0.0,
        )
        return make(api_pb2.TaskGetInfoResponse, app_id=each.pool.function.app.id, info=info)

    async def report(
        self, request: api_pb2.WorkspaceBillingReportRequest
    ) -> AsyncIterator[api_pb2.WorkspaceBillingReportItem]:
        """Yield what each app cost in each interval, by time and app; intervals that are not over are left out."""
        length_s = LENGTHS_S.get(request.resolution, LENGTHS_S["d"])
        options, now_s = self._state.options, self._state.clock.now()
        end_s = min(request.end_timestamp.seconds, now_s)
        first, last = int(request.start_timestamp.seconds // length_s), int(end_s // length_s)
        if options.bill_running:
            last = int(now_s // length_s) + 1
        for number in range(first, last):
            start_s = number * length_s
            for app in self._state.apps.values():
                if request.app_ids and app.id not in request.app_ids:
                    continue
                if parts := self._parts(app, start_s, start_s + length_s):
                    yield self._item(app.id, app.name, start_s, parts, _tags(app, request))
            for each in options.bills:
                if each.at_s // length_s == number and not request.app_ids:
                    yield self._item(each.object_id, each.app, start_s, {"CPU": Decimal(each.usd)}, {})

    def _item(
        self, object_id: str, description: str, start_s: int, parts: dict[str, Decimal], tags: dict[str, str]
    ) -> api_pb2.WorkspaceBillingReportItem:
        item = make(
            api_pb2.WorkspaceBillingReportItem,
            object_id=object_id,
            description=description,
            environment_name="main",
            cost=format(sum(parts.values(), Decimal(0)), "f"),
            cost_by_resource={name: format(usd, "f") for name, usd in parts.items()},
            tags=tags,
        )
        item.interval.FromSeconds(start_s)
        return item

    def _parts(self, app: App, start_s: float, end_s: float) -> dict[str, Decimal]:
        """Return what an app's containers cost in a span of time by resource; nothing where none was up."""
        parts: dict[str, Decimal] = {}
        for container in self._state.containers.values():
            if container.pool.function.app is app:
                until_s = self._state.clock.now() if container.ended_at is None else container.ended_at
                lived_s = min(until_s, end_s) - max(container.spawned_at, start_s)
                if lived_s > 0:
                    for name, usd_per_h in self._asked_for(container):
                        parts[name] = parts.get(name, Decimal(0)) + usd_per_h * Decimal(repr(lived_s)) / _HOUR_S
        return parts

    def _asked_for(self, container: Container) -> Iterator[tuple[str, Decimal]]:
        """Yield what a container has, with the dollars of an hour of it."""
        rates, resources = self._state.options.rates, container.definition.resources
        cores = resources.milli_cpu / 1000 or LEAST_CORES
        yield "CPU", Decimal(rates.get("cpu_hour_cost", "0")) * Decimal(repr(cores))
        memory_gib = (resources.memory_mb or LEAST_MIB) / 1024
        yield "Memory", Decimal(rates.get("mem_gib_hour_cost", "0")) * Decimal(repr(memory_gib))
        if container.gpu:
            kind, _, count = container.gpu.partition(":")
            spelt = kind.rstrip("!+").lower().replace("-", "_")
            rate = rates.get(_GPU_RATE + _GPU_SPELT.get(spelt, spelt), "0")
            yield kind, Decimal(rate) * int(count or 1)

    def costs(self) -> dict[str, Decimal]:
        """Return what every app has cost until now, by name; apps of one name together."""
        total: dict[str, Decimal] = {}
        for app in self._state.apps.values():
            usd = sum(self._parts(app, 0.0, self._state.clock.now()).values(), Decimal(0))
            total[app.name] = total.get(app.name, Decimal(0)) + usd
        return total


def _tags(app: App, request: api_pb2.WorkspaceBillingReportRequest) -> dict[str, str]:
    wanted = set(request.tag_names)
    return {name: value for name, value in app.tags.items() if name in wanted or "*" in wanted}
