"""Plays the takes that a score is lacking, in rounds that survive being killed.

Each round plans, plays what is missing (through the journal: leased, resumed, shared between processes) and plans again
with the exact lengths, until nothing waits. With the first one, instruments are started that only later takes need.
Knows the Player, never an engine or a host.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AsyncExitStack
from typing import Final

from hausmusik.counted import counted
from hausmusik.errors import NotFoundError, ScoreError
from hausmusik.jobs.journal import KEPT, Journal
from hausmusik.jobs.model import NewStep, Step
from hausmusik.jobs.model import Progress as StepsDone
from hausmusik.jobs.runner import run_steps
from hausmusik.jobs.stop import Stop
from hausmusik.score.check import OpenedScore
from hausmusik.score.plan import Plan, PlannedCue, Planner
from hausmusik.score.progress import Progress, Stage
from hausmusik.score.warming import Starts, coming_plays
from hausmusik.seams import Clock, Player
from hausmusik.takes.record import record_take
from hausmusik.takes.store import TakeStore
from hausmusik.types import Run

MAX_ROUNDS: Final = 20  # each round makes at least one length exact; scores chain their lengths a few deep at most


class Rounds:
    """The takes of one render.

    Args:
        opened: The score.
        planner: Of the score.
        player: Who plays.
        takes: Where takes are kept.
        journal: Where jobs are kept.
        clock: For records.
        capacity: Most takes at once that the host of a run makes, of these instruments together.
        wanted: Whether the take of a cue may be made.
        force: Whether takes are made anew even if they are kept.
        preview: Only what is heard in this stretch, seconds of the piece.
        run: To which the plays belong.
        stop: Lets another thread stop it.
        on_progress: Told how far it is.
    """

    def __init__(
        self,
        opened: OpenedScore,
        planner: Planner,
        player: Player,
        takes: TakeStore,
        journal: Journal,
        *,
        clock: Clock,
        capacity: Callable[[Run, Collection[str]], int],
        wanted: Callable[[PlannedCue], bool],
        force: bool,
        preview: tuple[float, float] | None,
        run: Run,
        stop: Stop,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._opened = opened
        self._planner = planner
        self._player = player
        self._takes = takes
        self._journal = journal
        self._clock = clock
        self._capacity = capacity
        self._wanted = wanted
        self._force = force
        self._preview = preview
        self._run = run
        self._stop = stop
        self._tell = on_progress
        self._starts = Starts(on_progress)

    async def play(self) -> tuple[Plan, int]:
        """Play what is missing; returns the final plan and how many takes were made.

        Raises:
            ScoreError: the plan has problems; takes made before they showed are kept.
            NotFoundError: takes are missing that were not wanted.
            PartialFailure, EngineError, HostError: takes could not be made; those that could are kept.
            Cancelled: stopped.
        """
        made: set[str] = set()
        async with AsyncExitStack() as ends:  # of the starts, when no more takes are made
            for number in range(MAX_ROUNDS):
                plan = self._planner.plan()
                self._raise_problems(plan)
                heard = [cue for cue in plan.cues if self._is_heard(cue)]
                todo = self._todo(plan, heard, made)
                if not todo:
                    left = [cue.name for cue in heard if cue.status in ("make", "wait")]
                    if left:
                        raise NotFoundError(
                            f"these cues have no take yet: {', '.join(left)}",
                            hint="compose without --only to make them",
                        )
                    return plan, len(made)
                if number == 0:
                    self._journal.prune(self._clock.now() - KEPT)  # the takes of old jobs stay
                    waiting = [cue for cue in heard if cue.status == "wait" and self._wanted(cue)]
                    await self._warm(todo.values(), waiting, ends)
                made |= await self._round(todo)
        raise ScoreError("the lengths of the cues do not settle", hint="give some cues an explicit length")

    def _todo(self, plan: Plan, heard: list[PlannedCue], made: Collection[str]) -> dict[str, PlannedCue]:
        """Return the cues whose takes are made in the next round, by the keys of these."""
        ready = ("make", "kept") if self._force else ("make",)
        todo = {cue.key: cue for cue in heard if cue.status in ready and self._wanted(cue) and cue.key not in made}
        if not todo and self._preview:
            return _what_is_waited_for(plan, heard)
        return todo

    def _is_heard(self, cue: PlannedCue) -> bool:
        stretch = self._preview
        return stretch is None or (cue.place.start.s < stretch[1] and cue.place.end.s > stretch[0])

    def _raise_problems(self, plan: Plan) -> None:
        if plan.errors:
            name = self._opened.path.name
            raise ScoreError(
                f"{name} cannot be rendered",
                problems=tuple(str(problem) for problem in plan.errors),
                hint=f"`haus plan {name}` shows the timeline",
            )

    async def _warm(self, todo: Collection[PlannedCue], waiting: Collection[PlannedCue], ends: AsyncExitStack) -> None:
        """Have instruments started whose takes are not among the first; once stopped, only for those in flight."""
        coming = coming_plays(self._planner, todo, waiting, self._at_once(todo))
        leave = await ends.enter_async_context(self._player.warm(coming, on_phase=self._starts.note))
        loop = asyncio.get_running_loop()

        def stopped() -> None:
            loop.call_soon_threadsafe(leave)

        ends.callback(self._stop.subscribe(stopped))

    async def _round(self, todo: Mapping[str, PlannedCue]) -> set[str]:
        """Play some takes through the journal; returns the keys of those that were played here."""
        job = self._journal.open_job(
            "compose",
            self._opened.score.title,
            key=str(self._opened.path.resolve()),
            run=self._run.id,
            steps=[NewStep(key=_step_key(cue)) for cue in todo.values()],
        )
        asked = {_step_key(cue): cue for cue in todo.values()}
        played: set[str] = set()

        async def work(step: Step) -> bytes:
            cue = asked.get(step.key)
            if cue is None or cue.request is None:
                # Left over from an earlier version of the score; or another process with other wishes (--only, --set)
                # wants it. That one finds it missing in its next round and asks again.
                return b""
            await record_take(
                self._player,
                self._takes,
                self._planner.asked_instrument(cue),
                cue.request,
                run=self._planner.run_for(cue),
                clock=self._clock,
                on_event=functools.partial(self._starts.heard, cue.name, cue.instrument),
                force=self._force,
            )
            played.add(cue.key)
            self._tell(Progress(stage=Stage.TAKES, label=cue.name))
            return cue.key.encode()

        def tell(progress: StepsDone) -> None:
            share = progress.done / progress.total if progress.total else 1.0
            label = f"{progress.done} of {counted(progress.total, 'take')}"
            self._tell(Progress(stage=Stage.TAKES, done=share, label=label, eta_s=progress.eta_s))

        await run_steps(
            self._journal,
            job,
            work,
            clock=self._clock,
            concurrency=self._at_once(todo.values()),
            stop=self._stop,
            on_progress=tell,
        )
        return played

    def _at_once(self, cues: Iterable[PlannedCue]) -> int:
        """Return how many takes are made at once: each host takes as many as it can."""
        instruments: dict[str, set[str]] = {}
        runs: dict[str, Run] = {}
        for cue in cues:
            if cue.identity is not None:
                instruments.setdefault(cue.identity.host, set()).add(cue.identity.instrument)
                runs[cue.identity.host] = self._planner.run_for(cue)
        return sum(self._capacity(runs[host], names) for host, names in instruments.items()) or 1


def _step_key(cue: PlannedCue) -> str:
    """Return the name of the step that makes a cue's take: the cue, for people, and enough of the key to be exact."""
    return f"{cue.name} ({cue.key[:12]})"


def _what_is_waited_for(plan: Plan, heard: list[PlannedCue]) -> dict[str, PlannedCue]:
    """Return the unheard cues that a preview's waiting cues need: those of their segments, else all that are left."""
    waiting = {cue.name.split("/")[0] for cue in heard if cue.status == "wait"}
    near = {cue.key: cue for cue in plan.to_make if cue.name.split("/")[0] in waiting}
    return near or ({cue.key: cue for cue in plan.to_make} if waiting else {})
