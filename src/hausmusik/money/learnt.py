"""What the ledger has learnt about the speed of an instrument, so that the next quote is better than the last.

Only plays that ended well and were measured count, and of those the newest. Medians, so that one play on a busy machine
changes little. Knows nothing of money.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from hausmusik.config.database import Database

Unit: TypeAlias = Literal["audio_s", "characters", "tokens_out"]

RECENT: Final = 50
LOOKED_AT: Final = 2000
"""Rows looked through for them, so that a long ledger is no slower than a short one."""

ENOUGH: Final = 3
_COLUMN: Final[dict[Unit, str]] = {"audio_s": "audio_s", "characters": "characters", "tokens_out": "tokens_out"}


class Spread(msgspec.Struct, frozen=True):
    """Tenth percentile, median and ninetieth percentile."""

    low: float
    mid: float
    high: float

    def __add__(self, other: Spread) -> Spread:
        """Add end by end."""
        return Spread(self.low + other.low, self.mid + other.mid, self.high + other.high)


class Learnt(msgspec.Struct, frozen=True, kw_only=True):
    """What plays of one instrument on one host took.

    Args:
        unit: What is counted.
        cpu_s: Processor seconds per unit.
        busy_s: Wall seconds per unit.
        cold_start_s: Start, load and warm-up of a worker; None where none was seen.
        plays: How many plays it was learnt from.
    """

    unit: Unit
    cpu_s: Spread
    busy_s: Spread
    cold_start_s: Spread | None
    plays: int


def spread(values: Sequence[float]) -> Spread:
    """Return the spread of at least one value, between neighbours where it falls between them."""
    ordered = sorted(values)

    def at(fraction: float) -> float:
        place = fraction * (len(ordered) - 1)
        below, part = int(place), place % 1
        above = min(below + 1, len(ordered) - 1)
        return ordered[below] * (1 - part) + ordered[above] * part

    return Spread(at(0.1), at(0.5), at(0.9))


def learn(database: Database, instrument: str, host: str, unit: Unit) -> Learnt | None:
    """Return what the newest plays took; None while there are fewer than three.

    Raises:
        StoreError: the ledger cannot be read.
    """
    with database.read() as connection:
        plays = _recent(
            connection, instrument, host, f"cpu_s / {_COLUMN[unit]}, busy_s / {_COLUMN[unit]}", _COLUMN[unit]
        )
        colds = _recent(connection, instrument, host, "boot_s + load_s, 0", "boot_s + load_s")
    if len(plays) < ENOUGH:
        return None
    return Learnt(
        unit=unit,
        cpu_s=spread([cpu for cpu, _ in plays]),
        busy_s=spread([busy for _, busy in plays]),
        cold_start_s=spread([cold for cold, _ in colds]) if colds else None,
        plays=len(plays),
    )


def _recent(
    connection: sqlite3.Connection, instrument: str, host: str, what: str, positive: str
) -> list[tuple[float, float]]:
    return connection.execute(
        f"SELECT {what} FROM (SELECT * FROM plays WHERE instrument = ? AND host = ? ORDER BY at DESC LIMIT ?) "  # noqa: S608 -- our own names
        f"WHERE {positive} > 0 AND kind IN ('play', 'warm') AND outcome = 'done' AND basis = 'measured' "
        "AND corrects IS NULL ORDER BY at DESC LIMIT ?",
        (instrument, host, LOOKED_AT, RECENT),
    ).fetchall()
