"""The tree of commands, the options of all of them, and the one place where errors become words and exit codes."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from hausmusik.cli import care, pieces, playing, takes
from hausmusik.cli.output import Output
from hausmusik.errors import HausmusikError

app = typer.Typer(
    name="haus",
    help="Play open AI models as your own instruments and compose them into finished audio.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: rich's would cost 80 ms of the 300 that --help may take
)
pieces.register(app)
takes.register(app)
playing.register(app)
care.register(app)


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
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """Options of every command; they stand before its name."""
    del version
    context.obj = Output(quiet=quiet, verbose=verbose, colour=not no_color, debug=debug)


def run(arguments: list[str] | None = None) -> None:
    """Run one command and leave with its exit code."""
    debug = "--debug" in (sys.argv[1:] if arguments is None else arguments)
    try:
        app(args=arguments, prog_name="haus")
    except HausmusikError as error:
        if debug:
            raise
        Output(colour="--no-color" not in sys.argv).error(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("haus: stopped\n")
        sys.exit(130)
    except BrokenPipeError:  # `haus … | head`: the reader has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
