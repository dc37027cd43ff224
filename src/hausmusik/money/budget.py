"""The budget: before a play its worst case is reserved, afterwards what it cost is settled.

Limits hold for a run, a day (UTC) and the whole house; spent plus reserved never exceeds one, with any number of
threads and processes, because both are read and written in one transaction. A process that surely lives holds what it
has reserved, however long its laptop sleeps; who dies without settling holds it until it lapses, and is then charged
for it: see `lapses`. Knows nothing of prices and hosts.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Final, Literal, TypeAlias

import msgspec

from hausmusik.config.database import Database, rows_of, storable
from hausmusik.errors import BudgetError, UsageError
from hausmusik.money.dollars import from_nano, nano_down, nano_up, shown
from hausmusik.money.lapses import any_lapsing, charge_lapsed, give_back, unpriced, was_charged
from hausmusik.money.ledger import insert
from hausmusik.money.rows import Kind, LedgerRow
from hausmusik.money.tails import (
    any_overdue,
    charge_ended,
    charge_gap,
    charge_overdue,
    is_followed,
    machines,
    open_tail,
)
from hausmusik.owner import is_alive, is_gone, new_owner
from hausmusik.seams import Clock, Ids, Machines
from hausmusik.types import Run, Stay

Scope: TypeAlias = Literal["run", "day", "house"]

HOLD_S: Final = 3600.0
_HINTS: Final[dict[Scope, str]] = {
    "run": "raise the budget of the run (or money.run_usd), or play on your own machine",
    "day": "raise money.day_usd, wait until midnight UTC, or play on your own machine",
    "house": "raise money.house_usd, or play on your own machine",
}


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The most that may be spent; None: no limit.

    Args:
        run_usd: By one run, whose own budget may be lower still.
        day_usd: In one day (UTC).
        house_usd: Ever, with this file.
    """

    run_usd: Decimal | None = None
    day_usd: Decimal | None = None
    house_usd: Decimal | None = None


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    """Money set aside for one play.

    Args:
        id: Will be the id of the play's row in the ledger.
        run: Id of the run.
        label: The run's label.
        instrument: What is to be played.
        host: Where.
        usd: How much; a reservation of nothing is not written down.
    """

    id: str
    run: str
    label: str
    instrument: str
    host: str
    usd: Decimal


class LimitState(msgspec.Struct, frozen=True, kw_only=True):
    """How one limit stands."""

    scope: Scope
    limit_usd: Decimal
    spent_usd: Decimal
    reserved_usd: Decimal

    @property
    def left_usd(self) -> Decimal:
        """What may still be reserved; never below zero."""
        return max(Decimal(0), self.limit_usd - self.spent_usd - self.reserved_usd)


