"""How a router chooses: rules are plain functions `rule(request, candidates, facts) -> id`, named by entry point.

A rule is given the candidates as catalogue entries, best first, and the facts of this machine. It is deterministic,
reads no files and calls no network, because the plan, the price and the key of every take depend on what it says.
Knows nothing of engines and hosts.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Protocol

import msgspec

from hausmusik.instruments.model import Instrument
from hausmusik.types import Request, SpeakRequest


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule may know of this machine, gathered by the house.

    Args:
        places: Hosts that may be used for this request, e.g. `("local",)` or `("modal",)`.
        weights_here: Ids of the weight sets that are wholly on this machine.
        weights_obtainable: Ids of those that are here or could be pulled (see `WeightsStore.obtainable`). What a rule
            does not ask after need not be found out: for some sets the hub is asked whether it answers.
        environments_here: Names of the environments that are installed; the caller's own, `""`, always counts.
        offline: Whether nothing may be downloaded.
    """

    places: tuple[str, ...] = ("local",)
    weights_here: frozenset[str] = frozenset()
    weights_obtainable: Container[str] = frozenset[str]()
    environments_here: frozenset[str] = frozenset()
    offline: bool = False

    def ready(self, instrument: Instrument) -> bool:
        """Return whether an instrument could play now, or after a pull that is possible now."""
        return any(self._ready_at(instrument, place) for place in self.places if place in instrument.places)

    def _ready_at(self, instrument: Instrument, place: str) -> bool:
        if place != "local":
            return True  # weights and environment are that host's own business
        environment = instrument.environment
        if environment and environment not in self.environments_here:
            return False
        return all(
            each in self.weights_here or (not self.offline and each in self.weights_obtainable)
            for each in instrument.weights
        )


class Rule(Protocol):
    """Chooses one of a router's candidates for a request; returns its id."""

    def __call__(self, request: Request, candidates: Sequence[Instrument], facts: Facts) -> str:
        """Return the id of one of `candidates`."""
        ...


def first_ready(request: Request, candidates: Sequence[Instrument], facts: Facts) -> str:
    """Return the first candidate that can play the request here, now or after a possible pull.

    Candidates that know every voice the request names come before all others. When no candidate is ready, the first one
    that fits is returned: what it then says it lacks is what the user should hear.
    """
    able = [each for each in candidates if _knows_voices(each, request)] or list(candidates)
    return next((each.id for each in able if facts.ready(each)), able[0].id)


def _knows_voices(instrument: Instrument, request: Request) -> bool:
    known = {voice.id for voice in instrument.voices}
    return not isinstance(request, SpeakRequest) or set(request.voice) <= known
