"""Commands that look after the house: instruments, pull, install, doctor, config, costs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hausmusik.cli.output import Output
from hausmusik.cli.pieces import Json
from hausmusik.cli.session import ProgressLine, in_house
from hausmusik.cli.takes import confirm
from hausmusik.errors import UsageError

if TYPE_CHECKING:
    from hausmusik.house import AsyncHouse
    from hausmusik.jobs.stop import Stop

instruments_app = typer.Typer(help="Show instruments, add your own.", invoke_without_command=True)
config_app = typer.Typer(help="Show and change settings.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(instruments_app, name="instruments", rich_help_panel="Instruments")
    for command in (pull, install):
        app.command(rich_help_panel="Instruments")(command)
    app.add_typer(config_app, name="config", rich_help_panel="House")
    for command in (doctor, costs):
        app.command(rich_help_panel="House")(command)


@instruments_app.callback()
def list_instruments(
    context: typer.Context,
    *,
    task: Annotated[str, typer.Option("--task", help="Only this task.")] = "",
    json: Json = False,
) -> None:
    """Show what there is: task, size, licence, where it runs, whether its weights are here.

    Example: haus instruments
    """
    if context.invoked_subcommand is not None:
        return
    output: Output = context.obj

    async def work(house: AsyncHouse, _stop: Stop) -> Any:
        return house.instruments(task)

    rows = in_house(work, output)
    if json:
        output.json({"instruments": rows})
        return
    output.table(
        ("name", "task", "title", "MB", "weights", "commercial", "on", "ready"),
        [
            (
                row.id,
                row.task,
                row.title,
                f"{row.size_bytes / 1e6:.0f}",
                row.licence,
                "yes" if row.commercial else "no",
                ", ".join(row.places),
                row.ready,
            )
            for row in rows
        ],
        right=(3,),
    )


@instruments_app.command()
def show(context: typer.Context, name: str, *, json: Json = False) -> None:
    """Show all about one instrument: voices, licence, sources of its weights.

    Example: haus instruments show kokoro
    """
    output: Output = context.obj

    async def work(house: AsyncHouse, _stop: Stop) -> Any:
        return house.catalogue.instrument(name)

    instrument = in_house(work, output)
    if json:
        output.json(instrument)
        return
    output.data(f"{instrument.id}: {instrument.title} ({instrument.task})")
    output.data(instrument.summary)
    output.data(f"licence: {instrument.licence.weights}; {instrument.licence.credit}")
    if instrument.licence.note:
        output.data(f"note: {instrument.licence.note}")
    for voice in instrument.voices:
        output.data(f"  {voice.id:16} {voice.language:6} {voice.title}")


@instruments_app.command()
def add(
    context: typer.Context, file: Annotated[Path, typer.Argument(help="A TOML file, its engine beside it.")]
) -> None:
    """Add an instrument of your own from a TOML file and its engine file.

    Example: haus instruments add my-bells.toml
    """
    output: Output = context.obj

    async def work(house: AsyncHouse, _stop: Stop) -> Any:
        return house.add_instrument(file)

    for name in in_house(work, output):
        output.data(name)


@instruments_app.command()
def remove(context: typer.Context, name: str) -> None:
    """Remove an instrument that was added with `add`.

    Example: haus instruments remove my-bells
    """
    output: Output = context.obj

    async def work(house: AsyncHouse, _stop: Stop) -> Any:
        return house.remove_instrument(name)

    in_house(work, output)
    output.talk(f"{name} is removed")


def pull(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME...", help="Instruments or weight sets.")] = None,
    *,
    embedded: Annotated[bool, typer.Option("--embedded", help="All that the built-in instruments need.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Remove weights instead.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Bring weights here, checked by hash; resumes where it was stopped.

    Example: haus pull kokoro composer
    """
    output: Output = context.obj
    if quiet:
        output = Output(quiet=True, colour=output.colour, debug=output.debug)
    wanted = tuple(names or ())
    if remove:
        if not wanted:
            raise UsageError("which weights should go?", hint="name instruments or weight sets")
        confirm(output, f"remove the weights of {', '.join(wanted)}?", yes=yes)

        async def drop(house: AsyncHouse, _stop: Stop) -> int:
            return house.remove_weights(wanted)

        output.data(f"{in_house(drop, output) / 1e6:.0f} MB removed")
        return
    line = ProgressLine(output)

    async def work(house: AsyncHouse, _stop: Stop) -> int:
        total = 0
        async for progress in house.pull(wanted, embedded=embedded):
            total = progress.total_bytes
            label = f"{progress.set}/{progress.file} ({progress.source})" if progress.source else progress.set
            line(f"pull {total / 1e6:.0f} MB", progress.fraction, label)
        return total

    try:
        total_bytes = in_house(work, output)
    finally:
        line.end()
    if json:
        output.json({"pulled_bytes": total_bytes})
    else:
        output.talk("everything is here" if not total_bytes else f"{total_bytes / 1e6:.0f} MB pulled")


