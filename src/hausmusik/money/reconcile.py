"""The ledger and the bill: which rows make them agree, hour by hour and instrument by instrument.

A row costs evenly over the machine seconds that it charges, the last of which is its time: a play over two hours is
charged to both, by its seconds in each. Where an hour was billed lower than the ledger says, what was only estimated
gives way first, in proportion, then everything. Where it was billed higher, the rest is a row of its own without a run:
other machines may use the same account, and no run shall pay for them, but budgets must count what the account pays.

All of it is worked out anew each time from the rows that are no corrections, and only the difference to the corrections
that are there is written: a second time there is none, and a bill that was itself corrected is followed. Pure functions
of values; knows nothing of SQLite, hosts and clocks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple, TypeAlias

import msgspec

from hausmusik.money.dollars import NANO
from hausmusik.money.prices import Price
from hausmusik.money.rows import LedgerRow

HOUR: Final = timedelta(hours=1)
LATE: Final = timedelta(hours=1)
"""How long after an hour its bill is taken for complete: Modal's own reference says minutes, with possible delays."""

OF_NOBODY: Final = "billed, of no play known here"
"""Label of what an account was billed beyond the plays of this house."""

_JUST_BEFORE: Final = timedelta(microseconds=1)
_SHARED: Final = ("session", "run", "label", "cue", "document")


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """What an account was billed for an instrument in one hour.

    Args:
        instrument: Catalogue id.
        hour: Its beginning, UTC.
        cost_usd: All that the instrument's containers cost in it, before credits; counted to the nano-dollar.
    """

    instrument: str
    hour: datetime
    cost_usd: Decimal


class Billed(msgspec.Struct, frozen=True, kw_only=True):
    """One hour of one instrument: the bill against the ledger.

    Args:
        instrument: Catalogue id.
        hour: Its beginning, UTC.
        billed_usd: By the account.
        charged_usd: By plays and idle times, before any correction.
        corrected_usd: By which the ledger was changed now; 0: it agreed already.
    """

    instrument: str
    hour: datetime
    billed_usd: Decimal
    charged_usd: Decimal
    corrected_usd: Decimal


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """What came of holding the ledger against the bill.

    Args:
        workspace: Whose bill it was.
        since: Beginning of the first hour.
        until: Before which the bill is complete; the hours after it are for another time.
        hours: Each hour of each instrument in which it was billed or the ledger says something.
        waiting: Instruments of which something is still under way since before `until`; their hours since then wait.
    """

    workspace: str
    since: datetime
    until: datetime
    hours: tuple[Billed, ...]
    waiting: tuple[str, ...] = ()


class _Group(NamedTuple):
    """Whose a row is; in the order of `_SHARED`."""

    session: str = ""
    run: str = ""
    label: str = OF_NOBODY
    cue: str = ""
    document: str = ""


_NOBODY: Final = _Group()
Amounts: TypeAlias = dict[_Group, Decimal]


class _Hour:
    """What the ledger says of an hour of an instrument."""

    def __init__(self) -> None:
        self.charged: Amounts = defaultdict(Decimal)
        self.estimated: Amounts = defaultdict(Decimal)
        self.corrected: Amounts = defaultdict(Decimal)

    def add(self, row: LedgerRow, usd: Decimal) -> None:
        group = _Group(*(getattr(row, name) for name in _SHARED))
        if row.kind == "bill":
            self.corrected[group] += usd
            return
        self.charged[group] += usd
        if row.basis == "estimated":
            self.estimated[group] += usd

    def wanted(self, billed_usd: Decimal) -> Amounts:
        """Return the corrections with which the hour costs what was billed."""
        more_usd = billed_usd - sum(self.charged.values(), Decimal(0))
        if more_usd >= 0:
            return {_NOBODY: more_usd}
        certain = {group: max(Decimal(0), usd) for group, usd in self.charged.items()}
        guessed = {group: min(max(Decimal(0), usd), certain[group]) for group, usd in self.estimated.items()}
        off = _split(min(-more_usd, sum(guessed.values(), Decimal(0))), guessed)
        left = {group: usd - off.get(group, Decimal(0)) for group, usd in certain.items()}
        rest = _split(min(-more_usd - sum(off.values(), Decimal(0)), sum(left.values(), Decimal(0))), left)
        wanted = {group: -off.get(group, Decimal(0)) - rest.get(group, Decimal(0)) for group in certain}
        # Only a bill below zero leaves something: a refund, which is no run's.
        wanted[_NOBODY] = wanted.get(_NOBODY, Decimal(0)) + more_usd - sum(wanted.values(), Decimal(0))
        return wanted


