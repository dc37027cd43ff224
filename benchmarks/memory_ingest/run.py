"""Filling, asking and forgetting: ours against LightRAG and nano-graphrag, side by side; writes results/<date>.*.

    python benchmarks/memory_ingest/run.py [--sizes 100 300 700 1500]
        [--data bench_lightrag.py --peer-python lightrag=PYTHON --peer-python nano=PYTHON --tokens FOLDER]

A language model that answers after 200 ms, 16 answers in flight, vectors that are hashes: what is left is each memory's
own time. Each measurement is a process of its own. `--data` is the script that measures the peers, on the same corpus.
Larger memories are measured by benchmarks/memory_retrieval.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import sqlite3
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import peers
from report import page

HERE: Final = Path(__file__).parent
PEER_SIZES: Final = (100, 300)


def alone(script: str, *arguments: str) -> dict[str, Any]:
    """Run a measurement in a process of its own, its linear algebra on one core."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(HERE / script), *arguments]
    before = os.getloadavg()[0]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout) | {"load_before": before, "load_after": os.getloadavg()[0]}
    print(script, *arguments, {key: value for key, value in found.items() if isinstance(value, float)}, flush=True)
    return found


def run(given: argparse.Namespace) -> dict[str, Any]:
    pythons = dict(each.split("=", 1) for each in given.peer_python)
    ours: list[dict[str, Any]] = []
    theirs: list[dict[str, Any]] = []
    for size in given.sizes:
        ours.append(alone("ours.py", str(size)))
        for name, python in pythons.items() if size in PEER_SIZES else ():
            theirs.append(peers.measured(Path(python), given.data, name, size, given.tokens))
            print(theirs[-1], flush=True)
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": {
            "cpu": cpu_model(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            "libraries": {each: version(each) for each in ("hausmusik", "numpy", "scipy", "msgspec", "rapidfuzz")},
        },
        "ours": ours,
        "whole_documents": alone("ours.py", "300", "--budget", "1200"),
        "peers": theirs,
    }


def cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "?")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="*", default=[100, 300, 700, 1500])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--peer-python", action="append", default=[])
    parser.add_argument("--tokens", type=Path)
    result = run(parser.parse_args())
    target = HERE / "results" / str(result["date"])
    target.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    target.with_suffix(".md").write_text(page(result), "utf-8")


if __name__ == "__main__":
    main()
