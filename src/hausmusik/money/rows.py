"""The values of the ledger: one row per play, and sums of rows. Knows nothing of SQLite."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, Literal, TypeAlias

import msgspec

from hausmusik.money.dollars import nano_up
from hausmusik.money.prices import Price
from hausmusik.types import Usage

Basis: TypeAlias = Literal["measured", "estimated", "reconciled"]
Kind: TypeAlias = Literal["play", "idle", "warm", "bill"]
Outcome: TypeAlias = Literal["done", "failed", "cancelled"]
Grouping: TypeAlias = Literal["run", "session", "instrument", "host", "day", "document", "cue"]

USAGE_FIELDS: Final = Usage.__struct_fields__
LARGEST: Final = 1e15
KEEP_WARM: Final = "keep warm"
"""Label of rows of the kind `warm`."""


class LedgerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to play, the idle time that one left behind, or a correction. Never changed once written.

    Args:
        id: Unique, sortable by time.
        at: When it ended, UTC.
        kind: `play`; `idle`: a machine that stayed up after a play, for which the others say which; `warm`: one that
            was started, or kept up, for plays to come; `bill`: what makes an hour cost what the account was billed for
            it, see `reconcile`.
        session: The house that played it, from opening to closing.
        run: Id of the run.
        label: The run's label.
        cue: The cue it was for.
        document: The document it was for.
        instrument: Catalogue id, after routing.
        host: Where it played.
        workspace: The account or cluster; empty on your own machine.
        basis: `measured` by the engine and its host, `estimated` by us where they could not say, `reconciled` with a
            bill.
        outcome: How it ended; every attempt is charged.
        usage: Seconds, audio seconds, characters, tokens; idle seconds below zero only in corrections.
        cost_usd: What it cost; below zero only in corrections and bills.
        price: What was reckoned with.
        corrects: Id of the row that this one corrects by `cost_usd`; empty for plays.

    Raises:
        ValueError: a number that cannot be, a time without its zone.
    """

    id: str
    at: datetime
    kind: Kind = "play"
    session: str = ""
    run: str = ""
    label: str = ""
    cue: str = ""
    document: str = ""
    instrument: str = ""
    host: str = ""
    workspace: str = ""
    basis: Basis = "measured"
    outcome: Outcome = "done"
    usage: Usage = Usage()
    cost_usd: Decimal = Decimal(0)
    price: Price
    corrects: str = ""

    def __post_init__(self) -> None:
        if self.at.utcoffset() != UTC.utcoffset(None):
            raise ValueError("the time of a ledger row must be in UTC")
        if not is_sane(msgspec.structs.replace(self.usage, idle_s=abs(self.usage.idle_s))):
            raise ValueError(f"{self.usage} cannot be")
        nano_up(self.cost_usd)
        if (self.cost_usd < 0 or self.usage.idle_s < 0) and not self.corrects and self.kind != "bill":
            raise ValueError("only a correction may cost less than nothing")


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """The sum of some rows.

    Args:
        key: The run, session, instrument, host, document, cue or day (`2026-11-23`) that they share.
        label: Of the newest of them.
        plays: Attempts; starts ahead of them, idle times and corrections are none.
        failed: Attempts that failed.
        cancelled: Attempts that were cancelled.
        usage: All of their usage.
        cost_usd: All of their cost, corrections included.
    """

    key: str
    label: str
    plays: int
    failed: int
    cancelled: int
    usage: Usage
    cost_usd: Decimal


def is_sane(usage: Usage) -> bool:
    """Return whether every figure is a number that can be: finite, not below zero, not absurdly large."""
    return all(0 <= getattr(usage, name) < LARGEST for name in USAGE_FIELDS)  # false for nan too
