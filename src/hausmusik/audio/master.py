"""Mastering: a mixed piece brought to its loudness and true peak, in as few passes as there can be.

The piece is mixed once and measured meanwhile; a scratch file holds the pre-master. One pass over it applies the
gain, limits where a peak would exceed the ceiling, and measures again. Only where limiting has moved the loudness by
more than 0.2 LU is that pass repeated with a corrected gain. The mastered file is 32-bit float; formats are
`audio.encode`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Generator, Iterable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

import msgspec
import numpy as np

from hausmusik.audio.gain import factor
from hausmusik.audio.limiter import Limiter
from hausmusik.audio.loudness import Loudness, LoudnessMeter
from hausmusik.audio.mixing import MixBlock
from hausmusik.audio.stems import writing_stems
from hausmusik.audio.wav import WavReader, WavWriter
from hausmusik.errors import StoreError
from hausmusik.temporary import temporary_folder

_TOLERANCE_LU: Final = 0.2
_MOST_PASSES: Final = 4
_GAIN_DIGITS: Final = 3  # the meter's last digits depend on how many threads numpy uses; the samples must not
_LEAST_YIELD: Final = 0.2  # loudness won per decibel of gain; a piece that yields less is all peaks and stays below

Progress: TypeAlias = Callable[[str, float], None]
"""Called with the phase (`mix`, `master`) and how many seconds of the piece it has done; may raise to stop."""


class MasterTarget(msgspec.Struct, frozen=True, kw_only=True):
    """What the finished piece shall measure.

    Args:
        loudness_lufs: Integrated loudness, -60 to 0.
        true_peak_dbtp: Ceiling, -20 to 0.
        max_gain_db: A quiet piece is not turned up by more, 0 to 60: what lies beneath it is noise.

    Raises:
        ValueError: one of them is out of range.
    """

    loudness_lufs: float = -16.0
    true_peak_dbtp: float = -1.0
    max_gain_db: float = 30.0

    def __post_init__(self) -> None:
        if not (-60 <= self.loudness_lufs <= 0 and -20 <= self.true_peak_dbtp <= 0 and 0 <= self.max_gain_db <= 60):
            raise ValueError(f"out of range: {self}")


class MasterReport(msgspec.Struct, frozen=True, kw_only=True):
    """What mastering did.

    Args:
        before: The pre-master as measured.
        after: The mastered piece as measured.
        gain_db: Gain that was applied to all of it.
        limiter_max_reduction_db: Most that the limiter turned down; 0: it was not needed.
        silence: Nothing in it was loud enough to be measured (-70 LUFS); it was left as it is.
        gain_capped: `max_gain_db` kept it below its target.
        passes: Passes over the pre-master, 1 to 4.
    """

    before: Loudness
    after: Loudness
    gain_db: float
    limiter_max_reduction_db: float
    silence: bool
    gain_capped: bool
    passes: int


def master(
    blocks: Iterable[MixBlock],
    output: Path,
    *,
    sample_rate_hz: int,
    channels: int = 2,
    target: MasterTarget | None = None,
    stems: Mapping[str, Path] | None = None,
    durable: bool = True,
    on_progress: Progress | None = None,
) -> MasterReport:
    """Mix down, measure, and write the mastered piece, with stems from the same pass.

    Args:
        blocks: From `mixing.iter_mix`.
        output: Where the mastered float wav shall appear; replaced when it exists. Its folder also holds the scratch
            file while this runs (as large as the output).
        sample_rate_hz: Of the blocks.
        channels: Of the blocks.
        target: What to aim at; None: -16 LUFS, -1 dBTP.
        stems: Where each layer's stem shall appear, at pre-master level; None or missing layers: not written.
        durable: Wait until the output and the stems are on the disk.
        on_progress: Told how far it is.

    Returns:
        The figures before and after.

    Raises:
        StoreError: the disk is full or a file cannot be written; nothing half-made is left.
        BadInput: a source holds NaN or infinite samples.
    """
    aim = target or MasterTarget()
    report: Progress = on_progress or _untold
    with _scratch_folder(output) as folder:
        scratch = folder / "premaster.wav"
        with (
            writing_stems(stems or {}, sample_rate_hz, channels, durable=durable) as writers,
            WavWriter.create(scratch, sample_rate_hz, channels, durable=False) as pre_master,
        ):
            meter = LoudnessMeter(sample_rate_hz, channels)
            for block in blocks:
                samples = block.pre_master()
                meter.push(samples)
                pre_master.write(samples)
                writers.write(block)
                report("mix", (block.start_frame + block.frames) / sample_rate_hz)
        return _master_file(scratch, output, meter.finish(), aim, durable=durable, report=report)


@contextlib.contextmanager
def _scratch_folder(output: Path) -> Generator[Path]:
    """A folder beside the output for what is thrown away."""
    try:
        folder, lock = temporary_folder(output)
    except OSError as error:
        raise StoreError(
            f"{output} cannot be written: {error.strerror}", hint="make room, or choose another place"
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _untold(phase: str, done_s: float) -> None:
    """Progress for nobody."""


def _master_file(
    source: Path, output: Path, before: Loudness, aim: MasterTarget, *, durable: bool, report: Progress
) -> MasterReport:
    """Find the gain by trying it: once where nothing is limited, with corrections where limiting costs loudness."""
    wanted = 0.0 if before.silent else aim.loudness_lufs - before.integrated_lufs
    gain_db = round(min(wanted, aim.max_gain_db), _GAIN_DIGITS)
    passes, yield_per_db, last_missing, last_gain_db = 0, 1.0, 0.0, 0.0
    while True:
        passes += 1
        after, reduction = _apply(source, output, gain_db, before, aim, durable=durable, report=report)
        missing = 0.0 if before.silent or after.silent else aim.loudness_lufs - after.integrated_lufs
        if passes > 1:  # what is limited anyway gains less than what is put in: the secant says how much
            yield_per_db = min(1.0, max(_LEAST_YIELD, (last_missing - missing) / (gain_db - last_gain_db)))
        corrected = round(min(gain_db + missing / yield_per_db, aim.max_gain_db), _GAIN_DIGITS)
        if passes == _MOST_PASSES or reduction == 0.0 or min(abs(missing), abs(corrected - gain_db)) <= _TOLERANCE_LU:
            break
        last_missing, last_gain_db, gain_db = missing, gain_db, corrected
    return MasterReport(
        before=before,
        after=after,
        gain_db=gain_db,
        limiter_max_reduction_db=reduction,
        silence=before.silent,
        gain_capped=wanted > aim.max_gain_db,
        passes=passes,
    )


def _apply(
    source: Path, output: Path, gain_db: float, before: Loudness, aim: MasterTarget, *, durable: bool, report: Progress
) -> tuple[Loudness, float]:
    """Write the output at one gain; return its loudness and the most the limiter turned down."""
    with WavReader.open(source) as reader:
        rate, channels, frames = reader.info.sample_rate_hz, reader.info.channels, reader.info.frames
        limiter = Limiter(rate, channels, aim.true_peak_dbtp)
        needed = before.true_peak_dbtp + gain_db > aim.true_peak_dbtp
        meter = LoudnessMeter(rate, channels)
        gain = np.float32(factor(gain_db))
        with WavWriter.create(output, rate, channels, durable=durable) as writer:
            for start in range(0, frames, rate):
                samples = reader.read(start, rate)
                samples *= gain
                if needed:
                    samples = limiter.push(samples)
                meter.push(samples)
                writer.write(samples)
                report("master", min(frames, start + rate) / rate)
            if needed:
                rest = limiter.finish()
                meter.push(rest)
                writer.write(rest)
    return meter.finish(), limiter.max_reduction_db
