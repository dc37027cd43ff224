"""Apps: created, published, listed, stopped; their logs; and the greetings of clients. Knows nothing of functions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from hausmusik.hosts.modal.plane.layouts import layout_of
from hausmusik.hosts.modal.plane.logs import LogBook, LogEntry
from hausmusik.hosts.modal.plane.messages import make
from hausmusik.hosts.modal.plane.pools import Pools
from hausmusik.hosts.modal.plane.routes import Routes
from hausmusik.hosts.modal.plane.state import App, State, found
from hausmusik.hosts.modal.plane.variants import Variants

_BUILDER_VERSION = "2025.06"
"""Of images; one that all supported SDKs know."""
_SILENCE_S = 60.0
"""Real seconds without a sign of a client; the SDK gives one every 15."""


class Apps:
    """Apps and their logs.

    Args:
        state: Where they are kept.
        pools: What runs them.
        variants: Gives the binding of a class that is kept warm.
    """

    def __init__(self, state: State, pools: Pools, variants: Variants) -> None:
        self._state = state
        self._pools = pools
        self._variants = variants

    def routes(self) -> Routes:
        """Return what is answered here."""
        return Routes(
            unary={
                "ClientHello": self.hello,
                "EnvironmentGetOrCreate": self.environment,
                "AppCreate": self.create,
                "AppGetOrCreate": self.get_or_create,
                "AppGetByDeploymentName": self.by_name,
                "AppGetLayout": self.layout,
                "AppPublish": self.publish,
                "AppHeartbeat": self.heartbeat,
                "AppClientDisconnect": self.disconnect,
                "AppStop": self.stop,
                "AppList": self.list,
                "AppGetTags": self.tags,
                "AppFetchLogs": self.fetch_logs,
                "TaskList": self.tasks,
            },
            streams={"AppGetLogs": self.logs},
        )

    async def hello(self, request: Empty) -> api_pb2.ClientHelloResponse:  # noqa: ARG002
        """Greet a client."""
        return api_pb2.ClientHelloResponse()

    async def environment(
        self, request: api_pb2.EnvironmentGetOrCreateRequest
    ) -> api_pb2.EnvironmentGetOrCreateResponse:
        """Pretend that any environment exists; they are all the same one."""
        settings = make(api_pb2.EnvironmentSettings, image_builder_version=_BUILDER_VERSION)
        metadata = make(api_pb2.EnvironmentMetadata, name=request.deployment_name or "main", settings=settings)
        return make(api_pb2.EnvironmentGetOrCreateResponse, environment_id="en-1", metadata=metadata)

    async def create(self, request: api_pb2.AppCreateRequest) -> api_pb2.AppCreateResponse:
        """Make an app, for a deployment or for one client."""
        app = self._new(request.description, request.app_state)
        self._listen_for(app)
        return make(api_pb2.AppCreateResponse, app_id=app.id, app_page_url=f"{self._state.http_url}/apps/{app.id}")

    def _new(self, name: str, state: int) -> App:
        app = App(self._state.new_id("ap"), name, state, self._state.clock.now(), LogBook(time.time))
        self._state.apps[app.id] = app
        return app

    async def get_or_create(self, request: api_pb2.AppGetOrCreateRequest) -> api_pb2.AppGetOrCreateResponse:
        """Find a deployed app, or make one."""
        create = request.object_creation_type == api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING
        if create and request.app_name not in self._state.deployed:
            self._state.deployed[request.app_name] = self._new(request.app_name, api_pb2.APP_STATE_DEPLOYED)
        return make(api_pb2.AppGetOrCreateResponse, app_id=self._state.deployed_app(request.app_name).id)

    async def by_name(self, request: api_pb2.AppGetByDeploymentNameRequest) -> api_pb2.AppGetByDeploymentNameResponse:
        """Find a deployed app; an empty id says that there is none."""
        app = self._state.deployed.get(request.name)
        return make(api_pb2.AppGetByDeploymentNameResponse, app_id=app.id if app else "")

    async def layout(self, request: api_pb2.AppGetLayoutRequest) -> api_pb2.AppGetLayoutResponse:
        """Return an app's functions and classes."""
        app = found(self._state.apps, request.app_id, "app")
        return make(api_pb2.AppGetLayoutResponse, app_layout=layout_of(self._state, app))

    async def publish(self, request: api_pb2.AppPublishRequest) -> api_pb2.AppPublishResponse:
        """Make an app's functions callable, in place of those it had."""
        app = found(self._state.apps, request.app_id, "app")
        app.function_ids, app.class_ids = dict(request.function_ids), dict(request.class_ids)
        app.state = request.app_state
        app.tags = dict(request.tags)
        app.version += 1
        if request.app_state == api_pb2.APP_STATE_DEPLOYED:
            app.name = request.name
            self._state.deployed[app.name] = app
        functions = [found(self._state.functions, each, "function") for each in app.function_ids.values()]
        self._pools.published(app, [self._variants.plain(each) for each in functions])
        url = f"{self._state.http_url}/apps/{app.id}"
        return make(api_pb2.AppPublishResponse, url=url, deployed_at=self._state.clock.now())

    async def tags(self, request: api_pb2.AppGetTagsRequest) -> api_pb2.AppGetTagsResponse:
        """Return what an app was tagged with when it was deployed."""
        return make(api_pb2.AppGetTagsResponse, tags=found(self._state.apps, request.app_id, "app").tags)

    async def heartbeat(self, request: api_pb2.AppHeartbeatRequest) -> Empty:
        """Hear that an app's client is there."""
        self._listen_for(found(self._state.apps, request.app_id, "app"))
        return Empty()

    def _listen_for(self, app: App) -> None:
        """End an app that runs for one client when nothing is heard of the client for a while."""
        if app.silence is not None:
            app.silence.cancel()
        if app.state == api_pb2.APP_STATE_EPHEMERAL:
            app.silence = asyncio.get_running_loop().call_later(_SILENCE_S, lambda: self._pools.stop_app(app))

    async def disconnect(self, request: api_pb2.AppClientDisconnectRequest) -> Empty:
        """End an app that ran for this client alone."""
        app = found(self._state.apps, request.app_id, "app")
        if app.state == api_pb2.APP_STATE_EPHEMERAL:
            self._pools.stop_app(app)
        self._listen_for(app)
        return Empty()

    async def stop(self, request: api_pb2.AppStopRequest) -> Empty:
        """End an app and forget its deployment."""
        app = found(self._state.apps, request.app_id, "app")
        if self._state.deployed.get(app.name) is app:
            del self._state.deployed[app.name]
        self._pools.stop_app(app)
        return Empty()

    async def list(self, request: api_pb2.AppListRequest) -> api_pb2.AppListResponse:  # noqa: ARG002
        """Return all apps, with the number of their containers."""
        items = [
            make(
                api_pb2.AppListResponse.AppListItem,
                app_id=app.id,
                name=app.name,
                description=app.name,
                state=app.state,
                created_at=app.created_at,
                n_running_tasks=len(self._running(app.id)),
            )
            for app in self._state.apps.values()
        ]
        return make(api_pb2.AppListResponse, apps=items)

    async def tasks(self, request: api_pb2.TaskListRequest) -> api_pb2.TaskListResponse:
        """Return the living containers, of one app or of all."""
        return make(api_pb2.TaskListResponse, tasks=self._running(request.app_id))

    def _running(self, app_id: str) -> list[api_pb2.TaskStats]:
        return [
            make(
                api_pb2.TaskStats,
                task_id=each.id,
                app_id=each.pool.function.app.id,
                app_description=each.pool.function.app.name,
                enqueued_at=each.spawned_at,
                started_at=each.ready_at or 0.0,
            )
            for each in self._state.containers.values()
            if each.ended_at is None and app_id in ("", each.pool.function.app.id)
        ]

    async def logs(self, request: api_pb2.AppGetLogsRequest) -> AsyncIterator[api_pb2.TaskLogsBatch]:
        """Follow what an app's containers print, until the request's time is over or the app."""
        app = found(self._state.apps, request.app_id, "app")
        seen = int(request.last_entry_id or 0)
        ends_s = time.monotonic() + request.timeout
        while True:
            entries = app.logs.after(seen, container=request.task_id, function=request.function_id)
            for entry in entries:
                seen = entry.number
                yield _batch(entry)
            if app.stopped and not self._running(app.id) and not entries:
                yield make(api_pb2.TaskLogsBatch, app_done=True)
                return
            # Containers end without a ring of this bell, hence the second look every now and then.
            if not entries and not await app.logs.bell.heard(0.2) and time.monotonic() > ends_s:
                return

    async def fetch_logs(self, request: api_pb2.AppFetchLogsRequest) -> api_pb2.AppFetchLogsResponse:
        """Return what an app's containers printed in a span of time, the newest if there is more than asked for."""
        app = found(self._state.apps, request.app_id, "app")
        since_s, until_s = request.since.ToNanoseconds() / 1e9, request.until.ToNanoseconds() / 1e9
        entries = [
            each
            for each in app.logs.after(0, container=request.task_id, function=request.function_id)
            if since_s <= each.at_s <= until_s and request.search_text in each.text
        ]
        return make(
            api_pb2.AppFetchLogsResponse, batches=[_batch(each) for each in entries[-(request.limit or 1000) :]]
        )


def _batch(entry: LogEntry) -> api_pb2.TaskLogsBatch:
    item = api_pb2.TaskLogs(data=entry.text, timestamp=entry.at_s, file_descriptor=api_pb2.FILE_DESCRIPTOR_STDOUT)
    return make(
        api_pb2.TaskLogsBatch,
        task_id=entry.container,
        function_id=entry.function,
        entry_id=str(entry.number),
        items=[item],
    )
