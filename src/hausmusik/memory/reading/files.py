"""A file, or bytes from a pipe, to a document: opened safely, told what it is, read by the reader of its form.

Whatever a file holds, the outcome is a document or one of our errors. Title, date and language that the form itself
does not tell are taken from the file's name and its words.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import Final

import msgspec

from hausmusik.errors import BadInput, NotFoundError
from hausmusik.memory.documents import Document
from hausmusik.memory.reading.chats import read_chat
from hausmusik.memory.reading.cues import read_srt, read_vtt
from hausmusik.memory.reading.datelines import date_at_head
from hausmusik.memory.reading.dates import date_in_name
from hausmusik.memory.reading.decoding import decode
from hausmusik.memory.reading.drafts import Draft
from hausmusik.memory.reading.language import language_of
from hausmusik.memory.reading.limits import SPLIT, ReadLimits
from hausmusik.memory.reading.logs import read_log
from hausmusik.memory.reading.markdown import read_markdown
from hausmusik.memory.reading.pdf import read_pdf
from hausmusik.memory.reading.prose import read_prose
from hausmusik.memory.reading.records import read_json, read_json_lines
from hausmusik.memory.reading.sniffing import Form, form_of
from hausmusik.memory.reading.turns import read_turns, when_of
from hausmusik.memory.reading.word import is_docx, read_docx

_HEADER_LINES: Final = 15
_STDIN: Final = "-"
_IN_OWN_WORDS: Final = frozenset({"text", "markdown", "transcript", "pdf", "docx"})
_PACKED: Final = (
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "packed with gzip"),
    (b"\xd0\xcf\x11\xe0", "an old Office file"),
)


def read_document(path: Path, *, name: str, limits: ReadLimits) -> Document:
    """Read a file.

    Args:
        path: Where it lies.
        name: What it is called in the memory and in errors.
        limits: How much is read.

    Raises:
        NotFoundError: it is not there.
        BadInput: it is no file, cannot be opened, is too large, empty, binary, damaged, or has no text.
        MissingExtra: a library that its form needs is not installed.
    """
    try:
        # Without blocking, so that a FIFO put in the file's place cannot hold us up.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise BadInput(f"{name} is no plain file", hint="name a file, or pipe it in with `-`")
            data = file.read(limits.max_bytes + 1)
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {name}", hint="check the spelling") from error
    except IsADirectoryError as error:
        raise BadInput(f"{name} is a folder", hint="its files are read one by one") from error
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "that is no path"
        raise BadInput(f"{name} cannot be opened: {why}", hint="check its permissions") from error
    except MemoryError as error:
        raise _too_large(name, limits) from error
    return read_bytes(data, name, limits)


def read_bytes(data: bytes, name: str, limits: ReadLimits) -> Document:
    """Read what a file or a pipe held.

    Args:
        data: All of it.
        name: What it is called; `-` for stdin.
        limits: How much is read.

    Raises:
        BadInput: it is too large, empty, binary, damaged, or has no text.
        MissingExtra: a library that its form needs is not installed.
    """
    shown = "stdin" if name == _STDIN else name
    if len(data) > limits.max_bytes:
        raise _too_large(shown, limits)
    try:
        draft, encoding = _draft(data, name, shown, limits)
    except BadInput as error:
        if shown in error.message:
            raise
        raise BadInput(f"{shown}: {error.message}", hint=error.hint) from error
    except (RecursionError, MemoryError) as error:
        raise BadInput(
            f"{shown} is too deep or too large to be read here", hint="split it and add the parts"
        ) from error
    except (ArithmeticError, ValueError) as error:
        raise BadInput(
            f"{shown} has something in it that cannot be read here", hint="save it in another form, and add that"
        ) from error
    if not draft.blocks:
        raise BadInput(f"{shown} is empty", hint="there is nothing to remember")
    speakers = tuple(dict.fromkeys(block.speaker for block in draft.blocks if block.speaker))
    return Document(
        path=name,
        kind=draft.kind,
        text=draft.text,
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        encoding=encoding,
        language=language_of(draft.text),
        title=draft.title or _stem(name),
        date=_date(draft, name),
        speakers=speakers,
        blocks=draft.blocks,
    )


def _draft(data: bytes, name: str, shown: str, limits: ReadLimits) -> tuple[Draft, str]:
    if not data.strip():
        raise BadInput(f"{shown} is empty", hint="there is nothing to remember")
    if data[:1024].lstrip().startswith(b"%PDF-"):
        return read_pdf(data, shown, limits), ""
    if is_docx(data):
        return _as_transcript(read_docx(data, shown, limits), name), ""
    for magic, what in _PACKED:
        if data.startswith(magic):
            raise BadInput(f"{shown} is {what}", hint="unpack it, or save it as DOCX, PDF or text, and add that")
    text, encoding = decode(data, shown)
    if not text.strip():
        raise BadInput(f"{shown} is empty", hint="there is nothing to remember")
    return _read(text, form_of(text, name), name, shown), encoding


def _read(text: str, form: Form, name: str, shown: str) -> Draft:
    date = date_in_name(name)
    match form:
        case "prose":
            return read_prose(text)
        case "markdown":
            return read_markdown(text)
        case "turns":
            return read_turns(text, date=date or date_at_head(text))
        case "chat":
            return read_chat(text)
        case "log":
            return read_log(text, year=date[:4])
        case "vtt":
            return read_vtt(text)
        case "srt":
            return read_srt(text)
        case "json":
            return read_json(text, shown)
        case "json_lines":
            return read_json_lines(text, shown)


def _as_transcript(draft: Draft, name: str) -> Draft:
    """Take a Word file for a transcript if its text is one, as Teams saves them; it has no lines then, as before."""
    if form_of(draft.text, "document.txt") != "turns":
        return draft
    told = read_turns(draft.text, date=date_in_name(name) or date_at_head(draft.text))
    blocks = tuple(msgspec.structs.replace(block, line=0, last_line=0) for block in told.blocks)
    return msgspec.structs.replace(told, blocks=blocks, title=draft.title, made=draft.made)


def _date(draft: Draft, name: str) -> str:
    """Return the date that the text tells in its form, or beside a word such as `Date:` near its top.

    Else its name's, else that of the first of its blocks that has one, else, of what people write in their own words,
    one that stands at its head, else that on which the file was made.
    """
    if draft.date:
        return draft.date
    header = (when_of(line) for line in draft.text[:4000].split("\n", _HEADER_LINES)[:_HEADER_LINES])
    told = next((told for told in header if told), "") or date_in_name(name)
    told = told or next((block.at for block in draft.blocks if block.at), "")
    return told or (date_at_head(draft.text) if draft.kind in _IN_OWN_WORDS else "") or draft.made


def _stem(name: str) -> str:
    base = name.rpartition("/")[2]
    return base.rpartition(".")[0] or base if name != _STDIN else ""


def _too_large(name: str, limits: ReadLimits) -> BadInput:
    return BadInput(f"{name} is larger than {limits.max_bytes / 1e6:,.0f} MB", hint=SPLIT)
