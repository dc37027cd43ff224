"""What is told of the user's cloud: what deploying an instrument would declare and cost, what is deployed there."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from hausmusik.hosts.modal.plane.declared import Declared
from hausmusik.money.keepwarm.advice import Advice
from hausmusik.money.prices import Price


class Rehearsal(msgspec.Struct, frozen=True, kw_only=True):
    """What deploying an instrument would declare, and what it would cost to have.

    Args:
        instrument: Catalogue id.
        digest: Of the declaration.
        declared: As Modal would be told; read back from the control plane on this machine.
        price: Of a second of one container.
        planned: Whether it is not played in this version, so that it can only be rehearsed.
        usd_per_h: Of an hour of one container, busy or idle; of several GPUs that it may get the dearest.
        least_usd_per_h: The same of the cheapest.
        learnt: Whether `cold_start_s` is what starts on this account took.
        cold_start_s: What a start is expected to take: learnt, else the catalogue's figure.
        usd_per_cold_start: What that costs.
        usd_per_idle_window: What a container costs after its last play, until it ends.
        usd_per_day_idle: What it costs a day to do nothing: more than zero only with `min_containers`.
    """

    instrument: str
    digest: str
    declared: Declared
    price: Price
    planned: bool
    usd_per_h: Decimal
    least_usd_per_h: Decimal
    learnt: bool
    cold_start_s: float
    usd_per_cold_start: Decimal
    usd_per_idle_window: Decimal
    usd_per_day_idle: Decimal


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A deployed instrument.

    Args:
        instrument: Catalogue id.
        app: Name of its app.
        version: `current`, `other` than the catalogue's: deploy it again; `unknown`: the catalogue has none of that
            name, or it cannot be said what it would be.
        containers: How many are up now.
        usd_per_h: What they cost an hour; None: not known.
        problem: Why that, or the version, cannot be said; empty: it can, or it is not in the catalogue.
    """

    instrument: str
    app: str
    version: str
    containers: int
    usd_per_h: Decimal | None
    problem: str = ""


class Cooled(msgspec.Struct, frozen=True, kw_only=True):
    """What letting an instrument go cold has done.

    Args:
        was_kept_warm: Whether somebody kept it warm, who has stopped now.
        containers: Idle ones that end now. Those that a keeper has ended are not among them.
    """

    was_kept_warm: bool
    containers: int


class WindowAdvice(msgspec.Struct, frozen=True, kw_only=True):
    """How long an instrument's idle containers stay, and how long they should."""

    instrument: str
    window_s: int
    advice: Advice
