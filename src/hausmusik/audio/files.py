"""Sound files of any common kind, in: looked at, streamed, read whole, imported; and simple ones out.

Reading goes through FFmpeg's libraries and touches nothing but the one local file (see `opening`); a file that is
damaged or cut short is an error that says at which second (see `decoding`). Memory is flat in a file's length,
except for `decode`. Knows nothing of loudness, mixing or scores.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from hausmusik.audio.decoding import Decoder
from hausmusik.audio.encode import EncodedInfo, encode
from hausmusik.audio.formats import AudioFormat, Bits, format_of
from hausmusik.audio.opening import OpenSound, open_sound
from hausmusik.audio.promised import exact_duration_s
from hausmusik.audio.tags import Tags
from hausmusik.audio.wav import WavInfo, WavWriter, wav_info
from hausmusik.errors import BadInput, UsageError
from hausmusik.types import Audio, FloatArray, concatenate

DECODE_LIMIT_S: Final = 1_800.0
"""Longest file that `decode` reads whole unless told otherwise: 30 minutes of 48 kHz stereo are 690 MB."""


class AudioInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a sound file is.

    Args:
        codec: libavcodec's name: `pcm_s16le`, `mp3`, `flac`, `opus`, `aac` …
        duration_s: From the header where it counts samples, else from counting all packets; exact to a codec frame.
        sample_rate_hz: Of the sound in it.
        channels: Of the sound in it; more than 2 become 2 when it is read.
        size_bytes: Of the file.
    """

    codec: str
    duration_s: float
    sample_rate_hz: int
    channels: int
    size_bytes: int


def probe(path: str | Path) -> AudioInfo:
    """Look at a file without decoding it.

    Raises:
        NotFoundError: there is no such file.
        BadInput: it is not a sound file that can be read; damage further on is found only by reading.
    """
    with open_sound(path) as sound:
        context = sound.stream.codec_context
        duration_s = exact_duration_s(sound)
        return AudioInfo(
            codec=context.codec.canonical_name,
            duration_s=_counted_duration_s(sound) if duration_s is None else duration_s,
            sample_rate_hz=context.sample_rate,
            channels=context.channels,
            size_bytes=sound.size_bytes,
        )


def iter_audio(
    path: str | Path, *, start_s: float = 0.0, duration_s: float | None = None, block_s: float = 1.0
) -> Iterator[Audio]:
    """Decode a file in blocks, at its own rate, mono or stereo (more channels are mixed down, see `downmix`).

    The start is exact to the sample, but for containers that count in milliseconds (Matroska, ASF), where a start
    after 10 s is exact to one of those.

    Args:
        path: A local file.
        start_s: Where to begin, 0 or above.
        duration_s: How much to read; None: to the end. A file that ends sooner gives less.
        block_s: Length of the blocks; only the last one is shorter.

    Yields:
        Blocks that belong to the caller.

    Raises:
        UsageError: a negative start or a length that is not positive; raised at once, the others while iterating.
        NotFoundError: there is no such file.
        BadInput: it cannot be read, breaks at some second, or ends before `start_s`.
    """
    if not (0 <= start_s < math.inf) or (duration_s is not None and not duration_s > 0) or not 0 < block_s <= 60:
        raise UsageError(f"cannot read {duration_s} s from {start_s} s on in blocks of {block_s} s")
    return _blocks(Path(path), start_s, duration_s, block_s)


def decode(path: str | Path, *, max_duration_s: float = DECODE_LIMIT_S) -> Audio:
    """Read a whole file into memory; errors as `iter_audio`, and BadInput where it is longer than allowed."""
    parts: list[Audio] = []
    read_s = 0.0
    for block in iter_audio(path):
        parts.append(block)
        read_s += block.duration_s
        if read_s > max_duration_s:
            raise BadInput(
                f"{path} is longer than {max_duration_s:.0f} s", hint="cut it, or name a start and a length to use"
            )
    return concatenate(parts)


