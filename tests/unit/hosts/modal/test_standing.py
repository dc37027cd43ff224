"""What a process can know of machines that it cannot see."""

from __future__ import annotations

from pathlib import Path

import pytest

from hausmusik.hosts.learnt import Learnt
from hausmusik.hosts.modal.messages import Started
from hausmusik.hosts.modal.standing import Standing
from hausmusik.types import Phase
from tests.unit.jobs.conftest import ManualClock

START_S = {"boot": 2.0, "prepare": 1.0, "load": 5.0, "warm_up": 2.0}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def standing(clock: ManualClock, tmp_path: Path) -> Standing:
    return Standing(clock, Learnt(tmp_path / "learnt.json"))


def started(container: str = "ta-1", *, gap_s: float | None = None) -> Started:
    return Started(
        call="fc-1",
        container=container,
        digest="d",
        gap_s=gap_s,
        start_s=START_S,
        window_s=60.0,
    )


def test_a_container_that_was_heard_is_warm_until_its_window_is_over(standing: Standing, clock: ManualClock) -> None:
    assert standing.state("bark").state == "cold"
    standing.heard("bark", started())
    assert standing.state("bark").state == "warm"
    assert standing.known() == ("bark",)
    clock.advance(59)
    assert standing.state("bark").state == "warm"
    clock.advance(2)
    state = standing.state("bark")
    assert (state.state, state.eta_s) == ("cold", 10.0)


def test_a_start_is_told_by_what_the_last_one_took(standing: Standing, clock: ManualClock) -> None:
    assert standing.phase("bark", 3.0, runners=0) == Phase(name="queue")
    assert standing.phase("bark", 3.0, runners=1) == Phase(name="boot")
    standing.heard("bark", started())
    clock.advance(100)
    with standing.starting("bark"):
        assert standing.state("bark").state == "warming"
        assert standing.phase("bark", 0.0, runners=0) == Phase(name="queue", eta_s=10.0)
        told = [standing.phase("bark", waited_s, runners=1) for waited_s in (1.0, 2.5, 4.0, 9.0, 30.0)]
    assert [(phase.name, phase.eta_s) for phase in told] == [
        *(("boot", 9.0), ("prepare", 7.5), ("load", 6.0), ("warm_up", 1.0), ("warm_up", 0.0))
    ]
    assert standing.state("bark").state == "cold"


def test_a_warm_one_that_is_busy_is_a_queue_and_teaches_nothing(standing: Standing) -> None:
    standing.heard("bark", started(gap_s=50.0))
    assert standing.phase("bark", 3.0, runners=1) == Phase(name="queue")
    standing.forget("bark")
    assert standing.state("bark").eta_s is None
