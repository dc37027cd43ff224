"""A memory of 1,500 documents, filled as any is, by the corpus and stub of memory_ingest; prints a JSON object.

python benchmarks/memory_retrieval/small.py DOCUMENTS [--embed]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from made import each_ms, timed

sys.path.insert(0, str(Path(__file__).parent.parent / "memory_ingest"))

from corpus import documents, questions
from ours import BUDGET, MODES, Bench

import hausmusik
from hausmusik.memory.retrieval.index import Index
from hausmusik.memory.retrieval.retriever import Retriever

ASKED: Final = 60
MORE: Final = 5


async def measured(count: int, folder: Path) -> dict[str, Any]:
    bench = Bench(folder, BUDGET)
    texts = documents(count + MORE)
    paths = bench.write(texts)
    for path in paths[count:]:
        path.rename(folder / path.name)
    await bench.add([paths[0].parent])
    found: dict[str, Any] = {"documents": count, "counts": bench.store.counts()}
    kept: list[Index] = []
    wall, cpu = timed(lambda: kept.append(Index(bench.store, bench.store.dim)))
    index = kept.pop()
    found["load_ms"] = {"wall": wall, "cpu": cpu}
    batch = questions(texts[:count], ASKED)
    pairs = [(question, bench.player.embed([question])[0]) for question in batch]
    retriever = Retriever(bench.store, index)
    for mode in MODES:
        found[mode] = each_ms(lambda pair, mode=mode: retriever.retrieve(*pair, mode=mode), pairs)
    took: list[tuple[float, float]] = []
    for path in paths[count:]:
        await bench.add([folder / path.name])
        took.append(timed(lambda before=index: kept.append(Index(bench.store, bench.store.dim, before))))
        index = kept.pop()
    found["one_more_ms"] = {
        "wall": float(np.median([t[0] for t in took])),
        "cpu": float(np.median([t[1] for t in took])),
    }
    bench.store.close()
    return found


def embedding(folder: Path) -> dict[str, Any]:
    """Return how long MiniLM takes for a question, in a worker that is warm."""
    weights = os.environ.get("HAUSMUSIK_WEIGHTS__FOLDER")
    house = hausmusik.open(home=folder / "home", settings={"weights.folder": weights} if weights else {})
    try:
        found = each_ms(lambda text: house.embed([text], purpose="query"), questions(documents(50), 30))
        return {name: value for name, value in found.items() if name.startswith("wall")}  # the worker's own time
    finally:
        house.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("documents", type=int)
    parser.add_argument("--embed", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="memory-retrieval-") as folder:
        found = asyncio.run(measured(given.documents, Path(folder)))
        if given.embed:
            found["embedding"] = embedding(Path(folder))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
