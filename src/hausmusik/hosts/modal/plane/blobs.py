"""What is too large for a message: blobs, and blocks of volumes' files, over HTTP at addresses nobody can guess.

Everything is streamed to and from disk. Knows nothing of what the bytes are.
"""

from __future__ import annotations

import hashlib
import secrets

from aiohttp import web
from grpclib import GRPCError, Status
from modal_proto import api_pb2

from hausmusik.hosts.modal.plane.messages import make
from hausmusik.hosts.modal.plane.paths import inside
from hausmusik.hosts.modal.plane.routes import Routes
from hausmusik.hosts.modal.plane.state import State, found
from hausmusik.hosts.modal.plane.volumes import BLOCK_BYTES


class Blobs:
    """Blobs and blocks.

    Args:
        state: Where they are kept.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> Routes:
        """Return what is answered here over gRPC."""
        return Routes(unary={"BlobCreate": self.create, "BlobGet": self.get})

    def http(self) -> list[web.RouteDef]:
        """Return what is answered here over HTTP."""
        root = f"/{self._state.private_path}"
        return [
            web.put(f"{root}/blob/{{id}}", self.put_blob),
            web.get(f"{root}/blob/{{id}}", self.get_blob),
            web.get(f"{root}/volume/{{id}}/{{path:.+}}", self.get_block),
        ]

    async def create(self, request: api_pb2.BlobCreateRequest) -> api_pb2.BlobCreateResponse:  # noqa: ARG002
        """Say where a blob can be put."""
        blob_id = f"bl-{secrets.token_hex(16)}"
        url = f"{self._state.private_url}/blob/{blob_id}"
        return make(
            api_pb2.BlobCreateResponse,
            blob_id=blob_id,
            blob_ids=[blob_id],
            upload_urls=api_pb2.UploadUrlList(items=[url]),
        )

    async def get(self, request: api_pb2.BlobGetRequest) -> api_pb2.BlobGetResponse:
        """Say where a blob can be had."""
        if not self._state.blob(request.blob_id).is_file():
            raise GRPCError(Status.NOT_FOUND, f"the local plane has no blob {request.blob_id!r}")
        return make(api_pb2.BlobGetResponse, download_url=f"{self._state.private_url}/blob/{request.blob_id}")

    async def put_blob(self, request: web.Request) -> web.Response:
        """Take a blob."""
        path, digest = self._state.blob(request.match_info["id"]), hashlib.md5(usedforsecurity=False)  # as S3 has it
        try:
            with path.open("wb") as file:
                async for chunk in request.content.iter_chunked(256 * 1024):
                    digest.update(chunk)
                    file.write(chunk)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise web.HTTPInsufficientStorage(text=f"the local plane's folder cannot be written: {error}") from error
        return web.Response(headers={"ETag": f'"{digest.hexdigest()}"'})

    async def get_blob(self, request: web.Request) -> web.StreamResponse:
        """Give a blob."""
        path = self._state.blob(request.match_info["id"])
        return web.FileResponse(path) if path.is_file() else web.Response(status=404)

    async def get_block(self, request: web.Request) -> web.Response:
        """Give one block of a volume's file."""
        volume = found(self._state.volumes, request.match_info["id"], "volume")
        start = int(request.query["start"])
        with inside(volume.folder, request.match_info["path"]).open("rb") as file:
            file.seek(start)
            return web.Response(body=file.read(BLOCK_BYTES))
