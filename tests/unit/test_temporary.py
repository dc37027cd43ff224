from __future__ import annotations

import errno
import fcntl
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import hausmusik
from hausmusik.atomic import write_whole
from hausmusik.takes.store import TakeStore
from hausmusik.temporary import (
    abandoned,
    remove_abandoned,
    sweep,
    sweep_folder,
    temporary_file,
    temporary_folder,
)
from tests.unit.victims import CASES, KEY, ONE_AT_A_TIME

REPOSITORY = Path(__file__).parents[2]
Kill = Callable[[], None]


@pytest.fixture(scope="module")
def victim() -> Iterator[Callable[[str, Path], Kill]]:
    """Begin a case in a process that stops half-way; what is returned kills it."""
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.unit.victims"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY,
    )  # fmt: skip
    assert program.stdin
    assert program.stdout
    begun: list[int] = []

    def begin(case: str, folder: Path) -> Kill:
        assert program.stdin
        assert program.stdout
        program.stdin.write(f"{case} {folder}\n")
        program.stdin.flush()
        pid = int(program.stdout.readline())
        assert pid, f"{case} did not stop half-way"
        begun.append(pid)

        def kill() -> None:
            os.kill(pid, signal.SIGKILL)
            deadline = time.monotonic() + 20
            while Path(f"/proc/{pid}").exists():
                assert time.monotonic() < deadline
                time.sleep(0.005)
            begun.remove(pid)

        return kill

    with program:
        yield begin
        for pid in begun:
            os.kill(pid, signal.SIGKILL)
        program.kill()


def parts(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob(".*.part"))


@pytest.mark.parametrize("case", CASES)
def test_what_a_killed_process_left_goes_with_the_next_run_and_a_living_one_is_left_alone(
    case: str, victim: Callable[[str, Path], Kill], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hausmusik.hosts.local.environments._run", lambda *_: iter(()))  # no real pip
    again = CASES[case][0]
    kill = victim(case, tmp_path)
    left = parts(tmp_path)
    assert left
    if case not in ONE_AT_A_TIME:
        again(tmp_path)
        assert parts(tmp_path) == left, "a living process is at work on it"
    kill()
    again(tmp_path)
    assert parts(tmp_path) == []


def test_the_garbage_collector_of_takes_removes_what_the_dead_left_only(
    victim: Callable[[str, Path], Kill], tmp_path: Path
) -> None:
    store = TakeStore(tmp_path / "takes")
    dead, alive = victim("take", tmp_path), victim("take", tmp_path)
    assert store.abandoned() == ()
    dead()
    assert len(store.abandoned()) == 1
    gone = store.gc(older_than=timedelta(0), now=datetime.now(UTC), keep_paid=False)
    assert gone == []
    assert len(list(store.staging.iterdir())) == 1
    alive()
    assert len(store.abandoned()) == 1
    assert store.gc(older_than=timedelta(0), now=datetime.now(UTC), keep_paid=False, dry_run=True) == []
    assert len(store.abandoned()) == 1
    assert store.get(KEY) is None


def test_only_names_of_ours_are_ever_removed(tmp_path: Path) -> None:
    theirs = [".x.json.part", ".x.json.0123456.part", ".x.json.0123abcd.part.old", ".y.json.0123abcd.part", "x.json",
              ".x.json.0123ABCD.part", "x.json.0123abcd.part", ".x.json.bak.0123abcd.part"]  # fmt: skip
    for name in theirs:
        (tmp_path / name).write_text("theirs")
    (tmp_path / ".x.json.0123abcd.part").write_text("left over")
    sweep(tmp_path / "x.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(theirs)
    sweep_folder(tmp_path)
    assert not (tmp_path / ".y.json.0123abcd.part").exists()
    assert (tmp_path / ".x.json.part").exists()


def test_links_pipes_and_what_is_not_there_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    (tmp_path / ".a.00000000.part").symlink_to(tmp_path / "precious")
    (tmp_path / ".b.00000000.part").symlink_to(tmp_path)
    os.mkfifo(tmp_path / ".c.00000000.part")
    sweep_folder(tmp_path)
    assert len(list(tmp_path.iterdir())) == 4
    assert abandoned(tmp_path) == ()
    assert not remove_abandoned(tmp_path / "nothing")
    sweep(tmp_path / "nowhere" / "x")
    assert abandoned(tmp_path / "nowhere") == ()


def test_without_locks_everything_is_written_and_nothing_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    (tmp_path / ".x.00000000.part").touch()
    monkeypatch.setattr(fcntl, "flock", none)
    write_whole(tmp_path / "x", b"new")
    made, descriptor = temporary_folder(tmp_path / "x")
    os.close(descriptor)
    assert (tmp_path / "x").read_bytes() == b"new"
    assert sorted(tmp_path.iterdir()) == sorted([tmp_path / ".x.00000000.part", made, tmp_path / "x"])


def test_names_of_any_length_and_kind(tmp_path: Path) -> None:
    for name in ("x" * 255, "好" * 85, ".hidden", "a b\n", ".0123abcd.part", "*?[x]", os.fsdecode(b"caf\xe9")):
        write_whole(tmp_path / name, b"1")
        made, descriptor = temporary_folder(tmp_path / name)
        assert abandoned(tmp_path) == ()
        os.close(descriptor)
        assert abandoned(tmp_path) == (made,)
        write_whole(tmp_path / name, b"2")
        assert abandoned(tmp_path) == (), name


@pytest.mark.parametrize("make", [temporary_file, temporary_folder])
def test_swept_in_the_moment_before_its_lock_it_is_made_again(
    make: Callable[[Path], tuple[Path, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, swept = fcntl.flock, list[int]()

    def late(descriptor: int, how: int) -> None:
        if how == fcntl.LOCK_EX and not swept:
            swept.append(descriptor)
            sweep_folder(tmp_path)
            assert not list(tmp_path.iterdir())
        real(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", late)
    path, descriptor = make(tmp_path / "x")
    assert swept
    assert list(tmp_path.iterdir()) == [path]
    sweep_folder(tmp_path)
    assert path.exists()
    os.close(descriptor)


def test_many_writers_and_sweepers_of_one_name_never_hurt_one_another(tmp_path: Path) -> None:
    """Each write sweeps; a lock that came too late would let one writer remove what another one is writing."""
    failures: list[OSError] = []

    def work(number: int) -> None:
        try:
            for turn in range(40):
                write_whole(tmp_path / "x", f"{number} {turn}".encode())
                _, descriptor = temporary_folder(tmp_path / "folder")
                sweep_folder(tmp_path)
                os.close(descriptor)
        except OSError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    sweep_folder(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_folder_in_which_everything_vanishes_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "lexists", lambda _: False)
    for make in (temporary_file, temporary_folder):
        with pytest.raises(OSError, match="vanishes"):
            make(tmp_path / "x")


def test_nobody_else_makes_temporary_files() -> None:
    """A set's staging folder has others, which `pull` cleans under the set's lock; the loudspeaker's, a zip's inside a zip and
    an export's vectors have no name.

    And a language model has a socket in one while it is loaded, which is empty and gone a moment later.
    """
    package = Path(hausmusik.__file__).parent
    users = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if re.search(r"^\s*(import|from) tempfile\b", path.read_text("utf-8"), re.MULTILINE)
    }
    assert users == {
        "weights/archives.py",
        "weights/pull.py",
        "cli/loudspeaker.py",
        "memory/exchange/vectors.py",
        "weights/unpack.py",
        "cli/destinations.py",
        "engines/llamacpp/server.py",
    }
