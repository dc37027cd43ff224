"""What a second of a container costs: its GPUs, cores and memory, times what its region and safety from preemption do.

Modal bills every second that a container lives, idle ones included. An unknown price is a `BudgetError` where it is
needed, never zero. Factors apply to the whole price and to each other: the sources do not say otherwise, and too much
is the safe side. Knows nothing of instruments.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec

from hausmusik.errors import BudgetError, UsageError
from hausmusik.gpu_names import GPU_NAMES, Gpu
from hausmusik.money.prices import Price
from hausmusik.money.tiers import Factor, HourPrice, Tier, our_table, user_prices

BROAD_REGIONS: Final = frozenset({"us", "eu", "ap"})
"""Regions that are priced as broad ones; any other is priced as narrow, which is the dearer of the two."""

_SECONDS: Final = Decimal(3600)


class Resources(msgspec.Struct, frozen=True, kw_only=True):
    """What a container has.

    Args:
        gpu: Its GPUs; None: none.
        cpu_cores: Physical cores, from 0.
        memory_gib: Memory of the container, not of its GPUs, from 0.
        region: Where it must run, e.g. `eu` or `us-east`; empty: anywhere, which is the cheapest.
        nonpreemptible: Whether it may not be taken away.
    """

    gpu: Gpu | None = None
    cpu_cores: float = 0.0
    memory_gib: float = 0.0
    region: str = ""
    nonpreemptible: bool = False

    def __post_init__(self) -> None:
        if not (0 <= self.cpu_cores < 1e6 and 0 <= self.memory_gib < 1e6):
            raise ValueError(f"{self.cpu_cores} cores and {self.memory_gib} GiB are not a container")

    def __str__(self) -> str:
        """Return the whole in words: `A10 + 2 cores + 16 GiB`."""
        gpu = [str(self.gpu)] if self.gpu else []
        cores = f"{self.cpu_cores:g} core{'s' if self.cpu_cores != 1 else ''}"
        parts = " + ".join([*gpu, cores, f"{round(self.memory_gib, 2):g} GiB"])
        choices = [f"in {self.region}"] if self.region else []
        choices += ["not preemptible"] if self.nonpreemptible else []
        return ", ".join([parts, *choices])


class Rates:
    """The prices in force.

    Args:
        tiers: The kinds of GPU, by name.
        prices: By name of a GPU, and of `tiers.PARTS`; what is absent is unknown.
        factors: By name, see `tiers.FACTORS`.
    """

    def __init__(
        self, tiers: Mapping[str, Tier], prices: Mapping[str, HourPrice], factors: Mapping[str, Factor]
    ) -> None:
        self.tiers = {name: tiers[name] for name in GPU_NAMES}
        self._prices = dict(prices)
        self._factors = dict(factors)

    @classmethod
    def load(cls, user_file: Path | None = None, account: Mapping[str, HourPrice] | None = None) -> Rates:
        """Return our table, the user's prices on top of it, and an account's own on top of both.

        Args:
            user_file: `prices.toml`; None or absent: nothing of the user's.
            account: What an account says that it pays, by name of a GPU or part.

        Raises:
            ConfigError: the user's file is wrong.
        """
        ours = our_table()
        theirs = user_prices(user_file) if user_file else None
        prices = ours.price | (theirs.price if theirs else {}) | dict(account or {})
        return cls(ours.gpu, prices, ours.factor | (theirs.factor if theirs else {}))

    def tier(self, gpu: Gpu) -> Tier:
        """Return the tier of a GPU.

        Raises:
            UsageError: a container cannot have so many of it.
        """
        tier = self.tiers[gpu.name]
        if gpu.count > tier.most:
            hint = f"use {gpu.name}:{tier.most}, or a larger GPU"
            raise UsageError(f"a container has at most {tier.most} {gpu.name}, not {gpu.count}", hint=hint)
        return tier

    def known(self, name: str) -> HourPrice | None:
        """Return the price of a GPU or part by name; None: unknown."""
        return self._prices.get(name)

    def price(self, resources: Resources) -> Price:
        """Return what a second of a container costs: dated by the oldest of its parts, with the sources of all.

        Raises:
            BudgetError: the price of a part is not known.
            UsageError: a container cannot have so many GPUs of that kind.
        """
        parts = {"cpu_core": resources.cpu_cores, "memory_gib": resources.memory_gib}
        if resources.gpu:
            self.tier(resources.gpu)
            parts = {resources.gpu.name: float(resources.gpu.count), **parts}
        used = {name: self._must_know(name) for name, amount in parts.items() if amount}
        usd_per_h = sum((each.usd_per_h * Decimal(repr(parts[name])) for name, each in used.items()), Decimal(0))
        factors = self._chosen(resources)
        for factor in factors:
            usd_per_h *= factor.times
        told = [*used.values(), *factors]
        if not told:
            raise UsageError("a container without cores and memory has no price", hint="say how many cores it has")
        return Price(
            name=str(resources),
            usd_per_s=usd_per_h / _SECONDS,
            date=min(each.date for each in told),
            source="; ".join(dict.fromkeys(each.source for each in told)),
        )

    def _chosen(self, resources: Resources) -> list[Factor]:
        names = ["broad_region" if resources.region in BROAD_REGIONS else "narrow_region"] if resources.region else []
        names += ["nonpreemptible"] if resources.nonpreemptible else []
        return [self._factors[name] for name in names]

    def _must_know(self, name: str) -> HourPrice:
        if name not in self._prices:
            raise BudgetError(
                f"the price of {name} is not known", hint=f"put it into prices.toml as [price.{name}], with its date"
            )
        return self._prices[name]