def import_wav(
    path: str | Path,
    out_path: Path,
    *,
    start_s: float = 0.0,
    duration_s: float | None = None,
    on_block: Callable[[float], None] = lambda _done_s: None,
) -> WavInfo:
    """Convert a stretch of any file into our own form, 32-bit float wav (see `wav`), at its own rate, mono or stereo.

    Args:
        path: A local file.
        out_path: Appears when the whole stretch was read; on any error there is nothing.
        start_s: Where to begin.
        duration_s: How much to read at most; None: to the end.
        on_block: Told after each second how many are done; what it raises ends the import.

    Raises:
        UsageError, NotFoundError, BadInput: as `iter_audio`.
        StoreError: `out_path` cannot be written.
    """
    blocks = iter_audio(path, start_s=start_s, duration_s=duration_s)
    first = next(blocks)
    done_s = 0.0
    with WavWriter.create(out_path, first.sample_rate_hz, first.channels) as writer:
        for block in chain([first], blocks):
            writer.write(block.samples)
            done_s += block.duration_s
            on_block(done_s)
    return wav_info(out_path)


def write_audio(
    path: str | Path,
    audio: Audio,
    format: AudioFormat | None = None,  # noqa: A002  # as in `encode`
    *,
    tags: Tags | None = None,
    bits: Bits = 16,
) -> EncodedInfo:
    """Write one sound as a file of its own, e.g. what `haus speak -o line.wav` made.

    Args:
        path: Replaced when it exists.
        audio: Mono or stereo.
        format: None: by the ending of `path`.
        tags: Title, artist …
        bits: Of wav and flac. 16 (with dither) is what every program reads, and more than one voice or clip needs;
            pieces go through `encode`, with 24.

    Raises:
        UsageError: the ending names no format.
        BadInput, OutputError: as `encode`.
    """
    return encode([audio], path, format or format_of(path), tags=tags, bits=bits)


def _counted_duration_s(sound: OpenSound) -> float:
    """Look at all packets' times; no decoding, but it reads the file."""
    first, end, total = math.inf, -math.inf, 0
    for packet in sound.container.demux(sound.stream):
        length = packet.duration or 0
        total += length
        if packet.pts is not None:
            first, end = min(first, packet.pts), max(end, packet.pts + length)
    ticks = max(total, end - first) if first < end else total
    return float(ticks * sound.stream.time_base) if sound.stream.time_base else 0.0


def _blocks(path: Path, start_s: float, duration_s: float | None, block_s: float) -> Iterator[Audio]:
    for from_beginning in (False, True):
        with open_sound(path) as sound:
            decoder = Decoder(sound)
            start_frame = round(start_s * decoder.rate_hz)
            if not from_beginning and not decoder.run_up(start_frame):
                continue
            frames = None if duration_s is None else max(1, round(duration_s * decoder.rate_hz))
            per_block = max(1, round(block_s * decoder.rate_hz))
            empty = True
            for samples in _regrouped(decoder.pieces(start_frame), frames, per_block):
                if not np.isfinite(samples).all():
                    raise BadInput(f"{path} holds samples that are no numbers", hint="export it again")
                empty = False
                yield Audio(samples, decoder.rate_hz)
            if empty:
                raise BadInput(f"{path} ends before {start_s:g} s", hint="choose an earlier start")
            return


def _regrouped(pieces: Iterator[FloatArray], frames: int | None, per_block: int) -> Iterator[FloatArray]:
    """Cut a stream of pieces into blocks of `per_block` frames, `frames` in all."""
    left = math.inf if frames is None else frames
    waiting: list[FloatArray] = []
    have = 0
    for piece in pieces:
        waiting.append(piece)
        have += piece.shape[1]
        while have >= min(per_block, left) and left > 0:
            joined = np.concatenate(waiting, axis=1)
            size = int(min(per_block, left))
            yield np.ascontiguousarray(joined[:, :size])
            left -= size
            waiting, have = [joined[:, size:]], have - size
        if left <= 0:
            return
    if have:
        yield np.concatenate(waiting, axis=1)