class Budget:
    """The limits of a house.

    Args:
        database: From `money_file`, the same as the ledger's.
        limits: Of the settings.
        clock: Tells the day, and when reservations lapse.
        ids: Names reservations, and thereby plays.
        alive: Whether an owner's process surely lives.
    """

    def __init__(
        self,
        database: Database,
        limits: Limits,
        *,
        clock: Clock,
        ids: Ids,
        alive: Callable[[str], bool] = is_alive,
    ) -> None:
        self._database = database
        self._limits = limits
        self._clock = clock
        self._ids = ids
        self._alive = alive

    @cached_property
    def _owner(self) -> str:
        return new_owner(self._ids)

    def reserve(
        self,
        run: Run,
        worst_case_usd: Decimal,
        *,
        instrument: str = "",
        host: str = "",
        hold_s: float = HOLD_S,
        kind: Kind = "play",
        machines: Machines | None = None,
    ) -> Reservation:
        """Set aside the most that a play can cost; nothing is asked of plays that cost nothing.

        Args:
            run: The run; its `budget_usd` counts where it is lower than the limit for runs.
            worst_case_usd: As the host's own limits enforce it, from 0.
            instrument: What is to be played.
            host: Where.
            hold_s: After how many seconds the reservation lapses unless it is settled or extended before, or its
                process surely lives.
            kind: Of its row in the ledger, should it lapse.
            machines: On which several plays may be at once, for what is charged then; None: it is not known.

        Raises:
            BudgetError: a limit would be exceeded; says which, what is left of it and how much of it is only held.
            UsageError: the run's own budget is not an amount of dollars.
            StoreError: the file cannot be used.
        """
        nano = nano_up(worst_case_usd)
        if nano < 0:
            raise ValueError("a play costs no less than nothing")
        wanted = Reservation(
            id=self._ids.new(), run=run.id, label=run.label, instrument=instrument, host=host, usd=from_nano(nano)
        )
        if nano:
            with self._database.write(durable=True) as connection:
                self._lapse(connection)
                self._check(connection, run, wanted, "was not started")
                now = self._clock.now()
                connection.execute(
                    "INSERT INTO reservations (id, run, label, cue, document, instrument, host, nano, made_at, "
                    "expires_at, owner, kind, machines, plays_each) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        *(wanted.id, *map(storable, (run.id, run.label, run.cue, run.document, instrument, host))),
                        *(nano, now.isoformat(), now.timestamp() + hold_s, self._owner, kind),
                        *((machines.most, machines.plays_each) if machines else (0, 1)),
                    ),
                )
        return wanted

    def settle(
        self,
        reservation: Reservation,
        actual_usd: Decimal,
        row: LedgerRow | None = None,
        stay: Stay | None = None,
    ) -> LedgerRow:
        """Charge what a play has cost and let go of the rest, in one transaction. The ledger row is the charge.

        Args:
            reservation: Also one that has lapsed: what was charged for that is given back.
            actual_usd: From 0; more than was reserved is charged all the same.
            row: The play's row, with the reservation's id and this cost. Default: one that says nothing more.
            stay: Of a machine that is still up and paid for: money for its window stays reserved; see `tails`.

        Raises:
            StoreError: nothing was changed, the reservation still holds; or it was settled before.
        """
        row = row or LedgerRow(
            **{name: getattr(reservation, name) for name in ("id", "run", "label", "instrument", "host")},
            at=self._clock.now().astimezone(UTC),
            basis="estimated",
            cost_usd=actual_usd,
            price=unpriced(self._clock.now().date(), "settled by hand"),
        )
        if row.id != reservation.id or row.cost_usd != actual_usd:
            raise ValueError("the row is of another play")
        with self._database.write(durable=bool(reservation.usd or row.cost_usd)) as connection:
            if was_charged(connection, reservation.id):
                give_back(connection, reservation.id, self._ids.new)
                row = msgspec.structs.replace(row, id=self._ids.new(), corrects=reservation.id)
            insert(connection, row)
            connection.execute("DELETE FROM reservations WHERE id = ?", (reservation.id,))
            if stay is not None and stay.window_s and row.price.usd_per_s:
                open_tail(connection, row, stay, self._ids.new)
        return row

    def release(self, reservation: Reservation) -> None:
        """Let go of a reservation for a play that never began; raises StoreError."""
        if reservation.usd:
            with self._database.write() as connection:
                give_back(connection, reservation.id, self._ids.new)
                connection.execute("DELETE FROM reservations WHERE id = ?", (reservation.id,))

    def extend(self, run: Run, reservation: Reservation, hold_s: float = HOLD_S) -> None:
        """Hold a reservation for longer, from now on; one that has lapsed meanwhile is made again, if that is possible.

        Args:
            run: The run that it was made for.
            reservation: Neither settled nor released.
            hold_s: See `reserve`.

        Raises:
            BudgetError: it had lapsed, and a limit would now be exceeded: the play must be stopped.
            StoreError: the file cannot be used.
        """
        if not reservation.usd:
            return
        with self._database.write(durable=True) as connection:
            self._lapse(connection)
            found = connection.execute("SELECT state FROM reservations WHERE id = ?", (reservation.id,)).fetchone()
            if found is None:
                raise ValueError("this reservation was settled or released")
            if found[0] == "lapsed":
                give_back(connection, reservation.id, self._ids.new)
                self._check(connection, run, reservation, "was stopped, for its reservation had lapsed")
            connection.execute(
                "UPDATE reservations SET state = 'held', nano = ?, expires_at = ? WHERE id = ?",
                (nano_up(reservation.usd), self._clock.now().timestamp() + hold_s, reservation.id),
            )

    def states(self, run: Run) -> tuple[LimitState, ...]:
        """Return how each limit that a run has stands; raises StoreError, UsageError."""
        limits = self._limits_of(run)
        with self._database.write() as connection:
            self._lapse(connection)
            return self._states(connection, run.id, limits)

    def resumed(self, host: str, stay: Stay) -> None:
        """Charge what a machine has idled before the play that it begins now; raises StoreError."""
        with self._database.read() as connection:
            followed = is_followed(connection, host, stay.machine)
        if followed:
            with self._database.write(durable=True) as connection:
                charge_gap(connection, host, stay, self._clock.now(), self._ids.new)

    def charge_due(self) -> None:
        """Charge what machines have idled since their last plays, as far as it is over, and what killed processes left.

        Raises:
            StoreError: nothing was charged.
        """
        now = self._clock.now()
        with self._database.read() as connection:
            is_due = any_overdue(connection, now) or any_lapsing(connection, now)
        if is_due:
            with self._database.write(durable=True) as connection:
                self._lapse(connection)

    def idling(self, host: str) -> tuple[str, ...]:
        """Return the machines of a host that were up after their last plays and may have ended since."""
        with self._database.read() as connection:
            return machines(connection, host)

    def ended(self, host: str, ended: Mapping[str, float]) -> None:
        """Charge machines that a host says have ended for what they idled; see `tails`. Raises StoreError."""
        with self._database.write(durable=True) as connection:
            charge_ended(connection, host, ended, self._clock.now(), self._ids.new)

    def under_way(self, host: str) -> dict[str, datetime]:
        """Return since when something of each instrument is under way on a host: a play, or an idle window."""
        with self._database.read() as connection:
            rows = rows_of(
                connection,
                "SELECT instrument, made_at, owner FROM reservations WHERE state = 'held' AND host = ?",
                (storable(host),),
            )
        since: dict[str, datetime] = {}
        for row in rows:
            if not row["owner"] or not is_gone(row["owner"]):
                made = datetime.fromisoformat(row["made_at"])
                since[row["instrument"]] = min(since.get(row["instrument"], made), made)
        return since

    def in_flight(self, instrument: str, host: str) -> tuple[str, ...]:
        """Return the reservations of plays that are going on, by any process that is not surely gone."""
        with self._database.read() as connection:
            rows = rows_of(
                connection,
                # The window of an idle machine is reserved too (see `tails`), by nobody.
                "SELECT id, owner FROM reservations WHERE state = 'held' AND owner <> '' AND instrument = ? "
                "AND host = ? ORDER BY id",
                (instrument, host),
            )
        return tuple(row["id"] for row in rows if not is_gone(row["owner"]))

    def is_open(self, reservation: Reservation) -> bool:
        """Return whether a reservation, held or lapsed, was neither settled nor released; raises StoreError."""
        with self._database.read() as connection:
            found = connection.execute("SELECT 1 FROM reservations WHERE id = ?", (reservation.id,))
            return found.fetchone() is not None

    def lapsed(self) -> tuple[Reservation, ...]:
        """Return the reservations that nobody settled, with what was charged for each: their processes were killed."""
        with self._database.write(durable=True) as connection:
            self._lapse(connection)
            rows = rows_of(connection, "SELECT * FROM reservations WHERE state = 'lapsed' ORDER BY id")
        names = ("id", "run", "label", "instrument", "host")
        return tuple(Reservation(**{name: row[name] for name in names}, usd=from_nano(row["nano"])) for row in rows)

    def _limits_of(self, run: Run) -> dict[Scope, Decimal]:
        own = _own_limit(run)
        run_usd = min((each for each in (own, self._limits.run_usd) if each is not None), default=None)
        given: dict[Scope, Decimal | None] = {
            "run": run_usd,
            "day": self._limits.day_usd,
            "house": self._limits.house_usd,
        }
        return {scope: usd for scope, usd in given.items() if usd is not None}

    def _check(self, connection: sqlite3.Connection, run: Run, wanted: Reservation, verdict: str) -> None:
        """Refuse a reservation that does not fit; it is neither held nor charged itself."""
        states = self._states(connection, run.id, self._limits_of(run))
        # What no waiting would help is told first.
        for state in sorted(states, key=lambda each: (each.limit_usd - each.spent_usd >= wanted.usd, each.left_usd)):
            if nano_up(wanted.usd) > nano_down(state.left_usd):
                raise _refusal(wanted, state, verdict)

    def _lapse(self, connection: sqlite3.Connection) -> None:
        now = self._clock.now()
        charge_overdue(connection, now)
        charge_lapsed(connection, now, self._alive, self._ids.new)

    def _states(self, connection: sqlite3.Connection, run: str, limits: dict[Scope, Decimal]) -> tuple[LimitState, ...]:
        run = storable(run)
        held_all, held_run = connection.execute(
            "SELECT coalesce(sum(nano), 0), coalesce(sum(nano) FILTER (WHERE run = ?), 0) FROM reservations "
            "WHERE state = 'held'",
            (run,),
        ).fetchone()
        keys: dict[Scope, str] = {"run": run, "day": _day(self._clock.now()), "house": ""}
        states: list[LimitState] = []
        for scope, limit in limits.items():
            spent = connection.execute("SELECT nano FROM totals WHERE scope = ? AND key = ?", (scope, keys[scope]))
            states.append(
                LimitState(
                    scope=scope,
                    limit_usd=limit,
                    spent_usd=from_nano((spent.fetchone() or (0,))[0]),
                    reserved_usd=from_nano(held_run if scope == "run" else held_all),
                )
            )
        return tuple(states)


