"""Commands about whole pieces: compose, check, plan, new, schema."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hausmusik.cli.output import Output
from hausmusik.cli.session import ProgressLine, in_house
from hausmusik.errors import OutputError, ScoreError, UsageError

if TYPE_CHECKING:
    from hausmusik.house import AsyncHouse
    from hausmusik.jobs.stop import Stop
    from hausmusik.score.plan import Plan
    from hausmusik.score.progress import Finished, Progress

ScoreFile = Annotated[Path, typer.Argument(metavar="SCORE", help="The score, a JSON file.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Variables = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Set a variable of the score.")
]
On = Annotated[str, typer.Option("--on", metavar="HOST", help="Where instruments play, e.g. local.")]
Outside = Annotated[bool, typer.Option("--allow-outside", help="Accept files outside the score's folder.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (compose, check, plan, new, schema):
        app.command(rich_help_panel="Pieces")(command)


def compose(
    context: typer.Context,
    score: ScoreFile,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The finished file; its companions go beside it.")
    ] = None,
    formats: Annotated[
        list[str] | None, typer.Option("--format", help="wav, flac, mp3, opus, m4a; instead of the score's.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="NAME", help="Make takes only of this cue, segment or layer.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Make takes anew even if they are kept.")] = False,
    preview: Annotated[
        str, typer.Option("--preview", metavar="FROM..TO", help="Render only this stretch, e.g. 20s..40s.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan, make nothing.")] = False,
    variables: Variables = None,
    on: On = "",
    budget: Annotated[str, typer.Option("--budget", metavar="USD", help="Most this run may cost.")] = "",
    allow_outside: Outside = False,
    json: Json = False,
) -> None:
    """Render a score into a finished piece.

    Example: haus compose piece.json -o piece.flac
    """
    from hausmusik.score.compose import ComposeOptions

    output: Output = context.obj
    if dry_run:
        plan(context, score, variables=variables, on=on, allow_outside=allow_outside, json=json)
        return
    options = ComposeOptions(
        out=out,
        formats=_formats(formats or []),
        only=tuple(only or ()),
        force=force,
        preview=_stretch(preview) if preview else None,
    )
    line = ProgressLine(output)

    def tell(progress: Progress) -> None:
        line(progress.stage, progress.done, progress.label, progress.eta_s)

    async def work(house: AsyncHouse, stop: Stop) -> Finished:
        run = house.new_run(f"compose {score.stem}", on=on, budget_usd=_dollars(budget))
        return await house.compose(
            score, options=options, variables=_variables(variables), run=run, stop=stop, on_progress=tell
        )

    try:
        finished = in_house(work, output, settings=_allow(allow_outside), drains=True)
    finally:
        line.end()
    if json:
        output.json(finished)
        return
    _tell_finished(output, finished)
    output.data(str(finished.path))


def check(
    context: typer.Context,
    score: ScoreFile,
    *,
    variables: Variables = None,
    allow_outside: Outside = False,
    json: Json = False,
) -> None:
    """Tell every problem of a score, with line, path, reason and fix.

    Example: haus check piece.json
    """
    output: Output = context.obj

    async def work(house: AsyncHouse, _stop: Stop) -> Any:
        return house.check(score, variables=_variables(variables))

    problems = in_house(work, output, settings=_allow(allow_outside))
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


def plan(
    context: typer.Context,
    score: ScoreFile,
    *,
    variables: Variables = None,
    on: On = "",
    allow_outside: Outside = False,
    json: Json = False,
) -> None:
    """Show the timeline: what sounds when, which takes are kept, which must be made and why.

    Example: haus plan piece.json
    """
    output: Output = context.obj

    async def work(house: AsyncHouse, _stop: Stop) -> tuple[Plan, Any]:
        made = house.plan(score, variables=_variables(variables), run=house.new_run("plan", on=on))
        return made, house.quote(made)

    made, quote = in_house(work, output, settings=_allow(allow_outside))
    if json:
        output.json(plan_document(made, quote))
    else:
        show_plan(output, made, quote)
    if made.problems:
        raise typer.Exit(ScoreError.exit_code)


def new(
    context: typer.Context,
    score: Annotated[Path, typer.Argument(metavar="SCORE", help="Where to write it, e.g. piece.json.")],
    *,
    title: Annotated[str, typer.Option(help="Of the piece.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a small score to start from.

    Example: haus new piece.json --title "My first piece"
    """
    from hausmusik.score.starter import starter_score

    output: Output = context.obj
    if score.exists() and not force:
        raise OutputError(f"{score} is there already", hint="choose another name, or pass --force")
    try:
        score.write_text(starter_score(title or score.stem.replace("-", " ").replace("_", " ").title()), "utf-8")
    except OSError as error:
        raise OutputError(f"{score} cannot be written: {error.strerror}", hint="choose another place") from error
    output.talk(f"next: haus compose {score}")
    output.data(str(score))


