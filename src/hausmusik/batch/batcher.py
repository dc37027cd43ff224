"""Plays a batch: what is missing goes through the journal, and then the results are written, however it ended.

The journal has one job for exactly these items and this place of their results, so the same command goes on where the
last one was stopped or killed, and several processes may share the work. Knows the Player, never an engine or a host.
"""

from __future__ import annotations

import asyncio
import copy
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from typing import BinaryIO, Final, cast

import msgspec

from hausmusik.batch.asking import Asked, asked, identified
from hausmusik.batch.lines import object_of
from hausmusik.batch.output import prepare_place, write_results
from hausmusik.batch.plan import BatchPlan, Entry, plan_batch
from hausmusik.batch.played import WRITTEN, Played, kept, played, played_of
from hausmusik.batch.values import BatchOptions, BatchProgress, BatchReport
from hausmusik.errors import BadInput, Cancelled, HausmusikError, HostUnavailable, OutputError, StoreError
from hausmusik.jobs.journal import KEPT, Journal
from hausmusik.jobs.limit import Limit
from hausmusik.jobs.model import Job, NewStep, Progress, Step
from hausmusik.jobs.retry import Retry
from hausmusik.jobs.runner import run_steps
from hausmusik.jobs.stop import Stop
from hausmusik.seams import Clock, Player
from hausmusik.takes.key import content_key
from hausmusik.takes.store import TakeStore
from hausmusik.types import REQUEST_OF_TASK, Request, Run, Task

KIND: Final = "batch"
TRIES: Final = Retry(limit=5)
"""An item that has failed so often by what might be chance, a lost worker above all, is set aside."""


