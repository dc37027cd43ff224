"""Keeping an instrument warm for a time: priced before, paid from the budget, and over by itself.

The containers are called again and again, twice in each idle window, by the process that wants them warm. The other way
would be to tell the platform to keep some up (`min_containers`), and then somebody must tell it to stop: a closed
laptop, a killed process or a forgotten terminal would pay day and night. Calls end with whoever makes them: nothing
stays up longer than one window after the last of them. The price of that choice is that the process must run.

What is charged is the time for which containers were up for no play: they say it when they are called. What they idle
after a play is that play's until the next call. While a play goes on its container gets no call: behind a play it would
start another container. Knows no host: it gets what calls and what releases.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Final, Protocol

import msgspec

from hausmusik.errors import AuthError, HausmusikError, MissingExtra, NotFoundError, UsageError
from hausmusik.money.budget import HOLD_S, Budget
from hausmusik.money.keepwarm.spells import Spell, Spells
from hausmusik.money.prices import Price, PriceSource
from hausmusik.money.rows import LedgerRow
from hausmusik.seams import Clock, Warmth
from hausmusik.types import Run

LONGEST_S: Final = 12 * 3600.0
LOOK_EVERY_S: Final = 0.5
"""How often a keeper looks whether somebody wants it to end."""

_NOTHING_RAN: Final = (NotFoundError, AuthError, MissingExtra)


class Beat(Protocol):
    """Calls the containers of an instrument; see `ModalHost.beat`."""

    def __call__(self, instrument: str, containers: int = 1, *, playing: int = 0) -> Awaitable[tuple[Warmth, ...]]:
        """Return what each has answered."""
        ...


class WarmPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What keeping an instrument warm would cost.

    Args:
        instrument: Catalogue id.
        host: Where.
        containers: How many, from 1.
        for_s: How long, cold start included, above 0 and up to 12 hours.
        price: Of a container second.
        window_s: How long a container stays after its last call.
        startup_timeout_s: The longest that a start can take.

    Raises:
        UsageError: a number out of its range.
    """

    instrument: str
    host: str
    containers: int = 1
    for_s: float
    price: Price
    window_s: float
    startup_timeout_s: float

    def __post_init__(self) -> None:
        if not 0 < self.for_s <= LONGEST_S:
            raise UsageError(f"nothing is kept warm for {self.for_s:g} s", hint="say for how long, up to 12h")
        if self.containers < 1:
            raise UsageError(f"{self.containers} containers cannot be kept warm", hint="keep at least one")

    @property
    def usd(self) -> Decimal:
        """What it costs if it runs to its end and nothing is played: every second of every container."""
        return self.price.for_seconds(self.for_s * self.containers)

    @property
    def worst_s(self) -> float:
        """Container seconds, were the keeper killed at its last call while a container must be started anew."""
        return (self.for_s + self.startup_timeout_s + self.window_s) * self.containers

    @property
    def worst_usd(self) -> Decimal:
        """What is reserved."""
        return self.price.for_seconds(self.worst_s)


class WarmState(msgspec.Struct, frozen=True, kw_only=True):
    """How it goes.

    Args:
        spell: What is kept, until when, and for how long it has been.
        problem: Why the last call failed, if it did; the next may not. Empty: it did not.
        over: Whether this is the end.
        row: The charge; only at the end.
    """

    spell: Spell
    problem: str = ""
    over: bool = False
    row: LedgerRow | None = None


