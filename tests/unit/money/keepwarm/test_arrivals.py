from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.money.keepwarm import Trace, busy_periods, one_by_one, thin
from hausmusik.money.keepwarm.synthetic import DAY_S, bursts, pareto, persons_days, poisson


def trace(starts_s: list[float], busy_s: list[float], *, closed: bool = False) -> Trace:
    return Trace(name="made up", starts_s=np.array(starts_s), busy_s=np.array(busy_s), closed=closed)


@pytest.mark.parametrize(
    ("starts_s", "busy_s", "closed", "says"),
    [
        ([0.0, 1.0], [1.0], False, "as many"),
        ([1.0, 0.0], [1.0, 1.0], False, "sorted"),
        ([0.0, float("nan")], [1.0, 1.0], False, "finite"),
        ([0.0, 1.0], [1.0, -1.0], False, "not below 0"),
        ([0.0, 1.0], [2.0, 1.0], True, "overlap"),
    ],
)
def test_what_is_no_trace_is_refused(starts_s: list[float], busy_s: list[float], closed: bool, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        trace(starts_s, busy_s, closed=closed)


def test_gaps_run_from_the_end_of_a_call() -> None:
    made = one_by_one("three", [5.0, 7.0], [1.0, 2.0, 3.0])
    assert (made.starts_s.tolist(), made.duration_s) == ([0.0, 6.0, 15.0], 18.0)
    assert made.closed


def test_calls_that_overlap_become_one_busy_period() -> None:
    # the second call outlives the third; the fourth touches the second's end; the fifth comes later
    merged = busy_periods(trace([0.0, 3.0, 4.0, 9.0, 20.0], [2.0, 6.0, 1.0, 1.0, 4.0]))
    assert merged.starts_s.tolist() == [0.0, 3.0, 20.0]
    assert merged.busy_s.tolist() == [2.0, 7.0, 4.0]


def test_no_calls_are_no_busy_periods() -> None:
    assert len(busy_periods(trace([], []))) == 0


@given(st.lists(st.tuples(st.floats(0, 1e4), st.floats(0, 1e3)), min_size=1, max_size=40))
def test_busy_periods_cover_exactly_what_the_calls_cover(calls: list[tuple[float, float]]) -> None:
    starts_s, busy_s = map(list, zip(*sorted(calls), strict=True))
    merged = busy_periods(trace(starts_s, busy_s))
    covered_s, until_s = 0.0, starts_s[0]
    for start_s, each_s in zip(starts_s, busy_s, strict=True):  # a sweep, call by call
        covered_s += max(0.0, start_s + each_s - max(start_s, until_s))
        until_s = max(until_s, start_s + each_s)
    assert merged.busy_s.sum() == pytest.approx(covered_s, abs=1e-6)
    assert merged.duration_s == pytest.approx(until_s - starts_s[0])


def test_thinning_keeps_about_one_in_k_and_the_traffic_memoryless() -> None:
    busy = np.zeros(40_000)
    starts_s = np.cumsum(np.random.default_rng(1).exponential(1.0, 40_000))
    thinned = thin(Trace(name="many", starts_s=starts_s, busy_s=busy), 10, seed=2)
    gaps_s = np.diff(thinned.starts_s)
    assert len(thinned) == pytest.approx(4000, rel=0.05)
    # every tenth call would leave gaps with a coefficient of variation of 0.32
    assert gaps_s.std() / gaps_s.mean() == pytest.approx(1.0, abs=0.05)
    assert np.isin(thinned.starts_s, starts_s).all()


def test_one_persons_calls_are_not_thinned() -> None:
    with pytest.raises(ValueError, match="open trace"):
        thin(poisson(5, mean_gap_s=1.0, seed=1), 2, seed=1)


def test_the_made_up_traces_have_the_gaps_they_say() -> None:
    assert np.diff(poisson(20_000, mean_gap_s=300.0, seed=1).starts_s).mean() == pytest.approx(300, rel=0.03)
    gaps_s = np.diff(bursts(20_000, seed=1).starts_s)
    assert (gaps_s > 60).mean() == pytest.approx(0.1, abs=0.01)
    heavy_s = np.diff(pareto(20_000, seed=1).starts_s)
    assert heavy_s.min() >= 20
    assert (heavy_s > 200).mean() == pytest.approx(0.1**1.2, rel=0.1)


def test_a_persons_days_are_quiet_in_the_night_and_equal_for_equal_seeds() -> None:
    days = persons_days(28, seed=3)
    hours = (days.starts_s % DAY_S) / 3600
    # zero is the first call, of an evening: nobody is up in the hours that lie 9 to 13 h after it
    assert len(days) > 300
    assert ((hours > 9) & (hours < 13)).mean() < 0.05
    assert (persons_days(28, seed=3).starts_s == days.starts_s).all()
    assert len(persons_days(28, seed=4)) != len(days)
