"""Commands about jobs: list, cancel.

A render that was stopped or killed leaves its job open, for the same command to go on with. Who does not want to go on
gives it up here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from hausmusik.cli.commands import Command, Group
from hausmusik.cli.options import Json
from hausmusik.cli.output import Output
from hausmusik.cli.session import with_house

if TYPE_CHECKING:
    from hausmusik.house import AsyncHouse
    from hausmusik.jobs.model import Counts, Job

_MOST: Final = 10_000

jobs_app = typer.Typer(cls=Group, help="Look at work that is not finished, and give it up.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(jobs_app, name="jobs", rich_help_panel="House")


@jobs_app.command("list", cls=Command)
def list_jobs(
    context: typer.Context,
    *,
    all_: Annotated[bool, typer.Option("--all", help="Also those that are over; kept 30 days.")] = False,
    json: Json = False,
) -> None:
    """Show jobs that are not finished, the newest first.

    Example: haus jobs list
    """
    output: Output = context.obj

    def work(house: AsyncHouse) -> list[tuple[Job, Counts]]:
        journal = house.journal
        return [(job, journal.counts(job.id)) for job in journal.jobs(state=None if all_ else "open", limit=_MOST)]

    rows = with_house(work)
    if json:
        output.json({"jobs": [{"job": job, "steps": counts} for job, counts in rows]})
        return
    if not rows:
        output.talk("there are no jobs" if all_ else "no job is left unfinished")
        return
    output.table(
        ("id", "state", "steps", "begun (UTC)", "what"),
        [
            (
                job.id,
                job.state,
                f"{counts.done}/{counts.total}",
                f"{job.created_at:%Y-%m-%d %H:%M}",
                f"{job.kind} {job.label or job.key}",
            )
            for job, counts in rows
        ],
        right=(2,),
    )


@jobs_app.command(cls=Command)
def cancel(
    context: typer.Context,
    jobs: Annotated[list[str], typer.Argument(metavar="ID", help="Jobs, as `haus jobs list` names them.")],
    *,
    json: Json = False,
) -> None:
    """Give up jobs that are not finished.

    A process that is at one of them stops within seconds. What was made is kept.

    Example: haus jobs cancel 0198c2f4e1b07a3c5d
    """
    output: Output = context.obj

    def work(house: AsyncHouse) -> list[Job]:
        known = [house.journal.job(job) for job in jobs]  # a wrong name among them cancels nothing
        return [house.journal.cancel(job.id) for job in known]

    cancelled = with_house(work)
    if json:
        output.json({"jobs": cancelled})
        return
    for job in cancelled:
        output.talk(f"{job.id} is {'cancelled' if job.state == 'cancelled' else f'over already: {job.state}'}")
