"""What a quote says: of each instrument the seconds of three parts, and dollars: low, expected, high.

    start   until machines are ready: none of it at the low end, where all are warm already
    play    the work itself
    idle    what machines stay up for after their last plays, paid for: none of it at the low end, where the next play
            comes at once; at the high end of every machine that may be started, its whole window

Quotes add up. Knows nothing of how they are reckoned.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, Literal, TypeAlias, get_args

import msgspec

from hausmusik.counted import counted
from hausmusik.money.dollars import shown
from hausmusik.money.learnt import Spread, Unit
from hausmusik.money.prices import Price

Basis: TypeAlias = Literal["learnt", "catalogue", "mixed"]
Part: TypeAlias = Literal["start", "play", "idle"]
Usd: TypeAlias = tuple[Decimal, Decimal, Decimal]

PARTS: Final[tuple[Part, ...]] = get_args(Part)
NOTHING: Final = Spread(0.0, 0.0, 0.0)


class QuoteLine(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument of a quote.

    Args:
        instrument: Catalogue id.
        host: Where it would play.
        unit: What is counted.
        units: How much.
        plays: How many plays.
        cold_starts: How many machines would start.
        start: Machine seconds of their starts.
        play: Machine seconds of playing.
        idle: Machine seconds after the last plays.
        price: What was reckoned with.
        basis: Where the seconds come from.
    """

    instrument: str
    host: str
    unit: Unit
    units: float
    plays: int
    cold_starts: int
    start: Spread
    play: Spread
    idle: Spread
    price: Price
    basis: Basis

    @property
    def seconds(self) -> Spread:
        """Machine seconds of all parts."""
        return self.start + self.play + self.idle

    @property
    def usd(self) -> Usd:
        """Dollars: low, expected, high."""
        return _sums(self.part_usd(part) for part in PARTS)

    def part_s(self, part: Part) -> Spread:
        """Return the machine seconds of a part."""
        parts: dict[Part, Spread] = {"start": self.start, "play": self.play, "idle": self.idle}
        return parts[part]

    def part_usd(self, part: Part) -> Usd:
        """Return the dollars of a part: low, expected, high."""
        seconds, of = self.part_s(part), self.price.for_seconds
        return of(seconds.low), of(seconds.mid), of(seconds.high)


class Quote(msgspec.Struct, frozen=True):
    """Lines and their sums; `quote_a + quote_b` is the quote for both. No lines: nothing to do."""

    lines: tuple[QuoteLine, ...] = ()

    def __add__(self, other: Quote) -> Quote:
        """Put two quotes together; lines of one instrument on one host at one price become one."""
        merged: dict[tuple[str, str, Unit, Price], QuoteLine] = {}
        for line in (*self.lines, *other.lines):
            key = (line.instrument, line.host, line.unit, line.price)
            merged[key] = _merged(merged[key], line) if key in merged else line
        return Quote(tuple(merged.values()))

    @property
    def low_usd(self) -> Decimal:
        """Least that it would cost."""
        return self._usd[0]

    @property
    def expected_usd(self) -> Decimal:
        """What it would cost."""
        return self._usd[1]

    @property
    def high_usd(self) -> Decimal:
        """Most that it would reasonably cost; a budget reserves the worst case, which is more."""
        return self._usd[2]

    @property
    def seconds(self) -> Spread:
        """Machine seconds one after another; divide by the machines that really run side by side."""
        return sum((line.seconds for line in self.lines), NOTHING)

    @property
    def cold_starts(self) -> int:
        """How many machines would start."""
        return sum(line.cold_starts for line in self.lines)

    @property
    def basis(self) -> Basis:
        """Where the seconds come from."""
        every: set[Basis] = {line.basis for line in self.lines}
        return every.pop() if len(every) == 1 else "mixed" if every else "catalogue"

    @property
    def in_short(self) -> str:
        """Its dollars in one line: the sum, then what each part is expected to be of it."""
        parts = (f"{_WORDS[part]} {shown(self.part_usd(part)[1])}" for part in PARTS)
        return f"about {_dollars(self._usd)}: {', '.join(parts)}"

    def part_usd(self, part: Part) -> Usd:
        """Return the dollars of a part, of all lines: low, expected, high."""
        return _sums(line.part_usd(part) for line in self.lines)

    @property
    def _usd(self) -> Usd:
        return _sums(line.usd for line in self.lines)

    def __str__(self) -> str:
        """Return a small table for people, the sum first; parts of what costs nothing are left out."""
        if not self.lines:
            return "nothing to do, $0.00"
        rows = [("together", "", "", _seconds(self.seconds), _dollars(self._usd), self.basis)]
        for line in self.lines:
            units = f"{line.units:,.0f} {_UNITS[line.unit]}"
            rows.append(
                (line.instrument, line.host, units, _seconds(line.seconds), _dollars(line.usd), str(line.basis))
            )
            if line.price.usd_per_s:
                rows += _part_rows(line)
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


_UNITS: Final[dict[Unit, str]] = {"audio_s": "s of audio", "characters": "characters", "tokens_out": "tokens"}
_WORDS: Final[dict[Part, str]] = {"start": "starting", "play": "playing", "idle": "idle after"}


def _merged(one: QuoteLine, two: QuoteLine) -> QuoteLine:
    return msgspec.structs.replace(
        one,
        units=one.units + two.units,
        plays=one.plays + two.plays,
        cold_starts=one.cold_starts + two.cold_starts,
        start=one.start + two.start,
        play=one.play + two.play,
        idle=one.idle + two.idle,
        basis=one.basis if one.basis == two.basis else "mixed",
    )


def _sums(usd: Iterable[Usd]) -> Usd:
    low = expected = high = Decimal(0)
    for each in usd:
        low, expected, high = low + each[0], expected + each[1], high + each[2]
    return low, expected, high


def _part_rows(line: QuoteLine) -> list[tuple[str, str, str, str, str, str]]:
    counts: dict[Part, str] = {
        "start": counted(line.cold_starts, "machine"),
        "play": counted(line.plays, "play"),
        "idle": counted(line.cold_starts, "machine"),
    }
    return [
        (f"  {_WORDS[part]}", "", counts[part], _seconds(line.part_s(part)), _dollars(line.part_usd(part)), "")
        for part in PARTS
        if line.part_s(part).high
    ]


def _range(low: str, expected: str, high: str) -> str:
    return expected if low == high else f"{expected} ({low} to {high})"


def _dollars(usd: Usd) -> str:
    return _range(*map(shown, usd))


def _seconds(seconds: Spread) -> str:
    return _range(*map(_time, (seconds.low, seconds.mid, seconds.high)))


def _time(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
