"""Writes finished files and makes sure of them: encoded, decoded again, measured, hashed.

A lossy codec moves the peaks (0.3 dB and more), so a file is only finished when what one hears of it is under the
ceiling. Knows nothing of scores.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from hausmusik.atomic import write_whole
from hausmusik.audio.encode import encode
from hausmusik.audio.files import iter_audio
from hausmusik.audio.formats import FORMATS, AudioFormat
from hausmusik.audio.gain import factor
from hausmusik.audio.loudness import Loudness, LoudnessMeter
from hausmusik.audio.tags import Chapter, Tags
from hausmusik.audio.wav import WavReader
from hausmusik.errors import Cancelled, OutputError
from hausmusik.jobs.stop import Stop
from hausmusik.score.progress import OutputFile
from hausmusik.types import Audio

BLOCK_S: Final = 1.0
MAX_PEAK_TRIES: Final = 4
PEAK_MARGIN_DB: Final = 0.05


def encode_within(
    source: Path,
    path: Path,
    format: AudioFormat,  # noqa: A002 - the word users know
    *,
    ceiling_dbtp: float,
    tags: Tags | None,
    chapters: tuple[Chapter, ...],
    cover: bytes,
    stop: Stop,
) -> tuple[Path, Loudness | None]:
    """Encode, decode again and measure; a lossy file whose true peak came out too high is made again, quieter.

    Returns:
        The path, and what the file measures once decoded; None for lossless formats, which measure as their source.
    """
    gain_db = 0.0
    for _ in range(MAX_PEAK_TRIES):
        encode(scaled(source, gain_db, stop), path, format, tags=tags, chapters=chapters, cover=cover)
        if FORMATS[format].lossless:
            return path, None
        measured = _measured(path, stop)
        excess_db = measured.true_peak_dbtp - ceiling_dbtp
        if excess_db <= 0:
            return path, measured
        gain_db -= excess_db + PEAK_MARGIN_DB
    raise OutputError(f"{path.name} cannot be kept below {ceiling_dbtp:g} dBTP", hint="choose a lower true_peak_dbtp")


def output_file(path: Path, role: str, loudness: Loudness | None = None) -> OutputFile:
    """Describe a file that was just written."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return OutputFile(
        path=path,
        role=role,
        sha256=digest,
        size_bytes=path.stat().st_size,
        loudness_lufs=None if loudness is None or loudness.silent else round(loudness.integrated_lufs, 2),
        true_peak_dbtp=None if loudness is None else round(max(loudness.true_peak_dbtp, -144.0), 2),
    )


def write_text(path: Path, text: str) -> None:
    """Write a small text file whole or not at all; raises OutputError."""
    write_bytes(path, text.encode("utf-8", "replace"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a small file whole or not at all; raises OutputError."""
    try:
        write_whole(path, data)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror}", hint="make room, or choose another place"
        ) from error


def _measured(path: Path, stop: Stop) -> Loudness:
    meter: LoudnessMeter | None = None
    for block in iter_audio(path):
        look(stop)
        meter = meter or LoudnessMeter(block.sample_rate_hz, block.channels)
        meter.push(block.samples)
    if meter is None:
        raise OutputError(f"{path.name} came out empty", hint="try another format")
    return meter.finish()


def scaled(source: Path, gain_db: float, stop: Stop) -> Iterator[Audio]:
    """Yield a WAV of ours in blocks, at another level."""
    gain = np.float32(factor(gain_db))
    with WavReader.open(source) as reader:
        step = round(BLOCK_S * reader.info.sample_rate_hz)
        for start in range(0, reader.info.frames, step):
            look(stop)
            samples = reader.read(start, step)
            yield Audio(samples if gain_db == 0.0 else samples * gain, reader.info.sample_rate_hz)


def peak_db(path: Path) -> float:
    """Return the sample peak of a WAV of ours in dBFS."""
    peak = 1e-9
    with WavReader.open(path) as reader:
        step = round(10 * reader.info.sample_rate_hz)
        for start in range(0, reader.info.frames, step):
            peak = max(peak, float(np.abs(reader.read(start, step)).max(initial=0.0)))
    return 20 * float(np.log10(peak))


def look(stop: Stop) -> None:
    """Raise Cancelled when everything shall stop now; called between blocks."""
    if stop.level == "now":
        raise Cancelled("stopped; every finished take is kept", hint="run it again to go on")
