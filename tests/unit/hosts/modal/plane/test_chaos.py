"""Faults by schedule: whatever goes wrong, every input is answered exactly once."""

from __future__ import annotations

import collections

import modal
import pytest

from hausmusik.hosts.modal.plane import Faults, Plane, Refusal, Storm
from tests.unit.hosts.modal.plane.conftest import MakePlane
from tests.unit.hosts.modal.plane.deploying import deploy, function, until

pytestmark = pytest.mark.slow


def kinds(plane: Plane) -> collections.Counter[str]:
    return collections.Counter(each.kind for each in plane.faults_seen())


def test_a_killed_container_gives_its_input_to_another(make_plane: MakePlane) -> None:
    plane = make_plane(faults=Faults(killing_deliveries=(0, 1)))
    deploy(plane, "small")
    assert function(plane, "small", "square").remote(4) == 16
    assert kinds(plane) == {"kill": 2}
    assert [each.why for each in plane.lives()][:2] == ["killed", "killed"]
    assert plane.calls()[0].deliveries == 3


def test_a_generator_begins_again_and_nothing_is_doubled(make_plane: MakePlane) -> None:
    plane = make_plane(faults=Faults(killing_deliveries=(0,), kill_after_s=(0.5, 0.5)))
    deploy(plane, "small")
    assert list(function(plane, "small", "count").remote_gen(8, 0.3)) == list(range(8))
    assert kinds(plane) == {"kill": 1}


def test_a_lost_output_is_made_again(make_plane: MakePlane) -> None:
    plane = make_plane(faults=Faults(dropping_outputs=(0,)))
    deploy(plane, "small")
    assert function(plane, "small", "square").remote(4) == 16
    assert kinds(plane) == {"dropped_output": 1}
    assert plane.logs("small").count("square 4") == 2
    assert plane.lives()[0].inputs == 1


def test_boots_fail_and_are_slow(make_plane: MakePlane) -> None:
    plane = make_plane(faults=Faults(failing_boots=(0, 1, 2, 3), boot_delay_s=(5, 10)), time_factor=20.0)
    deploy(plane, "small")
    assert function(plane, "small", "square").remote(4) == 16
    assert kinds(plane) == {"boot_failure": 4, "slow_boot": 5}
    *failed, last = plane.lives()
    assert [each.why for each in failed] == ["boot_failed"] * 4
    assert last.ready_at is not None
    assert last.ready_at - last.spawned_at > 5


def test_no_boot_ever_works(make_plane: MakePlane) -> None:
    plane = make_plane(faults=Faults(boot_failures=1.0))
    deploy(plane, "small")
    with pytest.raises(modal.exception.RemoteError, match="before it was ready"):
        function(plane, "small", "square").remote(4)


def test_a_container_lost_again_and_again_is_reported(make_plane: MakePlane) -> None:
    plane = make_plane(faults=Faults(dropped_outputs=1.0))
    deploy(plane, "small")
    with pytest.raises(modal.exception.RemoteError, match="again and again"):
        function(plane, "small", "square").remote(4)


def test_capacity_comes_back(make_plane: MakePlane) -> None:
    plane = make_plane(faults=Faults(refusals=(Refusal(from_s=0, for_s=30),)), time_factor=20.0)
    deploy(plane, "small")
    assert function(plane, "small", "square").remote(4) == 16
    assert kinds(plane)["refusal"] >= 1


def test_everything_at_once_loses_and_doubles_nothing(make_plane: MakePlane) -> None:
    faults = Faults(
        seed=7,
        kills=0.1,
        kill_after_s=(0.0, 0.02),
        dropped_outputs=0.1,
        boot_failures=0.1,
        storms=(Storm(at_s=2.0, fraction=0.5),),
    )
    plane = make_plane(faults=faults, max_containers=3)
    deploy(plane, "small")
    assert list(function(plane, "small", "square").map(range(60))) == [x * x for x in range(60)]
    (call,) = [each for each in plane.calls() if each.function == "square"]
    assert call.outcomes == ("success",) * 60
    seen = kinds(plane)
    assert seen["kill"] > 0
    assert seen["dropped_output"] > 0
    assert sum(each.inputs for each in plane.lives()) == 60
    killed = [each.subject for each in plane.faults_seen() if each.kind == "kill"]
    lives = {each.id: each for each in plane.lives()}
    until(lambda: all(lives[each].why in ("killed", "preempted") for each in killed))
