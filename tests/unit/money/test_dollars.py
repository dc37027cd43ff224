from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.money.dollars import from_nano, nano_down, nano_up, shown

AMOUNTS = st.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False)


@given(AMOUNTS)
def test_rounding_is_up_for_what_is_spent_and_down_for_what_is_allowed(usd: Decimal) -> None:
    assert from_nano(nano_down(usd)) <= usd <= from_nano(nano_up(usd))
    assert nano_up(usd) - nano_down(usd) in {0, 1}


@given(st.integers(-(10**18), 10**18))
def test_nanos_survive(nano: int) -> None:
    assert nano_up(from_nano(nano)) == nano_down(from_nano(nano)) == nano


@pytest.mark.parametrize("usd", ["nan", "inf", "1e10", "-1e10"])
def test_what_is_no_amount_is_refused(usd: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        nano_up(Decimal(usd))


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        ("0", "$0.00"),
        ("1.2", "$1.20"),
        ("-2", "-$2.00"),
        ("1234.5", "$1,234.50"),
        ("0.1", "$0.10"),
        ("0.05", "$0.050"),
        ("0.0034", "$0.0034"),
        ("0.000000001", "$0.000000001"),
        ("1e-12", "$0.000000000"),
    ],
)
def test_amounts_for_people(usd: str, text: str) -> None:
    assert shown(Decimal(usd)) == text
