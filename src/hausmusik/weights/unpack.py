"""Reads single members out of wheels, npm tarballs and Debian packages, as streams, into files that we name ourselves.

Nothing is ever extracted by the name an archive gives: a member is compared with the one asked for, and its bytes go to
a path of ours. Links, devices and folders are not members. A stream longer than its pinned size is cut off, so a zip
bomb costs at most the pinned size. Formats: zip (wheels), tar.gz (npm), ar with data.tar.{gz,xz,zst} (deb(5)); in a
wheel also a zip within it, one deep: `inner.zip!/member`.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import os
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Collection, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import IO, Final, Literal, TypeAlias

from hausmusik.weights.tools import BadArchive, WrongBytes

BLOCK_BYTES: Final = 1 << 20
MAX_MEMBERS: Final = 100_000
MAX_SKIPPED_BYTES: Final = 4 << 30
"""More than this in members that nobody asked for is not an archive of ours."""

WITHIN: Final = "!/"
"""Between the name of a zip file inside a wheel and that of its member, as in Java's `jar:` addresses."""

TarMode: TypeAlias = Literal["r|gz", "r|xz", "r|"]
_MODE_OF_DATA: Final[Mapping[str, TarMode]] = MappingProxyType(
    {"data.tar.xz": "r|xz", "data.tar.gz": "r|gz", "data.tar": "r|"}
)


class Sink:
    """A new file that is hashed while it is written, and refuses to grow beyond its size.

    Args:
        path: Must not exist yet.
        limit_bytes: Most bytes it takes.
    """

    def __init__(self, path: Path, limit_bytes: int) -> None:
        self.path = path
        self.written_bytes = 0
        self._limit_bytes = limit_bytes
        self._hash = hashlib.sha256()
        self._file = path.open("wb")

    def write_all(self, stream: IO[bytes]) -> None:
        """Append a whole stream.

        Raises:
            WrongBytes: it is longer than what may still come.
        """
        while block := stream.read(BLOCK_BYTES):
            self.written_bytes += len(block)
            if self.written_bytes > self._limit_bytes:
                raise WrongBytes("the data are longer than the pinned size")
            self._hash.update(block)
            self._file.write(block)

    def close(self) -> str:
        """Put it on the disk; return the sha256 in hex."""
        if not self._file.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        return self._hash.hexdigest()

    def drop(self) -> None:
        """Close and remove it."""
        self._file.close()
        self.path.unlink(missing_ok=True)


@contextmanager
def archive_errors(name: str) -> Generator[None]:
    """Turn what the archive libraries raise on damaged input into BadArchive."""
    try:
        yield
    except (zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, NotImplementedError) as error:
        raise BadArchive(f"{name} is damaged: {error}") from error
    except (RuntimeError, ValueError) as error:  # zipfile: encrypted member, broken header
        raise BadArchive(f"{name} cannot be read: {error}") from error


