from __future__ import annotations

from datetime import date

import pytest

from hausmusik.errors import BudgetError
from hausmusik.money import LocalPrices
from tests.unit.jobs.conftest import ManualClock


def test_your_own_machine_costs_nothing_and_says_since_when(clock: ManualClock) -> None:
    price = LocalPrices(clock).price("kokoro", "local")
    assert (price.usd_per_s, price.date, price.source) == (0, date(2026, 11, 23), "your own machine")


@pytest.mark.parametrize("host", ["modal", "", "LOCAL"])
def test_a_price_that_is_not_known_is_an_error_and_never_nothing(clock: ManualClock, host: str) -> None:
    with pytest.raises(BudgetError, match="is not known") as caught:
        LocalPrices(clock).price("bark", host)
    assert caught.value.exit_code == 6
    assert LocalPrices(clock, ("fake", host)).price("bark", host).usd_per_s == 0
