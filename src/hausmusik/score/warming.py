"""What a render knows of instruments that must start: which plays are to come, and how their starts are told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Final

from hausmusik.score.plan import PlannedCue, Planner
from hausmusik.score.progress import Progress, Stage
from hausmusik.seams import Coming
from hausmusik.types import WAITING, Event, Phase

_STARTING: Final = WAITING | frozenset({"boot", "prepare", "load", "warm_up"})


def coming_plays(
    planner: Planner, todo: Collection[PlannedCue], waiting: Iterable[PlannedCue], at_once: int
) -> list[Coming]:
    """Return what is to be played.

    Args:
        planner: Of the score.
        todo: Cues whose takes are made in this round, in order.
        waiting: Cues whose takes are made in later rounds.
        at_once: How many takes are made at once.
    """

    def coming(cue: PlannedCue, when: str) -> Iterable[Coming]:
        if cue.request is not None:
            run = planner.run_for(cue)
            yield Coming(instrument=cue.instrument, request=cue.request, run=run, when=when)  # type: ignore[arg-type]

    return [
        *(each for n, cue in enumerate(todo) for each in coming(cue, "now" if n < at_once else "next")),
        *(each for cue in waiting for each in coming(cue, "later")),
    ]


class Starts:
    """Tells what instruments that are starting are at, all in one line.

    Args:
        tell: Told how far the render is.
    """

    def __init__(self, tell: Callable[[Progress], None]) -> None:
        self._tell = tell
        self._at: dict[str, Phase] = {}
        self._played: set[str] = set()

    def note(self, instrument: str, phase: Phase | None) -> None:
        """Take note of a start, or that it is over."""
        if phase is None:
            self._at.pop(instrument, None)
            return
        self._at[instrument] = phase
        label = "; ".join(f"{name}: {_words(at)}" for name, at in self._at.items())
        self._tell(Progress(stage=Stage.TAKES, label=label))

    def heard(self, cue: str, instrument: str, event: Event) -> None:
        """Take note of an event of a play; what is neither a start nor has a fraction done is not told."""
        if not isinstance(event, Phase) or event.name == "play":
            self._played.add(instrument)
            self._at.pop(instrument, None)
        elif event.done is not None:
            label = f"{cue}: {event.name.replace('_', ' ')} {event.done:.0%}"
            self._tell(Progress(stage=Stage.TAKES, label=label, eta_s=event.eta_s))
        elif event.name in _STARTING and (event.name not in WAITING or instrument not in self._played):
            self.note(instrument, event)  # a queue before an instrument that plays is no start


def _words(phase: Phase) -> str:
    left = f", {phase.eta_s:.0f} s left" if phase.eta_s else ""
    return phase.name.replace("_", " ") + left
