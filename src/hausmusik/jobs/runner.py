"""Working through the steps of one job: some at a time, with retries, until all have ended or somebody stops it.

Everything that happens is in the journal before it is reported, so kill -9 loses only the steps in flight; several
processes may run the same job, each returns when the whole job is done. Journal calls are plain calls on the event
loop: each takes well under a millisecond, and being uninterruptible they cannot tear on cancellation. Knows nothing of
what a step does.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from statistics import fmean
from typing import Final, TypeAlias

from hausmusik.codec import failure_of
from hausmusik.errors import (
    AuthError,
    BudgetError,
    Cancelled,
    ConfigError,
    HausmusikError,
    HostUnavailable,
    NotDeployed,
    StoreError,
)
from hausmusik.jobs.journal import Journal
from hausmusik.jobs.limit import Limit
from hausmusik.jobs.model import Job, Progress, Step
from hausmusik.jobs.outcome import raise_for
from hausmusik.jobs.retry import Retry
from hausmusik.jobs.stop import Stop
from hausmusik.seams import Clock

Work: TypeAlias = Callable[[Step], Awaitable[bytes]]

POLL_S: Final = 0.5
LEARN_FROM: Final = 50
HALTING: Final = (AuthError, BudgetError, Cancelled, ConfigError, NotDeployed, StoreError)
"""Errors that the next step would meet too: the step stays pending, the others in flight finish, and it is raised.

