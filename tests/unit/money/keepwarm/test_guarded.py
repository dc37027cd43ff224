from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hausmusik.money.keepwarm import MODAL, Fixed, Guarded, Terms, Trace, one_by_one, replay
from hausmusik.money.keepwarm.guarded import RATIO
from hausmusik.money.keepwarm.synthetic import bursts, pareto, persons_days, poisson
from tests.unit.money.keepwarm.gaps import paid

some_terms = st.builds(Terms, cold_s=st.floats(1, 300), waiting=st.sampled_from([0.0, 0.0, 1.0, 5.0]))
# In parts of the break-even window; the borders are where it hurts.
some_gaps = st.lists(st.floats(0, 40) | st.sampled_from([0.0, 0.5, 1.0, 1.001, 2.0, 1e4]), max_size=120)


@given(some_terms, some_gaps)
@example(Terms(cold_s=5.0), [1e4] * 30 + [0.01] * 200 + [1e4] * 30)
@example(Terms(cold_s=5.0), [0.01] * 300 + [1e4] * 100 + [0.01] * 300)
def test_it_never_pays_more_than_it_promises(terms: Terms, parts: list[float]) -> None:
    even_s = terms.break_even_s
    paid_s, least_s = paid(Guarded(terms), terms, [part * even_s for part in parts])
    assert paid_s <= (RATIO * least_s + even_s) * (1 + 1e-9)


@given(some_terms, st.lists(st.sampled_from(["just over", "at break-even", "never", "short"]), max_size=200))
def test_nor_when_each_gap_is_the_worst_for_the_window_that_it_has(terms: Terms, moves: list[str]) -> None:
    policy, paid_s, least_s = Guarded(terms), 0.0, 0.0
    for move in moves:
        window_s = policy.window_s()
        gap_s = {
            "just over": math.nextafter(window_s, math.inf),
            "at break-even": terms.break_even_s,
            "never": 1e6,
            "short": 0.001 * terms.break_even_s,
        }[move]
        paid_s += terms.cost_s(window_s, gap_s)
        least_s += terms.least_s(gap_s)
        policy.observe(window_s, gap_s)
        assert paid_s <= (RATIO * least_s + terms.break_even_s) * (1 + 1e-9)
        assert policy.credit_s >= -1e-9 * paid_s


@given(st.floats(2, 300), st.lists(st.sampled_from(["worst", "never", "short"]), max_size=200))
@example(5.0, ["never"] * 5 + ["worst"] + ["never"] * 60 + ["worst"])
def test_nor_where_a_window_meets_as_many_gaps_as_begin_in_five_minutes(cold_s: float, moves: list[str]) -> None:
    terms = Terms(cold_s=cold_s)
    policy = Guarded(terms, update_every_s=MODAL.update_every_s)
    most = int(1 + MODAL.update_every_s / cold_s)
    for move in moves:
        window_s = policy.window_s()
        just_over_s = math.nextafter(window_s, math.inf)
        worst_s = just_over_s if window_s < cold_s else 1e6
        for _ in range(most if move == "worst" else 1):
            policy.observe(window_s, {"worst": worst_s, "never": 1e6, "short": 0.01 * cold_s}[move])
        assert policy.credit_s >= -1e-6


@pytest.mark.parametrize("cold_s", [5.0, 60.0])
def test_a_replay_on_the_platform_keeps_the_promise_too(cold_s: float) -> None:
    terms = Terms(cold_s=cold_s)
    gaps_s = [3600.0] * 30 + [2.1] * 300 + [3600.0] * 5 + [0.5 * cold_s] * 300
    policy = Guarded(terms, update_every_s=MODAL.update_every_s)
    found = replay(one_by_one("adversary", gaps_s, 0.0), policy, terms, platform=MODAL)
    least_s = sum(map(terms.least_s, gaps_s))
    once_s = cold_s + MODAL.update_every_s
    # besides the gaps there are the first boot and the last window
    assert found.overhead_s(terms) - cold_s - policy.window_s() <= RATIO * least_s + once_s + 1e-6
    assert policy.credit_s >= 0


def test_with_no_history_it_is_break_even() -> None:
    assert Guarded(Terms(cold_s=14.0)).window_s() == 14.0
    assert Guarded(Terms(cold_s=14.0, waiting=2.0)).window_s() == 42.0


def test_short_gaps_alone_are_no_reason_to_leave_sooner_than_break_even() -> None:
    terms = Terms(cold_s=14.0)
    policy = Guarded(terms)
    paid(policy, terms, [1.0] * 100)
    assert policy.window_s() == 14.0


@pytest.mark.parametrize(("gap_s", "least_s", "most_s"), [(3600.0, 0.0, 0.0), (10.0, 10.0, 28.0), (20.0, 20.0, 60.0)])
def test_from_equal_gaps_it_learns_to_stop_at_once_or_to_stay(gap_s: float, least_s: float, most_s: float) -> None:
    terms = Terms(cold_s=14.0, waiting=1.0)
    policy = Guarded(terms)
    paid(policy, terms, [gap_s] * 40)
    assert least_s <= policy.window_s() <= most_s


def test_it_follows_a_change_of_habits() -> None:
    terms = Terms(cold_s=60.0)
    policy = Guarded(terms)
    paid(policy, terms, [900.0] * 4000)
    assert policy.window_s() == 0.0
    paid(policy, terms, [5.0] * 60)
    assert policy.window_s() >= 5.0


def test_a_lesson_once_paid_for_is_forgiven() -> None:
    policy = Guarded(Terms(cold_s=10.0))
    policy.observe(10.0, 3600.0)
    assert policy.window_s() == 0.0
    policy.observe(0.0, math.ulp(0.0))  # the call that came just after it had gone takes all of the credit
    assert 9.5 < policy.window_s() <= 10.0
    paid(policy, Terms(cold_s=10.0), [3600.0] * 8)
    assert policy.window_s() < 1.0


@pytest.mark.parametrize("cold_s", [5.0, 14.0, 60.0, 150.0])
@pytest.mark.parametrize(
    "make",
    [
        lambda: poisson(1500, mean_gap_s=300.0, seed=5),
        lambda: poisson(1500, mean_gap_s=30.0, seed=5),
        lambda: bursts(1500, seed=5),
        lambda: pareto(1500, seed=5),
        lambda: persons_days(40, seed=5),
    ],
    ids=["poisson 300", "poisson 30", "bursts", "pareto", "days"],
)
def test_it_comes_near_the_best_fixed_window_in_hindsight(make: Callable[[], Trace], cold_s: float) -> None:
    trace, terms = make(), Terms(cold_s=cold_s)
    gaps_s = np.diff(trace.starts_s) - trace.busy_s[:-1]
    windows_s = [0.0, *np.geomspace(1, 3600, 60)]
    best_s = min(np.where(gaps_s <= window_s, gaps_s, window_s + cold_s).sum() for window_s in windows_s)
    ours_s, _ = paid(Guarded(terms), terms, gaps_s.tolist())
    even_s, _ = paid(Fixed(terms.break_even_s), terms, gaps_s.tolist())
    assert ours_s <= 1.08 * best_s
    assert ours_s <= 1.04 * even_s
