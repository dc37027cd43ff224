"""A file of JSON Lines, one line at a time and each where it can be found again; no line is too long for the memory.

Takes what editors and other systems write: a byte-order mark, CRLF, no newline at the end, empty lines. Knows nothing
of what the objects mean.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, cast

import msgspec

from hausmusik.errors import BadInput

MAX_LINE_BYTES: Final = 16 << 20


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line that is not empty.

    Args:
        number: 1-based, empty lines counted.
        offset: Its first byte in the file.
        data: Its bytes; of one that is too long, one byte more than may be.
    """

    number: int
    offset: int
    data: bytes


def iter_lines(file: BinaryIO) -> Iterator[Line]:
    """Yield the lines of a file that are not empty; what is too long is cut, and the rest of it passed over."""
    number = offset = 0
    while data := file.readline(MAX_LINE_BYTES + 1):
        number, start, offset = number + 1, offset, offset + len(data)
        rest = data
        while len(rest) > MAX_LINE_BYTES and not rest.endswith(b"\n"):
            rest = file.readline(MAX_LINE_BYTES + 1)
            offset += len(rest)
        if data.strip(b" \t\r\n\xef\xbb\xbf"):
            yield Line(number=number, offset=start, data=data)


def object_of(data: bytes) -> dict[str, Any]:
    """Return the object of a line.

    Raises:
        BadInput: it is too long, or not one JSON object in UTF-8 whose numbers are numbers and whose names differ.
    """
    if len(data) > MAX_LINE_BYTES:
        raise BadInput(f"the line is longer than {MAX_LINE_BYTES >> 20} MiB", hint="split it into several")
    try:
        text = data.decode("utf-8-sig").strip()
        value: object = json.loads(
            text, parse_constant=_no_number, parse_float=_finite, object_pairs_hook=_without_repetition
        )
    except UnicodeDecodeError as error:
        raise BadInput(f"this is not UTF-8, at byte {error.start + 1}", hint="save the file as UTF-8") from error
    except json.JSONDecodeError as error:
        raise BadInput(
            f"this is not JSON: {error.msg[:1].lower()}{error.msg[1:]}, at character {error.pos + 1}",
            hint="write one JSON object on each line",
        ) from error
    except RecursionError as error:
        raise BadInput("this is nested too deeply", hint="write the fields of the request, without nesting") from error
    except ValueError as error:  # an integer of more than 4,300 digits
        raise BadInput("a number has thousands of digits", hint="write a number") from error
    if not isinstance(value, dict):
        raise BadInput("this is JSON, but not an object", hint='write the fields in braces: {"text": "Hello."}')
    return cast("dict[str, Any]", value)


def _no_number(name: str) -> float:
    raise BadInput(f"{name} is not a number in JSON", hint="write a number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise BadInput(f"{text[:40]} is too large a number", hint="write a smaller one")
    return value


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadInput(f"{twice!r} is there twice", hint="leave one of them out")
    return found
