"""What files are called: the same whatever else is added when, and no two alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from hausmusik.memory.finding import Sources, find_items
from hausmusik.memory.places import Places, still_used


class Desk:
    """Folders, and a memory of which nothing is known but names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kept: dict[str, str] = {}
        self.known: dict[str, str] = {}

    def write(self, *names: str) -> None:
        for name in names:
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(name)

    def add(self, *paths: str | Path) -> dict[str, str]:
        """Add; returns which file got which name, and fails where one replaced another."""
        places = Places(self.kept, self.known)
        items, _ = find_items(Sources(paths=tuple(self.folder / path for path in paths)), self.known, places)
        assert not [item.name for item in items if item.change == "changed"]
        assert len({item.name for item in items}) == len(items)
        self.kept = places.kept
        self.known |= {item.name: item.sha256 for item in items}
        return {item.path.relative_to(self.folder).as_posix(): item.name for item in items}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_folders_that_are_added_one_after_the_other_keep_their_names(desk: Desk) -> None:
    desk.write("meetings/1.txt", "logs/1.txt", "old/logs/1.txt")
    first = desk.add("meetings", "logs")
    assert first == {"meetings/1.txt": "1.txt", "logs/1.txt": "logs/1.txt"}
    assert desk.add("logs") == {"logs/1.txt": "logs/1.txt"}
    assert desk.add("old/logs") == {"old/logs/1.txt": "logs (2)/1.txt"}
    assert desk.add("logs", "meetings") == first


def test_what_has_no_file_any_more_is_told(desk: Desk) -> None:
    desk.write("meetings/1.txt", "meetings/2.txt", "logs/1.txt", "logs/3.txt", "alone.txt")
    desk.add("meetings", "logs", "alone.txt")
    for name in ("meetings/2.txt", "logs/3.txt", "alone.txt"):
        (desk.folder / name).unlink()
    places = Places(desk.kept, desk.known)
    assert places.gone(desk.known, [desk.folder / "logs"]) == ("logs/3.txt",)
    assert places.gone(desk.known, [desk.folder / "logs", desk.folder / "meetings"]) == ("2.txt", "logs/3.txt")
    assert places.gone(desk.known, [desk.folder]) == ("2.txt", "alone.txt", "logs/3.txt")


def test_from_another_folder_and_through_links_it_is_the_same_folder(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write("meetings/1.txt", "logs/1.txt")
    desk.add("meetings", "logs")
    (desk.folder / "link").symlink_to("logs")
    monkeypatch.chdir(desk.folder / "logs")
    for path in (Path(), Path("../logs"), Path("../link"), Path("1.txt"), Path("../link/1.txt")):
        places = Places(desk.kept, desk.known)
        items, _ = find_items(Sources(paths=(path,)), desk.known, places)
        assert [(item.name, item.change) for item in items] == [("logs/1.txt", "same")]
        assert places.kept == desk.kept


def test_single_files_go_by_their_own_name(desk: Desk) -> None:
    desk.write("a/notes.md", "b/notes.md", "c/notes.md", "c/d.md")
    assert desk.add("a/notes.md", "b/notes.md") == {"a/notes.md": "notes.md", "b/notes.md": "notes (2).md"}
    assert desk.add("b/notes.md") == {"b/notes.md": "notes (2).md"}
    assert desk.add("c") == {"c/notes.md": "./notes.md", "c/d.md": "d.md"}
    assert desk.add("c/d.md", "b") == {"c/d.md": "d.md", "b/notes.md": "notes (2).md"}


def test_folders_in_folders_are_one(desk: Desk) -> None:
    desk.write("a/deep/x.txt", "a/y.txt")
    assert desk.add("a/deep") == {"a/deep/x.txt": "x.txt"}
    assert desk.add("a") == {"a/deep/x.txt": "x.txt", "a/y.txt": "a/y.txt"}
    assert desk.add("a/deep", "a/y.txt") == {"a/deep/x.txt": "x.txt", "a/y.txt": "a/y.txt"}


def test_what_comes_to_the_first_folder_later_takes_no_name_that_was_given_away(desk: Desk) -> None:
    desk.write("first/1.txt", "logs/1.txt", "a.md")
    desk.add("first", "logs", "a.md")
    desk.write("first/logs/1.txt", "first/a.md")
    assert desk.add("first") == {
        "first/1.txt": "1.txt",
        "first/a.md": "./a.md",
        "first/logs/1.txt": "./logs/1.txt",
    }


def test_what_is_there_from_elsewhere_is_not_replaced(desk: Desk) -> None:
    desk.known = {"1.txt": "imported"}
    desk.write("first/1.txt")
    assert desk.add("first") == {"first/1.txt": "first/1.txt"}


def test_of_places_that_nothing_is_left_of_nothing_is_kept(desk: Desk) -> None:
    desk.write("first/1.txt", "logs/1.txt", "a.md")
    desk.add("first", "logs", "a.md")
    folder = desk.folder.resolve()
    assert still_used(desk.kept, ["1.txt", "logs/1.txt"]) == {f"{folder}/first/": "", f"{folder}/logs/": "logs/"}
    assert still_used(desk.kept, ["logs/1.txt"]) == {f"{folder}/logs/": "logs/"}
    assert still_used(desk.kept, ["a.md"]) == {f"{folder}/a.md": "a.md"}


def test_a_file_that_is_gone_once_it_is_read_ends_nothing(desk: Desk) -> None:
    class Vanishing(Places):
        def name(self, path: Path) -> str:
            if path.name == "b.txt":
                path.unlink()
            return super().name(path)

    desk.write("a.txt", "b.txt", "c.txt")
    items, skipped = find_items(Sources(paths=(desk.folder,)), {}, Vanishing())
    assert [item.name for item in items] == ["a.txt", "c.txt"]
    assert [(Path(each.path).name, each.reason) for each in skipped] == [
        ("b.txt", "cannot be read: no such file or directory")
    ]
