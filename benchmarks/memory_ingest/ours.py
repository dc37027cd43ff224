"""One measurement of a memory, in a process of its own: filled, asked, added to, forgotten from; prints a JSON object.

python benchmarks/memory_ingest/ours.py DOCUMENTS [--profile FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import re
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

import numpy as np
from corpus import documents, questions
from stub import CHAT, EMBED, StubPlayer, cpu_s

from hausmusik.clock import SystemClock, TimeIds
from hausmusik.jobs.journal import Journal
from hausmusik.jobs.stop import Stop
from hausmusik.memory.adding import AHEAD, Adder
from hausmusik.memory.retrieval.index import Index
from hausmusik.memory.retrieval.retriever import Mode, Retriever
from hausmusik.memory.store.store import MemoryStore
from hausmusik.memory.values import AddOptions
from hausmusik.types import Run

AT_ONCE: Final = 16
MODES: Final[tuple[Mode, ...]] = ("naive", "local", "global", "hybrid", "mix")
MORE: Final = 5
BUDGET: Final = 700
"""Tokens of a passage: two passages a document, as many as the peers make with their tokenizers and 1,200."""
RUN: Final = Run(id="benchmark")


class Bench:
    """A memory in a folder, and all that fills it."""

    def __init__(self, folder: Path, budget_tokens: int) -> None:
        self.folder = folder
        self.budget_tokens = budget_tokens
        self.clock = SystemClock()
        self.player = StubPlayer(at_once=AT_ONCE)
        self.journal = Journal(folder / "jobs.sqlite", clock=self.clock, ids=TimeIds(self.clock))
        self.store = MemoryStore(folder / "memory" / "bench.sqlite", self.clock)
        self.adder = Adder(
            self.player,
            self.journal,
            clock=self.clock,
            defaults={"embed": EMBED},
            capacity=lambda _run, _instruments: AT_ONCE,
        )

    def write(self, texts: Sequence[str], first: int = 0) -> list[Path]:
        """Write documents as files; returns their paths."""
        paths = [self.folder / "documents" / f"d{first + number:05d}.txt" for number in range(len(texts))]
        for path, text in zip(paths, texts, strict=True):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
        return paths

    async def add(self, sources: Sequence[Path]) -> None:
        """Add files to the memory; raises where one of them cannot be."""
        options = AddOptions(
            sources=tuple(sources), extractor=CHAT, concurrency=AT_ONCE, budget_tokens=self.budget_tokens
        )
        plan = self.adder.plan(self.store, "bench", options, run=RUN)
        report = await self.adder.add(self.store, plan, run=RUN, stop=Stop(), on_progress=lambda _: None)
        if report.failed or report.added != len(plan.to_do):
            raise RuntimeError(f"not everything was added: {report.problems[:3]}")

    def size_bytes(self) -> int:
        """Return how large the memory is, its log of changes included."""
        return sum(path.stat().st_size for path in (self.folder / "memory").iterdir())


async def measured(count: int, folder: Path, budget_tokens: int, profile: cProfile.Profile | None) -> dict[str, Any]:
    bench = Bench(folder, budget_tokens)
    texts = documents(count + MORE)
    paths = bench.write(texts[:count])
    wall, cpu, written = time.perf_counter(), cpu_s(), written_bytes()
    with profile or nullcontext():
        await bench.add([paths[0].parent])
    took_s, used_s = time.perf_counter() - wall, cpu_s() - cpu
    player, stamps = bench.player, bench.player.stamps
    ideal_s = len(stamps) * player.latency_s / AT_ONCE
    tenth = max(1, len(stamps) // 10)
    # So many passages are read before the first answer, and as many of the last ones are answered when all are read.
    ahead = min(2 * AHEAD * AT_ONCE, len(stamps) // 4)
    counts = bench.store.counts()
    bench.store.close()  # brings the log of changes into the file
    wrote = written_bytes() - written
    found: dict[str, Any] = {
        "documents": count,
        "budget_tokens": budget_tokens,
        "wall_s": took_s,
        "cpu_s": used_s,
        "embedding_cpu_s": player.embedding_s,
        "calls": len(stamps),
        "ideal_s": ideal_s,
        "wall_by_ideal": took_s / ideal_s,
        "mean_in_flight": player.busy_s / took_s,
        "most_in_flight": player.most_in_flight,
        "cpu_ms_per_passage_first_tenth": _per(stamps[ahead : ahead + tenth]),
        "cpu_ms_per_passage_middle": _per(stamps[len(stamps) // 2 - tenth // 2 :][:tenth]),
        "cpu_ms_per_passage_last_tenth": _per(stamps[-tenth - ahead : -ahead]),
        "cpu_ms_per_passage": 1000 * used_s / counts["passages"],
        "written_bytes": wrote,
        "store_bytes": bench.size_bytes(),
        "written_by_store": wrote / bench.size_bytes(),
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "counts": counts,
    }
    found["queries_ms"] = asked(bench, texts[:count])
    found["one_more_ms"] = await one_more(bench, texts[count:], count)
    calls = len(stamps)
    found["forget_ms"] = forgotten(bench, [f"d{number:05d}.txt" for number in (3, 7, 11, 50, 90)])
    found["forget_calls"] = len(stamps) - calls
    found["reopen_ms"] = reopened(bench)
    found["wrong"] = {what: number for what, number in bench.store.check().items() if number}
    return found


def _per(stamps: Sequence[tuple[float, float]]) -> float:
    return 1000 * (stamps[-1][1] - stamps[0][1]) / (len(stamps) - 1)


def asked(bench: Bench, texts: Sequence[str], count: int = 60) -> dict[str, Any]:
    """Return how long questions take in each mode; their vectors are ready."""
    index = Index(bench.store, bench.store.dim)
    retriever = Retriever(bench.store, index)
    batch = questions(texts, count)
    began = time.perf_counter()
    vectors = [bench.player.embed([question])[0] for question in batch]
    found: dict[str, Any] = {"vector": 1000 * (time.perf_counter() - began) / count}
    retriever.retrieve(batch[0], vectors[0])
    for mode in MODES:
        took = [
            timed_ms(lambda q=question, v=vector, m=mode: retriever.retrieve(q, v, mode=m))
            for question, vector in zip(batch, vectors, strict=True)
        ]
        walls = [wall for wall, _ in took]
        found[mode] = {
            "p50": float(np.percentile(walls, 50)),
            "p95": float(np.percentile(walls, 95)),
            "cpu_p95": float(np.percentile([cpu for _, cpu in took], 95)),
        }
    return found


async def one_more(bench: Bench, texts: Sequence[str], first: int) -> dict[str, Any]:
    """Return how long one more document takes, without the one round of answers that it waits for."""
    walls: list[float] = []
    cpus: list[float] = []
    wrote: list[int] = []
    for path in bench.write(texts, first):
        before, wall, cpu, written = bench.player.busy_s, time.perf_counter(), cpu_s(), written_bytes()
        calls = len(bench.player.stamps)
        await bench.add([path])
        model_s = (bench.player.busy_s - before) / (len(bench.player.stamps) - calls)
        walls.append(1000 * (time.perf_counter() - wall - model_s))
        cpus.append(1000 * (cpu_s() - cpu))
        wrote.append(written_bytes() - written)
    return {"each": walls, "median": statistics.median(walls), "cpu": statistics.median(cpus), "written": wrote}


def forgotten(bench: Bench, names: Sequence[str]) -> dict[str, Any]:
    """Return how long forgetting each of some documents takes, with how much is written."""
    walls: list[float] = []
    cpus: list[float] = []
    wrote: list[int] = []
    for name in names:
        written = written_bytes()

        def forget(name: str = name) -> None:
            if bench.store.forget([name]) != 1:
                raise RuntimeError(f"{name} was not there")

        wall, cpu = timed_ms(forget)
        walls.append(wall)
        cpus.append(cpu)
        wrote.append(written_bytes() - written)
    return {"each": walls, "median": statistics.median(walls), "cpu": statistics.median(cpus), "written": wrote}


def reopened(bench: Bench) -> dict[str, float]:
    """Return how long opening the file and loading what is searched take."""
    bench.store.close()
    store = MemoryStore(bench.store.path, bench.clock)
    opened, _ = timed_ms(store.counts)
    loaded, cpu = timed_ms(lambda: Index(store, store.dim))
    store.close()
    return {"open": opened, "index": loaded, "index_cpu": cpu}


def timed_ms(work: Callable[[], object]) -> tuple[float, float]:
    """Return wall and processor milliseconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)


def written_bytes() -> int:
    """Return how many bytes this process has given to `write`."""
    return int(re.findall(r"wchar: (\d+)", Path("/proc/self/io").read_text())[0])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("documents", type=int)
    parser.add_argument("--budget", type=int, default=BUDGET)
    parser.add_argument("--profile", type=Path)
    given = parser.parse_args()
    profile = cProfile.Profile() if given.profile else None
    with tempfile.TemporaryDirectory(prefix="memory-ingest-") as folder:
        print(json.dumps(asyncio.run(measured(given.documents, Path(folder), given.budget, profile))))
    if profile is not None:
        profile.dump_stats(given.profile)


if __name__ == "__main__":
    main()
