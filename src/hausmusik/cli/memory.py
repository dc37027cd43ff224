"""Commands about memories: list, add, show, search, graph, path, merge, split, forget, stats, check, backup.

Export and import stand in `memory_files`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hausmusik.cli.asking import AsOf, Memory, Mode, Picture, read_date
from hausmusik.cli.commands import Command, Group
from hausmusik.cli.options import NO_BUDGET, Budget, DryRun, Json, On, Yes, confirm, read_dollars, read_text
from hausmusik.cli.output import Output
from hausmusik.cli.session import ProgressLine, announce, in_house, with_house
from hausmusik.errors import (
    Cancelled,
    ConfigError,
    HausmusikError,
    NotFoundError,
    PartialFailure,
    StoreError,
    UsageError,
)

if TYPE_CHECKING:
    from hausmusik.house import AsyncHouse
    from hausmusik.jobs.stop import Stop
    from hausmusik.memory.looking import DocumentRow, Looker, MemoryRow
    from hausmusik.memory.retrieval.retriever import Retrieved
    from hausmusik.memory.store.reading import EntityRow, FactRow
    from hausmusik.memory.values import AddOptions, AddPlan, AddProgress, AddReport
    from hausmusik.money.quoted import Quote

memory_app = typer.Typer(cls=Group, invoke_without_command=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Of somebody or something in the memory.")]


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


@memory_app.command(cls=Command)
def add(
    context: typer.Context,
    memory: Annotated[str, typer.Argument(metavar="MEMORY", help="Its name; made where it is not there yet.")],
    sources: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files and folders; - reads stdin.")],
    *,
    extractor: Annotated[
        str, typer.Option("--extract", metavar="NAME", help="rules (in code), or a language model.")
    ] = "rules",
    tokens: Annotated[int, typer.Option(metavar="NUMBER", min=50, max=8000, help="Of a passage.")] = 1200,
    overlap: Annotated[int, typer.Option(metavar="NUMBER", min=0, max=4000, help="Between two passages.")] = 100,
    types: Annotated[Path | None, typer.Option(metavar="FILE", help="TOML: types of entities for a model.")] = None,
    ignore: Annotated[list[str] | None, typer.Option(metavar="PATTERN", help="Leave out what is called so.")] = None,
    concurrency: Annotated[int, typer.Option(metavar="NUMBER", min=0, help="Documents at once; 0: the host's.")] = 0,
    on: On = "",
    budget: Budget = NO_BUDGET,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Add files to a memory: what is new or changed in them.

    Stopped or killed, the same command goes on. A file that cannot be read is told, and the command leaves with 8.

    Example: haus memory add notes ~/meetings ~/logs
    """
    from hausmusik.memory.values import AddOptions

    output: Output = context.obj
    most = read_dollars(budget)
    stdin = sys.stdin.buffer.read() if any(str(source) == "-" for source in sources) else b""
    if overlap >= tokens:
        raise UsageError("--overlap must be below --tokens", hint="e.g. --tokens 1200 --overlap 100")
    options = AddOptions(
        sources=tuple(sources),
        extractor=extractor,
        budget_tokens=tokens,
        overlap_tokens=overlap,
        types=_read_types(types),
        ignore=tuple(ignore or ()),
        concurrency=concurrency,
    )
    if dry_run:
        _plan(output, memory, options, on, stdin, json=json)
        return
    line = ProgressLine(output)

    def tell(progress: AddProgress) -> None:
        done = (progress.done + progress.failed) / max(1, progress.total)
        label = f"{progress.done}/{progress.total}"
        label += f", {progress.calls} answers" if progress.calls else ""
        line("adding", done, f"{label} {progress.waiting or progress.document}", progress.eta_s)

    async def work(house: AsyncHouse, stop: Stop) -> AddReport:
        run = house.new_run(f"memory {memory}", on=on, budget_usd=most)
        plan = house.plan_memory(memory, options, run=run, stdin=stdin)
        announce(house, output, house.quote_memory(plan, run=run))
        return await house.add_to_memory(plan, run=run, stop=stop, on_progress=tell, stdin=stdin)

    try:
        report = in_house(work, output, drains=True)
    except Cancelled as error:
        raise Cancelled(error.message, hint="the same command goes on") from error
    finally:
        line.end()
    _tell_added(output, report, json=json)


def _plan(output: Output, memory: str, options: AddOptions, on: str, stdin: bytes, *, json: bool) -> None:
    def work(house: AsyncHouse) -> tuple[AddPlan, Quote]:
        run = house.new_run(f"memory {memory}", on=on)
        plan = house.plan_memory(memory, options, run=run, stdin=stdin)
        return plan, house.quote_memory(plan, run=run)

    plan, quote = with_house(work)
    if json:
        output.json({"items": plan.items, "skipped": plan.skipped, "passages": plan.passages, "quote": quote})
        return
    output.table(("change", "bytes", "name"), [(item.change, str(item.size_bytes), item.name) for item in plan.items])
    for each in plan.skipped:
        output.detail(f"left out: {each.path}: {each.reason}")
    if plan.skipped:
        output.talk(f"{len(plan.skipped)} files are left out; -v lists them")
    output.talk(quote.in_short if plan.to_do else "everything is there already")


