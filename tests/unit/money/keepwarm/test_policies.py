from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.money.keepwarm import Fixed, Histogram, Randomised, Terms
from tests.unit.money.keepwarm.gaps import paid

gaps = st.lists(st.floats(0, 1e5), max_size=60)


@given(gaps, st.floats(0.1, 1000), st.floats(0, 20))
def test_break_even_never_pays_more_than_twice_the_least(gaps_s: list[float], cold_s: float, waiting: float) -> None:
    terms = Terms(cold_s=cold_s, waiting=waiting)
    paid_s, least_s = paid(Fixed(terms.break_even_s), terms, gaps_s)
    assert least_s <= paid_s <= 2 * least_s * (1 + 1e-9)


@pytest.mark.parametrize(
    ("cold_s", "waiting"), [(0.0, 0.0), (-1.0, 0.0), (math.nan, 0.0), (math.inf, 0.0), (1.0, -1.0)]
)
def test_what_cannot_be_at_stake_is_refused(cold_s: float, waiting: float) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        Terms(cold_s=cold_s, waiting=waiting)


@pytest.mark.parametrize("gap_s", [1.0, 7.0, 14.0, 1e4])
def test_the_randomised_rule_pays_e_over_e_minus_1_whatever_the_gap(gap_s: float) -> None:
    terms = Terms(cold_s=14.0)
    paid_s, least_s = paid(Randomised(terms, seed=1), terms, [gap_s] * 20_000)
    assert paid_s / least_s == pytest.approx(math.e / (math.e - 1), rel=0.02)


def test_the_randomised_rule_is_equal_for_equal_seeds_and_stays_within_break_even() -> None:
    terms = Terms(cold_s=10.0, waiting=1.0)
    one, same, other = (Randomised(terms, seed=seed) for seed in (1, 1, 2))
    drawn = [one.window_s() for _ in range(200)]
    assert drawn == [same.window_s() for _ in range(200)]
    assert drawn[0] != other.window_s()
    assert 0 <= min(drawn) < max(drawn) <= 20.0


def test_the_histogram_waits_for_history_then_covers_nearly_all_idle_times() -> None:
    policy = Histogram()
    assert policy.window_s() == 60.0
    for gap_s in np.linspace(0, 110, 50):
        policy.observe(0.0, float(gap_s))
    assert policy.window_s() == pytest.approx(2 * 60 * 1.1)


def test_the_histogram_stops_at_once_where_idle_times_are_long_and_alike() -> None:
    policy = Histogram()
    for _ in range(50):
        policy.observe(0.0, 1810.0)
    assert policy.window_s() == 0.0


@pytest.mark.parametrize("gaps_s", [np.linspace(0, 3599, 240), np.concatenate((np.full(20, 5.0), np.full(21, 9000.0)))])
def test_the_histogram_is_not_used_where_it_says_nothing(gaps_s: np.ndarray) -> None:
    policy = Histogram()
    for gap_s in gaps_s:
        policy.observe(0.0, float(gap_s))
    assert policy.window_s() == 60.0
