"""What something would take and cost: low, expected, high, for each instrument and together.

A quote starts from what the ledger has learnt about an instrument on a host, else from the figures of its catalogue
entry, which come from another machine and so get a wide range. Quotes add up. Knows nothing of catalogues: it takes
what is measured from whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final, Literal, Protocol, TypeAlias

import msgspec

from hausmusik.money.dollars import shown
from hausmusik.money.learnt import Learnt, Spread, Unit
from hausmusik.money.prices import Price, PriceSource
from hausmusik.types import Request

SLOWEST: Final = 2.5
FASTEST: Final = 0.5
"""A catalogue's figures come from one machine; laptops differ from it by about these factors."""

Basis: TypeAlias = Literal["learnt", "catalogue", "mixed"]
Learning: TypeAlias = Callable[[str, str, Unit], Learnt | None]


class Measured(Protocol):
    """What a catalogue entry says of its speed; `hausmusik.instruments.model.Measured` is one."""

    @property
    def unit(self) -> Unit:
        """What is counted."""
        ...

    @property
    def cpu_s_per_unit(self) -> float:
        """Processor seconds per unit."""
        ...

    @property
    def cold_start_s(self) -> float:
        """Process start, load and warm-up."""
        ...


class QuoteItem(msgspec.Struct, frozen=True, kw_only=True):
    """Some plays of one instrument.

    Args:
        instrument: Catalogue id, after routing.
        host: Where they would play.
        units: How much in all, in units of `measured`, e.g. seconds of audio.
        measured: What the catalogue says.
        plays: How many plays that is.
        cold_starts: How many workers will have to start first.
    """

    instrument: str
    host: str
    units: float
    measured: Measured
    plays: int = 1
    cold_starts: int = 1


class QuoteLine(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument of a quote.

    Args:
        instrument: Catalogue id.
        host: Where it would play.
        unit: What is counted.
        units: How much.
        plays: How many plays.
        cold_starts: How many workers would start.
        seconds: Machine seconds, cold starts included: the low end has none of these, all are warm already.
        price: What was reckoned with.
        basis: Where the seconds come from.
    """

    instrument: str
    host: str
    unit: Unit
    units: float
    plays: int
    cold_starts: int
    seconds: Spread
    price: Price
    basis: Basis

    @property
    def usd(self) -> tuple[Decimal, Decimal, Decimal]:
        """Dollars: low, expected, high."""
        seconds = self.seconds
        return (
            self.price.for_seconds(seconds.low),
            self.price.for_seconds(seconds.mid),
            self.price.for_seconds(seconds.high),
        )


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
        return sum((line.usd[0] for line in self.lines), Decimal(0))

    @property
    def expected_usd(self) -> Decimal:
        """What it would cost."""
        return sum((line.usd[1] for line in self.lines), Decimal(0))

    @property
    def high_usd(self) -> Decimal:
        """Most that it would reasonably cost; a budget reserves the worst case, which is more."""
        return sum((line.usd[2] for line in self.lines), Decimal(0))

    @property
    def seconds(self) -> Spread:
        """Machine seconds one after another; divide by the workers that really run side by side."""
        every = [line.seconds for line in self.lines]
        return Spread(sum(s.low for s in every), sum(s.mid for s in every), sum(s.high for s in every))

    @property
    def cold_starts(self) -> int:
        """How many workers would start."""
        return sum(line.cold_starts for line in self.lines)

    @property
    def basis(self) -> Basis:
        """Where the seconds come from."""
        every: set[Basis] = {line.basis for line in self.lines}
        return every.pop() if len(every) == 1 else "mixed" if every else "catalogue"

    def __str__(self) -> str:
        """Return a small table for people, the sum first."""
        if not self.lines:
            return "nothing to do, $0.00"
        dollars = _range(*map(shown, (self.low_usd, self.expected_usd, self.high_usd)))
        rows = [("together", "", "", _seconds(self.seconds), dollars, self.basis)]
        for line in self.lines:
            units = f"{line.units:,.0f} {_UNITS[line.unit]}"
            rows.append(
                (line.instrument, line.host, units, _seconds(line.seconds), _range(*map(shown, line.usd)), line.basis)
            )
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def quote(items: Iterable[QuoteItem], *, prices: PriceSource, learnt: Learning | None = None) -> Quote:
    """Return what some plays would take and cost.

    Args:
        items: The plays.
        prices: What a second costs.
        learnt: `Ledger.learnt`; None: only the catalogue's figures.

    Raises:
        BudgetError: a price is not known.
    """
    total = Quote()
    for item in items:
        total += Quote((_line(item, prices.price(item.instrument, item.host), learnt),))
    return total


def units_of(request: Request, unit: Unit, audio_s: float) -> float:
    """Return how much of a unit a request asks for, counted as hosts count it in `Usage`.

    Args:
        request: What is to be played.
        unit: What is counted.
        audio_s: Seconds of audio that it makes or hears.
    """
    text: str = getattr(request, "text", "") or getattr(request, "prompt", "")
    return {"audio_s": audio_s, "characters": float(len(text)), "tokens_out": 0.0}[unit]


def expected_s(instrument: str, host: str, units: float, measured: Measured, learnt: Learning) -> float:
    """Return the seconds that one play on a warm worker will probably take: for ETAs, and in the middle of a quote."""
    return units * _pace(measured, learnt(instrument, host, measured.unit)).mid


def expected_start_s(instrument: str, host: str, measured: Measured, learnt: Learning) -> float:
    """Return the seconds that a worker's start will probably take."""
    known = learnt(instrument, host, measured.unit)
    return known.cold_start_s.mid if known and known.cold_start_s else measured.cold_start_s


def _pace(measured: Measured, known: Learnt | None) -> Spread:
    """Return wall seconds per unit."""
    return known.busy_s if known else _wide(measured.cpu_s_per_unit)


def _line(item: QuoteItem, price: Price, learnt: Learning | None) -> QuoteLine:
    measured = item.measured
    known = learnt(item.instrument, item.host, measured.unit) if learnt else None
    per_unit = _pace(measured, known)
    cold = (known and known.cold_start_s) or _wide(measured.cold_start_s)
    seconds = Spread(
        item.units * per_unit.low,
        item.units * per_unit.mid + item.cold_starts * cold.mid,
        item.units * per_unit.high + item.cold_starts * cold.high,
    )
    return QuoteLine(
        instrument=item.instrument,
        host=item.host,
        unit=measured.unit,
        units=item.units,
        plays=item.plays,
        cold_starts=item.cold_starts,
        seconds=seconds,
        price=price,
        basis="learnt" if known else "catalogue",
    )


def _wide(value: float) -> Spread:
    return Spread(value * FASTEST, value, value * SLOWEST)


def _merged(one: QuoteLine, two: QuoteLine) -> QuoteLine:
    first, second = one.seconds, two.seconds
    return msgspec.structs.replace(
        one,
        units=one.units + two.units,
        plays=one.plays + two.plays,
        cold_starts=one.cold_starts + two.cold_starts,
        seconds=Spread(first.low + second.low, first.mid + second.mid, first.high + second.high),
        basis=one.basis if one.basis == two.basis else "mixed",
    )


_UNITS: Final[dict[Unit, str]] = {"audio_s": "s of audio", "characters": "characters", "tokens_out": "tokens"}


def _range(low: str, expected: str, high: str) -> str:
    return expected if low == high else f"{expected} ({low} to {high})"


def _seconds(seconds: Spread) -> str:
    return _range(*map(_time, (seconds.low, seconds.mid, seconds.high)))


def _time(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
