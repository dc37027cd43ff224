"""Calls, from the client's side: begun, given inputs, asked for answers, streamed, cancelled."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from google.protobuf.empty_pb2 import Empty
from grpclib import GRPCError, Status
from modal_proto import api_pb2

from hausmusik.hosts.modal.plane.messages import make
from hausmusik.hosts.modal.plane.pools import Pools
from hausmusik.hosts.modal.plane.routes import Routes
from hausmusik.hosts.modal.plane.state import Function, State, found
from hausmusik.hosts.modal.plane.work import Call, Input

_MOST_OUTSTANDING = 1000


class Calls:
    """Calls of functions.

    Args:
        state: Where they are kept.
        pools: What runs them.
    """

    def __init__(self, state: State, pools: Pools) -> None:
        self._state = state
        self._pools = pools

    def routes(self) -> Routes:
        """Return what is answered here."""
        return Routes(
            unary={
                "FunctionMap": self.map,
                "FunctionPutInputs": self.put_inputs,
                "FunctionFinishInputs": self.finish_inputs,
                "FunctionRetryInputs": self.retry_inputs,
                "FunctionGetOutputs": self.get_outputs,
                "FunctionCallFromId": self.from_id,
                "FunctionCallCancel": self.cancel_call,
            },
            streams={"FunctionCallGetDataOut": self.data_out, "FunctionCallGetDataIn": self.data_in},
        )

    # for the plane's own use

    def begin(self, function: Function, invocation: int) -> Call:
        """Begin a call without inputs."""
        call = Call(self._state.new_id("fc"), function, invocation)
        self._state.calls[call.id] = call
        return call

    def add(self, call: Call, index: int, message: api_pb2.FunctionInput) -> Input:
        """Give a call an input, and queue it."""
        item = Input(self._state.new_id("in"), call, index, message)
        call.inputs[index] = self._state.inputs[item.id] = item
        self._pools.put(item)
        return item

    async def answer(self, item: Input) -> api_pb2.FunctionGetOutputsItem:
        """Wait for an input's answer."""
        while item.output is None:
            await item.call.bell.heard()
        return item.output

    def cancel(self, call: Call, *, terminate: bool = False) -> None:
        """Give up what is not done; containers are told, or killed."""
        result = api_pb2.GenericResult(
            status=api_pb2.GenericResult.GENERIC_STATUS_TERMINATED, exception="the call was cancelled"
        )
        queue = self._pools.of(call.function).queue
        for item in [each for each in call.inputs.values() if each.output is None]:
            if item in queue:
                queue.remove(item)
            if (container := item.container) is not None:
                container.cancelled.append(item.id)
                container.bell.ring()
                if terminate:
                    self._pools.fleet.kill(container, "stopped")
            self._pools.settle(item, result)

    # for clients

    async def map(self, request: api_pb2.FunctionMapRequest) -> api_pb2.FunctionMapResponse:
        """Begin a call, most often with its first inputs."""
        function = found(self._state.functions, request.function_id, "function")
        if function.app.stopped:
            raise GRPCError(Status.NOT_FOUND, f"the app {function.app.name!r} was stopped")
        call = self.begin(function, request.function_call_invocation_type)
        return make(
            api_pb2.FunctionMapResponse,
            function_call_id=call.id,
            function_call_jwt=_jwt(id=call.id),
            pipelined_inputs=[self._added(call, each) for each in request.pipelined_inputs],
            retry_policy=function.definition.retry_policy,
            sync_client_retries_enabled=True,
            max_inputs_outstanding=_MOST_OUTSTANDING,
        )

    def _added(self, call: Call, each: api_pb2.FunctionPutInputsItem) -> api_pb2.FunctionPutInputsResponseItem:
        item = self.add(call, each.idx, each.input)
        return make(
            api_pb2.FunctionPutInputsResponseItem,
            idx=each.idx,
            input_id=item.id,
            input_jwt=_jwt(id=item.id, idx=item.index),
        )

    async def put_inputs(self, request: api_pb2.FunctionPutInputsRequest) -> api_pb2.FunctionPutInputsResponse:
        """Give a call more inputs."""
        call = found(self._state.calls, request.function_call_id, "call")
        return make(api_pb2.FunctionPutInputsResponse, inputs=[self._added(call, each) for each in request.inputs])

    async def finish_inputs(self, request: api_pb2.FunctionFinishInputsRequest) -> Empty:  # noqa: ARG002
        """Do nothing: the client counts for itself."""
        return Empty()

    async def retry_inputs(self, request: api_pb2.FunctionRetryInputsRequest) -> api_pb2.FunctionRetryInputsResponse:
        """Queue inputs again that have failed."""
        jwts: list[str] = []
        for each in request.inputs:
            item = found(self._state.inputs, str(_unjwt(each.input_jwt).get("id")), "input")
            if item.output is not None:
                item.output = item.container = None
                item.retry_count = each.retry_count or item.retry_count + 1
                item.losses = item.crashes = 0
                self._pools.put(item)
            jwts.append(each.input_jwt)
        return make(api_pb2.FunctionRetryInputsResponse, input_jwts=jwts)

    async def get_outputs(self, request: api_pb2.FunctionGetOutputsRequest) -> api_pb2.FunctionGetOutputsResponse:
        """Return answers: those of a range of inputs, or those that came after the last one seen."""
        call = found(self._state.calls, request.function_call_id, "call")
        seen = int((request.last_entry_id or "0").partition("-")[0])

        def ready() -> list[api_pb2.FunctionGetOutputsItem]:
            if not request.HasField("start_idx"):
                return call.outputs[seen : seen + 100]
            items = (call.inputs.get(each) for each in range(request.start_idx, request.end_idx + 1))
            return [each.output for each in items if each is not None and each.output is not None]

        ends_s = time.monotonic() + request.timeout
        while not (outputs := ready()) and (left_s := ends_s - time.monotonic()) > 0:
            await call.bell.heard(left_s)
        if request.clear_on_success:
            for item in call.inputs.values():
                if (
                    item.output is not None
                    and item.output.result.status == api_pb2.GenericResult.GENERIC_STATUS_SUCCESS
                ):
                    item.message.ClearField("args_oneof")  # it will not be tried again
        return make(
            api_pb2.FunctionGetOutputsResponse,
            outputs=outputs,
            last_entry_id=f"{seen + len(outputs)}-0",
            num_unfinished_inputs=call.unfinished,
        )

    async def from_id(self, request: api_pb2.FunctionCallFromIdRequest) -> api_pb2.FunctionCallFromIdResponse:
        """Find a call."""
        call = found(self._state.calls, request.function_call_id, "call")
        metadata = make(api_pb2.FunctionCallHandleMetadata, app_id=call.function.app.id, function_id=call.function.id)
        return make(
            api_pb2.FunctionCallFromIdResponse,
            function_call_id=call.id,
            num_inputs=len(call.inputs),
            metadata=metadata,
        )

    async def cancel_call(self, request: api_pb2.FunctionCallCancelRequest) -> Empty:
        """Give a call up."""
        call = found(self._state.calls, request.function_call_id, "call")
        self.cancel(call, terminate=request.terminate_containers)
        return Empty()

    async def data_out(self, request: api_pb2.FunctionCallGetDataRequest) -> AsyncIterator[api_pb2.DataChunk]:
        """Stream what a generator yields."""
        call = found(self._state.calls, request.function_call_id, "call")
        try:
            async for chunk in follow(call, call.data_out, request.last_index):
                yield chunk
        finally:
            if call.unfinished == 0:  # all of it was taken: a batch of sounds would fill the memory
                call.data_out.clear()

    async def data_in(self, request: api_pb2.FunctionCallGetDataRequest) -> AsyncIterator[api_pb2.DataChunk]:
        """Stream what a web request brings, to its container."""
        call = found(self._state.calls, request.function_call_id, "call")
        async for chunk in follow(call, call.data_in, request.last_index):
            yield chunk


async def follow(call: Call, chunks: list[api_pb2.DataChunk], last_index: int) -> AsyncIterator[api_pb2.DataChunk]:
    """Yield chunks behind an index as they come, without end; chunk n is at place n - 1."""
    while True:
        while last_index < len(chunks):
            last_index += 1
            yield chunks[last_index - 1]
        await call.bell.heard()


def _jwt(**payload: str | int) -> str:
    """Return what looks like a signed token; the SDK reads `idx` out of it without a check."""
    parts = (json.dumps(each).encode() for each in ({"alg": "none"}, payload))
    return ".".join([*(base64.urlsafe_b64encode(each).decode().rstrip("=") for each in parts), "none"])


def _unjwt(token: str) -> dict[str, Any]:
    try:
        part = token.split(".")[1]
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError):
        raise GRPCError(Status.INVALID_ARGUMENT, "an input's token cannot be read") from None
