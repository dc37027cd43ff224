"""Volumes: folders, of the first of the SDK's two versions; the second is refused.

What a container writes is there for all at once; commit and reload are counted and change nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final
from urllib.parse import quote

from google.protobuf.empty_pb2 import Empty
from grpclib import GRPCError, Status
from modal_proto import api_pb2

from hausmusik.hosts.modal.plane.messages import make
from hausmusik.hosts.modal.plane.paths import inside
from hausmusik.hosts.modal.plane.routes import Routes
from hausmusik.hosts.modal.plane.state import State, Volume, by_name, found

BLOCK_BYTES: Final = 8 * 1024 * 1024
"""Of downloads; the SDK's own constant."""


class Volumes:
    """Volumes.

    Args:
        state: Where they are kept.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> Routes:
        """Return what is answered here."""
        return Routes(
            unary={
                "VolumeGetOrCreate": self.get_or_create,
                "VolumeDelete": self.delete,
                "VolumeCommit": self.commit,
                "VolumeReload": self.reload,
                "VolumePutFiles": self.put_files,
                "VolumeGetFile2": self.get_file,
                "VolumeRemoveFile": self.remove_file,
            },
            streams={"VolumeListFiles": self.list_files},
        )

    def _volume(self, volume_id: str) -> Volume:
        return found(self._state.volumes, volume_id, "volume")

    async def get_or_create(self, request: api_pb2.VolumeGetOrCreateRequest) -> api_pb2.VolumeGetOrCreateResponse:
        """Find a volume or make one.

        Raises:
            GRPCError: there is none, or there is one though a new one was wanted, or it is of the second version.
        """
        if request.version == api_pb2.VOLUME_FS_VERSION_V2:
            raise GRPCError(Status.UNIMPLEMENTED, "the local plane has volumes of the first version only")
        name, kind = request.deployment_name, request.object_creation_type
        volume_id = by_name(self._state.volumes, name)
        if volume_id is not None and kind == api_pb2.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS:
            raise GRPCError(Status.ALREADY_EXISTS, f"a volume named {name!r} exists")
        if volume_id is None:
            if kind == api_pb2.OBJECT_CREATION_TYPE_UNSPECIFIED:
                raise GRPCError(Status.NOT_FOUND, f"the local plane has no volume named {name!r}")
            volume_id = self._state.new_id("vo")
            folder = self._state.folder / "volumes" / volume_id
            folder.mkdir(parents=True)
            self._state.volumes[volume_id] = Volume(name, folder)
        volume = self._volume(volume_id)
        metadata = metadata_of(volume)
        return make(api_pb2.VolumeGetOrCreateResponse, volume_id=volume_id, version=metadata.version, metadata=metadata)

    async def delete(self, request: api_pb2.VolumeDeleteRequest) -> Empty:
        """Delete a volume and all that is in it."""
        shutil.rmtree(self._volume(request.volume_id).folder)
        del self._state.volumes[request.volume_id]
        return Empty()

    async def commit(self, request: api_pb2.VolumeCommitRequest) -> api_pb2.VolumeCommitResponse:
        """Count a commit."""
        self._volume(request.volume_id).commits += 1
        return make(api_pb2.VolumeCommitResponse)

    async def reload(self, request: api_pb2.VolumeReloadRequest) -> Empty:
        """Do nothing: everything is up to date."""
        self._volume(request.volume_id)
        return Empty()

    async def put_files(self, request: api_pb2.VolumePutFilesRequest) -> Empty:
        """Put uploaded files into a volume."""
        targets = [self._target(request, each.filename) for each in request.files]
        for each, target in zip(request.files, targets, strict=True):
            source = self._state.file(each.sha256_hex)
            _write(target, each.mode, lambda path, source=source: shutil.copyfile(source, path))
        return Empty()

    def _target(self, request: api_pb2.VolumePutFilesRequest, name: str) -> Path:
        target = inside(self._volume(request.volume_id).folder, name)
        if request.disallow_overwrite_existing_files and target.exists():
            raise GRPCError(Status.ALREADY_EXISTS, f"{name} exists in the volume")
        return target

    async def get_file(self, request: api_pb2.VolumeGetFile2Request) -> api_pb2.VolumeGetFile2Response:
        """Say where the blocks of a file can be read."""
        path = inside(self._volume(request.volume_id).folder, request.path)
        if not path.is_file():
            raise GRPCError(Status.NOT_FOUND, f"{request.path} is no file of the volume")
        size = path.stat().st_size
        url = f"{self._state.private_url}/volume/{request.volume_id}/{quote(request.path.lstrip('/'))}"
        urls = [f"{url}?start={start}" for start in range(0, size, BLOCK_BYTES)]
        return make(api_pb2.VolumeGetFile2Response, get_urls=urls, size=size, start=0, len=size)

    async def list_files(
        self, request: api_pb2.VolumeListFilesRequest
    ) -> AsyncIterator[api_pb2.VolumeListFilesResponse]:
        """List what lies at a path."""
        root = self._volume(request.volume_id).folder
        start = inside(root, request.path)
        if not start.exists():
            raise GRPCError(Status.NOT_FOUND, f"{request.path} is not in the volume")
        found_here = [start] if start.is_file() else start.rglob("*") if request.recursive else start.iterdir()
        yield make(api_pb2.VolumeListFilesResponse, entries=[_entry(root, path) for path in sorted(found_here)])

    async def remove_file(self, request: api_pb2.VolumeRemoveFileRequest) -> Empty:
        """Remove a file, or a folder if that is asked for."""
        path = inside(self._volume(request.volume_id).folder, request.path)
        if not path.exists():
            raise GRPCError(Status.NOT_FOUND, f"{request.path} is not in the volume")
        if path.is_file():
            path.unlink()
        elif request.recursive:
            shutil.rmtree(path)
        else:
            raise GRPCError(Status.INVALID_ARGUMENT, f"{request.path} is a folder")
        return Empty()


def metadata_of(volume: Volume) -> api_pb2.VolumeMetadata:
    """Return what the SDK must know of a volume."""
    return make(api_pb2.VolumeMetadata, name=volume.name, version=api_pb2.VOLUME_FS_VERSION_V1)


def _write(target: Path, mode: int, fill: Callable[[Path], object]) -> None:
    """Replace a file whole, so that a container that reads it meanwhile has the old one or the new one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    growing = target.with_name(f".{target.name}.part")
    fill(growing)
    growing.chmod(mode & 0o777 or 0o644)
    growing.replace(target)


def _entry(root: Path, path: Path) -> api_pb2.FileEntry:
    status = path.stat()
    kind = api_pb2.FileEntry.DIRECTORY if path.is_dir() else api_pb2.FileEntry.FILE
    return make(
        api_pb2.FileEntry,
        path=str(path.relative_to(root)),
        type=kind,
        size=status.st_size,
        mtime=int(status.st_mtime),
    )
