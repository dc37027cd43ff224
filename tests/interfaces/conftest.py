"""The command line in this process, in a temporary home with tone instruments, and as a real process."""

from __future__ import annotations

import io
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hausmusik.cli.app import run
from tests.interfaces import tones

MAIN = [sys.executable, "-c", "from hausmusik.cli import main; main()"]


class Done(msgspec.Struct, frozen=True):
    """A command that has ended."""

    code: int
    out: str
    err: str
    raw: bytes = b""

    @property
    def json(self) -> Any:
        """The one document on stdout; fails where there is more or less, or a number that JSON does not have."""

        def refuse(name: str) -> None:
            raise AssertionError(f"{name} is not JSON")

        return json.loads(self.out, parse_constant=refuse)


Haus = Callable[..., Done]


class _Standard(io.TextIOWrapper):
    def __init__(self, data: bytes = b"") -> None:
        self.bytes = io.BytesIO(data)
        super().__init__(self.bytes, encoding="utf-8", write_through=True)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def bare(here: Path, monkeypatch: pytest.MonkeyPatch) -> Haus:
    """Run a command in this process, as `haus` would; nothing is set up."""

    def call(*words: str, input: str | bytes = b"") -> Done:  # noqa: A002
        typed = input.encode() if isinstance(input, str) else input
        stdin, stdout, stderr = _Standard(typed), _Standard(), _Standard()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", stdin)
            patch.setattr(sys, "stdout", stdout)
            patch.setattr(sys, "stderr", stderr)
            with pytest.raises(SystemExit) as left:
                run(list(words))
        raw = stdout.bytes.getvalue()
        code = left.value.code
        assert isinstance(code, int), code
        return Done(code, raw.decode("utf-8", "replace"), stderr.bytes.getvalue().decode(), raw)

    return call


@pytest.fixture
def haus(bare: Haus, home: Path, monkeypatch: pytest.MonkeyPatch) -> Haus:
    """Run a command in this process, with tones for instruments."""
    tones.move_in(home)
    for name, value in tones.environment().items():
        monkeypatch.setenv(name, value)
    return bare


Remembered = Callable[..., None]


@pytest.fixture(scope="session")
def remembered_homes() -> dict[tuple[str, ...], Path]:
    """Homes with a memory `notes`, by names and texts of what is in it."""
    return {}


@pytest.fixture
def remembered(
    haus: Haus, home: Path, remembered_homes: dict[tuple[str, ...], Path], tmp_path_factory: pytest.TempPathFactory
) -> Remembered:
    """Give this home a memory `notes` of files: added the first time, for each next test the bytes that this made.

    A test that adds the same again needs one that knows their folder, and adds for itself.
    """

    def made(*files: Path) -> None:
        key = tuple(word for file in files for word in (file.name, file.read_text("utf-8")))
        if key in remembered_homes:
            shutil.copytree(remembered_homes[key], home, symlinks=True, dirs_exist_ok=True)
            return
        assert haus("memory", "add", "notes", *map(str, files)).code == 0
        remembered_homes[key] = shutil.copytree(home, tmp_path_factory.mktemp("remembered") / "home", symlinks=True)

    return made


def process(*words: str, **more: Any) -> subprocess.Popen[str]:
    """Start a command as a process of its own, in the environment of the test."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL} | more
    return subprocess.Popen([*MAIN, *words], text=True, env=dict(os.environ), **pipes)


def limited(size_bytes: int, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a process that cannot write files larger than that: what a full disk does, for root too."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, size_bytes))

    return subprocess.run([*MAIN, *words], preexec_fn=limit, capture_output=True, text=True, timeout=60, check=False)


def score(*cues: dict[str, Any], folder: Path | None = None, name: str = "piece.json", **more: Any) -> str:
    """Write a score of one segment; returns its name."""
    segment = {"id": "one", "cues": list(cues), **more.pop("segment", {})}
    text = json.dumps({"hausmusik": 1, "title": "Test", "segments": [segment], **more}, indent=1)
    ((folder or Path()) / name).write_text(text, "utf-8")
    return name


def line(text: str = "Hello there.", **more: Any) -> dict[str, Any]:
    """A voice cue."""
    return {"layer": "voice", "text": text, **more}
