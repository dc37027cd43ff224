"""The script for a real account: that it works at all is seen on a control plane; what it proves is seen elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from hausmusik.hosts.modal.plane import Plane, PlaneOptions
from hausmusik.instruments.catalogue import Catalogue

SCRIPT = Path(__file__).parents[2] / "scripts" / "live-modal"


def _run(variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MODAL_")}
    return subprocess.run(
        [sys.executable, str(SCRIPT)],
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


@pytest.mark.slow
def test_without_a_token_it_is_skipped(tmp_path: Path) -> None:
    done = _run({"MODAL_CONFIG_PATH": str(tmp_path / "none.toml"), "HAUSMUSIK_HOME": str(tmp_path / "home")})
    assert (done.returncode, done.stdout) == (0, "skipped: no token\n"), done.stderr


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_step_on_a_control_plane(tmp_path: Path, weights: Callable[..., dict[str, str]]) -> None:
    weights(*Catalogue.load().instrument("kokoro").weights)
    # A window of 10 s is over in 2; no hour is over that was billed.
    with Plane(tmp_path / "plane", PlaneOptions(snapshots=True, time_factor=5)) as plane:
        done = _run(
            plane.variables()
            | {
                "HAUSMUSIK_HOME": str(tmp_path / "home"),
                "HAUSMUSIK_WEIGHTS__FOLDER": os.environ["HAUSMUSIK_TEST_WEIGHTS"],
                "HAUSMUSIK_WEIGHTS__OFFLINE": "true",
            }
        )
        verdicts = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
        assert [line.partition(":")[0] for line in verdicts] == [*["proven"] * 6, "not told", "proven"], done.stdout
        assert "12 rates of local" in verdicts[5]
        assert "bill names our apps" in verdicts[6]
        assert done.returncode == 0
        assert {life.app for life in plane.lives()} == {
            "hausmusik-live-kokoro",
            "hausmusik-live-kokoro-snapshot",
            "hausmusik-live-procedural",
        }
        assert plane.snapshots()
        assert not [life for life in plane.lives() if life.ended_at is None]
