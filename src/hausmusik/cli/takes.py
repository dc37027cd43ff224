"""Commands about kept takes: list, lock, gc."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hausmusik.cli.output import Output
from hausmusik.cli.pieces import Json, ScoreFile
from hausmusik.cli.session import in_house
from hausmusik.errors import UsageError

if TYPE_CHECKING:
    from hausmusik.house import AsyncHouse
    from hausmusik.jobs.stop import Stop

takes_app = typer.Typer(help="Look at, keep and clean up what was made.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(takes_app, name="takes", rich_help_panel="Pieces")


@takes_app.command("list")
def list_takes(context: typer.Context, *, json: Json = False) -> None:
    """Show every kept take, the latest used first.

    Example: haus takes list
    """
    output: Output = context.obj

    async def work(house: AsyncHouse, _stop: Stop) -> list[dict[str, Any]]:
        store = house.takes
        found = sorted(store, key=store.last_used, reverse=True)
        return [
            {
                "key": take.record.key,
                "instrument": take.record.instrument or f"file {take.record.source}",
                "duration_s": round(take.record.duration_s, 3),
                "size_bytes": take.size_bytes,
                "cost_usd": take.record.cost_usd,
                "last_used": store.last_used(take),
                "what": str(take.record.request.get("text") or take.record.request.get("prompt") or ""),
            }
            for take in found
        ]

    rows = in_house(work, output)
    if json:
        output.json({"takes": rows})
        return
    output.table(
        ("key", "instrument", "seconds", "MB", "last used", "what"),
        [
            (
                row["key"][:12],
                row["instrument"],
                f"{row['duration_s']:.1f}",
                f"{row['size_bytes'] / 1e6:.1f}",
                f"{row['last_used']:%Y-%m-%d %H:%M}",
                row["what"][:60],
            )
            for row in rows
        ],
        right=(2, 3),
    )


@takes_app.command()
def lock(
    context: typer.Context,
    score: ScoreFile,
    cues: Annotated[list[str], typer.Argument(metavar="CUE...", help="Cues, as `haus plan` names them.")],
    *,
    unlock: Annotated[bool, typer.Option("--unlock", help="Let them go again.")] = False,
) -> None:
    """Copy the takes of cues beside the score, so that they stay whatever changes.

    Example: haus takes lock piece.json opening/line1
    """
    output: Output = context.obj

    async def work(house: AsyncHouse, _stop: Stop) -> list[Path]:
        return [house.unlock(score, cue) if unlock else house.lock(score, cue) for cue in cues]

    for path in in_house(work, output):
        output.data(str(path))


@takes_app.command()
def gc(
    context: typer.Context,
    *,
    older_than: Annotated[str, typer.Option("--older-than", metavar="DAYS", help="Not used for so long.")] = "30d",
    keep_paid: Annotated[bool, typer.Option(help="Keep takes that cost money.")] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Remove takes that were not used for a while.

    Example: haus takes gc --older-than 30d --dry-run
    """
    from datetime import timedelta

    output: Output = context.obj
    age = timedelta(days=_days(older_than))

    async def work(house: AsyncHouse, *, dry: bool) -> list[tuple[str, int]]:
        now = house.clock.now()
        sizes = {take.record.key: take.size_bytes for take in house.takes}
        gone = house.takes.gc(older_than=age, now=now, keep_paid=keep_paid, dry_run=dry)
        return [(take.record.key, sizes[take.record.key]) for take in gone]

    found = in_house(lambda house, _stop: work(house, dry=True), output)
    if not dry_run and found:
        confirm(output, f"remove {len(found)} takes ({sum(size for _, size in found) / 1e6:.1f} MB)?", yes=yes)
        in_house(lambda house, _stop: work(house, dry=False), output)
    if json:
        output.json({"removed": [] if dry_run else [key for key, _ in found], "found": [key for key, _ in found]})
        return
    verb = "would remove" if dry_run else "removed"
    output.data(f"{verb} {len(found)} takes, {sum(size for _, size in found) / 1e6:.1f} MB")


def confirm(output: Output, question: str, *, yes: bool) -> None:
    """Ask before something is deleted or spent; never where nobody can answer.

    Raises:
        UsageError: nobody can be asked, or the answer is no.
    """
    import sys

    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"not without being asked: {question}", hint="pass --yes")
    output.talk(f"{question} [y/N]")
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise UsageError("left as it is")


def _days(text: str) -> float:
    try:
        days = float(text.strip().lower().removesuffix("d"))
    except ValueError:
        days = -1.0
    if not 0 <= days < 36_500:
        raise UsageError(f"--older-than {text!r} is no number of days", hint="write it like 30d")
    return days
