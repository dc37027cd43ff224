"""Interpreters with an engine's own pinned requirements: which one plays, making it, removing it.

An environment is a virtual environment in our data folder, named after its requirements, made with the user's own pip
and never changed afterwards. Ours is not installed into it: workers find it as `isolation.py` says. Knows nothing of
instruments and of workers.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Final, cast

import filelock

from hausmusik.atomic import private_folder
from hausmusik.errors import ConfigError, MissingExtra
from hausmusik.instruments.model import Environment
from hausmusik.temporary import abandoned, sweep_folder, temporary_folder
from hausmusik.types import Phase

WORKER_NEEDS: Final = ("numpy>=1.26", "msgspec>=0.20,<0.23")
"""What a worker imports besides its engine; a requirement of the engine's own for the same package comes first."""

_PINNED: Final = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9.!+_-]+)$")
_AFTER_NAME: Final = re.compile(r"[^A-Za-z0-9._-]")
_POLL_S: Final = 0.2


class Environments:
    """The environments of one user.

    Args:
        folder: Where virtual environments lie; made on first use.
        overrides: Interpreter by environment id, from the settings; nothing is installed for those.
        needs: What every worker needs, see `WORKER_NEEDS`.
    """

    def __init__(self, folder: Path, overrides: Mapping[str, Path], *, needs: Sequence[str] = WORKER_NEEDS) -> None:
        self._folder = folder
        self._overrides = overrides
        self._needs = tuple(needs)

    def interpreter(self, environment: Environment | None) -> Path:
        """Return the interpreter that plays; reads a few small files, starts nothing.

        Args:
            environment: None stands for the caller's own interpreter, which is also taken when it happens to have
                every pinned requirement in its exact version.

        Raises:
            ConfigError: the settings name an interpreter that does not exist.
            MissingExtra: the environment has not been installed.
        """
        own = Path(sys.executable)
        if environment is None:
            return own
        if environment.id in self._overrides:
            path = self._overrides[environment.id]
            if not os.access(path, os.X_OK) or path.is_dir():
                raise ConfigError(
                    f"the settings name {path} as the interpreter of {environment.id}, which cannot be run",
                    hint="correct the path, or remove the setting to have an environment made",
                )
            return path
        if satisfied_here(environment.requirements):
            return own
        made = self._python(self.place(environment))
        if not made.exists():
            raise MissingExtra(
                f"the environment {environment.id} is not installed", hint=f"haus install {environment.id}"
            )
        return made

    def is_installed(self, environment: Environment) -> bool:
        """Return whether a play would find its interpreter."""
        try:
            self.interpreter(environment)
        except ConfigError:
            return False
        return True

    def place(self, environment: Environment) -> Path:
        """Return the folder of an environment, whether it exists or not; other requirements, another folder."""
        shape = "\n".join(
            [*sorted(self._requirements(environment)), f"{sys.version_info.major}.{sys.version_info.minor}"]
        )
        return self._folder / f"{environment.id}-{hashlib.sha256(shape.encode()).hexdigest()[:12]}"

    def install(self, environment: Environment) -> Iterator[Phase]:
        """Make an environment with the user's own pip, unless there is an interpreter for it; may take minutes.

        Made under another name and renamed when it is complete, so an interrupted installation leaves nothing that
        would be used, and the next one starts again (with what pip has in its cache). A second process waits.

        Raises:
            ConfigError: the settings name an interpreter that does not exist.
            MissingExtra: it could not be made; the hint has pip's last lines.
        """
        place = self.place(environment)
        private_folder(self._folder)
        lock = filelock.FileLock(self._folder / f".{environment.id}.lock")
        patience_s = 0.0
        while not lock.is_locked:
            try:
                lock.acquire(timeout=patience_s, poll_interval=_POLL_S)
            except filelock.Timeout:
                patience_s = 1.0
                yield Phase(name="queue")
        try:
            sweep_folder(self._folder)
            try:
                self.interpreter(environment)
            except MissingExtra:
                yield from self._make(environment, place)
        finally:
            lock.release()

    def remove(self, environment: Environment) -> bool:
        """Remove an environment with all its earlier versions; return whether there was one."""
        if not self._folder.is_dir():
            return False
        with filelock.FileLock(self._folder / f".{environment.id}.lock"):
            sweep_folder(self._folder)
            places = [each for each in self._folder.iterdir() if _belongs(each.name, environment.id)]
            for place in places:
                # Renamed first: a removal that is interrupted leaves no half environment under a name in use.
                doomed, held = temporary_folder(place)
                place.rename(doomed / place.name)
                shutil.rmtree(doomed, ignore_errors=True)
                os.close(held)
        return bool(places)

    def abandoned(self) -> tuple[Path, ...]:
        """Return what killed installations and removals left; the next one of any environment removes it."""
        return abandoned(self._folder)

    # -- making -----------------------------------------------------------------------------------------------------

    def _make(self, environment: Environment, place: Path) -> Iterator[Phase]:
        requirements = self._requirements(environment)
        partial, held = temporary_folder(place)
        python = self._python(partial)
        try:
            yield Phase(name="venv", done=0.0)
            with_pip = importlib.util.find_spec("pip") is None
            bare = [] if with_pip else ["--without-pip"]
            yield from _run(environment, [sys.executable, "-m", "venv", *bare, str(partial)], Phase(name="venv"))
            pip = [str(python), "-m", "pip"] if with_pip else [sys.executable, "-m", "pip", "--python", str(python)]
            if requirements:
                options = ["--disable-pip-version-check", "--no-input", "--progress-bar=off"]
                yield from _run(environment, [*pip, "install", *options, *requirements], Phase(name="install"))
            yield Phase(name="check", done=0.0)
            modules = ", ".join(["sys", *(_name(need) for need in self._needs)])
            yield from _run(environment, [str(python), "-c", f"import {modules}"], Phase(name="check"))
            partial.rename(place)
            yield Phase(name="check", done=1.0)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
            os.close(held)

    def _requirements(self, environment: Environment) -> tuple[str, ...]:
        own = {_name(requirement) for requirement in environment.requirements}
        return (*environment.requirements, *(need for need in self._needs if _name(need) not in own))

    @staticmethod
    def _python(place: Path) -> Path:
        return place / "bin" / "python"


