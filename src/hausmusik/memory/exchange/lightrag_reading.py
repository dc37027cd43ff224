"""Reading a folder that LightRAG made with its default file stores: chunks, documents, the graph; not the vectors.

Whatever stands in the files is checked for its form and length and is data, never code; no link is followed. Older
folders than those of 1.5 are read too, as long as they have chunks and the graph. Knows nothing of memories.

Source: `lightrag/kg/json_kv_impl.py`, `lightrag/kg/networkx_impl.py`, `lightrag/base.py` of lightrag-hku 1.5.7.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

import msgspec

from hausmusik.errors import BadInput, NotFoundError
from hausmusik.memory.exchange.graph_reading import Graph, read_graph
from hausmusik.memory.exchange.lightrag_files import GRAPH, OURS

T = TypeVar("T")

MOST_BYTES: Final = 1 << 30
"""Of one file: its text is held in memory twice while it is read."""

CHUNKS: Final = "kv_store_text_chunks.json"
DOCUMENTS: Final = "kv_store_full_docs.json"
STATUSES: Final = "kv_store_doc_status.json"


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """A record of `text_chunks`."""

    content: str
    full_doc_id: str | None = None
    chunk_order_index: int | None = None
    file_path: str | None = None
    tokens: int | None = None


class FullDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A record of `full_docs`."""

    content: str | None = None
    file_path: str | None = None


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What our own export adds to a document's metadata."""

    path: str = ""
    title: str = ""
    kind: str = ""
    date: str = ""
    language: str = ""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """A record of `doc_status`."""

    status: str | None = None
    file_path: str | None = None
    metadata: dict[str, Any] | None = None

    @property
    def origin(self) -> Origin:
        """What our own export added; nothing of it in folders of LightRAG's."""
        try:
            return msgspec.convert((self.metadata or {}).get(OURS, {}), Origin)
        except msgspec.ValidationError:
            return Origin()


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of a folder, by LightRAG's ids."""

    chunks: Mapping[str, Chunk]
    documents: Mapping[str, FullDocument]
    statuses: Mapping[str, Status]
    graph: Graph


def read_folder(folder: Path) -> Folder:
    """Read a folder.

    Raises:
        NotFoundError: there is no such folder.
        BadInput: it is none of LightRAG's, or damaged.
    """
    if not folder.is_dir():
        raise NotFoundError(f"there is no folder {folder}", hint="name the folder that LightRAG works in")
    if not os.path.lexists(folder / CHUNKS) or not os.path.lexists(folder / GRAPH):
        raise BadInput(
            f"{folder} is no folder of LightRAG's file stores: it needs {CHUNKS} and {GRAPH}",
            hint="where LightRAG was given a workspace, name the folder of that name inside",
        )
    with _opened(folder / GRAPH) as file:
        graph = read_graph(file, GRAPH)
    return Folder(
        chunks=_table(folder / CHUNKS, Chunk),
        documents=_table(folder / DOCUMENTS, FullDocument),
        statuses=_table(folder / STATUSES, Status),
        graph=graph,
    )


def _table(path: Path, record: type[T]) -> dict[str, T]:
    if not os.path.lexists(path):
        return {}
    with _opened(path) as file:
        data = file.read()
    try:
        return msgspec.json.decode(data, type=dict[str, record])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadInput(f"{path.name} is damaged: {error}", hint="copy it again, or export it again") from error


def _opened(path: Path) -> BinaryIO:
    """Open a plain file of bounded size; never a link, a pipe or a device."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise BadInput(
            f"{path.name} cannot be read: {error.strerror}", hint="it must be a file of its own, no link"
        ) from error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_size > MOST_BYTES:
        os.close(descriptor)
        raise BadInput(f"{path.name} is no plain file, or larger than 1 GiB", hint="import it in smaller parts")
    return os.fdopen(descriptor, "rb")
