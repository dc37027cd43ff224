"""Functions and classes: declared, found, scaled. Calls (`calls`) and bound variants (`variants`) are elsewhere."""

from __future__ import annotations

from modal_proto import api_pb2

from hausmusik.hosts.modal.plane.layouts import data_of, handle_of
from hausmusik.hosts.modal.plane.messages import copy_by_name, make
from hausmusik.hosts.modal.plane.pools import Pools
from hausmusik.hosts.modal.plane.reading import scaling, spelled
from hausmusik.hosts.modal.plane.routes import Routes
from hausmusik.hosts.modal.plane.state import App, Function, State, found
from hausmusik.hosts.modal.plane.variants import Variants


class Functions:
    """Functions and classes.

    Args:
        state: Where they are kept.
        pools: What runs them.
        variants: What is bound from them.
    """

    def __init__(self, state: State, pools: Pools, variants: Variants) -> None:
        self._state = state
        self._pools = pools
        self._variants = variants

    def routes(self) -> Routes:
        """Return what is answered here."""
        return Routes(
            unary={
                "FunctionPrecreate": self.precreate,
                "FunctionCreate": self.create,
                "FunctionGet": self.get,
                "FunctionGetById": self.get_by_id,
                "FunctionGetCurrentStats": self.stats,
                "FunctionGetSchedulingParams": self.scheduling,
                "FunctionUpdateSchedulingParams": self.update_scheduling,
                "ClassCreate": self.create_class,
                "ClassGet": self.get_class,
            }
        )

    async def precreate(self, request: api_pb2.FunctionPrecreateRequest) -> api_pb2.FunctionPrecreateResponse:
        """Give a function its id, so that others can refer to it before it is declared."""
        app = found(self._state.apps, request.app_id, "app")
        function = self._state.functions.get(request.existing_function_id)
        if function is None:
            function = self._new(app, "")
            copy_by_name(request, function.definition, leave=("method_definitions",))
            for name, method in request.method_definitions.items():
                function.definition.method_definitions[name].CopyFrom(method)
        return make(api_pb2.FunctionPrecreateResponse, function_id=function.id, handle_metadata=handle_of(function))

    def _new(self, app: App, function_id: str) -> Function:
        function = Function(function_id or self._state.new_id("fu"), app, api_pb2.Function())
        self._state.functions[function.id] = function
        return function

    async def create(self, request: api_pb2.FunctionCreateRequest) -> api_pb2.FunctionCreateResponse:
        """Declare a function, or declare it anew."""
        app = found(self._state.apps, request.app_id, "app")
        function = self._state.functions.get(request.existing_function_id) or self._new(
            app, request.existing_function_id
        )
        definition = api_pb2.Function()
        ranks = sorted(request.function_data.ranked_functions, key=lambda each: each.rank)
        if ranks:  # a list of GPUs: what they share stands beside them
            definition.CopyFrom(ranks[0].function)
            copy_by_name(request.function_data, definition)
            function.ranked = request.function_data
        else:
            definition.CopyFrom(request.function)
            function.ranked = None
        if request.HasField("schedule"):
            definition.schedule.CopyFrom(request.schedule)
        configs = [each.function.resources.gpu_config for each in ranks] or [definition.resources.gpu_config]
        function.gpus = tuple(spelled(each) for each in configs if each.gpu_type)
        function.definition = definition
        self._serve(function)
        self._variants.rebind(function)
        return make(
            api_pb2.FunctionCreateResponse,
            function_id=function.id,
            function=definition,
            function_data=data_of(function),
            handle_metadata=handle_of(function),
        )

    def _serve(self, function: Function) -> None:
        """Give every web face its address."""
        definition = function.definition
        faces: dict[str, api_pb2.Function | api_pb2.MethodDefinition] = {
            "": definition,
            **definition.method_definitions,
        }
        for method, face in faces.items():
            if face.webhook_config.type:
                name = "-".join(filter(None, (function.name, method)))
                label = face.webhook_config.requested_suffix or f"{function.app.name}-{name}"
                self._state.web[label] = (function, method)
                face.web_url = f"{self._state.http_url}/web/{label}"

    async def get(self, request: api_pb2.FunctionGetRequest) -> api_pb2.FunctionGetResponse:
        """Find a function of a deployed app by name."""
        app = self._state.deployed_app(request.app_name)
        function_id = found(app.function_ids, request.object_tag, f"function of app {app.name!r} named")
        function = self._state.functions[function_id]
        return make(
            api_pb2.FunctionGetResponse,
            function_id=function_id,
            handle_metadata=handle_of(function),
            function=data_of(function),
        )

    async def get_by_id(self, request: api_pb2.FunctionGetByIdRequest) -> api_pb2.FunctionGetByIdResponse:
        """Find a function by id."""
        function = found(self._state.functions, request.function_id, "function")
        return make(api_pb2.FunctionGetByIdResponse, function=data_of(function), handle_metadata=handle_of(function))

    async def stats(self, request: api_pb2.FunctionGetCurrentStatsRequest) -> api_pb2.FunctionStats:
        """Count what waits and what runs."""
        pool = self._pools.of(found(self._state.functions, request.function_id, "function"))
        running = sum(len(each.active) for each in pool.containers.values())
        return make(
            api_pb2.FunctionStats,
            backlog=len(pool.queue),
            num_total_tasks=len(pool.containers),
            num_running_inputs=running,
        )

    async def scheduling(
        self, request: api_pb2.FunctionGetSchedulingParamsRequest
    ) -> api_pb2.FunctionGetSchedulingParamsResponse:
        """Return how a function scales now."""
        function = found(self._state.functions, request.function_id, "function")
        return make(api_pb2.FunctionGetSchedulingParamsResponse, current_settings=scaling(function.definition))

    async def update_scheduling(
        self, request: api_pb2.FunctionUpdateSchedulingParamsRequest
    ) -> api_pb2.FunctionUpdateSchedulingParamsResponse:
        """Change how a deployed function scales, until it is deployed again."""
        function = found(self._state.functions, request.function_id, "function")
        function.definition.autoscaler_settings.MergeFrom(request.settings)
        pool = self._pools.of(function)
        pool.bell.ring()
        self._pools.scale(pool)
        return make(api_pb2.FunctionUpdateSchedulingParamsResponse, current_settings=scaling(function.definition))

    async def create_class(self, request: api_pb2.ClassCreateRequest) -> api_pb2.ClassCreateResponse:
        """Give a class an id; all else is in its service function."""
        return make(
            api_pb2.ClassCreateResponse,
            class_id=request.existing_class_id or self._state.new_id("cs"),
            handle_metadata=api_pb2.ClassHandleMetadata(),
        )

    async def get_class(self, request: api_pb2.ClassGetRequest) -> api_pb2.ClassGetResponse:
        """Find a class of a deployed app by name."""
        app = self._state.deployed_app(request.app_name)
        return make(
            api_pb2.ClassGetResponse,
            class_id=found(app.class_ids, request.object_tag, f"class of app {app.name!r} named"),
            handle_metadata=api_pb2.ClassHandleMetadata(),
        )
