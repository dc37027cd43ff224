"""The weights of this machine: what is here, what is missing, bringing it, removing it, checking it again.

Safe for several processes: each set has a lock that dies with its holder; whoever comes second waits and finds the work
done. Knows nothing of instruments, nor of why a set is wanted.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Final

import msgspec
from filelock import FileLock, Timeout

from hausmusik.errors import HashMismatch, WeightsError
from hausmusik.instruments.model import HubSource, WeightFile, Weights
from hausmusik.temporary import sweep, temporary_folder
from hausmusik.weights.archives import Archive, parts_of, tools_of
from hausmusik.weights.hub import Hub, answers
from hausmusik.weights.layout import LOCKS, STAGING, SetFolder
from hausmusik.weights.own_folders import OwnFolders
from hausmusik.weights.progress import PullProgress, Tally
from hausmusik.weights.pull import SetPull
from hausmusik.weights.tools import Runner, ToolRunner

LOCK_POLL_S: Final = 0.2
REMOVE_WAIT_S: Final = 5.0
SPARE_BYTES: Final = 32 << 20
"""Left free on the disk after a pull, for everything else that writes there meanwhile."""

REMOVED: Final = "removed"
"""What a set is called, with a temporary's ending, while it is being deleted."""


class SetState(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a set is here.

    Args:
        set: Its id.
        here: Whether every file is here, unchanged since its hash was checked.
        missing: Names of the files that are not.
        size_bytes: Of the whole set.
        missing_bytes: Of the missing files.
        folder: Where it lies or will lie.
    """

    set: str
    here: bool
    missing: tuple[str, ...]
    size_bytes: int
    missing_bytes: int
    folder: str


class Unfinished(msgspec.Struct, frozen=True, kw_only=True):
    """A pull that was interrupted: its finished downloads wait in a folder for the next one."""

    set: str
    size_bytes: int
    folder: str


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """The result of hashing one file again: `right`, `wrong` (other bytes than the pinned ones) or `missing`."""

    set: str
    file: str
    verdict: str


class WeightsStore:
    """All sets below one folder.

    Args:
        folder: Made when something is pulled.
        folders: The user's own folders, where files are looked for before anything is downloaded.
        offline: Whether to stay away from every tool and network.
        hub: Which hub, and a key for it.
        runner: Runs pip, npm and apt-get; None: the real ones.
    """

    def __init__(
        self,
        folder: Path,
        *,
        folders: Sequence[Path] = (),
        offline: bool = False,
        hub: Hub | None = None,
        runner: Runner | None = None,
    ) -> None:
        self._root = folder
        self._own = tuple(folders)
        self._offline = offline
        self._hub = hub or Hub()
        self._runner = runner or ToolRunner()
        self._unobtainable: set[str] = set()

    @property
    def folder(self) -> Path:
        """Return where all sets lie, or will lie."""
        return self._root

    def state(self, weights: Weights) -> SetState:
        """Return how much of a set is here; reads no file's contents unless its stamp is gone."""
        missing = self._missing_files(weights)
        return SetState(
            set=weights.id,
            here=not missing,
            missing=tuple(file.name for file in missing),
            size_bytes=weights.size_bytes,
            missing_bytes=sum(file.size_bytes for file in missing),
            folder=str(SetFolder(self._root, weights).path),
        )

    def missing(self, sets: Sequence[Weights]) -> tuple[SetState, ...]:
        """Return the state of each set that is not wholly here."""
        return tuple(state for state in map(self.state, sets) if not state.here)

    def located(self, sets: Sequence[Weights]) -> dict[str, str]:
        """Return the path of every file by `set id/file name`, for `EngineContext.files`.

        Raises:
            WeightsError: something is missing; the message says what and how large, the hint how to get it.
        """
        if missing := self.missing(sets):
            listed = ", ".join(f"{state.set} ({readable(state.missing_bytes)})" for state in missing)
            raise WeightsError(
                f"weights are missing: {listed}", hint=f"haus pull {' '.join(state.set for state in missing)}"
            )
        return {
            f"{weights.id}/{file.name}": str(SetFolder(self._root, weights).file(file))
            for weights in sets
            for file in weights.files
        }

    def obtainable(self, weights: Weights) -> bool:
        """Return whether a pull could bring what is missing, as far as can be told without pulling.

        True when everything is here; else each missing file needs a copy in the user's folders or, unless offline, a
        source whose tool is installed. Where only the hub is left, it is asked once whether it answers (3 s at most).
        A set whose pull failed in this process is not obtainable until one succeeds.
        """
        missing = self._missing_files(weights)
        own = OwnFolders(self._own)
        return all(self._downloadable(weights, file) or any(own.candidates(file, weights.id)) for file in missing)

    def pull(self, sets: Sequence[Weights]) -> Iterator[PullProgress]:
        """Bring what is missing of all sets; nothing is yielded when nothing is.

        Every set is tried even when an earlier one failed. Closing the iterator stops the tool at work; what was
        finished is kept. What killed pulls and removals left behind is used, or goes.

        Raises:
            WeightsError: no room, or no source gave a file; every source tried is listed.
            HashMismatch: only wrong bytes came.
        """
        missing = self.missing(sets)
        wanted = [weights for weights in _unique(sets) if any(state.set == weights.id for state in missing)]
        tally = Tally(sum(state.missing_bytes for state in {state.set: state for state in missing}.values()))
        with _border("used"):
            self._check_room(wanted)
            sweep(self._root / REMOVED)
            for weights in _unique(sets):
                if weights not in wanted:
                    self._forget_downloads(weights)
        failures: list[WeightsError] = []
        for weights in wanted:
            try:
                yield from self._pull_one(weights, tally)
                self._unobtainable.discard(weights.id)
            except WeightsError as error:
                self._unobtainable.add(weights.id)
                failures.append(error)
        if len(failures) == 1:
            raise failures[0]
        if failures:
            wrong = any(isinstance(error, HashMismatch) for error in failures)
            raise (HashMismatch if wrong else WeightsError)(
                "\n".join(error.message for error in failures), hint=failures[0].hint
            )

    def remove(self, sets: Sequence[Weights]) -> int:
        """Remove sets in every version, with half-done work; return the bytes freed.

        Raises:
            WeightsError: another process is pulling one of them, or the folder cannot be written.
        """
        freed = 0
        for weights in _unique(sets):
            folder = SetFolder(self._root, weights)
            with _border("removed from"):
                places = [place for place in (folder.all_versions, *folder.stagings()) if place.exists()]
                if not places:
                    continue
                try:
                    with _lock(folder).acquire(timeout=REMOVE_WAIT_S):
                        freed += sum(_remove(place, self._root) for place in places if place.exists())
                except Timeout as error:
                    raise WeightsError(
                        f"the weights {weights.id} are being pulled by another process",
                        hint="try again when it is done",
                    ) from error
        return freed

    def unfinished(self) -> tuple[Unfinished, ...]:
        """Return the pulls that were interrupted and are not under way now, of sets in any version."""
        staging = self._root / STAGING
        found: list[Unfinished] = []
        for folder in sorted(staging.glob("?*-????????????")):
            set_id = folder.name[: -len("-0123456789ab")]
            with suppress(Timeout, OSError), FileLock(self._root / LOCKS / f"{set_id}.lock", timeout=0):
                found.append(Unfinished(set=set_id, size_bytes=_size(folder), folder=str(folder)))
        return tuple(found)

    def verify(self, sets: Sequence[Weights]) -> Iterator[Checked]:
        """Hash every file again, whatever its stamp says; a wrong file loses its stamp, so that a pull replaces it."""
        for weights in _unique(sets):
            folder = SetFolder(self._root, weights)
            for file in weights.files:
                there = os.path.isfile(folder.file(file))  # noqa: PTH113 -- pathlib's raises where it may not look
                right = there and folder.check(file, fresh=True)
                yield Checked(
                    set=weights.id, file=file.name, verdict="right" if right else "wrong" if there else "missing"
                )

    def _missing_files(self, weights: Weights) -> list[WeightFile]:
        folder = SetFolder(self._root, weights)
        stamps = folder.stamps()
        return [file for file in weights.files if not (folder.trusted(file, stamps) or folder.check(file))]

    def _downloadable(self, weights: Weights, file: WeightFile) -> bool:
        if self._offline or weights.id in self._unobtainable:
            return False
        packed = [source for source in file.sources if not isinstance(source, HubSource)]
        if any(all(self._runner.command(tool) for tool in tools_of(source)) for source in packed):
            return True
        return len(packed) < len(file.sources) and self._hub_answers

    @cached_property
    def _hub_answers(self) -> bool:
        return answers(self._hub)

    def _pull_one(self, weights: Weights, tally: Tally) -> Iterator[PullProgress]:
        folder = SetFolder(self._root, weights)
        lock = _lock(folder)
        before = sum(file.size_bytes for file in self._missing_files(weights))
        while not lock.is_locked:
            try:
                with _border("written"):
                    lock.acquire(timeout=0)
            except Timeout:
                yield tally.at(weights.id, "wait")
                time.sleep(LOCK_POLL_S)
        try:
            still = sum(file.size_bytes for file in self._missing_files(weights))
            tally.finish(before - still)  # what another process did while this one waited
            pull = SetPull(
                folder,
                own=self._own,
                offline=self._offline,
                runner=self._runner,
                tally=tally,
                hub=self._hub,
            )
            yield from pull.run()
        finally:
            lock.release()

    def _forget_downloads(self, weights: Weights) -> None:
        """Remove the downloads of a set that is wholly here: its pull was killed, and the files came in another way."""
        folder = SetFolder(self._root, weights)
        if folder.stagings():
            with suppress(Timeout), _lock(folder).acquire(timeout=0):
                for staging in folder.stagings():
                    shutil.rmtree(staging, ignore_errors=True)

    def _check_room(self, wanted: Sequence[Weights]) -> None:
        """Refuse before the first byte when the files and the largest set's downloads cannot fit."""
        if not wanted:
            return
        files = sum(file.size_bytes for weights in wanted for file in self._missing_files(weights))
        downloads = max(_download_bytes(weights) for weights in wanted) if not self._offline else 0
        place = self._root
        while not place.exists():
            place = place.parent
        free, need = shutil.disk_usage(place).free, files + downloads + SPARE_BYTES
        if free < need:
            raise WeightsError(
                f"this pull needs {readable(need)} while it works, but {self._root} has only {readable(free)} free",
                hint="make room, or set another folder for weights",
            )


def readable(size_bytes: int) -> str:
    """Return a size for people, in decimal units: `523 kB`, `92 MB`, `1.1 GB`."""
    if size_bytes >= 1e9:
        return f"{size_bytes / 1e9:.1f} GB"
    if size_bytes >= 1e6:
        return f"{size_bytes / 1e6:.0f} MB"
    return f"{max(round(size_bytes / 1e3), min(size_bytes, 1))} kB"


def _unique(sets: Sequence[Weights]) -> list[Weights]:
    return list({weights.id: weights for weights in sets}.values())


def _download_bytes(weights: Weights) -> int:
    """Return the size of a set's downloads when each file's first source answers."""
    archives: dict[Archive, int] = {}
    for file in weights.files:
        first = file.sources[0] if file.sources else None
        if first is None or isinstance(first, HubSource):
            continue
        for part in parts_of(first):
            archives[part.archive] = part.archive.size_bytes or file.size_bytes
    return sum(archives.values())


def _lock(folder: SetFolder) -> FileLock:
    with _border("written"):
        folder.lock.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(folder.lock, thread_local=False)  # a pull may be advanced from several threads in turn


@contextmanager
def _border(done: str) -> Generator[None]:
    """Turn what the system says into an error of ours; a lock that somebody else holds is no trouble of the system."""
    try:
        yield
    except Timeout:
        raise
    except OSError as error:
        raise WeightsError(
            f"the folder for weights cannot be {done}: {error}", hint="see `haus doctor`, or set weights.folder"
        ) from error


def _remove(place: Path, root: Path) -> int:
    """Move a folder aside, then delete it, so that no one ever meets half of it; return its size in bytes."""
    size = _size(place)
    aside, lock = temporary_folder(root / REMOVED)
    try:
        place.rename(aside / place.name)
        shutil.rmtree(aside)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        os.close(lock)
    return size


def _size(place: Path) -> int:
    return sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
