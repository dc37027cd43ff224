"""How commands speak: data to stdout, talk to stderr, JSON when asked, no colour when not wanted.

One `Output` per invocation; commands never print by themselves. Knows nothing of what it shows.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

if TYPE_CHECKING:
    from rich.console import Console

    from hausmusik.errors import HausmusikError


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

    def console(self, *, stderr: bool = True) -> Console:
        """Return a rich console on stderr (talk) or stdout (data)."""
        from rich.console import Console

        plain = not self.colour or bool(os.environ.get("NO_COLOR"))
        return Console(stderr=stderr, no_color=plain, highlight=False, soft_wrap=True, emoji=False, markup=False)

    def talk(self, text: str) -> None:
        """Say something to the person; not data."""
        if not self.quiet:
            self.console().print(text)

    def detail(self, text: str) -> None:
        """Say something only with --verbose."""
        if self.verbose:
            self.talk(text)

    def data(self, text: str) -> None:
        """Write a line of data to stdout."""
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def json(self, value: Any) -> None:
        """Write one JSON document to stdout: money as strings, times in ISO 8601, keys in snake_case."""
        self.data(json.dumps(plain(value), ensure_ascii=False, indent=2))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()) -> None:
        """Write a table to stdout; columns numbered in `right` are aligned to the right."""
        from rich.table import Table

        table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
        for index, name in enumerate(columns):
            table.add_column(name, justify="right" if index in right else "left", overflow="fold")
        for row in rows:
            table.add_row(*row)
        self.console(stderr=False).print(table)

    def error(self, error: HausmusikError) -> None:
        """Tell what went wrong and what to do; problems of a score line by line."""
        console = self.console()
        for problem in getattr(error, "problems", ()):
            console.print(f"  {problem}")
        console.print(f"haus: {error.message}", style="bold red")
        if error.hint:
            console.print(f"      {error.hint}")


def plain(value: Any) -> Any:
    """Return a value as JSON can carry it."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in cast("Iterable[Any]", value)]
    if isinstance(value, msgspec.Struct):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if hasattr(value, "model_dump"):
        return plain(value.model_dump())
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value
