"""The command `haus memory add`: what is new or changed in files and folders goes into a memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from hausmusik.cli.commands import Command
from hausmusik.cli.options import NO_BUDGET, Budget, DryRun, Json, On, read_dollars, read_stdin
from hausmusik.cli.output import Output, printable
from hausmusik.cli.session import ProgressLine, announce, in_house, leave, with_house
from hausmusik.counted import counted
from hausmusik.errors import Cancelled, ConfigError, NotFoundError, PartialFailure, UsageError

if TYPE_CHECKING:
    from hausmusik.house import AsyncHouse
    from hausmusik.jobs.stop import Stop
    from hausmusik.memory.exchange.exporting import Exported
    from hausmusik.memory.exchange.importing import Imported
    from hausmusik.memory.values import AddOptions, AddPlan, AddProgress, AddReport
    from hausmusik.money.quoted import Quote

MOST_TYPES_BYTES: Final = 1 << 20


def register(app: typer.Typer) -> None:
    """Add the commands of this module to those about memories."""
    app.command(cls=Command)(add)


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
    form: Annotated[
        str, typer.Option("--format", metavar="NAME", help="In which a model answers: schema, or lightrag.")
    ] = "schema",
    types: Annotated[
        Path | None, typer.Option(metavar="FILE", help="TOML: types of entities; kept with the memory.")
    ] = None,
    llm_minutes: Annotated[
        float, typer.Option(metavar="NUMBER", min=0, help="A small model may be asked about names; 0: never.")
    ] = 20.0,
    ignore: Annotated[list[str] | None, typer.Option(metavar="PATTERN", help="Leave out what is called so.")] = None,
    concurrency: Annotated[int, typer.Option(metavar="NUMBER", min=0, help="Documents at once; 0: the host's.")] = 0,
    on: On = "",
    budget: Budget = NO_BUDGET,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Add files to a memory: what is new or changed in them.

    Stopped or killed, the same command goes on. A file that cannot be read is told, and the command leaves with 8.

    Names whose kind rules cannot tell are asked of a small language model that is here already; none is pulled.

    Example: haus memory add notes ~/meetings ~/logs
    """
    from hausmusik.memory.extraction.prompts import ANSWER_FORMS
    from hausmusik.memory.reading.limits import ReadLimits
    from hausmusik.memory.values import RULES, AddOptions

    output: Output = context.obj
    most = read_dollars(budget)
    stdin = read_stdin(ReadLimits().max_bytes) if any(str(source) == "-" for source in sources) else b""
    if overlap >= tokens:
        raise UsageError("--overlap must be below --tokens", hint="e.g. --tokens 1200 --overlap 100")
    if form not in ANSWER_FORMS:
        raise UsageError(f"there is no format {form!r}", hint=f"use one of: {', '.join(ANSWER_FORMS)}")
    if extractor == RULES and form != "schema":
        raise UsageError("--format is for a model, and rules need none", hint="name a model with --extract")
    options = AddOptions(
        sources=tuple(sources),
        extractor=extractor,
        budget_tokens=tokens,
        overlap_tokens=overlap,
        form=form,
        types=_read_types(types) if types else None,
        ignore=tuple(ignore or ()),
        concurrency=concurrency,
        llm_minutes=llm_minutes,
    )
    if dry_run:
        _plan(output, memory, options, on, stdin, json=json)
        return
    line = ProgressLine(output)

    def tell(progress: AddProgress) -> None:
        if progress.asker:
            label = f"{progress.asked}/{counted(progress.questions, 'name')}"
            line("asking", progress.asked / max(1, progress.questions), label, progress.eta_s)
            return
        done = (progress.done + progress.failed) / max(1, progress.total)
        label = f"{progress.done}/{progress.total}"
        label += f", {counted(progress.calls, 'answer')}" if progress.calls else ""
        line("adding", done, f"{label} {progress.waiting or progress.document}", progress.eta_s)

    async def work(house: AsyncHouse, stop: Stop) -> AddReport:
        run = house.new_run(f"memory {memory}", on=on, budget_usd=most)
        plan = house.plan_memory(memory, options, run=run, stdin=stdin)
        _tell_plan(output, plan)
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
        known = {
            "items": plan.items,
            "skipped": plan.skipped,
            "gone": plan.gone,
            "passages": plan.passages,
            "quote": quote,
        }
        output.json(known | {"has_new_types": plan.has_new_types, "asker": plan.asker, "questions": plan.questions})
        return
    output.table(("change", "bytes", "name"), [(item.change, str(item.size_bytes), item.name) for item in plan.items])
    for each in plan.skipped:
        output.detail(f"left out: {each.path}: {each.reason}")
    if plan.skipped:
        output.talk(f"{counted(len(plan.skipped), 'file is', 'files are')} left out; -v lists them")
    _tell_plan(output, plan)
    output.talk(quote.in_short if plan.to_do or plan.questions else "everything is there already")


