"""Commands about the user's cloud account: deploy, undeploy, status, logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from hausmusik.cli import completing
from hausmusik.cli.bill import renew_rates
from hausmusik.cli.commands import Command
from hausmusik.cli.options import DryRun, Json, Yes, confirm
from hausmusik.cli.output import Output
from hausmusik.cli.session import ProgressLine, check_account, in_house
from hausmusik.cli.warm import clock_time

if TYPE_CHECKING:
    from decimal import Decimal

    from hausmusik.cloud_reports import Rehearsal, Standing
    from hausmusik.hosts.modal.plane.declared import Declared
    from hausmusik.house import AsyncHouse
    from hausmusik.jobs.stop import Stop
    from hausmusik.money.keepwarm import Spell

Names = Annotated[
    list[str], typer.Argument(metavar="NAME...", help="Instruments.", autocompletion=completing.instruments)
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="An instrument.", autocompletion=completing.instruments)]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (deploy, undeploy, status, logs):
        app.command(rich_help_panel="Cloud", cls=Command)(command)


def deploy(
    context: typer.Context,
    names: Names,
    *,
    always_up: Annotated[
        bool, typer.Option("--always-up", help="Allow containers that stay up day and night, if the entry has some.")
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Put instruments onto your Modal account.

    What is deployed costs nothing until it plays, unless its entry keeps containers up (min_containers): that no budget
    limits, so it is refused without --always-up. With --dry-run it is deployed to
    a control plane on this machine, by the same code, and what Modal would be told is shown; that needs no account.

    Example: haus deploy kokoro composer --dry-run
    """
    output: Output = context.obj
    names = list(dict.fromkeys(names))

    async def rehearse(house: AsyncHouse, _stop: Stop) -> tuple[Rehearsal, ...]:
        if not dry_run:
            house.check_deploy(names, always_up=always_up)
        return await house.rehearse_deploy(names)

    rehearsed = in_house(rehearse, output)
    if dry_run and json:
        output.json({"dry_run": True, "deployments": rehearsed})
        return
    if not json:
        _show_costs(output, rehearsed)
    if dry_run:
        for each in rehearsed:
            _show_declared(output, each.declared)
        output.talk("nothing was deployed")
        return
    check_account(output)
    confirm(output, f"deploy {', '.join(names)} to your Modal account?", yes=yes)
    line = ProgressLine(output)

    async def work(house: AsyncHouse, _stop: Stop) -> None:
        for name in names:
            async for phase in house.deploy(name, always_up=always_up):
                line(f"{phase.name} {name}", phase.done)
        await renew_rates(house, output)

    try:
        in_house(work, output)
    finally:
        line.end()
    if json:
        output.json({"dry_run": False, "deployments": rehearsed})
    else:
        output.talk(f"deployed: {', '.join(names)}; play them with --on modal")


def undeploy(context: typer.Context, names: Names, *, yes: Yes = False, json: Json = False) -> None:
    """Take instruments off your Modal account.

    Their containers are stopped at once. Weights stay in the account's volume, for the next deployment.

    Example: haus undeploy kokoro
    """
    output: Output = context.obj
    confirm(output, f"take {', '.join(names)} off your Modal account?", yes=yes)

    async def work(house: AsyncHouse, _stop: Stop) -> None:
        for name in names:
            await house.undeploy(name)

    in_house(work, output)
    if json:
        output.json({"undeployed": names})
    else:
        output.talk(f"no longer deployed: {', '.join(names)}")


def status(context: typer.Context, *, json: Json = False) -> None:
    """Show what is deployed, and what is up and costs money now.

    Example: haus status
    """
    output: Output = context.obj

    async def work(house: AsyncHouse, _stop: Stop) -> tuple[tuple[Standing, ...], tuple[Spell, ...]]:
        return await house.deployments(), house.kept_warm()

    found, warm = in_house(work, output)
    if json:
        output.json({"deployed": found, "kept_warm": warm})
        return
    if not found:
        output.talk("nothing is deployed")
        return
    rows = [
        (each.instrument, each.version, str(each.containers), _usd(each.usd_per_h) if each.containers else "-")
        for each in found
    ]
    output.table(("instrument", "version", "containers", "$/h"), rows, right=(2, 3))
    for each in warm:
        output.talk(f"{each.instrument} is kept warm until {clock_time(each.ends_at)}: haus cool {each.instrument}")
    for each in found:
        if each.version == "other":
            output.talk(f"{each.instrument} is another version than here: haus deploy {each.instrument}")
        if each.problem:
            output.talk(f"{each.instrument}: {each.problem}")