def _own_limit(run: Run) -> Decimal | None:
    if not run.budget_usd:
        return None
    try:
        own = Decimal(run.budget_usd.strip().removeprefix("$"))
        if nano_down(own) >= 0:
            return own
    except (ArithmeticError, ValueError):
        pass
    raise UsageError(f"a budget of {run.budget_usd!r} is not an amount of dollars", hint="write it like 2.50")


def _day(time: datetime) -> str:
    return time.astimezone(UTC).date().isoformat()


def _refusal(wanted: Reservation, state: LimitState, verdict: str) -> BudgetError:
    what = f"a play of {wanted.instrument}" if wanted.instrument else "a play"
    where = f" on {wanted.host}" if wanted.host else ""
    limit = f"the {state.scope}'s limit of {shown(state.limit_usd)}"
    left = f"and of {limit} only {shown(state.left_usd)} is left "
    left += f"({shown(state.spent_usd)} spent, {shown(state.reserved_usd)} reserved)"
    if state.left_usd == state.limit_usd:
        left = f"which is more than {limit}"
    return BudgetError(
        f"{what}{where} may cost up to {shown(wanted.usd)}, {left}; it {verdict}",
        hint=_HINTS[state.scope],
        needed_usd=wanted.usd,
        limit_usd=state.limit_usd,
        spent_usd=state.spent_usd,
        held_usd=state.reserved_usd,
    )
