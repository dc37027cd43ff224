"""Commands about who is in a memory: graph, path, merge, split."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hausmusik.cli.asking import AsOf, Memory, Picture
from hausmusik.cli.commands import Command
from hausmusik.cli.options import Json
from hausmusik.cli.output import Output
from hausmusik.cli.session import with_house
from hausmusik.errors import UsageError
from hausmusik.memory.moments import read_moment

if TYPE_CHECKING:
    from hausmusik.memory.store.facts import FactRow
    from hausmusik.memory.store.reading import EntityRow

Name = Annotated[str, typer.Argument(metavar="NAME", help="Of somebody or something in the memory.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to those about memories."""
    app.command(cls=Command)(graph)
    app.command(cls=Command)(path)
    app.command(cls=Command)(merge)
    app.command(cls=Command)(split)


def graph(
    context: typer.Context,
    memory: Memory,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Of whom; without: who is mentioned most.")] = "",
    *,
    type_: Annotated[str, typer.Option("--type", metavar="NAME", help="Only entities of this type.")] = "",
    as_of: AsOf = "",
    limit: Annotated[int, typer.Option(metavar="NUMBER", min=1, max=10_000, help="Most rows.")] = 30,
    out: Picture = None,
    json: Json = False,
) -> None:
    """Show who is in a memory, or what is known of one of them.

    Of one also why its names are taken for one.

    With -o it is drawn, with at most 40 names: somebody and what surrounds them, or those that are mentioned most.

    Example: haus memory graph notes "Anna Weber" -o anna.html
    """
    output: Output = context.obj
    when = read_moment(as_of)
    if out is not None:
        if type_:
            raise UsageError("--type is for the list, not for a picture", hint="leave out --type or -o")
        with_house(lambda house: house.picture_memory(memory, out, about=name, as_of=when))
        _drawn(output, out, json=json)
        return
    if not name:
        rows: tuple[EntityRow, ...] = with_house(
            lambda house: house.memory(memory).entities(type_=type_, as_of=when, limit=limit)
        )
        if json:
            output.json({"entities": rows})
            return
        output.table(
            ("entity", "type", "mentions", "names"),
            [
                (row.title, row.type, str(row.mentions), ", ".join(dict.fromkeys(each for _, each in row.names)))
                for row in rows
            ],
            right=(2,),
        )
        return
    found = with_house(lambda house: house.memory(memory).about(name, as_of=when, limit=limit))
    if json:
        output.json(found)
        return
    output.data(f"{found.entity.title} ({found.entity.type}), {found.entity.mentions} mentions")
    for fact in found.facts:
        output.data(f"  {_fact(fact)}")
    if found.entity.typed_by:
        output.talk(f"  that it is of the type {found.entity.type} is what {found.entity.typed_by} said")
    for merge in found.merges:
        if merge.name == merge.into and merge.by == "rule" and not merge.undone_at:
            continue  # met as two types of thing, or in two documents: to a reader it is one name anyway
        undone = " (undone)" if merge.undone_at else ""
        output.talk(f"  {merge.name} is {merge.into}: {merge.reason} ({merge.by}, {merge.score:.2f}){undone}")


def _drawn(output: Output, out: Path, *, json: bool) -> None:
    if json:
        output.json({"file": str(out)})
    else:
        output.data(str(out))


def _fact(fact: FactRow) -> str:
    began = fact.valid_from[:10]
    ended = f" until {fact.valid_to[:10]}" if fact.valid_to else ""
    when = f" [{began}{ended}]" if began or ended else ""
    return f"{fact.source[1]} – {fact.kind} – {fact.target[1]}{when}"


def path(
    context: typer.Context,
    memory: Memory,
    source: Name,
    target: Name,
    *,
    as_of: AsOf = "",
    out: Picture = None,
    json: Json = False,
) -> None:
    """Show the shortest way between two along facts.

    With -o it is drawn, with what surrounds it.

    Example: haus memory path notes Anna "Nordwind Logistics"
    """
    output: Output = context.obj
    when = read_moment(as_of)
    if out is not None:
        with_house(lambda house: house.picture_memory(memory, out, about=source, to=target, as_of=when))
        _drawn(output, out, json=json)
        return
    steps: list[FactRow] = with_house(lambda house: house.memory(memory).path(source, target, as_of=when))
    if json:
        output.json({"steps": steps})
    elif not steps:
        output.talk(f"no way from {source} to {target} is known, within four steps")
    for fact in steps if not json else ():
        output.data(f"{_fact(fact)}: {fact.description}")


def merge(
    context: typer.Context,
    memory: Memory,
    name: Name,
    into: Annotated[str, typer.Argument(metavar="INTO", help="Whom it means.")],
    *,
    json: Json = False,
) -> None:
    """Let two names mean the same; `split` undoes it.

    Example: haus memory merge notes JD "John Doe"
    """
    output: Output = context.obj
    row: EntityRow = with_house(lambda house: house.merge_names(memory, name, into))
    _tell_entity(output, row, json=json)


def split(context: typer.Context, memory: Memory, name: Name, *, json: Json = False) -> None:
    """Let a name mean somebody of its own again.

    Example: haus memory split notes JD
    """
    output: Output = context.obj
    row: EntityRow = with_house(lambda house: house.split_name(memory, name))
    _tell_entity(output, row, json=json)


def _tell_entity(output: Output, row: EntityRow, *, json: bool) -> None:
    if json:
        output.json(row)
    else:
        output.talk(f"{row.title} ({row.type}): {', '.join(dict.fromkeys(name for _, name in row.names))}")
