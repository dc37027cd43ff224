"""Plain text: paragraphs, separated by blank lines. Programs are read so, too."""

from __future__ import annotations

from hausmusik.memory.documents import Block
from hausmusik.memory.reading.drafts import Draft, lines_of


def read_prose(text: str) -> Draft:
    """Return the paragraphs of a text."""
    laid = lines_of(text)
    blocks: list[Block] = []
    first = 0
    for index, line in enumerate([*laid.lines, ""]):
        if line.strip():
            continue
        block = laid.block(first, index - 1)
        if block is not None:
            blocks.append(block)
        first = index + 1
    return Draft(kind="text", text=text, blocks=tuple(blocks))
