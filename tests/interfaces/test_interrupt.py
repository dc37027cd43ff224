"""Ctrl-C by real signals on real processes, to the whole process group as a terminal sends it; and broken pipes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.interfaces.conftest import MAIN, Haus, line, process, score

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

TEXT = "One. Two. Three. Four."
"""On slow-speak: four sentences of a word, its sound, and the end; half a second before each event."""


def interrupt(running: subprocess.Popen[str]) -> None:
    os.killpg(running.pid, signal.SIGINT)


def wait_for(what: Callable[[], bool], limit_s: float = 30.0) -> None:
    end = time.monotonic() + limit_s
    while not what():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


@pytest.fixture
def slow_piece(haus: Haus, here: Path, home: Path) -> tuple[Haus, Callable[[], int], Callable[[], bool]]:
    """A score of four slow lines; how many takes are kept; whether one is being played."""
    cues = [line(f"{TEXT} Number {number}.", id=f"l{number}", instrument="slow-speak") for number in "abcd"]
    score(*cues)

    def kept() -> int:
        return len(haus("takes", "list", "--json").json["takes"])

    def playing() -> bool:
        return any((home / "data" / "takes").rglob("*.wav*"))

    return haus, kept, playing


def compose() -> subprocess.Popen[str]:
    return process("compose", "piece.json", "-o", "x.wav", start_new_session=True)


def test_once_finishes_the_take_keeps_it_and_goes_on_next_time(
    slow_piece: tuple[Haus, Callable[[], int], Callable[[], bool]], here: Path
) -> None:
    haus, kept, playing = slow_piece
    running = compose()
    wait_for(playing)
    interrupt(running)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (130, "")
    assert "finishing what is being played; Ctrl-C again stops at once" in err
    assert "Traceback" not in err
    assert err.strip().splitlines()[-1] == "      run the same command again to go on"
    had = kept()
    assert 1 <= had < 4
    assert not (here / "x.wav").exists()
    done = haus("compose", "piece.json", "-o", "x.wav", "--json")
    assert (done.code, done.json["made"], done.json["kept"]) == (0, 4 - had, had)


def test_twice_stops_at_once_and_loses_no_finished_take(
    slow_piece: tuple[Haus, Callable[[], int], Callable[[], bool]], here: Path
) -> None:
    haus, kept, playing = slow_piece
    assert haus("compose", "piece.json", "--only", "one/la", "-o", "x.wav").code == 5
    assert kept() == 1
    running = compose()
    wait_for(lambda: kept() == 1 and playing())
    time.sleep(0.8)
    interrupt(running)
    time.sleep(0.3)
    began = time.monotonic()
    interrupt(running)
    _, err = running.communicate(timeout=60)
    took_s = time.monotonic() - began
    assert running.returncode == 130
    assert "Traceback" not in err
    assert took_s < 3.0, "a take needs some six seconds: it was not waited for"
    assert kept() == 1
    assert not (here / "x.wav").exists()


@pytest.mark.parametrize("place", ["speak", "start"])
def test_a_single_play_stops_at_the_first(haus: Haus, here: Path, place: str) -> None:
    del haus
    running = process("speak", TEXT * 5, "-i", "slow-speak", "-o", "a.wav", "--json", start_new_session=True)
    time.sleep(2.0 if place == "speak" else 0.9)
    interrupt(running)
    out, err = running.communicate(timeout=20)
    assert running.returncode == 130
    assert "Traceback" not in err
    assert '"code": "cancelled"' in out
    assert list(here.iterdir()) == []


def test_no_worker_survives(haus: Haus, home: Path) -> None:
    del haus
    running = process("speak", TEXT * 5, "-i", "slow-speak", "-o", "a.wav", start_new_session=True)
    time.sleep(2.0)

    def members() -> list[int]:
        """Processes that live in this test's home; workers are in sessions of their own."""
        found: list[int] = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if str(home).encode() in (folder / "environ").read_bytes() and int(folder.name) != running.pid:
                    found.append(int(folder.name))
        return found

    assert members(), "there should be a worker"
    interrupt(running)
    running.communicate(timeout=20)
    wait_for(lambda: not members(), 10)


@pytest.mark.parametrize("words", ["schema", "instruments -q", "config show --json"])
def test_a_reader_who_has_had_enough(haus: Haus, words: str) -> None:
    del haus
    line = [*MAIN, *words.split()]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        err = running.stderr.read()
        assert (running.wait(30), err) == (0, b"")


def test_nobody_reads_stderr_either(haus: Haus, here: Path) -> None:
    """The work goes on and its file is written."""
    del haus
    reading, writing = os.pipe()
    os.close(reading)
    running = process("speak", "Hello.", "-o", "a.wav", stdout=writing, stderr=writing)
    os.close(writing)
    assert running.wait(30) == 0
    assert (here / "a.wav").exists()
