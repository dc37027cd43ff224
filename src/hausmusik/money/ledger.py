"""The ledger: an append-only SQLite journal with one row per play, whatever became of it.

A mistake is corrected by a further row that refers to the first; sums then come out right by themselves. Knows nothing
of why a play cost what it did.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any, Final

from hausmusik.config.database import Database, rows_of, storable
from hausmusik.errors import NotFoundError
from hausmusik.money.days import day_of
from hausmusik.money.dollars import nano_up
from hausmusik.money.learnt import Learnt, Unit, learn
from hausmusik.money.prices import Price
from hausmusik.money.reconcile import Bill, Billed, reconcile
from hausmusik.money.rows import USAGE_FIELDS, Basis, Grouping, LedgerRow, Total
from hausmusik.seams import Clock, Ids
from hausmusik.types import Usage

PAGE: Final = 1000
_TEXTS: Final = ("session", "run", "label", "cue", "document", "instrument", "host", "workspace")
_COLUMNS: Final = (
    *("id", "at", "kind", *_TEXTS, "basis", "outcome", *USAGE_FIELDS),
    *("cost_usd", "cost_nano", "price_name", "price_usd_per_s", "price_date", "price_source", "corrects"),
)
_INSERT: Final = f"INSERT INTO plays ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608
_GROUPS: Final[dict[Grouping, str]] = {
    "day": "day_of(at)",
    **{name: name for name in ("run", "session", "instrument", "host", "document", "cue")},
}


class Ledger:
    """The plays of a house.

    Args:
        database: From `money_file`.
        clock: Dates corrections.
        ids: Names them.
    """

    def __init__(self, database: Database, *, clock: Clock, ids: Ids) -> None:
        self.database = database
        self._clock = clock
        self._ids = ids

    def append(self, row: LedgerRow) -> None:
        """Write a row; one that costs money is on the disk when this returns, a power cut does not lose it.

        Raises:
            StoreError: it was not written: no room, no right to, a damaged file, or that id is there already.
        """
        with self.database.write(durable=bool(row.cost_usd)) as connection:
            insert(connection, row)

    def correct(
        self, row_id: str, cost_usd: Decimal, *, price: Price | None = None, basis: Basis = "reconciled"
    ) -> LedgerRow:
        """Say what a play has really cost, by a row for the difference to what is known so far.

        Args:
            row_id: The play.
            cost_usd: All that it cost, from 0.
            price: What that was reckoned with; empty: as before.
            basis: How it is known.

        Raises:
            NotFoundError: no such play.
            StoreError: it was not written.
        """
        if cost_usd < 0:
            raise ValueError("a play costs no less than nothing")
        with self.database.write(durable=True) as connection:
            rows = rows_of(connection, "SELECT * FROM plays WHERE id = ? AND corrects IS NULL", (row_id,))
            if not rows:
                raise NotFoundError(f"the ledger has no play {row_id}")
            known = connection.execute(
                "SELECT usd_sum(cost_usd) FROM plays WHERE id = ? OR corrects = ?", (row_id, row_id)
            )
            play = row_of(rows[0])
            correction = LedgerRow(
                **{name: getattr(play, name) for name in ("kind", *_TEXTS)},
                id=self._ids.new(),
                at=self._clock.now(),
                basis=basis,
                outcome=play.outcome,
                cost_usd=cost_usd - Decimal(known.fetchone()[0]),
                price=price or play.price,
                corrects=row_id,
            )
            insert(connection, correction)
        return correction

    def reconcile(
        self,
        bills: Sequence[Bill],
        *,
        host: str,
        workspace: str,
        since: datetime,
        until: Mapping[str, datetime],
    ) -> tuple[Billed, ...]:
        """Make hours cost what an account was billed for them, by further rows; a second time changes nothing.

        Args:
            bills: See `reconcile.reconcile`.
            host: Where the instruments played.
            workspace: Whose bill it is.
            since: Beginning of the first hour.
            until: By instrument, before when the bill is complete and nothing is under way; others are left alone.

        Raises:
            StoreError: nothing was written.
        """
        with self.database.write(durable=True) as connection:
            found = rows_of(
                connection, "SELECT * FROM plays WHERE host = ? AND at >= ?", (storable(host), _text(since))
            )
            told, added = reconcile(
                map(row_of, found),
                bills,
                host=storable(host),
                workspace=storable(workspace),
                since=since,
                until=until,
                new_id=self._ids.new,
                read=self._clock.now().date(),
            )
            for row in added:
                insert(connection, row)
        return told

    def rows(
        self, *, since: datetime | None = None, until: datetime | None = None, run: str = ""
    ) -> Iterator[LedgerRow]:
        """Yield rows by time, corrections among them, a thousand read at a time.

        Args:
            since: At this time or later.
            until: Before this time.
            run: Only of this run.
        """
        last, seen = _text(since), 0
        where, values = ("AND run = ?", (storable(run),)) if run else ("", ())
        while True:
            with self.database.read() as connection:
                found = rows_of(
                    connection,
                    # Pages go on by time and, where many rows share one, by how many of those have been seen.
                    f"SELECT * FROM plays WHERE at >= ? AND at < ? {where} ORDER BY at, rowid LIMIT ? OFFSET ?",  # noqa: S608
                    (last, _text(until, "~"), *values, PAGE, seen),
                )
            yield from map(row_of, found)
            if len(found) < PAGE:
                return
            seen = sum(row["at"] == found[-1]["at"] for row in found) + (
                seen if found[0]["at"] == found[-1]["at"] else 0
            )
            last = found[-1]["at"]

    def spent(self, run: str) -> Decimal:
        """Return what the plays of a run have cost, with corrections."""
        with self.database.read() as connection:
            row = connection.execute("SELECT usd_sum(cost_usd) FROM plays WHERE run = ?", (storable(run),)).fetchone()
        return Decimal(row[0] or 0)

    def totals(
        self,
        by: Grouping,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        zone: tzinfo | None = None,
    ) -> tuple[Total, ...]:
        """Return sums, those with the newest rows first.

        Args:
            by: What their rows share.
            since: At this time or later.
            until: Before this time.
            zone: Whose clock tells the day on which a play ended; None: this machine's.
        """

        def day(at: str) -> str:
            return day_of(datetime.fromisoformat(at), zone)

        group = _GROUPS[by]
        sums = ", ".join(f"sum({name}) AS {name}" for name in USAGE_FIELDS)
        with self.database.read() as connection:
            connection.create_function("day_of", 1, day)
            found = rows_of(
                connection,
                # A bare column beside max() is taken from the row of the maximum (SQLite's documented behaviour).
                f"SELECT {group} AS key, label, max(iif(kind = 'bill', '', at)) AS newest, "  # noqa: S608 -- our own names
                "sum(corrects IS NULL AND kind = 'play') AS plays, "
                "sum(corrects IS NULL AND kind = 'play' AND outcome = 'failed') AS failed, "
                "sum(corrects IS NULL AND kind = 'play' AND outcome = 'cancelled') AS cancelled, "
                f"usd_sum(cost_usd) AS cost_usd, {sums} FROM plays WHERE at >= ? AND at < ? "
                f"GROUP BY {group} ORDER BY newest DESC, key",
                (_text(since), _text(until, "~")),
            )
        return tuple(
            Total(
                **{name: row[name] for name in ("key", "label", "plays", "failed", "cancelled")},
                usage=_usage(row),
                cost_usd=Decimal(row["cost_usd"]),
            )
            for row in found
        )

    def learnt(self, instrument: str, host: str, unit: Unit = "audio_s") -> Learnt | None:
        """Return what plays of an instrument on a host have taken lately; None while there are too few."""
        return learn(self.database, instrument, host, unit)


def insert(connection: sqlite3.Connection, row: LedgerRow) -> None:
    """Write a row inside a transaction of the caller's."""
    connection.execute(
        _INSERT,
        (
            *(
                row.id,
                _text(row.at),
                row.kind,
                *(storable(getattr(row, name)) for name in _TEXTS),
                row.basis,
                row.outcome,
            ),
            *(getattr(row.usage, name) for name in USAGE_FIELDS),
            *(format(row.cost_usd, "f"), nano_up(row.cost_usd), row.price.name, format(row.price.usd_per_s, "f")),
            *(row.price.date.isoformat(), row.price.source, row.corrects or None),
        ),
    )


def _text(time: datetime | None, otherwise: str = "") -> str:
    return otherwise if time is None else time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _usage(row: dict[str, Any]) -> Usage:
    return Usage(**{name: row[name] for name in USAGE_FIELDS})


def row_of(row: dict[str, Any]) -> LedgerRow:
    """Return the value of a row of `plays`."""
    return LedgerRow(
        **{name: row[name] for name in ("id", "kind", *_TEXTS, "basis", "outcome")},
        at=datetime.fromisoformat(row["at"]),
        usage=_usage(row),
        cost_usd=Decimal(row["cost_usd"]),
        price=Price(
            name=row["price_name"],
            usd_per_s=Decimal(row["price_usd_per_s"]),
            date=date.fromisoformat(row["price_date"]),
            source=row["price_source"],
        ),
        corrects=row["corrects"] or "",
    )
