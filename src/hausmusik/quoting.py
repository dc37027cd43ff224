"""The quote of a piece, a batch or a single play: which plays it would be, on how many machines of their hosts.

Plays of one instrument are asked for together, so a host starts a machine for each of them, up to its limit: those
that a machine takes at once share one, and its seconds, in what is expected; at the high end each has its own as far as
there are any. Knows nothing of hosts: it is told what they have.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Final

from hausmusik.batch.plan import BatchPlan
from hausmusik.instruments.model import Instrument
from hausmusik.memory.extraction.asking import AT_ONCE, types_request
from hausmusik.memory.extraction.prompts import DEFAULT_TYPES, extraction_request
from hausmusik.memory.values import RULES, AddPlan
from hausmusik.money.prices import PriceSource
from hausmusik.money.quote import Learning, QuoteItem, expected_s, quote, units_of
from hausmusik.money.quoted import Quote
from hausmusik.score.plan import Plan
from hausmusik.seams import Machines, Player
from hausmusik.types import Audio, EmbedRequest, Request, Run

NAME_TOKENS: Final = 15
"""What asking about a name takes, in tokens written: 2.0 s measured, at 0.14 s a token; most of it is reading."""

EXTRACTED_TOKENS: Final = 600
"""That a model writes about a passage: its entities and relations under the schema, at 1,200 tokens of meeting."""


class Quoter:
    """Quotes what a house would play.

    Args:
        player: Says who would play and how long it would be.
        instrument: The catalogue's entry of an instrument.
        machines: What a host has for an instrument, by the names of both.
        prices: What a second costs.
        learnt: How fast an instrument has been on a host lately.
    """

    def __init__(
        self,
        player: Player,
        *,
        instrument: Callable[[str], Instrument],
        machines: Callable[[str, str], Machines],
        prices: PriceSource,
        learnt: Learning,
    ) -> None:
        self._player = player
        self._instrument = instrument
        self._machines = machines
        self._prices = prices
        self._learnt = learnt

    def piece(self, plan: Plan) -> Quote:
        """Return the quote of composing a plan; cues that ask for the same thing share one play."""
        once = {cue.key: cue for cue in plan.to_make}
        items: dict[tuple[str, str], list[float]] = {}
        for cue in (*once.values(), *plan.waiting):
            if cue.identity is not None and cue.request is not None:
                name = cue.identity.instrument
                units = units_of(cue.request, self._instrument(name).measured.unit, cue.place.duration_s)
                items.setdefault((name, cue.identity.host), []).append(units)
        return self._quote(
            self._item(*where, units=sum(units), plays=len(units), at_once=len(units)) for where, units in items.items()
        )

    def batch(self, plan: BatchPlan) -> Quote:
        """Return the quote of playing what is missing of a batch."""
        return self._quote(
            self._item(
                load.instrument,
                load.host,
                units=load.units[self._instrument(load.instrument).measured.unit],
                plays=load.plays,
                at_once=min(load.plays, plan.concurrency),
            )
            for load in plan.loads
        )

    def memory(self, plan: AddPlan, run: Run) -> Quote:
        """Return the quote of adding files to a memory, estimated by their sizes."""
        if not plan.to_do and not plan.questions:
            return Quote()
        items: list[QuoteItem] = []
        options = plan.options
        embed = EmbedRequest(texts=("one",))
        asked: list[tuple[str, Request, float, int]] = []
        if plan.to_do:
            asked.append((options.embedder, embed, float(plan.characters), len(plan.to_do)))
        if options.extractor != RULES:
            chat = extraction_request("", "", options.types or DEFAULT_TYPES)
            asked.append((options.extractor, chat, float(plan.passages * EXTRACTED_TOKENS), plan.passages))
        for instrument, request, units, plays in asked:
            identity = self._player.identify(instrument, request, run=run)
            at_once = min(plays, plan.concurrency)
            items.append(self._item(identity.instrument, identity.host, units=units, plays=plays, at_once=at_once))
        if plan.questions:
            items.append(self._names(plan, run))
        return self._quote(items)

    def _names(self, plan: AddPlan, run: Run) -> QuoteItem:
        """Return what asking about names would take: no more than the minutes that it may."""
        identity = self._player.identify(plan.asker, types_request([], plan.options.types or DEFAULT_TYPES), run=run)
        name, host = identity.instrument, identity.host
        pace_s = expected_s(name, host, 1.0, self._instrument(name).measured, self._learnt)
        units = float(plan.questions * NAME_TOKENS)
        if pace_s > 0:
            units = min(units, 60 * plan.options.llm_minutes / pace_s)
        plays = math.ceil(plan.questions / AT_ONCE)
        return self._item(name, host, units=units, plays=plays, at_once=1)

    def plays(self, plays: Iterable[tuple[str, Request]], run: Run) -> Quote:
        """Return the quote of some plays, each of an instrument of its own; raises as `Player.identify`."""
        return self._quote([self._play(instrument, request, run) for instrument, request in plays])

    def _play(self, instrument: str, request: Request, run: Run) -> QuoteItem:
        identity = self._player.identify(instrument, request, run=run)
        audio: Audio | None = getattr(request, "audio", None)
        name = identity.instrument
        audio_s = audio.duration_s if audio is not None else self._player.estimate_s(name, request)
        units = units_of(request, self._instrument(name).measured.unit, audio_s)
        return self._item(name, identity.host, units=units, plays=1, at_once=1)

    def _item(self, instrument: str, host: str, *, units: float, plays: int, at_once: int) -> QuoteItem:
        there = self._machines(instrument, host)
        starts = min(there.most, math.ceil(at_once / there.plays_each))
        most = min(there.most, at_once)
        return QuoteItem(
            instrument=instrument,
            host=host,
            units=units,
            measured=self._instrument(instrument).measured,
            plays=plays,
            cold_starts=starts,
            most_starts=most,
            together=max(1.0, min(there.plays_each, at_once / max(1, starts))),
            least_together=max(1.0, min(there.plays_each, at_once / max(1, most))),
            idle_s=there.idle_s,
        )

    def _quote(self, items: Iterable[QuoteItem]) -> Quote:
        return quote(items, prices=self._prices, learnt=self._learnt)
