"""The command plan, and how a plan is shown: the timeline, what is kept or must be made and why, what it would cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hausmusik.cli.options import Json, On, Outside, ScoreFile, Variables, allowing, read_variables
from hausmusik.cli.output import Output
from hausmusik.cli.session import with_house
from hausmusik.counted import counted
from hausmusik.errors import BudgetError, ScoreError

if TYPE_CHECKING:
    from hausmusik.house import AsyncHouse
    from hausmusik.money.quoted import Part, Quote, QuoteLine
    from hausmusik.placement import Placement
    from hausmusik.score.compose import ComposeOptions
    from hausmusik.score.plan import Plan, PlannedCue
    from hausmusik.score.timeline import Moment


def plan(
    context: typer.Context,
    score: ScoreFile,
    *,
    variables: Variables = None,
    on: On = "",
    allow_outside: Outside = False,
    json: Json = False,
) -> None:
    """Show what would be played when, and which takes are new.

    Times with ~ are estimates until the takes before them exist. A take is kept (it is there), locked (beside the
    score), file (your own recording), make (it must be played, with the reason), wait (as make, once others are
    there) or skip (left out by --only). On Modal it also tells which machine each instrument gets, and why.

    Example: haus plan piece.json
    """
    forecast(context.obj, score, variables=read_variables(variables), on=on, allow_outside=allow_outside, json=json)


def forecast(
    output: Output,
    score: Path,
    *,
    variables: Mapping[str, str | float | bool],
    on: str,
    allow_outside: bool,
    json: bool,
    options: ComposeOptions | None = None,
    budget: Decimal | None = None,
) -> None:
    """Show what composing would do and cost, for `plan` and for `compose --dry-run`.

    Raises:
        BudgetError: it would cost more than the budget.
    """

    def work(house: AsyncHouse) -> tuple[Plan, Quote, tuple[Placement, ...]]:
        run = house.new_run("plan", on=on)
        made = house.plan(score, options=options, variables=variables, run=run)
        return made, house.quote(made), house.placements(made, run=run)

    made, quote, placements = with_house(work, settings=allowing(outside=allow_outside))
    if json:
        output.json(plan_document(made, quote, placements))
    else:
        show_plan(output, made, quote, placements)
    if made.errors:
        raise typer.Exit(ScoreError.exit_code)
    if budget is not None and quote.high_usd > budget:
        raise BudgetError(
            f"this may cost up to ${quote.high_usd}, more than ${budget}",
            hint="raise --budget, or make less with --only",
        )


def show_plan(output: Output, made: Plan, quote: Quote, placements: Sequence[Placement]) -> None:
    """Show a plan as tables for people."""
    output.table(
        ("start", "end", "layer", "cue", "instrument", "on", "take"),
        [
            (
                _clock(cue.place.start),
                _clock(cue.place.end),
                cue.cue.layer,
                cue.name,
                cue.instrument or (cue.file.name if cue.file else ""),
                cue.identity.host if cue.identity else "",
                cue.status + (f": {cue.reason}" if cue.reason else ""),
            )
            for cue in _in_time(made)
        ],
        right=(0, 1),
    )
    to_make = made.plays
    about = "" if made.timeline.exact else "about "
    what = f"{counted(to_make, 'take')} to make" if to_make else "every take is there"
    output.data(f"\n{about}{made.timeline.duration_s:.1f} s, {what}")
    if to_make:
        output.data(str(quote))
    if placements:
        output.data("")
    for sentence in (sentence for each in placements for sentence in each.reasons):
        output.data(sentence)
    for problem in made.problems:
        output.data(f"{problem.severity}: {problem}")


def plan_document(made: Plan, quote: Quote, placements: Sequence[Placement]) -> dict[str, Any]:
    """Return a plan as JSON can carry it."""
    return {
        "title": made.score.title,
        "duration_s": round(made.timeline.duration_s, 3),
        "exact": made.timeline.exact,
        "finished": made.finished,
        "segments": [
            {
                "id": segment.id,
                "title": segment.title,
                "start_s": round(slot.start.s, 3),
                "end_s": round(slot.end.s, 3),
            }
            for segment, slot in zip(made.score.segments, made.timeline.segments, strict=False)
        ],
        "cues": [_cue_document(cue) for cue in _in_time(made)],
        "quote": quote_document(quote),
        "placements": placements,
        "problems": made.problems,
    }


def quote_document(quote: Quote) -> dict[str, Any]:
    """Return a quote as JSON can carry it: sums first, dollars as text."""
    from hausmusik.money.quoted import PARTS

    return {
        "low_usd": quote.low_usd,
        "expected_usd": quote.expected_usd,
        "high_usd": quote.high_usd,
        "expected_parts_usd": {part: quote.part_usd(part)[1] for part in PARTS},
        "seconds": quote.seconds,
        "basis": quote.basis,
        "lines": [
            {
                "instrument": line.instrument,
                "host": line.host,
                "unit": line.unit,
                "units": round(line.units, 3),
                "plays": line.plays,
                "cold_starts": line.cold_starts,
                "seconds": line.seconds,
                "expected_usd": line.usd[1],
                "parts": {part: _part_document(line, part) for part in PARTS},
                "basis": line.basis,
            }
            for line in quote.lines
        ],
    }


def _part_document(line: QuoteLine, part: Part) -> dict[str, Any]:
    low, expected, high = line.part_usd(part)
    return {"seconds": line.part_s(part), "low_usd": low, "expected_usd": expected, "high_usd": high}


def _cue_document(cue: PlannedCue) -> dict[str, Any]:
    return {
        "name": cue.name,
        "layer": cue.cue.layer,
        "start_s": round(cue.place.start.s, 3),
        "end_s": round(cue.place.end.s, 3),
        "exact": cue.place.start.exact and cue.place.end.exact,
        "status": cue.status,
        "reason": cue.reason,
        "instrument": cue.instrument,
        "host": cue.identity.host if cue.identity else "",
        "file": cue.file,
        "take": cue.key,
    }


def _in_time(made: Plan) -> list[PlannedCue]:
    return sorted(made.cues, key=lambda cue: cue.place.start.s)


def _clock(moment: Moment) -> str:
    """Minutes, seconds and hundredths; ~ after an estimate, a blank after an exact time, so that columns align."""
    minutes, seconds = divmod(round(moment.s, 2), 60)
    return f"{minutes:.0f}:{seconds:05.2f}{' ' if moment.exact else '~'}"
