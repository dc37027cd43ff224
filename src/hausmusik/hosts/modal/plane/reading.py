"""Reading a declaration back out of the SDK's messages. Knows the messages; starts and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modal_proto import api_pb2

from hausmusik.hosts.modal.plane.declared import Declared, Web
from hausmusik.hosts.modal.plane.state import Function, State

_WEB_KINDS: Final = {
    api_pb2.WEBHOOK_TYPE_ASGI_APP: "asgi_app",
    api_pb2.WEBHOOK_TYPE_FUNCTION: "function",
    api_pb2.WEBHOOK_TYPE_WSGI_APP: "wsgi_app",
    api_pb2.WEBHOOK_TYPE_WEB_SERVER: "web_server",
}


def spelled(config: api_pb2.GPUConfig) -> str:
    """Return a GPU as Modal spells it, with its count if above 1."""
    return f"{config.gpu_type}:{config.count}" if config.count > 1 else config.gpu_type


def scaling(definition: api_pb2.Function) -> api_pb2.AutoscalerSettings:
    """Return what was said about scaling, from the new fields, else from the old ones; what was not said is not set."""
    settings = api_pb2.AutoscalerSettings()
    old = {
        "min_containers": definition.warm_pool_size,
        "max_containers": definition.concurrency_limit,
        "buffer_containers": definition._experimental_buffer_containers,  # noqa: SLF001 - the field's name
        "scaledown_window": definition.task_idle_timeout_secs,
    }
    for name, value in old.items():
        if value:
            setattr(settings, name, value)
    settings.MergeFrom(definition.autoscaler_settings)
    return settings


def single_use(definition: api_pb2.Function) -> bool:
    """Return whether a container ends after its first input."""
    return definition.single_use_containers or definition.max_inputs == 1


def declared_of(state: State, function: Function) -> Declared:
    """Return a function or class as it was declared."""
    definition = function.definition
    scale = scaling(definition)
    resources = definition.resources
    first, *fallbacks = function.gpus or ("",)
    experimental = dict(definition.experimental_options)
    return Declared(
        app=function.app.name,
        name=function.name,
        kind="class" if definition.is_class else "function",
        gpu=first,
        gpu_fallbacks=tuple(fallbacks),
        cpu=resources.milli_cpu / 1000,
        cpu_limit=resources.milli_cpu_max / 1000,
        memory_mib=resources.memory_mb,
        memory_limit_mib=resources.memory_mb_max,
        timeout_s=definition.timeout_secs,
        startup_timeout_s=definition.startup_timeout_secs,
        min_containers=scale.min_containers,
        max_containers=scale.max_containers if scale.HasField("max_containers") else None,
        buffer_containers=scale.buffer_containers,
        scaledown_window_s=scale.scaledown_window if scale.HasField("scaledown_window") else None,
        retries=definition.retry_policy.retries,
        max_inputs=definition.max_concurrent_inputs,
        target_inputs=definition.target_concurrent_inputs,
        batch_size=definition.batch_max_size,
        batch_wait_ms=definition.batch_linger_ms,
        snapshot=definition.checkpointing_enabled,
        gpu_snapshot=experimental.get("enable_gpu_snapshot", "").lower() in ("true", "1")
        or definition._experimental_enable_gpu_snapshot,  # noqa: SLF001 - the field's name
        single_use=single_use(definition),
        nonpreemptible=definition.scheduler_placement.nonpreemptible,
        regions=tuple(definition.scheduler_placement.regions),
        cloud=definition.cloud_provider_str,
        is_generator=definition.function_type == api_pb2.Function.FUNCTION_TYPE_GENERATOR,
        volumes={each.mount_path: state.volumes[each.volume_id].name for each in definition.volume_mounts},
        secrets=tuple(_secret(state, each) for each in definition.secret_ids),
        image=tuple(image_lines(state, definition.image_id)),
        methods=tuple(sorted(definition.method_definitions)),
        parameters={
            each.name: api_pb2.ParameterType.Name(each.type).removeprefix("PARAM_TYPE_").lower()
            for each in definition.class_parameter_info.schema
        },
        web=tuple(_web(definition)),
        scheduled=definition.HasField("schedule"),
    )


def image_lines(state: State, image_id: str) -> Iterator[str]:
    """Yield the lines of an image and of all that it was built on, from the bottom up."""
    if (image := state.images.get(image_id)) is None:
        return
    for base in image.definition.base_images:
        yield from image_lines(state, base.image_id)
    yield from image.definition.dockerfile_commands
    if image.build_function:
        yield f"RUN_FUNCTION {state.functions[image.build_function].name}"


def _secret(state: State, secret_id: str) -> str:
    secret = state.secrets[secret_id]
    return secret.name or f"({', '.join(sorted(secret.values))})"


def _web(definition: api_pb2.Function) -> Iterator[Web]:
    faces: dict[str, api_pb2.Function | api_pb2.MethodDefinition] = {"": definition, **definition.method_definitions}
    for method, face in sorted(faces.items()):
        if (config := face.webhook_config).type:
            yield Web(
                method=method,
                label=config.requested_suffix,
                url=face.web_url,
                kind=_WEB_KINDS[config.type],
                requires_proxy_auth=config.requires_proxy_auth,
            )