class Keeper:
    """Keeps instruments of one host warm.

    Args:
        beat: Calls containers.
        cool: Lets the idle containers of an instrument end, and returns what each has answered.
        spells: Where other processes see it.
        budget: Pays.
        prices: What a second of the machines costs that were given.
        clock: Time.
        session: Id of the house; stands on the row.
    """

    def __init__(
        self,
        beat: Beat,
        cool: Callable[[str], Awaitable[tuple[Warmth, ...]]],
        *,
        spells: Spells,
        budget: Budget,
        prices: PriceSource,
        clock: Clock,
        session: str = "",
    ) -> None:
        self._beat = beat
        self._let_go = cool
        self._spells = spells
        self._budget = budget
        self._prices = prices
        self._clock = clock
        self._session = session

    async def keep(self, plan: WarmPlan, run: Run) -> AsyncGenerator[WarmState]:
        """Keep an instrument warm until its time is over, somebody cools it or the iteration is closed.

        Args:
            plan: What, and for how long.
            run: To which it belongs.

        Raises:
            BudgetError: before anything was started: a limit.
            UsageError: another process keeps it warm.
            StoreError: the spell cannot be written down.
            HausmusikError: the first call failed; or a later one, in a way that trying again does not mend.
        """
        with self._spells.hold(plan.instrument):
            hold_s = max(HOLD_S, plan.worst_s)
            reservation = self._budget.reserve(
                run, plan.worst_usd, instrument=plan.instrument, host=plan.host, hold_s=hold_s, kind="warm"
            )
            now = self._clock.now()
            spell = Spell(
                instrument=plan.instrument,
                host=plan.host,
                containers=plan.containers,
                began_at=now,
                ends_at=now + timedelta(seconds=plan.for_s),
                window_s=plan.window_s,
                startup_timeout_s=plan.startup_timeout_s,
                price=plan.price,
                reservation=reservation,
                session=self._session,
            )
            going = _Going(spell, plan, self._clock)
            try:
                self._spells.write(spell)
                while not going.over() and not self._spells.wished_over(plan.instrument):
                    if await self._one_beat(going):
                        self._spells.write(going.spell)
                        yield WarmState(spell=going.spell, problem=going.problem)
                        await self._wait(going)
                await self._cool(going)
            except BaseException:
                with suppress(asyncio.CancelledError):
                    await self._cool(going)
                raise
            finally:
                # A plain call: an `await` here could itself be cancelled, and then the row would be lost.
                row = self._spells.charge(going.end())
            yield WarmState(spell=going.spell, over=True, row=row)

    async def _one_beat(self, going: _Going) -> bool:
        """Call the containers; returns False when somebody wanted the end meanwhile."""
        spell = going.spell
        playing = self._playing(spell)
        going.beat_began()
        task = asyncio.ensure_future(self._beat(spell.instrument, spell.containers, playing=playing))
        try:
            while not task.done():
                await asyncio.wait([task], timeout=LOOK_EVERY_S)
                if not task.done() and (going.over() or self._spells.wished_over(spell.instrument)):
                    return False
            going.heard(self._paid(spell, task.result()))
        except _NOTHING_RAN:
            going.beat_was_nothing()
            raise
        except HausmusikError as error:
            going.beat_failed(error.message)
            if not error.retryable or spell.heard_at is None:
                raise
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait([task])
        return True

    async def _wait(self, going: _Going) -> None:
        """Wait for the next call: half a window after the last one, by the clock that says the most has passed."""
        until_s = going.elapsed_s() + going.spell.window_s / 2
        while (left_s := min(until_s, going.for_s) - going.elapsed_s()) > 0:
            if self._spells.wished_over(going.spell.instrument):
                return
            await asyncio.sleep(min(left_s, LOOK_EVERY_S))

    async def _cool(self, going: _Going) -> None:
        """Let the containers end now; one that plays ends by itself, and a call behind its play would start another."""
        if going.is_up and not self._playing(going.spell):
            with suppress(HausmusikError):  # who cannot be told ends when its window is over, and that is charged
                answers = await self._let_go(going.spell.instrument)
                going.released(self._paid(going.spell, answers))

    def _paid(self, spell: Spell, answers: tuple[Warmth, ...]) -> _Answers:
        """Charge plays what machines have idled after them, and return what is left to pay here."""
        for each in answers:
            self._budget.resumed(spell.host, each.stay)
        prices = [self._prices.price(spell.instrument, spell.host, each.stay.gpu) for each in answers]
        return _Answers(kept_s=tuple(each.kept_s for each in answers), prices=tuple(prices))

    def _playing(self, spell: Spell) -> int:
        flying = self._budget.in_flight(spell.instrument, spell.host)
        return sum(each != spell.reservation.id for each in flying)


class _Answers(msgspec.Struct, frozen=True, kw_only=True):
    """How long each machine that answered was up for no play, and what it costs."""

    kept_s: tuple[float, ...]
    prices: tuple[Price, ...]


class _Going:
    """The seconds of one spell while it goes on.

    Time is what the clock says that goes ahead: a machine that slept has a monotonic one that did not, and one on the
    wall can be set back.
    """

    def __init__(self, spell: Spell, plan: WarmPlan, clock: Clock) -> None:
        self.spell = spell
        self.problem = ""
        self.for_s = plan.for_s
        self._most_s = plan.worst_s
        self._clock = clock
        self._began_s = clock.monotonic()
        self._beat_s: float | None = None
        self._heard_s = 0.0
        self._up = 0
        self._priced = False

    @property
    def is_up(self) -> bool:
        return self._up > 0 or self._beat_s is not None

    def elapsed_s(self) -> float:
        wall_s = (self._clock.now() - self.spell.began_at).total_seconds()
        return max(self._clock.monotonic() - self._began_s, wall_s)

    def over(self) -> bool:
        return self.elapsed_s() >= self.for_s

    def beat_began(self) -> None:
        self._beat_s = self.elapsed_s()

    def beat_was_nothing(self) -> None:
        self._beat_s = None

    def beat_failed(self, problem: str) -> None:
        """Take all of its time for paid: what its containers did in it is not known."""
        self.problem = problem
        self._add(self._of_beat_s())
        self._beat_s = None

    def heard(self, answers: _Answers) -> None:
        self.problem = ""
        self._beat_s, self._heard_s = None, self.elapsed_s()
        self._up = max(self._up, len(answers.kept_s))
        self._note(answers)
        self.spell = msgspec.structs.replace(self.spell, heard_at=self._clock.now())

    def released(self, answers: _Answers) -> None:
        """Add what they were up since they were last called; those that did not answer, all of it."""
        self._note(answers)
        silent = max(0, min(self._up, self.spell.containers) - len(answers.kept_s))
        self._add(max(0.0, self.elapsed_s() - self._heard_s) * silent)
        self._up = 0

    def _note(self, answers: _Answers) -> None:
        # What was up before this spell began was paid for by others.
        self._add(sum(min(each, self.elapsed_s()) for each in answers.kept_s))
        known = (self.spell.price,) if self._priced else ()
        if prices := (*known, *answers.prices):
            self._priced = True  # until then it is the most that it may cost; of several machines the dearest counts
            price = max(prices, key=lambda each: each.usd_per_s)
            self.spell = msgspec.structs.replace(self.spell, price=price)

    def end(self) -> Spell:
        """Return the spell as it is to be charged: a call under way may still start what then stays for its window."""
        if self._beat_s is not None:
            self._add(self._of_beat_s() + self.spell.window_s * self.spell.containers)
            self._beat_s = None
        return self.spell

    def _of_beat_s(self) -> float:
        if self._beat_s is None:
            return 0.0
        return (self.elapsed_s() - self._beat_s) * self.spell.containers

    def _add(self, seconds: float) -> None:
        kept_s = min(self.spell.kept_s + seconds, self._most_s)
        self.spell = msgspec.structs.replace(self.spell, kept_s=kept_s)
