"""How long a question takes in memories of many passages: exact vectors and PageRank, made-up numbers, no database.

    python benchmarks/memory_ingest/scale.py PASSAGES

As many windows, entities, mentions and facts a passage as the corpus has. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from typing import Final

import numpy as np

from hausmusik.memory.retrieval.graph import Graph

DIM: Final = 384
WINDOWS: Final = 3.5
ENTITIES: Final = 7.5
MENTIONS: Final = 19
FACTS: Final = 11.7
ROUNDS: Final = 15


def measured(passages: int) -> dict[str, object]:
    dice = np.random.Generator(np.random.PCG64(1))
    entities, facts = int(ENTITIES * passages), int(FACTS * passages)
    # A few entities are everywhere, most are in a passage or two.
    mentioned = np.minimum((dice.pareto(0.55, MENTIONS * passages) * 5).astype(np.int64), 4999)
    rare = dice.random(len(mentioned)) < 0.5
    mentioned[rare] = dice.integers(0, entities, int(rare.sum()))
    where = np.repeat(np.arange(passages), MENTIONS)
    mentions = np.stack([where, mentioned, np.ones_like(where)], 1)
    pairs = dice.integers(0, len(mentioned) - 1, facts)
    told = np.stack([mentioned[pairs], mentioned[pairs + 1], np.ones(facts)], 1)
    began = time.perf_counter()
    graph = Graph(np.arange(entities), np.arange(passages), mentions, told)  # pyright: ignore[reportArgumentType]
    built_s = time.perf_counter() - began
    edges = len(mentions) + len(told)
    seeds = np.zeros(entities)
    seeds[dice.integers(0, entities, 2)] = 1.0
    rank = timed(lambda: graph.rank(seeds, np.zeros(passages)))
    windows = searched(dice, int(WINDOWS * passages), 100)
    like = searched(dice, facts, 5)
    return {
        "passages": passages,
        "edges": edges,
        "graph_built_s": built_s,
        "rank_ms": rank,
        "windows_ms": windows,
        "facts_ms": like,
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def searched(dice: np.random.Generator, rows: int, best: int) -> dict[str, float]:
    """Return how long the best of so many vectors take to find."""
    vectors = matrix(dice, rows)
    one = vectors[0].copy()
    return timed(lambda: np.argpartition(-(vectors @ one), best)[:best])


def matrix(dice: np.random.Generator, rows: int) -> np.ndarray:
    """Return unit vectors, `(rows, 384)`."""
    found = dice.standard_normal((rows, DIM), np.float32)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found


def timed(work: Callable[[], object]) -> dict[str, float]:
    """Return median wall and processor milliseconds of some rounds, and the least wall."""
    work()
    walls: list[float] = []
    cpus: list[float] = []
    for _ in range(ROUNDS):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(1000 * (time.perf_counter() - wall))
        cpus.append(1000 * (time.process_time() - cpu))
    return {"wall": float(np.median(walls)), "cpu": float(np.median(cpus)), "least": min(walls)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("passages", type=int)
    print(json.dumps(measured(parser.parse_args().passages)))


if __name__ == "__main__":
    main()
