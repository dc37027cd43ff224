"""Pulls the set described by a JSON file, as a process of its own; prints one line per step of progress.

Usage: pull_program.py ROOT SHELF SET.json
"""

from __future__ import annotations

import sys
from pathlib import Path

from hausmusik.instruments.model import Weights
from hausmusik.weights.store import WeightsStore
from tests.unit.weights.shelf import Shelf

root, shelf, described = map(Path, sys.argv[1:])
holder = Shelf.__new__(Shelf)
holder.folder = shelf
store = WeightsStore(root, runner=holder.runner())
for step in store.pull([Weights.model_validate_json(described.read_text())]):
    print(step.phase, step.file, step.done_bytes, flush=True)
print("complete", flush=True)
