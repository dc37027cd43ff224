"""Where a set lies on disk, and which of its files have been checked.

    ROOT/<set id>/<digest12>/<files>, LICENCE.txt, origin.json
    ROOT/.staging/<set id>-<digest12>/    finished downloads and half-done work of a pull
    ROOT/.locks/<set id>.lock             held by the process that pulls or removes

`digest12` is the beginning of the hash over all pinned hashes, so a new pin never meets old files. A file is hashed
once when it enters; afterwards its stamp (size and modification time in origin.json) stands for the hash until either
changes. Knows nothing of where bytes come from.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from hausmusik.atomic import sync_folder, write_whole
from hausmusik.instruments.licences import licence_text
from hausmusik.instruments.model import WeightFile, Weights, weights_digest
from hausmusik.weights.archives import sha256_of

STAGING: Final = ".staging"
LOCKS: Final = ".locks"


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """A file that matched its hash, as it lay on disk then."""

    sha256: str
    size_bytes: int
    mtime_ns: int
    source: str
    checked_at: str


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What `origin.json` says, for people and for the next check."""

    set: str
    title: str
    licence: str
    origin: str
    files: dict[str, Stamp]


class SetFolder:
    """The places of one set.

    Args:
        root: The store's folder.
        weights: The set.
    """

    def __init__(self, root: Path, weights: Weights) -> None:
        digest = weights_digest((weights,))[:12]
        self.weights = weights
        self.all_versions = root / weights.id
        self.path = self.all_versions / digest
        self.staging = root / STAGING / f"{weights.id}-{digest}"
        self.lock = root / LOCKS / f"{weights.id}.lock"

    def stagings(self) -> list[Path]:
        """Return the staging folders of the set in any version that are there."""
        digest = "?" * 12
        return sorted(self.staging.parent.glob(f"{self.weights.id}-{digest}"))

    def file(self, file: WeightFile) -> Path:
        """Return where a file of the set lies or will lie."""
        return self.path / file.name

    def stamps(self) -> dict[str, Stamp]:
        """Return the stamps by file name; none when origin.json is absent or damaged (files are then hashed again)."""
        try:
            return msgspec.json.decode((self.path / "origin.json").read_bytes(), type=Origin).files
        except (OSError, msgspec.DecodeError):
            return {}

    def trusted(self, file: WeightFile, stamps: dict[str, Stamp]) -> bool:
        """Return whether a file is here and unchanged since its hash was checked; reads no contents."""
        stamp = stamps.get(file.name)
        try:
            found = self.file(file).stat()
        except OSError:
            return False
        return (
            stamp is not None
            and stamp.sha256 == file.sha256
            and (stamp.size_bytes, stamp.mtime_ns)
            == (found.st_size, found.st_mtime_ns)
            == (file.size_bytes, stamp.mtime_ns)
        )

    def check(self, file: WeightFile, *, fresh: bool = False) -> bool:
        """Return whether a file is here with the pinned bytes; hashes it when its stamp does not answer that.

        Args:
            file: One of the set's.
            fresh: Hash it whatever the stamp says.
        """
        stamps = self.stamps()
        if not fresh and self.trusted(file, stamps):
            return True
        path = self.file(file)
        try:
            right = path.stat().st_size == file.size_bytes and sha256_of(path) == file.sha256
        except OSError:
            right = False
        with suppress(OSError):  # a store that cannot be written to is hashed again each time
            if right:
                self._stamp(file, stamps[file.name].source if file.name in stamps else "found in place")
            elif file.name in stamps:
                self._write({name: stamp for name, stamp in stamps.items() if name != file.name})
        return right

    def enter(self, file: WeightFile, temporary: Path, source: str) -> None:
        """Move a checked file to its place and stamp it; `temporary` lies on the same file system."""
        target = self.file(file)
        target.parent.mkdir(parents=True, exist_ok=True)
        self._keep_licence()
        temporary.replace(target)
        sync_folder(target.parent)
        self._stamp(file, source)

    def _stamp(self, file: WeightFile, source: str) -> None:
        found = self.file(file).stat()
        stamp = Stamp(
            sha256=file.sha256,
            size_bytes=found.st_size,
            mtime_ns=found.st_mtime_ns,
            source=source,
            checked_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        self._write({**self.stamps(), file.name: stamp})

    def _write(self, stamps: dict[str, Stamp]) -> None:
        of = self.weights
        origin = Origin(set=of.id, title=of.title, licence=of.licence, origin=of.origin, files=stamps)
        write_whole(self.path / "origin.json", msgspec.json.format(msgspec.json.encode(origin), indent=2), mode=0o644)

    def _keep_licence(self) -> None:
        path = self.path / "LICENCE.txt"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, licence_text(self.weights).encode(), mode=0o644)
