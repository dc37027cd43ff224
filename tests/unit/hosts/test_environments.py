from __future__ import annotations

import importlib.metadata
import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import filelock
import pytest
from pydantic import ValidationError

from hausmusik.clock import SystemClock
from hausmusik.errors import ConfigError, MissingExtra
from hausmusik.hosts.local import Environments, LocalHost
from hausmusik.hosts.local.environments import satisfied_here
from hausmusik.instruments.model import Environment
from hausmusik.types import Done
from tests.unit.hosts.playing import played, tone
from tests.unit.hosts.wheels import repacked, tiny_wheel


def needing(*requirements: str) -> Environment:
    return Environment(id="probe", requirements=requirements)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environments:
    """Environments whose pip finds one tiny package in a folder, and needs no network."""
    shelf = tmp_path / "shelf"
    tiny_wheel(shelf, "tiny_probe", "1.0", "ANSWER = 42\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    return Environments(tmp_path / "environments", {}, needs=())


def leftovers(environments: Environments) -> list[str]:
    folder: Path = environments._folder
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock")) if folder.exists() else []


@pytest.mark.parametrize(
    ("requirements", "expected"),
    [
        ((), True),
        ((f"msgspec=={importlib.metadata.version('msgspec')}",), True),
        ((f"msgspec=={importlib.metadata.version('msgspec')}", "nobody-has-this==1.0"), False),
        (("msgspec==0.0.1",), False),
        (("msgspec",), False),
        (("msgspec>=0.1",), False),
        ((f"msgspec[all]=={importlib.metadata.version('msgspec')}",), False),
        ((f"msgspec=={importlib.metadata.version('msgspec')}; python_version > '3'",), False),
    ],
)
def test_only_exact_versions_count_as_here(requirements: tuple[str, ...], expected: bool) -> None:
    assert satisfied_here(requirements) is expected


def test_whose_interpreter_plays(here: Environments, tmp_path: Path) -> None:
    own = Path(sys.executable)
    assert here.interpreter(None) == own
    assert here.interpreter(needing(f"msgspec=={importlib.metadata.version('msgspec')}")) == own
    with pytest.raises(MissingExtra, match="probe is not installed") as caught:
        here.interpreter(needing("tiny-probe==1.0"))
    assert caught.value.hint == "haus install probe"
    assert not here.is_installed(needing("tiny-probe==1.0"))
    assert list(here.install(needing(f"msgspec=={importlib.metadata.version('msgspec')}"))) == []
    assert leftovers(here) == []

    theirs = Environments(tmp_path, {"probe": own, "broken": tmp_path / "none", "folder": tmp_path})
    assert theirs.interpreter(needing("tiny-probe==1.0")) == own
    for name in ("broken", "folder"):
        with pytest.raises(ConfigError, match="cannot be run"):
            theirs.interpreter(Environment(id=name, requirements=("a==1",)))


def test_other_requirements_are_another_place() -> None:
    places = Environments(Path("/e"), {})
    first = places.place(needing("a==1", "b==2"))
    assert first == places.place(needing("b==2", "a==1"))
    assert first != places.place(needing("a==1"))
    assert first.name.startswith("probe-")
    assert places._requirements(needing("NumPy==1.26.4")) == ("NumPy==1.26.4", "msgspec>=0.20,<0.23")


@pytest.mark.slow
def test_an_environment_is_made_once_used_and_removed(here: Environments) -> None:
    environment = needing("tiny-probe==1.0")
    phases = list(here.install(environment))
    assert list(dict.fromkeys(phase.name for phase in phases)) == ["venv", "install", "check"]
    assert phases[-1].done == 1.0
    python = here.interpreter(environment)
    answer = "import sys, tiny_probe; print(tiny_probe.ANSWER, [p for p in sys.path if 'site-packages' in p])"
    said = subprocess.run([python, "-c", answer], capture_output=True, text=True, check=True).stdout
    assert said.startswith("42 ")
    assert said.count("site-packages") == 1
    assert str(here.place(environment)) in said
    began = time.monotonic()
    assert list(here.install(environment)) == []
    assert time.monotonic() - began < 0.1
    assert leftovers(here) == [here.place(environment).name]
    (here._folder / "probe-0123456789ab").mkdir()
    (here._folder / "probe-else").mkdir()
    assert here.remove(environment)
    assert leftovers(here) == ["probe-else"]
    assert not here.remove(environment)
    assert not here.is_installed(environment)


def test_what_pip_says_is_in_the_hint_and_nothing_is_left(here: Environments) -> None:
    with pytest.raises(MissingExtra, match="install ended with code 1") as caught:
        list(here.install(needing("tiny-probe==2.0")))
    assert "tiny-probe==2.0" in caught.value.hint
    assert leftovers(here) == []


@pytest.mark.slow
def test_an_interrupted_installation_leaves_nothing(here: Environments) -> None:
    work = here.install(needing("tiny-probe==1.0"))
    while next(work).name != "install":
        pass
    work.close()
    assert leftovers(here) == []
    with filelock.FileLock(here._folder / ".probe.lock", timeout=0.1):
        pass


@pytest.mark.slow
def test_what_a_killed_one_left_is_swept_away(here: Environments) -> None:
    left = here._folder / ".probe-0123456789ab.0123abcd.part"
    (left / "bin").mkdir(parents=True)
    assert here.abandoned() == (left,)
    with pytest.raises(MissingExtra):
        list(here.install(needing("tiny-probe==2.0")))
    assert leftovers(here) == []


@pytest.mark.slow
def test_what_is_being_made_elsewhere_is_left_alone(here: Environments) -> None:
    """The name of one environment may begin with that of another one."""
    other = Environment(id="probe-more", requirements=("tiny-probe==1.0",))
    work = here.install(other)
    while next(work).name != "install":
        pass
    assert here.abandoned() == ()
    assert not here.remove(needing("tiny-probe==1.0"))
    list(work)
    assert here.is_installed(other)


def test_a_second_process_waits_and_finds_it_made(here: Environments) -> None:
    environment = needing("tiny-probe==1.0")
    here._folder.mkdir()
    with filelock.FileLock(here._folder / ".probe.lock"):
        work = here.install(environment)
        assert next(work).name == "queue"
        python = here.place(environment) / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.touch()
    assert list(work) == []


@pytest.mark.parametrize("requirement", ["--index-url=http://localhost", "-r file", "/tmp/a.whl", "", " a==1"])
def test_options_and_paths_never_get_as_far_as_pip(requirement: str) -> None:
    with pytest.raises(ValidationError, match="not pinned"):
        needing(requirement)


def test_a_place_whose_interpreter_has_gone_is_not_installed(here: Environments, tmp_path: Path) -> None:
    environment = needing("tiny-probe==1.0")
    python = here.place(environment) / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(tmp_path / "an interpreter that was removed")
    assert not here.is_installed(environment)


@pytest.mark.slow
def test_without_pip_of_ones_own_the_environment_brings_it(here: Environments, monkeypatch: pytest.MonkeyPatch) -> None:
    find: Callable[..., Any] = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "pip" else find(name, *rest))
    environment = needing("tiny-probe==1.0")
    list(here.install(environment))
    assert here.is_installed(environment)


@pytest.mark.slow
async def test_an_installed_environment_plays(here: Environments, tmp_path: Path) -> None:
    """The real thing: pip puts numpy and msgspec into a fresh environment, and a worker plays in it."""
    for name in ("numpy", "msgspec"):
        repacked(tmp_path / "shelf", name)
    environments = Environments(tmp_path / "environments", {})
    environment = needing("tiny-probe==1.0")
    list(environments.install(environment))
    python = environments.interpreter(environment)
    assert python != Path(sys.executable)
    host = LocalHost(interpreters=lambda _: [str(python)], logs=tmp_path / "logs", clock=SystemClock(), max_workers=1)
    async with host:
        assert isinstance((await played(host, tone()))[-1], Done)
    freeze = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "list",
        "--format=freeze",
        "--disable-pip-version-check",
    ]
    installed = subprocess.run(freeze, capture_output=True, text=True, check=True).stdout  # noqa: ASYNC221
    assert {line.partition("==")[0] for line in installed.splitlines()} == {"numpy", "msgspec", "tiny_probe"}
