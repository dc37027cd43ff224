"""Takes Markdown pages apart: their fenced blocks in order, each with the note that stands before it.

A note is an HTML comment on the line before a block, `<!-- word: details -->`; readers do not see it. What the notes
mean is said in `walk`.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"

_BLOCK = re.compile(
    r"^(?:<!-- (?P<note>[a-z]+): (?P<details>[^\n]+) -->\n)?```(?P<kind>\w+)\n(?P<body>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A fenced block.

    Args:
        kind: Its language.
        body: What stands between the fences.
        note: First word of the note before it; empty: none.
        details: The rest of the note.
        line: Of its first fence.
    """

    kind: str
    body: str
    note: str = ""
    details: str = ""
    line: int


def blocks_of(page: Path) -> list[Block]:
    """All blocks of a page, in order."""
    text = page.read_text("utf-8")
    return [
        Block(
            kind=found["kind"],
            body=found["body"],
            note=found["note"] or "",
            details=found["details"] or "",
            line=text.count("\n", 0, found.start()) + 1,
        )
        for found in _BLOCK.finditer(text)
    ]


def links_of(page: Path) -> list[str]:
    """The targets of all links and pictures outside of blocks."""
    return [found["target"] for found in _LINK.finditer(re.sub(r"(?ms)^```.*?^```$", "", page.read_text("utf-8")))]


def pages() -> list[Path]:
    """Every page that people read, the README first."""
    return [README, *sorted(DOCS.rglob("*.md"))]
