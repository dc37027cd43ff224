"""The plane itself: a gRPC and an HTTP server on the loopback interface, in a thread with an event loop of its own.

The only wiring of the services, and the only way in for other threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from weakref import WeakSet

import grpclib.server
import modal
from aiohttp import web
from grpclib.protocol import H2Protocol
from modal._utils.grpc_utils import custom_detail_codec
from modal_proto import api_pb2

from hausmusik.atomic import private_folder
from hausmusik.errors import StoreError, UsageError
from hausmusik.hosts.modal.plane.apps import Apps
from hausmusik.hosts.modal.plane.billing import Billing
from hausmusik.hosts.modal.plane.blobs import Blobs
from hausmusik.hosts.modal.plane.calls import Calls
from hausmusik.hosts.modal.plane.clock import PlaneClock
from hausmusik.hosts.modal.plane.declared import Declared
from hausmusik.hosts.modal.plane.faults import FaultSeen
from hausmusik.hosts.modal.plane.functions import Functions
from hausmusik.hosts.modal.plane.images import Images
from hausmusik.hosts.modal.plane.inputs import Inputs
from hausmusik.hosts.modal.plane.mounts import Mounts
from hausmusik.hosts.modal.plane.options import PlaneOptions
from hausmusik.hosts.modal.plane.pools import Pools
from hausmusik.hosts.modal.plane.reading import declared_of
from hausmusik.hosts.modal.plane.records import BuildSeen, CallSeen, ContainerLife
from hausmusik.hosts.modal.plane.routes import Router
from hausmusik.hosts.modal.plane.secrets import Secrets
from hausmusik.hosts.modal.plane.state import Secret, State
from hausmusik.hosts.modal.plane.variants import Variants
from hausmusik.hosts.modal.plane.volumes import Volumes
from hausmusik.hosts.modal.plane.web import WebFaces

T = TypeVar("T")

_FOLDERS = ("files", "blobs", "trees", "volumes", "containers")


class Plane:
    """A local control plane, between `with` and its end.

    What it knows can be asked for from any thread, also after it has ended.

    Args:
        folder: Where its files go; made if it is missing, best empty. Nothing in it is removed.
        options: How it runs what is deployed.
    """

    def __init__(self, folder: Path, options: PlaneOptions | None = None) -> None:
        self._folder = folder.absolute()
        self._options = options or PlaneOptions()
        self._state: State | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None
        self._client: modal.Client | None = None
        self._looking = threading.Lock()

    def __enter__(self) -> Self:
        """Start it.

        Raises:
            StoreError: the folder cannot be written.
            UsageError: it was started before.
        """
        if self._state is not None:
            raise UsageError("a plane is started once", hint="make a new one")
        try:
            for name in _FOLDERS:
                private_folder(self._folder / name)
            (self._folder / "modal.toml").touch()
        except OSError as error:
            raise StoreError(
                f"the local plane cannot write its folder {self._folder}: {error.strerror or error}",
                hint="choose another folder, or make room",
            ) from error
        options = self._options
        self._state = State(self._folder, options, PlaneClock(options.time_factor))
        for name, values in options.secrets.items():
            self._state.secrets[self._state.new_id("st")] = Secret(name, dict(values))
        started: Future[None] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(self._known, started)), name="modal-plane", daemon=True
        )
        self._thread.start()
        started.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it, with every container."""
        self.close()

    def close(self) -> None:
        """Kill every container and whatever it has started, and give back thread, sockets and ports; safe twice."""
        if self._client is not None:
            with contextlib.suppress(Exception):
                self._client.__exit__(None, None, None)
            self._client = None
        with self._looking:  # nobody waits for an answer of a loop that has ended
            if self._thread is not None and self._loop is not None and self._end is not None:
                self._loop.call_soon_threadsafe(self._end.set)
                self._thread.join()
                self._thread = None

    @property
    def url(self) -> str:
        """Where the SDK finds it: `http://127.0.0.1:port`."""
        return self._known.grpc_url

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self._folder

    def variables(self) -> dict[str, str]:
        """Return the variables with which an SDK in another process reaches this plane and nothing else.

        They are all that the process may have of MODAL_*.
        """
        token_id, token_secret = self._known.token
        return {
            "MODAL_SERVER_URL": self.url,
            "MODAL_TOKEN_ID": token_id,
            "MODAL_TOKEN_SECRET": token_secret,
            "MODAL_CONFIG_PATH": str(self._folder / "modal.toml"),
            "MODAL_ENVIRONMENT": "main",
        }

    def client(self) -> modal.Client:
        """Return an SDK client of this plane, whatever the environment says; it is closed with the plane."""
        if self._client is None:
            self._client = modal.Client(self.url, api_pb2.CLIENT_TYPE_CLIENT, self._known.token)
            self._client.__enter__()
        return self._client

    def proxy_headers(self) -> dict[str, str]:
        """Return the headers with which web faces that require proxy authorisation let a caller in."""
        key, secret = self._known.proxy_token
        return {"Modal-Key": key, "Modal-Secret": secret}

    def declared(self) -> tuple[Declared, ...]:
        """Return every function and class that is deployed, by app and name."""
        return self._read(
            lambda state: tuple(
                declared_of(state, state.functions[app.function_ids[tag]])
                for _, app in sorted(state.deployed.items())
                for tag in sorted(app.function_ids)
            )
        )

    def lives(self) -> tuple[ContainerLife, ...]:
        """Return every container that was ever started, in that order."""
        return self._read(
            lambda state: tuple(
                ContainerLife(
                    id=each.id,
                    app=each.pool.function.app.name,
                    function=each.pool.function.name,
                    gpu=each.gpu,
                    spawned_at=each.spawned_at,
                    ready_at=each.ready_at,
                    leaving_at=each.leaving_at,
                    ended_at=each.ended_at,
                    why=each.why if each.ended_at is not None else None,
                    inputs=each.answered,
                )
                for each in state.containers.values()
            )
        )

    def costs(self) -> dict[str, Decimal]:
        """Return what the containers of each app have cost until now, by the app's name, in dollars."""
        return self._read(lambda state: Billing(state).costs())

    def calls(self) -> tuple[CallSeen, ...]:
        """Return every call, in the order in which they began."""
        return self._read(
            lambda state: tuple(
                CallSeen(
                    id=each.id,
                    app=each.function.app.name,
                    function=each.function.name,
                    method=next((item.message.method_name for item in each.inputs.values()), ""),
                    inputs=len(each.inputs),
                    deliveries=sum(item.deliveries for item in each.inputs.values()),
                    outcomes=tuple(
                        api_pb2.GenericResult.GenericStatus.Name(item.output.result.status)
                        .removeprefix("GENERIC_STATUS_")
                        .lower()
                        for item in each.inputs.values()
                        if item.output is not None
                    ),
                )
                for each in state.calls.values()
            )
        )

    def builds(self) -> tuple[BuildSeen, ...]:
        """Return every build function that came up, in that order."""
        return self._read(lambda state: tuple(state.builds))

    def faults_seen(self) -> tuple[FaultSeen, ...]:
        """Return the faults that happened, in that order."""
        return self._read(lambda state: tuple(state.faults_seen))

    def volumes(self) -> dict[str, Path]:
        """Return the real folder of each named volume."""
        return self._read(lambda state: {each.name: each.folder for each in state.volumes.values() if each.name})

    def commits(self) -> dict[str, int]:
        """Return how often each named volume was committed."""
        return self._read(lambda state: {each.name: each.commits for each in state.volumes.values() if each.name})

    def snapshots(self) -> tuple[str, ...]:
        """Return the containers that said they could be snapshotted, in that order."""
        return self._read(lambda state: tuple(state.checkpoints))

    def logs(self, app: str) -> str:
        """Return what the containers of the newest app of a name printed, in the order in which it came."""
        return self._read(
            lambda state: "".join(
                entry.text
                for each in [each for each in state.apps.values() if each.name == app][-1:]
                for entry in each.logs.after(0)
            )
        )

    def rpcs(self) -> Mapping[str, int]:
        """Return how often each RPC was called."""
        return self._read(lambda state: Counter(state.rpcs))

    def unimplemented(self) -> Mapping[str, int]:
        """Return how often each RPC was called that the plane does not answer."""
        return self._read(lambda state: Counter(state.unimplemented))

    def now(self) -> float:
        """Return the plane's time in unix seconds."""
        return self._known.clock.now()

    @property
    def _known(self) -> State:
        if self._state is None:
            raise UsageError("the plane is not started", hint="use it in a `with` statement")
        return self._state

    def _read(self, look: Callable[[State], T]) -> T:
        """Look at the state in the loop's thread; when that has ended, nothing changes any more."""
        state = self._known

        async def looked() -> T:
            return look(state)

        if threading.current_thread() is self._thread:
            return look(state)
        with self._looking:
            if self._thread is None or self._loop is None:
                return look(state)
            return asyncio.run_coroutine_threadsafe(looked(), self._loop).result()

    async def _serve(self, state: State, started: Future[None]) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        pools = Pools(state)
        calls, variants, blobs = Calls(state, pools), Variants(state), Blobs(state)
        services = (
            *(
                Apps(state, pools, variants),
                Functions(state, pools, variants),
                variants,
                Images(state, pools, calls),
                calls,
            ),
            *(Inputs(state, pools), Mounts(state), blobs, Volumes(state), Secrets(state)),
            Billing(state),
        )
        http = web.Application()
        http.add_routes([*blobs.http(), *WebFaces(state, calls, variants).http()])
        runner = web.AppRunner(http, access_log=None, handler_cancellation=True)
        router = Router(state, [each.routes() for each in services])
        server = _Server([router], status_details_codec=custom_detail_codec)
        try:
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            state.http_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            # With the protocol named, asyncio sends small answers at once (TCP_NODELAY); else each takes 40 ms.
            listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            listening.bind(("127.0.0.1", 0))
            state.grpc_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            await server.start(sock=listening)
            pools.begin_storms()
        except Exception as error:  # noqa: BLE001 - whatever it is
            started.set_exception(error)  # raised where it was started
        else:
            started.set_result(None)
            await self._end.wait()
        finally:
            await pools.fleet.close()
            server.close()
            await server.wait_closed()
            server.hang_up()
            await runner.cleanup()


class _Server(grpclib.server.Server):
    """Also ends its connections, which the library leaves to the callers: when the loop has ended nobody can."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._protocols: WeakSet[H2Protocol] = WeakSet()

    def _protocol_factory(self) -> H2Protocol:
        protocol = super()._protocol_factory()
        self._protocols.add(protocol)
        return protocol

    def hang_up(self) -> None:
        for each in tuple(self._protocols):
            each.connection.close()
