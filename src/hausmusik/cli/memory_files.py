"""Commands about a memory as a file: check, backup, export to other programs and import from them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hausmusik.cli.asking import Memory
from hausmusik.cli.commands import Command
from hausmusik.cli.memory_adding import in_all
from hausmusik.cli.options import NO_BUDGET, Budget, Json, On, read_dollars
from hausmusik.cli.output import Output
from hausmusik.cli.session import in_house, leave, with_house
from hausmusik.errors import StoreError, UsageError

if TYPE_CHECKING:
    from hausmusik.house import AsyncHouse
    from hausmusik.jobs.stop import Stop
    from hausmusik.memory.exchange.exporting import Exported, Form
    from hausmusik.memory.exchange.importing import Imported


def register(app: typer.Typer) -> None:
    """Add the commands of this module to those about memories."""
    app.command(cls=Command)(check)
    app.command(cls=Command)(backup)
    app.command(cls=Command)(export)
    app.command("import", cls=Command)(import_)


def check(context: typer.Context, memory: Memory, *, json: Json = False) -> None:
    """Look through a memory's whole file.

    Example: haus memory check notes
    """
    output: Output = context.obj
    found: dict[str, int] = with_house(lambda house: house.check_memory(memory))
    if json:
        output.json(found)
    elif not any(found.values()):
        output.talk(f"{memory} is whole")
    if any(found.values()):
        wrong = ", ".join(f"{what}: {count}" for what, count in found.items() if count)
        leave(output, StoreError(f"{memory} is not whole ({wrong})", hint="add its folders to a new memory"))


def backup(
    context: typer.Context,
    memory: Memory,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")],
    *,
    json: Json = False,
) -> None:
    """Write a whole copy of a memory to a new file.

    Also while something is being added to it.

    Example: haus memory backup notes notes-backup.sqlite
    """
    output: Output = context.obj
    _must_be_file(file)
    with_house(lambda house: house.backup_memory(memory, file))
    if json:
        output.json({"file": str(file)})
    else:
        output.data(str(file))


def _must_be_file(target: Path) -> None:
    if str(target) == "-":
        raise UsageError("a memory is not written to standard output", hint="name a file")


def export(
    context: typer.Context,
    memory: Memory,
    *,
    graphml: Annotated[Path | None, typer.Option(metavar="FILE", help="The graph, for Gephi and others.")] = None,
    json_ld: Annotated[Path | None, typer.Option("--json-ld", metavar="FILE", help="Everything, linked.")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Three tables.")] = None,
    lightrag: Annotated[Path | None, typer.Option(metavar="FOLDER", help="What LightRAG opens as its own.")] = None,
    custom_kg: Annotated[
        Path | None, typer.Option("--custom-kg", metavar="FILE", help="What LightRAG's insert_custom_kg takes.")
    ] = None,
    on: On = "",
    budget: Budget = NO_BUDGET,
    json: Json = False,
) -> None:
    """Write a memory for another program.

    In one form, to a new file or folder.

    Example: haus memory export notes --graphml notes.graphml
    """
    output: Output = context.obj
    most = read_dollars(budget)
    targets: dict[Form, Path | None] = {
        "graphml": graphml,
        "json-ld": json_ld,
        "csv": csv,
        "lightrag": lightrag,
        "custom-kg": custom_kg,
    }
    asked: list[tuple[Form, Path]] = [(form, target) for form, target in targets.items() if target is not None]
    if len(asked) != 1:
        raise UsageError("name one form to export to", hint="e.g. --graphml notes.graphml, or --lightrag FOLDER")
    form, target = asked[0]
    _must_be_file(target)

    async def work(house: AsyncHouse, _stop: Stop) -> Exported:
        run = house.new_run(f"export {memory}", on=on, budget_usd=most)
        return await house.export_memory(memory, target, form=form, run=run)

    report = in_house(work, output)
    if json:
        output.json(report)
    else:
        output.talk(in_all(report))
        output.data(report.target)


def import_(
    context: typer.Context,
    memory: Annotated[str, typer.Argument(metavar="MEMORY", help="Its name; made where it is not there yet.")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="In which LightRAG worked, with its file stores.")],
    *,
    on: On = "",
    budget: Budget = NO_BUDGET,
    json: Json = False,
) -> None:
    """Bring a folder of LightRAG's into a memory.

    All of it or nothing; no language model is asked.

    Example: haus memory import notes ./rag_storage
    """
    output: Output = context.obj
    most = read_dollars(budget)

    async def work(house: AsyncHouse, _stop: Stop) -> Imported:
        run = house.new_run(f"import {memory}", on=on, budget_usd=most)
        return await house.import_memory(memory, folder, run=run)

    report = in_house(work, output)
    if json:
        output.json(report)
        return
    left_out = f", {report.left_out} without chunks left out" if report.left_out else ""
    output.talk(f"{report.added} added, {report.same} there already{left_out}")
    output.talk(f"{report.memory}: {in_all(report)}")
