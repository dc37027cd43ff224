"""What a second of an instrument costs on a host, since when, and who says so.

An unknown price is a `BudgetError`, never zero: what cannot be priced cannot be kept within a budget. Knows nothing of
what was played.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Protocol

import msgspec

from hausmusik.errors import BudgetError
from hausmusik.money.dollars import NANO
from hausmusik.seams import Clock
from hausmusik.types import Usage


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """A dated price.

    Args:
        name: What is priced: `your own machine`, `A10G` …
        usd_per_s: Dollars per second in which the machine is taken, from 0.
        date: When the price was read.
        source: Who says so.
    """

    name: str
    usd_per_s: Decimal
    date: date
    source: str

    def __post_init__(self) -> None:
        if not self.usd_per_s.is_finite() or self.usd_per_s < 0:
            raise ValueError(f"{self.usd_per_s} is not a price")

    def for_seconds(self, seconds: float) -> Decimal:
        """Return dollars for so many seconds, to the nano-dollar."""
        return (self.usd_per_s * Decimal(repr(seconds))).quantize(NANO)

    def for_usage(self, usage: Usage) -> Decimal:
        """Return dollars for a play: start, load, its share of playing, and idling; waiting in a queue is free."""
        played_s = max(0.0, usage.busy_s - usage.shared_s)
        return self.for_seconds(usage.boot_s + usage.load_s + played_s + usage.idle_s)


class PriceSource(Protocol):
    """Something that knows prices."""

    def price(self, instrument: str, host: str, gpu: str | None = None) -> Price:
        """Return the price of an instrument on a host.

        Args:
            instrument: Catalogue id.
            host: Where.
            gpu: `Stay.gpu` of the machine that plays; None: none plays yet, and it is the most that it may cost.

        Raises:
            BudgetError: it is not known.
        """
        ...


class LocalPrices:
    """Your own machine costs nothing.

    Args:
        clock: Dates the price.
        hosts: The hosts that are your own machine.
    """

    def __init__(self, clock: Clock, hosts: tuple[str, ...] = ("local",)) -> None:
        self._clock = clock
        self._hosts = hosts

    def price(self, instrument: str, host: str, gpu: str | None = None) -> Price:
        """Return zero for the hosts that are here, whatever they have; raises BudgetError for all others."""
        del gpu
        if host not in self._hosts:
            raise BudgetError(
                f"the price of {instrument or 'anything'} on {host!r} is not known",
                hint=f"play it on {self._hosts[0]}",
            )
        today = self._clock.now().date()
        return Price(name="your own machine", usd_per_s=Decimal(0), date=today, source="your own machine")
