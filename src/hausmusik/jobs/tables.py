"""The tables of the job journal, one script per version, and how their rows become values.

A script that was released is never changed. Times are seconds since 1970 in UTC. `steps.attempts` numbers the leases of
a step.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from hausmusik.codec import Failure
from hausmusik.jobs.model import Job, Step

_V1: Final = """
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    label TEXT NOT NULL,
    key TEXT NOT NULL,
    run TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'failed', 'cancelled')),
    created_at REAL NOT NULL,
    finished_at REAL,
    error_code TEXT NOT NULL DEFAULT '',
    error_message TEXT NOT NULL DEFAULT '',
    error_hint TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX jobs_open ON jobs (kind, key) WHERE state = 'open' AND key <> '';
CREATE TABLE steps (
    job TEXT NOT NULL REFERENCES jobs (id),
    key TEXT NOT NULL,
    position INTEGER NOT NULL,
    payload BLOB NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'leased', 'done', 'failed', 'cancelled')),
    attempts INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    losses INTEGER NOT NULL DEFAULT 0,
    owner TEXT NOT NULL DEFAULT '',
    lease_until REAL NOT NULL DEFAULT 0,
    not_before REAL NOT NULL DEFAULT 0,
    took_s REAL NOT NULL DEFAULT 0,
    result BLOB NOT NULL DEFAULT x'',
    error_code TEXT NOT NULL DEFAULT '',
    error_message TEXT NOT NULL DEFAULT '',
    error_hint TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (job, key)
);
CREATE UNIQUE INDEX steps_in_order ON steps (job, position);
CREATE INDEX steps_by_state ON steps (job, state, position);
CREATE INDEX steps_by_owner ON steps (owner) WHERE state = 'leased';
"""

# Counted as they change: to count them anew after each of 100,000 steps would take longer than the steps.
_V2: Final = """
CREATE TABLE step_counts (
    job TEXT NOT NULL,
    state TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (job, state)
) WITHOUT ROWID;
INSERT INTO step_counts SELECT job, state, count(*) FROM steps GROUP BY job, state;
CREATE TRIGGER step_added AFTER INSERT ON steps BEGIN
    INSERT INTO step_counts VALUES (NEW.job, NEW.state, 1) ON CONFLICT (job, state) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER step_moved AFTER UPDATE OF state ON steps WHEN OLD.state <> NEW.state BEGIN
    UPDATE step_counts SET count = count - 1 WHERE job = OLD.job AND state = OLD.state;
    INSERT INTO step_counts VALUES (NEW.job, NEW.state, 1) ON CONFLICT (job, state) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER step_gone AFTER DELETE ON steps BEGIN
    UPDATE step_counts SET count = count - 1 WHERE job = OLD.job AND state = OLD.state;
END;
CREATE INDEX steps_done ON steps (key) WHERE state = 'done';
"""

MIGRATIONS: Final = (_V1, _V2)


def _failure(row: dict[str, Any]) -> Failure | None:
    return Failure(row["error_code"], row["error_message"], row["error_hint"]) if row["error_code"] else None


def step_of(row: dict[str, Any]) -> Step:
    """Return the step of a row of `steps`."""
    names = ("job", "key", "payload", "state", "attempts", "failures", "losses", "owner", "result", "took_s")
    return Step(**{name: row[name] for name in names}, error=_failure(row))


def job_of(row: dict[str, Any]) -> Job:
    """Return the job of a row of `jobs`."""
    names = ("id", "kind", "label", "key", "run", "state")
    finished = None if row["finished_at"] is None else datetime.fromtimestamp(row["finished_at"], UTC)
    return Job(
        **{name: row[name] for name in names},
        created_at=datetime.fromtimestamp(row["created_at"], UTC),
        finished_at=finished,
        error=_failure(row),
    )
