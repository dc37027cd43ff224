"""Reckons what something would take and cost, from the plays it would be and the machines they would need.

    start   machines x cold start: learnt, else the catalogue's, and what the host needs until it begins
    play    units x seconds per unit: learnt, else the catalogue's; shared by the plays that a machine takes at once
    idle    machines x the window for which their host leaves them up

What the ledger has learnt about an instrument on a host comes first; the figures of a catalogue entry come from another
machine and so get a wide range. Knows nothing of catalogues and hosts: it takes what is measured from whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Protocol, TypeAlias

import msgspec

from hausmusik.asking import words_in
from hausmusik.money.learnt import Learnt, Spread, Unit
from hausmusik.money.prices import Price, PriceSource
from hausmusik.money.quoted import Quote, QuoteLine
from hausmusik.types import ChatRequest, Request

SLOWEST: Final = 2.5
FASTEST: Final = 0.5
"""A catalogue's figures come from one machine; laptops differ from it by about these factors."""

BOOTS: Final = {"modal": Spread(0.5, 1.0, 10.0)}
"""By host: until a machine that is started elsewhere runs anything, which no catalogue entry counts. About a second, an
older version of https://modal.com/docs/guide/cold-start says; a first image takes longer. Learnt starts have it."""

ANSWER_TOKENS: Final = 400
"""What an answer is taken to be long where nobody said: about 300 words."""

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
        cold_starts: How many machines will probably have to start first.
        most_starts: How many may, for the high end; fewer than `cold_starts`: those.
        together: How many plays probably go on at once in a machine, from 1: each then pays its share of a second. What
            a second yields less to each of many (a batch's step takes longer, and prompts are read between steps) is
            within the range of a catalogue's figures, and learnt ones have it.
        least_together: The same for the high end, where there are more machines; 0: `together`.
        idle_s: How long each of them stays up after its last play, paid for.
    """

    instrument: str
    host: str
    units: float
    measured: Measured
    plays: int = 1
    cold_starts: int = 1
    most_starts: int = 0
    together: float = 1.0
    least_together: float = 0.0
    idle_s: float = 0.0


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
        total += Quote((quote_line(item, prices.price(item.instrument, item.host), learnt),))
    return total


def quote_line(item: QuoteItem, price: Price, learnt: Learning | None = None) -> QuoteLine:
    """Return what some plays of one instrument would take and cost at a price."""
    measured = item.measured
    known = learnt(item.instrument, item.host, measured.unit) if learnt else None
    pace, cold = _pace(measured, known), _cold(item.host, measured, known)
    starts, most = item.cold_starts, max(item.cold_starts, item.most_starts)
    alone = Spread(item.units * pace.low, item.units * pace.mid, item.units * pace.high)
    least = item.least_together or item.together
    return QuoteLine(
        instrument=item.instrument,
        host=item.host,
        unit=measured.unit,
        units=item.units,
        plays=item.plays,
        cold_starts=starts,
        start=Spread(0.0, starts * cold.mid, most * cold.high),
        play=Spread(alone.low / item.together, alone.mid / item.together, alone.high / least),
        idle=Spread(0.0, starts * item.idle_s, most * item.idle_s),
        price=price,
        basis="learnt" if known else "catalogue",
    )


def units_of(request: Request, unit: Unit, audio_s: float) -> float:
    """Return how much of a unit a request asks for, counted as hosts count it in `Usage`.

    Args:
        request: What is to be played.
        unit: What is counted.
        audio_s: Seconds of audio that it makes or hears.
    """
    tokens = request.max_tokens or ANSWER_TOKENS if isinstance(request, ChatRequest) else 0
    return {"audio_s": audio_s, "characters": float(len(words_in(request) or "")), "tokens_out": float(tokens)}[unit]


def expected_s(instrument: str, host: str, units: float, measured: Measured, learnt: Learning) -> float:
    """Return the seconds that one play on a warm worker will probably take: for ETAs, and in the middle of a quote."""
    return units * _pace(measured, learnt(instrument, host, measured.unit)).mid


def expected_start_s(instrument: str, host: str, measured: Measured, learnt: Learning) -> float:
    """Return the seconds that a worker's start will probably take."""
    known = learnt(instrument, host, measured.unit)
    return _cold(host, measured, known).mid


def _cold(host: str, measured: Measured, known: Learnt | None) -> Spread:
    """Return wall seconds of a start."""
    if known and known.cold_start_s:
        return known.cold_start_s
    return _wide(measured.cold_start_s) + BOOTS.get(host, Spread(0.0, 0.0, 0.0))


def _pace(measured: Measured, known: Learnt | None) -> Spread:
    """Return wall seconds per unit."""
    return known.busy_s if known else _wide(measured.cpu_s_per_unit)


def _wide(value: float) -> Spread:
    return Spread(value * FASTEST, value, value * SLOWEST)
