"""Brings the missing files of one set into the store: the user's folders first, then each source in order.

One download serves all files that lie in the same archive. A failed source is remembered with its reason, the next one
is tried, and when none is left the error lists them all. Finished downloads wait in the set's staging folder, so that a
pull killed at any moment goes on where it was. Knows nothing of several sets, nor of how progress is shown.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from hausmusik.errors import HashMismatch, WeightsError
from hausmusik.instruments.model import HubSource, Source, WeightFile, Weights
from hausmusik.weights.archives import Archive, Part, download, parts_of, sha256_of, unpack_with_dpkg
from hausmusik.weights.hub import Hub, fetch
from hausmusik.weights.layout import SetFolder
from hausmusik.weights.own_folders import OwnFolders
from hausmusik.weights.progress import DOWNLOAD_SHARE, PullPhase, PullProgress, Tally
from hausmusik.weights.tools import BadArchive, Runner, SourceFailed, WrongBytes
from hausmusik.weights.unpack import NeedsDpkg, Sink, archive_errors, members_of

WRONG_BYTES: Final = "the bytes are not the pinned ones (sha256 differs); refused and removed"


class SetPull:
    """One pull of one set, by the process that holds the set's lock.

    Args:
        folder: Where the set lies.
        own: The user's folders.
        offline: Whether to stay away from every tool and network.
        runner: Runs pip, npm and apt-get.
        tally: Counts the bytes of the whole pull.
        hub: Which hub.
    """

    def __init__(
        self,
        folder: SetFolder,
        *,
        own: Sequence[Path],
        offline: bool,
        runner: Runner,
        tally: Tally,
        hub: Hub,
    ) -> None:
        self._folder = folder
        self._own = OwnFolders((*own, folder.all_versions))  # an older version of the set may hold the same file
        self._offline = offline
        self._runner = runner
        self._tally = tally
        self._hub = hub
        self._failed: dict[Archive, SourceFailed] = {}

    @property
    def _set(self) -> Weights:
        return self._folder.weights

    def run(self) -> Iterator[PullProgress]:
        """Bring every missing file of the set.

        Raises:
            HashMismatch: every source that answered brought other bytes than the pinned ones.
            WeightsError: no source gave a file, or the disk is full.
        """
        staging = self._folder.staging
        try:
            staging.mkdir(parents=True, exist_ok=True)
            for left_over in (*staging.glob("work-*"), *staging.glob("new-*")):  # of a pull that was killed
                shutil.rmtree(left_over) if left_over.is_dir() else left_over.unlink()
            for file in self._set.files:
                if not self._folder.trusted(file, self._folder.stamps()):
                    yield from self._bring(file)
            for done in self._folder.stagings():  # those of older pins too
                shutil.rmtree(done, ignore_errors=True)
        except OSError as error:
            raise _disk_error(error, self._folder) from error

    def _bring(self, file: WeightFile) -> Iterator[PullProgress]:
        yield self._at("check", file)
        if self._folder.check(file):
            yield self._here(file)
            return
        yield self._at("search", file)
        found = self._own.find(file, self._set.id)
        if found is not None:
            yield from self._copy(file, found)
            return
        tries: list[tuple[str, SourceFailed]] = []
        for source in () if self._offline else file.sources:
            try:
                yield from self._from_source(file, source)
            except SourceFailed as error:
                tries.append((source.label, error))
            else:
                return
        raise _nothing_came(self._set, file, tries, offline=self._offline)

    def _from_source(self, file: WeightFile, source: Source) -> Iterator[PullProgress]:
        if isinstance(source, HubSource):
            yield from self._from_hub(file, source)
        else:
            yield from self._from_archives(file, source)

    def _copy(self, file: WeightFile, found: Path) -> Iterator[PullProgress]:
        yield self._at("unpack", file, str(found.parent))
        with self._sink(file) as sink:
            with found.open("rb") as stream:
                sink.write_all(stream)
            if not self._settle(file, sink, f"folder {found.parent}"):
                raise HashMismatch(f"{found} changed while it was copied", hint="run the command again")
        yield self._here(file, str(found.parent))

    def _from_hub(self, file: WeightFile, source: HubSource) -> Iterator[PullProgress]:
        partial = self._folder.staging / f"hub-{file.sha256[:16]}"
        for come in fetch(source, partial, file.size_bytes, self._hub):
            yield self._at("download", file, source.label, come * DOWNLOAD_SHARE)
        if sha256_of(partial) != file.sha256:
            partial.unlink()
            raise WrongBytes(WRONG_BYTES)
        self._enter(file, partial, source.label)
        yield self._here(file, source.label)

    # -- archives ---------------------------------------------------------------------------------------------------

    def _from_archives(self, file: WeightFile, source: Source) -> Iterator[PullProgress]:
        parts = parts_of(source)
        for part in parts:
            if failed := self._failed.get(part.archive):
                raise type(failed)(str(failed))
        part = parts[0]
        try:
            for number, part in enumerate(parts):
                yield from self._ensure(part.archive, file, source.label, number, len(parts))
            yield self._at("unpack", file, source.label, file.size_bytes * DOWNLOAD_SHARE)
            taken = self._take(file, parts[0], source.label) if len(parts) == 1 else self._join(file, source)
            yield from taken
        except SourceFailed as error:
            self._failed[part.archive] = error
            for each in parts if isinstance(error, BadArchive) else ():
                (self._folder.staging / each.archive.file_name).unlink(missing_ok=True)
            raise

    def _ensure(
        self, archive: Archive, file: WeightFile, label: str, number: int, count: int
    ) -> Iterator[PullProgress]:
        """Download the archive of part `number` of `count`, unless it is already staged."""
        target = self._folder.staging / archive.file_name
        if target.exists():
            return
        served = {file.name: file.size_bytes, **{each.name: each.size_bytes for each, _ in self._within(archive)}}
        expected, worth = archive.size_bytes or sum(served.values()), sum(served.values()) * DOWNLOAD_SHARE
        for come in download(archive, target, self._runner):
            yield self._at("download", file, label, worth * (number + min(come / expected, 1.0)) / count)

    def _within(self, archive: Archive) -> list[tuple[WeightFile, str]]:
        """Return the missing files that lie whole in an archive, each with its member."""
        stamps = self._folder.stamps()
        return [
            (file, parts[0].member)
            for file in self._set.files
            if not self._folder.trusted(file, stamps)
            for parts in map(parts_of, file.sources)
            if len(parts) == 1 and parts[0].archive == archive
        ]

    def _take(self, file: WeightFile, part: Part, label: str) -> Iterator[PullProgress]:
        """Take every missing file out of an archive in one pass; only what happens to `file` itself can fail it."""
        by_member = {member: each for each, member in self._within(part.archive)}
        staged = self._folder.staging / part.archive.file_name
        failed: dict[str, SourceFailed | None] = {}
        try:
            for member, stream in self._members(staged, set(by_member)):
                each = by_member[member]
                failed[each.name] = self._take_one(each, stream, label)
                if failed[each.name] is None:
                    yield self._here(each, label)
        except SourceFailed as error:  # the archive broke off; what was taken before is good
            failed.setdefault(file.name, error)
        error = failed.get(file.name, BadArchive("the archive has no such member"))
        if error is not None:
            raise error

    def _take_one(self, file: WeightFile, stream: IO[bytes], label: str) -> SourceFailed | None:
        with self._sink(file) as sink:
            try:
                with archive_errors("the archive"):
                    sink.write_all(stream)
            except SourceFailed as error:
                return error
            return None if self._settle(file, sink, label) else WrongBytes(WRONG_BYTES)

    def _join(self, file: WeightFile, source: Source) -> Iterator[PullProgress]:
        """Write the members of several archives one after the other into one file."""
        parts = parts_of(source)
        with self._sink(file) as sink:
            for number, part in enumerate(parts):
                staged = self._folder.staging / part.archive.file_name
                before = sink.written_bytes
                for _, stream in self._members(staged, {part.member}):
                    with archive_errors(staged.name):
                        sink.write_all(stream)
                if sink.written_bytes == before:
                    raise BadArchive(f"{part.archive.package} has no such member")
                done = DOWNLOAD_SHARE + (1 - DOWNLOAD_SHARE) * (number + 1) / len(parts)
                yield self._at("unpack", file, source.label, file.size_bytes * done)
            if not self._settle(file, sink, source.label):
                raise WrongBytes(WRONG_BYTES)
        yield self._here(file, source.label)

    def _members(self, staged: Path, wanted: set[str]) -> Iterator[tuple[str, IO[bytes]]]:
        try:
            yield from members_of(staged, wanted, scratch=self._folder.staging)
        except NeedsDpkg as need:
            for _ in unpack_with_dpkg(staged, need.target, self._runner):
                pass  # a second or two; the tool is not a download
            yield from members_of(staged, wanted, scratch=self._folder.staging)

    # -- files --------------------------------------------------------------------------------------------------------

    @contextmanager
    def _sink(self, file: WeightFile) -> Generator[Sink]:
        handle, name = tempfile.mkstemp(prefix="new-", dir=self._folder.staging)
        os.close(handle)
        sink = Sink(Path(name), file.size_bytes)
        try:
            yield sink
        finally:
            sink.drop()

    def _settle(self, file: WeightFile, sink: Sink, source: str) -> bool:
        """Move a written file to its place when its bytes are the pinned ones."""
        right = sink.close() == file.sha256
        if right:
            self._enter(file, sink.path, source)
        return right

    def _enter(self, file: WeightFile, path: Path, source: str) -> None:
        path.chmod(0o644)
        self._folder.enter(file, path, source)

    def _at(self, phase: PullPhase, file: WeightFile, source: str = "", under_way: float = 0.0) -> PullProgress:
        return self._tally.at(self._set.id, phase, file=file.name, source=source, under_way=under_way)

    def _here(self, file: WeightFile, source: str = "") -> PullProgress:
        self._tally.finish(file.size_bytes)
        return self._at("here", file, source)


def _nothing_came(
    weights: Weights, file: WeightFile, tries: list[tuple[str, SourceFailed]], *, offline: bool
) -> WeightsError:
    """Return the error that lists every source tried, and why each failed."""
    name = f"{file.name} of the weights {weights.id}"
    if offline:
        return WeightsError(
            f"{name} is not here, and being offline nothing is downloaded",
            hint=f"run `haus pull {weights.id}` with a network, or name a folder that has the file",
        )
    listed = "; ".join(f"{label}: {error}" for label, error in tries) or "it has no sources"
    if any(isinstance(error, WrongBytes) for _, error in tries):
        return HashMismatch(
            f"{name} came, but not with the pinned bytes: {listed}",
            hint="the publisher changed it or something on the way did; nothing of it was kept",
        )
    return WeightsError(
        f"no source gave {name}: {listed}",
        hint=f"mend one of these and run `haus pull {weights.id}` again; finished downloads are kept",
    )


def _disk_error(error: OSError, folder: SetFolder) -> WeightsError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return WeightsError(
            f"the disk is full: the weights {folder.weights.id} need "
            f"{folder.weights.size_bytes / 1e6:.0f} MB below {folder.path}, and as much again while they come",
            hint="make room, or set another folder for weights, and run the command again; finished files are kept",
        )
    return WeightsError(
        f"the weights {folder.weights.id} cannot be written: {error}", hint="see `haus config show` for the folder"
    )