def hour_of(time: datetime) -> datetime:
    """Return the beginning of the hour (UTC) that a time is in."""
    return time.replace(minute=0, second=0, microsecond=0)


def reconcile(
    rows: Iterable[LedgerRow],
    bills: Sequence[Bill],
    *,
    host: str,
    workspace: str,
    since: datetime,
    until: Mapping[str, datetime],
    new_id: Callable[[], str],
    read: date,
) -> tuple[tuple[Billed, ...], tuple[LedgerRow, ...]]:
    """Return how bill and ledger stood, and the rows to add.

    Args:
        rows: Of the ledger, from `since` on and without an end, in any order; those of other hosts and workspaces are
            passed over. A row that names no workspace is taken for one of this.
        bills: One per instrument and hour; an hour that has none was billed nothing.
        host: Where the instruments played.
        workspace: Whose bill it is.
        since: Beginning of the first hour.
        until: By instrument, before when the bill is complete and nothing is under way; others are left alone.
        new_id: Names rows.
        read: When the bill was read.
    """
    hours: dict[tuple[datetime, str], _Hour] = defaultdict(_Hour)
    for row in rows:
        if row.host == host and row.workspace in ("", workspace):
            for hour, usd in shares(row):
                hours[hour, row.instrument].add(row, usd)
    billed = {(each.hour, each.instrument): each.cost_usd.quantize(NANO) for each in bills}
    price = Price(name="as billed", usd_per_s=Decimal(0), date=read, source=f"the bill of {workspace or host}")
    told: list[Billed] = []
    added: list[LedgerRow] = []
    for hour, instrument in sorted({*hours, *billed}):
        if hour < since or hour + HOUR > until.get(instrument, since):
            continue
        known, usd = hours[hour, instrument], billed.get((hour, instrument), Decimal(0))
        wanted = known.wanted(usd)
        changes = {
            group: wanted.get(group, Decimal(0)) - known.corrected.get(group, Decimal(0))
            for group in sorted({*wanted, *known.corrected})
        }
        added += [
            LedgerRow(
                **dict(zip(_SHARED, group, strict=True)),
                id=new_id(),
                at=hour + HOUR - _JUST_BEFORE,  # in the hour and in its day, whatever day it is read on
                kind="bill",
                instrument=instrument,
                host=host,
                workspace=workspace,
                basis="reconciled",
                cost_usd=change,
                price=price,
            )
            for group, change in changes.items()
            if change
        ]
        told.append(
            Billed(
                instrument=instrument,
                hour=hour,
                billed_usd=usd,
                charged_usd=sum(known.charged.values(), Decimal(0)),
                corrected_usd=sum(changes.values(), Decimal(0)),
            )
        )
    return tuple(told), tuple(added)


def shares(row: LedgerRow) -> Iterator[tuple[datetime, Decimal]]:
    """Yield the hours that a row was in with what it cost in each; together exactly its cost.

    A correction of idle seconds has less than none of them, and takes from the last ones before its time.
    """
    usage = row.usage
    seconds = abs(usage.boot_s + usage.load_s + usage.busy_s + usage.idle_s)
    began = row.at - timedelta(seconds=seconds)
    # What ends with an hour has no second in the next one.
    last = hour_of(row.at - _JUST_BEFORE if began < row.at else row.at)
    left = row.cost_usd
    hour = hour_of(began)
    while hour < last:
        part = (hour + HOUR - max(began, hour)).total_seconds() / seconds
        usd = (row.cost_usd * Decimal(repr(part))).quantize(NANO)
        left -= usd
        yield hour, usd
        hour += HOUR
    if left:
        yield last, left


def _split(usd: Decimal, weights: Amounts) -> Amounts:
    """Split an amount in proportion to weights, to the nano-dollar; together exactly the amount."""
    whole = sum(weights.values(), Decimal(0))
    if not whole or not usd:
        return {}
    largest = max(weights, key=lambda group: (weights[group], group))
    parts = {group: (usd * weight / whole).quantize(NANO) for group, weight in weights.items()}
    parts[largest] += usd - sum(parts.values(), Decimal(0))
    return parts
