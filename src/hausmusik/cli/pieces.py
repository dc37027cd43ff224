"""Commands about whole pieces: new, check, compose, schema; plan is in `planning`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hausmusik.cli import completing, planning
from hausmusik.cli.commands import Command
from hausmusik.cli.options import (
    NO_BUDGET,
    Budget,
    Json,
    On,
    Outside,
    ScoreFile,
    Variables,
    allowing,
    read_dollars,
    read_formats,
    read_stretch,
    read_variables,
)
from hausmusik.cli.output import Output
from hausmusik.cli.session import ProgressLine, announce, in_house, with_house
from hausmusik.counted import counted
from hausmusik.errors import OutputError, ScoreError

if TYPE_CHECKING:
    from hausmusik.house import AsyncHouse
    from hausmusik.jobs.stop import Stop
    from hausmusik.score.progress import Finished, Progress


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (new, check, planning.plan, compose, schema):
        app.command(rich_help_panel="Pieces", cls=Command)(command)


def new(
    context: typer.Context,
    score: Annotated[Path, typer.Argument(metavar="SCORE", help="Where to write it, e.g. piece.json.")],
    *,
    title: Annotated[str, typer.Option(help="Of the piece.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    json: Json = False,
) -> None:
    """Write a small score to start from.

    Example: haus new piece.json --title "My first piece"
    """
    from hausmusik.score.encoding import write_text
    from hausmusik.score.starter import starter_score

    output: Output = context.obj
    if score.exists() and not force:
        raise OutputError(f"{score} is there already", hint="choose another name, or pass --force")
    if not score.parent.is_dir():
        raise OutputError(f"there is no folder {score.parent}", hint="make it first, or choose another place")
    write_text(score, starter_score(title or score.stem.replace("-", " ").replace("_", " ").title()))
    if json:
        output.json({"score": score})
        return
    output.talk(f"next: haus compose {score}")
    output.data(str(score))


def check(
    context: typer.Context,
    score: ScoreFile,
    *,
    variables: Variables = None,
    allow_outside: Outside = False,
    json: Json = False,
) -> None:
    """Tell every problem of a score: where, why, what to do.

    Example: haus check piece.json
    """
    output: Output = context.obj
    given = read_variables(variables)
    problems = with_house(lambda house: house.check(score, variables=given), settings=allowing(outside=allow_outside))
    errors = [problem for problem in problems if problem.severity == "error"]
    if json:
        output.json({"score": score, "ok": not errors, "problems": problems})
    else:
        for problem in problems:
            output.data(f"{problem.severity}: {problem}")
        if not problems:
            output.data(f"{score.name} is fine")
    if errors:
        raise typer.Exit(ScoreError.exit_code)


def compose(
    context: typer.Context,
    score: ScoreFile,
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="The finished file; its companions go beside it."),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="wav, flac, mp3, opus, m4a; instead of the score's.",
            autocompletion=completing.formats,
        ),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="NAME", help="Make takes only of this cue, segment or layer.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Make takes anew even if they are kept.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files of those names that are not its own, too.")
    ] = False,
    preview: Annotated[
        str, typer.Option("--preview", metavar="FROM..TO", help="Render only this stretch, e.g. 20s..40s.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan, make nothing.")] = False,
    variables: Variables = None,
    on: On = "",
    budget: Budget = NO_BUDGET,
    allow_outside: Outside = False,
    json: Json = False,
) -> None:
    """Render a score into a finished piece.

    Without -o it goes into a folder that is named after the score. What has not changed is not made again. Ctrl-C
    finishes the takes in flight and keeps them; a second one stops at once.

    Example: haus compose piece.json -o piece.flac
    """
    from hausmusik.score.compose import ComposeOptions

    output: Output = context.obj
    options = ComposeOptions(
        out=out,
        formats=read_formats(formats),
        only=tuple(only or ()),
        force=force,
        overwrite=overwrite,
        preview=read_stretch(preview) if preview else None,
    )
    given, most = read_variables(variables), read_dollars(budget)
    if dry_run:
        planning.forecast(
            output,
            score,
            variables=given,
            on=on,
            allow_outside=allow_outside,
            json=json,
            options=options,
            budget=most,
        )
        return
    line = ProgressLine(output)

    def tell(progress: Progress) -> None:
        line(progress.stage, progress.done, progress.label, progress.eta_s)

    async def work(house: AsyncHouse, stop: Stop) -> Finished:
        run = house.new_run(f"compose {score.stem}", on=on, budget_usd=most)
        planned = house.plan(score, options=options, variables=given, run=run)
        announce(house, output, house.quote(planned))
        return await house.compose(score, options=options, variables=given, run=run, stop=stop, on_progress=tell)

    try:
        finished = in_house(work, output, settings=allowing(outside=allow_outside), drains=True)
    finally:
        line.end()
    if json:
        output.json(finished)
        return
    _tell_finished(output, finished)
    output.data(str(finished.path))


def schema(context: typer.Context, *, json: Json = False) -> None:
    """Print the JSON Schema of scores, for editors and agents.

    Example: haus schema > score.schema.json
    """
    from hausmusik.score.schema import json_schema

    del json  # it is JSON anyway; the option is taken so that no command refuses it
    context.obj.json(json_schema())


def _tell_finished(output: Output, finished: Finished) -> None:
    if finished.reused and not finished.made:
        output.talk("nothing has changed; everything is there")
    else:
        output.talk(f"{counted(finished.made, 'take')} made, {finished.kept} kept")
    output.talk(f"{finished.duration_s:.1f} s, {finished.loudness_lufs:.1f} LUFS, {finished.true_peak_dbtp:.1f} dBTP")
    for file in finished.files:
        output.detail(f"  {file.role:9} {file.path}")
    for warning in finished.warnings:
        output.talk(f"warning: {warning}")
    output.talk(finished.use)
