"""Every command with its arguments and options, from the tree that Typer makes; the width of a terminal plays no part."""

from __future__ import annotations

import inspect
from typing import Any

import typer.main

from hausmusik.cli.app import app
from hausmusik.cli.commands import TALK
from pages.markdown import code, listed, paragraphs, table


def page() -> str:
    root: Any = typer.main.get_command(app)
    everywhere = [each for each in root.params if {*each.opts} & TALK.keys() or each.name == "version"]
    return "".join(
        [
            "# Commands\n\n",
            paragraphs(
                root.help,
                """What is asked for goes to stdout, everything else to stderr. `--json` gives one JSON document on stdout.
                A command leaves with 0, or with the exit code of its [error](errors.md). Ctrl-C once finishes what is
                being played and keeps it; a second one stops at once. `haus --install-completion` lets your shell
                complete names.""",
                "These options may stand before a command or after it:",
            ),
            "\n",
            table(("option", "meaning"), [(_spelt(each), each.help or "") for each in everywhere]),
            *(_section(("haus", name), command) for name, command in root.commands.items()),
        ]
    )


def _section(path: tuple[str, ...], command: Any) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option" and each.name != "help"]
    inner = getattr(command, "commands", {})
    usage = [*path, *map(_spelt, arguments), *(["[OPTIONS]"] if options else []), *(["COMMAND"] if inner else [])]
    said = paragraphs(*(_shown(part) for part in inspect.cleandoc(command.help or "").split("\n\n")))
    out = f"\n## {' '.join(path)}\n\n{said}\n    {' '.join(usage)}\n"
    if arguments:
        out += "\n" + table(("argument", "meaning"), [(code(each.metavar), each.help or "") for each in arguments])
    if options:
        rows = [(_spelt(each), each.help or "", _preset(each)) for each in options]
        out += "\n" + table(("option", "meaning", "default"), rows)
    return out + "".join(_section((*path, name), each) for name, each in inner.items())


def _shown(part: str) -> str:
    example = part.removeprefix("Example: ")
    return part if example == part else f"Example: {code(example)}"


def _spelt(param: Any) -> str:
    if param.param_type_name == "argument":
        many = f"{param.metavar}{' ...' if param.nargs == -1 else ''}"
        return many if param.required else f"[{many}]"
    names = listed(map(code, (*param.opts, *param.secondary_opts)))
    again = " (again and again)" if param.multiple else ""
    return names if param.is_flag else f"{names} {param.metavar or 'TEXT'}{again}"


def _preset(param: Any) -> str:
    if param.is_flag:  # of a pair, the one that holds
        return code((param.opts if param.default else param.secondary_opts)[0]) if param.secondary_opts else ""
    default = f"{param.default:g}" if type(param.default) is float else param.default
    return "" if default in (None, "", ()) else code(default)
