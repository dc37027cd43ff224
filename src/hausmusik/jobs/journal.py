"""The journal of jobs and steps: one SQLite file, safe for threads and processes, and for kill -9 at any moment.

A step is leased for a while and the lease is renewed; when it runs out, or its process is surely gone, anybody may take
the step. The number of the lease (`attempts`) fences off a late owner: what it still reports is refused. Knows nothing
of what a step does, nor of event loops.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from hausmusik.codec import Failure, failure_of
from hausmusik.config.database import Database, rows_of, storable
from hausmusik.errors import NotFoundError, WorkerLost
from hausmusik.jobs.model import Counts, Job, JobState, NewStep, Step, StepState
from hausmusik.jobs.tables import MIGRATIONS, job_of, step_of
from hausmusik.owner import is_gone, new_owner
from hausmusik.seams import Clock, Ids

MAX_BYTES: Final = 1 << 20
MAX_LEASE_S: Final = 3600.0
PAGE_BYTES: Final = 1024
"""A step that is begun or ended changes a few bytes on each of five pages, and is a commit of its own."""

MAX_LOSSES: Final = 20
KEPT: Final = timedelta(days=30)
"""How long jobs that have ended are remembered by those who `prune`."""


class Journal:
    """All jobs of a house.

    Args:
        path: The SQLite file, usually `Folders.jobs`.
        clock: Wall time; leases compare it across processes.
        ids: Names of jobs and owners.
        lease_s: How long a step stays leased without being renewed, at most an hour.
        gone: Whether an owner's process has surely ended.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Clock,
        ids: Ids,
        lease_s: float = 30.0,
        gone: Callable[[str], bool] = is_gone,
    ) -> None:
        if not 0 < lease_s <= MAX_LEASE_S:
            raise ValueError(f"a lease lasts more than 0 and at most {MAX_LEASE_S:.0f} s")
        self.lease_s = lease_s
        self.database = Database(path, title="job journal", migrations=MIGRATIONS, page_bytes=PAGE_BYTES)
        self._clock = clock
        self._ids = ids
        self._gone = gone

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self.database.close()

    def new_owner(self) -> str:
        """Return a name under which this process may claim steps."""
        return new_owner(self._ids)

    # -- jobs ---------------------------------------------------------------------------------------------------------

    def open_job(
        self,
        kind: str,
        label: str = "",
        *,
        key: str = "",
        run: str = "",
        steps: Iterable[NewStep] = (),
        reuse: bool = False,
    ) -> Job:
        """Find the open job of that kind and key, or make one; steps that it does not have yet are added.

        This is also how a job gets more steps while it runs. One that failed or was cancelled is not found again: what
        it left undone is a new job's.

        Args:
            kind: What it does.
            label: For people.
            key: Empty: always a new job.
            run: Id of the run it belongs to.
            steps: To be added.
            reuse: A step that another job of that kind has done is done here too, with its result: for steps whose key
                says all that the result depends on.

        Raises:
            StoreError: the file cannot be used; nothing was written.
        """
        with self.database.write() as connection:
            rows = rows_of(
                connection,
                "SELECT * FROM jobs WHERE kind = ? AND key = ? AND state = 'open' AND key <> ''",
                (storable(kind), storable(key)),
            )
            if not rows:
                values = (self._ids.new(), *map(storable, (kind, label, key, run)), self._now())
                connection.execute(
                    "INSERT INTO jobs (id, kind, label, key, run, state, created_at) VALUES (?, ?, ?, ?, ?, 'open', ?)",
                    values,
                )
                rows = rows_of(connection, "SELECT * FROM jobs WHERE id = ?", (values[0],))
            _add(connection, str(rows[0]["id"]), steps)
            if reuse:
                connection.execute(_REUSE, (storable(kind), rows[0]["id"]))
        return job_of(rows[0])

    def job(self, job: str) -> Job:
        """Return a job by id; raises NotFoundError."""
        with self.database.read() as connection:
            rows = rows_of(connection, "SELECT * FROM jobs WHERE id = ?", (job,))
        if not rows:
            raise NotFoundError(f"there is no job {job}", hint="`haus jobs list` names those that are open")
        return job_of(rows[0])

    def jobs(
        self, *, kind: str = "", key: str = "", state: JobState | None = None, limit: int = 100
    ) -> tuple[Job, ...]:
        """Return jobs, newest first."""
        with self.database.read() as connection:
            rows = rows_of(
                connection,
                "SELECT * FROM jobs WHERE ? IN ('', kind) AND ? IN ('', key) AND ? IN ('', state) "
                "ORDER BY id DESC LIMIT ?",
                (storable(kind), storable(key), state or "", limit),
            )
        return tuple(map(job_of, rows))

    def settle(self, job: str) -> Job:
        """Close a job when each of its steps has ended: cancelled if any was, else failed if any did, else done."""
        with self.database.write() as connection:
            counts = _counts(connection, job)
            if not counts.left:
                state = "cancelled" if counts.cancelled else "failed" if counts.failed else "done"
                first = rows_of(
                    connection,
                    "SELECT error_code, error_message, error_hint FROM steps WHERE job = ? AND state = 'failed' "
                    "ORDER BY position LIMIT 1",
                    (job,),
                )
                error = tuple(first[0].values()) if first else ("", "", "")
                connection.execute(
                    "UPDATE jobs SET state = ?, finished_at = ?, error_code = ?, error_message = ?, error_hint = ? "
                    "WHERE id = ? AND state = 'open'",
                    (state, self._now(), *error, job),
                )
        return self.job(job)

    def cancel(self, job: str) -> Job:
        """Cancel a job and all steps that have not ended; who is at one learns it when renewing its lease."""
        with self.database.write() as connection:
            connection.execute(
                "UPDATE steps SET state = 'cancelled', owner = '' WHERE job = ? AND state IN ('pending', 'leased')",
                (job,),
            )
            connection.execute(
                "UPDATE jobs SET state = 'cancelled', finished_at = ? WHERE id = ? AND state = 'open'",
                (self._now(), job),
            )
        return self.job(job)

    def reopen(self, job: str, keys: Iterable[str]) -> Job:
        """Make steps of a job that have ended pending again, as if they were new; the job is open if there are any."""
        with self.database.write() as connection:
            changed = [
                connection.execute(
                    "UPDATE steps SET state = 'pending', failures = 0, losses = 0, not_before = 0, result = x'', "
                    "error_code = '', error_message = '', error_hint = '' "
                    "WHERE job = ? AND key = ? AND state IN ('done', 'failed', 'cancelled')",
                    (job, storable(key)),
                ).rowcount
                for key in keys
            ]
            if sum(changed):
                connection.execute(
                    "UPDATE jobs SET state = 'open', finished_at = NULL, error_code = '', error_message = '', "
                    "error_hint = '' WHERE id = ?",
                    (job,),
                )
        return self.job(job)

    def prune(self, before: datetime) -> int:
        """Forget jobs that ended before a time, with their steps and results; returns how many."""
        with self.database.write() as connection:
            old = (before.timestamp(),)
            connection.execute("DELETE FROM steps WHERE job IN (SELECT id FROM jobs WHERE finished_at < ?)", old)
            connection.execute("DELETE FROM step_counts WHERE job IN (SELECT id FROM jobs WHERE finished_at < ?)", old)
            return connection.execute("DELETE FROM jobs WHERE finished_at < ?", old).rowcount

    # -- steps --------------------------------------------------------------------------------------------------------

    def claim(self, job: str, owner: str) -> Step | None:
        """Lease the next step that is ready, or None; a step whose owners keep dying is failed instead."""
        return next(iter(self.claim_some(job, owner, 1)), None)

    def claim_some(self, job: str, owner: str, count: int) -> list[Step]:
        """Lease the next steps that are ready, at most so many, in one commit; see `claim`."""
        claimed: list[Step] = []
        with self.database.write() as connection:
            now = self._now()
            values = (job, now, now + MAX_LEASE_S)
            if not connection.execute("SELECT 1 FROM jobs WHERE id = ? AND state = 'open'", (job,)).fetchone():
                return []
            while len(claimed) < count:
                rows = rows_of(connection, _OVER, values) or rows_of(connection, _READY, values)
                if not rows:
                    break
                step = step_of(rows[0])
                losses = step.losses + (step.state == "leased")
                if losses < MAX_LOSSES:
                    connection.execute(
                        "UPDATE steps SET state = 'leased', owner = ?, lease_until = ?, losses = ?, "
                        "attempts = attempts + 1 WHERE job = ? AND key = ?",
                        (owner, now + self.lease_s, losses, job, step.key),
                    )
                    claimed.append(step_of(rows_of(connection, _ONE, (job, step.key))[0]))
                    continue
                lost = failure_of(WorkerLost(f"whoever was at this step died, {losses} times"))
                _end(connection, step, "failed", error=lost)
        return claimed

    def renew(self, owner: str) -> frozenset[str]:
        """Prolong every lease of an owner; returns the keys that it still holds."""
        with self.database.write() as connection:
            connection.execute(
                "UPDATE steps SET lease_until = ? WHERE owner = ? AND state = 'leased'",
                (self._now() + self.lease_s, owner),
            )
            held = connection.execute("SELECT key FROM steps WHERE owner = ? AND state = 'leased'", (owner,))
            return frozenset(str(row[0]) for row in held)

    def finish(self, step: Step, result: bytes = b"", *, took_s: float = 0.0) -> bool:
        """Journal a step as done; False when the lease had gone to somebody else, and the result was not kept."""
        if len(result) > MAX_BYTES:
            raise ValueError(f"the result of a step is at most {MAX_BYTES} bytes; store it elsewhere and refer to it")
        with self.database.write() as connection:
            return _end(connection, step, "done", result=result, took_s=took_s)

    def fail(self, step: Step, error: Failure, *, retry_in_s: float | None = None) -> bool:
        """Journal a failure, for good or to be tried again after a while; False when the lease had gone."""
        with self.database.write() as connection:
            if retry_in_s is None:
                return _end(connection, step, "failed", error=error)
            again = self._now() + min(max(retry_in_s, 0.0), MAX_LEASE_S)
            return _end(connection, step, "pending", error=error, not_before=again)

    def put_back(self, step: Step) -> bool:
        """Make a step pending again, as if it had never been had; False when the lease had gone."""
        with self.database.write() as connection:
            return _end(connection, step, "pending")

    def give_back(self, owner: str) -> int:
        """Make every step that an owner holds pending again, as if it had never had it; returns how many."""
        with self.database.write() as connection:
            return connection.execute(
                "UPDATE steps SET state = 'pending', owner = '' WHERE owner = ? AND state = 'leased'", (owner,)
            ).rowcount

    def take_over(self, job: str) -> int:
        """Let the leases of processes that are surely gone run out at once; returns how many there were."""
        with self.database.read() as connection:
            held = connection.execute("SELECT DISTINCT owner FROM steps WHERE job = ? AND state = 'leased'", (job,))
            gone = [owner for (owner,) in held if self._gone(owner)]
        if not gone:
            return 0
        with self.database.write() as connection:
            done = [
                connection.execute(
                    "UPDATE steps SET lease_until = 0 WHERE job = ? AND owner = ? AND state = 'leased'", (job, owner)
                ).rowcount
                for owner in gone
            ]
        return sum(done)

    def wait_s(self, job: str) -> float | None:
        """Return the seconds until a step may become ready, 0 when one is, None when all have ended."""
        with self.database.read() as connection:
            row = connection.execute(
                "SELECT min(CASE state WHEN 'pending' THEN not_before ELSE lease_until END) FROM steps "
                "WHERE job = ? AND state IN ('pending', 'leased')",
                (job,),
            ).fetchone()
        return None if row[0] is None else min(max(0.0, float(row[0]) - self._now()), MAX_LEASE_S)

    def step(self, job: str, key: str) -> Step:
        """Return one step; raises NotFoundError."""
        with self.database.read() as connection:
            rows = rows_of(connection, _ONE, (job, storable(key)))
        if not rows:
            raise NotFoundError(f"job {job} has no step {key}")
        return step_of(rows[0])

    def steps(self, job: str, state: StepState | None = None) -> Iterator[Step]:
        """Yield the steps of a job in the order in which they were added, a thousand read at a time."""
        last = -1
        while True:
            with self.database.read() as connection:
                rows = rows_of(
                    connection,
                    "SELECT * FROM steps WHERE job = ? AND ? IN ('', state) AND position > ? "
                    "ORDER BY position LIMIT 1000",
                    (job, state or "", last),
                )
            yield from map(step_of, rows)
            if len(rows) < 1000:
                return
            last = int(rows[-1]["position"])

    def known(self, kind: str, key: str) -> bytes | None:
        """Return the result of a step of that key in any job of that kind, or None where none has done it."""
        with self.database.read() as connection:
            row = connection.execute(_KNOWN, (storable(kind), storable(key))).fetchone()
        return None if row is None else bytes(row[0])

    def counts(self, job: str) -> Counts:
        """Return how many steps are where."""
        with self.database.read() as connection:
            return _counts(connection, job)

    def durations_s(self, job: str, limit: int = 50) -> Sequence[float]:
        """Return how long the last finished steps took, newest first."""
        with self.database.read() as connection:
            rows = connection.execute(
                "SELECT took_s FROM steps WHERE job = ? AND state = 'done' AND took_s > 0 "
                "ORDER BY position DESC LIMIT ?",
                (job, limit),
            )
            return [float(row[0]) for row in rows]

    def _now(self) -> float:
        return self._clock.now().timestamp()


