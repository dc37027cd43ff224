"""How a pull says where it is: one stream over all files of all sets, in bytes of finished weights.

Downloads are counted in the size of what they will become, so that `done_bytes` only grows and ends at `total_bytes`.
Knows nothing of how bytes are fetched or shown.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

PullPhase: TypeAlias = Literal["wait", "search", "download", "unpack", "check", "here"]

DOWNLOAD_SHARE: Final = 0.9
"""Of a file's bytes that count as done once its archive is downloaded; the rest is unpacking and hashing."""


class PullProgress(msgspec.Struct, frozen=True, kw_only=True):
    """Where a pull is.

    Args:
        set: Weight set at work.
        file: File at work; empty while waiting for another process.
        source: Where it comes from now, e.g. `npm kokoro-js@1.2.1`; empty in between.
        phase: `wait` (another process pulls this set), `search` (the user's folders), `download`, `unpack`, `check`
            (hash of what is already there), `here` (this file is finished).
        done_bytes: Of `total_bytes`, over the whole pull; never falls.
        total_bytes: Size of all files that were missing when the pull began.
    """

    set: str
    file: str = ""
    source: str = ""
    phase: PullPhase
    done_bytes: int
    total_bytes: int

    @property
    def fraction(self) -> float:
        """Return the part done, 0 to 1; 1 when there was nothing to do."""
        return self.done_bytes / self.total_bytes if self.total_bytes else 1.0


class Tally:
    """Adds up the bytes of one pull.

    Args:
        total_bytes: Size of all missing files.
    """

    def __init__(self, total_bytes: int) -> None:
        self.total_bytes = total_bytes
        self._finished = 0
        self._shown = 0

    def finish(self, size_bytes: int) -> None:
        """Count a file as here."""
        self._finished = min(self._finished + size_bytes, self.total_bytes)

    def at(
        self, weights: str, phase: PullPhase, *, file: str = "", source: str = "", under_way: float = 0.0
    ) -> PullProgress:
        """Return the progress now; `under_way` is how many bytes of unfinished files count already."""
        self._shown = max(self._shown, min(self._finished + int(under_way), self.total_bytes))
        return PullProgress(
            set=weights,
            file=file,
            source=source,
            phase=phase,
            done_bytes=self._shown,
            total_bytes=self.total_bytes,
        )
