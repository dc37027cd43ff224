"""Reservations that nobody settled: a process was killed, and what it had playing was paid for all the same.

When such a reservation lapses it is charged, as estimated, for the most that it can have cost; a bill may say less.
Plays in flight at once share machines: of plays that fill what the host has, one reservation is charged for each
machine, and not one for each play. A whole one, three tries, is more than a machine can cost with plays that began one
after the other: one try from when the last of them began, and before that no more than another play's time. Whoever is
found to live after all gives back what was charged. Plain functions inside the caller's transaction; knows nothing of
hosts and limits.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from hausmusik.config.database import rows_of
from hausmusik.money.dollars import from_nano
from hausmusik.money.ledger import insert, row_of
from hausmusik.money.prices import Price
from hausmusik.money.rows import LedgerRow
from hausmusik.owner import is_gone


def unpriced(day: date, source: str) -> Price:
    """Return the price of a charge that is an amount and no number of seconds."""
    return Price(name="unknown", usd_per_s=Decimal(0), date=day, source=source)


def machines_for(plays: int, most: int, plays_each: int) -> int:
    """Return how many machines' reservations bound what plays in flight at once can cost.

    Each set of plays that fills all machines takes each once; those beyond it wait, or have a machine each.

    Args:
        plays: From 1.
        most: Machines that the host starts at most; 0: not known, each play may have its own.
        plays_each: Plays that one takes at once, from 1.
    """
    if not most:
        return plays
    full, rest = divmod(plays, most * plays_each)
    return full * most + min(rest, most)


def any_lapsing(connection: sqlite3.Connection, now: datetime) -> bool:
    """Return whether the time of a reservation is over; its process may live."""
    found = connection.execute(
        "SELECT 1 FROM reservations WHERE state = 'held' AND expires_at <= ? LIMIT 1", (now.timestamp(),)
    )
    return found.fetchone() is not None


def charge_lapsed(
    connection: sqlite3.Connection, now: datetime, alive: Callable[[str], bool], new_id: Callable[[], str]
) -> None:
    """Charge the reservations whose time is over and whose process does not surely live.

    With one of a process that is surely gone go all that it had on the same machines, for they are charged together.
    """
    old = rows_of(connection, "SELECT * FROM reservations WHERE state = 'held' AND expires_at <= ?", (now.timestamp(),))
    living = {owner for owner in {str(each["owner"]) for each in old} if alive(owner)}
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for each in old:
        if each["owner"] not in living:
            groups[each["owner"], each["instrument"], each["host"]].append(each)
    for (owner, instrument, host), lapsed in groups.items():
        if is_gone(owner):
            lapsed[:] = rows_of(
                connection,
                "SELECT * FROM reservations WHERE state = 'held' AND owner = ? AND instrument = ? AND host = ?",
                (owner, instrument, host),
            )
        most, plays_each = min((int(each["machines"]), int(each["plays_each"])) for each in lapsed)
        machines = machines_for(len(lapsed), most, plays_each)
        amounts = sorted((int(each["nano"]) for each in lapsed), reverse=True)
        for each in lapsed:
            # Rounded up, so that together they are no less than the largest reservations, one for each machine.
            _charge(connection, each, -(-int(each["nano"]) * sum(amounts[:machines]) // sum(amounts)), new_id)


def was_charged(connection: sqlite3.Connection, reservation_id: str) -> bool:
    """Return whether a reservation that is neither settled nor released has lapsed, be it that it was given back."""
    found = connection.execute(
        "SELECT 1 FROM reservations JOIN plays USING (id) WHERE reservations.id = ?", (reservation_id,)
    )
    return found.fetchone() is not None


def give_back(connection: sqlite3.Connection, reservation_id: str, new_id: Callable[[], str]) -> None:
    """Take back what was charged for a reservation that had lapsed, if it was: its process lives."""
    if not was_charged(connection, reservation_id):
        return
    known = connection.execute(
        "SELECT usd_sum(cost_usd) FROM plays WHERE id = ? OR corrects = ?", (reservation_id, reservation_id)
    )
    _correct(connection, reservation_id, -Decimal(known.fetchone()[0]), new_id)


def _charge(connection: sqlite3.Connection, reservation: dict[str, Any], nano: int, new_id: Callable[[], str]) -> None:
    """Write the charge, dated at the beginning: in that hour and day a bill will have most of it."""
    cost_usd = from_nano(nano)
    if was_charged(connection, reservation["id"]):  # and given back
        _correct(connection, reservation["id"], cost_usd, new_id)
    else:
        began = datetime.fromisoformat(reservation["made_at"]).astimezone(UTC)
        names = ("id", "kind", "run", "label", "cue", "document", "instrument", "host")
        row = LedgerRow(
            **{name: reservation[name] for name in names},
            at=began,
            basis="estimated",
            outcome="cancelled",
            cost_usd=cost_usd,
            price=unpriced(began.date(), "the most that a play can have cost whose process was killed"),
        )
        insert(connection, row)
    connection.execute("UPDATE reservations SET state = 'lapsed', nano = ? WHERE id = ?", (nano, reservation["id"]))


def _correct(connection: sqlite3.Connection, reservation_id: str, usd: Decimal, new_id: Callable[[], str]) -> None:
    """Add to the charge, dated as the charge itself."""
    if usd:
        charge = row_of(rows_of(connection, "SELECT * FROM plays WHERE id = ?", (reservation_id,))[0])
        insert(connection, msgspec.structs.replace(charge, id=new_id(), corrects=reservation_id, cost_usd=usd))
