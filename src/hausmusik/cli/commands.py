"""What all commands have in common: help in sections, and the options of talking (-q, -v …) anywhere on the line.

Built on Typer's own classes. Knows nothing of any single command.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from typer.core import TyperCommand, TyperGroup

from hausmusik.cli.output import Output

TALK: Final[dict[str, dict[str, bool]]] = {
    "-q": {"quiet": True},
    "--quiet": {"quiet": True},
    "-v": {"verbose": True},
    "--verbose": {"verbose": True},
    "--no-color": {"colour": False},
    "--debug": {"debug": True},
}
"""Options that change how a command talks, and what each changes in its `Output`."""


class Command(TyperCommand):
    """A command that takes the options of talking too: `haus compose piece.json -q`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the options of talking out, then parse the rest."""
        changes, rest = taken(args, values=_with_value(self.params), leading=False)
        if changes and isinstance(ctx.obj, Output):
            ctx.obj = msgspec.structs.replace(ctx.obj, **changes)
        return super().parse_args(ctx, rest)


class Group(TyperGroup):
    """A group of commands; its help lists them by section."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take leading options of talking out, then parse the rest; the outermost group knows them itself."""
        if isinstance(ctx.obj, Output):
            changes, args = taken(args, values=_with_value(self.params), leading=True)
            ctx.obj = msgspec.structs.replace(ctx.obj, **changes)
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write each command with its summary under its section's heading."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        longest = max((len(name) for name, _ in commands), default=0)
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, command in commands:
            if command is not None and not command.hidden:
                panel = getattr(command, "rich_help_panel", None)
                section = sections.setdefault(panel if isinstance(panel, str) else "Commands", [])
                section.append((name.ljust(longest), command.get_short_help_str(formatter.width - longest - 6)))
        for title, rows in sections.items():
            with formatter.section(title):
                formatter.write_dl(rows)


def taken(args: Sequence[str], *, values: frozenset[str], leading: bool) -> tuple[dict[str, bool], list[str]]:
    """Split arguments into what the options of talking change and the rest; nothing after `--` is touched.

    Args:
        args: Of one command.
        values: Options that are followed by a value, which is left alone.
        leading: Look only before the first word that is no option.
    """
    changes: dict[str, bool] = {}
    rest: list[str] = []
    words = iter(args)
    for word in words:
        if word == "--" or (leading and not word.startswith("-")):
            return changes, [*rest, word, *words]
        if word in TALK:
            changes |= TALK[word]
            continue
        rest.append(word)
        if word in values:
            rest += [value for value in [next(words, None)] if value is not None]
    return changes, rest


def _with_value(params: Sequence[Any]) -> frozenset[str]:
    return frozenset(
        option
        for param in params
        if param.param_type_name == "option" and not param.is_flag
        for option in (*param.opts, *param.secondary_opts)
    )
