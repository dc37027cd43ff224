"""The tables of ledger and budget, one script per version; a script that was released is never changed.

Both share one file, so that a charge and the reservation that it settles go in one transaction. `plays` refuses UPDATE
and DELETE. Costs stand twice: as exact text, and rounded up to nano-dollars in `totals`, which triggers keep, so that a
budget is checked without reading the ledger. `at` is ISO 8601 in UTC with six decimals, which sorts as
text. `tails` has the machines that are, or were lately, up and idle after a play: see `tails.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from hausmusik.config.database import Database

_V1: Final = """
CREATE TABLE plays (
    id TEXT PRIMARY KEY,
    at TEXT NOT NULL,
    session TEXT NOT NULL,
    run TEXT NOT NULL,
    label TEXT NOT NULL,
    cue TEXT NOT NULL,
    document TEXT NOT NULL,
    instrument TEXT NOT NULL,
    host TEXT NOT NULL,
    workspace TEXT NOT NULL,
    basis TEXT NOT NULL CHECK (basis IN ('measured', 'estimated', 'reconciled')),
    outcome TEXT NOT NULL CHECK (outcome IN ('done', 'failed', 'cancelled')),
    queue_s REAL NOT NULL,
    boot_s REAL NOT NULL,
    load_s REAL NOT NULL,
    busy_s REAL NOT NULL,
    cpu_s REAL NOT NULL,
    audio_s REAL NOT NULL,
    characters INTEGER NOT NULL,
    tokens_in INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    cost_usd TEXT NOT NULL,
    cost_nano INTEGER NOT NULL,
    price_name TEXT NOT NULL,
    price_usd_per_s TEXT NOT NULL,
    price_date TEXT NOT NULL,
    price_source TEXT NOT NULL,
    corrects TEXT REFERENCES plays (id)
);
CREATE INDEX plays_by_time ON plays (at);
CREATE INDEX plays_by_run ON plays (run, at);
CREATE INDEX plays_by_instrument ON plays (instrument, host, at);
CREATE INDEX corrections ON plays (corrects) WHERE corrects IS NOT NULL;

CREATE TRIGGER plays_are_not_changed BEFORE UPDATE ON plays BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
CREATE TRIGGER plays_are_not_removed BEFORE DELETE ON plays BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
CREATE TRIGGER plays_are_not_replaced BEFORE INSERT ON plays
WHEN EXISTS (SELECT 1 FROM plays WHERE id = NEW.id) BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

CREATE TABLE totals (
    scope TEXT NOT NULL CHECK (scope IN ('run', 'day', 'house')),
    key TEXT NOT NULL,
    nano INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
) WITHOUT ROWID;
CREATE TRIGGER plays_are_added_up AFTER INSERT ON plays WHEN NEW.cost_nano <> 0 BEGIN
    INSERT INTO totals (scope, key, nano)
    VALUES ('run', NEW.run, NEW.cost_nano), ('day', substr(NEW.at, 1, 10), NEW.cost_nano), ('house', '', NEW.cost_nano)
    ON CONFLICT (scope, key) DO UPDATE SET nano = nano + excluded.nano;
END;

CREATE TABLE reservations (
    id TEXT PRIMARY KEY,
    run TEXT NOT NULL,
    instrument TEXT NOT NULL,
    host TEXT NOT NULL,
    nano INTEGER NOT NULL CHECK (nano > 0),
    made_at TEXT NOT NULL,
    expires_at REAL NOT NULL,
    state TEXT NOT NULL DEFAULT 'held' CHECK (state IN ('held', 'lapsed'))
);
CREATE INDEX reservations_held ON reservations (run, nano) WHERE state = 'held';
"""

_V2: Final = "ALTER TABLE reservations ADD COLUMN owner TEXT NOT NULL DEFAULT '';"

_V3: Final = """
ALTER TABLE plays ADD COLUMN kind TEXT NOT NULL DEFAULT 'play';
ALTER TABLE plays ADD COLUMN idle_s REAL NOT NULL DEFAULT 0;
CREATE TABLE tails (
    host TEXT NOT NULL,
    machine TEXT NOT NULL,
    id TEXT NOT NULL,
    play TEXT NOT NULL REFERENCES plays (id),
    ended_at REAL NOT NULL,
    window_s REAL NOT NULL,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'charged')),
    PRIMARY KEY (host, machine)
) WITHOUT ROWID;
CREATE INDEX tails_open ON tails (ended_at) WHERE state = 'open';
"""

# From here on there are rows of kind `bill`, which may cost less than nothing without being the correction of one row:
# an older version, which could not read them, refuses the file by its version.
_V4: Final = "CREATE INDEX plays_by_host ON plays (host, at);"

_V5: Final = "ALTER TABLE plays ADD COLUMN shared_s REAL NOT NULL DEFAULT 0;"

# What the row of a reservation needs that lapses. `machines` and `plays_each` are the host's; 0: not known.
_V6: Final = """
ALTER TABLE reservations ADD COLUMN kind TEXT NOT NULL DEFAULT 'play';
ALTER TABLE reservations ADD COLUMN label TEXT NOT NULL DEFAULT '';
ALTER TABLE reservations ADD COLUMN cue TEXT NOT NULL DEFAULT '';
ALTER TABLE reservations ADD COLUMN document TEXT NOT NULL DEFAULT '';
ALTER TABLE reservations ADD COLUMN machines INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reservations ADD COLUMN plays_each INTEGER NOT NULL DEFAULT 1;
"""

MIGRATIONS: Final = (_V1, _V2, _V3, _V4, _V5, _V6)


def money_file(path: Path) -> Database:
    """Return the SQLite file of ledger and budget; nothing is opened yet."""
    return Database(path, title="ledger", migrations=MIGRATIONS)
