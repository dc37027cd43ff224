"""Exact dollars: to whole nano-dollars for sums inside SQLite, and as people read them."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

NANO: Final = Decimal("1e-9")
LARGEST_USD: Final = Decimal(10**9)
"""Sums of nano-dollars stay inside SQLite's 64 bits: 9.2e18 of them are 9.2e9 dollars."""


def nano_up(usd: Decimal) -> int:
    """Return whole nano-dollars, rounded up: what may be or was spent; raises ValueError where out of range."""
    return _nano(usd, ROUND_CEILING)


def nano_down(usd: Decimal) -> int:
    """Return whole nano-dollars, rounded down: what is allowed; raises ValueError where out of range."""
    return _nano(usd, ROUND_FLOOR)


def from_nano(nano: int) -> Decimal:
    """Return dollars."""
    return (NANO * nano).normalize() + 0


def shown(usd: Decimal) -> str:
    """Return dollars for people: to the cent, small amounts to two digits that count: `$1.20`, `$0.0034`, `-$2.00`."""
    sign, amount = ("-" if usd < 0 else ""), abs(usd)
    if amount == 0 or amount >= Decimal("0.1"):
        return f"{sign}${amount:,.2f}"
    # adjusted() is the exponent of the first digit: 0.0034 -> -3, so 4 places show two digits
    return f"{sign}${amount:.{max(2, min(9, 1 - amount.adjusted()))}f}"


def _nano(usd: Decimal, rounding: str) -> int:
    if not usd.is_finite() or abs(usd) > LARGEST_USD:
        raise ValueError(f"{usd} is not an amount of dollars")
    # Not `usd / NANO`: that rounds to 28 digits first, in whatever direction is nearest.
    return int(usd.quantize(NANO, rounding).scaleb(9))
