"""Text of Word files (DOCX), with python-docx: headings, paragraphs, tables.

Before anything is unpacked, the archive's own list says how large it would get: a bomb is refused unread, and
`zipfile` does not unpack more than the list says. python-docx resolves no entities; a file that declares some is
refused all the same, as no Word writes any. Old `.doc` files are not read.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hausmusik.errors import BadInput, MissingExtra
from hausmusik.memory.reading.drafts import Builder, Draft, clean
from hausmusik.memory.reading.journals import with_days
from hausmusik.memory.reading.limits import ReadLimits
from hausmusik.memory.reading.titles import written_title

if TYPE_CHECKING:
    from docx.table import Table

_HEADING: Final = re.compile(r"heading (\d)$|title$", re.IGNORECASE)
_TEMPLATE: Final = re.compile(rb"<Template>([^<]{1,200})</Template>")
_MOST_PARTS: Final = 20_000
_DEEPEST_TABLE: Final = 8
_SMALL_BYTES: Final = 1_000_000  # a few kilobytes of blanks pack well and harm nobody


def is_docx(data: bytes) -> bool:
    """Tell whether bytes are a zip archive with a Word document in it."""
    if not data.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return "word/document.xml" in archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, UnicodeDecodeError):
        return b"word/document.xml" in data  # damaged, but meant as one: then it is told so


def read_docx(data: bytes, name: str, limits: ReadLimits) -> Draft:
    """Return the headings, paragraphs and tables of a Word file.

    Args:
        data: The file's bytes.
        name: What it is called, for errors.
        limits: Of what it holds unpacked.

    Raises:
        BadInput: it is damaged, a bomb, or has no text.
        MissingExtra: python-docx is not installed.
    """
    try:
        import docx  # noqa: PLC0415 -- heavy
    except ModuleNotFoundError as error:
        raise MissingExtra(
            "DOCX files need the Python package python-docx, which is not installed",
            hint="pip install 'hausmusik[memory]'",
        ) from error
    try:
        _refuse_bombs(data, name, limits)
        draft = _read(docx.Document(io.BytesIO(data)), limits, name)
    except BadInput:
        raise
    except (Exception, RecursionError, MemoryError) as error:
        # A hostile file can make zip and XML parsers raise anything at all; none of it is a mistake of ours to show.
        raise BadInput(
            f"{name} is a DOCX file that cannot be read: {type(error).__name__}: {error}"[:300],
            hint="open it in a word processor, save it anew and add that",
        ) from error
    if not draft.text:
        raise BadInput(f"{name} has no text in it", hint="pictures in Word files are not read")
    return draft


def _refuse_bombs(data: bytes, name: str, limits: ReadLimits) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        unpacked = sum(part.file_size for part in parts)
        if len(parts) > _MOST_PARTS or unpacked > limits.max_unpacked_bytes:
            raise BadInput(
                f"{name} would be {unpacked:,} bytes in {len(parts):,} parts, unpacked: it is not read",
                hint=f"at most {limits.max_unpacked_bytes:,} bytes are; split it, or take its pictures out",
            )
        if unpacked > max(_SMALL_BYTES, limits.max_ratio * len(data)):
            raise BadInput(
                f"{name} would be {unpacked // max(1, len(data))} times as large unpacked: it looks like a zip bomb",
                hint="open it in a word processor, save it anew and add that",
            )
        for part in parts:
            if part.filename.endswith((".xml", ".rels")):
                with archive.open(part) as opened:
                    if re.search(rb"<!(?:DOCTYPE|ENTITY)", opened.read(65_536)):
                        raise BadInput(f"{name} declares XML entities, which no Word file does: it is not read")


def _read(document: Any, limits: ReadLimits, name: str) -> Draft:
    builder = Builder()
    headings: tuple[tuple[int, str], ...] = ()
    for item in document.iter_inner_content():
        if hasattr(item, "rows"):
            builder.add("\n".join(_rows(item, 0)), headings=tuple(each for _, each in headings))
        else:
            text = item.text
            style = _HEADING.match(item.style.name or "") if item.style is not None else None
            depth = (int(style[1]) if style[1] else 0) if style is not None else None
            if depth is not None and text.strip():
                headings = tuple(pair for pair in headings if pair[0] < depth)
                builder.add(text, headings=tuple(each for _, each in headings), is_heading=True)
                headings = (*headings, (depth, " ".join(text.split())[:200]))
            else:
                builder.add(text, headings=tuple(each for _, each in headings))
        if builder.length > limits.max_unpacked_bytes:
            raise BadInput(f"{name} holds more than {limits.max_unpacked_bytes:,} characters", hint="split it")
    about = document.core_properties
    # python-docx and others start from a template of 2013, whose date means nothing.
    created = about.created if about.created and about.created.year != 2013 else None
    draft = builder.draft("docx", made=created.date().isoformat() if created else "")
    title = written_title(clean(about.title or ""), draft.blocks, draft.text, template=_template_of(document))
    return msgspec.structs.replace(draft, title=title, blocks=with_days(draft.text, draft.blocks))


def _template_of(document: Any) -> str:
    """Return the name of the template that a Word file says it was made from, as `Normal.dotm`; empty: it says none."""
    parts = (part for part in document.part.package.iter_parts() if part.partname == "/docProps/app.xml")
    found = next((_TEMPLATE.search(part.blob[:65_536]) for part in parts), None)
    return found[1].decode("utf-8", "replace").strip() if found else ""


def _rows(table: Table, depth: int) -> Iterator[str]:
    """Yield a table's rows, cells with bars between; a merged cell stands once."""
    for row in table.rows:
        seen: set[int] = set()
        cells: list[str] = []
        for cell in row.cells:
            # Only the element shows that a cell is a merged one, met again.
            element = id(cell._tc)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            if element in seen:
                continue
            seen.add(element)
            inner = (
                [line for nested in cell.tables for line in _rows(nested, depth + 1)] if depth < _DEEPEST_TABLE else []
            )
            cells.append(" ".join(" ".join([cell.text, *inner]).split()))
        if any(cells):
            yield " | ".join(cells)