def _tell_added(output: Output, report: AddReport, *, json: bool) -> None:
    if json:
        output.json(report)
    else:
        changes = [f"{report.added} added", f"{report.changed} changed", f"{report.same} there already"]
        output.talk(", ".join(changes) + (f", {report.failed} failed" if report.failed else ""))
        output.talk(f"{report.memory}: {report.passages} passages, {report.entities} entities, {report.facts} facts")
        for each in report.skipped:
            output.detail(f"left out: {each.path}: {each.reason}")
        if report.skipped:
            output.talk(f"{len(report.skipped)} files were left out; -v lists them")
        for problem in report.problems[:10]:
            output.talk(str(problem))
    if report.failed:
        failed = PartialFailure(f"{report.failed} documents could not be added", hint="the others are in the memory")
        _leave(output, failed)


def _leave(output: Output, error: HausmusikError) -> None:
    """Tell an error behind a report; raised, it would be a second document where JSON is asked for."""
    output.error(error)
    raise typer.Exit(error.exit_code)


def _read_types(path: Path | None) -> dict[str, str]:
    """Read an ontology, `[types]` with a description for each name; without a file return that of a new memory."""
    import tomllib

    from hausmusik.memory.extraction.prompts import DEFAULT_TYPES

    if path is None:
        return dict(DEFAULT_TYPES)
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise NotFoundError(f"there is no file {path}", hint="name a TOML file with a table [types]") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", hint="it is TOML with a table [types]") from error
    types = document.get("types")
    if not isinstance(types, dict) or not types:
        raise ConfigError(f"{path} has no table [types]", hint='write e.g. person = "somebody, by name or by role"')
    found = {str(name): str(what) for name, what in types.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return found | {"other": found.get("other", "none of these")}


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
    words, when = read_text(question), read_date(as_of)
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
    when = read_date(as_of)
    if out is not None:
        if type_:
            raise UsageError("--type is for the list, not for a picture", hint="leave out --type or -o")
        with_house(lambda house: house.picture_memory(memory, out, about=name, as_of=when))
        _drawn(output, out, json=json)
        return
    if not name:
        rows: tuple[EntityRow, ...] = with_house(lambda house: house.memory(memory).entities(type_=type_, limit=limit))
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
    for merge in found.merges:
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


@memory_app.command(cls=Command)
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
    when = read_date(as_of)
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


@memory_app.command(cls=Command)
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


@memory_app.command(cls=Command)
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


@memory_app.command(cls=Command)
def forget(
    context: typer.Context,
    memory: Memory,
    documents: Annotated[
        list[str], typer.Argument(metavar="DOCUMENT...", help="As `show` lists them; FOLDER/ for all.")
    ],
    *,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Take documents out of a memory, for good.

    With everything that only they supported.

    Example: haus memory forget notes meetings/2026-03-01.txt --yes
    """
    output: Output = context.obj
    named: list[str] = with_house(lambda house: house.memory(memory).documents_named(documents))
    confirm(output, f"forget {len(named)} documents of {memory} for good?", yes=yes)

    async def work(house: AsyncHouse, _stop: Stop) -> int:
        return await house.forget(memory, named)

    count = in_house(work, output)
    if json:
        output.json({"forgotten": count})
    else:
        output.talk(f"forgot {count} documents")


@memory_app.command(cls=Command)
def stats(context: typer.Context, memory: Memory, *, json: Json = False) -> None:
    """Count what is in a memory, and which names may mean the same.

    Example: haus memory stats notes
    """
    output: Output = context.obj

    def work(house: AsyncHouse) -> tuple[dict[str, int], MemoryRow, Any]:
        looker: Looker = house.memory(memory)
        return house.memories.store(memory).counts(), looker.row(), looker.doubts()

    counts, row, doubts = with_house(work)
    if json:
        output.json({"counts": counts, "size_bytes": row.size_bytes, "embedder": row.embedder, "doubts": doubts})
        return
    output.table(("what", "count"), [(name, str(count)) for name, count in counts.items()], right=(1,))
    output.talk(f"{row.size_bytes / 1e6:.1f} MB; vectors by {row.embedder or 'nobody yet'}")
    for each in doubts[:10]:
        output.talk(f"may be the same: {each.name}, {each.other} ({each.reason}, {each.score:.2f})")


@memory_app.command(cls=Command)
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
        _leave(output, StoreError(f"{memory} is not whole ({wrong})", hint="add its folders to a new memory"))


@memory_app.command(cls=Command)
def backup(
    context: typer.Context,
    memory: Memory,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")],
) -> None:
    """Write a whole copy of a memory to a new file.

    Also while something is being added to it.

    Example: haus memory backup notes notes-backup.sqlite
    """
    output: Output = context.obj
    with_house(lambda house: house.backup_memory(memory, file))
    output.data(str(file))
