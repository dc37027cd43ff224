"""The command `batch`: many requests of one instrument, from a file of JSON Lines into another."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hausmusik.cli import completing
from hausmusik.cli.commands import Command
from hausmusik.cli.options import NO_BUDGET, Budget, DryRun, Json, On, read_dollars
from hausmusik.cli.output import Output
from hausmusik.cli.session import ProgressLine, announce, in_house
from hausmusik.counted import counted
from hausmusik.errors import Cancelled, PartialFailure

if TYPE_CHECKING:
    from hausmusik.batch.plan import BatchPlan
    from hausmusik.batch.values import BatchProgress, BatchReport
    from hausmusik.house import AsyncHouse
    from hausmusik.jobs.stop import Stop
    from hausmusik.money.quoted import Quote


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Instruments", cls=Command)(batch)


def batch(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="JSON Lines: one request on each line.")],
    *,
    instrument: Annotated[
        str,
        typer.Option(
            "--instrument",
            "-i",
            metavar="NAME",
            help="Who plays, or a task for its default.",
            autocompletion=completing.instruments,
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="JSON Lines of results; sounds go beside it.")
    ],
    on: On = "",
    concurrency: Annotated[
        int, typer.Option("--concurrency", metavar="NUMBER", min=0, help="Plays at once; 0: as many as the host takes.")
    ] = 0,
    budget: Budget = NO_BUDGET,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Play again what failed the last time.")] = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Play every line of a file of requests, each of them once.

    Stopped or killed, the same command goes on. Ctrl-C finishes what is being played and keeps it; a second one stops
    at once. A line that cannot be played is told in the results, and the command leaves with 8.

    Example: haus batch lines.jsonl -i speak -o results.jsonl
    """
    from hausmusik.batch.values import BatchOptions

    output: Output = context.obj
    most = read_dollars(budget)
    options = BatchOptions(
        source=source, out=out, instrument=instrument, concurrency=concurrency, retry_failed=retry_failed
    )
    line = ProgressLine(output)

    async def plan(house: AsyncHouse, stop: Stop) -> BatchPlan:
        run = house.new_run(f"batch {source.name}", on=on, budget_usd=most)
        return await asyncio.to_thread(house.plan_batch, options, run=run, on_line=_Reading(line, stop))

    async def forecast(house: AsyncHouse, stop: Stop) -> tuple[BatchPlan, Quote]:
        planned = await plan(house, stop)
        return planned, house.quote(planned)

    async def work(house: AsyncHouse, stop: Stop) -> BatchReport:
        planned = await plan(house, stop)
        announce(house, output, house.quote(planned))
        return await house.batch(planned, stop=stop, on_progress=lambda progress: _tell(line, progress))

    try:
        if dry_run:
            _tell_plan(output, *in_house(forecast, output, drains=True), json=json)
        else:
            _tell_report(output, in_house(work, output, drains=True), json=json)
    finally:
        line.end()


class _Reading:
    """Shows which line is being read; Ctrl-C ends that at once, for nothing has begun."""

    def __init__(self, line: ProgressLine, stop: Stop) -> None:
        self._line = line
        self._stop = stop

    def __call__(self, number: int) -> None:
        if self._stop.level != "go":
            raise Cancelled("stopped before anything was played")
        if number % 100 == 0:
            self._line("reading", label=f"line {number}")


def _tell(line: ProgressLine, progress: BatchProgress) -> None:
    from hausmusik.money.dollars import shown

    over = progress.done + progress.failed
    label = f"{over} of {progress.total}" + (f", {progress.failed} failed" if progress.failed else "")
    if progress.spent_usd and progress.expected_usd is not None:
        label += f", {shown(progress.spent_usd)} of about {shown(progress.expected_usd)}"
    if progress.fits is not None:
        label += f", {progress.fits} at once: the budget holds no more"
    if progress.waiting:
        label += f", waiting: {progress.waiting}"
    line("playing", over / progress.total if progress.total else 1.0, label, progress.eta_s)


def _tell_plan(output: Output, plan: BatchPlan, quote: Quote, *, json: bool) -> None:
    """Say what would be done; leaves as the batch itself would when there are lines that cannot be played."""
    from hausmusik.cli.planning import quote_document

    problems = plan.problems
    if json:
        output.json(
            {
                "lines": len(plan.entries),
                "items": plan.items,
                "kept": plan.kept,
                "failed": len(problems),
                "problems": problems,
                "quote": quote_document(quote),
            }
        )
    else:
        output.data(f"{counted(plan.items, 'item')} on {counted(len(plan.entries), 'line')}, {plan.kept} kept")
        output.data(str(quote))
        for problem in problems:
            output.data(f"error: {problem}")
    _leave(output, len(problems), len(plan.entries), "cannot be played", "")


def _tell_report(output: Output, report: BatchReport, *, json: bool) -> None:
    from hausmusik.money.dollars import shown

    if json:
        output.json(report)
    else:
        cost = f", {shown(report.spent_usd)}" if report.spent_usd else ""
        output.talk(f"{report.done} of {counted(report.lines, 'line')} done, {counted(report.played, 'play')}{cost}")
        for problem in report.problems:
            output.talk(f"  {problem}")
        output.data(str(report.out))
    _leave(output, report.failed, report.lines, "failed", "--retry-failed plays them again")


def _leave(output: Output, failed: int, lines: int, verdict: str, hint: str) -> None:
    if failed:
        output.error(PartialFailure(f"{failed} of {counted(lines, 'line')} {verdict}", hint=hint))
        raise typer.Exit(PartialFailure.exit_code)
