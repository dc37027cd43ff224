"""The files that LightRAG reads, one by one; `test_real_lightrag` opens them with it."""

from __future__ import annotations

import base64
import io
import json
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hausmusik.errors import BadInput, StoreError
from hausmusik.memory.exchange.exporting import export
from hausmusik.memory.exchange.graph_reading import read_graph
from hausmusik.memory.store.store import MemoryStore
from hausmusik.testing import FakeClock
from tests.unit.memory.exchange.samples import DIM, FIRST, SECOND, embed, memory, vectors


@pytest.fixture
async def rag(tmp_path: Path) -> Path:
    await export("notes", memory(tmp_path), tmp_path / "rag", "lightrag", embed)
    return tmp_path / "rag"


def read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


async def test_documents_chunks_and_statuses_belong_together(rag: Path) -> None:
    full, chunks, status = (read(rag / f"kv_store_{name}.json") for name in ("full_docs", "text_chunks", "doc_status"))
    assert list(full) == list(status)
    assert [each["file_path"] for each in full.values()] == ["notes.txt", "2026 - notes.txt"]
    for id_, each in status.items():
        assert each["status"] == "processed"
        assert each["chunks_count"] == len(each["chunks_list"])
        assert all(chunks[chunk]["full_doc_id"] == id_ for chunk in each["chunks_list"])
        assert all(chunks[chunk]["content"] in full[id_]["content"] for chunk in each["chunks_list"])
    assert next(iter(full.values()))["content"] == f"{FIRST}\n{SECOND}"
    assert [each["metadata"]["hausmusik"]["path"] for each in status.values()] == ["2025/notes.txt", "2026/notes.txt"]


async def test_the_graph_has_one_undirected_edge_for_each_pair(rag: Path) -> None:
    with (rag / "graph_chunk_entity_relation.graphml").open("rb") as file:
        graph = read_graph(file, "graph")
    nodes = {node.id: node.values for node in graph.nodes}
    assert nodes["Anna Weber"]["entity_type"] == "person"
    assert nodes["Anna Weber"]["description"] == "Lives by the water."
    assert len(nodes["Anna Weber"]["source_id"].split("<SEP>")) == 2
    edges = {(edge.source, edge.target): edge.values for edge in graph.edges}
    assert list(edges) == sorted(edges)
    assert edges["Anna Weber", "Nordwind"]["keywords"] == "works at,work,job"
    (ours,) = json.loads(edges["Anna Weber", "Hamburg"]["hausmusik"])
    assert (ours["valid_from"], ours["valid_to"]) == ("2025-03-01", "2026-02-01")


@pytest.mark.parametrize("encoding", ["idna", "zlib", "latin-15", "big5", "utf-7", "nothing-of-the-kind", "\x01"])
def test_a_graph_in_an_odd_encoding_is_told(encoding: str) -> None:
    graph = f'<?xml version="1.0" encoding="{encoding}"?><graphml><graph>é</graph></graphml>'
    with pytest.raises(BadInput, match="the graph is"):
        read_graph(io.BytesIO(graph.encode()), "the graph")


async def test_vectors_are_the_memorys_and_of_length_one(rag: Path) -> None:
    chunks = read(rag / "vdb_chunks.json")
    matrix = np.frombuffer(base64.b64decode(chunks["matrix"]), "<f4").reshape(-1, chunks["embedding_dim"])
    assert matrix.shape == (3, DIM)
    assert np.allclose(np.linalg.norm(matrix, axis=1), 1, atol=1e-5)
    assert matrix[0] @ vectors([FIRST])[0] == pytest.approx(1, abs=1e-3)
    half = np.frombuffer(zlib.decompress(base64.b64decode(chunks["data"][0]["vector"])), "<f2")
    assert np.allclose(half, matrix[0], atol=1e-3)


async def test_entities_and_relations_are_embedded_with_their_texts(rag: Path) -> None:
    for name in ("entities", "relationships"):
        store = read(rag / f"vdb_{name}.json")
        matrix = np.frombuffer(base64.b64decode(store["matrix"]), "<f4").reshape(-1, DIM)
        assert np.allclose(matrix, vectors([row["content"] for row in store["data"]]), atol=1e-5)
        assert len({row["__id__"] for row in store["data"]}) == len(store["data"])
    entities = [row["content"] for row in read(rag / "vdb_entities.json")["data"]]
    assert "Anna Weber\nLives by the water." in entities


async def test_trackers_name_the_same_entities_and_pairs(rag: Path) -> None:
    names = set(read(rag / "kv_store_entity_chunks.json"))
    listed = [name for each in read(rag / "kv_store_full_entities.json").values() for name in each["entity_names"]]
    assert names == set(listed)
    pairs = {
        tuple(pair) for each in read(rag / "kv_store_full_relations.json").values() for pair in each["relation_pairs"]
    }
    assert {"<SEP>".join(pair) for pair in pairs} == set(read(rag / "kv_store_relation_chunks.json"))


async def test_an_empty_memory_is_told(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path / "none.sqlite", FakeClock())
    with pytest.raises(StoreError, match="nothing in this memory"):
        await export("none", store, tmp_path / "rag", "lightrag", embed)
    assert not (tmp_path / "rag").exists()


async def test_an_embedder_that_fails_leaves_nothing(tmp_path: Path) -> None:
    async def fail(texts: Any) -> Any:
        raise StoreError("no")

    with pytest.raises(StoreError):
        await export("notes", memory(tmp_path), tmp_path / "rag", "lightrag", fail)
    assert not [name for name in os.listdir(tmp_path) if "rag" in name]  # noqa: PTH208 -- nothing is awaited meanwhile


async def test_the_custom_graph_refers_to_its_chunks(tmp_path: Path) -> None:
    await export("notes", memory(tmp_path), tmp_path / "kg.json", "custom-kg", embed)
    custom = read(tmp_path / "kg.json")
    chunks = {chunk["source_id"] for chunk in custom["chunks"]}
    assert len(chunks) == 3
    names = {entity["entity_name"] for entity in custom["entities"]}
    assert all(entity["source_id"] in chunks for entity in custom["entities"])
    for relation in custom["relationships"]:
        assert {relation["src_id"], relation["tgt_id"]} <= names
        assert relation["source_id"] in chunks
