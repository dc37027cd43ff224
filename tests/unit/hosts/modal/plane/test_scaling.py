"""Warm containers, limits, windows, new versions and the end of an app; the plane's own accounting.

Annotations are not postponed here, because the SDK reads those of a class's parameters.
"""

import modal
import pytest

from hausmusik.hosts.modal.plane import ContainerLife, Faults, Plane, Refusal
from tests.unit.hosts.modal.plane.conftest import MakePlane
from tests.unit.hosts.modal.plane.deploying import function, instance, outside, until

pytestmark = pytest.mark.slow


def deploy(plane: Plane, **options: object) -> modal.App:
    """Deploy a function `nap` and a class `Kept`, which both answer with their container's id."""
    app = modal.App("app")

    def nap(s: float) -> str:
        import os
        import time

        time.sleep(s)
        return os.environ["MODAL_TASK_ID"]

    class Kept:
        name: str = modal.parameter(default="x")

        @modal.method()
        def nap(self, s: float) -> str:
            import os
            import time

            time.sleep(s)
            return os.environ["MODAL_TASK_ID"]

    app.function(name="nap", serialized=True, **options)(nap)
    app.cls(serialized=True, **options)(Kept)
    app.deploy(client=plane.client())
    return app


def alive(plane: Plane, name: str) -> list[ContainerLife]:
    return [each for each in plane.lives() if each.function == name and each.ended_at is None]


def test_what_is_kept_warm_serves_and_stays(make_plane: MakePlane) -> None:
    plane = make_plane(time_factor=20.0)
    deploy(plane, min_containers=1, scaledown_window=2)
    until(lambda: all(any(each.ready_at for each in alive(plane, name)) for name in ("nap", "Kept")))
    (kept,) = alive(plane, "Kept")
    assert instance(plane, "app", "Kept").nap.remote(0) == kept.id
    (nap,) = alive(plane, "nap")
    assert function(plane, "app", "nap").remote(0) == nap.id
    deploy(plane, scaledown_window=2)  # no longer kept warm
    until(lambda: not alive(plane, "nap") and not alive(plane, "Kept"))
    assert {each.why for each in plane.lives()} == {"stopped"}


def test_the_most_at_once(make_plane: MakePlane) -> None:
    plane = make_plane()
    deploy(plane, max_containers=2)
    assert len(set(function(plane, "app", "nap").map([0.2] * 8))) <= 2
    assert len(plane.lives()) == 2


def test_time_can_run_faster(make_plane: MakePlane) -> None:
    """A window of ten minutes is over in three seconds, and the accounting says ten minutes."""
    plane = make_plane(time_factor=200.0)
    deploy(plane, scaledown_window=600, startup_timeout=3600)
    function(plane, "app", "nap").remote(0)
    until(lambda: plane.lives()[0].ended_at is not None)
    (life,) = plane.lives()
    assert life.why == "idle"
    assert life.inputs == 1
    assert life.ready_at is not None
    assert life.ended_at is not None
    assert life.spawned_at < life.ready_at < life.ended_at
    assert life.ended_at - life.ready_at >= 600


def test_timeouts_are_the_planes_seconds(make_plane: MakePlane) -> None:
    plane = make_plane(time_factor=60.0)
    deploy(plane, timeout=120, startup_timeout=1800)
    with pytest.raises(modal.exception.FunctionTimeoutError, match="120s"):
        function(plane, "app", "nap").remote(60)


def test_the_autoscaler_is_told_anew(make_plane: MakePlane) -> None:
    plane = make_plane(time_factor=20.0)
    deploy(plane, scaledown_window=20)
    nap = function(plane, "app", "nap")
    update = nap.autoscaler.update if hasattr(nap, "autoscaler") else nap.update_autoscaler
    update(min_containers=2)
    until(lambda: sum(each.ready_at is not None for each in alive(plane, "nap")) == 2)
    update(min_containers=0)
    until(lambda: not alive(plane, "nap"))
    assert {each.why for each in plane.lives()} == {"idle"}


def test_a_stopped_app_ends_at_once(make_plane: MakePlane) -> None:
    plane = make_plane()
    deploy(plane, min_containers=1)
    until(lambda: alive(plane, "nap") and all(each.ready_at for each in alive(plane, "nap")))
    call = function(plane, "app", "nap").spawn(600)
    until(lambda: function(plane, "app", "nap").get_current_stats().num_running_inputs == 1)
    assert outside(plane, ["-m", "modal", "app", "stop", "app", "--yes"]).returncode == 0
    with pytest.raises(modal.exception.Error):
        call.get(timeout=10)
    until(lambda: not alive(plane, "nap") and not alive(plane, "Kept"))
    assert plane.declared() == ()
    with pytest.raises(modal.exception.NotFoundError):
        function(plane, "app", "nap").remote(0)


def test_a_container_that_is_not_ready_in_time(make_plane: MakePlane) -> None:
    plane = make_plane(faults=Faults(boot_delay_s=(60, 60)), time_factor=20.0)
    deploy(plane, startup_timeout=20)
    with pytest.raises(modal.exception.RemoteError, match="initializing for too long: 20 seconds"):
        function(plane, "app", "nap").remote(0)
    (life,) = plane.lives()
    assert (life.why, life.ready_at) == ("boot_timeout", None)


def test_an_interpreter_that_cannot_be_run(make_plane: MakePlane) -> None:
    plane = make_plane(interpreter=lambda declared: f"/nowhere/{declared.name}")
    deploy(plane)
    with pytest.raises(modal.exception.RemoteError, match=r"cannot be started.*/nowhere/nap"):
        function(plane, "app", "nap").remote(0)
    assert [each.why for each in plane.lives()] == ["boot_failed"] * 3


def test_the_next_gpu_of_the_list_is_taken_where_the_first_is_refused(make_plane: MakePlane) -> None:
    plane = make_plane(faults=Faults(refusals=(Refusal(from_s=0, for_s=1e6, gpus=("H100",)),)))
    deploy(plane, gpu=["H100:2", "A100-80GB"])
    function(plane, "app", "nap").remote(0)
    assert [each.gpu for each in plane.lives()] == ["A100-80GB"]
    assert {(each.kind, each.subject) for each in plane.faults_seen()} == {("refusal", "H100")}
