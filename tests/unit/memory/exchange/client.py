"""Runs under an interpreter that has the real LightRAG: does one thing with a folder, prints what came as JSON.

python client.py SOURCE_FOLDER ask|extend|custom|adapter FOLDER [FILE]
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from lightrag import LightRAG, QueryParam
from lightrag.utils import EmbeddingFunc

sys.path.append(sys.argv[1])
MODES = ("naive", "local", "global", "hybrid", "mix")
EXTRACTED = (
    "entity<|#|>Clara Voss<|#|>person<|#|>Clara Voss repairs cranes.\n"
    "entity<|#|>Kiel<|#|>location<|#|>A port.\n"
    "relation<|#|>Clara Voss<|#|>Kiel<|#|>living<|#|>Clara Voss lives in Kiel.\n<|COMPLETE|>"
)


def words(text: str) -> list[str]:
    return text.lower().replace(".", " ").replace(",", " ").split() or [""]


class Vectors:
    def __init__(self, texts: Any) -> None:
        table = np.random.default_rng(1).standard_normal((4096, 384)).astype(np.float32)
        found = np.stack([table[[zlib.crc32(word.encode()) & 4095 for word in words(text)]].sum(0) for text in texts])
        self.vectors = found / np.linalg.norm(found, axis=1, keepdims=True)


class Reply:
    def __init__(self, text: str) -> None:
        self.text = text


class House:
    """What the adapter asks of a house."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.purposes: set[str] = set()

    async def chat(self, messages: str, *, history: Any = (), **_: Any) -> Reply:
        self.calls.append(messages)
        return Reply("<|COMPLETE|>" if history else EXTRACTED)

    async def embed(self, texts: Any, *, purpose: str = "passage", **_: Any) -> Vectors:
        self.purposes.add(purpose)
        return Vectors(texts)


async def opened(folder: str, house: House) -> LightRAG:
    from hausmusik.memory.exchange.adapter import embedding_func, llm_model_func

    embed = await embedding_func(house)
    func = EmbeddingFunc(
        embedding_dim=embed.embedding_dim,
        max_token_size=embed.max_token_size,
        func=embed,
        supports_asymmetric=True,
    )
    rag = LightRAG(working_dir=folder, llm_model_func=llm_model_func(house, "fake"), embedding_func=func)
    await rag.initialize_storages()
    return rag


async def asked(rag: LightRAG, question: str, low: list[str], high: list[str]) -> dict[str, str]:
    found = {}
    for mode in MODES:
        param = QueryParam(mode=mode, only_need_context=True, enable_rerank=False, ll_keywords=low, hl_keywords=high)
        found[mode] = str(await rag.aquery(question, param=param))
    return found


def read(path: str) -> Any:
    return json.loads(Path(path).read_text("utf-8"))


async def main(what: str, folder: str, *more: str) -> dict[str, Any]:
    house = House()
    rag = await opened(folder, house)
    told: dict[str, Any] = {}
    if what == "custom":
        await rag.ainsert_custom_kg(read(more[0]))
    if what in ("extend", "adapter"):
        await rag.ainsert("Clara Voss repairs cranes. Clara Voss lives in Kiel.", file_paths="clara.txt")
        told["added"] = await asked(rag, "Where does Clara Voss live?", ["Clara Voss"], ["Clara Voss lives in Kiel"])
    if what == "extend":
        statuses = read(f"{folder}/kv_store_doc_status.json")
        gone = [id_ for id_, each in statuses.items() if each["file_path"] == more[0]]
        result = await rag.adelete_by_doc_id(gone[0])
        told["deleted"] = result.status
    told["asked"] = await asked(
        rag, "Where does Anna Weber live?", ["Anna Weber"], ["Anna Weber lives in Hamburg Bremen"]
    )
    graph = rag.chunk_entity_relation_graph
    told["nodes"] = sorted(await graph.get_all_labels())
    told["status"] = {str(key): value for key, value in (await rag.get_processing_status()).items() if value}
    told["calls"], told["purposes"] = len(house.calls), sorted(house.purposes)
    await rag.finalize_storages()
    return told


logging.disable(logging.CRITICAL)
print("\n" + json.dumps(asyncio.run(main(*sys.argv[2:]))))
