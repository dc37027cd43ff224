"""What a render tells while it works, and what it has made; plain values for every interface."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import msgspec


class Stage(StrEnum):
    """The stages of a render, in order."""

    TAKES = "takes"
    MIX = "mix"
    MASTER = "master"
    EXPORT = "export"


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a render is.

    Args:
        stage: What it is doing.
        done: Fraction of this stage, 0 to 1; None: only `label` is news.
        label: What just happened or is being done, for people.
        eta_s: Seconds until this stage is over; None where unknown.
    """

    stage: Stage
    done: float | None = None
    label: str = ""
    eta_s: float | None = None


class OutputFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a render wrote.

    Args:
        path: Where it is.
        role: `piece`, `stem`, `captions`, `picture`, `cover`, `credits`.
        sha256: Of its bytes.
        size_bytes: Of the file.
        loudness_lufs: As decoded again, of pieces.
        true_peak_dbtp: As decoded again, of pieces.
    """

    path: Path
    role: str
    sha256: str
    size_bytes: int
    loudness_lufs: float | None = None
    true_peak_dbtp: float | None = None


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """A finished render.

    Args:
        path: The piece in the format that was asked for.
        files: Everything that was written, the report excepted.
        report: The report's path; None for previews.
        duration_s: Of the piece.
        loudness_lufs: Of the master.
        true_peak_dbtp: Of the master.
        use: Whether it may be used commercially, in words.
        warnings: What a listener might notice.
        made: Takes that were played now.
        kept: Takes that were there already.
        reused: Nothing had changed, so nothing was written.
    """

    path: Path
    files: tuple[OutputFile, ...]
    report: Path | None
    duration_s: float
    loudness_lufs: float
    true_peak_dbtp: float
    use: str
    warnings: tuple[str, ...] = ()
    made: int = 0
    kept: int = 0
    reused: bool = False
