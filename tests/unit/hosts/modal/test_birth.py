"""When a container began, restored or not."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from hausmusik.hosts.modal.birth import RESTORED, TASK, Birth


def test_a_container_is_as_old_as_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TASK, "ta-1")
    birth = Birth()
    first_s = birth.age_s()
    time.sleep(0.05)
    assert 0.0 < first_s < birth.age_s()


def test_a_restored_one_is_as_old_as_its_restore(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(TASK, "ta-1")
    birth = Birth()
    restored = tmp_path / "restore.json"
    restored.touch()
    os.utime(restored, (time.time() - 7.0,) * 2)
    monkeypatch.setenv(RESTORED, str(restored))
    monkeypatch.setenv(TASK, "ta-2")
    assert birth.age_s() == pytest.approx(7.0, abs=2.0)


def test_one_of_which_nothing_tells_has_no_age(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(TASK, "ta-1")
    birth = Birth()
    monkeypatch.setenv(RESTORED, str(tmp_path / "missing.json"))
    monkeypatch.setenv(TASK, "ta-2")
    assert birth.age_s() == pytest.approx(0.0, abs=0.5)
