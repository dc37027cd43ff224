"""Commands that look after the house: doctor, costs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from hausmusik.cli import completing
from hausmusik.cli.bill import renew_rates, show_reconciliation
from hausmusik.cli.commands import Command
from hausmusik.cli.comparing import show_comparisons
from hausmusik.cli.options import Json, read_days
from hausmusik.cli.output import Output
from hausmusik.cli.session import in_house, with_house
from hausmusik.errors import UsageError

if TYPE_CHECKING:
    from hausmusik.house import AsyncHouse
    from hausmusik.jobs.stop import Stop
    from hausmusik.money.apis import Comparison
    from hausmusik.money.reconcile import Reconciliation
    from hausmusik.money.rows import Total


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (doctor, costs):
        app.command(rich_help_panel="House", cls=Command)(command)


def doctor(
    context: typer.Context,
    *,
    weights: Annotated[bool, typer.Option("--weights", help="Hash all weights again.")] = False,
    json: Json = False,
) -> None:
    """Say what is wrong in the house and what to do.

    Example: haus doctor
    """
    output: Output = context.obj
    findings = with_house(lambda house: house.doctor(weights=weights))
    bad = [each for each in findings if each.state == "bad"]
    if json:
        output.json({"ok": not bad, "findings": findings})
    else:
        for each in sorted(findings, key=lambda each: ("bad", "note", "good").index(each.state)):
            output.data(f"{each.state:4}  {each.what}: {each.how}")
            if each.fix:
                output.data(f"      -> {each.fix}")
        output.talk(f"{len(bad)} things are wrong" if len(bad) > 1 else "1 thing is wrong" if bad else "all is well")
    if bad:
        raise typer.Exit(1)


def costs(
    context: typer.Context,
    *,
    by: Annotated[
        str,
        typer.Option(
            metavar="WHAT",
            help="run, session, instrument, host, day (of this machine's clock), document or cue.",
            autocompletion=completing.groupings,
        ),
    ] = "run",
    since: Annotated[str, typer.Option(metavar="DAYS", help="Only so far back, e.g. 7d.")] = "",
    reconcile: Annotated[
        bool, typer.Option("--reconcile", help="First make it agree with the bill of your Modal account.")
    ] = False,
    compare: Annotated[bool, typer.Option("--compare", help="Show the prices of hosted language models, too.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Comma-separated rows on stdout.")] = False,
    json: Json = False,
) -> None:
    """Show what was played and what it cost.

    On this machine that is $0 and the seconds it took. Of language models it also says what hosted ones would have
    asked for the same tokens. With --reconcile your Modal account is asked what it was billed for each hour, a week
    back unless --since says otherwise, and the ledger gets rows for the differences; it is asked what it pays too, and
    later plays are reckoned with that.

    Example: haus costs --by instrument --since 7d
    """
    from datetime import timedelta

    from hausmusik.money.export import total_json, write_csv
    from hausmusik.money.rows import Grouping

    output: Output = context.obj
    if by not in get_args(Grouping):
        raise UsageError(f"costs cannot be shown by {by!r}", hint=f"use one of: {', '.join(get_args(Grouping))}")
    if csv and (json or compare):
        other = "--json" if json else "--compare"
        raise UsageError(f"stdout cannot hold both --csv and {other}", hint="keep one of them")
    age = timedelta(days=read_days(since, "--since")) if since else None

    def work(house: AsyncHouse) -> tuple[tuple[Total, ...], tuple[Comparison, ...]]:
        start = None if age is None else house.clock.now() - age
        return house.costs(cast("Grouping", by), since=start), house.compare_costs(since=start)

    async def agree(
        house: AsyncHouse, _stop: Stop
    ) -> tuple[Reconciliation, tuple[tuple[Total, ...], tuple[Comparison, ...]]]:
        found = await house.reconcile(since=None if age is None else house.clock.now() - age)
        await renew_rates(house, output)
        return found, work(house)

    told, (rows, comparisons) = in_house(agree, output) if reconcile else (None, with_house(work))
    if json:
        bill = {} if told is None else {"reconciled": told}
        lines = [total_json(row) | (_span(row.key) if by == "day" else {}) for row in rows]
        output.json(bill | {"by": by, "rows": lines, "comparisons": comparisons})
    elif csv:
        write_csv(rows, sys.stdout)
    else:
        if told is not None:
            show_reconciliation(output, told)
        _show(output, by, rows)
        show_comparisons(output, comparisons, prices=compare)


def _span(day: str) -> dict[str, str | int | float | None]:
    """Return when a day begins and ends, with the offset from UTC that clocks then show."""
    from hausmusik.money.days import bounds_of

    begins, ends = bounds_of(day)
    return {"begins_at": begins.isoformat(), "ends_at": ends.isoformat()}


def _show(output: Output, by: str, rows: tuple[Total, ...]) -> None:
    from hausmusik.money.dollars import shown

    if not rows:
        output.talk("nothing was played yet")
        return
    # Only machines that are paid for while they wait have any; what is shown as 0.0 is not worth a column.
    idle, failed = any(row.usage.idle_s >= 0.05 for row in rows), any(row.failed for row in rows)
    labelled = by in {"run", "session"}  # of other groups it would be that of the newest play alone
    columns = {
        by: [row.key or "-" for row in rows],
        "plays": [str(row.plays) for row in rows],
        **({"failed": [str(row.failed) for row in rows]} if failed else {}),
        "busy s": [f"{row.usage.busy_s:.1f}" for row in rows],
        **({"idle s": [f"{row.usage.idle_s:.1f}" for row in rows]} if idle else {}),
        "cpu s": [f"{row.usage.cpu_s:.1f}" for row in rows],
        "audio s": [f"{row.usage.audio_s:.1f}" for row in rows],
        "cost": [shown(row.cost_usd) for row in rows],
        **({"label": [row.label for row in rows]} if labelled else {}),
    }
    figures = range(1, len(columns) - labelled)
    output.table(tuple(columns), list(zip(*columns.values(), strict=True)), right=tuple(figures))
