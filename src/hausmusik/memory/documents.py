"""What is read of a file before anything is understood: its text, its blocks, the passages it is cut into.

    file -> reading -> Document(text, blocks) -> cutting -> Passage, Passage, ...

Offsets count characters of `Document.text`, so that `document.text[passage.start:passage.end] == passage.text`, always.
Lines and pages are those of the file as people open it: they are what a citation names. Knows nothing of stores.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["text", "markdown", "transcript", "chat", "log", "records", "pdf", "docx"]
"""`transcript`: a meeting, speakers take turns. `chat`: messages with times. `records`: JSON Lines. `log`: lines of an
application's log. The others are what they are called."""


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a document that belongs together: a turn, a message, a paragraph, a heading, a burst of log lines.

    Blocks are in order and do not overlap; between them may be white space or marks that mean nothing.

    Args:
        start: Of its first character in the document's text.
        end: Behind its last one.
        line: 1-based line of the file in which it begins; 0 where the file has none (PDF, DOCX).
        last_line: The line in which it ends.
        page: 1-based; 0 where there are none.
        speaker: Who says it, as written; empty where nobody is named.
        at: When it was said, ISO 8601 (`2026-03-01T09:30`, or a date alone); empty where unknown.
        at_s: Seconds from the beginning of the recording; None where unknown.
        headings: The headings it stands under, outermost first.
        level: Of a log line or burst, the worst: `error`, `warning`, `info` …; empty elsewhere.
        is_heading: Whether it is a heading itself.
    """

    start: int
    end: int
    line: int = 0
    last_line: int = 0
    page: int = 0
    speaker: str = ""
    at: str = ""
    at_s: float | None = None
    headings: tuple[str, ...] = ()
    level: str = ""
    is_heading: bool = False


class Document(msgspec.Struct, frozen=True, kw_only=True):
    r"""A file as it was read.

    Args:
        path: As it was given, relative to the folder that was added, or absolute; `-` for stdin. It is a name only.
        kind: What it was taken for.
        text: All of it; line ends are `\n`, there is no NUL and no byte order mark; not normalised to NFC.
        sha256: Of the file's bytes, hex.
        size_bytes: Of the file.
        encoding: In which it was, e.g. `utf-8`, `cp1252`.
        language: ISO 639-1, as well as it can be told; empty where it cannot.
        title: From its front matter, first heading or name.
        date: When what it tells took place or was written, ISO 8601; empty where nothing says so.
        speakers: As written, in order of first speaking.
        blocks: At least one, unless the text is empty.
    """

    path: str
    kind: Kind
    text: str
    sha256: str
    size_bytes: int
    encoding: str = "utf-8"
    language: str = ""
    title: str = ""
    date: str = ""
    speakers: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a document of about one token budget: what is embedded, found and cited.

    Args:
        text: Equal to the document's text from `start` to `end`.
        start: Of its first character in the document's text.
        end: Behind its last one.
        tokens: As the cutter counted them.
        line: 1-based first line in the file; 0 where it has none.
        last_line: Its last one.
        page: 1-based first page; 0 where there are none.
        speakers: Who speaks in it, in order of first speaking.
        at: Of its first block that has one.
        at_s: Of its first block that has one.
        headings: Those that its first block stands under.
        level: The worst of its blocks.
        marks: Where its lines and pages cannot be told from the first ones by counting: offset in its text, line and
            page of whatever begins there, in order; empty elsewhere.
    """

    text: str
    start: int
    end: int
    tokens: int
    line: int = 0
    last_line: int = 0
    page: int = 0
    speakers: tuple[str, ...] = ()
    at: str = ""
    at_s: float | None = None
    headings: tuple[str, ...] = ()
    level: str = ""
    marks: tuple[tuple[int, int, int], ...] = ()
