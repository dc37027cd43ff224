"""Bytes to text: which encoding a file is in, and whether it is text at all.

A byte order mark decides, then UTF-8, which hardly any other text happens to be, also where some bytes are damaged;
then charset-normalizer guesses from a sample, and where it cannot tell, cp1252 is what old Western files are in. Knows
nothing of formats.
"""

from __future__ import annotations

import codecs
from typing import Final

from hausmusik.errors import BadInput, MissingExtra

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE_BYTES: Final = 32_768  # charset-normalizer is quadratic in unlucky texts and no surer with more
_CONTROLS: Final = bytes(set(range(32)) - {7, 8, 9, 10, 12, 13, 26, 27})
_MOST_CONTROLS: Final = 0.02
SURE_UTF8: Final = 4
"""Letters beyond ASCII that are UTF-8, for each byte that is none: with fewer it may be another encoding."""

_HINT: Final = "only text, Markdown, JSON, captions, chats, logs, PDF and DOCX can be read"


def decode(data: bytes, name: str) -> tuple[str, str]:
    r"""Return a file's text, with `\n` as line ends and no byte order mark, and its encoding.

    Args:
        data: The file's bytes.
        name: What the file is called, for the error.

    Raises:
        BadInput: it is binary.
        MissingExtra: charset-normalizer is needed and not installed.
    """
    text, encoding = _decoded(data, name)
    if "\0" in text:
        raise BadInput(f"{name} is not text: it has NUL characters", hint=_HINT)
    return text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff"), encoding


def _decoded(data: bytes, name: str) -> tuple[str, str]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding), encoding
            except UnicodeDecodeError as error:
                raise BadInput(
                    f"{name} begins with the mark of {encoding}, but byte {error.start + len(mark)} is not",
                    hint="save it as UTF-8 and add it again",
                ) from error
    if b"\0" in data:
        raise BadInput(f"{name} is not text: it has NUL bytes", hint=_HINT)
    sample = data[:_SAMPLE_BYTES]
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if controls > _MOST_CONTROLS * len(sample):
        raise BadInput(f"{name} is not text: it is full of control characters", hint=_HINT)
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        if (damaged := _damaged_utf8(data)) is not None:
            return damaged, "utf-8"
        encoding = _guess(data, error.start)
    try:
        return data.decode(encoding), encoding
    except (UnicodeDecodeError, LookupError):
        # cp1252 has five holes; what stands there becomes U+FFFD and the rest stays readable.
        return data.decode("cp1252", errors="replace"), "cp1252"


def _damaged_utf8(data: bytes) -> str | None:
    """Return a text that is UTF-8 but for some bytes, with U+FFFD for those; None where it is not.

    A log that was cut within a letter, or has a line of another program, is no text of another encoding: there a letter
    beyond ASCII is one byte, and two that make one of UTF-8 are rare (`Ã¼`).
    """
    text = data.decode("utf-8", errors="replace")
    bad = text.count("\ufffd")
    good = len(text) - len(text.encode("ascii", errors="ignore")) - bad
    return text if good >= SURE_UTF8 * bad else None


def _guess(data: bytes, first_bad: int) -> str:
    """Return the likeliest encoding, judged where the text stops being ASCII or UTF-8."""
    try:
        import charset_normalizer  # noqa: PLC0415 -- heavy, and needed for old files alone
    except ModuleNotFoundError as error:
        raise MissingExtra(
            "texts that are not UTF-8 need the Python package charset-normalizer, which is not installed",
            hint="pip install 'hausmusik[memory]'",
        ) from error
    start = max(0, min(first_bad - _SAMPLE_BYTES // 2, len(data) - _SAMPLE_BYTES))
    best = charset_normalizer.from_bytes(data[start : start + _SAMPLE_BYTES]).best()
    if best is None or best.encoding in ("utf_8", "ascii"):
        return "cp1252"
    # Where several fit equally, Western European is far likelier than a DOS or Mac code page.
    if "cp1252" in (best.encoding, *best.could_be_from_charset):
        return "cp1252"
    return codecs.lookup(best.encoding).name
