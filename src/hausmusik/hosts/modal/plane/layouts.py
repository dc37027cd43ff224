"""What the SDK wants to be told of functions and apps: handles, definitions, layouts. Changes nothing."""

from __future__ import annotations

from modal_proto import api_pb2

from hausmusik.hosts.modal.plane.messages import copy_by_name, make
from hausmusik.hosts.modal.plane.state import App, Function, State
from hausmusik.hosts.modal.plane.volumes import metadata_of


def handle_of(function: Function) -> api_pb2.FunctionHandleMetadata:
    """Return a function's handle, with its methods'."""
    definition = function.definition
    return make(
        api_pb2.FunctionHandleMetadata,
        function_name=definition.function_name,
        function_type=definition.function_type,
        web_url=definition.web_url,
        is_method=definition.is_method,
        use_function_id=function.id,  # 1.5 only
        base_function_id=function.base.id if function.base else "",
        definition_id=f"de-{function.id}",
        app_id=function.app.id,
        class_parameter_info=definition.class_parameter_info,
        function_schema=definition.function_schema,
        supported_input_formats=definition.supported_input_formats,
        supported_output_formats=definition.supported_output_formats,
        method_handle_metadata={
            name: _method_handle(name, method) for name, method in definition.method_definitions.items()
        },
    )


def _method_handle(name: str, method: api_pb2.MethodDefinition) -> api_pb2.FunctionHandleMetadata:
    return make(
        api_pb2.FunctionHandleMetadata,
        function_name=method.function_name,
        function_type=method.function_type,
        web_url=method.web_url,
        is_method=True,
        use_method_name=name,
        function_schema=method.function_schema,
        supported_input_formats=method.supported_input_formats,
        supported_output_formats=method.supported_output_formats,
    )


def data_of(function: Function) -> api_pb2.FunctionData:
    """Return a function's definition in the form for ranked choices, of which newer SDKs want at least one."""
    if function.ranked is not None:
        return function.ranked
    data = api_pb2.FunctionData()
    copy_by_name(function.definition, data)
    data.ranked_functions.append(api_pb2.FunctionData.RankedFunction(rank=0, function=function.definition))
    return data


def layout_of(state: State, app: App) -> api_pb2.AppLayout:
    """Return an app's functions and classes, and all that they depend on."""
    ids = set(app.function_ids.values())
    for function_id in tuple(ids):
        ids.update(each.object_id for each in state.functions[function_id].definition.object_dependencies)
    objects = [_object(state, each) for each in sorted(ids)]
    objects += [
        api_pb2.Object(object_id=each, class_handle_metadata=api_pb2.ClassHandleMetadata())
        for each in app.class_ids.values()
    ]
    return api_pb2.AppLayout(objects=objects, function_ids=app.function_ids, class_ids=app.class_ids)


def _object(state: State, object_id: str) -> api_pb2.Object:
    if (function := state.functions.get(object_id)) is not None:
        return api_pb2.Object(object_id=object_id, function_handle_metadata=handle_of(function))
    if (volume := state.volumes.get(object_id)) is not None:
        return api_pb2.Object(object_id=object_id, volume_metadata=metadata_of(volume))
    if object_id in state.mounts:
        return api_pb2.Object(object_id=object_id, mount_handle_metadata=api_pb2.MountHandleMetadata())
    return api_pb2.Object(object_id=object_id)
