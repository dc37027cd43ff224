"""The house: catalogue, weights, hosts, money, takes and journal, wired together. The only place that knows them all.

Everything is made when it is first needed, so that `haus instruments` starts no worker and opens no database. Verbs:
play one instrument (`speak`, `music`, `sound`, `transcribe`, `judge`), make a piece (`check`, `plan`, `compose`), look
after the house (`pull`, `costs`, `doctor` …). The sync form of this class is generated: see `hausmusik.facade`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from hausmusik.batch.batcher import Batcher
from hausmusik.batch.plan import BatchPlan
from hausmusik.batch.values import BatchOptions, BatchProgress, BatchReport
from hausmusik.clock import SystemClock, TimeIds
from hausmusik.config.database import Database
from hausmusik.config.folders import Folders
from hausmusik.config.loading import LoadedSettings, load_settings
from hausmusik.config.model import Settings
from hausmusik.errors import UsageError
from hausmusik.hosts.local.environments import Environments
from hausmusik.hosts.local.host import LocalHost, usable_cores
from hausmusik.instruments.additions import add, remove
from hausmusik.instruments.catalogue import Catalogue
from hausmusik.instruments.model import Environment
from hausmusik.jobs.journal import Journal
from hausmusik.jobs.stop import Stop
from hausmusik.money.budget import Budget, Limits
from hausmusik.money.ledger import Ledger
from hausmusik.money.meter import Meter
from hausmusik.money.prices import LocalPrices, PriceSource
from hausmusik.money.quote import Quote, QuoteItem, quote, units_of
from hausmusik.money.rows import Grouping, Total
from hausmusik.money.tables import money_file
from hausmusik.player import HousePlayer
from hausmusik.score.check import OpenedScore, check_score, open_score
from hausmusik.score.compose import ComposeOptions, Composer
from hausmusik.score.locks import lock_cue, unlock_cue
from hausmusik.score.plan import Plan
from hausmusik.score.progress import Finished, Progress
from hausmusik.score.reading import Problem
from hausmusik.seams import Clock, Host, Ids
from hausmusik.takes.store import TakeStore
from hausmusik.threads import in_thread
from hausmusik.types import Event, Phase, Request, Run, Task
from hausmusik.upkeep import Finding, InstrumentRow, examine, instrument_rows
from hausmusik.verbs import Verbs, task_of
from hausmusik.weights.hub import Hub
from hausmusik.weights.progress import PullProgress
from hausmusik.weights.store import WeightsStore


class AsyncHouse(Verbs):
    """Everything one person has: instruments, where they play, what they cost, what was made.

    Use it in an `async with` block; leaving it stops the workers. Not tied to a loop before its first play.

    Args:
        loaded: The settings, and where things are.
        hosts: Instead of the local host, by name; for tests and for hosts of your own.
        clock: For tests.
        ids: For tests.
    """

    def __init__(
        self,
        loaded: LoadedSettings,
        *,
        hosts: Mapping[str, Host] | None = None,
        clock: Clock | None = None,
        ids: Ids | None = None,
    ) -> None:
        self.loaded = loaded
        self._given_hosts = hosts
        self.clock: Clock = clock or SystemClock()
        self.ids: Ids = ids or TimeIds(self.clock)

    @property
    def settings(self) -> Settings:
        """What the house was told; see `hausmusik.config`."""
        return self.loaded.settings

    @property
    def folders(self) -> Folders:
        """Where the house keeps what it has."""
        return self.loaded.folders

    # -- the parts, made when first needed --------------------------------------------------------------------------

    @cached_property
    def catalogue(self) -> Catalogue:
        """Which instruments there are."""
        return Catalogue.load(self.folders.instruments)

    @cached_property
    def weights(self) -> WeightsStore:
        """Where their files are."""
        settings = self.settings.weights
        given = self.settings.hub
        token = given.token.get_secret_value() if given.token else ""
        return WeightsStore(
            self.loaded.weights_folder,
            folders=settings.folders,
            offline=settings.offline,
            hub=Hub(given.endpoint, token) if given.endpoint else Hub(token=token),
        )

    @cached_property
    def environments(self) -> Environments:
        """Where the engines' interpreters are."""
        return Environments(self.folders.data / "environments", self.settings.environments)

    @cached_property
    def hosts(self) -> Mapping[str, Host]:
        """Where instruments play."""
        if self._given_hosts is not None:
            return self._given_hosts
        local = self.settings.local
        return {
            "local": LocalHost(
                interpreters=self._interpreter,
                logs=self.folders.state / "workers",
                clock=self.clock,
                max_workers=local.workers,
                memory_mib=local.memory_mib,
                idle_unload_s=local.idle_unload_s,
                start_timeout_s=local.start_timeout_s,
                stall_timeout_s=local.stall_timeout_s,
            )
        }

    def _interpreter(self, environment: str) -> Sequence[str]:
        found = self.catalogue.environment(environment) if environment else None
        return [str(self.environments.interpreter(found))]

    @cached_property
    def _money(self) -> Database:
        return money_file(self.folders.ledger)

    @cached_property
    def ledger(self) -> Ledger:
        """What was played and what it cost."""
        return Ledger(self._money, clock=self.clock, ids=self.ids)

    @cached_property
    def budget(self) -> Budget:
        """What may still be spent."""
        given = self.settings.money
        limits = Limits(run_usd=given.run_usd, day_usd=given.day_usd, house_usd=given.house_usd)
        return Budget(self._money, limits, clock=self.clock, ids=self.ids)

    @cached_property
    def prices(self) -> PriceSource:
        """What a second costs, by host."""
        return LocalPrices(self.clock, tuple(self.hosts))

    @cached_property
    def journal(self) -> Journal:
        """Jobs and their steps."""
        return Journal(self.folders.jobs, clock=self.clock, ids=self.ids)

    @cached_property
    def takes(self) -> TakeStore:
        """What was made."""
        return TakeStore(self.folders.takes)

    @cached_property
    def player(self) -> HousePlayer:
        """Plays instruments, metered."""
        return HousePlayer(
            self.catalogue,
            self.weights,
            self.environments,
            self.hosts,
            Meter(
                ledger=self.ledger,
                budget=self.budget,
                prices=self.prices,
                clock=self.clock,
                session=self.ids.new(),
            ),
            learnt=self.ledger.learnt,
            default_host=self.settings.defaults.host,
            offline=self.settings.weights.offline,
        )

    @cached_property
    def _defaults(self) -> dict[Task, str]:
        given = self.settings.defaults
        return {
            "speak": given.speak,
            "music": given.music,
            "sound": given.sound,
            "transcribe": given.transcribe,
            "judge": given.judge,
        }

    @cached_property
    def _composer(self) -> Composer:
        return Composer(
            self.player,
            self.takes,
            self.journal,
            clock=self.clock,
            renders=self.folders.data / "renders",
            defaults=self._defaults,
            concurrency=self.settings.local.workers or usable_cores(),
        )

    @cached_property
    def _batcher(self) -> Batcher:
        return Batcher(
            self.player,
            self.takes,
            self.journal,
            clock=self.clock,
            defaults=self._defaults,
            task_of=self.catalogue.task_of,
            capacity=self._capacity,
        )

    def _capacity(self, run: Run) -> int:
        """Return how many plays at once the host of a run takes."""
        self.player.host_of(run)
        return self.settings.local.workers or usable_cores()

    def new_run(self, label: str, *, on: str = "", budget_usd: Decimal | None = None) -> Run:
        """Return a new run; everything played under it is told together in the ledger.

        Args:
            label: For people.
            on: Host; empty: the settings' default.
            budget_usd: Most it may cost; None: no limit of its own.
        """
        return Run(id=self.ids.new(), label=label, host=on, budget_usd="" if budget_usd is None else str(budget_usd))

    # -- play one instrument ----------------------------------------------------------------------------------------

    async def play(self, instrument: str, request: Request, *, run: Run | None = None) -> AsyncGenerator[Event]:
        """Play an instrument and yield its events as they come.

        Args:
            instrument: Catalogue id or router; empty: the settings' default for the request's task.
            request: What to play.
            run: To which it belongs; None: one of its own.
        """
        task = task_of(request)
        run = run or self.new_run(task)
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
        run: Run | None = None,
    ) -> Plan:
        """Return what composing the score with these options would do; plays nothing."""
        opened = self.open_score(score, variables=variables)
        return self._composer.plan(opened, options or ComposeOptions(), run=run or self.new_run("plan"))

    def quote(self, plan: Plan | BatchPlan) -> Quote:
        """Return what composing a plan, or playing a batch, would take and cost."""
        if isinstance(plan, BatchPlan):
            batch = plan.quote_items(lambda name: self.catalogue.instrument(name).measured)
            return quote(batch, prices=self.prices, learnt=self.ledger.learnt)
        items: list[QuoteItem] = []
        started: set[tuple[str, str]] = set()
        once = {cue.key: cue for cue in plan.to_make}  # cues that ask for the same thing share one take
        for cue in (*once.values(), *plan.waiting):
            if cue.identity is None or cue.request is None:
                continue
            where = (cue.identity.instrument, cue.identity.host)
            measured = self.catalogue.instrument(cue.identity.instrument).measured
            items.append(
                QuoteItem(
                    instrument=where[0],
                    host=where[1],
                    units=units_of(cue.request, measured.unit, cue.place.duration_s),
                    measured=measured,
                    cold_starts=0 if where in started else 1,
                )
            )
            started.add(where)
        return quote(items, prices=self.prices, learnt=self.ledger.learnt)

    async def compose(
        self,
        score: Path | str,
        *,
        options: ComposeOptions | None = None,
        variables: Mapping[str, str | float | bool] | None = None,
        run: Run | None = None,
        stop: Stop | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Finished:
        """Make a piece from its score and return what was written.

        Args:
            score: Its file.
            options: Where to write, in which formats, what to make; None: a folder named after the score.
            variables: Replace the score's own variables of the same name.
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
            run=run or self.new_run(f"compose {Path(score).stem}"),
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
        self, options: BatchOptions, *, run: Run | None = None, on_line: Callable[[int], None] | None = None
    ) -> BatchPlan:
        """Read and check a file of requests and return what playing them would do; see `hausmusik.batch`."""
        run = run or self.new_run(f"batch {options.source.name}")
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
        return await self._batcher.play(plan, stop=stop or Stop(), on_progress=on_progress)

    # -- look after the house -----------------------------------------------------------------------------------------

    async def pull(self, names: Sequence[str] = (), *, embedded: bool = False) -> AsyncGenerator[PullProgress]:
        """Bring weights here: of instruments, routers or weight sets by name, or the embedded tier."""
        sets = {each.id: each for name in names for each in self.catalogue.pullable(name)}
        if embedded:
            sets |= {each.id: each for each in self.catalogue.embedded()}
        if not names and not embedded:
            raise UsageError("nothing to pull was named", hint="name instruments, or say --embedded")
        try:
            async with aclosing(in_thread(self.weights.pull(list(sets.values())))) as steps:
                async for progress in steps:
                    yield progress
        finally:
            self._look_again()

    def remove_weights(self, names: Sequence[str]) -> int:
        """Remove weights by the names that `pull` takes; returns the bytes freed."""
        try:
            return self.weights.remove([each for name in names for each in self.catalogue.pullable(name)])
        finally:
            self._look_again()

    async def install(self, name: str) -> AsyncGenerator[Phase]:
        """Make the environment of an instrument, or of that name, with the user's own pip."""
        try:
            async with aclosing(in_thread(self.environments.install(self._environment(name)))) as phases:
                async for phase in phases:
                    yield phase
        finally:
            self._look_again()

    def uninstall(self, name: str) -> bool:
        """Remove the environment of an instrument, or of that name; returns whether there was one."""
        try:
            return self.environments.remove(self._environment(name))
        finally:
            self._look_again()

    def _environment(self, name: str) -> Environment:
        known = {each.id: each for each in self.catalogue.instruments()}
        if name in known and not known[name].environment:
            raise UsageError(f"{name} needs no environment of its own", hint="it plays as it is")
        return self.catalogue.environment(known[name].environment if name in known else name)

    def instruments(self, task: str = "") -> tuple[InstrumentRow, ...]:
        """Return what instruments there are and whether they are ready."""
        return instrument_rows(self.catalogue, self.weights, self.environments, task)

    def add_instrument(self, file: Path | str) -> tuple[str, ...]:
        """Add instruments from a TOML file with its engine file beside it; returns their names."""
        added = add(Path(file), self.folders.instruments)
        self._forget()
        return added.names

    def remove_instrument(self, name: str) -> tuple[str, ...]:
        """Remove an added instrument; returns the files that went."""
        removed = remove(name, self.folders.instruments)
        self._forget()
        return removed

    def _forget(self) -> None:
        """Have the catalogue, and what was made from it, read again at the next use."""
        for part in ("catalogue", "player", "_composer", "_batcher"):
            self.__dict__.pop(part, None)

    def _look_again(self) -> None:
        """Tell the player, if there is one yet, that weights or environments came or went."""
        if "player" in self.__dict__:
            self.player.forget()

    def costs(self, by: Grouping = "run", *, since: datetime | None = None) -> tuple[Total, ...]:
        """Return what was played and what it cost, in sums by run, session, instrument, host, day, document or cue."""
        return self.ledger.totals(by, since=since)

    def doctor(self, *, weights: bool = False) -> tuple[Finding, ...]:
        """Look at the whole house; `weights` hashes them all again."""
        return tuple(
            examine(
                self.folders,
                self.catalogue,
                self.weights,
                self.environments,
                self.journal,
                self.budget,
                hash_weights=weights,
            )
        )

    async def close(self) -> None:
        """Stop the workers and close the databases; the house is not used again."""
        made = self.__dict__  # only what was ever needed exists
        async with AsyncExitStack() as ends:  # each, whatever becomes of the others; the hosts first
            if "_money" in made:
                ends.callback(self._money.close)
            if "journal" in made:
                ends.callback(self.journal.close)
            for host in self.hosts.values() if "hosts" in made else ():
                ends.push_async_callback(host.close)

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
