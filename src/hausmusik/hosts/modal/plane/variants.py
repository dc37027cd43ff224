"""Classes bound to parameters, and functions with other options than they were declared with.

Each binding has a function id and a pool of its own, as on Modal. A class that has parameters is always called through
one, also with the defaults.
"""

from __future__ import annotations

from modal._serialization import serialize_proto_params
from modal_proto import api_pb2

from hausmusik.hosts.modal.plane.layouts import handle_of
from hausmusik.hosts.modal.plane.messages import copy_by_name, make
from hausmusik.hosts.modal.plane.reading import spelled
from hausmusik.hosts.modal.plane.routes import Routes
from hausmusik.hosts.modal.plane.state import Function, State, found


class Variants:
    """Bindings of functions.

    Args:
        state: Where they are kept.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._bound: dict[tuple[str, bytes, bytes], Function] = {}

    def routes(self) -> Routes:
        """Return what is answered here."""
        return Routes(unary={"FunctionBindParams": self.bind_params})

    async def bind_params(self, request: api_pb2.FunctionBindParamsRequest) -> api_pb2.FunctionBindParamsResponse:
        """Bind a function to parameters and options; the same ones give the same binding."""
        bound = self._bind(found(self._state.functions, request.function_id, "function"), request)
        return make(api_pb2.FunctionBindParamsResponse, bound_function_id=bound.id, handle_metadata=handle_of(bound))

    def plain(self, function: Function) -> Function:
        """Return what is called without parameters: of a class that has some, the binding to their defaults."""
        info = function.definition.class_parameter_info
        if info.format != api_pb2.ClassParameterInfo.PARAM_SERIALIZATION_FORMAT_PROTO:
            return function
        defaults = {
            each.name: getattr(each, str(each.WhichOneof("default_oneof"))) for each in info.schema if each.has_default
        }
        return self._bind(
            function,
            api_pb2.FunctionBindParamsRequest(
                function_id=function.id, serialized_params=serialize_proto_params(defaults)
            ),
        )

    def _bind(self, base: Function, request: api_pb2.FunctionBindParamsRequest) -> Function:
        options = request.function_options.SerializeToString(deterministic=True)
        key = (base.id, request.serialized_params, options)
        if (bound := self._bound.get(key)) is None:
            bound = Function(self._state.new_id("fu"), base.app, api_pb2.Function(), base=base, binding=request)
            _apply(bound)
            self._bound[key] = self._state.functions[bound.id] = bound
        return bound

    def rebind(self, base: Function) -> None:
        """Carry a new definition over to all that was bound from the function."""
        for bound in self._bound.values():
            if bound.base is base:
                _apply(bound)


def _apply(bound: Function) -> None:
    """Make a binding's definition from its base's and the options."""
    assert bound.base is not None  # noqa: S101 - a binding has both
    assert bound.binding is not None  # noqa: S101
    definition, options = api_pb2.Function(), bound.binding.function_options
    definition.CopyFrom(bound.base.definition)
    bound.gpus = bound.base.gpus
    if options.replace_volume_mounts:
        del definition.volume_mounts[:]
    if options.replace_secret_ids:
        del definition.secret_ids[:]
    # What was said about scaling in the new fields would win over the old ones that options still use.
    said = {field.name for field, _ in options.ListFields()}
    for old, new in (
        ("concurrency_limit", "max_containers"),
        ("task_idle_timeout_secs", "scaledown_window"),
        ("buffer_containers", "buffer_containers"),
        ("warm_pool_size", "min_containers"),
    ):
        if old in said:
            setattr(definition.autoscaler_settings, new, getattr(options, old))
    copy_by_name(options, definition, leave=("resources",))
    if options.HasField("resources"):
        definition.resources.MergeFrom(options.resources)
        if options.resources.gpu_config.gpu_type:
            bound.gpus = (spelled(options.resources.gpu_config),)
    bound.definition = definition
