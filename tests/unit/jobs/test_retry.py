from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from hausmusik.jobs import Retry


@given(failures=st.integers(1, 10_000), seed=st.integers(0, 100))
def test_the_wait_doubles_up_to_a_cap_and_is_at_least_half_of_it(failures: int, seed: int) -> None:
    retry = Retry(base_s=0.5, cap_s=20)
    longest = min(20.0, 0.5 * 2 ** min(failures - 1, 30))
    assert longest / 2 <= retry.delay_s(failures, Random(seed)) <= longest


def test_the_wait_comes_from_the_injected_random_and_differs() -> None:
    one, two = ([Retry().delay_s(3, random) for _ in range(5)] for random in (Random(1), Random(1)))
    assert one == two
    assert len(set(one)) == 5
