"""What a worker prints, kept small: the file never exceeds its limit, and the last lines are at hand for an error.

The worker writes into a pipe and the host into the file, because a library that prints without end would fill the disk
before anybody could trim a file of its own. Knows nothing of what is printed.
"""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import IO, Final

LIMIT_BYTES: Final = 256 * 1024
_TAIL_BYTES: Final = 8 * 1024
_HINT_CHARACTERS: Final = 2_000


class WorkerLog:
    """One log file, and its last bytes in memory.

    Args:
        path: The file; its folder exists.
        limit_bytes: Once the file is larger, only its last half is kept.
    """

    def __init__(self, path: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self.path = path
        self._limit = limit_bytes
        self._file: IO[bytes] | None = None
        self._tail = b""

    def write(self, data: bytes) -> None:
        """Append bytes; a file that cannot be written costs the log and nothing else."""
        self._tail = (self._tail + data)[-_TAIL_BYTES:]
        with contextlib.suppress(OSError):  # a full disk must not stop the music, and the tail is in memory anyway
            if self._file is None:
                self._file = self.path.open("ab")
            self._file.write(data)
            self._file.flush()
            if self._file.tell() > self._limit:
                self._halve()

    def tail(self, lines: int = 16) -> str:
        """Return the last non-empty lines of this worker, at most 2,000 characters."""
        text = self._tail.decode("utf-8", "replace")
        kept = [line.rstrip() for line in text.splitlines() if line.strip()][-lines:]
        return "\n".join(kept)[-_HINT_CHARACTERS:]

    def forget(self) -> None:
        """Leave what was written so far out of `tail`."""
        self._tail = b""

    def close(self) -> None:
        """Close the file; safe to call twice."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None

    def _halve(self) -> None:
        self.close()
        kept = self.path.read_bytes()[-self._limit // 2 :]
        self.path.write_bytes(b"[older lines were dropped]\n" + kept.partition(b"\n")[2])


class LogPipe(asyncio.Protocol):
    """Moves what arrives on the worker's stdout and stderr into its log.

    Args:
        log: Where it goes.
    """

    def __init__(self, log: WorkerLog) -> None:
        self._log = log
        self.ended = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        """Take what was printed."""
        self._log.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that nothing more will come."""
        del exc
        self.ended.set()


def prune(folder: Path, keep: int = 40) -> None:
    """Remove the oldest logs in a folder beyond the newest `keep`."""
    with contextlib.suppress(OSError):  # another process may be pruning too
        logs = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in logs[keep:]:
            path.unlink(missing_ok=True)
