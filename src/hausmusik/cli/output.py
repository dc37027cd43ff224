"""How commands speak: data to stdout, talk to stderr, JSON when asked, no colour when not wanted.

One `Output` per invocation; commands never print by themselves. A reader who goes away (`haus … | head`) ends the
talking, not the work. Text that came from users and models is shown without its control characters: a prompt cannot
move the cursor. Knows nothing of what it shows.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO, cast

import msgspec

if TYPE_CHECKING:
    from hausmusik.errors import HausmusikError

UNLIMITED: Final = 10_000
"""Columns of a table that is piped: rows are never broken or cut, so that `grep` and `awk` see whole ones."""

GAP: Final = 2

_MOST_TOLD: Final = 4_000
"""Characters of an error's sentence, and of its hint."""

_TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Embeddings, overrides and isolates of the bidirectional algorithm: a line with one can read as another."""


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """Where a command's words go.

    Args:
        quiet: Say nothing on stderr but errors.
        verbose: Say more.
        colour: Whether colour is wanted at all.
        debug: Show tracebacks.
    """

    quiet: bool = False
    verbose: bool = False
    colour: bool = True
    debug: bool = False

    def talk(self, text: str) -> None:
        """Say something to the person; not data."""
        if not self.quiet:
            _write(sys.stderr, f"{printable(text)}\n")

    def detail(self, text: str) -> None:
        """Say something only with --verbose."""
        if self.verbose:
            self.talk(text)

    def ask(self, question: str) -> None:
        """Put a question to the person, also with --quiet."""
        _write(sys.stderr, f"{printable(question)} ")

    def data(self, text: str) -> None:
        """Write a line of data to stdout; on a terminal without control characters."""
        _write(sys.stdout, f"{printable(text) if sys.stdout.isatty() else text}\n")

    def more(self, text: str) -> None:
        """Write a piece of data to stdout as it comes, without ending the line."""
        _write(sys.stdout, printable(text) if sys.stdout.isatty() else text)

    def aside(self, text: str) -> None:
        """Say a piece of something to the person as it comes, dimmed where the terminal can; not data."""
        if not self.quiet and text:
            dim, plain_again = ("\x1b[2m", "\x1b[0m") if self.colour and _shows_colour(sys.stderr) else ("", "")
            _write(sys.stderr, f"{dim}{printable(text)}{plain_again}")

    def binary(self, data: bytes) -> None:
        """Write bytes to stdout."""
        try:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            _let_go(sys.stdout)

    def json(self, value: Any) -> None:
        """Write one JSON document to stdout: money as strings, times in ISO 8601, keys in snake_case."""
        _write(sys.stdout, json.dumps(plain(value), ensure_ascii=not _speaks_utf8(), indent=2, allow_nan=False) + "\n")

    def table(
        self, columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = (), elastic: int = -1
    ) -> None:
        """Write a table to stdout: on a terminal as wide as that is, else every row on one whole line.

        Args:
            columns: Headings.
            rows: Cells as text.
            right: Columns that are aligned to the right.
            elastic: The one column that is cut where the terminal is too narrow; -1: the last.
        """
        cells = [list(columns), *([printable(cell, line=True) for cell in row] for row in rows)]
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else UNLIMITED
        lines = _aligned(cells, right, elastic % len(columns), width)
        if self.colour and _shows_colour(sys.stdout):
            lines[0] = f"\x1b[1m{lines[0]}\x1b[0m"
        _write(sys.stdout, "".join(f"{line}\n" for line in lines))

    def error(self, error: HausmusikError) -> None:
        """Tell what went wrong and what to do; problems of a score line by line."""
        lines = [f"  {printable(problem, line=True)}" for problem in getattr(error, "problems", ())]
        red, plain_again = ("\x1b[1;31m", "\x1b[0m") if self.colour and _shows_colour(sys.stderr) else ("", "")
        lines.append(f"{red}haus: {printable(_short(error.message))}{plain_again}")
        if error.hint:
            lines.append(f"      {printable(_short(error.hint))}")
        _write(sys.stderr, "".join(f"{line}\n" for line in lines))


def _short(text: str) -> str:
    """Return a text that a person will read; the exceptions of foreign libraries may quote a whole file."""
    return text if len(text) <= _MOST_TOLD else f"{text[:_MOST_TOLD]}… ({len(text) - _MOST_TOLD:,} more characters)"


def printable(text: str, *, line: bool = False) -> str:
    """Return a text without control and other unprintable characters, and without those that turn the reading order.

    Args:
        text: Anything.
        line: Whether line ends and tabs go too.
    """
    kept = "" if line else "\n\t"
    return "".join(
        letter
        if letter in kept or (unicodedata.category(letter) not in {"Cc", "Cs", "Zl", "Zp"} and letter not in _TURNING)
        else " "
        for letter in text
    )


def plain(value: Any) -> Any:
    """Return a value as JSON can carry it; numbers that JSON has not (the loudness of silence) become null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return format(value, "f")  # never 0E-9
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, set | frozenset):
        return sorted(plain(each) for each in cast("Iterable[Any]", value))
    if isinstance(value, list | tuple):
        return [plain(each) for each in cast("Iterable[Any]", value)]
    if isinstance(value, msgspec.Struct):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if hasattr(value, "model_dump"):
        return plain(value.model_dump())
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value


def _aligned(cells: Sequence[Sequence[str]], right: Sequence[int], elastic: int, width: int) -> list[str]:
    """Return the rows as lines; only the elastic column is cut, to no less than its heading or 12."""
    from rich.cells import cell_len, set_cell_size

    widths = [max(cell_len(row[index]) for row in cells) for index in range(len(cells[0]))]
    over = sum(widths) + GAP * (len(widths) - 1) - width
    least = min(widths[elastic], max(12, cell_len(cells[0][elastic])))
    widths[elastic] = max(least, widths[elastic] - max(0, over))

    def shown(index: int, text: str) -> str:
        room = widths[index]
        if cell_len(text) > room:
            text = set_cell_size(text, room - 1) + "…"
        gap = " " * (room - cell_len(text))
        return gap + text if index in right else text + gap

    return [(" " * GAP).join(shown(index, text) for index, text in enumerate(row)).rstrip() for row in cells]


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except UnicodeEncodeError:  # a terminal that does not speak UTF-8, or text that is none
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        _let_go(stream)


def _let_go(stream: TextIO) -> None:
    """Nobody reads this stream any more: what is still written goes nowhere, and quietly."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _speaks_utf8() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def _shows_colour(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