class Batcher:
    """Plans and plays batches with one house's parts.

    Args:
        player: Who plays.
        takes: Where sounds are kept.
        journal: Where jobs, and results that are no sounds, are kept.
        clock: For records and waits.
        defaults: The settings' instrument for each task; a batch may name a task instead of an instrument.
        task_of: What an instrument does; raises NotFoundError.
        capacity: Plays at once of these instruments, or of who plays for a router, that a run's host takes; raises
            NotFoundError.
    """

    def __init__(
        self,
        player: Player,
        takes: TakeStore,
        journal: Journal,
        *,
        clock: Clock,
        defaults: Mapping[Task, str],
        task_of: Callable[[str], Task],
        capacity: Callable[[Run, Collection[str]], int],
    ) -> None:
        self._player = player
        self._takes = takes
        self._journal = journal
        self._clock = clock
        self._defaults = defaults
        self._task_of = task_of
        self._capacity = capacity

    def plan(self, options: BatchOptions, *, run: Run, on_line: Callable[[int], None]) -> BatchPlan:
        """Read the lines and say what playing them would do; see `plan_batch`.

        Raises:
            NotFoundError: no such file, instrument or host.
            UsageError: the file is no file of lines.
        """
        instrument = self._defaults.get(cast("Task", options.instrument), options.instrument)
        options = msgspec.structs.replace(options, instrument=instrument)
        kind = REQUEST_OF_TASK[self._task_of(instrument)]

        def is_kept(key: str, ask: Asked) -> bool:
            return known(self._takes, self._journal, key, ask.request) is not None

        return plan_batch(
            options,
            kind,
            self._player,
            run=run,
            capacity=self._capacity(run, (instrument,)),
            is_kept=is_kept,
            on_line=on_line,
        )

    async def play(self, plan: BatchPlan, *, stop: Stop, on_progress: Callable[[BatchProgress], None]) -> BatchReport:
        """Play what is missing and write the results; what failed is in them, and raises nothing.

        Raises:
            Cancelled: stopped, or the job was cancelled.
            BudgetError: the next play would cost too much.
            HostUnavailable: the host has had no room for very long.
            AuthError, ConfigError, NotDeployed: nothing can be played there at all.
            StoreError, OutputError: a file cannot be written.

            After all of these but the last one the results are written as far as they are known, and playing the same
            batch again goes on.
        """
        prepare_place(plan.options.out)
        self._journal.prune(self._clock.now() - KEPT)
        job = await asyncio.to_thread(self._opened, plan)
        tally, limit = _Tally(plan.items - plan.kept), Limit(plan.concurrency, clock=self._clock)
        entries = {entry.key: entry for entry in reversed(plan.entries) if entry.key}

        def tell(steps: Progress) -> None:
            on_progress(
                BatchProgress(
                    **{name: getattr(steps, name) for name in Progress.__struct_fields__},
                    spent_usd=tally.spent_usd,
                    expected_usd=tally.expected_usd,
                    waiting=tally.waiting,
                    fits=limit.fits,
                )
            )

        try:
            with plan.options.source.open("rb") as file:

                async def work(step: Step) -> bytes:
                    return await self._play_item(plan, entries[step.key], file, tally)

                await run_steps(
                    self._journal,
                    job,
                    work,
                    clock=self._clock,
                    concurrency=limit,
                    stop=stop,
                    on_progress=tell,
                    retry=TRIES,
                )
        except HausmusikError as error:
            if self._journal.job(job.id).state != "failed":  # not over: something stopped it
                await asyncio.to_thread(self._written, plan, job)
                raise _with_way_on(error) from error
        report = await asyncio.to_thread(self._written, plan, job)
        return msgspec.structs.replace(report, played=tally.played, spent_usd=tally.spent_usd)

    async def _play_item(self, plan: BatchPlan, entry: Entry, file: BinaryIO, tally: _Tally) -> bytes:
        """Find the line of an item again, make sure that it is still what it was, and play it."""
        ask = await asyncio.to_thread(_asked_again, plan, entry, file)
        identity = self._player.identify(plan.options.instrument, ask.request, run=plan.run)
        if content_key(ask.content, identity) != entry.key:
            raise BadInput(
                f"line {entry.line} is no longer what it was", hint="run it again, and change nothing meanwhile"
            )
        found = known(self._takes, self._journal, entry.key, ask.request)
        if found is None:  # else somebody was faster, or died between keeping the result and saying so
            request = await asyncio.to_thread(ask.loaded)
            instrument = plan.options.instrument
            try:
                found = await played(self._player, self._takes, instrument, request, run=plan.run, clock=self._clock)
            except HostUnavailable as error:
                tally.waiting = error.message
                raise
            tally.add(found.cost_usd)
        return found.encoded()

    def _opened(self, plan: BatchPlan) -> Job:
        """Return the job of a batch with everything pending that is to be played.

        The newest input counts: what an earlier one left undone for the same results is nobody's wish any more.
        """
        label = f"{plan.options.source} -> {plan.options.out}"
        for other in self._journal.jobs(kind=KIND, state="open"):
            if other.key.startswith(plan.place) and other.key != plan.key:
                self._journal.cancel(other.id)
        found = self._journal.jobs(kind=KIND, key=plan.key, limit=1)
        if found:
            job = found[0]
        else:
            steps = (NewStep(key=key) for key in plan.keys)
            job = self._journal.open_job(KIND, label, key=plan.key, run=plan.run.id, steps=steps, reuse=True)
        return self._journal.reopen(job.id, list(self._to_repeat(job, failed=plan.options.retry_failed)))

    def _to_repeat(self, job: Job, *, failed: bool) -> Iterator[str]:
        """Yield the steps that have ended and yet have no result: given up, failed, or their take was removed."""
        for step in self._journal.steps(job.id):
            lost = step.state == "done" and (take := played_of(step.result).take) and self._takes.get(take) is None
            if lost or step.state == "cancelled" or (failed and step.state == "failed"):
                yield step.key

    def _written(self, plan: BatchPlan, job: Job) -> BatchReport:
        return write_results(plan, lambda key: self._journal.step(job.id, key), self._takes)


def known(takes: TakeStore, journal: Journal, key: str, request: Request) -> Played | None:
    """Return the result of a content key, whoever played it: a sound from the takes, others from earlier batches."""
    if isinstance(request, WRITTEN):
        data = journal.known(KIND, key)
        return None if data is None else played_of(data)
    take = takes.get(key)
    return None if take is None else kept(take)


def _asked_again(plan: BatchPlan, entry: Entry, file: BinaryIO) -> Asked:
    data = os.pread(file.fileno(), entry.size_bytes, entry.offset)
    _, fields, _ = identified(object_of(data))
    return asked(fields, plan.kind, plan.options.source.parent)


def _with_way_on(error: HausmusikError) -> HausmusikError:
    """Return an error that stopped a batch with what to do about the rest of it."""
    if isinstance(error, Cancelled | StoreError | OutputError):
        return error
    told = copy.copy(error)
    told.hint = "; ".join(filter(None, (error.hint, "the same command goes on")))
    return told


class _Tally:
    """What has been played in one go, and what it has cost.

    Args:
        planned: Plays that were to be made.
    """

    def __init__(self, planned: int) -> None:
        self._planned = planned
        self.played = 0
        self.spent_usd = Decimal(0)
        self.waiting = ""

    def add(self, cost_usd: str) -> None:
        self.played += 1
        self.spent_usd += Decimal(cost_usd)
        self.waiting = ""

    @property
    def expected_usd(self) -> Decimal | None:
        """What the plays will have cost at the end, if the others cost as much; None before the first one."""
        return self.spent_usd / self.played * max(self._planned, self.played) if self.played else None
