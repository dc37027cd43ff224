"""From plain methods of services to the handlers of a gRPC server: callers are checked, calls counted, errors told.

A service names the RPCs it answers in a `Routes`; all others are UNIMPLEMENTED. Knows nothing of what they do.
"""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import grpclib.const
import grpclib.server
import modal  # noqa: F401 # pyright: ignore[reportUnusedImport] - before api_grpc, whose imports go in a circle
from grpclib import GRPCError, Status
from modal_proto import api_grpc

from hausmusik.hosts.modal.plane.state import State
from hausmusik.hosts.modal.plane.work import Container

KEY_HEADER: Final = "x-hausmusik-container"

Unary: TypeAlias = Callable[[Any], Awaitable[Any]]
Stream: TypeAlias = Callable[[Any], AsyncIterator[Any]]
Contained: TypeAlias = Callable[[Any, Container], Awaitable[Any]]


@dataclass(frozen=True)
class Routes:
    """What a service answers, by the RPC's name.

    Args:
        unary: One request, one answer.
        streams: One request, many answers.
        contained: One request, one answer; only for containers, and given the one that asks.
    """

    unary: Mapping[str, Unary] = field(default_factory=dict[str, Unary])
    streams: Mapping[str, Stream] = field(default_factory=dict[str, Stream])
    contained: Mapping[str, Contained] = field(default_factory=dict[str, Contained])


class Router:
    """A gRPC service made of routes.

    Args:
        state: Whose token is asked for, and where calls are counted.
        routes: Of all services.
    """

    def __init__(self, state: State, routes: Iterable[Routes]) -> None:
        self._state = state
        self._unary: dict[str, Unary] = {}
        self._streams: dict[str, Stream] = {}
        self._contained: dict[str, Contained] = {}
        for each in routes:
            self._unary.update(each.unary)
            self._streams.update(each.streams)
            self._contained.update(each.contained)

    def __mapping__(self) -> dict[str, grpclib.const.Handler]:
        """Return every RPC of the SDK with its handler, as grpclib wants it."""
        abstract = dict.fromkeys(api_grpc.ModalClientBase.__abstractmethods__, _abstract)
        every: Mapping[str, grpclib.const.Handler] = type(
            "Every", (api_grpc.ModalClientBase,), abstract
        )().__mapping__()
        return {path: handler._replace(func=self._handler(path.rpartition("/")[2])) for path, handler in every.items()}

    def _handler(self, name: str) -> Callable[[grpclib.server.Stream[Any, Any]], Awaitable[None]]:
        async def handle(stream: grpclib.server.Stream[Any, Any]) -> None:
            self._state.rpcs[name] += 1
            container = self._caller(stream.metadata or {})
            request = await stream.recv_message()
            if name in self._state.options.denied:
                raise GRPCError(Status.PERMISSION_DENIED, f"this account may not use {name}")
            try:
                if (unary := self._unary.get(name)) is not None:
                    await stream.send_message(await unary(request))
                elif (streamed := self._streams.get(name)) is not None:
                    async for answer in streamed(request):
                        await stream.send_message(answer)
                elif (contained := self._contained.get(name)) is not None:
                    if container is None:
                        raise GRPCError(Status.PERMISSION_DENIED, f"{name} is for containers")
                    await stream.send_message(await contained(request, container))
                else:
                    self._state.unimplemented[name] += 1
                    raise GRPCError(Status.UNIMPLEMENTED, f"the local plane does not answer {name}")
            except OSError as error:  # a full disk, a folder that has gone
                raise GRPCError(
                    Status.FAILED_PRECONDITION, f"the local plane's folder cannot be used: {error.strerror or error}"
                ) from error

        return handle

    def _caller(self, metadata: Mapping[str, Any]) -> Container | None:
        """Return the container that calls; None: a client with the right token. Everybody else is refused."""
        if (container := self._state.keys.get(str(metadata.get(KEY_HEADER)))) is not None:
            return container
        shown = (str(metadata.get("x-modal-token-id")), str(metadata.get("x-modal-token-secret")))
        if all(hmac.compare_digest(mine, theirs) for mine, theirs in zip(self._state.token, shown, strict=True)):
            return None
        raise GRPCError(Status.UNAUTHENTICATED, "this is a local plane, and the token is not its own")


async def _abstract(self: object, stream: object) -> None:
    """Stand in for a handler while the list of all of them is made."""
