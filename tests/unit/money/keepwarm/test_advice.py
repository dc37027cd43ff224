from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from hausmusik.errors import UsageError
from hausmusik.money import Ledger, LedgerRow
from hausmusik.money.keepwarm import Advice, Pool, advise
from hausmusik.types import Usage
from tests.unit.money.conftest import FREE, GPU

BEGIN = datetime(2026, 11, 1, 18, tzinfo=UTC)


def rows_of(
    row: Callable[..., LedgerRow], gaps_s: list[float], *, busy_s: float = 4.0, load_s: float = 0.0
) -> list[LedgerRow]:
    """One caller who waits: each call ends `load_s + busy_s` after it came, and the next comes a gap later."""
    at_s, made = 0.0, []
    for gap_s in [0.0, *gaps_s]:
        at_s += gap_s + load_s + busy_s
        usage = Usage(busy_s=busy_s, load_s=load_s)
        made.append(row(at=BEGIN + timedelta(seconds=at_s), instrument="bark", host="cloud", usage=usage, price=GPU))
    return made


def asked(rows: list[LedgerRow], **more: object) -> Advice:
    given: dict[str, object] = {"instrument": "bark", "host": "cloud", "cold_s": 30.0, "price": GPU} | more
    return advise(rows, **given)  # type: ignore[arg-type]


def test_a_short_history_is_said_to_be_one(row: Callable[..., LedgerRow]) -> None:
    advice = asked(rows_of(row, [5.0] * 8))
    assert (advice.window_s, advice.basis, advice.calls, advice.expected) == (30, "break-even", 9, None)
    assert str(advice) == "30 s, break-even: 9 calls are too few to learn from"
    assert asked([]).calls == 0


def test_what_was_refused_before_a_machine_began_teaches_nothing(row: Callable[..., LedgerRow]) -> None:
    played = rows_of(row, [7200.0] * 20)
    refused = [
        row(at=each.at - timedelta(seconds=9), instrument="bark", host="cloud", usage=Usage(queue_s=1.0), price=GPU)
        for each in played
    ]
    assert asked([*played, *refused]) == asked(played)
    assert asked(refused).calls == 0


def test_what_waiting_is_worth_makes_the_window_longer(row: Callable[..., LedgerRow]) -> None:
    assert asked([], waiting_usd_per_s=2 * GPU.usd_per_s).window_s == 90
    assert asked([], waiting_usd_per_s=Decimal(1)).window_s == 3600  # the longest that can be set


def test_rare_calls_advise_the_shortest_window(row: Callable[..., LedgerRow]) -> None:
    advice = asked(rows_of(row, [7200.0] * 60))
    assert (advice.window_s, advice.basis, advice.calls) == (2, "learnt", 61)
    assert advice.expected is not None
    assert advice.expected.cold_fraction == 1.0
    costs = [each.usd_per_day for each in advice.against.values()]
    assert list(advice.against) == [2, 60, 300, 1200]
    assert costs == sorted(costs)
    assert costs[0] <= advice.expected.usd_per_day < costs[1]


def test_what_it_would_cost_is_what_the_seconds_cost(row: Callable[..., LedgerRow]) -> None:
    advice = asked(rows_of(row, [7200.0] * 60))
    days = (60 * 7204.0 + 4.0) / 86_400
    billed_s = 61 * (30 + 4 + 60)  # each call boots, plays, and leaves a window of a minute
    assert float(advice.against[60].usd_per_day) == pytest.approx(billed_s / days * float(GPU.usd_per_s), rel=1e-6)


def test_frequent_calls_advise_to_stay(row: Callable[..., LedgerRow]) -> None:
    advice = asked(rows_of(row, [10.0] * 200))
    assert advice.expected is not None
    assert 10 <= advice.window_s <= 60
    assert advice.expected.cold_fraction == pytest.approx(1 / 201)
    assert "learnt from 201 calls: $" in str(advice)


def test_cold_starts_of_the_past_are_no_gaps(row: Callable[..., LedgerRow]) -> None:
    """One caller's gaps run from answer to question, however long the answer took."""
    warm, cold = (asked(rows_of(row, [25.0] * 60, load_s=load_s)) for load_s in (0.0, 30.0))
    assert warm.window_s == cold.window_s
    assert warm.against[60].cold_fraction == cold.against[60].cold_fraction == pytest.approx(1 / 61)


def test_calls_of_many_come_when_they_come(row: Callable[..., LedgerRow]) -> None:
    """Twelve at once every hour: with room for all of them one boot serves them, with room for one each waits."""
    usage = Usage(busy_s=4.0)
    ends = [BEGIN + timedelta(hours=hour, seconds=4 + call) for hour in range(4) for call in range(12)]
    rows = [row(at=end, instrument="bark", host="cloud", usage=usage, price=GPU) for end in ends]
    together = asked(rows, pool=Pool(max_inputs=12))
    apart = asked(rows, pool=Pool(max_containers=12))
    assert together.against[2].usd_per_day < apart.against[2].usd_per_day
    assert together.against[2].cold_fraction == 1.0


def test_only_its_own_plays_count(row: Callable[..., LedgerRow], ledger: Ledger) -> None:
    mine = rows_of(row, [100.0] * 30)
    for each in mine:
        ledger.append(each)
        ledger.append(row(at=each.at, instrument="bark", host="local"))
        ledger.append(row(at=each.at, instrument="kokoro", host="cloud", price=GPU))
    ledger.correct(mine[3].id, Decimal("0.5"))
    assert asked(list(ledger.rows())) == asked(mine)


@pytest.mark.parametrize("cold_s", [0.0, -1.0, float("nan"), float("inf")])
def test_numbers_that_cannot_be_are_refused(cold_s: float) -> None:
    with pytest.raises(UsageError, match="cannot be"):
        asked([], cold_s=cold_s)


@pytest.mark.parametrize("usd", ["-0.1", "nan", "inf"])
def test_so_is_a_worth_of_waiting(usd: str) -> None:
    with pytest.raises(UsageError, match="cannot be"):
        asked([], waiting_usd_per_s=Decimal(usd))


def test_a_machine_that_costs_nothing_needs_no_advice() -> None:
    with pytest.raises(UsageError, match="costs nothing"):
        asked([], price=FREE)


def test_a_window_is_learnt_from_the_whole_of_the_history(row: Callable[..., LedgerRow]) -> None:
    gaps_s = [*np.full(200, 3000.0).tolist(), *np.full(200, 8.0).tolist()]
    assert asked(rows_of(row, gaps_s)).window_s >= 8
