"""Takes Markdown pages apart: the files they show and the commands they give."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"

_BLOCK = re.compile(r"(?:<!-- file: (?P<file>[\w./-]+) -->\n)?```(?P<kind>\w+)\n(?P<body>.*?)```", re.DOTALL)


def files_of(page: Path) -> dict[str, str]:
    """The blocks that are preceded by `<!-- file: NAME -->`."""
    return {m["file"]: m["body"] for m in _BLOCK.finditer(page.read_text("utf-8")) if m["file"]}


def commands_of(page: Path) -> list[str]:
    """Every line of every `sh` block, continued lines joined, comments dropped."""
    lines: list[str] = []
    for match in _BLOCK.finditer(page.read_text("utf-8")):
        if match["kind"] == "sh":
            body = match["body"].replace("\\\n", " ")
            lines += [line.split("  #")[0].strip() for line in body.splitlines() if line.strip() and line[0] != "#"]
    return lines


def blocks_of(page: Path, kind: str) -> list[str]:
    """The bodies of all blocks of one language."""
    return [m["body"] for m in _BLOCK.finditer(page.read_text("utf-8")) if m["kind"] == kind]
