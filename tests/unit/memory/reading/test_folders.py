"""Folders: which files are read, in which order, and what is passed over and why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hausmusik.errors import BadInput, NotFoundError
from hausmusik.memory.places import Places
from hausmusik.memory.reading import Skipped, find_files
from hausmusik.memory.reading.ignoring import is_ignored, rules_of


def _tree(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)


def _names(*paths: Path, ignore: tuple[str, ...] = (), skipped: list[Skipped] | None = None) -> list[str]:
    report = (skipped if skipped is not None else []).append
    return [found.name for found in find_files(paths, Places(), ignore=ignore, skipped=report)]


def test_order_hidden_machines_and_endings(tmp_path: Path) -> None:
    _tree(tmp_path, "b.md", "a/z.txt", "a/b/c.txt", ".git/config", ".env", "node_modules/x.js", "p.PNG", "Makefile")
    skipped: list[Skipped] = []
    assert _names(tmp_path, skipped=skipped) == ["Makefile", "b.md", "a/z.txt", "a/b/c.txt"]
    assert {each.path.name: each.reason.split()[2] for each in skipped}.keys() == {
        ".git",
        ".env",
        "node_modules",
        "p.PNG",
    }


def test_patterns(tmp_path: Path) -> None:
    _tree(tmp_path, "a.bak", "keep.bak", "drafts/x.md", "sub/a.md", "sub/deep/a.md", "sub/only.md", "x.tmp")
    (tmp_path / ".hausignore").write_text("# mine\n*.bak\n!keep.bak\ndrafts/\n/sub/a.md\n")
    (tmp_path / "sub/.hausignore").write_text("/only.md\n")
    assert _names(tmp_path, ignore=("*.tmp",)) == ["keep.bak", "sub/deep/a.md"]


@pytest.mark.parametrize(
    ("pattern", "path", "ignored"),
    [
        ("*.log", "a/b/c.log", True),
        ("logs/**/debug", "logs/debug", True),
        ("logs/**/debug", "logs/a/b/debug", True),
        ("a/*", "a/b/c", False),
        ("/a", "b/a", False),
        ("[!a]x", "bx", True),
        (r"\#x", "#x", True),
        ("**", "anything", True),
        ("*" * 200 + "b", "a" * 200, False),
        ("/".join(["**"] * 60) + "/z", "/".join("a" * 60), False),
    ],
)
def test_one_pattern(pattern: str, path: str, ignored: bool) -> None:
    assert is_ignored(path.split("/"), rules_of([pattern]), is_folder=False) is ignored


def test_links_stay_inside_and_loops_end(tmp_path: Path) -> None:
    top = tmp_path / "top"
    _tree(top, "a.txt", "sub/b.txt", ".store/real.txt", "secret/s.txt")
    _tree(tmp_path, "outside.txt")
    (top / "out.txt").symlink_to(tmp_path / "outside.txt")
    (top / "sub/loop").symlink_to(top)
    (top / "again.txt").symlink_to(top / "a.txt")
    (top / "stored.txt").symlink_to(".store/real.txt")
    (top / "nowhere.txt").symlink_to("missing")
    (top / "s.txt").symlink_to("secret/s.txt")
    (top / ".hausignore").write_text("secret/\n")
    skipped: list[Skipped] = []
    assert _names(top, skipped=skipped) == ["a.txt", "sub/b.txt", "stored.txt"]
    reasons = {each.path.name: each.reason for each in skipped}
    assert "out of the folder" in reasons["out.txt"]
    assert "nowhere" in reasons["nowhere.txt"]
    assert "ignores" in reasons["s.txt"]
    assert "where it lies" in reasons["loop"]


def test_pipes_are_skipped_in_folders_and_refused_when_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    skipped: list[Skipped] = []
    assert _names(tmp_path, skipped=skipped) == []
    assert skipped[0].reason == "it is neither a file nor a folder"
    with pytest.raises(BadInput, match="neither"):
        _names(tmp_path / "pipe.txt")


def test_what_is_named_is_taken_once_and_whatever_its_name(tmp_path: Path) -> None:
    _tree(tmp_path, ".hidden.md", "a.md", "other/a.md")
    assert _names(tmp_path / ".hidden.md") == [".hidden.md"]
    assert _names(tmp_path / "a.md", tmp_path) == ["a.md", "other/a.md"]
    assert _names(tmp_path, tmp_path / "other") == ["a.md", "other/a.md"]
    assert _names(tmp_path / "other", tmp_path) == ["a.md", f"{tmp_path.name}/a.md"]


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        _names(tmp_path / "missing")
    with pytest.raises(BadInput):
        _names(Path("a\0b"))
