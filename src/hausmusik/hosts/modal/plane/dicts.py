"""`modal.Dict`: named maps that clients and containers share. Keys and values are bytes, never unpickled."""

from __future__ import annotations

from collections.abc import AsyncIterator

from google.protobuf.empty_pb2 import Empty
from grpclib import GRPCError, Status
from modal_proto import api_pb2

from hausmusik.hosts.modal.plane.messages import make
from hausmusik.hosts.modal.plane.routes import Routes
from hausmusik.hosts.modal.plane.state import State, found


class Dicts:
    """Dicts.

    Args:
        state: Gives ids.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._dicts: dict[str, dict[bytes, bytes]] = {}
        self._names: dict[str, str] = {}

    def routes(self) -> Routes:
        """Return what is answered here."""
        return Routes(
            unary={
                "DictGetOrCreate": self.get_or_create,
                "DictDelete": self.delete,
                "DictGet": self.get,
                "DictContains": self.contains,
                "DictLen": self.len,
                "DictUpdate": self.update,
                "DictPop": self.pop,
                "DictClear": self.clear,
                "DictHeartbeat": self.heartbeat,
            },
            streams={"DictContents": self.contents},
        )

    def _of(self, dict_id: str) -> dict[bytes, bytes]:
        return found(self._dicts, dict_id, "dict")

    async def get_or_create(self, request: api_pb2.DictGetOrCreateRequest) -> api_pb2.DictGetOrCreateResponse:
        """Find a dict or make one."""
        name = request.deployment_name
        dict_id = self._names.get(name) if name else None
        if dict_id is None:
            if request.object_creation_type == api_pb2.OBJECT_CREATION_TYPE_UNSPECIFIED:
                raise GRPCError(Status.NOT_FOUND, f"the local plane has no dict named {name!r}")
            dict_id = self._state.new_id("di")
            self._dicts[dict_id] = {each.key: each.value for each in request.data}
            if name:
                self._names[name] = dict_id
        metadata = make(api_pb2.DictMetadata, name=name)
        return make(api_pb2.DictGetOrCreateResponse, dict_id=dict_id, metadata=metadata)

    async def delete(self, request: api_pb2.DictDeleteRequest) -> Empty:
        """Delete a dict."""
        self._of(request.dict_id)
        del self._dicts[request.dict_id]
        self._names = {name: each for name, each in self._names.items() if each != request.dict_id}
        return Empty()

    async def get(self, request: api_pb2.DictGetRequest) -> api_pb2.DictGetResponse:
        """Look a key up."""
        value = self._of(request.dict_id).get(request.key)
        return make(api_pb2.DictGetResponse, found=value is not None, value=value or b"")

    async def contains(self, request: api_pb2.DictContainsRequest) -> api_pb2.DictContainsResponse:
        """Say whether a key is there."""
        return make(api_pb2.DictContainsResponse, found=request.key in self._of(request.dict_id))

    async def len(self, request: api_pb2.DictLenRequest) -> api_pb2.DictLenResponse:
        """Count the keys."""
        return make(api_pb2.DictLenResponse, len=len(self._of(request.dict_id)))

    async def update(self, request: api_pb2.DictUpdateRequest) -> api_pb2.DictUpdateResponse:
        """Set keys; with `if_not_exists` only those that are not there."""
        entries = self._of(request.dict_id)
        created = any(each.key not in entries for each in request.updates)
        for each in request.updates:
            if not (request.if_not_exists and each.key in entries):
                entries[each.key] = each.value
        return make(api_pb2.DictUpdateResponse, created=created)

    async def pop(self, request: api_pb2.DictPopRequest) -> api_pb2.DictPopResponse:
        """Take a key out."""
        value = self._of(request.dict_id).pop(request.key, None)
        return make(api_pb2.DictPopResponse, found=value is not None, value=value or b"")

    async def clear(self, request: api_pb2.DictClearRequest) -> Empty:
        """Take all keys out."""
        self._of(request.dict_id).clear()
        return Empty()

    async def heartbeat(self, request: api_pb2.DictHeartbeatRequest) -> Empty:  # noqa: ARG002
        """Do nothing: dicts live as long as the plane."""
        return Empty()

    async def contents(self, request: api_pb2.DictContentsRequest) -> AsyncIterator[api_pb2.DictEntry]:
        """Stream keys, values or both."""
        for key, value in list(self._of(request.dict_id).items()):
            yield make(api_pb2.DictEntry, key=key if request.keys else b"", value=value if request.values else b"")
