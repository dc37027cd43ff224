"""The values of jobs and steps; all frozen, read from the journal and never written back.

A job is open until each of its steps has ended; a step is pending, leased to an owner for a while, or has ended in one
of three ways. Knows nothing of SQLite.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from hausmusik.codec import Failure

JobState: TypeAlias = Literal["open", "done", "failed", "cancelled"]
StepState: TypeAlias = Literal["pending", "leased", "done", "failed", "cancelled"]


class NewStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step to be added.

    Args:
        key: Unique within its job, and stable: adding the same key again changes nothing.
        payload: What the work needs to know, at most 1 MiB; large things are referred to.
    """

    key: str
    payload: bytes = b""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A step as the journal knows it.

    Args:
        job: Id of its job.
        key: Unique within the job.
        payload: As given.
        state: Where it is.
        attempts: How often it was started; also the number of the lease, which a late owner no longer matches.
        failures: How often it failed and may be tried again.
        losses: How often its owner died or fell silent.
        owner: Who holds it, while leased.
        result: What the work returned, when done.
        error: Why it failed last.
        took_s: Seconds of the attempt that ended it.
    """

    job: str
    key: str
    payload: bytes = b""
    state: StepState = "pending"
    attempts: int = 0
    failures: int = 0
    losses: int = 0
    owner: str = ""
    result: bytes = b""
    error: Failure | None = None
    took_s: float = 0.0


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job as the journal knows it.

    Args:
        id: Sortable by time.
        kind: What it does: `compose`, `batch` …
        label: What a person calls it.
        key: Asking for the same kind and key finds the job that is still open; empty: never found again.
        run: Id of the run it belongs to.
        state: `open` until each step has ended.
        created_at: UTC.
        finished_at: UTC, once it is no longer open.
        error: Of the first failed step, or why it was cancelled.
    """

    id: str
    kind: str
    label: str
    key: str
    run: str
    state: JobState
    created_at: datetime
    finished_at: datetime | None = None
    error: Failure | None = None


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many steps of a job are where."""

    pending: int = 0
    leased: int = 0
    done: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def total(self) -> int:
        """All steps known so far."""
        return self.pending + self.leased + self.done + self.failed + self.cancelled

    @property
    def left(self) -> int:
        """Steps that have not ended."""
        return self.pending + self.leased


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a job is.

    Args:
        done: Steps done, also by other processes and earlier ones.
        failed: Steps that failed for good.
        running: Steps that somebody is at.
        total: All steps known so far.
        eta_s: Seconds until the rest is done, learnt from finished steps; None until there is one.
    """

    done: int
    failed: int
    running: int
    total: int
    eta_s: float | None = None
