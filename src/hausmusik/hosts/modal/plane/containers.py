"""Starting a container: its folder, its arguments, its environment. When to start or end one is decided in `pools`.

The environment is a short list of the caller's variables (never MODAL_*, never secrets), the image's ENV lines, the
function's secrets, the plane's own extras, and what tells the SDK where it is. Volumes are real folders, named in
one of those.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from modal_proto import api_pb2

from hausmusik.hosts.local.isolation import worker_environment
from hausmusik.hosts.modal.plane.gpus import write_tool
from hausmusik.hosts.modal.plane.layouts import layout_of
from hausmusik.hosts.modal.plane.mounts import container_tree
from hausmusik.hosts.modal.plane.process import ContainerProcess
from hausmusik.hosts.modal.plane.reading import declared_of
from hausmusik.hosts.modal.plane.routes import KEY_HEADER
from hausmusik.hosts.modal.plane.state import State
from hausmusik.hosts.modal.plane.variables import VOLUMES
from hausmusik.hosts.modal.plane.work import Container


async def start(state: State, container: Container) -> ContainerProcess:
    """Start a container's process.

    Raises:
        OSError: its folder cannot be written or its interpreter cannot be run.
    """
    function = container.pool.function
    definition = api_pb2.Function()
    definition.CopyFrom(container.definition)
    snapshot = (
        state.options.snapshots
        and definition.checkpointing_enabled
        and function.app.state == api_pb2.APP_STATE_DEPLOYED
    )
    definition.is_checkpointing_function = snapshot  # the server says so, not the declaration
    definition._experimental_enable_gpu_snapshot = False  # noqa: SLF001 - there is no GPU to take one of
    arguments = api_pb2.ContainerArguments(
        task_id=container.id,
        function_id=function.id,
        app_id=function.app.id,
        function_def=definition,
        serialized_params=function.binding.serialized_params if function.binding else b"",
        environment_name="main",
        checkpoint_id=f"ch-{container.id}",
        app_layout=layout_of(state, function.app),
    )
    tree = Path(container_tree(state, definition))
    box = state.folder / "containers" / container.id
    await asyncio.to_thread(_fill, box, tree, arguments)
    await asyncio.to_thread(write_tool, box / "bin", container.gpu, state.options.gpu_models)
    interpreter = state.options.interpreter(declared_of(state, function))
    environment = _environment(state, definition, interpreter, tree) | {
        "MODAL_SERVER_URL": state.grpc_url,
        "MODAL_TASK_ID": container.id,
        "MODAL_IS_REMOTE": "1",
        "MODAL_CONFIG_PATH": str(state.folder / "modal.toml"),
        "MODAL_CONTAINER_ARGUMENTS_PATH": str(box / "arguments.pb"),
        "MODAL_IMAGE_ID": definition.image_id,
        "MODAL_ENVIRONMENT": "main",
        "MODAL_CLOUD_PROVIDER": "CLOUD_PROVIDER_LOCAL",
        "MODAL_REGION": "local",
        # A setting of the SDK's own; with it every request says which container it comes from.
        "MODAL_OVERRIDE_HEADERS": f"{KEY_HEADER}:{container.key}",
        VOLUMES: json.dumps(
            {each.mount_path: str(state.volumes[each.volume_id].folder) for each in definition.volume_mounts}
        ),
    }
    if container.gpu:
        environment["PATH"] = os.pathsep.join([str(box / "bin"), environment.get("PATH", os.defpath)])
    if snapshot:  # its variables are those of the container that was snapshotted, until it is restored
        environment["MODAL_TASK_ID"] = f"{container.id}-snapshotted"
        environment |= {"MODAL_ENABLE_SNAP_RESTORE": "1", "MODAL_RESTORE_STATE_PATH": str(box / "restore.json")}
    return await ContainerProcess.start(
        interpreter,
        environment=environment,
        folder=box / "root",
        write=lambda text: function.app.logs.write(container.id, function.id, text),
    )


def _fill(box: Path, tree: Path, arguments: api_pb2.ContainerArguments) -> None:
    """Write what the container is started with; its working folder has a link to everything in the shared `/root`."""
    (box / "root").mkdir(parents=True)
    (box / "arguments.pb").write_bytes(arguments.SerializeToString())
    restored = json.dumps({"task_id": arguments.task_id})
    (box / "restore.json").write_text(restored)  # what is new in a restored container
    for path in (tree / "root").iterdir():
        (box / "root" / path.name).symlink_to(path)


def _environment(state: State, definition: api_pb2.Function, interpreter: str, tree: Path) -> dict[str, str]:
    environment = worker_environment(
        os.environ,
        threads=math.ceil(definition.resources.milli_cpu / 1000),
        imports=tree / "root",
        keep_python_path=interpreter == sys.executable,
    )
    environment.update(_image_variables(state, definition.image_id))
    for secret_id in definition.secret_ids:
        environment.update(state.secrets[secret_id].values)
    return environment | dict(state.options.variables)


def _image_variables(state: State, image_id: str) -> Iterator[tuple[str, str]]:
    """Yield the ENV lines of an image and of those below it, from the bottom up."""
    if (image := state.images.get(image_id)) is None:
        return
    for base in image.definition.base_images:
        yield from _image_variables(state, base.image_id)
    for line in image.definition.dockerfile_commands:
        if line.startswith("ENV "):
            with contextlib.suppress(ValueError):
                for assignment in shlex.split(line.removeprefix("ENV ")):
                    name, equals, value = assignment.partition("=")
                    if equals:
                        yield name, value