But a budget that is only held up by steps in flight is waited for: with as many fewer at once as it takes.
"""


async def run_steps(
    journal: Journal,
    job: Job | str,
    work: Work,
    *,
    clock: Clock,
    concurrency: int | Limit = 1,
    stop: Stop | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    retry: Retry | None = None,
    random: Random | None = None,
    stop_on_failure: bool = False,
) -> Progress:
    """Run every step of a job that has not ended, and close the job.

    Args:
        journal: Where the job is.
        job: The job or its id; steps added while it runs are run too.
        work: Called once per attempt, with the step; returns its result, at most 1 MiB. It may be cancelled, and must
            bear being repeated: an attempt whose process dies leaves no trace.
        clock: Measures how long steps take.
        concurrency: Most steps of this call at once, from 1; or a limit that follows what the host can take. With such
            a one `HostUnavailable` counts against no step: it goes back to where it was, and the host is asked again
            later, until the limit gives it up. Either way fewer run where the budget does not hold so many at once.
        stop: Set from outside: `drain()` finishes the steps in flight, `now()` cancels them; either way the rest stays
            in the journal for the next call.
        on_progress: Called at the start and after each change.
        retry: For errors that are `retryable`.
        random: Of the backoff's jitter.
        stop_on_failure: Begin nothing more once a step has failed for good.

    Returns:
        The last progress; everything is done.

    Raises:
        Cancelled: it was stopped, or the job was cancelled.
        PartialFailure: some steps are done and some failed.
        HausmusikError: the error itself, where it is the only one or all steps met the same kind; or one of `HALTING`.
        HostUnavailable: the limit has given the host up; the steps stay in the journal.
        Exception: a mistake of the programmer in `work`, after the steps in flight have finished; its step is failed.
    """
    if isinstance(concurrency, int) and concurrency < 1:
        raise ValueError("concurrency must be at least 1")
    return await _Runner(
        journal=journal,
        job=job if isinstance(job, str) else job.id,
        work=work,
        clock=clock,
        limit=concurrency if isinstance(concurrency, Limit) else Limit(concurrency, clock=clock),
        waits_for_host=isinstance(concurrency, Limit),
        stop=stop or Stop(),
        on_progress=on_progress,
        retry=retry or Retry(),
        random=random or Random(),  # noqa: S311 -- only spreads retries
        stop_on_failure=stop_on_failure,
    ).run()


@dataclass(kw_only=True, eq=False)
class _Runner:
    journal: Journal
    job: str
    work: Work
    clock: Clock
    limit: Limit
    waits_for_host: bool
    stop: Stop
    on_progress: Callable[[Progress], None] | None
    retry: Retry
    random: Random
    stop_on_failure: bool
    _owner: str = ""
    _tasks: dict[asyncio.Task[None], str] = field(default_factory=dict[asyncio.Task[None], str])
    _errors: dict[str, HausmusikError] = field(default_factory=dict[str, HausmusikError])
    _ends: int = 0
    _halt: BaseException | None = None
    _reported: Progress | None = None
    _durations_s: deque[float] = field(default_factory=lambda: deque[float](maxlen=LEARN_FROM))
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> Progress:
        loop = asyncio.get_running_loop()
        self._owner = self.journal.new_owner()
        self._durations_s.extend(reversed(self.journal.durations_s(self.job, LEARN_FROM)))

        def wake() -> None:
            loop.call_soon_threadsafe(self._wake.set)

        unsubscribe = self.stop.subscribe(wake)
        heartbeat = asyncio.create_task(self._heartbeat())
        try:
            await self._loop()
        finally:
            unsubscribe()
            for task in (heartbeat, *self._tasks):
                task.cancel()
            await asyncio.gather(heartbeat, *self._tasks, return_exceptions=True)
            with contextlib.suppress(StoreError):  # then the leases run out by themselves
                self.journal.give_back(self._owner)
        if self._halt is not None:
            raise self._halt
        counts = self.journal.counts(self.job)
        if self.stop.level != "go" and counts.left:
            raise Cancelled(
                f"stopped; {counts.done} of {counts.total} steps are done and kept",
                hint="run the same command again to go on",
            )
        raise_for(self.journal, self.journal.settle(self.job), counts, self._errors)
        return self._report()

    async def _loop(self) -> None:
        while self.stop.level != "now":
            self._wake.clear()
            draining = self.stop.level == "drain" or self._halt or (self._errors and self.stop_on_failure)
            if not draining:
                self._fill()
            self._report()
            if self._tasks:
                wait_s = POLL_S
            elif draining or (left_s := self.journal.wait_s(self.job)) is None:
                return
            else:
                # Others hold what is left, or it waits for its next try, or the host has no room; adding 1 ms avoids
                # waking just too early.
                wait_s = min(max(left_s, self.limit.wait_s) + 0.001, POLL_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()

    def _fill(self) -> None:
        """Start steps until there are as many as allowed or none is ready."""
        took_over = False
        while (room := self.limit.allowed - len(self._tasks)) > 0:
            steps = self.journal.claim_some(self.job, self._owner, room)
            if not steps:
                if took_over or not self.journal.take_over(self.job):
                    return
                took_over = True
            for step in steps:
                task = asyncio.create_task(self._do(step))
                self._tasks[task] = step.key
                task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if self._tasks.pop(task, None) is not None:
            self._ends += 1
        if not task.cancelled() and (error := task.exception()) is not None:
            self._halt = self._halt or error
        self._wake.set()

    async def _do(self, step: Step) -> None:
        began, ends = self.clock.monotonic(), self._ends
        try:
            result = await self.work(step)
        except HALTING as error:
            if not isinstance(error, BudgetError) or not self._may_fit_later(error, ends):
                raise
            self.journal.put_back(step)
        except HausmusikError as error:
            if not self.waits_for_host or not isinstance(error, HostUnavailable):
                self._fail(step, error)
            elif self.limit.refused(began):
                self.journal.put_back(step)
            else:
                raise
        except Exception as error:
            self.journal.fail(step, failure_of(error))
            raise
        else:
            self.limit.passed()
            took_s = self.clock.monotonic() - began
            if self.journal.finish(step, result, took_s=took_s):
                self._durations_s.append(took_s)

    def _may_fit_later(self, error: BudgetError, ends: int) -> bool:
        """Return whether a step that was refused for want of money may fit when another has ended, or one just has.

        Args:
            error: The refusal.
            ends: How many had ended when the step was begun.
        """
        if not error.is_held_up or (task := asyncio.current_task()) is None:
            return False
        others = len(self._tasks) - 1
        if not others and self._ends == ends:
            return False
        del self._tasks[task]  # it holds nothing, so it is none of those that the others may wait for
        self.limit.full(others)
        return True

    def _fail(self, step: Step, error: HausmusikError) -> None:
        failures = step.failures + 1
        if error.retryable and failures < self.retry.limit:
            wait_s = self.retry.delay_s(failures, self.random)
            self.journal.fail(step, failure_of(error), retry_in_s=wait_s)
        elif self.journal.fail(step, failure_of(error)):
            self._errors[step.key] = error

    async def _heartbeat(self) -> None:
        """Keep the leases; cancel the steps whose lease somebody else has, or that were cancelled in the journal."""
        renewed = self.clock.monotonic()
        while True:
            await asyncio.sleep(self.journal.lease_s / 3)
            running = dict(self._tasks)
            try:
                held = self.journal.renew(self._owner)
                renewed = self.clock.monotonic()
            except StoreError as error:
                if self.clock.monotonic() - renewed < self.journal.lease_s:
                    continue
                held = frozenset[str]()
                self._halt = self._halt or error
            for task, key in running.items():
                if key not in held and not task.done():
                    task.cancel()

    def _report(self) -> Progress:
        counts = self.journal.counts(self.job)
        eta_s = None
        if self._durations_s:
            eta_s = counts.left * fmean(self._durations_s) / max(1, min(self.limit.level, counts.left))
        now = Progress(done=counts.done, failed=counts.failed, running=counts.leased, total=counts.total, eta_s=eta_s)
        if now != self._reported and self.on_progress is not None:
            self.on_progress(now)
        self._reported = now
        return now
