"""The SDK's own command line, with nothing but the plane's variables."""

from __future__ import annotations

import pytest

from tests.unit.hosts.modal.plane.conftest import MakePlane
from tests.unit.hosts.modal.plane.deploying import outside, until

pytestmark = pytest.mark.slow


def test_deploy_list_logs_stop(make_plane: MakePlane) -> None:
    plane = make_plane()
    deployed = outside(plane, ["-m", "modal", "deploy", "small.py"])
    assert deployed.returncode == 0, deployed.stderr
    assert {each.app for each in plane.declared()} == {"small"}
    code = "import modal; print(modal.Function.from_name('small', 'square').remote(12))"
    assert outside(plane, ["-c", code]).stdout == "144\n"
    assert "deployed" in outside(plane, ["-m", "modal", "app", "list"]).stdout
    assert "square 12" in outside(plane, ["-m", "modal", "app", "logs", "small"]).stdout
    assert outside(plane, ["-m", "modal", "app", "stop", "small", "--yes"]).returncode == 0
    until(lambda: all(each.why for each in plane.lives()))
    assert plane.unimplemented() == {}


def test_run(make_plane: MakePlane) -> None:
    plane = make_plane()
    done = outside(plane, ["-m", "modal", "run", "small.py", "--x", "7"])
    assert done.returncode == 0, done.stderr
    assert "the answer is 49" in done.stdout
    assert "square 7" in done.stdout, "what the container printed"
    until(lambda: all(each.why == "stopped" for each in plane.lives()))
    assert plane.declared() == ()


def test_without_the_variables_nothing_is_reached(make_plane: MakePlane) -> None:
    plane = make_plane(containers="none")
    done = outside(plane, ["-m", "modal", "app", "list"], MODAL_TOKEN_SECRET="as-wrong")
    assert done.returncode != 0
    assert plane.rpcs()["AppList"] > 0