def _tell_plan(output: Output, plan: AddPlan) -> None:
    """Say beforehand what the quote does not: what is made anew, what has no file any more, and who is asked."""
    if plan.gone:
        more = f" and {len(plan.gone) - 3} more" if len(plan.gone) > 3 else ""
        output.talk(
            f"no longer there, but still in the memory: {', '.join(plan.gone[:3])}{more};"
            f" `haus memory forget {plan.memory} NAME` takes out what it is told"
        )
    if plan.has_new_types:
        anew = "" if plan.options.extractor == "rules" else ": the documents that are named are made anew"
        output.talk(f"{plan.memory} gets other types of entities{anew}")
    if plan.asker and plan.questions:
        minutes = f"{plan.options.llm_minutes:g} minutes at most"
        output.talk(f"then {plan.asker} is asked about some {counted(plan.questions, 'name')}, for {minutes}")


def _tell_added(output: Output, report: AddReport, *, json: bool) -> None:
    if json:
        output.json(report)
    else:
        changes = [f"{report.added} added", f"{report.changed} changed", f"{report.same} there already"]
        output.talk(", ".join(changes) + (f", {report.failed} failed" if report.failed else ""))
        output.talk(f"{report.memory}: {in_all(report)}")
        if report.empty:
            empty = counted(report.empty, "passage names", "passages name")
            output.talk(f"{empty} nobody, as the model and rules agree")
        _tell_settled(output, report)
        if report.spent_usd:
            output.talk(f"cost ${report.spent_usd:.4f}")
        for each in report.skipped:
            output.detail(f"left out: {each.path}: {each.reason}")
        if report.skipped:
            output.talk(f"{counted(len(report.skipped), 'file was', 'files were')} left out; -v lists them")
        for problem in report.problems[:10]:
            output.talk(printable(str(problem), line=True))
    if report.failed:
        failed = PartialFailure(
            f"{counted(report.failed, 'document')} could not be added", hint="the others are in the memory"
        )
        leave(output, failed)


def in_all(report: AddReport | Exported | Imported) -> str:
    """Return how much a memory has now, or has given away."""
    parts = [counted(report.passages, "passage"), counted(report.entities, "entity", "entities")]
    return ", ".join([*parts, counted(report.facts, "fact")])


def _tell_settled(output: Output, report: AddReport) -> None:
    settled = report.settled
    if settled.asked:
        told = (
            f"{settled.asker} was asked about {counted(settled.asked, 'name')} and gave {settled.typed} of them a type"
        )
        output.talk(told + (f"; {counted(settled.left, 'is', 'are')} left" if settled.left else ""))
    if settled.problem:
        output.talk(f"{settled.asker} could not be asked about {counted(settled.left, 'name')}: {settled.problem}")


def _read_types(path: Path) -> dict[str, str]:
    """Read an ontology, `[types]` with a description for each name."""
    import tomllib

    try:
        found = b""
        if path.is_file() or not path.exists():  # a pipe that nobody writes to would be waited for
            with path.open("rb") as file:
                found = file.read(MOST_TYPES_BYTES + 1)
        if not path.is_file() or len(found) > MOST_TYPES_BYTES:
            raise ConfigError(
                f"{path} is no file of types", hint="it is TOML with a table [types], of a megabyte at most"
            )
        document = tomllib.loads(found.decode())
    except FileNotFoundError:
        raise NotFoundError(f"there is no file {path}", hint="name a TOML file with a table [types]") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", hint="it is TOML with a table [types]") from error
    types = document.get("types")
    if not isinstance(types, dict) or not types:
        raise ConfigError(f"{path} has no table [types]", hint='write e.g. person = "somebody, by name or by role"')
    found = {str(name): str(what) for name, what in types.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return found | {"other": found.get("other", "none of these")}
