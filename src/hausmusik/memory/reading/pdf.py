"""Text of PDF files, page by page, with pypdf.

A paragraph is what blank lines separate; words that a line end divides are put together. Pages that are pictures have
no text, and a file of such pages alone is refused with what to do. Whatever pypdf raises over a damaged or hostile
file becomes one clear error. Knows nothing of columns and tables: their text comes in the order of the file.
"""

from __future__ import annotations

import io
import logging
import re
import warnings
from typing import TYPE_CHECKING, Final

import msgspec

from hausmusik.errors import BadInput, MissingExtra
from hausmusik.memory.reading.dates import moment
from hausmusik.memory.reading.drafts import Builder, Draft, clean
from hausmusik.memory.reading.limits import ReadLimits
from hausmusik.memory.reading.titles import written_title

if TYPE_CHECKING:
    from pypdf import PdfReader

_DIVIDED: Final = re.compile(r"(?<=[^\W\d_])[-\u00ad]\n(?=[^\W\d_A-Z])")
_BLANK_LINES: Final = re.compile(r"\n[ \t]*+\n\s*+")
_CREATED: Final = re.compile(r"D:(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2}))?")


def read_pdf(data: bytes, name: str, limits: ReadLimits) -> Draft:
    """Return the paragraphs of a PDF file.

    Args:
        data: The file's bytes.
        name: What it is called, for errors.
        limits: Of pages and of all text together.

    Raises:
        BadInput: it is encrypted, damaged, too long, or has pictures of text only.
        MissingExtra: pypdf is not installed.
    """
    try:
        import pypdf  # noqa: PLC0415 -- heavy
        from pypdf.errors import FileNotDecryptedError  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtra(
            "PDF files need the Python package pypdf, which is not installed", hint="pip install 'hausmusik[memory]'"
        ) from error
    logger = logging.getLogger("pypdf")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())  # its remarks about damaged files would land on stderr
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader = pypdf.PdfReader(io.BytesIO(data), strict=False)
            if reader.is_encrypted and not reader.decrypt(""):
                raise _encrypted(name)
            return _read(reader, name, limits)
    except BadInput:
        raise
    except FileNotDecryptedError as error:
        raise _encrypted(name) from error
    except (Exception, RecursionError, MemoryError) as error:
        # A hostile file can make a parser raise anything at all; none of it is a mistake of ours to show.
        raise BadInput(
            f"{name} is a PDF file that cannot be read: {type(error).__name__}: {error}"[:300],
            hint="open and save it anew (`qpdf in.pdf out.pdf` mends many), then add it again",
        ) from error


def _read(reader: PdfReader, name: str, limits: ReadLimits) -> Draft:
    pages = len(reader.pages)
    if pages > limits.max_pages:
        raise BadInput(f"{name} has {pages} pages, more than {limits.max_pages}", hint="split it and add the parts")
    builder = Builder()
    for number, page in enumerate(reader.pages, start=1):
        text = _DIVIDED.sub("", page.extract_text() or "")
        for paragraph in _BLANK_LINES.split(text):
            builder.add(paragraph, page=number)
        if builder.length > limits.max_unpacked_bytes:
            raise BadInput(f"{name} holds more than {limits.max_unpacked_bytes:,} characters", hint="split it")
    if not builder.length:
        raise BadInput(
            f"{name} has no text in it, only pictures",
            hint="make text of its pictures first (`ocrmypdf in.pdf out.pdf`) and add that",
        )
    about = reader.metadata
    title = str(about.get("/Title") or "") if about else ""
    created = _CREATED.match(str(about.get("/CreationDate") or "")) if about else None
    made = moment("-".join(created.groups()[:3])) if created else ""
    draft = builder.draft("pdf", made=made)
    return msgspec.structs.replace(draft, title=written_title(clean(title), draft.blocks, draft.text))


def _encrypted(name: str) -> BadInput:
    return BadInput(
        f"{name} is encrypted, its password is not known",
        hint="save it without a password (`qpdf --decrypt --password=… in.pdf out.pdf`) and add that",
    )
