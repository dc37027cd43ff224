"""What machines cost between plays and after the last: nobody tells a caller when a serverless machine ends.

A play leaves a *tail*: its machine stays up for a window, paid for. The money for the whole window stays reserved. When
the machine plays again the gap is known, and charged as measured; when the window is over and nothing was heard, all of
it is charged as estimated. One that turns out to have stayed up for longer is charged for the rest, and of one that its
host says has ended before, what was charged too much is given back. Plain functions inside the caller's transaction, so
that money is never both free and spent. Knows nothing of hosts.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from hausmusik.config.database import rows_of, storable
from hausmusik.money.dollars import nano_up
from hausmusik.money.ledger import insert, row_of
from hausmusik.money.rows import Basis, LedgerRow
from hausmusik.types import Stay, Usage

KEPT_S: Final = 86_400.0
"""How long a charged tail is remembered, in case its machine is heard of again."""

_NEVER: Final = 1e12


def charge_gap(connection: sqlite3.Connection, host: str, stay: Stay, now: datetime, new_id: Callable[[], str]) -> None:
    """Charge what a machine has idled before the play that it begins now; its tail is over.

    At the beginning, not at the end: a long play would seem to be a machine whose window is over.
    """
    here = (storable(host), storable(stay.machine))
    for tail in rows_of(connection, "SELECT * FROM tails WHERE host = ? AND machine = ?", here):
        is_open, window_s = tail["state"] == "open", float(tail["window_s"])
        if stay.gap_s is not None:
            rest_s = max(0.0, stay.gap_s - (0.0 if is_open else window_s))
            _charge(connection, str(tail["play"]), str(tail["id"]) if is_open else new_id(), rest_s, "measured", now)
        elif is_open:  # another machine of that name: nothing more will be heard of the first
            _charge(connection, str(tail["play"]), str(tail["id"]), window_s, "estimated", now)
    connection.execute("DELETE FROM tails WHERE host = ? AND machine = ?", here)


def open_tail(connection: sqlite3.Connection, play: LedgerRow, stay: Stay, new_id: Callable[[], str]) -> None:
    """Reserve the window after a play.

    Args:
        connection: In a transaction in which the play's row was written.
        play: That row; `at` is when the tail begins.
        stay: Of the play.
        new_id: Names the tail.
    """
    here = (storable(play.host), storable(stay.machine))
    # A play that ran beside this one may have left a tail already; the machine idles from the last end on.
    connection.execute(
        "DELETE FROM reservations WHERE id IN (SELECT id FROM tails WHERE host = ? AND machine = ?)", here
    )
    connection.execute("DELETE FROM tails WHERE host = ? AND machine = ?", here)
    tail_id = new_id()
    connection.execute(
        "INSERT INTO tails (host, machine, id, play, ended_at, window_s) VALUES (?, ?, ?, ?, ?, ?)",
        (*here, tail_id, play.id, play.at.timestamp(), stay.window_s),
    )
    if nano := nano_up(play.price.for_seconds(stay.window_s)):
        connection.execute(
            "INSERT INTO reservations (id, run, instrument, host, nano, made_at, expires_at, owner) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, '')",
            (tail_id, *map(storable, (play.run, play.instrument, play.host)), nano, play.at.isoformat(), _NEVER),
        )


def charge_overdue(connection: sqlite3.Connection, now: datetime) -> None:
    """Charge the tails whose windows are over, and forget old ones."""
    now_s = now.timestamp()
    for tail in rows_of(connection, "SELECT * FROM tails WHERE state = 'open' AND ended_at + window_s <= ?", (now_s,)):
        window_s = float(tail["window_s"])
        ended = datetime.fromtimestamp(float(tail["ended_at"]) + window_s, UTC)
        _charge(connection, str(tail["play"]), str(tail["id"]), window_s, "estimated", ended)
        connection.execute("UPDATE tails SET state = 'charged' WHERE id = ?", (tail["id"],))
    connection.execute("DELETE FROM tails WHERE state = 'charged' AND ended_at < ?", (now_s - KEPT_S,))


def charge_ended(
    connection: sqlite3.Connection, host: str, ended: Mapping[str, float], now: datetime, new_id: Callable[[], str]
) -> None:
    """Charge machines that have ended for what they idled, instead of whole windows; their tails are over.

    Args:
        connection: In a transaction.
        host: Where they were.
        ended: Machine -> when it ended, seconds since 1970 by the host's clock. It is held against this machine's, so
            what comes out is kept between nothing and all the time that has passed.
        now: Time.
        new_id: Names rows.
    """
    for machine, ended_at in ended.items():
        here = (storable(host), storable(machine))
        for tail in rows_of(connection, "SELECT * FROM tails WHERE host = ? AND machine = ?", here):
            since_s, window_s = float(tail["ended_at"]), float(tail["window_s"])
            idle_s = max(0.0, min(ended_at, now.timestamp()) - since_s)
            at, play, tail_id = datetime.fromtimestamp(since_s + idle_s, UTC), str(tail["play"]), str(tail["id"])
            if tail["state"] == "open":
                _charge(connection, play, tail_id, idle_s, "measured", at)
            elif idle_s < window_s:  # dated as what it corrects, so that it takes from the same hours
                over = datetime.fromtimestamp(since_s + window_s, UTC)
                _charge(connection, play, new_id(), idle_s - window_s, "measured", over, corrects=tail_id)
            else:
                _charge(connection, play, new_id(), idle_s - window_s, "measured", at)
        connection.execute("DELETE FROM tails WHERE host = ? AND machine = ?", here)


def machines(connection: sqlite3.Connection, host: str) -> tuple[str, ...]:
    """Return the machines that have tails, open or charged."""
    found = connection.execute("SELECT machine FROM tails WHERE host = ? ORDER BY machine", (storable(host),))
    return tuple(str(row[0]) for row in found)


def is_followed(connection: sqlite3.Connection, host: str, machine: str) -> bool:
    """Return whether a machine has a tail."""
    here = (storable(host), storable(machine))
    return connection.execute("SELECT 1 FROM tails WHERE host = ? AND machine = ?", here).fetchone() is not None


def any_overdue(connection: sqlite3.Connection, now: datetime) -> bool:
    """Return whether `charge_overdue` has something to charge."""
    found = connection.execute(
        "SELECT 1 FROM tails WHERE state = 'open' AND ended_at + window_s <= ? LIMIT 1", (now.timestamp(),)
    )
    return found.fetchone() is not None


def _charge(
    connection: sqlite3.Connection,
    play_id: str,
    row_id: str,
    idle_s: float,
    basis: Basis,
    at: datetime,
    *,
    corrects: str = "",
) -> None:
    """Write the row of an idle time under the name of the play that left it, and let go of its reservation."""
    connection.execute("DELETE FROM reservations WHERE id = ?", (row_id,))
    if not idle_s:
        return
    play = row_of(rows_of(connection, "SELECT * FROM plays WHERE id = ?", (play_id,))[0])
    usage = Usage(idle_s=idle_s)
    names = ("session", "run", "label", "cue", "document", "instrument", "host", "workspace", "price")
    row = LedgerRow(
        **{name: getattr(play, name) for name in names},
        id=row_id,
        at=at,
        kind="idle",
        basis=basis,
        usage=usage,
        cost_usd=play.price.for_usage(usage),
        corrects=corrects,
    )
    insert(connection, row)
