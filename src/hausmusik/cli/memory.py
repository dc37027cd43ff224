"""Commands about what is in memories: list, show, search, stats, forget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hausmusik.cli.asking import AsOf, Memory, Mode
from hausmusik.cli.commands import Command, Group
from hausmusik.cli.options import Json, On, Yes, confirm, read_text
from hausmusik.cli.output import Output, printable
from hausmusik.cli.session import ProgressLine, in_house, with_house
from hausmusik.counted import counted
from hausmusik.memory.moments import read_moment

if TYPE_CHECKING:
    from hausmusik.house import AsyncHouse
    from hausmusik.jobs.stop import Stop
    from hausmusik.memory.looking import DocumentRow, Looker, MemoryRow
    from hausmusik.memory.retrieval.retriever import Retrieved

SHOWN: Final = 40
"""Documents that patterns match: more than these are only counted before they are forgotten."""

memory_app = typer.Typer(cls=Group, invoke_without_command=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(memory_app, name="memory", rich_help_panel="Memories")


@memory_app.callback()
def list_memories(context: typer.Context, *, json: Json = False) -> None:
    """Make memories out of folders, look around in them.

    Without a command: every memory and how much is in it.

    Example: haus memory
    """
    if context.invoked_subcommand is not None:
        return
    output: Output = context.obj
    rows: tuple[MemoryRow, ...] = with_house(lambda house: house.memory_rows())
    if json:
        output.json({"memories": rows})
        return
    if not rows:
        output.talk("there are no memories; make one: haus memory add NAME FOLDER")
        return
    output.table(
        ("name", "documents", "passages", "entities", "facts", "MB"),
        [
            (
                row.name,
                str(row.documents),
                str(row.passages),
                str(row.entities),
                str(row.facts),
                f"{row.size_bytes / 1e6:.1f}",
            )
            for row in rows
        ],
        right=(1, 2, 3, 4, 5),
    )
    for row in rows:
        if row.problem:
            output.talk(f"{row.name} cannot be read: {row.problem}")


@memory_app.command(cls=Command)
def show(context: typer.Context, memory: Memory, *, json: Json = False) -> None:
    """Show the documents of a memory.

    Example: haus memory show notes
    """
    output: Output = context.obj
    rows: tuple[DocumentRow, ...] = with_house(lambda house: house.memory(memory).documents())
    if json:
        output.json({"documents": rows})
        return
    output.table(
        ("document", "kind", "date", "passages", "title"),
        [(row.path, row.kind, row.date[:10], str(row.passages), row.title) for row in rows],
        right=(3,),
    )


@memory_app.command(cls=Command)
def search(
    context: typer.Context,
    memory: Memory,
    question: Annotated[str, typer.Argument(metavar="WORDS", help="What is looked for; - reads it from stdin.")],
    *,
    mode: Mode = "auto",
    limit: Annotated[int, typer.Option(metavar="NUMBER", min=1, max=100, help="Most passages.")] = 8,
    as_of: AsOf = "",
    on: On = "",
    json: Json = False,
) -> None:
    """Find passages by words, meaning and graph; asks no model.

    Example: haus memory search notes "launch date"
    """
    output: Output = context.obj
    words, when = read_text(question), read_moment(as_of)
    line = ProgressLine(output)

    async def work(house: AsyncHouse, _stop: Stop) -> Retrieved:
        from hausmusik.memory.answering.answerer import AskOptions

        options = AskOptions(mode=mode, passages=limit, as_of=when)  # pyright: ignore[reportArgumentType]
        return await house.search_memory(memory, words, options=options, on=on)

    try:
        found = in_house(work, output)
    finally:
        line.end()
    if json:
        output.json(found)
        return
    from hausmusik.memory.answering.context import place_of

    for place, each in enumerate(found.evidence, 1):
        text = " ".join(each.passage.text[each.window[0] : each.window[1]].split())
        where = "; ".join(filter(None, (place_of(each.passage, each.window[0]), each.passage.when)))
        output.data(f"{place}. {where}\n   {text[:300]}")


@memory_app.command(cls=Command)
def stats(context: typer.Context, memory: Memory, *, json: Json = False) -> None:
    """Count what is in a memory, and which names may mean the same.

    Example: haus memory stats notes
    """
    output: Output = context.obj

    def work(house: AsyncHouse) -> tuple[dict[str, int], MemoryRow, Any, dict[str, str], dict[str, int]]:
        looker: Looker = house.memory(memory)
        counts = house.memories.store(memory).counts()
        return counts, looker.row(), looker.doubts(), looker.ontology(), looker.guessed_types()

    counts, row, doubts, types, guessed = with_house(work)
    if json:
        known = {"counts": counts, "size_bytes": row.size_bytes, "embedder": row.embedder, "doubts": doubts}
        output.json(known | {"types": types, "guessed_types": guessed})
        return
    output.table(("what", "count"), [(name, str(count)) for name, count in counts.items()], right=(1,))
    output.talk(f"{row.size_bytes / 1e6:.1f} MB; vectors by {row.embedder or 'nobody yet'}")
    output.talk(f"types of entities: {', '.join(types)}")
    for instrument, count in guessed.items():
        output.talk(f"of {counted(count, 'name')} {instrument} guessed the type")
    for each in doubts[:10]:
        output.talk(f"may be the same: {each.name}, {each.other} ({each.reason}, {each.score:.2f})")


@memory_app.command(cls=Command)
def forget(
    context: typer.Context,
    memory: Memory,
    documents: Annotated[
        list[str],
        typer.Argument(metavar="DOCUMENT...", help="As `show` lists them; FOLDER/ for all in it, or 'logs/*.log'."),
    ],
    *,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Take documents out of a memory, for good.

    With everything that only they supported. Patterns are those of .hausignore; what they match is shown first.

    Example: haus memory forget notes meetings/2026-03-01.txt 'logs/*.log'
    """
    from hausmusik.memory.reading.ignoring import is_pattern

    output: Output = context.obj
    named: list[str] = with_house(lambda house: house.memory(memory).documents_named(documents, patterns=True))
    if any(is_pattern(each) and each not in named for each in documents):
        for each in named[:SHOWN]:
            output.talk(f"  {printable(each, line=True)}")
        if len(named) > SHOWN:
            output.talk(f"  and {len(named) - SHOWN} more")
    if named:  # none: they were forgotten before, and their bytes are what is left to do
        confirm(output, f"forget {counted(len(named), 'document')} of {memory} for good?", yes=yes)

    async def work(house: AsyncHouse, _stop: Stop) -> int:
        return await house.forget(memory, named)

    count = in_house(work, output)
    if json:
        output.json({"forgotten": count})
    else:
        output.talk(
            f"forgot {counted(count, 'document')}" if count else "what was forgotten before is gone from the log too"
        )
