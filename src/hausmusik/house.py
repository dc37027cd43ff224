"""The house: what one person, or an agent, asks of all the parts together. Its parts are wired in `parts`.

Verbs: play one instrument (`speak`, `music`, `sound`, `transcribe`, `judge`), make a piece (`check`, `plan`,
`compose`), play a file of requests (`batch`), look after the house (see `keeping`). The sync form of this class is
generated: see `hausmusik.facade`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any, Self

import msgspec

from hausmusik.batch.plan import BatchPlan
from hausmusik.batch.values import BatchOptions, BatchProgress, BatchReport
from hausmusik.cloud import MODAL
from hausmusik.config.loading import load_settings
from hausmusik.jobs.stop import Stop
from hausmusik.keeping import Keeping
from hausmusik.money.quoted import Quote
from hausmusik.placement import Placement
from hausmusik.remembering import Remembering
from hausmusik.score.check import OpenedScore, check_score, open_score
from hausmusik.score.compose import ComposeOptions
from hausmusik.score.effective import asked_in
from hausmusik.score.locks import lock_cue, unlock_cue
from hausmusik.score.plan import Plan
from hausmusik.score.progress import Finished, Progress
from hausmusik.score.reading import Problem
from hausmusik.types import Event, Request, Run
from hausmusik.verbs import Verbs, task_of


class AsyncHouse(Keeping, Remembering, Verbs):
    """Everything one person has: instruments, where they play, what they cost, what was made.

    Use it in an `async with` block; leaving it stops the workers. Not tied to a loop before its first play.

    Args:
        loaded: The settings, and where things are.
        hosts: Instead of the local host, by name; for tests and for hosts of your own.
        clock: For tests.
        ids: For tests.
    """

    # -- play one instrument ----------------------------------------------------------------------------------------

    async def play(
        self, instrument: str, request: Request, *, on: str = "", run: Run | None = None
    ) -> AsyncGenerator[Event]:
        """Play an instrument and yield its events as they come.

        Args:
            instrument: Catalogue id or router; empty: the settings' default for the request's task.
            request: What to play.
            on: Host; empty: the run's, or the settings' default.
            run: To which it belongs; None: one of its own.
        """
        task = task_of(request)
        run = self._run(run, task, on)
        async with aclosing(self.player.play(instrument or self._defaults[task], request, run=run)) as events:
            async for event in events:
                yield event

    # -- make a piece -------------------------------------------------------------------------------------------------

    def check(
        self, score: Path | str, *, variables: Mapping[str, str | float | bool] | None = None
    ) -> tuple[Problem, ...]:
        """Return every problem of a score, those that only instruments can tell included; plays nothing."""
        allow = self.settings.score.allow_outside
        opened, problems = check_score(Path(score), variables=variables, allow_outside=allow)
        if opened is None or any(problem.severity == "error" for problem in problems):
            return problems
        plan = self._composer.planner(opened, run=self.new_run("check")).plan()
        return (*problems, *plan.problems)

    def open_score(
        self, score: Path | str, *, variables: Mapping[str, str | float | bool] | None = None
    ) -> OpenedScore:
        """Read, check and complete a score; ScoreError lists everything wrong with it."""
        return open_score(Path(score), variables=variables, allow_outside=self.settings.score.allow_outside)

    def plan(
        self,
        score: Path | str,
        *,
        options: ComposeOptions | None = None,
        variables: Mapping[str, str | float | bool] | None = None,
        on: str = "",
        run: Run | None = None,
    ) -> Plan:
        """Return what composing the score with these options would do; plays nothing. `on` as in `compose`."""
        opened = self.open_score(score, variables=variables)
        return self._composer.plan(opened, options or ComposeOptions(), run=self._run(run, "plan", on))

    def quote(self, plan: Plan | BatchPlan) -> Quote:
        """Return what composing a plan, or playing a batch, would take and cost."""
        return self._quoter.batch(plan) if isinstance(plan, BatchPlan) else self._quoter.piece(plan)

    def quote_play(self, instrument: str, request: Request, *, on: str = "", run: Run | None = None) -> Quote:
        """Return what one play would take and cost.

        Args:
            instrument: Catalogue id or router; empty: the settings' default for the request's task.
            request: What would be played.
            on: Host; empty: the run's, or the settings' default.
            run: To which it would belong; None: one of its own.
        """
        task = task_of(request)
        return self._quoter.plays([(instrument or self._defaults[task], request)], self._run(run, task, on))

    def placements(self, plan: Plan, *, run: Run | None = None) -> tuple[Placement, ...]:
        """Return where the instruments of a plan play on Modal and why, those that are only planned among them.

        Args:
            plan: Of a score.
            run: The one that the plan was made for; None: one that plays where the settings say.
        """
        there = {cue.identity.instrument for cue in plan.cues if cue.identity and cue.identity.host == MODAL}
        on = (run.host if run else "") or self.settings.defaults.host
        asked = {name for name, host in asked_in(plan.score, self._defaults) if (host or on) == MODAL}
        planned = {each.id for each in self.catalogue.instruments() if each.planned}
        return tuple(map(self.placement, sorted(there | (asked & planned))))

    async def compose(
        self,
        score: Path | str,
        *,
        options: ComposeOptions | None = None,
        variables: Mapping[str, str | float | bool] | None = None,
        on: str = "",
        run: Run | None = None,
        stop: Stop | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Finished:
        """Make a piece from its score and return what was written.

        Args:
            score: Its file.
            options: Where to write, in which formats, what to make; None: a folder named after the score.
            variables: Replace the score's own variables of the same name.
            on: Host of what names none; empty: the run's, or the settings' default.
            run: To which the plays belong.
            stop: Lets another thread stop it, at once or after the takes in flight.
            on_progress: Told how far it is.

        Raises:
            ScoreError: the score has problems; nothing was played.
            OutputError: a file of somebody else's would be written over, or a file cannot be written.
            EngineError, HostError, WeightsError: a take could not be made; those that could are kept.
            BudgetError: it would cost too much.
            Cancelled: stopped; finished takes are kept.
        """
        opened = await asyncio.to_thread(self.open_score, score, variables=variables)
        return await self._composer.compose(
            opened,
            options or ComposeOptions(),
            run=self._run(run, f"compose {Path(score).stem}", on),
            stop=stop or Stop(),
            on_progress=on_progress or (lambda _progress: None),
        )

    def lock(self, score: Path | str, cue: str) -> Path:
        """Copy the take of a cue beside its score, so that it stays; returns the folder."""
        opened = self.open_score(score)
        return lock_cue(opened, self._composer.planner(opened, run=self.new_run("lock")).plan(), cue)

    def unlock(self, score: Path | str, cue: str) -> Path:
        """Remove the locked take of a cue; returns the folder it had."""
        return unlock_cue(self.open_score(score), cue)

    # -- play many -----------------------------------------------------------------------------------------------------

    def plan_batch(
        self,
        options: BatchOptions,
        *,
        on: str = "",
        run: Run | None = None,
        on_line: Callable[[int], None] | None = None,
    ) -> BatchPlan:
        """Read and check a file of requests and return what playing them would do; see `hausmusik.batch`."""
        run = self._run(run, f"batch {options.source.name}", on)
        return self._batcher.plan(options, run=run, on_line=on_line or (lambda _line: None))

    async def batch(
        self,
        plan: BatchPlan,
        *,
        stop: Stop | None = None,
        on_progress: Callable[[BatchProgress], None] | None = None,
    ) -> BatchReport:
        """Play a batch and return what has become of it; see `Batcher.play`."""
        on_progress = on_progress or (lambda _progress: None)
        report = await self._batcher.play(plan, stop=stop or Stop(), on_progress=on_progress)
        await self.settle_idle()
        return report

    def _run(self, run: Run | None, label: str, on: str) -> Run:
        if run is None:
            return self.new_run(label, on=on)
        return msgspec.structs.replace(run, host=on) if on else run

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def open_async(*, home: Path | None = None, settings: Mapping[str, Any] | None = None) -> AsyncHouse:
    """Return the house of this machine's user; nothing is started yet.

    Args:
        home: Instead of the user's own folders; as `HAUSMUSIK_HOME`.
        settings: Overrides by `section.key`.

    Raises:
        ConfigError: a settings file or variable is wrong.
    """
    environ = dict(os.environ) | ({"HAUSMUSIK_HOME": str(home)} if home else {})
    return AsyncHouse(load_settings(overrides=settings, environ=environ))
