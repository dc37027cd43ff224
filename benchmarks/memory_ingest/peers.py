"""Runs the script that measures LightRAG and nano-graphrag, each in an environment of its own.

Knows nothing of ours.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Final

PARALLEL: Final = {"lightrag": ("--parallel-insert", "10")}
"""LightRAG's default of 3 documents at once keeps even fewer answers in flight."""


def measured(python: Path, script: Path, framework: str, documents: int, tokens: Path | None) -> dict[str, Any]:
    """Return what the script says of a framework.

    Args:
        python: Of the environment that has it.
        script: `bench_lightrag.py`.
        framework: `lightrag` or `nano`.
        documents: How many.
        tokens: Folder with tiktoken's vocabularies, where they cannot be downloaded.
    """
    command = [str(python), str(script), "--framework", framework, "--docs", str(documents)]
    command += PARALLEL.get(framework, ())
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    if tokens:
        environment["TIKTOKEN_CACHE_DIR"] = str(tokens)
    # What it prints is kept: a framework may print too, so the last line that is an object is the result.
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        raise RuntimeError(f"{framework} failed: {done.stderr[-2000:]}")
    return json.loads(lines[-1])
