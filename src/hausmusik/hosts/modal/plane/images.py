"""Images: every layer is written down; `run_function` steps are run in a container of this interpreter.

Nothing else of an image is built: no package is installed and no shell command is run.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

from modal._serialization import serialize_data_format
from modal_proto import api_pb2

from hausmusik.hosts.modal.plane.calls import Calls
from hausmusik.hosts.modal.plane.messages import make
from hausmusik.hosts.modal.plane.pools import Pools
from hausmusik.hosts.modal.plane.records import BuildSeen
from hausmusik.hosts.modal.plane.routes import Routes
from hausmusik.hosts.modal.plane.state import Image, State, found

Result = api_pb2.GenericResult


class Images:
    """Images and their build functions.

    Args:
        state: Where they are kept.
        pools: Ends their containers.
        calls: Runs build functions.
    """

    def __init__(self, state: State, pools: Pools, calls: Calls) -> None:
        self._state = state
        self._pools = pools
        self._calls = calls

    def routes(self) -> Routes:
        """Return what is answered here."""
        return Routes(unary={"ImageGetOrCreate": self.get_or_create}, streams={"ImageJoinStreaming": self.join})

    async def get_or_create(self, request: api_pb2.ImageGetOrCreateRequest) -> api_pb2.ImageGetOrCreateResponse:
        """Write a layer down and run its build function, unless the same one was built before."""
        image_id = f"im-{hashlib.sha256(request.image.SerializeToString(deterministic=True)).hexdigest()[:16]}"
        result = Result(status=Result.GENERIC_STATUS_SUCCESS)
        if request.force_build or image_id not in self._state.images:
            if request.build_function_id:
                result = await self._build(image_id, request)
            if result.status == Result.GENERIC_STATUS_SUCCESS:
                self._state.images[image_id] = Image(request.image, request.build_function_id)
        metadata = make(api_pb2.ImageMetadata, image_builder_version=request.builder_version)
        return make(api_pb2.ImageGetOrCreateResponse, image_id=image_id, result=result, metadata=metadata)

    async def _build(self, image_id: str, request: api_pb2.ImageGetOrCreateRequest) -> Result:
        function = found(self._state.functions, request.build_function_id, "function")
        options = self._state.options
        ran = options.builds == "run" and options.containers == "run"
        result = Result(status=Result.GENERIC_STATUS_SUCCESS)
        if ran:
            arguments = api_pb2.FunctionInput()
            arguments.CopyFrom(request.image.build_function.input)
            if not arguments.WhichOneof("args_oneof"):
                arguments.args = serialize_data_format(((), {}), api_pb2.DATA_FORMAT_PICKLE)
                arguments.data_format = api_pb2.DATA_FORMAT_PICKLE
            call = self._calls.begin(function, api_pb2.FUNCTION_CALL_INVOCATION_TYPE_SYNC)
            result = (await self._calls.answer(self._calls.add(call, 0, arguments))).result
            for container in list(self._pools.of(function).containers.values()):
                self._pools.fleet.stop(container)
        error = result.exception
        self._state.builds.append(BuildSeen(image=image_id, function=function.name, ran=ran, error=error))
        # A build fails by one of few statuses; whatever else it was, this one shows the exception.
        if result.status != Result.GENERIC_STATUS_SUCCESS:
            return Result(status=Result.GENERIC_STATUS_FAILURE, exception=error or "the build function failed")
        return Result(status=Result.GENERIC_STATUS_SUCCESS)

    async def join(
        self, request: api_pb2.ImageJoinStreamingRequest
    ) -> AsyncIterator[api_pb2.ImageJoinStreamingResponse]:
        """Tell a client that waits for a build that it is done, as it always is when the image's id is known."""
        known = request.image_id in self._state.images
        status = Result.GENERIC_STATUS_SUCCESS if known else Result.GENERIC_STATUS_FAILURE
        yield make(api_pb2.ImageJoinStreamingResponse, result=Result(status=status), eof=True)
