"""Calls, from the container's side: inputs taken, answers given, news of cancellation, failed starts."""

from __future__ import annotations

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from hausmusik.hosts.modal.plane.messages import make
from hausmusik.hosts.modal.plane.pools import Pools
from hausmusik.hosts.modal.plane.routes import Routes
from hausmusik.hosts.modal.plane.state import State, found
from hausmusik.hosts.modal.plane.work import Container

_HEARTBEAT_S = 10.0
"""Real seconds that a heartbeat is held, so that a cancellation arrives at once; the SDK gives up after 15."""


class Inputs:
    """What containers ask and answer.

    Args:
        state: What is known.
        pools: Who decides.
    """

    def __init__(self, state: State, pools: Pools) -> None:
        self._state = state
        self._pools = pools

    def routes(self) -> Routes:
        """Return what is answered here."""
        return Routes(
            contained={
                "ContainerHello": self.hello,
                "ContainerHeartbeat": self.heartbeat,
                "ContainerCheckpoint": self.checkpoint,
                "FunctionGetInputs": self.get_inputs,
                "FunctionPutOutputs": self.put_outputs,
                "FunctionCallPutDataOut": self.put_data_out,
                "FunctionGetDynamicConcurrency": self.concurrency,
                "TaskResult": self.task_result,
            },
            unary={"ContainerStop": self.stop},
        )

    async def hello(self, request: Empty, container: Container) -> Empty:  # noqa: ARG002
        """Greet a container."""
        return Empty()

    async def heartbeat(
        self,
        request: api_pb2.ContainerHeartbeatRequest,  # noqa: ARG002
        container: Container,
    ) -> api_pb2.ContainerHeartbeatResponse:
        """Tell a container which of its inputs were cancelled."""
        if not container.cancelled:
            await container.bell.heard(_HEARTBEAT_S)
        cancelled, container.cancelled = container.cancelled, []
        if not cancelled:
            return api_pb2.ContainerHeartbeatResponse()
        return make(
            api_pb2.ContainerHeartbeatResponse, cancel_input_event=api_pb2.CancelInputEvent(input_ids=cancelled)
        )

    async def checkpoint(self, request: api_pb2.ContainerCheckpointRequest, container: Container) -> Empty:  # noqa: ARG002
        """Pretend to take a snapshot; the container goes on as if it were restored from it."""
        self._state.checkpoints.append(container.id)
        return Empty()

    async def get_inputs(
        self, request: api_pb2.FunctionGetInputsRequest, container: Container
    ) -> api_pb2.FunctionGetInputsResponse:
        """Hand out inputs when there are some, or the word to end."""
        items = await self._pools.take(container, request.batch_max_size, request.batch_linger_ms / 1000)
        if not items:
            end = api_pb2.FunctionGetInputsItem(kill_switch=True)
            return api_pb2.FunctionGetInputsResponse(inputs=[end])
        return api_pb2.FunctionGetInputsResponse(
            inputs=[
                make(
                    api_pb2.FunctionGetInputsItem,
                    input_id=item.id,
                    input=item.message,
                    function_call_id=item.call.id,
                    function_call_invocation_type=item.call.invocation,
                    retry_count=item.deliveries,
                )
                for item in items
            ]
        )

    async def put_outputs(self, request: api_pb2.FunctionPutOutputsRequest, container: Container) -> Empty:
        """Take answers; one that is late, of an input that was delivered again since, is not looked at."""
        for output in request.outputs:
            item = found(self._state.inputs, output.input_id, "input")
            if item.container is not container or output.retry_count != item.deliveries:
                continue
            if item.output is not None:  # cancelled: the container has only now let go of it
                self._pools.release(item)
                continue
            if self._dropped(container):
                item.losses += 1
                self._pools.give_back(item)
            else:
                self._pools.finish(item, output.result, output.data_format)
        return Empty()

    def _dropped(self, container: Container) -> bool:
        """Return whether this output is lost, as the faults say."""
        if container.builds:
            return False
        number = self._state.number("output")
        dropped = self._state.options.faults.drops(number)
        if dropped:
            self._state.saw("dropped_output", number, container.id)
        return dropped

    async def put_data_out(self, request: api_pb2.FunctionCallPutDataRequest, container: Container) -> Empty:  # noqa: ARG002
        """Take what a generator yields; one that had to begin again repeats what is here already."""
        call = found(self._state.calls, request.function_call_id, "call")
        for chunk in request.data_chunks:
            if chunk.index > len(call.data_out):
                call.data_out.append(chunk)
        call.bell.ring()
        return Empty()

    async def concurrency(
        self,
        request: api_pb2.FunctionGetDynamicConcurrencyRequest,
        container: Container,  # noqa: ARG002
    ) -> api_pb2.FunctionGetDynamicConcurrencyResponse:
        """Allow the most at once."""
        return make(api_pb2.FunctionGetDynamicConcurrencyResponse, concurrency=request.max_concurrency)

    async def task_result(self, request: api_pb2.TaskResultRequest, container: Container) -> Empty:
        """Hear that a container could not start, and why."""
        self._pools.boot_failed(container, request.result)
        return Empty()

    async def stop(self, request: api_pb2.ContainerStopRequest) -> api_pb2.ContainerStopResponse:
        """End one container, for a client or for itself: which asks to be let finish what it is at."""
        container = found(self._state.containers, request.task_id, "container")
        if request.graceful:
            self._pools.fleet.dismiss(container, "stopped")
        else:
            self._pools.fleet.stop(container)
        return api_pb2.ContainerStopResponse()