# A lease or a wait that would last longer than any can was written before the clock was set back: it counts as over.
_OVER: Final = (
    "SELECT * FROM steps WHERE job = ? AND state = 'leased' AND (lease_until <= ? OR lease_until > ?) LIMIT 1"
)
_READY: Final = """
    SELECT * FROM steps WHERE job = ? AND state = 'pending' AND (not_before <= ? OR not_before > ?)
    ORDER BY position LIMIT 1
"""
_ONE: Final = "SELECT * FROM steps WHERE job = ? AND key = ?"
_KNOWN: Final = """
    SELECT result FROM steps JOIN jobs ON jobs.id = steps.job
    WHERE steps.state = 'done' AND jobs.kind = ? AND steps.key = ? LIMIT 1
"""
_REUSE: Final = """
    UPDATE steps SET state = 'done', result = known.result
    FROM (SELECT other.job, other.key, other.result FROM steps AS other JOIN jobs ON jobs.id = other.job
          WHERE other.state = 'done' AND jobs.kind = ?) AS known
    WHERE steps.job = ? AND steps.state = 'pending' AND known.key = steps.key
"""


def _add(connection: sqlite3.Connection, job: str, steps: Iterable[NewStep]) -> None:
    row = connection.execute("SELECT coalesce(max(position), -1) FROM steps WHERE job = ?", (job,)).fetchone()
    position = int(row[0]) + 1
    for offset, step in enumerate(steps):
        if len(step.payload) > MAX_BYTES:
            raise ValueError(f"the payload of a step is at most {MAX_BYTES} bytes; store it elsewhere and refer to it")
        connection.execute(
            "INSERT INTO steps (job, key, position, payload) VALUES (?, ?, ?, ?) ON CONFLICT (job, key) DO NOTHING",
            (job, storable(step.key), position + offset, step.payload),
        )


def _end(
    connection: sqlite3.Connection,
    step: Step,
    state: StepState,
    *,
    result: bytes = b"",
    error: Failure | None = None,
    not_before: float = 0.0,
    took_s: float = 0.0,
) -> bool:
    """Take a step out of its lease, if it is still this one."""
    failure = error or Failure("", "", "")
    return (
        connection.execute(
            "UPDATE steps SET state = ?, owner = '', result = ?, not_before = ?, took_s = ?, failures = failures + ?, "
            "error_code = ?, error_message = ?, error_hint = ? "
            "WHERE job = ? AND key = ? AND state = 'leased' AND owner = ? AND attempts = ?",
            (
                *(state, result, not_before, took_s, error is not None),
                *map(storable, (failure.code, failure.message, failure.hint)),
                *(step.job, step.key, step.owner, step.attempts),
            ),
        ).rowcount
        == 1
    )


def _counts(connection: sqlite3.Connection, job: str) -> Counts:
    rows = connection.execute("SELECT state, count FROM step_counts WHERE job = ?", (job,))
    return Counts(**{str(state): int(count) for state, count in rows})
