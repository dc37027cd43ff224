"""What a container of a plane takes for its GPUs: there are none, but NVIDIA's tool answers as if there were.

Programs in containers ask it which GPU they were given of several that were asked for. Knows nothing of containers.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

MODELS: Final = MappingProxyType(
    {
        "T4": "Tesla T4",
        "L4": "NVIDIA L4",
        "A10": "NVIDIA A10",
        "A10G": "NVIDIA A10G",
        "L40S": "NVIDIA L40S",
        "A100": "NVIDIA A100-SXM4-40GB",
        "A100-40GB": "NVIDIA A100-SXM4-40GB",
        "A100-80GB": "NVIDIA A100-SXM4-80GB",
        "RTX-PRO-6000": "NVIDIA RTX PRO 6000 Blackwell Server Edition",
        "H100": "NVIDIA H100 80GB HBM3",
        "H200": "NVIDIA H200",
        "B200": "NVIDIA B200",
    }
)
"""What GPUs call themselves, by Modal's names of them."""


def write_tool(folder: Path, gpu: str, models: Mapping[str, str]) -> None:
    """Write an `nvidia-smi` that names the GPUs of a container and knows no other question.

    Args:
        folder: Where; made if it is missing.
        gpu: As Modal spells it, with its count; empty: there is none, and no tool.
        models: What they call themselves, where not as in `MODELS`.
    """
    if not gpu:
        return
    kind, _, count = gpu.partition(":")
    kind = kind.rstrip("!+")
    model = {**MODELS, **models}.get(kind, kind)
    folder.mkdir(parents=True, exist_ok=True)
    tool = folder / "nvidia-smi"
    tool.write_text("#!/bin/sh\n" + f"echo {shlex.quote(model)}\n" * int(count or 1), "utf-8")
    tool.chmod(0o755)
