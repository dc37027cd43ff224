"""The one place where plays are charged: the Player puts every stream of events through `Meter.play`.

Before the first event the price is found and the worst case reserved; after the last, whatever that was, exactly one
row is in the ledger and the budget is settled, in one transaction. Knows nothing of hosts: it gets a stream.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from decimal import Decimal

import msgspec

from hausmusik.errors import BudgetError, Cancelled, StoreError
from hausmusik.money.budget import HOLD_S, Budget, Reservation
from hausmusik.money.ledger import Ledger
from hausmusik.money.prices import Price, PriceSource
from hausmusik.money.rows import Basis, LedgerRow, Outcome, is_sane
from hausmusik.seams import Clock
from hausmusik.types import Done, Event, Run, Usage


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
        workspace: str = "",
        worst_case_s: float | None = None,
    ) -> AsyncGenerator[Event]:
        """Pass a stream of events on, and charge it.

        Use `contextlib.aclosing` around the iteration where it may end early: closing cancels the play, and it is then
        that the row is written.

        Args:
            start: Starts the play; called once, after the money has been reserved.
            run: The run that it belongs to.
            instrument: Catalogue id, after routing.
            host: Where it plays.
            workspace: The account or cluster.
            worst_case_s: Most seconds that the host's own limits allow it to take, start and load included. None: the
                run's deadline; without either, only plays that cost nothing are possible.

        Raises:
            BudgetError: before anything was started: a limit, an unknown price, or no worst case.
            StoreError: before anything was started: the ledger cannot be used. After: the row could not be written.
            HausmusikError: what the stream raised.
        """
        price = self._prices.price(instrument, host)
        worst_s = worst_case_s if worst_case_s is not None else run.deadline_s or None
        worst_usd = _worst_case(price, worst_s, instrument)
        hold_s = max(HOLD_S, worst_s or 0.0)
        # Opened even for plays that cost nothing: work whose row cannot be written should not be begun.
        self._ledger.database.open()
        reservation = self._budget.reserve(run, worst_usd, instrument=instrument, host=host, hold_s=hold_s)
        tally = _Tally(self._clock, hold_s)
        failure: BaseException | None = None
        try:
            stream = start()
            try:
                async for event in stream:
                    tally.note(event)
                    if tally.should_extend():
                        self._budget.extend(reservation, hold_s)
                    yield event
            finally:
                if (close := getattr(stream, "aclose", None)) is not None:
                    await close()
        except BaseException as error:
            failure = error
            raise
        finally:
            self._charge(tally, failure, run, reservation, price, workspace)

    def _charge(
        self,
        tally: _Tally,
        failure: BaseException | None,
        run: Run,
        reservation: Reservation,
        price: Price,
        workspace: str,
    ) -> None:
        # A plain call: an `await` here could itself be cancelled, and then the row would be lost.
        outcome = tally.outcome(failure)
        usage, basis = tally.usage(outcome)
        row = LedgerRow(
            id=reservation.id,
            at=self._clock.now(),
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
            cost_usd=price.for_usage(usage),
            price=price,
        )
        try:
            self._budget.settle(reservation, row.cost_usd, row)
        except StoreError as error:
            also = f"; before that the play itself had {outcome}: {failure}" if outcome == "failed" else ""
            raise StoreError(
                f"a play of {row.instrument} that {outcome} and took {row.usage.busy_s:.1f} s is not in the ledger: "
                f"{error.message}{also}",
                hint=error.hint,
            ) from (failure or error)


class _Tally:
    """What one play has shown of itself so far."""

    def __init__(self, clock: Clock, hold_s: float) -> None:
        self._clock = clock
        self._hold_s = hold_s
        self._began = self._held = clock.monotonic()
        self._usage: Usage | None = None
        self._done = False

    def note(self, event: Event) -> None:
        if isinstance(event, Usage):
            self._usage = event if self._usage is None else self._usage + event
        self._done = self._done or isinstance(event, Done)

    def should_extend(self) -> bool:
        """Whether half of the time has gone for which the money is held; asked again only after the next half."""
        now = self._clock.monotonic()
        if now - self._held < self._hold_s / 2:
            return False
        self._held = now
        return True

    def outcome(self, failure: BaseException | None) -> Outcome:
        left = isinstance(failure, GeneratorExit | asyncio.CancelledError | KeyboardInterrupt | Cancelled)
        if self._done and (left or failure is None):  # who has seen `Done` may leave without asking for the end
            return "done"
        return "cancelled" if left else "failed"

    def usage(self, outcome: Outcome) -> tuple[Usage, Basis]:
        """Return the sum of what was reported, or, where that is not the whole truth, the time that has passed."""
        reported = self._usage or Usage()
        if outcome == "done" and self._usage is not None and is_sane(reported):
            return reported, "measured"
        if not is_sane(reported):
            reported = Usage()
        passed_s = max(0.0, self._clock.monotonic() - self._began)
        known_s = reported.boot_s + reported.load_s + reported.queue_s
        busy_s = max(reported.busy_s, passed_s - known_s)
        return msgspec.structs.replace(reported, busy_s=busy_s), "estimated"


def _worst_case(price: Price, seconds: float | None, instrument: str) -> Decimal:
    if not price.usd_per_s:
        return Decimal(0)
    if seconds is None:
        raise BudgetError(
            f"a play of {instrument} has no time limit, so what it may cost is not known",
            hint="give the run a deadline",
        )
    return price.for_seconds(seconds)