def schema(context: typer.Context) -> None:
    """Print the JSON Schema of scores, for editors and agents.

    Example: haus schema > score.schema.json
    """
    from hausmusik.score.schema import json_schema

    context.obj.json(json_schema())


def show_plan(output: Output, made: Plan, quote: Any) -> None:
    """Show a plan as tables for people."""
    rows = [
        (
            f"{cue.place.start.s:8.2f}{'' if cue.place.start.exact else '~'}",
            f"{cue.place.end.s:8.2f}{'' if cue.place.end.exact else '~'}",
            cue.cue.layer,
            cue.name,
            cue.instrument or (cue.file.name if cue.file else ""),
            cue.identity.host if cue.identity else "",
            cue.status + (f": {cue.reason}" if cue.reason else ""),
        )
        for cue in sorted(made.cues, key=lambda cue: cue.place.start.s)
    ]
    output.table(("start", "end", "layer", "cue", "instrument", "on", "take"), rows, right=(0, 1))
    about = "" if made.timeline.exact else "about "
    output.data(f"\n{about}{made.timeline.duration_s:.1f} s, {made.plays} takes to make")
    output.data(str(quote))
    for problem in made.problems:
        output.data(f"{problem.severity}: {problem}")


def plan_document(made: Plan, quote: Any) -> dict[str, Any]:
    """Return a plan as JSON can carry it."""
    return {
        "title": made.score.title,
        "duration_s": round(made.timeline.duration_s, 3),
        "exact": made.timeline.exact,
        "segments": [
            {"id": segment.id, "start_s": round(slot.start.s, 3), "end_s": round(slot.end.s, 3)}
            for segment, slot in zip(made.score.segments, made.timeline.segments, strict=False)
        ],
        "cues": [
            {
                "name": cue.name,
                "layer": cue.cue.layer,
                "start_s": round(cue.place.start.s, 3),
                "end_s": round(cue.place.end.s, 3),
                "exact": cue.place.start.exact and cue.place.end.exact,
                "status": cue.status,
                "reason": cue.reason,
                "instrument": cue.instrument,
                "host": cue.identity.host if cue.identity else "",
                "take": cue.key,
            }
            for cue in made.cues
        ],
        "quote": quote,
        "problems": made.problems,
    }


def _tell_finished(output: Output, finished: Finished) -> None:
    if finished.reused:
        output.talk("nothing has changed; everything is there")
    else:
        output.talk(f"{finished.made} takes made, {finished.kept} kept")
    output.talk(f"{finished.duration_s:.1f} s, {finished.loudness_lufs:.1f} LUFS, {finished.true_peak_dbtp:.1f} dBTP")
    for file in finished.files:
        output.detail(f"  {file.role:9} {file.path}")
    for warning in finished.warnings:
        output.talk(f"warning: {warning}")
    output.talk(finished.use)


def _allow(outside: bool) -> dict[str, Any]:
    return {"score.allow_outside": True} if outside else {}


def _variables(given: list[str] | None) -> dict[str, str | float | bool]:
    """Read `--set name=value`; numbers and true/false become what they are."""
    from json import JSONDecodeError, loads

    found: dict[str, str | float | bool] = {}
    for each in given or ():
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise UsageError(f"--set {each!r} has no value", hint="write --set name=value")
        try:
            parsed = loads(value)
        except JSONDecodeError:
            parsed = value
        found[name] = parsed if isinstance(parsed, str | int | float | bool) else value
    return found


def _formats(given: list[str]) -> Any:
    from hausmusik.score.targets import FORMATS

    names = [name.strip().lower() for each in given for name in each.split(",")]
    for name in names:
        if name not in FORMATS:
            raise UsageError(f"there is no format {name!r}", hint=f"use {', '.join(FORMATS)}")
    return tuple(names)


def _stretch(text: str) -> tuple[float, float]:
    """Read `20s..40s`, `20..40` or `1:20..1:40` as seconds."""
    start, dots, end = text.partition("..")
    try:
        span = (_seconds(start), _seconds(end))
    except ValueError:
        span = (0.0, 0.0)
    if not dots or not 0 <= span[0] < span[1]:
        raise UsageError(f"--preview {text!r} is no stretch", hint="write it like 20s..40s or 1:20..1:40")
    return span


def _seconds(text: str) -> float:
    seconds = 0.0
    for part in text.strip().removesuffix("s").split(":"):
        seconds = seconds * 60 + float(part)
    return seconds


def _dollars(text: str) -> Any:
    from decimal import Decimal, InvalidOperation

    if not text:
        return None
    try:
        amount = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise UsageError(f"--budget {text!r} is no amount", hint="write dollars, e.g. 0.50")
    return amount
