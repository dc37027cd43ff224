"""The tree of commands, the options of all of them, and the one place where errors become words and exit codes."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.main import get_command

from hausmusik.cli import (
    asking,
    batch,
    care,
    chatting,
    cloud,
    gpus,
    instruments,
    jobs,
    memory,
    memory_adding,
    memory_files,
    memory_graph,
    pieces,
    playing,
    settings,
    takes,
    warm,
)
from hausmusik.cli.commands import Group
from hausmusik.cli.output import Output
from hausmusik.errors import Cancelled, HausmusikError, OutputError, UsageError

_PARSER_ERROR: Final[type[Exception]] = typer.BadParameter.__mro__[2]
"""Base of what Typer's parser raises. Typer does not export it, and the module it lives in moved between versions."""

app = typer.Typer(
    name="haus",
    help="Play open AI models as your own instruments and compose them into finished audio.",
    epilog="Start with: haus new piece.json; haus compose piece.json -o piece.flac",
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: rich's would cost 80 ms of the 300 that --help may take
)
pieces.register(app)
takes.register(app)
playing.register(app)
chatting.register(app)
batch.register(app)
memory.register(app)
memory_adding.register(memory.memory_app)
memory_graph.register(memory.memory_app)
memory_files.register(memory.memory_app)
asking.register(app)
instruments.register(app)
gpus.register(app)
cloud.register(app)
warm.register(app)
care.register(app)
jobs.register(app)
settings.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        from hausmusik import __version__

        sys.stdout.write(f"hausmusik {__version__}\n")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    *,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours; as NO_COLOR=1.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of every command; they stand before its name or after it."""
    del version
    context.obj = Output(quiet=quiet, verbose=verbose, colour=not no_color, debug=debug)


def run(arguments: list[str] | None = None) -> None:
    """Run one command and leave with its exit code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller (`>&-`)
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - for the whole run
    words = sys.argv[1:] if arguments is None else arguments
    flags = set(words[: words.index("--")] if "--" in words else words)
    output = Output(colour="--no-color" not in flags, debug="--debug" in flags)
    json = "--json" in flags
    try:
        code = _tree()(args=words, prog_name="haus", standalone_mode=False)
        if code == Cancelled.exit_code:  # Typer's word for a KeyboardInterrupt
            raise Cancelled("stopped")
    except HausmusikError as error:
        code = _told(output, error, json=json)
    except _PARSER_ERROR as error:
        code = _misspelt(output, error, json=json)
    except Exception as error:  # noqa: BLE001 - the outermost border: everything gets a sentence and an exit code
        code = _told(output, _foreign(error), json=json)
    sys.exit(code or 0)


@cache
def _tree() -> Any:
    """Return the commands as the parser wants them; made once, for it takes 18 ms."""
    return get_command(app)


def _told(output: Output, error: HausmusikError, *, json: bool) -> int:
    """Tell an error to the person and, if asked, as a JSON document; returns the exit code."""
    if output.debug:
        traceback.print_exception(error)
    if json:
        with suppress(OSError, HausmusikError):  # stdout may be what failed; the sentence on stderr is still said
            output.json({"error": error_document(error)})
    output.error(error)
    return error.exit_code


def error_document(error: HausmusikError) -> dict[str, object]:
    """Return what `--json` says of an error."""
    return {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "retryable": error.retryable,
        "problems": list(getattr(error, "problems", ())),
    }


def _misspelt(output: Output, error: Any, *, json: bool) -> int:
    """Tell what the parser did not understand, in our form; a bare `haus` gets the help."""
    text: str = error.format_message()
    if text.startswith("Usage:"):
        output.talk(text)
        return UsageError.exit_code
    command = error.ctx.command_path if getattr(error, "ctx", None) else "haus"
    return _told(output, UsageError(text[:1].lower() + text[1:].rstrip("."), hint=f"see `{command} -h`"), json=json)


def _foreign(error: Exception) -> HausmusikError:
    """Return what to say of an error that is not ours: of the system, or a mistake in Hausmusik."""
    wrapped: HausmusikError
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        wrapped = OutputError(f"{where}{error.strerror.lower()}", hint="run it again with --debug to see where")
    else:
        told = f"{type(error).__name__}: {error}".rstrip(": ")
        hint = "nothing that was finished is lost; run it again with --debug and report what it shows"
        wrapped = HausmusikError(f"this is a mistake in Hausmusik: {told}", hint=hint)
    wrapped.__cause__ = error
    return wrapped