def logs(context: typer.Context, name: Name, *, json: Json = False) -> None:
    """Show what an instrument's containers have printed.

    Example: haus logs kokoro
    """
    output: Output = context.obj

    told: list[str] = []

    async def work(house: AsyncHouse, _stop: Stop) -> None:
        async for line in house.cloud.logs(name):
            if json:
                told.append(line)
            else:
                output.data(line)

    in_house(work, output)
    if json:
        output.json({"instrument": name, "lines": told})


def _show_costs(output: Output, rehearsed: tuple[Rehearsal, ...]) -> None:
    always_up = any(each.usd_per_day_idle for each in rehearsed)
    rows = [
        (
            each.instrument,
            each.price.name,
            _range(each.least_usd_per_h, each.usd_per_h),
            f"{_usd(each.usd_per_cold_start)} ({each.cold_start_s:.0f} s)",
            f"{_usd(each.usd_per_idle_window)} ({each.declared.scaledown_window_s or 0} s)",
            *([_usd(each.usd_per_day_idle)] if always_up else []),
        )
        for each in rehearsed
    ]
    columns = ("instrument", "container", "an hour", "a cold start", "idle after")
    output.table((*columns, *(["a day of nothing"] if always_up else [])), rows)
    for price in {each.price.source: each.price for each in rehearsed}.values():
        output.talk(f"prices of {price.date} or later ({price.source})")
    if any(each.least_usd_per_h < each.usd_per_h for each in rehearsed):
        output.talk("of several GPUs the dearest is shown and reckoned with: which is given is known when it plays")
    if guessed := [each.instrument for each in rehearsed if not each.learnt]:
        output.talk(f"cold starts not seen on your account yet, reckoned from other machines: {', '.join(guessed)}")
    for each in rehearsed:
        if each.planned:
            output.talk(f"{each.instrument} is planned: it is not played in this version, so it can only be rehearsed")


def _show_declared(output: Output, declared: Declared) -> None:
    fallbacks = f", else {', '.join(declared.gpu_fallbacks)}" if declared.gpu_fallbacks else ""
    lines = {
        "gpu": f"{declared.gpu or 'none'}{fallbacks}",
        "cpu, memory": f"{_cores(declared.cpu)}, {declared.memory_mib} MiB",
        "containers": f"{declared.min_containers} to {declared.max_containers}",
        "idle window": f"{declared.scaledown_window_s} s",
        "time limits": f"{declared.startup_timeout_s} s to start, {declared.timeout_s} s a play",
        "plays at once": f"{declared.max_inputs or 1} in a container",
        "snapshot": "with the GPU" if declared.gpu_snapshot else "yes" if declared.snapshot else "no",
        "volumes": ", ".join(f"{name} at {path}" for path, name in declared.volumes.items()) or "none",
        "secrets": ", ".join(declared.secrets) or "none",
    }
    output.data(f"\n{declared.app}")
    for name, value in lines.items():
        output.data(f"  {name:14}{value}")
    output.data("  image")
    for each in declared.image:
        if not each.startswith("ENV HAUSMUSIK_ORDER"):
            output.data(f"    {each}")


def _range(least: Decimal, most: Decimal) -> str:
    return _usd(most) if least == most else f"{_usd(least)} to {_usd(most)}"


def _usd(usd: Decimal | None) -> str:
    from hausmusik.money.dollars import shown

    return shown(usd) if usd is not None else "-"


def _cores(number: float) -> str:
    return f"{number:g} core{'' if number == 1 else 's'}"