def install(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="An instrument or its environment.")],
    *,
    remove: Annotated[bool, typer.Option("--remove", help="Remove it instead.")] = False,
) -> None:
    """Make the environment that an engine needs: an interpreter with its own pinned packages.

    Example: haus install piper
    """
    output: Output = context.obj
    line = ProgressLine(output)

    async def work(house: AsyncHouse, _stop: Stop) -> None:
        if remove:
            house.uninstall(name)
            return
        async for phase in house.install(name):
            line(phase.name, phase.done)

    try:
        in_house(work, output)
    finally:
        line.end()
    output.talk(f"the environment of {name} is {'removed' if remove else 'ready'}")


def doctor(
    context: typer.Context,
    *,
    weights: Annotated[bool, typer.Option("--weights", help="Hash all weights again.")] = False,
    json: Json = False,
) -> None:
    """Look at the whole house and say what is wrong and what to do.

    Example: haus doctor
    """
    output: Output = context.obj

    async def work(house: AsyncHouse, _stop: Stop) -> Any:
        return house.doctor(weights=weights)

    findings = in_house(work, output)
    bad = [each for each in findings if each.state == "bad"]
    if json:
        output.json({"ok": not bad, "findings": findings})
    else:
        for each in findings:
            fix = f" — {each.fix}" if each.fix else ""
            output.data(f"{each.state:5} {each.what}: {each.how}{fix}")
    if bad:
        raise typer.Exit(1)


@config_app.command("show")
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
        output.data(f"{row.key} = {row.value}{where}")


@config_app.command("set")
def set_config(context: typer.Context, key: str, value: str) -> None:
    """Set one key in your settings file.

    Example: haus config set local.workers 2
    """
    from hausmusik.config import find_folders, set_value

    path = find_folders().config_file
    set_value(path, key, value)
    context.obj.talk(f"{key} is set in {path}")


@config_app.command("unset")
def unset_config(context: typer.Context, key: str) -> None:
    """Remove one key from your settings file.

    Example: haus config unset local.workers
    """
    from hausmusik.config import find_folders, unset_value

    path = find_folders().config_file
    there = unset_value(path, key)
    context.obj.talk(f"{key} is removed from {path}" if there else f"{key} was not set in {path}")


@config_app.command("path")
def config_path(context: typer.Context) -> None:
    """Print where your settings file is.

    Example: haus config path
    """
    from hausmusik.config import find_folders

    context.obj.data(str(find_folders().config_file))


def costs(
    context: typer.Context,
    *,
    by: Annotated[str, typer.Option("--by", help="run, session, instrument, host, day, document or cue.")] = "run",
    since: Annotated[str, typer.Option("--since", metavar="DAYS", help="Only so far back, e.g. 7d.")] = "",
    csv: Annotated[bool, typer.Option("--csv", help="Comma-separated rows on stdout.")] = False,
    json: Json = False,
) -> None:
    """Show what was played and what it cost; on this machine $0, and the seconds it took.

    Example: haus costs --by instrument --since 7d
    """
    import sys
    from datetime import timedelta
    from typing import cast, get_args

    from hausmusik.money.dollars import shown
    from hausmusik.money.export import total_json, write_csv
    from hausmusik.money.rows import Grouping, Total

    output: Output = context.obj

    if by not in get_args(Grouping):
        raise UsageError(f"costs cannot be shown by {by!r}", hint=f"use one of: {', '.join(get_args(Grouping))}")
    days = _days(since)

    async def work(house: AsyncHouse, _stop: Stop) -> tuple[Total, ...]:
        after = None if days is None else house.clock.now() - timedelta(days=days)
        return house.costs(cast("Grouping", by), since=after)

    rows = in_house(work, output)
    if json:
        output.json({"by": by, "rows": [total_json(row) for row in rows]})
    elif csv:
        write_csv(rows, sys.stdout)
    else:
        output.table(
            (by, "label", "plays", "busy s", "cpu s", "audio s", "cost USD"),
            [
                (
                    row.key,
                    row.label,
                    str(row.plays),
                    f"{row.usage.busy_s:.1f}",
                    f"{row.usage.cpu_s:.1f}",
                    f"{row.usage.audio_s:.1f}",
                    shown(row.cost_usd),
                )
                for row in rows
            ],
            right=(2, 3, 4, 5, 6),
        )


def _days(text: str) -> float | None:
    if not text:
        return None
    try:
        days = float(text.strip().lower().removesuffix("d"))
    except ValueError:
        days = -1.0
    if not 0 < days < 36_500:
        raise UsageError(f"--since {text!r} is no number of days", hint="write it like 7d")
    return days
