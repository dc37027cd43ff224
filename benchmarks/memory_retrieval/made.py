"""One made-up memory of so many passages, in a process of its own: loaded, asked, changed; prints a JSON object.

python benchmarks/memory_retrieval/made.py PASSAGES [--only file,words,graph,vectors] [--usearch]
"""

from __future__ import annotations

import argparse
import gc
import json
import re
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import filled
import numpy as np
import shapes

from hausmusik.clock import SystemClock
from hausmusik.memory.retrieval import graph as graph_module
from hausmusik.memory.retrieval import vectors as vectors_module
from hausmusik.memory.retrieval.graph import RESTART, Graph
from hausmusik.memory.retrieval.index import Index
from hausmusik.memory.retrieval.retriever import Retriever
from hausmusik.memory.retrieval.vectors import Vectors, vectors_of
from hausmusik.memory.store import reading
from hausmusik.memory.store.store import MemoryStore

QUESTIONS: Final = 20
PARTS: Final = ("file", "words", "graph", "vectors")
NONE: Final = np.zeros(0, np.float32)


def measured(passages: int, folder: Path, only: set[str], *, usearch: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"passages": passages}
    matrix = shapes.vectors(passages) if only & {"file", "vectors"} else shapes.vectors(QUESTIONS)
    questions = shapes.asked(matrix, QUESTIONS)
    if only - {"vectors"}:
        found |= with_names(passages, folder, only, matrix, questions)
    if "vectors" in only:
        found["vectors"] = by_meaning(matrix, questions, usearch=usearch)
    found["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found


def with_names(passages: int, folder: Path, only: set[str], matrix: Any, questions: Any) -> dict[str, Any]:
    rows = shapes.graph_rows(passages)
    asked = said(rows[2], passages)
    store = MemoryStore(folder / "made.sqlite", SystemClock())
    found: dict[str, Any] = {"entities": len(rows[0]), "edges": len(rows[2]) + len(rows[3])}
    if "file" in only:
        found["filled_cpu_s"] = timed(lambda: filled.fill(store, passages, matrix, rows))[1] / 1000
        found |= in_a_file(store, rows[2], asked, questions)
    elif "words" in only:
        found["filled_cpu_s"] = timed(lambda: filled.fill_texts(store, passages, rows[2]))[1] / 1000
    if only & {"file", "words"}:
        found["words"] = by_words(store, asked)
    store.close()
    if "graph" in only:
        kept: list[Graph] = []
        found["graph_build_cpu_s"] = timed(lambda: kept.append(Graph(*rows)))[1] / 1000
        found["graph_mb"] = kept[0].size_bytes / 1e6
        found["graph"] = by_graph(kept.pop(), rows[2])
    return found


def in_a_file(store: MemoryStore, mentions: Any, asked: list[str], questions: Any) -> dict[str, Any]:
    """Return what loading the memory, whole questions and changes take."""
    gc.collect()
    before, kept = rss_mb(), []
    wall, cpu = timed(lambda: kept.append(Index(store, store.dim)))
    index: Index = kept.pop()
    gc.collect()
    assert index.rows.windows.vectors is not None
    vectors = index.rows.windows.vectors.size_bytes
    found: dict[str, Any] = {
        "load": {"wall_s": wall / 1000, "cpu_s": cpu / 1000},
        "index_rss_mb": rss_mb() - before,
        "index_mb": {
            "vectors": vectors / 1e6,
            "graph": index.graph.size_bytes / 1e6,
            "rows": (sum(table.size_bytes for table in index.rows.tables) - vectors) / 1e6,
        },
        "file_mb": store.path.stat().st_size / 1e6,
    }
    found["mix"] = together(store, index, asked, questions)
    found["one_more"], found["one_less"] = changes(store, index, mentions, questions)
    return found


def by_meaning(matrix: Any, questions: Any, *, usearch: bool) -> dict[str, Any]:
    """Return time and recall of comparing with all vectors, with groups of them, and of usearch's graph."""
    whole = Vectors(matrix.astype(np.float32), NONE, NONE, np.zeros(0, np.int16), len(matrix))
    wanted: dict[int, list[set[int]]] = {10: [], 100: []}
    for question in questions:
        cosines = whole.found(question)[1]
        for depth, sets in wanted.items():
            sets.append(set(best(cosines, depth).tolist()))
    found: dict[str, Any] = {"numpy float32, all": each_ms(lambda q: best(whole.found(q)[1], 100), questions)}
    limit, vectors_module.EXACT = vectors_module.EXACT, 0
    kept: list[Vectors] = []
    build_s = timed(lambda: kept.append(vectors_of(matrix)))[1] / 1000
    vectors_module.EXACT = limit
    parted = kept.pop()

    def looked(question: Any) -> Any:
        rows, cosines = parted.found(question)
        return rows[best(cosines, 100)]

    found["groups, int8"] = each_ms(looked, questions) | recall(looked, questions, wanted)
    found["groups, int8"] |= {"build_cpu_s": build_s, "mb": parted.size_bytes / 1e6}
    if usearch:
        import usearch.index as peer

        graph = peer.Index(ndim=shapes.DIM, metric="ip", dtype="f16")
        took = timed(lambda: graph.add(np.arange(len(matrix)), matrix, threads=1))

        def walked(question: Any) -> Any:
            return graph.search(question, 100).keys.astype(np.int64)

        found["usearch"] = each_ms(walked, questions) | recall(walked, questions, wanted)
        found["usearch"] |= {"build_cpu_s": took[1] / 1000, "mb": graph.memory_usage / 1e6}
    return found


def recall(search: Callable[[Any], Any], questions: Any, wanted: dict[int, list[set[int]]]) -> dict[str, float]:
    answers = [search(question) for question in questions]
    return {
        f"recall@{depth}": float(
            np.mean([len(one & set(other[:depth].tolist())) / depth for one, other in zip(sets, answers, strict=True)])
        )
        for depth, sets in wanted.items()
    }


def said(mentions: Any, passages: int) -> list[str]:
    """Return questions: two names and two words of one passage."""
    at = shapes.dice(5)
    text = filled.texts(mentions, passages)
    found: list[str] = []
    for _ in range(QUESTIONS):
        names, words = text(int(at.integers(0, passages))).rstrip(".").split(": ")
        one, other = at.choice(names.split(", "), 2)
        found.append(f"What did {one} tell {other} of {' and '.join(at.choice(words.split(), 2))}?")
    return found


def by_words(store: MemoryStore, questions: Sequence[str]) -> dict[str, Any]:
    def search(question: str) -> Any:
        words = [word for word in re.findall(r"\w+", question.lower()) if word not in {"what", "did", "of", "and"}]
        with store.database.read() as connection:
            return reading.search_words(connection, words, 100)

    return {"FTS5 BM25": each_ms(search, questions)}


def by_graph(graph: Graph, mentions: Any) -> dict[str, Any]:
    """Return time of both ways of ranking and what pushing misses; seeds as the retriever gives them."""
    seeds: list[tuple[Any, Any]] = []
    for names, near in shapes.questions(mentions, QUESTIONS // 2):
        of_entities, of_passages = np.zeros(len(graph.entities)), np.zeros(len(graph.passages))
        at = np.searchsorted(graph.entities, names)
        of_entities[at] = 1 / np.sqrt(graph.passages_of[at])
        spread = (near[:, 1] - near[:, 1].min()) / np.ptp(near[:, 1])
        of_passages[near[:, 0].astype(int)] = 0.05 * spread * of_entities.sum()
        seeds.append((of_entities, of_passages))
    exact: list[Any] = []
    near: list[Any] = []
    found: dict[str, Any] = {
        "power iteration": each_ms(lambda s: exact.append(graph.rank(*s, exact=True)[1]), seeds),
        "push": each_ms(lambda s: near.append(graph.rank(*s, exact=False)[1]), seeds),
        "scipy float64 to 1e-6, as networkx": each_ms(lambda s: peer_rank(graph, *s), seeds[:2]),
    }
    for depth in (10, 100):
        both = [len(set(best(a, depth)) & set(best(b, depth))) / depth for a, b in zip(exact, near, strict=True)]
        found["push"][f"recall@{depth}"] = float(np.mean(both))
    return found


def peer_rank(graph: Graph, of_entities: Any, of_passages: Any) -> Any:
    """Personalised PageRank as networkx.pagerank has it: float64, until the sum of changes is below 1e-6 a node."""
    edges = graph.edges.astype(np.float64)
    share = graph.share.astype(np.float64)
    home = np.concatenate([of_entities, of_passages])
    home /= home.sum()
    found = home
    for _ in range(100):
        after = (1 - RESTART) * (edges @ (share * found)) + RESTART * home
        if np.abs(after - found).sum() < 1e-6:
            break
        found = after
    return found


def together(store: MemoryStore, index: Index, asked: list[str], vectors: Any) -> dict[str, Any]:
    """Return times of whole questions in mode mix, and what groups and pushing would find of the same ten passages."""
    retriever = Retriever(store, index)
    pairs = list(zip(asked, vectors, strict=True))

    def mixed(pair: Any) -> set[int]:
        return {each.passage.id for each in retriever.retrieve(*pair, mode="mix", limit=10).evidence}

    found: dict[str, Any] = {"exact": each_ms(mixed, pairs)}
    exact = [mixed(pair) for pair in pairs]
    limits = vectors_module.EXACT, graph_module.EXACT
    vectors_module.EXACT = graph_module.EXACT = 0
    held, index.vectors = index.vectors, vectors_of(index.vectors.held)
    found["approximate"] = each_ms(mixed, pairs)
    found["approximate"]["same@10"] = float(
        np.mean([len(mixed(p) & e) / len(e) for p, e in zip(pairs, exact, strict=True)])
    )
    index.vectors = held
    vectors_module.EXACT, graph_module.EXACT = limits
    return found


def changes(store: MemoryStore, index: Index, mentions: Any, vectors: Any) -> tuple[dict[str, float], ...]:
    """Return how long the index takes to follow one document more, and one less."""
    more: list[tuple[float, float]] = []
    less: list[tuple[float, float]] = []
    for number in range(3):
        entry = filled.one_more(number, mentions[12 * number : 12 * number + 5, 1].tolist(), vectors[number])
        store.put(entry, filled.RECIPE)
        kept: list[Index] = []
        more.append(timed(lambda before=index, kept=kept: kept.append(Index(store, shapes.DIM, before))))
        index = kept.pop()
        store.forget([f"more-{number}.txt"])
        less.append(timed(lambda before=index, kept=kept: kept.append(Index(store, shapes.DIM, before))))
        index = kept.pop()
    return (
        {
            "wall_ms": float(np.median([each[0] for each in took])),
            "cpu_ms": float(np.median([each[1] for each in took])),
        }
        for took in (more, less)
    )  # type: ignore[return-value]


def best(scores: Any, depth: int) -> Any:
    """Return the places of the highest scores, best first."""
    some = np.argpartition(-scores, depth)[:depth] if len(scores) > depth else np.arange(len(scores))
    return some[np.argsort(-scores[some], kind="stable")]


def each_ms(work: Callable[[Any], object], given: Sequence[Any]) -> dict[str, Any]:
    """Return median and 95th percentile of wall and processor milliseconds."""
    work(given[0])
    took = [timed(lambda one=one: work(one)) for one in given]
    found: dict[str, Any] = {}
    for name, times in zip(("wall", "cpu"), zip(*took, strict=True), strict=True):
        found |= {f"{name}_p50": float(np.percentile(times, 50)), f"{name}_p95": float(np.percentile(times, 95))}
    return found


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return wall and processor milliseconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)


def rss_mb() -> float:
    return int(re.findall(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())[0]) / 1000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("passages", type=int)
    parser.add_argument("--only", default="file,graph,vectors", help=f"of {', '.join(PARTS)}; file has words")
    parser.add_argument("--usearch", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="memory-retrieval-") as folder:
        print(json.dumps(measured(given.passages, Path(folder), set(given.only.split(",")), usearch=given.usearch)))


if __name__ == "__main__":
    main()
