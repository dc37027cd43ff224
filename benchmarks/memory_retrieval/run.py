"""How long a memory takes to answer with passages, from 3,000 to 1,000,000 of them; writes results/<date>.json and .md.

    python benchmarks/memory_retrieval/run.py [--documents 1500] [--passages 10000 100000 1000000] [--embed]

Each size is a process of its own, on one core. `--embed` times MiniLM too, which must be pulled. usearch, the peer for
vectors, is measured up to 100,000 where it is installed. A million takes 6 GB and about seven minutes of one core.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.util
import json
import os
import platform
import sqlite3
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from report import page

HERE: Final = Path(__file__).parent
PEER_UP_TO: Final = 100_000
WHOLE: Final = 200_000
"""Passages: larger memories are arrays and a full-text index; a file of their rows takes an hour to fill."""


def alone(script: str, *arguments: str) -> dict[str, Any]:
    """Run a measurement in a process of its own, its linear algebra on one core."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(HERE / script), *arguments]
    before = os.getloadavg()[0]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout) | {"load_before": before, "load_after": os.getloadavg()[0]}


def write(result: dict[str, Any]) -> None:
    target = HERE / "results" / str(result["date"])
    target.parent.mkdir(exist_ok=True)
    target.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    target.with_suffix(".md").write_text(page(result), "utf-8")


def cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "?")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=int, default=1500)
    parser.add_argument("--passages", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--embed", action="store_true")
    given = parser.parse_args()
    peer = importlib.util.find_spec("usearch") is not None
    libraries = ("hausmusik", "numpy", "scipy", *(("usearch",) if peer else ()))
    result: dict[str, Any] = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": {
            "cpu": cpu_model(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            "libraries": {each: version(each) for each in libraries},
        },
        "made": [],
    }
    result["small"] = alone("small.py", str(given.documents), *(["--embed"] if given.embed else []))
    for passages in given.passages:
        with_peer = ["--usearch"] if peer and passages <= PEER_UP_TO else []
        result["made"].append({})
        for part in ("file,graph,vectors",) if passages <= WHOLE else ("graph", "vectors", "words"):
            result["made"][-1] |= alone("made.py", str(passages), "--only", part, *with_peer)
            write(result)  # a million takes long, and may not fit


if __name__ == "__main__":
    main()
