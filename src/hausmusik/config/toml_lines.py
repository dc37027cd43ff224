"""Which lines of a TOML text say which key: for error messages, and for edits that keep comments.

There is no second TOML parser here: a statement is the fewest whole lines that `tomllib` accepts on their own. Knows
nothing of settings; looks two levels deep, `section.key`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, cast

import msgspec


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A `[header]` or a `key = value`.

    Args:
        first: Index of its first line, from 0.
        last: Index of its last line.
        table: The header it stands under, or is, as a tuple of names; empty at the top.
        is_header: Whether it is a header.
        keys: The `section.key` names that it gives a value to.
    """

    first: int
    last: int
    table: tuple[str, ...]
    is_header: bool = False
    keys: tuple[str, ...] = ()


def statements(text: str) -> Iterator[Statement]:
    """Yield the statements of a text that `tomllib` accepts, in order."""
    lines = text.split("\n")
    table: tuple[str, ...] = ()
    first = 0
    while first < len(lines):
        if not lines[first].strip() or lines[first].lstrip().startswith("#"):
            first += 1
            continue
        last, found = _statement(lines, first)
        if lines[first].lstrip().startswith("["):
            table = _path_of(found)
            yield Statement(first=first, last=last, table=table, is_header=True)
        else:
            yield Statement(first=first, last=last, table=table, keys=tuple(_keys(found, table)))
        first = last + 1


def line_numbers(text: str) -> dict[str, int]:
    """Return the line, from 1, on which each `section.key` and each `section` is said."""
    found: dict[str, int] = {}
    for each in statements(text):
        for name in (".".join(each.table[:2]), *each.keys):
            if name:
                found.setdefault(name, each.first + 1)
                found.setdefault(name.split(".", 1)[0], each.first + 1)
    return found


def _statement(lines: list[str], first: int) -> tuple[int, dict[str, Any]]:
    for last in range(first, len(lines)):
        try:
            return last, tomllib.loads("\n".join(lines[first : last + 1]))
        except tomllib.TOMLDecodeError:
            continue
    raise ValueError("not the text of a valid TOML document")


def _path_of(header: Mapping[str, Any]) -> tuple[str, ...]:
    path: list[str] = []
    inner: Any = header
    while inner:
        if isinstance(inner, list):  # [[array of tables]]
            inner = cast("list[Any]", inner)[0]
            continue
        name, inner = next(iter(cast("dict[str, Any]", inner).items()))
        path.append(name)
    return tuple(path)


def _keys(found: Mapping[str, Any], table: tuple[str, ...]) -> Iterator[str]:
    if len(table) >= 2:
        yield ".".join(table[:2])
        return
    for name, value in found.items():
        if table:
            yield f"{table[0]}.{name}"
        elif isinstance(value, dict) and value:
            yield from (f"{name}.{inner}" for inner in cast("dict[str, Any]", value))
        else:
            yield name
