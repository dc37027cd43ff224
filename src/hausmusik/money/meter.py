"""The one place where plays are charged: the Player puts every stream of events through `Meter.play`.

Before the first event the price is found and the worst case reserved; after the last, whatever that was, exactly one
row is in the ledger and the budget is settled, in one transaction. The worst case is the host's to say, because its
limits enforce it. What is reserved is the price of the dearest machine that may play, what is charged that of the one
that did. Knows nothing of hosts: it gets a stream.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from hausmusik.errors import (
    AuthError,
    BudgetError,
    Cancelled,
    ConfigError,
    HostError,
    HostUnavailable,
    NotFoundError,
    StoreError,
    UsageError,
)
from hausmusik.money.budget import HOLD_S, Budget, Reservation
from hausmusik.money.ledger import Ledger
from hausmusik.money.prices import Price, PriceSource
from hausmusik.money.rows import Basis, Kind, LedgerRow, Outcome, is_sane
from hausmusik.seams import Clock, Machines
from hausmusik.types import WAITING, Done, Event, Phase, Run, Stay, Usage

REFUSALS: Final = (AuthError, ConfigError, HostUnavailable, NotFoundError, UsageError)
"""Errors that a host raises instead of a machine's: where none was heard of or starting, none has cost anything."""


class Meter:
    """Charges plays.

    Args:
        ledger: Where rows go.
        budget: On the same file as the ledger.
        prices: What a second costs.
        clock: Times plays whose engine could not.
        session: Id of the house, from opening to closing; stands on each row.
    """

    def __init__(self, *, ledger: Ledger, budget: Budget, prices: PriceSource, clock: Clock, session: str = "") -> None:
        self._ledger = ledger
        self._budget = budget
        self._prices = prices
        self._clock = clock
        self._session = session

    async def play(
        self,
        start: Callable[[], AsyncIterator[Event]],
        *,
        run: Run,
        instrument: str,
        host: str,
        workspace: Callable[[], str] = str,
        worst_case_s: float | None = None,
        kind: Kind = "play",
        unheard_s: float = 0.0,
        machines: Machines | None = None,
    ) -> AsyncGenerator[Event]:
        """Pass a stream of events on, and charge it.

        Use `contextlib.aclosing` around the iteration where it may end early: closing cancels the play, and it is then
        that the row is written.

        Args:
            start: Starts the play; called once, after the money has been reserved.
            run: The run that it belongs to.
            instrument: Catalogue id, after routing.
            host: Where it plays.
            workspace: The account or cluster; asked for when the play is over, for a host may learn it only then.
            worst_case_s: `Host.worst_s`: most machine seconds that the host's own limits let it take. None: there is no
                limit, and only plays that cost nothing are possible.
            kind: Of the row.
            unheard_s: Machine seconds that it probably costs to leave it before its machine was heard of: that comes up
                all the same, and idles through its window. No more than the worst case is charged.
            machines: `Host.machines`; counts where this process is killed, see `lapses`.

        Raises:
            BudgetError: before anything was started: a limit, an unknown price, or no worst case. Later: the
                reservation had lapsed and others have taken the money; the play was stopped.
            StoreError: before anything was started: the ledger cannot be used. After: the row could not be written.
            HausmusikError: what the stream raised.
        """
        price = self._prices.price(instrument, host)
        worst_usd = _worst_case(price, worst_case_s, instrument)
        hold_s = max(HOLD_S, worst_case_s or 0.0)
        # Opened even for plays that cost nothing: work whose row cannot be written should not be begun.
        self._ledger.database.open()
        reservation = self._budget.reserve(
            run, worst_usd, instrument=instrument, host=host, hold_s=hold_s, kind=kind, machines=machines
        )
        tally = _Tally(self._clock, hold_s, math.inf if worst_case_s is None else worst_case_s, price)
        failure: BaseException | None = None
        try:
            stream = start()
            try:
                async for event in stream:
                    tally.note(event)
                    if isinstance(event, Stay):
                        tally.note_price(self._prices.price(instrument, host, event.gpu))
                        self._budget.resumed(host, event)
                        continue
                    if isinstance(event, Done):
                        yield _charged(event, tally)
                        continue
                    if tally.should_extend():
                        self._budget.extend(run, reservation, hold_s)
                    yield event
            finally:
                if (close := getattr(stream, "aclose", None)) is not None:
                    await close()
        except BaseException as error:
            failure = error
            raise
        finally:
            self._charge(tally, failure, run, reservation, workspace(), kind, unheard_s)

    def check_room(self, run: Run, plays: Sequence[tuple[str, str, float | None]]) -> None:
        """Refuse plays that no limit would let be at once, before any of them is begun; holds nothing afterwards.

        Args:
            run: To which they belong.
            plays: As of `has_room`.

        Raises:
            BudgetError, UsageError, StoreError: as `play`, before anything was started.
        """
        worst_usd = sum((_worst_case(self._prices.price(*who), seconds, who[0]) for *who, seconds in plays), Decimal(0))
        if worst_usd:
            names, hosts = dict.fromkeys(each[0] for each in plays), dict.fromkeys(each[1] for each in plays)
            self._budget.release(
                self._budget.reserve(run, worst_usd, instrument=" and ".join(names), host=" and ".join(hosts))
            )

    def has_room(self, run: Run, plays: Iterable[tuple[str, str, float | None]]) -> bool:
        """Return whether the limits leave room for some plays at once; an unknown price leaves none. Reserves nothing.

        Args:
            run: To which they belong.
            plays: Of each the instrument, the host, and the worst case in machine seconds.
        """
        try:
            worst_usd = sum(
                (_worst_case(self._prices.price(*who), seconds, who[0]) for *who, seconds in plays), Decimal(0)
            )
            return not worst_usd or all(state.left_usd >= worst_usd for state in self._budget.states(run))
        except (BudgetError, StoreError, UsageError):
            return False

    def _charge(
        self,
        tally: _Tally,
        failure: BaseException | None,
        run: Run,
        reservation: Reservation,
        workspace: str,
        kind: Kind,
        unheard_s: float,
    ) -> None:
        # A plain call: an `await` here could itself be cancelled, and then the row would be lost.
        outcome = tally.outcome(failure)
        usage, basis = tally.usage(outcome)
        if outcome == "cancelled" and tally.stay is None and tally.asked:
            usage += Usage(idle_s=max(0.0, min(unheard_s, tally.worst_s) - usage.busy_s))
        elif isinstance(failure, REFUSALS) and tally.heard_nothing:
            usage = Usage(queue_s=usage.queue_s)
        row = LedgerRow(
            id=reservation.id,
            at=self._clock.now(),
            kind=kind,
            session=self._session,
            run=run.id,
            label=run.label,
            cue=run.cue,
            document=run.document,
            instrument=reservation.instrument,
            host=reservation.host,
            workspace=workspace,
            basis=basis,
            outcome=outcome,
            usage=usage,
            cost_usd=tally.price.for_usage(usage),
            price=tally.price,
        )
        try:
            lost = isinstance(failure, HostError)  # a machine that its host has lost is not up any more
            self._budget.settle(reservation, row.cost_usd, row, None if lost else tally.stay)
        except StoreError as error:
            also = f"; before that the play itself had {outcome}: {failure}" if outcome == "failed" else ""
            ended = outcome if outcome == "failed" else f"was {outcome}"
            raise StoreError(
                f"a play of {row.instrument} that {ended} and took {row.usage.busy_s:.1f} s is not in the ledger: "
                f"{error.message}{also}",
                hint=error.hint,
            ) from (failure or error)


