"""Local files that the SDK uploads: mounts, and the folder in which a container finds them.

Files are kept once, by hash. The folder with everything that one function's containers see is put together once, too,
and shared by them, so that compiled modules are. Knows nothing of processes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shlex
import shutil
from collections.abc import Iterator
from pathlib import PurePosixPath

from grpclib import GRPCError, Status
from modal_proto import api_pb2

from hausmusik.hosts.modal.plane.messages import make
from hausmusik.hosts.modal.plane.paths import inside
from hausmusik.hosts.modal.plane.routes import Routes
from hausmusik.hosts.modal.plane.state import State


class Mounts:
    """Takes files and mounts.

    Args:
        state: Where they are kept.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> Routes:
        """Return what is answered here."""
        return Routes(
            unary={
                "MountBatchedCheckExistence": self.check_existence,
                "MountPutFile": self.put_file,
                "MountGetOrCreate": self.get_or_create,
            }
        )

    async def check_existence(
        self, request: api_pb2.MountBatchedCheckExistenceRequest
    ) -> api_pb2.MountBatchedCheckExistenceResponse:
        """Say which files are missing."""
        missing = [each for each in request.sha256_hex_hashes if not self._state.file(each).exists()]
        return make(api_pb2.MountBatchedCheckExistenceResponse, missing_sha256_hex_hashes=missing)

    async def put_file(self, request: api_pb2.MountPutFileRequest) -> api_pb2.MountPutFileResponse:
        """Take a small file inline or a large one from a blob; without data only say whether it is here."""
        path = self._state.file(request.sha256_hex)
        kind = request.WhichOneof("data_oneof")
        if not path.exists() and kind == "data":
            if hashlib.sha256(request.data).hexdigest() != request.sha256_hex:
                raise GRPCError(Status.INVALID_ARGUMENT, "a file's bytes are not those of its hash")
            growing = path.with_suffix(".part")
            growing.write_bytes(request.data)
            growing.replace(path)
        elif not path.exists() and kind == "data_blob_id":
            shutil.copyfile(self._state.blob(request.data_blob_id), path)
        return make(api_pb2.MountPutFileResponse, exists=path.exists())

    async def get_or_create(self, request: api_pb2.MountGetOrCreateRequest) -> api_pb2.MountGetOrCreateResponse:
        """Make a mount; one that Modal itself publishes (the SDK, its dependencies) is empty here."""
        files = {each.filename: each.sha256_hex for each in request.files}
        digest = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()
        mount_id = f"mo-{digest[:16]}"
        self._state.mounts[mount_id] = files
        metadata = api_pb2.MountHandleMetadata(content_checksum_sha256_hex=digest)
        return make(api_pb2.MountGetOrCreateResponse, mount_id=mount_id, handle_metadata=metadata)


def container_files(state: State, definition: api_pb2.Function) -> dict[str, str]:
    """Return path in the container -> hash, of all that image and function bring along; the last one wins."""
    files = dict(_image_files(state, definition.image_id))
    for mount_id in definition.mount_ids:
        files.update(state.mounts[mount_id])
    return files


def _image_files(state: State, image_id: str) -> Iterator[tuple[str, str]]:
    if (image := state.images.get(image_id)) is None:
        return
    for base in image.definition.base_images:
        yield from _image_files(state, base.image_id)
    files = state.mounts.get(image.definition.context_mount_id, {})
    for line in image.definition.dockerfile_commands if files else ():
        with contextlib.suppress(ValueError):  # a line that no shell would read copies nothing
            match shlex.split(line):
                case ["COPY", source, target] if not source.startswith("--"):
                    yield from _copied(files, source, target)
                case _:
                    pass


def _copied(files: dict[str, str], source: str, target: str) -> Iterator[tuple[str, str]]:
    """Yield what one COPY line puts where: a folder's content, or one file."""
    origin = PurePosixPath("/", source)
    for name, digest in files.items():
        path = PurePosixPath("/", name)
        if path == origin:
            yield str(PurePosixPath("/root", target, path.name if target.endswith("/") else "")), digest
        elif path.is_relative_to(origin):
            yield str(PurePosixPath("/root", target, path.relative_to(origin))), digest


def container_tree(state: State, definition: api_pb2.Function) -> str:
    """Return the folder that stands for `/` of a function's containers, made on first use; its `root` always exists."""
    files = container_files(state, definition)
    tree = state.folder / "trees" / hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:16]
    if not tree.exists():
        growing = tree.with_suffix(".part")
        (growing / "root").mkdir(parents=True, exist_ok=True)
        for name, digest in files.items():
            path = inside(growing, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            os.link(state.file(digest), path)
        growing.rename(tree)
    return str(tree)
