from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from hausmusik.clock import TimeIds
from hausmusik.owner import is_alive, is_gone, new_owner

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")


def child_owner(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture
def process() -> object:
    code = "import time; from hausmusik.clock import TimeIds; from hausmusik.owner import new_owner; print(new_owner(TimeIds()), flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as running:
        yield running
        running.kill()


def test_a_living_process_is_not_gone_and_a_killed_one_is(process: subprocess.Popen[str]) -> None:
    owner = child_owner(process)
    assert not is_gone(owner)
    assert is_alive(owner)
    os.kill(process.pid, signal.SIGSTOP)
    assert is_alive(owner)
    assert not is_gone(new_owner(TimeIds()))
    process.kill()
    end = time.monotonic() + 5
    while not is_gone(owner) and time.monotonic() < end:  # it is a zombie now: dead, but not yet waited for
        time.sleep(0.01)
    assert is_gone(owner)
    assert not is_alive(owner)
    process.wait()
    assert is_gone(owner)
    assert not is_alive(owner)


def test_a_pid_that_was_given_to_another_process_counts_as_gone() -> None:
    machine, pid, start, name = new_owner(TimeIds()).split("/")
    assert int(pid) == os.getpid()
    assert is_gone(f"{machine}/{pid}/{int(start) + 1}/{name}")
    assert not is_alive(f"{machine}/{pid}/{int(start) + 1}/{name}")


@pytest.mark.parametrize("owner", ["", "x", "//1/x", "elsewhere/1/1/x", "a/b/c/d", "/0/0/x"])
def test_who_is_elsewhere_is_known_neither_to_be_gone_nor_to_live(owner: str) -> None:
    assert not is_gone(owner)
    assert not is_alive(owner)