class _Tally:
    """What one play has shown of itself so far."""

    def __init__(self, clock: Clock, hold_s: float, worst_s: float, most: Price) -> None:
        self._clock = clock
        self._hold_s = hold_s
        self.worst_s = worst_s
        self._began = clock.monotonic()
        self._held = (clock.monotonic(), clock.now())
        self._queueing_since: float | None = None
        self._queued_s = 0.0
        self._usage: Usage | None = None
        self._done = False
        self._starting = False
        self.asked = False
        self.stay: Stay | None = None
        self._charged: tuple[Usage, Basis] | None = None
        self._most = most
        self._given: Price | None = None

    @property
    def price(self) -> Price:
        """Of the machine that plays; until one does, the most that it may cost."""
        return self._given or self._most

    @property
    def heard_nothing(self) -> bool:
        """Whether no machine has said anything of itself or of what it took, and none was starting."""
        return self.stay is None and self._usage is None and not self._starting

    def note_price(self, price: Price) -> None:
        """Take note of the price of a machine that plays: of several tries on different ones the dearest counts."""
        self._given = max(self._given or price, price, key=lambda each: each.usd_per_s)

    def note(self, event: Event) -> None:
        waiting = isinstance(event, Phase) and event.name in WAITING
        self._note_queue(queueing=waiting)
        self._starting = self._starting or (isinstance(event, Phase) and not waiting)
        self.asked = self.asked or not (isinstance(event, Phase) and event.name == "connect")
        if isinstance(event, Usage):
            self._usage = event if self._usage is None else self._usage + event
        elif isinstance(event, Stay):
            self.stay = event
        self._done = self._done or isinstance(event, Done)

    def should_extend(self) -> bool:
        """Whether half of the time has gone for which the money is held; asked again only after the next half.

        By both clocks: reservations lapse by the one on the wall, which goes on while a laptop sleeps.
        """
        now_s, now = self._clock.monotonic(), self._clock.now()
        if max(now_s - self._held[0], (now - self._held[1]).total_seconds()) < self._hold_s / 2:
            return False
        self._held = (now_s, now)
        return True

    def _note_queue(self, *, queueing: bool) -> None:
        now_s = self._clock.monotonic()
        if self._queueing_since is not None:
            self._queued_s += now_s - self._queueing_since
        self._queueing_since = now_s if queueing else None

    def close(self) -> Usage:
        """Return what a play took that is done, for good: neither the listener's time nor a late error changes it."""
        self._charged = self.usage("done")
        return self._charged[0]

    def outcome(self, failure: BaseException | None) -> Outcome:
        left = isinstance(failure, GeneratorExit | asyncio.CancelledError | KeyboardInterrupt | Cancelled)
        # Who has seen `Done` may leave without asking for the end.
        if self._done and (left or failure is None):
            return "done"
        return "cancelled" if left else "failed"

    def usage(self, outcome: Outcome) -> tuple[Usage, Basis]:
        """Return the sum of what was reported, or, where that is not the whole truth, the time that has passed.

        Waiting in a queue takes no machine, and the host's own limits end a play whose listener has fallen asleep, so
        the one is left out of an estimate and the others bound it. Of a play that is done it is what `Done` said; where
        machines were lost before the one that did it, what they took was only seen from here.
        """
        if self._charged is not None:
            return self._charged
        self._note_queue(queueing=False)
        reported = self._usage or Usage()
        if outcome == "done" and self._usage is not None and is_sane(reported):
            return reported, "measured" if self.stay is None or self.stay.tries == 1 else "estimated"
        if not is_sane(reported):
            reported = Usage()
        queue_s = max(reported.queue_s, self._queued_s)
        start_s = reported.boot_s + reported.load_s
        taken_s = max(0.0, min(self._clock.monotonic() - self._began - queue_s, self.worst_s) - start_s)
        busy_s = max(reported.busy_s, taken_s)
        return msgspec.structs.replace(reported, queue_s=queue_s, busy_s=busy_s), "estimated"


def _charged(done: Done, tally: _Tally) -> Done:
    cost_usd = tally.price.for_usage(tally.close())
    return msgspec.structs.replace(done, cost_usd=f"{cost_usd.normalize():f}")


def _worst_case(price: Price, seconds: float | None, instrument: str) -> Decimal:
    if not price.usd_per_s:
        return Decimal(0)
    if seconds is None:
        raise BudgetError(
            f"a play of {instrument} has no time limit, so what it may cost is not known",
            hint="give the run a deadline (deadline_s)",
        )
    return price.for_seconds(seconds)
