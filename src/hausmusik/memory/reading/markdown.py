"""Markdown: front matter, headings of both kinds, fenced code in one piece, and paragraphs between.

The text stays the file's. Lists, tables and quotes are paragraphs, as nothing here depends on what they look like. A
fence that is never closed ends with the file, as CommonMark (0.31, section 4.5) has it. Front matter is read for
title and date alone, line by line: no YAML, none of its surprises.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from hausmusik.memory.documents import Block
from hausmusik.memory.reading.dates import moment
from hausmusik.memory.reading.drafts import Draft, lines_of
from hausmusik.memory.reading.journals import with_days

_LOOKED_AT: Final = 300
_ATX: Final = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*))?$")
_SETEXT: Final = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")
_FIELD: Final = re.compile(r"(title|date|created|updated)[ \t]*:[ \t]*(.+)$", re.IGNORECASE)
_LINK: Final = re.compile(r"\[[^\[\]]{1,200}\]\([^()\s]{1,200}\)|\*\*[^*]{1,200}\*\*|`[^`]{1,200}`|^\s{0,3}[-*] \S")
_MOST_FRONT_MATTER: Final = 200


class _Front(msgspec.Struct, frozen=True):
    lines: int = 0
    title: str = ""
    date: str = ""


def likeness(lines: Sequence[str]) -> float:
    """Tell how much some lines look like Markdown, from 0 to 1: headings with a blank line behind, links, emphasis."""
    if _front(lines).lines:
        return 0.8
    heads = 0
    for index, line in enumerate(lines):
        is_alone = index + 1 >= len(lines) or not lines[index + 1].strip()
        heads += is_alone and _ATX.match(line[:_LOOKED_AT]) is not None
    marks = sum(_LINK.search(line[:_LOOKED_AT]) is not None for line in lines)
    return 0.7 if (heads >= 1 and marks >= 1) or heads >= 3 else 0.0


def read_markdown(text: str) -> Draft:
    """Return the headings and paragraphs of a Markdown text."""
    laid = lines_of(text)
    front = _front(laid.lines)
    blocks: list[Block] = []
    headings: tuple[tuple[int, str], ...] = ()
    first = 0

    def close(end: int) -> None:
        block = laid.block(first, end - 1, headings=tuple(name for _, name in headings))
        if block is not None:
            blocks.append(block)

    index = front.lines
    close(index)
    first = index
    while index < len(laid.lines):
        line = laid.lines[index][:_LOOKED_AT]
        fence = _FENCE.match(line)
        atx = _ATX.match(line)
        setext = _SETEXT.match(line) if index > first and len(line) < _LOOKED_AT else None
        if fence is not None:
            index = _closing(laid.lines, index, fence[1])
        elif atx is not None or (setext is not None and index - first == 1):
            top = index if atx is not None else first
            close(top)
            depth = len(atx[1]) if atx is not None else 1 if setext is not None and setext[1][0] == "=" else 2
            name = (atx[2] or "").rstrip("# \t") if atx is not None else laid.lines[top]
            headings = tuple(pair for pair in headings if pair[0] < depth)
            block = laid.block(top, index, headings=tuple(each for _, each in headings), is_heading=True)
            if block is not None:
                blocks.append(block)
            headings = (*headings, (depth, _plain(name)))
            first = index + 1
        elif not line.strip() and not laid.lines[index].strip():
            close(index)
            first = index + 1
        index += 1
    close(len(laid.lines))
    title = front.title or next((name for block in blocks if block.is_heading for name in [_title_of(text, block)]), "")
    return Draft(kind="markdown", text=text, blocks=with_days(text, blocks), title=title, date=front.date)


def _front(lines: Sequence[str]) -> _Front:
    """Read the fields between two lines of dashes at the top; nothing if there are not two."""
    if not lines or lines[0].rstrip() != "---":
        return _Front()
    title, date = "", ""
    for index, line in enumerate(lines[1:_MOST_FRONT_MATTER], start=1):
        if line.rstrip() in ("---", "..."):
            return _Front(index + 1, title, date)
        field = _FIELD.match(line[:_LOOKED_AT])
        if field is not None:
            value = field[2].strip().strip("\"'")
            if field[1].lower() == "title":
                title = title or value
            else:
                date = date or moment(value)
    return _Front()


def _closing(lines: Sequence[str], index: int, mark: str) -> int:
    """Return the line that closes a fence, or the last line."""
    for later in range(index + 1, len(lines)):
        line = lines[later][:_LOOKED_AT].strip()
        if len(line) >= len(mark) and not line.strip(mark[0]):
            return later
    return len(lines) - 1


def _title_of(text: str, block: Block) -> str:
    return _plain(
        text[block.start : min(block.end, block.start + _LOOKED_AT)]
        .split("\n", maxsplit=1)[0]
        .lstrip("# \t")
        .rstrip("# \t")
    )


def _plain(text: str) -> str:
    return " ".join(text.replace("**", "").replace("`", "").split())[:200]
