from __future__ import annotations

import json
from pathlib import Path

import pytest

from hausmusik.hosts.learnt import Learnt


def test_nothing_is_known_at_first(tmp_path: Path) -> None:
    learnt = Learnt(tmp_path / "learnt.json")
    assert learnt.expected_s("x", "boot") is None
    assert learnt.start_s("x") is None
    learnt.save()
    assert not (tmp_path / "learnt.json").exists()


def test_it_leans_to_the_newest_and_survives(tmp_path: Path) -> None:
    path = tmp_path / "state" / "learnt.json"
    learnt = Learnt(path)
    learnt.note("x", "load", 10.0)
    assert learnt.expected_s("x", "load") == 10.0
    learnt.note("x", "load", 4.0)
    assert learnt.expected_s("x", "load") == 7.0
    learnt.note("x", "boot", 0.5)
    learnt.save()
    again = Learnt(path)
    assert again.start_s("x") == 7.5
    assert again.start_s("x", after="boot") == 7.0
    assert again.start_s("x", after="warm_up") == 0.0
    assert again.expected_s("x", "load") == 7.0


def test_two_processes_keep_each_others_instruments(tmp_path: Path) -> None:
    path = tmp_path / "learnt.json"
    one, two = Learnt(path), Learnt(path)
    assert one.start_s("x") is two.start_s("x") is None
    one.note("a", "boot", 1.0)
    one.save()
    two.note("b", "boot", 2.0)
    two.save()
    assert (Learnt(path).start_s("a"), Learnt(path).start_s("b")) == (1.0, 2.0)
    assert [each.name for each in tmp_path.iterdir()] == ["learnt.json"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"version": 2, "instruments": {}}', b'{"version": 1, "instruments": {"x": 1}}', b"\xff"],
)
def test_a_broken_file_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "learnt.json"
    path.write_bytes(content)
    learnt = Learnt(path)
    assert learnt.start_s("x") is None
    learnt.note("x", "boot", 1.0)
    learnt.save()
    assert json.loads(path.read_text()) == {"version": 1, "instruments": {"x": {"boot": 1.0}}}


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "learnt.json"
    learnt = Learnt(path)
    learnt.note("x", "boot", 1.0)
    learnt.save()
    before = path.read_bytes()
    learnt.note("x", "boot", 9.0)

    def full(*_: object) -> None:
        raise OSError(28, "no space left")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        learnt.save()
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["learnt.json"]
