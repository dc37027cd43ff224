"""What a plane knows: apps, functions, images, volumes, secrets, files. One object that all services share.

Holds and finds, decides nothing. Lives in the plane's event loop; other threads read it through `Plane` alone.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from grpclib import GRPCError, Status
from modal_proto import api_pb2

from hausmusik.hosts.modal.plane.clock import PlaneClock
from hausmusik.hosts.modal.plane.faults import FaultKind, FaultSeen
from hausmusik.hosts.modal.plane.logs import LogBook
from hausmusik.hosts.modal.plane.options import PlaneOptions
from hausmusik.hosts.modal.plane.records import BuildSeen
from hausmusik.hosts.modal.plane.work import Call, Container, Input

T = TypeVar("T")


@dataclass(eq=False)
class App:
    """An app, deployed under a name or running for one client."""

    id: str
    name: str
    state: int
    created_at: float
    logs: LogBook
    function_ids: dict[str, str] = field(default_factory=dict[str, str])
    class_ids: dict[str, str] = field(default_factory=dict[str, str])
    tags: dict[str, str] = field(default_factory=dict[str, str])
    version: int = 0
    silence: asyncio.TimerHandle | None = None

    @property
    def stopped(self) -> bool:
        """Whether it will run nothing any more."""
        return self.state == api_pb2.APP_STATE_STOPPED


@dataclass(eq=False)
class Function:
    """A function, a class's service function, or one of them bound to parameters and options.

    Args:
        id: Its object id.
        app: Where it belongs.
        definition: As declared; of a `gpu` list the first choice.
        gpus: All choices of GPU in their order, as Modal spells them; empty: none.
        ranked: The request of a `gpu` list, which the SDK wants back.
        base: What it was bound from.
        binding: The request that bound it.
    """

    id: str
    app: App
    definition: api_pb2.Function
    gpus: tuple[str, ...] = ()
    ranked: api_pb2.FunctionData | None = None
    base: Function | None = None
    binding: api_pb2.FunctionBindParamsRequest | None = None

    @property
    def name(self) -> str:
        """The function's or class's name."""
        return self.definition.function_name.removesuffix(".*")

    @property
    def current(self) -> bool:
        """Whether it, or what it was bound from, is in its app's latest version."""
        return (self.base or self).id in self.app.function_ids.values() and not self.app.stopped


@dataclass(eq=False)
class Image:
    """One layer of an image and what it was built on."""

    definition: api_pb2.Image
    build_function: str = ""


@dataclass(eq=False)
class Volume:
    """A volume: a folder."""

    name: str
    folder: Path
    commits: int = 0


@dataclass(eq=False)
class Secret:
    """A secret; its values go nowhere but into a container's environment."""

    name: str
    values: dict[str, str]


@dataclass(eq=False)
class State:
    """Everything one plane knows.

    Args:
        folder: Where its files lie.
        options: How it runs.
        clock: Its time.
        private_path: Under which its files are served; cannot be guessed.
        token: What a client must show.
        proxy_token: What a caller of a guarded web face must show.
        keys: The containers that live, by what they must show.
    """

    folder: Path
    options: PlaneOptions
    clock: PlaneClock
    grpc_url: str = ""
    http_url: str = ""
    private_path: str = field(default_factory=lambda: secrets.token_hex(16))
    token: tuple[str, str] = field(
        default_factory=lambda: (f"ak-{secrets.token_hex(8)}", f"as-{secrets.token_hex(16)}")
    )
    proxy_token: tuple[str, str] = field(
        default_factory=lambda: (f"wk-{secrets.token_hex(8)}", f"ws-{secrets.token_hex(16)}")
    )
    apps: dict[str, App] = field(default_factory=dict[str, App])
    deployed: dict[str, App] = field(default_factory=dict[str, App])
    functions: dict[str, Function] = field(default_factory=dict[str, Function])
    images: dict[str, Image] = field(default_factory=dict[str, Image])
    builds: list[BuildSeen] = field(default_factory=list[BuildSeen])
    volumes: dict[str, Volume] = field(default_factory=dict[str, Volume])
    secrets: dict[str, Secret] = field(default_factory=dict[str, Secret])
    mounts: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    web: dict[str, tuple[Function, str]] = field(default_factory=dict[str, tuple[Function, str]])
    calls: dict[str, Call] = field(default_factory=dict[str, Call])
    inputs: dict[str, Input] = field(default_factory=dict[str, Input])
    containers: dict[str, Container] = field(default_factory=dict[str, Container])
    keys: dict[str, Container] = field(default_factory=dict[str, Container])
    checkpoints: list[str] = field(default_factory=list[str])
    rpcs: Counter[str] = field(default_factory=Counter[str])
    unimplemented: Counter[str] = field(default_factory=Counter[str])
    faults_seen: list[FaultSeen] = field(default_factory=list[FaultSeen])
    _numbers: dict[str, itertools.count[int]] = field(
        default_factory=lambda: defaultdict[str, "itertools.count[int]"](itertools.count)
    )

    def new_id(self, kind: str) -> str:
        """Return a new object id of a kind (`ap`, `fu`, …)."""
        return f"{kind}-{self.number(kind) + 1}"

    def number(self, kind: str) -> int:
        """Return the next number of a kind of event, from 0."""
        return next(self._numbers[kind])

    def saw(self, kind: FaultKind, number: int, subject: str) -> None:
        """Write down that a fault happened."""
        self.faults_seen.append(FaultSeen(kind=kind, at_s=self.clock.now(), number=number, subject=subject))

    @property
    def private_url(self) -> str:
        """Where blobs, blocks and volumes' files are served; nobody can guess it."""
        return f"{self.http_url}/{self.private_path}"

    def file(self, sha256_hex: str) -> Path:
        """Return where a file or block with this hash lies, or would."""
        return self.folder / "files" / bytes.fromhex(sha256_hex).hex()

    def blob(self, blob_id: str) -> Path:
        """Return where a blob lies, or would."""
        return self.folder / "blobs" / blob_id.replace("/", "_")

    def deployed_app(self, name: str) -> App:
        """Return the app deployed under a name.

        Raises:
            GRPCError: NOT_FOUND.
        """
        return found(self.deployed, name, "deployed app")


def found(things: Mapping[str, T], key: str, what: str) -> T:
    """Return what is stored under a key.

    Raises:
        GRPCError: NOT_FOUND.
    """
    try:
        return things[key]
    except KeyError:
        raise GRPCError(Status.NOT_FOUND, f"the local plane has no {what} {key!r}") from None


def by_name(things: Mapping[str, Any], name: str) -> str | None:
    """Return the id of the object with a name; None: there is none, or no name."""
    return next((key for key, thing in things.items() if name and thing.name == name), None)
