"""A stream of float32 blocks becomes a finished file: wav, flac, mp3, opus or m4a.

The same blocks and labels give the same bytes, however the signal is cut into blocks, and memory is flat in the length
of the piece. The decoded length is the input's, and the start is aligned to the sample: encoder delay and padding are
written into each container (LAME tag, Opus pre-skip and end granule, edit list). Knows nothing of loudness; the caller
decodes and measures what came out.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from hausmusik.audio.container_writer import ContainerWriter
from hausmusik.audio.cover import read_cover
from hausmusik.audio.formats import FORMATS, AudioFormat, Bits
from hausmusik.audio.output_file import output_file
from hausmusik.audio.tags import Chapter, Tags
from hausmusik.types import Audio


class EncodedInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What was written.

    Args:
        path: The finished file.
        format: As asked.
        size_bytes: Of the whole file, tags and cover included.
        bitrate_bps: Mean, of the sound alone, without tags and cover.
        seconds_taken: Wall time, waiting for the blocks included.
        duration_s: Of the audio that went in.
        sample_rate_hz: Of the file; differs from the input's where the codec does not know that one.
        channels: 1 or 2.
        clipped_samples: Beyond full scale and held at it; always 0 for lossy formats, which take floats.
    """

    path: Path
    format: AudioFormat
    size_bytes: int
    bitrate_bps: int
    seconds_taken: float
    duration_s: float
    sample_rate_hz: int
    channels: int
    clipped_samples: int = 0


def encode(
    blocks: Iterable[Audio],
    path: str | Path,
    format: AudioFormat,  # noqa: A002  # the word users know, and what EncodedInfo calls it
    *,
    tags: Tags | None = None,
    chapters: Sequence[Chapter] = (),
    cover: bytes = b"",
    bits: Bits = 24,
) -> EncodedInfo:
    """Write a stream of blocks as a finished file; the file appears whole or not at all.

    Args:
        blocks: Mono or stereo, all of one rate and channel count, any lengths; consumed once. What it raises passes
            through and leaves no file.
        path: The file; replaced when it exists.
        format: See `hausmusik.audio.formats`.
        tags: Title, artist …
        chapters: In order; wav has no room for them and goes without.
        cover: A PNG or JPEG file's bytes; wav goes without.
        bits: Depth of wav and flac: 24 without, 16 with dither; the others take floats.

    Raises:
        BadInput: no audio at all, more than two channels, samples that are not numbers, or a broken cover.
        OutputError: it cannot be written there, or this build of FFmpeg has no such encoder.
    """
    started = time.perf_counter()
    target = Path(path)
    with output_file(target) as file:
        writer = ContainerWriter(file, file.reopen, FORMATS[format], bits)
        writer.write(blocks, tags or Tags(), chapters, read_cover(cover) if cover else None)
        size_bytes = file.seek(0, io.SEEK_END)
    return EncodedInfo(
        path=target,
        format=format,
        size_bytes=size_bytes,
        bitrate_bps=round(writer.sound_bytes * 8 / writer.duration_s),
        seconds_taken=time.perf_counter() - started,
        duration_s=writer.duration_s,
        sample_rate_hz=writer.rate_hz,
        channels=writer.channels,
        clipped_samples=writer.clipped,
    )


def encode_bytes(
    blocks: Iterable[Audio],
    format: AudioFormat,  # noqa: A002
    *,
    tags: Tags | None = None,
    bits: Bits = 16,
) -> bytes:
    """Return a finished file's bytes, for standard output and for HTTP; short audio only, since it is all in memory.

    Raises:
        BadInput: as `encode`.
        OutputError: this build of FFmpeg has no such encoder.
    """
    buffer = io.BytesIO()
    writer = ContainerWriter(buffer, lambda: io.BytesIO(buffer.getvalue()), FORMATS[format], bits)
    writer.write(blocks, tags or Tags(), (), None)
    return buffer.getvalue()
