"""What the same tokens would have cost at hosted models: a dated table, and the honest answer.

Compares prices, never quality, privacy or what only one's own model can do. Knows nothing of where figures come from.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Final

import msgspec

from hausmusik.config.layers import parse
from hausmusik.config.model import Limit, Section
from hausmusik.money.dollars import NANO, shown
from hausmusik.types import Usage

MILLION: Final = Decimal(10**6)


class ApiPrice(Section):
    """A hosted model.

    Args:
        model: Its name.
        provider: Who hosts it.
        usd_per_m_in: Dollars per million tokens taken in.
        usd_per_m_out: Dollars per million tokens made.
        date: When the price was read.
        source: Who says so.
        dated: Whether the source has a date of its own; else `date` is the day it was written down here.
        note: What the comparison leaves out.
    """

    model: str
    provider: str
    usd_per_m_in: Limit
    usd_per_m_out: Limit
    date: date
    source: str
    dated: bool = True
    note: str = ""


class ApiTable(Section):
    """The file."""

    api: list[ApiPrice]


class ApiCost(msgspec.Struct, frozen=True, kw_only=True):
    """What some tokens would have cost at one of them.

    Args:
        price: The row of the table.
        usd: Dollars.
    """

    price: ApiPrice
    usd: Decimal


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A language model of one's own against hosted ones.

    Args:
        instrument: Catalogue id.
        usage: What all its plays took: its tokens, its seconds of starting, playing and idling.
        own_usd: What that cost, all of it.
        own_usd_per_m: The same for a million tokens, in and out counted alike.
        verdict: One sentence.
        apis: The same tokens at each hosted model, the cheapest first.
    """

    instrument: str
    usage: Usage
    own_usd: Decimal
    own_usd_per_m: Decimal
    verdict: str
    apis: tuple[ApiCost, ...]


def api_prices() -> tuple[ApiPrice, ...]:
    """Return the table that comes with Hausmusik."""
    file = resources.files("hausmusik.money") / "data" / "apis.toml"
    return tuple(ApiTable.model_validate(parse(file.read_text("utf-8"), Path("apis.toml"))).api)


def compare(tokens_in: int, tokens_out: int) -> tuple[ApiCost, ...]:
    """Return what so many tokens would have cost at each hosted model, the cheapest first."""
    costs = [
        ApiCost(
            price=each,
            usd=((each.usd_per_m_in * tokens_in + each.usd_per_m_out * tokens_out) / MILLION).quantize(NANO),
        )
        for each in api_prices()
    ]
    return tuple(sorted(costs, key=lambda cost: cost.usd))


def compared(instrument: str, usage: Usage, own_usd: Decimal) -> Comparison:
    """Return how a language model of one's own stands to hosted ones.

    Args:
        instrument: Catalogue id.
        usage: The sum of its plays and idle times, with at least one token.
        own_usd: What they cost.
    """
    costs = compare(usage.tokens_in, usage.tokens_out)
    return Comparison(
        instrument=instrument,
        usage=usage,
        own_usd=own_usd,
        own_usd_per_m=(own_usd * MILLION / (usage.tokens_in + usage.tokens_out)).quantize(NANO),
        verdict=verdict(own_usd, costs),
        apis=costs,
    )


def verdict(own_usd: Decimal, costs: tuple[ApiCost, ...]) -> str:
    """Return one sentence on what was paid against the cheapest hosted model, also where that is cheaper.

    Args:
        own_usd: What the tokens cost on one's own GPUs, idle time included.
        costs: At least one, the cheapest first: of `compare`.
    """
    cheapest = costs[0]
    named = f"{cheapest.price.model} at {cheapest.price.provider}"
    dated = f"price of {cheapest.price.date.isoformat()}"
    if own_usd <= cheapest.usd:
        return f"your own cost {shown(own_usd)}; the cheapest hosted model, {named}, {shown(cheapest.usd)} ({dated})"
    return f"{named} would have been cheaper: {shown(cheapest.usd)} instead of {shown(own_usd)} ({dated})"
