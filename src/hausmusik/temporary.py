"""Hidden files and folders in which something is made before it gets its name, and what killed processes left of them.

Each is called `.NAME.<8 hex digits>.part`, lies beside the NAME that it will get, and is locked (flock(2)) by its maker
as long as its descriptor is open. Such a lock dies with the process, so whoever makes the same NAME next removes what
was left over and leaves alone what somebody is still making. Where a file system has no locks nothing is removed.
Knows nothing of what is made.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
import shutil
import stat
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Final

_ENDING: Final = re.compile(r"\.[0-9a-f]{8}\.part")
_ENDING_LENGTH: Final = len(".01234567.part")
_MOST_BYTES: Final = 200
"""Of the NAME: a name may have 255 bytes on every common file system, and 15 are added."""

_TRIES: Final = 20
_LOOK: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def temporary_file(target: Path, mode: int = 0o666) -> tuple[Path, int]:
    """Make an empty file beside `target`, and remove what earlier makers of it left.

    Args:
        target: What it will be renamed to; its folder must exist.
        mode: Its permissions, of which the umask takes away.

    Returns:
        Its path, and a descriptor to write with. Rename it *before* closing that: the lock goes with it.

    Raises:
        OSError: it cannot be made.
    """
    sweep(target)
    for _ in range(_TRIES):
        path = _new_name(target)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        if _claimed(path, descriptor):
            return path, descriptor
        os.close(descriptor)
    raise _vanishing(target)


def temporary_folder(target: Path, mode: int = 0o777) -> tuple[Path, int]:
    """Make an empty folder beside `target`, and remove what earlier makers of it left.

    Args:
        target: What it will be renamed to; its parent must exist.
        mode: Its permissions, of which the umask takes away.

    Returns:
        Its path, and a descriptor that holds its lock until it is closed.

    Raises:
        OSError: it cannot be made.
    """
    sweep(target)
    for _ in range(_TRIES):
        path = _new_name(target)
        path.mkdir(mode)
        try:
            descriptor = os.open(path, _LOOK | os.O_DIRECTORY)
        except FileNotFoundError:  # swept by somebody in the very moment before it was locked
            continue
        if _claimed(path, descriptor):
            return path, descriptor
        os.close(descriptor)
    raise _vanishing(target)


def sweep(target: Path) -> None:
    """Remove what killed processes left while they were making `target`."""
    start = _start(target)
    for path in _temporaries(target.parent):
        if path.name[:-_ENDING_LENGTH] == start:
            remove_abandoned(path)


def sweep_folder(folder: Path) -> None:
    """Remove what killed processes left in a folder, whatever they were making."""
    for path in _temporaries(folder):
        remove_abandoned(path)


def abandoned(folder: Path) -> tuple[Path, ...]:
    """Return what killed processes left in a folder, whatever they were making."""
    found: list[Path] = []
    for path in _temporaries(folder):
        with contextlib.suppress(OSError), _held(path):
            found.append(path)
    return tuple(sorted(found))


def remove_abandoned(path: Path) -> bool:
    """Remove a temporary file or folder unless a living process has it; return whether it went."""
    try:
        with _held(path) as mode:
            if stat.S_ISDIR(mode):
                shutil.rmtree(path)
            else:
                path.unlink()
    except OSError:
        return False
    return True


def _start(target: Path) -> str:
    name = target.name.encode("utf-8", "surrogateescape")[:_MOST_BYTES]
    return f".{name.decode('utf-8', 'ignore')}"


def _new_name(target: Path) -> Path:
    return target.with_name(f"{_start(target)}.{secrets.token_hex(4)}.part")


def _temporaries(folder: Path) -> Iterator[Path]:
    """Yield everything in a folder that has a name of ours; nothing when it cannot be read."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            name, ending = entry.name[:-_ENDING_LENGTH], entry.name[-_ENDING_LENGTH:]
            if len(name) > 1 and name.startswith(".") and _ENDING.fullmatch(ending):
                yield Path(entry.path)


def _claimed(path: Path, descriptor: int) -> bool:
    """Lock what was just made; return whether it is still there and was not swept in between."""
    with contextlib.suppress(OSError):  # no locks here, so nobody can take it for left over either
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    return os.path.lexists(path)


def _vanishing(target: Path) -> OSError:
    return OSError(errno.EAGAIN, "what is made there vanishes at once", str(target.parent))


@contextlib.contextmanager
def _held(path: Path) -> Generator[int]:
    """Lock a file or folder that nobody else has, and give its mode; raises OSError when somebody has it."""
    descriptor = os.open(path, _LOOK)
    try:
        mode = os.fstat(descriptor).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise OSError(f"{path} is neither a file nor a folder")
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield mode
    finally:
        os.close(descriptor)
