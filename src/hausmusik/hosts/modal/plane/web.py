"""Web faces: an HTTP request becomes a call with ASGI messages, and the messages that come back become the response.

Streams both ways. Proxy authorisation is checked here, as Modal's proxy does. No WebSockets.
"""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web
from modal._serialization import (
    deserialize_data_format,  # pyright: ignore[reportUnknownVariableType] - of its client, which we have none of
    serialize_data_format,
)
from modal_proto import api_pb2

from hausmusik.hosts.modal.plane.calls import Calls
from hausmusik.hosts.modal.plane.state import State
from hausmusik.hosts.modal.plane.variants import Variants
from hausmusik.hosts.modal.plane.work import Call, Input

_CHUNK_BYTES = 1024 * 1024
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "upgrade"})


class WebFaces:
    """Web faces of functions.

    Args:
        state: Where they are kept.
        calls: Makes calls.
        variants: Gives the binding of a class that serves.
    """

    def __init__(self, state: State, calls: Calls, variants: Variants) -> None:
        self._state = state
        self._calls = calls
        self._variants = variants

    def http(self) -> list[web.RouteDef]:
        """Return what is answered here over HTTP."""
        return [web.route("*", "/web/{label}{path:(/.*)?}", self.serve)]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request from a container."""
        face = self._state.web.get(request.match_info["label"])
        if face is None or not face[0].current:
            return web.Response(status=404, text="modal-http: app for invoked web endpoint is stopped")
        function, method = face
        definition = function.definition
        config = (definition.method_definitions[method] if method else definition).webhook_config
        if config.requires_proxy_auth and not self._authorised(request):
            return web.Response(status=401, text="modal-http: missing or wrong credentials for proxy authorization")
        call = self._calls.begin(self._variants.plain(function), api_pb2.FUNCTION_CALL_INVOCATION_TYPE_SYNC)
        arguments = serialize_data_format(((_scope(request),), {}), api_pb2.DATA_FORMAT_PICKLE)
        message = api_pb2.FunctionInput(args=arguments, data_format=api_pb2.DATA_FORMAT_PICKLE, method_name=method)
        try:
            item = self._calls.add(call, 0, message)
            async for part in _parts(request):
                _say(call, part)
            return await self._respond(request, call, item)
        except BaseException:  # most often because the client has gone
            self._calls.cancel(call)
            raise
        finally:
            _say(call, {"type": "http.disconnect"})

    def _authorised(self, request: web.Request) -> bool:
        shown = (request.headers.get("Modal-Key", ""), request.headers.get("Modal-Secret", ""))
        return all(hmac.compare_digest(a, b) for a, b in zip(self._state.proxy_token, shown, strict=True))

    async def _respond(self, request: web.Request, call: Call, item: Input) -> web.StreamResponse:
        response: web.StreamResponse | None = None
        async for message in self._messages(call, item):
            if message["type"] == "http.response.start":
                response = web.StreamResponse(status=message["status"])
                for name, value in message.get("headers", ()):
                    if _text(name).lower() not in _HOP:
                        response.headers.add(_text(name), _text(value))
                await response.prepare(request)
            elif message["type"] == "http.response.body" and response is not None:
                await response.write(message.get("body", b""))
                if not message.get("more_body"):
                    await response.write_eof()
                    return response
        if response is None:
            error = item.output.result.exception if item.output is not None else ""
            return web.Response(status=500, text=f"modal-http: internal error: {error}")
        raise ConnectionResetError("the container was lost in the middle of its answer")

    async def _messages(self, call: Call, item: Input) -> AsyncIterator[dict[str, Any]]:
        """Yield what the app says, until its input is answered and nothing more is there."""
        seen = 0
        while True:
            while seen < len(call.data_out):
                chunk = call.data_out[seen]
                seen += 1
                data = self._state.blob(chunk.data_blob_id).read_bytes() if chunk.data_blob_id else chunk.data
                yield deserialize_data_format(data, chunk.data_format, None)
            if item.output is not None:
                return
            await call.bell.heard()


async def _parts(request: web.Request) -> AsyncIterator[dict[str, Any]]:
    """Yield the request's body as ASGI messages."""
    async for chunk in request.content.iter_chunked(_CHUNK_BYTES):
        yield {"type": "http.request", "body": chunk, "more_body": True}
    yield {"type": "http.request", "body": b"", "more_body": False}


def _say(call: Call, message: dict[str, Any]) -> None:
    data = serialize_data_format(message, api_pb2.DATA_FORMAT_ASGI)
    index = len(call.data_in) + 1
    call.data_in.append(api_pb2.DataChunk(index=index, data_format=api_pb2.DATA_FORMAT_ASGI, data=data))
    call.bell.ring()


def _scope(request: web.Request) -> dict[str, Any]:
    """Return an ASGI scope. Source: the ASGI specification, HTTP connection scope, version 2.3."""
    path = request.match_info["path"] or "/"
    return {
        "type": "http",
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": request.query_string.encode(),
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.raw_headers],
        "client": ("127.0.0.1", 1),
        "server": None,
    }


def _text(value: bytes | str) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
