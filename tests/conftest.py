"""What every test gets: no network but loopback, a home of its own, and weights only where they are already here."""

from __future__ import annotations

import functools
import gc
import itertools
import os
import signal
import sys
from collections.abc import Iterator

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as `haus` does, before numpy is loaded
os.environ.setdefault("OMP_NUM_THREADS", "1")

from pathlib import Path

import hypothesis
import pytest
import pytest_socket

from hausmusik.instruments import catalogue, discovery, gathering, problems

pytest_plugins = ["tests.weights", "tests.environments", "tests.pictures"]


KEPT = {
    "HAUSMUSIK_TEST_WEIGHTS",
    "HAUSMUSIK_REQUIRE_WEIGHTS",
    "HAUSMUSIK_TEST_ENVIRONMENTS",
    "HAUSMUSIK_TEST_LIGHTRAG",
}


def pytest_configure(config: pytest.Config) -> None:
    """Properties are tried on fewer examples where quickness is the point; `scripts/test --all` tries a hundred.

    A suite that a shell started in the background has SIGINT ignored, and so would have the processes that tests
    interrupt: it gets its meaning back.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    quick = config.getoption("-m") == "not slow"
    hypothesis.settings.register_profile("tests", max_examples=30 if quick else 100, deadline=None)
    hypothesis.settings.load_profile("tests")


def pytest_collection_finish() -> None:
    """What stays to the end, 7,000 tests and the modules they are in, is not looked through by each garbage collection.

    One takes 0.2 s in the full suite otherwise, and engines ask for one when they are closed.
    """
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_runtest_setup() -> None:
    pytest_socket.socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@pytest.fixture(scope="session", autouse=True)
def catalogue_files_are_read_once() -> Iterator[None]:
    """Keep what catalogue files say, and which packages have some: 60 ms of the 65 that each opening of a house takes.

    Both are frozen values. Which packages there are depends on the path, and on what a test puts for who is asked.
    """
    found = functools.cache(lambda _path, _asked: discovery.plugins())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gathering, "parse", functools.cache(problems.parse))
        patch.setattr(catalogue, "plugins", lambda: found(tuple(sys.path), discovery.metadata.entry_points))
        yield


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Names of folders for homes; pytest's own numbering reads all names there are for each new one.

    With those of tests that is 8 ms CPU for each of 5,500 tests, and grows with their square.
    """
    folder = tmp_path_factory.mktemp("homes", numbered=False)
    return (folder / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def home(homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh HAUSMUSIK_HOME; no settings of the machine leak in."""
    for name in list(os.environ):
        if name.startswith("HAUSMUSIK_") and name not in KEPT:
            monkeypatch.delenv(name)
    folder = next(homes)
    folder.mkdir()
    monkeypatch.setenv("HAUSMUSIK_HOME", str(folder))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nothing listens there, so no test depends on the hub
    return folder
