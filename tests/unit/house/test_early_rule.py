"""How many machines are started ahead, and when: by numbers alone."""

from __future__ import annotations

from typing import Any

import pytest

from hausmusik.early import Group, before_later_s
from hausmusik.seams import Machines
from hausmusik.testing import FakeHost
from hausmusik.types import Run
from tests.unit.hosts.playing import tone

MACHINES = Machines(most=4, idle_s=60, start_worst_s=960)


def group(*, machines: Machines = MACHINES, start_s: float = 20.0, is_up: bool = False, **work_s: Any) -> Group:
    every = {"now": [], "next": [], "later": []} | work_s
    return Group(
        host=FakeHost(), order=tone(), run=Run(id="r"), machines=machines, start_s=start_s, is_up=is_up, work_s=every
    )


@pytest.mark.parametrize(
    ("expected", "given"),
    [
        (0, {}),
        (0, {"now": [5.0] * 9}),  # they start their own
        (1, {"later": [1.0]}),
        (1, {"later": [1.0] * 10}),  # 10 s of work are no second start of 20 s
        (1, {"next": [20.0]}),
        (2, {"later": [3.0] * 10}),
        (2, {"next": [15.0], "later": [15.0]}),
        (2, {"later": [50.0, 50.0]}),  # two plays take no third machine
        (4, {"later": [100.0] * 10}),  # no more than there may be
        (3, {"later": [100.0] * 10, "now": [1.0]}),
        (0, {"later": [100.0] * 10, "now": [1.0] * 7}),
        (3, {"later": [100.0] * 10, "is_up": True}),
        (0, {"later": [1.0], "is_up": True}),
        (0, {"later": [100.0] * 10, "machines": Machines(most=4)}),
        (0, {"later": [100.0] * 10, "start_s": 0.0}),
    ],
)
def test_how_many(expected: int, given: dict[str, Any]) -> None:
    assert group(**given).starts == expected


def test_a_machine_that_plays_several_at_once_counts_for_them() -> None:
    shared = Machines(most=4, plays_each=5, idle_s=60, start_worst_s=960)
    assert group(machines=shared, later=[100.0] * 10).starts == 2
    assert group(machines=shared, later=[100.0] * 10, now=[1.0] * 5).starts == 1
    assert group(machines=shared, later=[1.0] * 30).at_once == 20


@pytest.mark.parametrize(
    ("before_s", "expected_s"),
    [(0.0, 0.0), (50.0, 0.0), (51.0, 1.0), (650.0, 600.0)],  # 20 s of start, and half of a window of 60 s
)
def test_when(before_s: float, expected_s: float) -> None:
    assert group(later=[1.0]).delay_s(before_s) == expected_s
    assert group(later=[1.0], next=[1.0]).delay_s(before_s) == 0, "what comes next waits for nothing"


def test_how_long_it_takes_until_later_plays_begin() -> None:
    groups = [group(now=[10.0, 10.0], next=[20.0], later=[500.0]), group(start_s=99.0, later=[500.0])]
    assert before_later_s(groups, 4) == 20 + 40 / 4
    assert before_later_s([group(now=[10.0], is_up=True)], 1) == 10
    assert before_later_s([], 1) == 0


def test_what_may_be_in_flight_at_once_is_its_worst_case() -> None:
    assert group(now=[1.0] * 9).worst_s is None, "a fake without a deadline has no limit"
    limited = group(now=[1.0] * 9)
    limited.run = Run(id="r", deadline_s=5)
    assert limited.worst_s == 4 * 5
