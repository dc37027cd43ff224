"""The commands `warm` and `cool`: keep an instrument on Modal warm for a time, and let it go cold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Final

import typer

from hausmusik.cli import completing
from hausmusik.cli.commands import Command
from hausmusik.cli.options import Json, Yes, confirm
from hausmusik.cli.output import Output
from hausmusik.cli.session import ProgressLine, check_account, in_house, with_house
from hausmusik.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from hausmusik.cloud_reports import Cooled, WindowAdvice
    from hausmusik.house import AsyncHouse
    from hausmusik.jobs.stop import Stop
    from hausmusik.money.keepwarm import WarmPlan, WarmState

Name = Annotated[str, typer.Argument(metavar="NAME", help="An instrument.", autocompletion=completing.instruments)]

_SPAN: Final = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)([smh])")
_SECONDS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0}


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (warm, cool):
        app.command(rich_help_panel="Cloud", cls=Command)(command)


def warm(
    context: typer.Context,
    name: Name,
    *,
    for_: Annotated[str, typer.Option("--for", metavar="TIME", help="How long: 90s, 20m, 2h; at most 12h.")] = "",
    containers: Annotated[int, typer.Option("--containers", metavar="NUMBER", min=1, help="How many.")] = 1,
    advise: Annotated[
        bool, typer.Option("--advise", help="Only say how long idle containers should stay, by the ledger.")
    ] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Keep an instrument on Modal warm for a time.

    Its container is called twice in each idle window while this command runs, so that whatever becomes of the command
    (Ctrl-C, a closed laptop, a crash) nothing stays up longer than one window after the last call. What it costs is
    said first, reserved in the budget, and stands in the ledger.

    Example: haus warm kokoro --for 20m
    """
    output: Output = context.obj
    if advise:
        advice = with_house(lambda house: house.advise_window(name))
        if json:
            output.json(advice)
        else:
            _show_advice(output, advice)
        return
    for_s = read_span(for_)
    plan = with_house(lambda house: house.plan_warm(name, for_s, containers=containers))
    if not json:
        _show_plan(output, plan, for_)
    check_account(output)
    confirm(output, f"keep {name} warm?", yes=yes)
    line = ProgressLine(output)
    last: list[WarmState] = []

    async def work(house: AsyncHouse, _stop: Stop) -> None:
        line("warming", label=name)
        async for state in house.warm(plan):
            last[:] = [state]
            _tell(line, state)

    try:
        in_house(work, output)
    finally:
        line.end()
    end = last[-1]
    if json:
        output.json({"plan": plan, "kept_s": end.spell.kept_s, "cost_usd": end.row.cost_usd if end.row else None})
    else:
        cost = f", {_usd(end.row.cost_usd)}" if end.row else ""
        output.talk(f"{name} is no longer kept warm: {end.spell.kept_s:.0f} container seconds{cost}")


def cool(context: typer.Context, name: Name, *, json: Json = False) -> None:
    """Let an instrument on Modal go cold now.

    A `haus warm` that keeps it warm ends. Containers that play finish their play first.

    Example: haus cool kokoro
    """
    output: Output = context.obj

    async def work(house: AsyncHouse, _stop: Stop) -> Cooled:
        return await house.cool(name)

    cooled = in_house(work, output)
    if json:
        output.json({"instrument": name, "was_kept_warm": cooled.was_kept_warm, "containers": cooled.containers})
        return
    idle = f"{cooled.containers} idle container{'s' if cooled.containers != 1 else ''}"
    told = f"{idle} end{'s' if cooled.containers == 1 else ''} now" if cooled.containers else "no container is idle"
    output.talk(f"{name} is let go cold" if cooled.was_kept_warm else f"nobody kept {name} warm; {told}")


def read_span(text: str) -> float:
    """Read `90s`, `20m` or `2h` as seconds.

    Raises:
        UsageError: it is none, or longer than 12 hours.
    """
    from hausmusik.money.keepwarm.keeper import LONGEST_S

    found = _SPAN.fullmatch(text.strip().lower())
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    if not 0 < seconds <= LONGEST_S:
        what = f"--for {text!r} is no time to keep something warm" if text else "for how long was not said"
        raise UsageError(what, hint="write it like --for 90s, --for 20m or --for 2h; at most 12h")
    return seconds


def clock_time(time: datetime) -> str:
    """Return a time of day as clocks here show it."""
    return f"{time.astimezone():%H:%M:%S}"


def _tell(line: ProgressLine, state: WarmState) -> None:
    spell = state.spell
    trouble = f" (last call failed: {state.problem})" if state.problem else ""
    line(f"{spell.instrument} is warm until {clock_time(spell.ends_at)}", label=f"{spell.kept_s:.0f} s so far{trouble}")


def _show_plan(output: Output, plan: WarmPlan, span: str) -> None:
    count = f"{plan.containers} container{'s' if plan.containers != 1 else ''}"
    output.data(f"{plan.instrument}: {count} of {plan.price.name} for {span}: {_usd(plan.usd)}")
    output.talk(
        f"reserved: {_usd(plan.worst_usd)}, the most if this process dies while a container starts; "
        f"prices of {plan.price.date} or later ({plan.price.source})"
    )


def _show_advice(output: Output, found: WindowAdvice) -> None:
    advice, name = found.advice, found.instrument
    if not advice.calls:
        output.talk(f"{name} was not played on Modal yet, so nothing is known of when it is: {found.window_s} s stay")
        return
    output.data(f"{name}: {advice}")
    if advice.expected:
        rules = {f"{advice.window_s} s, as advised": advice.expected}
        rules |= {f"{window_s} s": each for window_s, each in advice.against.items()}
        rows = [(rule, _usd(each.usd_per_day), f"{each.cold_fraction:.0%}") for rule, each in rules.items()]
        output.table(("idle window", "a day", "cold calls"), rows, right=(1, 2))
    if advice.window_s == found.window_s:
        output.talk("that is what it has")
    elif advice.expected is None:
        output.talk(f"it has {found.window_s} s; ask again when it was played more")
    else:
        output.talk(
            f'it has {found.window_s} s; to change it, put windows = {{ "{name}" = {advice.window_s} }} under [modal] '
            f"into the settings file, then haus deploy {name}"
        )


def _usd(usd: object) -> str:
    from decimal import Decimal

    from hausmusik.money.dollars import shown

    return shown(Decimal(str(usd)))
