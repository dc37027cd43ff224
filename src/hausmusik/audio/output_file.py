"""A finished file appears whole under its name, or not at all.

Everything is written to a temporary file in the same folder, flushed to the disk and then renamed over the target, so
that a full disk, a crash or kill -9 leaves whatever was there before. What the operating system refuses becomes an
`OutputError` with a hint, at the write itself, so that the caller's own OSErrors are not mistaken for it. Knows nothing
of audio.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO, Final

from hausmusik.atomic import sync_folder
from hausmusik.errors import OutputError
from hausmusik.temporary import temporary_file

_HINTS: Final = {
    errno.ENOSPC: "the disk is full: free some space, or choose a folder on another disk",
    errno.EDQUOT: "your disk quota is used up: free some space, or choose another folder",
    errno.EFBIG: "the file grew beyond the largest size allowed here: choose a smaller format or another disk",
    errno.EACCES: "the folder may not be written to: choose another one, or change its permissions",
    errno.EPERM: "the folder may not be written to: choose another one, or change its permissions",
    errno.EROFS: "that disk is mounted read-only: choose another folder",
    errno.ENOENT: "the folder does not exist: create it first",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.ENAMETOOLONG: "the file name is too long for this disk",
}


class OutputFile:
    """The temporary file while it is being written: seekable, buffered, its OSErrors are `OutputError`s.

    The first failure is raised once and kept; after it, or after `give_up`, writing and seeking do nothing: libavformat
    goes on calling for a while, and PyAV prints what is raised meanwhile. `keep` raises the failure again.

    Args:
        target: The name the finished file will get.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self._temporary: Path | None = None
        self._file: BinaryIO | None = None
        self._failure: OutputError | None = None
        self._given_up = False

    def open(self) -> None:
        """Create the temporary file with the permissions a new file of this user gets."""
        with self._mapped():
            self._temporary, descriptor = temporary_file(self.target)
            self._file = os.fdopen(descriptor, "w+b", buffering=1 << 18)

    def write(self, data: bytes) -> int:
        """Write all of `data`; raises OutputError."""
        if self._given_up:
            return len(data)
        with self._mapped():
            return self._opened().write(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move; raises OutputError, since moving writes out what is buffered."""
        if self._given_up:
            return max(0, offset)
        with self._mapped():
            return self._opened().seek(offset, whence)

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._opened().tell()

    def flush(self) -> None:
        """Hand everything written so far to the operating system; raises OutputError."""
        with self._mapped():
            self._opened().flush()

    def reopen(self) -> BinaryIO:
        """Open what is written so far a second time, for reading; empty after a failure."""
        if self._given_up:
            return io.BytesIO()
        self.flush()
        with self._mapped():
            return self._there().open("rb")

    def give_up(self) -> None:
        """Take no more bytes, so that a muxer can be closed without writing the rest of a file nobody wants."""
        self._given_up = True

    def keep(self) -> None:
        """Make it the target: to the disk first, then the rename; raises OutputError."""
        if self._failure is not None:
            raise self._failure
        if self._given_up:
            raise ValueError("a file that was given up cannot be kept")
        with self._mapped():
            file = self._opened()
            file.flush()
            os.fsync(file.fileno())
            self._there().replace(self.target)  # while it is open, and so locked
            file.close()
        # The rename itself is durable only once the folder is; some network file systems cannot do that, and then it
        # is no less safe than without.
        with contextlib.suppress(OSError):
            sync_folder(self.target.parent)

    def discard(self) -> None:
        """Remove the temporary file; never raises, and safe to call after `keep`."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._there().unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self._file.close()

    def _opened(self) -> BinaryIO:
        if self._file is None or self._file.closed:
            raise ValueError("the output file is not open")
        return self._file

    def _there(self) -> Path:
        if self._temporary is None:
            raise ValueError("the output file is not open")
        return self._temporary

    @contextlib.contextmanager
    def _mapped(self) -> Generator[None]:
        try:
            yield
        except OSError as error:
            self._failure = output_error(self.target, error)
            self._given_up = True
            raise self._failure from error


@contextlib.contextmanager
def output_file(path: str | Path) -> Generator[OutputFile]:
    """Open a file that replaces `path` when the block ends well and vanishes when it does not.

    A symbolic link is followed: the file it points to is replaced, the link stays.

    Raises:
        OutputError: the folder is missing or read-only, the disk is full, or `path` is not a plain file.
    """
    file = OutputFile(_plain_target(Path(path)))
    try:
        file.open()
        yield file
        file.keep()
    finally:
        file.discard()


def output_error(path: Path, error: OSError) -> OutputError:
    """Turn what the operating system said about writing `path` into a sentence with a hint."""
    reason = (error.strerror or str(error)).lower()
    hint = _HINTS.get(error.errno or 0, "check that the folder exists and may be written to")
    return OutputError(f"{path} cannot be written: {reason}", hint=hint)


def _plain_target(path: Path) -> Path:
    try:
        target = path.resolve()
        mode = target.stat().st_mode if target.exists() else 0
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a NUL byte in the name
        raise OutputError(f"{str(path)!r} cannot be written: {error}", hint="choose another name") from error
    if stat.S_ISDIR(mode):
        raise OutputError(f"{path} is a folder", hint="name the file to write, e.g. folder/piece.flac")
    if mode and not stat.S_ISREG(mode):
        # Replacing /dev/full or a pipe by a plain file would break the machine for everyone else.
        raise OutputError(f"{path} is a device or a pipe, not a file", hint="use - to write to standard output")
    return target
