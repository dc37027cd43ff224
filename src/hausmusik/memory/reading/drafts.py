r"""What a reader of one format makes of a text: its blocks, either laid over the text as it is or built anew.

`Lines` is for formats that are read as they stand: a block is some of the lines, and the text stays the file's.
`Builder` is for formats whose text is not in the file as such (cues, JSON, pages, folded logs): pieces are put one
after the other. Both keep the promise that a block's text is a slice of the document's. Knows nothing of formats.
"""

from __future__ import annotations

import re
from typing import Final, TypedDict, Unpack

import msgspec

from hausmusik.memory.documents import Block, Kind

_SURROGATES: Final = re.compile("[\ud800-\udfff]")


class Told(TypedDict, total=False):
    """What a reader may tell of a block; see `Block`."""

    page: int
    speaker: str
    at: str
    at_s: float | None
    headings: tuple[str, ...]
    level: str
    is_heading: bool


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A text and its blocks, not yet a document.

    Args:
        kind: What it was taken for.
        text: As the document will have it.
        blocks: In order.
        title: If the text says one.
        date: If the text says one, ISO 8601.
        made: If the file says when it was made, ISO 8601: of a text that says nothing, the last resort.
    """

    kind: Kind
    text: str
    blocks: tuple[Block, ...]
    title: str = ""
    date: str = ""
    made: str = ""


class Lines(msgspec.Struct, frozen=True):
    r"""A text's lines and where each begins.

    Args:
        text: With `\n` as line ends.
        lines: Without their ends.
        starts: The offset of each.
    """

    text: str
    lines: list[str]
    starts: list[int]

    def block(self, first: int, last: int, **told: Unpack[Told]) -> Block | None:
        """Return the block of some lines, without white space around it; None where nothing is left.

        Args:
            first: 0-based index of its first line.
            last: Of its last line.
            told: What is known of it.
        """
        while first <= last and not self.lines[first].strip():
            first += 1
        while last >= first and not self.lines[last].strip():
            last -= 1
        if first > last:
            return None
        start = self.starts[first] + len(self.lines[first]) - len(self.lines[first].lstrip())
        end = self.starts[last] + len(self.lines[last].rstrip())
        return Block(start=start, end=end, line=first + 1, last_line=last + 1, **told)


def lines_of(text: str) -> Lines:
    """Return the lines of a text; only a line feed ends one, as in editors."""
    lines = text.split("\n")
    starts: list[int] = []
    offset = 0
    for line in lines:
        starts.append(offset)
        offset += len(line) + 1
    return Lines(text, lines, starts)


class Builder:
    """Puts pieces of text one after the other and remembers where each lies."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._blocks: list[Block] = []

    @property
    def length(self) -> int:
        """Characters so far."""
        return self._length

    def add(
        self, text: str, *, line: int = 0, last_line: int = 0, separator: str = "\n\n", **told: Unpack[Told]
    ) -> None:
        """Add a block; one of white space alone is left out.

        Args:
            text: Its text.
            line: Where it begins in the file.
            last_line: Where it ends; if left out, where it begins.
            separator: What stands between the piece before it and this one.
            told: What else is known of it.
        """
        text = clean(text).strip()
        if not text:
            return
        if self._pieces:
            self._put(separator)
        start = self._length
        self._put(text)
        self._blocks.append(Block(start=start, end=self._length, line=line, last_line=last_line or line, **told))

    def draft(self, kind: Kind, *, title: str = "", date: str = "", made: str = "") -> Draft:
        """Return what was built."""
        text = "".join(self._pieces)
        title = clean(title).strip()
        return Draft(kind=kind, text=text, blocks=tuple(self._blocks), title=title, date=date, made=made)

    def _put(self, text: str) -> None:
        self._pieces.append(text)
        self._length += len(text)


def clean(text: str) -> str:
    r"""Return a text without NUL characters, lone surrogates replaced and line ends as `\n`.

    JSON can spell both out, and neither can be stored: SQLite ends a text at a NUL, UTF-8 has no lone surrogates.
    """
    text = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)
