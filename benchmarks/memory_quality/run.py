"""How well a memory finds and refuses, with no language model at all; writes results/<date>.json and .md.

    python benchmarks/memory_quality/run.py --data DIR [--only musique,lihua,qmsum,answers] [--reader INSTRUMENT]

DIR has `hipporag`, `lihua-world` and `qmsum` as their repositories have them. MiniLM must be pulled. Everything is made
in a temporary house: about 15 minutes on two cores.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import answers
import lihua
import musique
import numpy as np
import qmsum
import strangers

import hausmusik
from hausmusik.clock import SystemClock
from hausmusik.memory.retrieval.index import Index
from hausmusik.memory.retrieval.retriever import MODES, Retriever
from hausmusik.memory.store.store import MemoryStore
from hausmusik.memory.values import AddOptions

HERE = Path(__file__).parent


class Bench:
    """A house of its own, and what is measured in it."""

    def __init__(self, data: Path, folder: Path) -> None:
        self.data = data
        self.folder = folder
        weights = os.environ.get("HAUSMUSIK_WEIGHTS__FOLDER")
        settings = {"weights.folder": weights} if weights else {}
        self.house = hausmusik.open(home=folder / "home", settings=settings)

    def embed(self, texts: list[str]) -> np.ndarray:
        parts = [self.house.embed(texts[at : at + 512], purpose="query").vectors for at in range(0, len(texts), 512)]
        return np.concatenate(parts)

    def musique(self) -> dict[str, Any]:
        store = MemoryStore(self.folder / "musique.sqlite", SystemClock())
        try:
            return musique.measured(store, self.data, self.embed, ("auto", "naive", "local", "global", "hybrid"))
        finally:
            store.close()

    def together(self, wanted: set[str], reader: str) -> dict[str, Any]:
        """Add both corpora to one memory, as an owner of both would, and measure each."""
        sources = [lihua.unpacked(self.data, self.folder), qmsum.written(self.data, self.folder / "qmsum")]
        began, cpu = time.perf_counter(), os.times()
        plan = self.house.plan_memory("all", AddOptions(sources=tuple(sources), llm_minutes=0))
        report = self.house.add_to_memory(plan)
        took, after = time.perf_counter() - began, os.times()
        store = self.house.memories.store("all")
        retriever = Retriever(store, Index(store, store.dim))
        found: dict[str, Any] = {
            "adding": {
                "documents": report.added,
                "passages": report.passages,
                "entities": report.entities,
                "facts": report.facts,
                "wall_min": round(took / 60, 1),
                "own_cpu_min": round((after.user + after.system - cpu.user - cpu.system) / 60, 1),
                "size_mb": round(store.path.stat().st_size / 1e6, 1),
            }
        }
        if "lihua" in wanted:
            found["strangers"] = strangers.measured(retriever, self.embed)
            found["lihua"] = lihua.measured(retriever, self.data, self.embed, ("auto", "naive", "local"))
        if "qmsum" in wanted:
            found["qmsum"] = qmsum.measured(retriever, self.data, self.embed, ("auto", "naive"))
        if "answers" in wanted:
            found["answers"] = {"reader": reader or "nobody: sentences are quoted"} | answers.measured(
                self.house, "all", sources, self.data, reader
            )
        return found


def told(results: dict[str, Any]) -> str:
    """Return the results as Markdown."""
    made = f"{results['machine']}, Python {results['python']}, hausmusik {results['hausmusik']}"
    load = f"load average when it began: {results['load']:.1f}"
    about = "No language model was asked, unless `answers` names one."
    about += " Weights were set on MuSiQue and on LiHua-World's even half."
    lines = [f"# What a memory finds, {results['date']}", "", f"{made}; {load}. {about}", ""]
    for name in ("adding", "musique", "strangers", "lihua", "qmsum", "answers"):
        if name in results:
            lines += [f"## {name}", "", "```json", json.dumps(results[name], indent=1), "```", ""]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--only", default="musique,lihua,qmsum,answers")
    parser.add_argument("--reader", default="", help="who words the twenty answers; without: they are quoted")
    options = parser.parse_args()
    wanted = set(options.only.split(","))
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options.data, Path(folder))
        results: dict[str, Any] = {
            "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
            "machine": f"{os.cpu_count()} cores, {platform.machine()}",
            "python": platform.python_version(),
            "hausmusik": version("hausmusik"),
            "load": os.getloadavg()[0],
            "modes": MODES,
        }
        with bench.house:
            if "musique" in wanted:
                results["musique"] = bench.musique()
            if wanted & {"lihua", "qmsum", "answers"}:
                results |= bench.together(wanted, options.reader)
    (HERE / "results").mkdir(exist_ok=True)
    target = HERE / "results" / results["date"]
    target.with_suffix(".json").write_text(json.dumps(results, indent=1) + "\n")
    target.with_suffix(".md").write_text(told(results))
    print(told(results))


if __name__ == "__main__":
    main()
