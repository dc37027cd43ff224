"""The command config: show and change settings. What each key means is `hausmusik.config`'s to say."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hausmusik.cli import completing
from hausmusik.cli.commands import Command, Group
from hausmusik.cli.options import Json
from hausmusik.cli.output import Output

config_app = typer.Typer(cls=Group, help="Show and change settings.", no_args_is_help=True)

Key = Annotated[
    str, typer.Argument(metavar="KEY", help="As section.key, e.g. local.workers.", autocompletion=completing.settings)
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(config_app, name="config", rich_help_panel="House")


@config_app.command("show", cls=Command)
def show_config(
    context: typer.Context,
    *,
    sources: Annotated[bool, typer.Option("--sources", help="Say where each value comes from.")] = False,
    json: Json = False,
) -> None:
    """Show every setting; secrets are masked.

    Example: haus config show --sources
    """
    from hausmusik.config import load_settings

    output: Output = context.obj
    rows = load_settings().rows()
    if json:
        output.json({"settings": rows})
        return
    for row in rows:
        where = f"  ({row.source})" if sources else ""
        output.data(f"{row.key} = {_toml(row.value)}{where}")


@config_app.command("set", cls=Command)
def set_config(
    context: typer.Context,
    key: Key,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="As in the settings file; text needs no quotes.")],
    *,
    json: Json = False,
) -> None:
    """Set one key in your settings file.

    Example: haus config set local.workers 2
    """
    from hausmusik.config import find_folders, set_value

    path = find_folders().config_file
    set_value(path, key, value)
    if json:
        context.obj.json({"key": key, "file": path})
    else:
        context.obj.talk(f"{key} is set in {path}")


@config_app.command("unset", cls=Command)
def unset_config(context: typer.Context, key: Key, *, json: Json = False) -> None:
    """Remove one key from your settings file.

    Example: haus config unset local.workers
    """
    from hausmusik.config import find_folders, unset_value

    path = find_folders().config_file
    there = unset_value(path, key)
    if json:
        context.obj.json({"key": key, "file": path, "changed": there})
    else:
        context.obj.talk(f"{key} is removed from {path}" if there else f"{key} was not set in {path}")


@config_app.command("path", cls=Command)
def config_path(context: typer.Context, *, json: Json = False) -> None:
    """Print where your settings file is.

    Example: haus config path
    """
    from hausmusik.config import find_folders

    path = find_folders().config_file
    if json:
        context.obj.json({"file": path})
    else:
        context.obj.data(str(path))


def _toml(value: Any) -> str:
    """Write a value as the settings file would; what is not set says so."""
    from json import dumps

    return "(not set)" if value is None else dumps(value, ensure_ascii=False)
