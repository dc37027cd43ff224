"""Options that mean the same in every command, and how their text is read. Plays nothing, opens nothing."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hausmusik.cli import completing
from hausmusik.errors import UsageError

if TYPE_CHECKING:
    from decimal import Decimal

    from hausmusik.audio.formats import AudioFormat
    from hausmusik.cli.output import Output

ScoreFile = Annotated[Path, typer.Argument(metavar="SCORE", help="The score, a JSON file.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Variables = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Set a variable of the score.")
]
On = Annotated[str, typer.Option("--on", metavar="HOST", help="Where instruments play: local or modal.")]
NO_BUDGET = "no more than the settings allow"
"""Where --budget was not given: an empty one, of a script whose variable is not set, must not mean that."""

Budget = Annotated[str, typer.Option("--budget", metavar="USD", show_default=False, help="Most this run may cost.")]
Outside = Annotated[bool, typer.Option("--allow-outside", help="Accept files outside the score's folder.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")]
Instrument = Annotated[
    str,
    typer.Option(
        "--instrument",
        "-i",
        metavar="NAME",
        help="Instead of the default; see `haus instruments`.",
        autocompletion=completing.instruments,
    ),
]


def read_variables(given: list[str] | None) -> dict[str, str | float | bool]:
    """Read `--set name=value`; numbers and true/false become what they are."""
    from json import JSONDecodeError, loads

    found: dict[str, str | float | bool] = {}
    for each in given or ():
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise UsageError(f"--set {each!r} has no value", hint="write --set name=value")
        try:
            parsed = loads(value)
        except (JSONDecodeError, RecursionError):
            parsed = value
        found[name] = parsed if isinstance(parsed, str | int | float | bool) else value
    return found


def read_formats(given: list[str] | None) -> tuple[AudioFormat, ...]:
    """Read `--format mp3,flac` or `--format mp3 --format flac`."""
    from hausmusik.audio.formats import FORMATS

    known: dict[str, AudioFormat] = {each: each for each in FORMATS}
    found: list[AudioFormat] = []
    for name in (name.strip().lower() for each in given or () for name in each.split(",")):
        if name not in known:
            raise UsageError(f"there is no format {name!r}", hint=f"use {', '.join(known)}")
        found.append(known[name])
    return tuple(found)


def read_stretch(text: str) -> tuple[float, float]:
    """Read `20s..40s`, `20..40` or `1:20..1:40` as seconds."""
    start, dots, end = text.partition("..")
    try:
        span = (_seconds(start), _seconds(end))
    except ValueError:
        span = (0.0, 0.0)
    if not dots or not 0 <= span[0] < span[1] < float("inf"):
        raise UsageError(f"--preview {text!r} is no stretch", hint="write it like 20s..40s or 1:20..1:40")
    return span


def _seconds(text: str) -> float:
    seconds = 0.0
    for part in text.strip().removesuffix("s").split(":"):
        seconds = seconds * 60 + float(part)
    return seconds


def read_dollars(text: str) -> Decimal | None:
    """Read `--budget 0.50`; None where nothing was said."""
    from decimal import Decimal

    if text == NO_BUDGET:
        return None
    if not re.fullmatch(r"\$?(\d{1,12}(\.\d{0,12})?|\.\d{1,12})", text, re.ASCII):
        raise UsageError(f"--budget {text!r} is no amount", hint="write dollars, e.g. 0.50")
    return Decimal(text.removeprefix("$"))


def read_days(text: str, option: str, *, zero: bool = False) -> float:
    """Read `7d` or `7`; `zero` says whether 0 makes sense."""
    try:
        days = float(text.strip().lower().removesuffix("d"))
    except ValueError:
        days = -1.0
    if not 0 <= days < 36_500 or (days == 0 and not zero):
        raise UsageError(f"{option} {text!r} is no number of days", hint="write it like 30d")
    return days


def read_pair(text: str) -> tuple[str, str]:
    """Read `--say WORD=HOW`."""
    word, equals, how = text.partition("=")
    if not equals or not word.strip() or not how.strip():
        raise UsageError(f"--say {text!r} is no pronunciation", hint="write WORD=respelling or WORD=/phonemes/")
    return word.strip(), how.strip()


def read_stdin(most_bytes: int = 64 << 20) -> bytes:
    """Return what stdin says.

    Args:
        most_bytes: More is not read.

    Raises:
        UsageError: there is no stdin, or it says more.
    """
    if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison] -- of a program that was started without one
        raise UsageError("- is stdin, and there is none", hint="pipe something in, or name a file")
    found = sys.stdin.buffer.read(most_bytes + 1)
    if len(found) > most_bytes:
        raise UsageError(f"stdin says more than {most_bytes >> 20} MiB", hint="write it to files, in parts")
    return found


def read_text(text: str) -> str:
    """Return the text that was given, or with `-` what stdin says.

    Raises:
        UsageError: it is not UTF-8 text, there is no stdin, or it says more than 64 MiB.
    """
    found = read_stdin().decode("utf-8-sig", "surrogateescape") if text == "-" else text
    try:
        found.encode()
    except UnicodeEncodeError as error:
        reason = f"the text is not UTF-8 (at character {error.start + 1})"
        raise UsageError(reason, hint="save it as UTF-8") from None
    return found


def allowing(*, outside: bool) -> dict[str, Any]:
    """Return the settings that `--allow-outside` stands for."""
    return {"score.allow_outside": True} if outside else {}


def confirm(output: Output, question: str, *, yes: bool) -> None:
    """Ask before something is deleted or spent; never where nobody can answer.

    Raises:
        UsageError: nobody can be asked, or the answer is no.
    """
    if yes:
        return
    if sys.stdin is None or not sys.stdin.isatty():  # pyright: ignore[reportUnnecessaryComparison] -- see read_stdin
        raise UsageError(f"not without being asked: {question}", hint="pass --yes")
    output.ask(f"{question} [y/N]")
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise UsageError("left as it is")
