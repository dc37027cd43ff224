"""Which instruments of the house there are and which are ready.

Reads only; knows nothing of how anything is played or mended.
"""

from __future__ import annotations

import msgspec

from hausmusik.hosts.local.environments import Environments
from hausmusik.instruments.catalogue import Catalogue
from hausmusik.instruments.model import Instrument
from hausmusik.weights.store import WeightsStore, readable


class InstrumentRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `haus instruments`.

    Args:
        id: Name.
        task: What it does.
        title: For people.
        size_bytes: Of its weights.
        licence: Of its weights.
        commercial: Whether results may be used commercially.
        places: Where it can run.
        planned: Whether it is not played in this version.
        ready: `yes`, or what is missing in words.
    """

    id: str
    task: str
    title: str
    size_bytes: int
    licence: str
    commercial: bool
    places: tuple[str, ...]
    planned: bool
    ready: str


def instrument_rows(
    catalogue: Catalogue, weights: WeightsStore, environments: Environments, task: str = ""
) -> tuple[InstrumentRow, ...]:
    """Return a row for every instrument, planned ones last, and for every router with what it chooses from."""
    rows = [
        InstrumentRow(
            id=each.id,
            task=each.task,
            title=each.title,
            size_bytes=catalogue.size_bytes_of(each),
            licence=each.licence.weights,
            commercial=each.licence.commercial,
            places=each.places,
            planned=each.planned,
            ready=readiness(each, catalogue, weights, environments),
        )
        for each in catalogue.instruments()
        if task in ("", each.task)
    ]
    return tuple(sorted(rows, key=lambda row: row.planned))


def readiness(instrument: Instrument, catalogue: Catalogue, weights: WeightsStore, environments: Environments) -> str:
    """Return `yes`, or what must be done before it can play here."""
    if instrument.planned:
        return "planned: not in this version"
    if "local" not in instrument.places:
        return f"not here: `haus deploy {instrument.id}`"
    if instrument.environment and not environments.is_installed(catalogue.environment(instrument.environment)):
        return f"after `haus install {instrument.environment}`"
    missing = sum(state.missing_bytes for state in weights.missing(catalogue.weights_of(instrument)))
    return f"pulls {readable(missing)} first" if missing else "yes"
