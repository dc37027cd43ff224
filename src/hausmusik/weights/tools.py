"""Runs the user's own tools (pip, npm, apt-get, dpkg-deb) as child processes: argument lists, no shell, no prompt.

A run is an iterator that ticks while the child works, so that the caller can report progress; closing it, an exception
in the caller or Ctrl-C kills the child and all its children. Tests hand over other commands for the same names.
Knows nothing of weights.
"""

from __future__ import annotations

import errno
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import IO, Final, Protocol

TICK_S: Final = 0.15
STALL_S: Final = 300.0
"""A tool that writes nothing at all for so long is given up; pip's and npm's own time-outs are far shorter."""

DISK_TROUBLE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EFBIG})
"""Errors of the disk, which no other source heals."""

POLITE_S: Final = 2.0
"""How long a tool may take to end itself before it is killed."""

_LOG_NAME: Final = ".tool.log"


class SourceFailed(Exception):
    """A source did not give what was asked of it; the next one is tried. The text is for people."""


class BadArchive(SourceFailed):
    """An archive came that does not hold what it should; it is removed, so that the next pull asks for it again."""


class WrongBytes(BadArchive):
    """The bytes that came are not the pinned ones."""


class Runner(Protocol):
    """Finds and runs tools by name."""

    def command(self, tool: str) -> tuple[str, ...]:
        """Return the first words of the command line for `pip`, `npm`, `apt-get` or `dpkg-deb`; empty: not here."""
        ...

    def run(self, arguments: Sequence[str], *, folder: Path, output: Path | None = None) -> Iterator[int]:
        """Run a command inside a folder of its own; yield the bytes written there so far, about seven times a second.

        Args:
            arguments: The whole command line.
            folder: Working directory, and the tool's place for temporary files.
            output: Where its standard output goes; None: only kept for the error message.

        Raises:
            SourceFailed: it cannot be started, ended with an error, or stood still for too long.
        """
        ...


class ToolRunner:
    """The real runner.

    Args:
        commands: First words of the command line by tool name, instead of looking for them; an empty one is "not here".
        stall_s: Give up after so many seconds without a byte written.
    """

    def __init__(
        self,
        commands: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
        *,
        stall_s: float = STALL_S,
    ) -> None:
        self._commands = commands
        self._stall_s = stall_s

    def command(self, tool: str) -> tuple[str, ...]:
        """See `Runner`; pip is this interpreter's own, else one on the PATH, else uv's."""
        if tool in self._commands:
            return self._commands[tool]
        if tool == "pip":
            return _pip()
        found = shutil.which(tool)
        return (found,) if found else ()

    def run(self, arguments: Sequence[str], *, folder: Path, output: Path | None = None) -> Iterator[int]:
        """See `Runner`."""
        log = folder / _LOG_NAME
        with log.open("wb") as errors, _output(output, errors) as out:
            try:
                child = subprocess.Popen(
                    list(arguments),
                    cwd=folder,
                    env=_environment(folder),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=errors,
                    start_new_session=True,
                )
            except OSError as error:
                raise SourceFailed(f"{Path(arguments[0]).name} could not be started: {error.strerror}") from error
            try:
                yield from self._watch(child, folder)
            finally:
                _end(child)
        if child.returncode != 0:
            raise SourceFailed(f"{_name(arguments)} failed: {_last_words(log)}")

    def _watch(self, child: subprocess.Popen[bytes], folder: Path) -> Iterator[int]:
        seen, since = -1, time.monotonic()
        while True:
            with suppress(subprocess.TimeoutExpired):
                child.wait(TICK_S)
                return
            size = bytes_in(folder)
            if size != seen:
                seen, since = size, time.monotonic()
            elif time.monotonic() - since > self._stall_s:
                raise SourceFailed(f"nothing came for {self._stall_s:.0f} s")
            yield size


def bytes_in(folder: Path) -> int:
    """Return the size of all files below a folder that a tool is just writing; files that vanish count nothing."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(Path(place) / name).st_size
            except OSError:
                continue  # the tool renamed or removed it between the two calls
    return total


def _pip() -> tuple[str, ...]:
    if importlib.util.find_spec("pip") is not None:
        return (sys.executable, "-m", "pip")
    for name in ("pip3", "pip"):
        if found := shutil.which(name):
            return (found,)
    uv = shutil.which("uv")
    return (uv, "tool", "run", "pip") if uv else ()


def _environment(folder: Path) -> dict[str, str]:
    quiet = {"PIP_NO_INPUT": "1", "NO_COLOR": "1", "DEBIAN_FRONTEND": "noninteractive"}
    return {**os.environ, **quiet, "TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)}


def _output(output: Path | None, errors: IO[bytes]) -> IO[bytes]:
    return output.open("wb") if output is not None else os.fdopen(os.dup(errors.fileno()), "wb")


def _end(child: subprocess.Popen[bytes]) -> None:
    """Stop the child's whole process group: first politely, then for good."""
    for sign, patience_s in ((signal.SIGTERM, POLITE_S), (signal.SIGKILL, 10.0)):
        if child.poll() is not None:
            return
        try:
            os.killpg(child.pid, sign)
            child.wait(patience_s)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
    child.wait()


def _name(arguments: Sequence[str]) -> str:
    words = [Path(word).name for word in arguments]
    return words[2] if words[1:2] == ["-m"] else words[0]


def _last_words(log: Path) -> str:
    """Return the lines in which a tool says what went wrong, without passwords in addresses, at most 300 characters."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    loud = [line for line in lines if re.match(r"(ERROR|E:|npm (ERR!|error)|dpkg)", line)]
    text = " / ".join((loud or lines)[-3:]) or "it said nothing"
    return re.sub(r"//[^/@\s]+@", "//", text)[:300]
