"""A memory as the JSON that LightRAG's `insert_custom_kg` takes: chunks, entities, relationships.

For a LightRAG with other stores or another embedder than ours: it makes all vectors anew. LightRAG keeps one source for
each entity and relation, so those are the first.

Source: `LightRAG.ainsert_custom_kg` of lightrag-hku 1.5.7.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TextIO

import msgspec

from hausmusik.memory.exchange.lightrag_view import Edge, Node, Place, View, document_id
from hausmusik.memory.store.store import MemoryStore


def write_custom_kg(store: MemoryStore, file: TextIO) -> None:
    """Write a memory; raises StoreError where it cannot be read."""
    with store.database.read() as connection:
        view = View(connection)
        file.write("{")
        _write(file, "chunks", _chunks(view))
        nodes, edges = view.nodes(), view.edges()
    file.write(",")
    _write(file, "entities", map(_entity, nodes))
    file.write(",")
    _write(file, "relationships", map(_relation, edges))
    file.write("\n}\n")


def _chunks(view: View) -> Iterator[Mapping[str, Any]]:
    for document in view.documents:
        for order, (place, passage) in enumerate(view.passages(document)):
            yield {
                "content": passage.text,
                "source_id": place.chunk,
                "file_path": place.file,
                "chunk_order_index": order,
                "full_doc_id": document_id(document),
            }


def _entity(node: Node) -> Mapping[str, Any]:
    return {
        "entity_name": node.name,
        "entity_type": node.type,
        "description": node.description,
        **_source(node.places),
    }


def _relation(edge: Edge) -> Mapping[str, Any]:
    return {
        "src_id": edge.source,
        "tgt_id": edge.target,
        "description": edge.description,
        "keywords": edge.keywords,
        "weight": edge.weight,
        **_source(edge.places),
    }


def _source(places: list[Place]) -> Mapping[str, Any]:
    return {"source_id": places[0].chunk, "file_path": places[0].file} if places else {}


def _write(file: TextIO, name: str, records: Iterable[Mapping[str, Any]]) -> None:
    file.write(f'\n"{name}": [')
    file.writelines(
        (",\n" if place else "\n") + msgspec.json.encode(record).decode() for place, record in enumerate(records)
    )
    file.write("\n]")
