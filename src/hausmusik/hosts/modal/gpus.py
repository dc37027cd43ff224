"""Which GPUs a container has, by the names that they give themselves.

Of a list of fallbacks Modal gives one and tells nobody which: neither its SDK nor its variables in a container do
(https://modal.com/docs/guide/environment_variables). NVIDIA's own tool does, and where that is missing the driver. What
such a name means for a price is said in `hausmusik.gpu_names`. Imports the standard library alone.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

ANSWER_S: Final = 10.0
"""The tool answers within 0.1 s, and within some seconds where it is the first to wake the driver."""

DRIVER: Final = Path("/proc/driver/nvidia/gpus")


def gpu_models(driver: Path = DRIVER) -> tuple[str, ...]:
    """Return what each GPU calls itself, e.g. `NVIDIA A10G`; none: there is no GPU, or nobody says.

    Args:
        driver: Where the driver has a folder for each.
    """
    return _by_tool() or _by_driver(driver)


def _by_tool() -> tuple[str, ...]:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ()
    command = [tool, "--query-gpu=name", "--format=csv,noheader"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(line.strip() for line in told.stdout.splitlines() if line.strip())


def _by_driver(folder: Path) -> tuple[str, ...]:
    """Read `Model:` lines. Source: NVIDIA's driver README, chapter "Using the /proc File System Interface"."""
    try:
        texts = [file.read_text("utf-8", "replace") for file in sorted(folder.glob("*/information"))]
    except OSError:
        return ()
    fields = [line.partition(":") for text in texts for line in text.splitlines()]
    return tuple(value.strip() for name, _, value in fields if name.strip() == "Model")