def members_of(archive: Path, wanted: Collection[str], *, scratch: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield `(member, stream)` for each wanted member that an archive has; read each stream before taking the next.

    Args:
        archive: `.whl`, `.tgz` or `.deb`.
        wanted: Paths as the archive names them, without a leading `./`; in a wheel also `inner.zip!/path`.
        scratch: Folder for an intermediate file, needed for zst-compressed Debian packages and for zips within wheels.

    Raises:
        BadArchive: it is damaged or not such an archive.
    """
    with archive_errors(archive.name):
        if archive.suffix == ".whl":
            yield from _wheel_members(archive, wanted, scratch)
        elif archive.suffix == ".deb":
            yield from _deb_members(archive, wanted, scratch)
        else:
            with archive.open("rb") as file:
                yield from _tar_members(file, "r|gz", wanted)


def _wheel_members(archive: Path, wanted: Collection[str], scratch: Path) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(archive) as wheel:
        yield from _zip_members(wheel, {name for name in wanted if WITHIN not in name})
        for inner in sorted({name.partition(WITHIN)[0] for name in wanted if WITHIN in name}):
            if inner not in wheel.namelist():
                continue
            if wheel.getinfo(inner).file_size > 2 * archive.stat().st_size:  # what is packed already packs no further
                raise BadArchive(f"{inner} is far larger than the wheel that it lies in")
            with tempfile.TemporaryFile(dir=scratch) as copy:  # a zip is read from its end: no stream will do
                with wheel.open(inner) as stream:
                    shutil.copyfileobj(stream, copy, BLOCK_BYTES)
                before = inner + WITHIN
                with zipfile.ZipFile(copy) as nested:
                    inside = {name.removeprefix(before) for name in wanted if name.startswith(before)}
                    for name, stream in _zip_members(nested, inside):
                        yield before + name, stream


def _zip_members(archive: zipfile.ZipFile, wanted: Collection[str]) -> Iterator[tuple[str, IO[bytes]]]:
    infos = {info.filename: info for info in archive.infolist() if info.filename in wanted and not info.is_dir()}
    for name, info in infos.items():
        with archive.open(info) as stream:
            yield name, stream


def _tar_members(file: IO[bytes], mode: TarMode, wanted: Collection[str]) -> Iterator[tuple[str, IO[bytes]]]:
    left, skipped = set(wanted), 0
    with tarfile.open(fileobj=file, mode=mode, errorlevel=2) as tar:
        for count, info in enumerate(tar):
            name = info.name.removeprefix("./")
            stream = tar.extractfile(info) if name in left and info.isreg() else None
            if stream is not None:
                left.discard(name)
                yield name, stream
            else:
                skipped += info.size
            if count > MAX_MEMBERS or skipped > MAX_SKIPPED_BYTES:
                raise BadArchive("the archive holds far more than it should")
            if not left:
                return


def _deb_members(archive: Path, wanted: Collection[str], scratch: Path) -> Iterator[tuple[str, IO[bytes]]]:
    with archive.open("rb") as file:
        for name, size in ar_entries(file):
            if mode := _MODE_OF_DATA.get(name):
                window = io.BufferedReader(_Window(file, size), BLOCK_BYTES)
                yield from _tar_members(window, mode, wanted)
                return
            if name == "data.tar.zst":
                plain = scratch / f"{archive.name}.tar"
                if not plain.exists():
                    raise NeedsDpkg(plain)
                with plain.open("rb") as unpacked:
                    yield from _tar_members(unpacked, "r|", wanted)
                return
    raise BadArchive(f"{archive.name} has no data part that can be read")


class NeedsDpkg(Exception):
    """This Debian package is compressed with zstd, which Python < 3.14 cannot read.

    Args:
        target: Where `dpkg-deb --fsys-tarfile` is to put the plain tar file.
    """

    def __init__(self, target: Path) -> None:
        super().__init__(str(target))
        self.target = target


def ar_entries(file: IO[bytes]) -> Iterator[tuple[str, int]]:
    """Yield `(name, size in bytes)` of an ar archive; the file then stands at the start of that entry's data.

    Format: global header `!<arch>` and a newline, per entry a 60-byte header (name 16, mtime 12, uid 6, gid 6, mode 8,
    size 10, two magic bytes), data padded to even length (ar(5), deb(5)).

    Raises:
        BadArchive: not an ar archive, or cut off.
    """
    if file.read(8) != b"!<arch>\n":
        raise BadArchive("it is not a Debian package")
    while header := file.read(60):
        if len(header) < 60 or header[58:] != b"`\n" or not header[48:58].strip().isdigit():
            raise BadArchive("the Debian package is damaged")
        size, start = int(header[48:58]), file.tell()
        yield header[:16].decode("ascii", "replace").strip().rstrip("/"), size
        file.seek(start + size + size % 2)


class _Window(io.RawIOBase):
    """The next `size` bytes of a file, as a file of their own."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        super().__init__()
        self._file, self._left = file, size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # pyright: ignore[reportIncompatibleMethodOverride] - RawIOBase says Buffer, callers pass a memoryview
        data = self._file.read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)