def satisfied_here(requirements: Sequence[str]) -> bool:
    """Return whether this interpreter has every requirement; only plain `name==version` can be told, others cannot."""
    for requirement in requirements:
        pinned = _PINNED.match(requirement.strip())
        if pinned is None:
            return False
        try:
            found = importlib.metadata.version(pinned[1])
        except importlib.metadata.PackageNotFoundError:
            return False
        if found != pinned[2]:
            return False
    return True


def _name(requirement: str) -> str:
    """Return the normalised package name of a requirement; those of a catalogue begin with one and are no options."""
    return re.sub(r"[-_.]+", "-", _AFTER_NAME.split(requirement, maxsplit=1)[0]).lower()


def _belongs(folder: str, identity: str) -> bool:
    return re.fullmatch(rf"{re.escape(identity)}-[0-9a-f]{{12}}", folder) is not None


def _run(environment: Environment, command: Sequence[str], phase: Phase) -> Iterator[Phase]:
    """Run a program, yielding its phase at each line it prints; ends it when the caller stops listening."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    output = cast("IO[str]", process.stdout)
    lines: list[str] = []
    try:
        for line in output:
            lines = [*lines[-9:], line.rstrip()]
            yield phase
        process.wait()
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        output.close()
    if process.returncode != 0:
        raise MissingExtra(
            f"the environment {environment.id} could not be made: {phase.name} ended with code {process.returncode}",
            hint="its last lines:\n" + "\n".join(lines),
        )
