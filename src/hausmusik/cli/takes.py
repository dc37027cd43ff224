"""Commands about kept takes: list, lock, gc."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hausmusik.cli.commands import Command, Group
from hausmusik.cli.options import DryRun, Json, ScoreFile, Yes, confirm, read_days
from hausmusik.cli.output import Output
from hausmusik.cli.session import with_house
from hausmusik.counted import counted

if TYPE_CHECKING:
    from hausmusik.house import AsyncHouse

takes_app = typer.Typer(cls=Group, help="Look at, keep and clean up what was made.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(takes_app, name="takes", rich_help_panel="Pieces")


@takes_app.command("list", cls=Command)
def list_takes(context: typer.Context, *, json: Json = False) -> None:
    """Show every kept take, the latest used first.

    Example: haus takes list
    """
    output: Output = context.obj
    rows = with_house(_rows)
    if json:
        output.json({"takes": rows, "size_bytes": sum(row["size_bytes"] for row in rows)})
        return
    if not rows:
        output.talk("no takes are kept yet")
        return
    output.table(
        ("key", "instrument", "seconds", "MB", "last used (UTC)", "what"),
        [
            (
                row["key"][:12],
                row["instrument"],
                f"{row['duration_s']:.1f}",
                f"{row['size_bytes'] / 1e6:.1f}",
                f"{row['last_used']:%Y-%m-%d %H:%M}",
                row["what"],
            )
            for row in rows
        ],
        right=(2, 3),
    )
    output.talk(f"{counted(len(rows), 'take')}, {sum(row['size_bytes'] for row in rows) / 1e6:.1f} MB")


def _rows(house: AsyncHouse) -> list[dict[str, Any]]:
    store = house.takes
    return [
        {
            "key": take.record.key,
            "instrument": take.record.instrument or "(file)",
            "duration_s": round(take.record.duration_s, 3),
            "size_bytes": take.size_bytes,
            "cost_usd": take.record.cost_usd,
            "last_used": store.last_used(take),
            "what": take.record.source
            or str(take.record.request.get("text") or take.record.request.get("prompt") or ""),
        }
        for take in sorted(store, key=store.last_used, reverse=True)
    ]


@takes_app.command(cls=Command)
def lock(
    context: typer.Context,
    score: ScoreFile,
    cues: Annotated[list[str], typer.Argument(metavar="CUE", help="Cues, as `haus plan` names them.")],
    *,
    unlock: Annotated[bool, typer.Option("--unlock", help="Let them go again.")] = False,
    json: Json = False,
) -> None:
    """Copy takes beside the score, so that they stay.

    A locked take is used whatever changes: the text, the instrument, its weights. It travels with the score.

    Example: haus takes lock piece.json opening/hello
    """
    output: Output = context.obj

    def work(house: AsyncHouse) -> list[Path]:
        return [house.unlock(score, cue) if unlock else house.lock(score, cue) for cue in cues]

    folders = with_house(work)
    if json:
        output.json({"unlocked" if unlock else "locked": cues, "folders": folders})
        return
    for path in folders:
        output.data(str(path))


@takes_app.command(cls=Command)
def gc(
    context: typer.Context,
    *,
    older_than: Annotated[str, typer.Option("--older-than", metavar="DAYS", help="Not used for so long.")] = "30d",
    keep_paid: Annotated[bool, typer.Option(help="Keep takes that cost money.")] = True,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Remove takes that were not used for a while.

    Half-made ones of processes that were killed go too, without a question.

    Example: haus takes gc --older-than 30d --dry-run
    """
    output: Output = context.obj
    age = timedelta(days=read_days(older_than, "--older-than", zero=True))

    def work(house: AsyncHouse, *, dry: bool) -> dict[str, int]:
        now = house.clock.now()
        sizes = {
            take.record.key: take.size_bytes
            for take in house.takes.gc(older_than=age, now=now, keep_paid=keep_paid, dry_run=True)
        }
        if not dry:  # also with nothing to remove: what killed processes left behind goes
            gone = house.takes.gc(older_than=age, now=now, keep_paid=keep_paid)
            return {take.record.key: sizes.get(take.record.key, 0) for take in gone}
        return sizes

    left = len(with_house(lambda house: house.takes.abandoned()))
    found = with_house(lambda house: work(house, dry=True))
    if found and not dry_run:
        confirm(output, f"remove {counted(len(found), 'take')} ({sum(found.values()) / 1e6:.1f} MB)?", yes=yes)
    if not dry_run:
        found = with_house(lambda house: work(house, dry=False))
    if json:
        keys, size_bytes = list(found), sum(found.values())
        removed = [] if dry_run else keys
        output.json({"found": keys, "removed": removed, "size_bytes": size_bytes, "half_made": left})
        return
    verb = "would remove" if dry_run else "removed"
    output.data(f"{verb} {counted(len(found), 'take')}, {sum(found.values()) / 1e6:.1f} MB")
    if left:
        output.data(f"{verb} {counted(left, 'half-made take')} of killed processes")
