"""Spells of keeping warm, as files that every process of the house sees: what is kept, until when, by whom.

Whoever keeps an instrument warm holds the lock of its spell, which the system takes from the dead. A spell whose lock
is free and whose file is there was left behind by a killed process: whoever finds it charges it, once, for all that it
can have cost. Knows nothing of hosts.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from filelock import FileLock, Timeout

from hausmusik.atomic import private_folder, write_whole
from hausmusik.errors import StoreError, UsageError
from hausmusik.money.budget import Budget, Reservation
from hausmusik.money.prices import Price
from hausmusik.money.rows import KEEP_WARM, LedgerRow
from hausmusik.seams import Clock
from hausmusik.types import Usage

ENDING_S: Final = 10.0
"""How long a keeper may take to hear that it should end, and to charge what it kept."""


class Spell(msgspec.Struct, frozen=True, kw_only=True):
    """An instrument that is kept warm.

    Args:
        instrument: Catalogue id.
        host: Where.
        containers: How many.
        began_at: When it was begun, UTC.
        ends_at: When it ends at the latest, UTC.
        heard_at: When its containers answered last, UTC; None: not yet.
        kept_s: Container seconds until then that nobody else is charged for.
        window_s: How long containers stay after that by themselves.
        startup_timeout_s: The longest that a start can take.
        price: Of a container second.
        reservation: The money set aside.
        session: Id of the house that keeps it.
    """

    instrument: str
    host: str
    containers: int
    began_at: datetime
    ends_at: datetime
    heard_at: datetime | None = None
    kept_s: float = 0.0
    window_s: float
    startup_timeout_s: float = 0.0
    price: Price
    reservation: Reservation
    session: str = ""

    def left_behind(self, now: datetime) -> Spell:
        """Return the spell as it is to be charged when its keeper was killed: the most that it can have cost.

        Half a window after its last word it may have called anew, and what that started stays for a whole one, even if
        nothing had answered by then. Were the clock set back since, all of that is charged.
        """
        silent_s = (now - (self.heard_at or self.began_at)).total_seconds()
        last_call_s = self.startup_timeout_s + self.window_s / 2
        unheard_s = (min(silent_s, last_call_s) if silent_s >= 0 else last_call_s) + self.window_s
        for_s = (self.ends_at - self.began_at).total_seconds()
        most_s = (for_s + self.startup_timeout_s + self.window_s) * self.containers
        return msgspec.structs.replace(self, kept_s=min(self.kept_s + unheard_s * self.containers, most_s))

    def row(self, at: datetime) -> LedgerRow:
        """Return the charge for it."""
        usage = Usage(idle_s=self.kept_s)
        return LedgerRow(
            id=self.reservation.id,
            at=at.astimezone(UTC),
            kind="warm",
            session=self.session,
            run=self.reservation.run,
            label=KEEP_WARM,
            instrument=self.instrument,
            host=self.host,
            basis="estimated",
            usage=usage,
            cost_usd=self.price.for_usage(usage),
            price=self.price,
        )


class Spells:
    """The spells of a house.

    Args:
        folder: Where their files are; made when it is needed.
        budget: Where they are charged.
        clock: Time.
    """

    def __init__(self, folder: Path, budget: Budget, clock: Clock) -> None:
        self._folder = folder
        self._budget = budget
        self._clock = clock

    @contextmanager
    def hold(self, instrument: str) -> Generator[None]:
        """Be the one who keeps an instrument warm; what a killed one left is charged first.

        Raises:
            UsageError: another process keeps it warm.
            StoreError: the folder cannot be written.
        """
        try:
            with self._lock(instrument):
                self._settle_left(instrument)
                self._wish(instrument).unlink(missing_ok=True)
                yield
        except Timeout as error:
            hint = f"`haus status` tells until when; `haus cool {instrument}` ends it"
            raise UsageError(f"{instrument} is being kept warm already", hint=hint) from error

    def write(self, spell: Spell) -> None:
        """Write down how a spell stands; raises StoreError."""
        try:
            write_whole(self._file(spell.instrument), msgspec.json.encode(spell), mode=0o600)
        except OSError as error:
            raise self._unwritable(error) from error

    def charge(self, spell: Spell) -> LedgerRow:
        """Charge a spell that has ended; its row is the settlement of its reservation. Raises StoreError."""
        row = spell.row(self._clock.now())
        self._budget.settle(spell.reservation, row.cost_usd, row)
        self._file(spell.instrument).unlink(missing_ok=True)
        return row

    def wished_over(self, instrument: str) -> bool:
        """Return whether somebody wants the spell to end."""
        return self._wish(instrument).exists()

    def end(self, instrument: str) -> bool:
        """Have the spell of an instrument end, and wait until it has; returns whether there was one.

        Raises:
            StoreError: it did not end in time, or the folder cannot be written.
        """
        if not self._file(instrument).exists():
            return False
        try:
            self._wish(instrument).touch()
            with self._lock(instrument, patience_s=ENDING_S):
                self._settle_left(instrument)
                self._wish(instrument).unlink(missing_ok=True)
        except Timeout as error:
            raise StoreError(
                f"{instrument} is still being kept warm: who does so has not answered for {ENDING_S:g} s",
                hint="end that `haus warm` where it runs",
            ) from error
        except OSError as error:
            raise self._unwritable(error) from error
        return True

    def current(self) -> tuple[Spell, ...]:
        """Return what is being kept warm, by name; charges what killed processes have left behind."""
        found: list[Spell] = []
        for file in sorted(self._folder.glob("*.json")):
            if (spell := self._read(file)) is None:
                continue
            try:
                with self._lock(spell.instrument):
                    self._settle_left(spell.instrument)
            except Timeout:
                found.append(spell)
        return tuple(found)

    def _settle_left(self, instrument: str) -> None:
        """Charge a spell whose process was killed."""
        file = self._file(instrument)
        if (spell := self._read(file)) is None:
            return
        if self._budget.is_open(spell.reservation):  # else it was charged, and killed before its file was removed
            self.charge(spell.left_behind(self._clock.now()))
        file.unlink(missing_ok=True)

    def _read(self, file: Path) -> Spell | None:
        try:
            return msgspec.json.decode(file.read_bytes(), type=Spell)
        except (OSError, msgspec.DecodeError):
            return None

    def _file(self, instrument: str) -> Path:
        return self._folder / f"{instrument}.json"

    def _wish(self, instrument: str) -> Path:
        return self._folder / f"{instrument}.cool"

    @contextmanager
    def _lock(self, instrument: str, patience_s: float = 0.0) -> Generator[None]:
        try:
            private_folder(self._folder)
            lock = FileLock(self._folder / f"{instrument}.lock", timeout=patience_s, thread_local=False)
            lock.acquire()
        except OSError as error:
            if isinstance(error, Timeout):
                raise
            raise self._unwritable(error) from error
        try:
            yield
        finally:
            lock.release()

    def _unwritable(self, error: OSError) -> StoreError:
        return StoreError(
            f"{self._folder} cannot be written: {error.strerror or error}", hint="make it writable, or free some space"
        )
