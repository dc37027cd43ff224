"""Looking for files that the user already has."""

from __future__ import annotations

from pathlib import Path

import pytest

from hausmusik.weights import own_folders
from hausmusik.weights.own_folders import OwnFolders
from tests.unit.weights.shelf import a_file, noise

DATA = noise(500, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own" / "a" / "b").mkdir(parents=True)
    return tmp_path / "own"


@pytest.mark.parametrize("place", ["set/deep/m.bin", "deep/m.bin", "m.bin", "a/b/anything"])
def test_every_place_is_found(folder: Path, place: str):
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(DATA)
    assert OwnFolders([folder]).find(a_file("deep/m.bin", DATA), "set") == path


def test_the_expected_place_is_found_without_a_walk(folder: Path, monkeypatch: pytest.MonkeyPatch):
    (folder / "m.bin").write_bytes(DATA)
    monkeypatch.setattr(own_folders.os, "walk", lambda _: pytest.fail("walked"))
    assert OwnFolders([folder]).find(a_file("m.bin", DATA), "set") == folder / "m.bin"


def test_same_size_is_not_enough(folder: Path):
    (folder / "m.bin").write_bytes(noise(500, 2))
    assert OwnFolders([folder]).find(a_file("m.bin", DATA), "set") is None


def test_absent_folders_and_dangling_links_are_empty(folder: Path, tmp_path: Path):
    (folder / "link").symlink_to(tmp_path / "nowhere")
    assert OwnFolders([tmp_path / "absent", folder]).find(a_file("m.bin", DATA), "set") is None


def test_a_huge_folder_is_not_walked_to_its_end(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(own_folders, "MAX_ENTRIES", 3)
    for name in ("1", "2", "3"):
        (folder / name).write_bytes(b"")
    (folder / "4").write_bytes(DATA)
    assert OwnFolders([folder]).find(a_file("m.bin", DATA), "set") is None


def test_what_may_not_be_looked_at_is_no_candidate(folder: Path, monkeypatch: pytest.MonkeyPatch):
    (folder / "m.bin").write_bytes(DATA)
    (folder / "a" / "n.bin").write_bytes(DATA)
    real = Path.stat

    def stat(path: Path, **options: bool):
        if path.name == "m.bin":
            raise PermissionError(13, "Permission denied")  # root, as who tests run, may look everywhere
        return real(path, **options)

    monkeypatch.setattr(Path, "stat", stat)
    assert OwnFolders([folder]).find(a_file("m.bin", DATA), "set") == folder / "a" / "n.bin"


def test_a_name_that_no_file_can_have_is_not_found(folder: Path):
    assert OwnFolders([folder]).find(a_file("m" * 300, DATA), "set") is None
