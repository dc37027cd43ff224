"""Writing a folder that LightRAG opens as its own: the default file stores of lightrag-hku 1.5.7.

    graph_chunk_entity_relation.graphml     the graph
    kv_store_*.json                         documents, chunks, which entities and relations they have
    vdb_chunks|entities|relationships.json  vectors, ours: chunks' as the memory has them, the others made now

LightRAG must be opened with the memory's embedder (see `adapter`). What language models said is not in it: deleting a
document in LightRAG then rebuilds shared entities without asking again.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np

from hausmusik.errors import StoreError
from hausmusik.memory.exchange import rows
from hausmusik.memory.exchange.graphml import GraphWriter
from hausmusik.memory.exchange.kv import TableFile
from hausmusik.memory.exchange.lightrag_view import (
    MOST_SOURCES,
    SEPARATOR,
    Edge,
    Node,
    Place,
    View,
    document_id,
    md5,
    seconds,
)
from hausmusik.memory.exchange.targets import written
from hausmusik.memory.exchange.vectors import VectorFile
from hausmusik.memory.store.store import MemoryStore
from hausmusik.memory.store.writing import STORED
from hausmusik.types import FloatArray

Embed: TypeAlias = Callable[[Sequence[str]], Awaitable[FloatArray]]
"""Texts to vectors, float32 `(n, dim)`, by the memory's own embedder."""

GRAPH: Final = "graph_chunk_entity_relation.graphml"
OURS: Final = "hausmusik"
"""Name of what only we read: an attribute of relations, a member of documents' metadata."""

SUMMARY_CHARACTERS: Final = 100
NODE_KEYS: Final = {
    "entity_id": "string",
    "entity_type": "string",
    "description": "string",
    "source_id": "string",
    "file_path": "string",
    "created_at": "long",
    "names": "string",
}
EDGE_KEYS: Final = {
    "weight": "double",
    "description": "string",
    "keywords": "string",
    "source_id": "string",
    "file_path": "string",
    "created_at": "long",
    OURS: "string",
}


async def write_lightrag(store: MemoryStore, folder: Path, embed: Embed) -> None:
    """Write a memory into an empty folder.

    Args:
        store: Its file.
        folder: Where to.
        embed: Makes the vectors of entities and relations.

    Raises:
        StoreError: the memory cannot be read, or nothing is in it.
        HausmusikError: what `embed` raises.
    """
    dim = await asyncio.to_thread(lambda: store.dim)
    if not dim:
        raise StoreError("there is nothing in this memory", hint="add something: haus memory add NAME FOLDER")
    nodes, edges, at = await asyncio.to_thread(_write_plain, store, folder, dim)
    await _write_vectors(folder / "vdb_entities.json", dim, at, [_node_row(node) for node in nodes], embed)
    await _write_vectors(folder / "vdb_relationships.json", dim, at, [_edge_row(edge) for edge in edges], embed)


def _write_plain(store: MemoryStore, folder: Path, dim: int) -> tuple[list[Node], list[Edge], int]:
    """Write all that needs no new vectors, of one moment; returns the graph and when it was last added to."""
    with store.database.read() as connection:
        view = View(connection)
        at = max((seconds(document.added_at) for document in view.documents), default=0)
        _write_documents(view, folder)
        _write_chunks(view, folder, dim, lambda passage: _vector(connection, passage, dim))
        nodes, edges = view.nodes(), view.edges()
    _write_graph(folder, nodes, edges, at)
    _write_table(folder, "entity_chunks", at, ((node.name, _chunk_ids(node.places)) for node in nodes))
    _write_table(
        folder,
        "relation_chunks",
        at,
        ((f"{edge.source}{SEPARATOR}{edge.target}", _chunk_ids(edge.places)) for edge in edges),
    )
    names = _by_document((place, node.name) for node in nodes for place in node.places)
    pairs = _by_document((place, (edge.source, edge.target)) for edge in edges for place in edge.places)
    _write_table(
        folder, "full_entities", at, ((id_, {"entity_names": each, "count": len(each)}) for id_, each in names)
    )
    _write_table(
        folder, "full_relations", at, ((id_, {"relation_pairs": each, "count": len(each)}) for id_, each in pairs)
    )
    return nodes, edges, at


def _write_documents(view: View, folder: Path) -> None:
    with written(folder / "kv_store_full_docs.json") as docs, written(folder / "kv_store_doc_status.json") as statuses:
        full, status = TableFile(docs), TableFile(statuses)
        for document in view.documents:
            id_, file, at = document_id(document), view.file(document), seconds(document.added_at)
            text, end, chunks = "", 0, list[str]()
            for place, passage in view.passages(document):
                gap = "\n" * min(2, max(0, passage.start - end)) if text else ""
                text += gap + passage.text[max(0, end - passage.start) :]
                end = max(end, passage.end)
                chunks.append(place.chunk)
            hash_ = md5(text)
            full.add(id_, at, {"content": text, "file_path": file, "parse_format": "raw", "content_hash": hash_})
            ours = {name: getattr(document, name) for name in ("path", "title", "kind", "date", "language")}
            status.put(
                id_,
                {
                    "status": "processed",
                    "content_summary": text[:SUMMARY_CHARACTERS],
                    "content_length": len(text),
                    "created_at": document.added_at,
                    "updated_at": document.added_at,
                    "file_path": file,
                    "track_id": f"hausmusik_{id_[-8:]}",
                    "content_hash": hash_,
                    "metadata": {OURS: ours},
                    "chunks_count": len(chunks),
                    "chunks_list": chunks,
                },
            )
        full.end()
        status.end()


