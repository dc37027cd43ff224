"""What an account said that it pays, kept with the day on which it said so: prices without asking anybody.

A small JSON file that belongs to one profile of the account's settings; another profile's is passed over, and so is a
broken one: the table counts then. Knows nothing of clouds.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec

from hausmusik.atomic import private_folder, write_whole
from hausmusik.errors import StoreError
from hausmusik.money.tiers import HourPrice

_VERSION: Final = 1


class AccountRates(msgspec.Struct, frozen=True, kw_only=True):
    """The rates of one account.

    Args:
        profile: Of Modal's settings file; empty: the active one.
        workspace: The account's name.
        read: The day on which they were read.
        usd_per_h: Dollars an hour, by name of a GPU or part.
        version: Of this form.
    """

    profile: str
    workspace: str
    read: date
    usd_per_h: dict[str, Decimal]
    version: int = _VERSION

    def prices(self) -> dict[str, HourPrice]:
        """Return them as prices, with where they are from."""
        source = f"the Modal account {self.workspace}" if self.workspace else "your Modal account"
        return {name: HourPrice(usd_per_h=usd, date=self.read, source=source) for name, usd in self.usd_per_h.items()}


def load_account(path: Path, profile: str) -> Mapping[str, HourPrice]:
    """Return what the account of a profile said last; nothing where it never did."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=AccountRates)
        return found.prices() if (found.version, found.profile) == (_VERSION, profile) else {}
    except (OSError, ValueError):
        return {}


def save_account(path: Path, rates: AccountRates) -> None:
    """Keep what an account said; the next house counts with it.

    Raises:
        StoreError: the file cannot be written.
    """
    try:
        private_folder(path.parent)
        write_whole(path, msgspec.json.format(msgspec.json.encode(rates)))
    except OSError as error:
        raise StoreError(
            f"the account's rates cannot be kept at {path}: {error.strerror}", hint="make its folder writable for you"
        ) from error
