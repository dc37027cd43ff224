"""Writing a small file whole or not at all, so that kill -9 at any moment leaves the old one or the new one.

The bytes go to a temporary file in the same folder (see `temporary`), to the disk, and are renamed. Raises plain
OSErrors: what they mean is for those who know what the file is. Large audio files have their own way
(`audio.output_file`). And making the folders in which such files are nobody else's business.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from hausmusik.temporary import temporary_file


def write_whole(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Write a file, or replace it; its folder must exist.

    Args:
        path: The file; a link is replaced, not followed.
        data: All of it.
        mode: Its permissions, exactly; None: those of any new file.

    Raises:
        OSError: it could not be written; what was there is as it was, and nothing is left over.
    """
    temporary, descriptor = temporary_file(path, 0o666 if mode is None else mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if mode is not None:
                os.fchmod(descriptor, mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            temporary.replace(path)  # while it is open, and so locked
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    # The rename itself is durable only once the folder is; some network file systems cannot do that, and then it is no
    # less safe than without.
    with contextlib.suppress(OSError):
        sync_folder(path.parent)


def private_folder(path: Path) -> None:
    """Make a folder and those above it that are missing, for their owner alone; raises OSError.

    Takes hold what people wrote and said, the ledger what they paid for; a folder that is there stays as it is.
    Mode 0700, as the XDG base directory specification has it.
    """
    for folder in (*reversed(path.parents), path):
        if not folder.is_dir():
            folder.mkdir(0o700, exist_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, after a rename into it; raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