def _write_chunks(view: View, folder: Path, dim: int, vector: Callable[[int], FloatArray]) -> None:
    with written(folder / "kv_store_text_chunks.json") as texts, written(folder / "vdb_chunks.json") as file:
        table, vectors = TableFile(texts), VectorFile(file, dim)
        try:
            for document in view.documents:
                at = seconds(document.added_at)
                for order, (place, passage) in enumerate(view.passages(document)):
                    known = {"content": passage.text, "full_doc_id": place.document, "file_path": place.file}
                    extra = {"tokens": passage.tokens, "chunk_order_index": order, "llm_cache_list": list[str]()}
                    table.add(place.chunk, at, known | extra)
                    vectors.add(place.chunk, at, known, vector(passage.id))
            table.end()
            vectors.end()
        finally:
            vectors.close()


def _write_graph(folder: Path, nodes: Iterable[Node], edges: Iterable[Edge], at: int) -> None:
    with written(folder / GRAPH) as file:
        graph = GraphWriter(file, nodes=NODE_KEYS, edges=EDGE_KEYS, directed=False)
        for node in nodes:
            known = {"entity_id": node.name, "entity_type": node.type, "description": node.description}
            names = SEPARATOR.join(node.names)
            graph.node(node.name, known | _sources(node.places) | {"created_at": at, "names": names})
        for edge in edges:
            known = {"weight": edge.weight, "description": edge.description, "keywords": edge.keywords}
            ours = msgspec.json.encode(edge.sayings).decode()
            graph.edge(edge.source, edge.target, known | _sources(edge.places) | {"created_at": at, OURS: ours})
        graph.end()


def _vector(connection: sqlite3.Connection, passage: int, dim: int) -> FloatArray:
    """Return a passage's vector: the mean of its windows', which is nearest to all of them."""
    found = connection.execute("SELECT vector FROM windows WHERE passage = ?", (passage,)).fetchall()
    if not found or any(len(row[0]) != dim * STORED.itemsize for row in found):
        raise StoreError(f"passage {passage} has no vector of its memory's", hint="look: haus memory check NAME")
    return np.frombuffer(b"".join(row[0] for row in found), STORED).astype(np.float32).reshape(-1, dim).mean(0)


async def _write_vectors(
    path: Path, dim: int, at: int, records: Sequence[tuple[str, dict[str, Any]]], embed: Embed
) -> None:
    with written(path) as file:
        vectors = VectorFile(file, dim)
        try:
            for some in rows.in_parts(records):
                matrix = await embed([fields["content"] for _, fields in some])
                for (id_, fields), vector in zip(some, matrix, strict=True):
                    vectors.add(id_, at, fields, vector)
            vectors.end()
        finally:
            vectors.close()


def _node_row(node: Node) -> tuple[str, dict[str, Any]]:
    known = {"entity_name": node.name, "content": f"{node.name}\n{node.description}"}
    return f"ent-{md5(node.name)}", known | _sources(node.places)


def _edge_row(edge: Edge) -> tuple[str, dict[str, Any]]:
    content = f"{edge.keywords}\t{edge.source}\n{edge.target}\n{edge.description}"
    known = {"src_id": edge.source, "tgt_id": edge.target, "content": content}
    return f"rel-{md5(edge.source + edge.target)}", known | _sources(edge.places)


def _sources(places: Sequence[Place]) -> dict[str, Any]:
    some = places[:MOST_SOURCES]
    files = dict.fromkeys(place.file for place in some)
    return {"source_id": SEPARATOR.join(place.chunk for place in some), "file_path": SEPARATOR.join(files)}


def _chunk_ids(places: Sequence[Place]) -> dict[str, Any]:
    return {"chunk_ids": [place.chunk for place in places], "count": len(places)}


def _by_document(pairs: Iterable[tuple[Place, Any]]) -> list[tuple[str, list[Any]]]:
    found: dict[str, dict[Any, None]] = {}
    for place, value in pairs:
        found.setdefault(place.document, {})[value] = None
    return [(id_, list(values)) for id_, values in sorted(found.items())]


def _write_table(folder: Path, name: str, at: int, records: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    with written(folder / f"kv_store_{name}.json") as file:
        table = TableFile(file)
        for key, record in records:
            table.add(key, at, record)
        table.end()
