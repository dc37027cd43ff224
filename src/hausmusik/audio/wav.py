"""Our own form of takes and stems on disk: WAVE files of 32-bit floats, written in a stream and read anywhere.

Below 4 GiB the file is RIFF/WAVE; above, the reserved `JUNK` chunk becomes `ds64` and the file is RF64, so a long stem
(3 h 6 min fill 4 GiB) is one file that every editor opens. Files are read with plain `read` calls, not memory-mapped:
mapped pages count as this process's memory until the kernel takes them back, and a long stem would look like gigabytes.

Foreign formats (16-bit wav, mp3 …) are `audio.files`; this module refuses them. It knows nothing of layers or loudness.

Sources: Microsoft RIFF/WAVE (1991, 1994), EBU Tech 3306 (RF64).
"""

from __future__ import annotations

import os
import struct
from io import BufferedReader, BufferedWriter
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec
import numpy as np

from hausmusik.errors import BadInput, HausmusikError, NotFoundError, StoreError
from hausmusik.temporary import temporary_file
from hausmusik.types import Audio, FloatArray

_FLOAT: Final = 3
_EXTENSIBLE: Final = 0xFFFE
_FLOAT_GUID: Final = struct.pack("<IHH", _FLOAT, 0, 0x0010) + bytes.fromhex("800000AA00389B71")
_RIFF_LIMIT_BYTES: Final = 0xFFFF_FFFF - 8
_HEADER_BYTES: Final = 12 + 36 + 26 + 12 + 8  # RIFF/WAVE, room for ds64, fmt, fact, the head of data
_MOST_CHUNKS_BEFORE_DATA: Final = 64


class WavInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What the header of one of our files says.

    Args:
        sample_rate_hz: 1,000 to 384,000.
        channels: 1 to 8.
        frames: Samples per channel.
        data_at: Byte position of the first sample.
    """

    sample_rate_hz: int
    channels: int
    frames: int
    data_at: int

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frames / self.sample_rate_hz


class WavReader:
    """Random access to one of our files; use it in a `with` block. Not thread-safe."""

    def __init__(self, path: Path, info: WavInfo, file: BufferedReader) -> None:
        self.path = path
        self.info = info
        self._file = file

    @classmethod
    def open(cls, path: Path) -> WavReader:
        """Open a file and check its header.

        Raises:
            NotFoundError: there is no such file.
            BadInput: it is not a WAVE file of 32-bit floats.
            StoreError: it is cut short or damaged, or cannot be read.
        """
        try:
            file = path.open("rb")
        except FileNotFoundError as error:
            raise NotFoundError(f"there is no audio file {path}") from error
        except OSError as error:
            raise StoreError(f"{path} cannot be read: {error.strerror or error}") from error
        try:
            return cls(path, _parse(file, path), file)
        except OSError as error:
            file.close()
            raise StoreError(f"{path} cannot be read: {error.strerror or error}") from error
        except BaseException:
            file.close()
            raise

    def read(self, start_frame: int, frames: int) -> FloatArray:
        """Return a stretch of samples.

        Args:
            start_frame: First frame, 0 or above.
            frames: How many; what lies beyond the end is left out, so the result may be shorter or empty.

        Returns:
            float32, shape `(channels, up to frames)`, contiguous, owned by the caller.

        Raises:
            StoreError: the file became shorter since it was opened, or cannot be read.
        """
        if start_frame < 0 or frames < 0:
            raise ValueError(f"cannot read {frames} frames from frame {start_frame}")
        count = max(0, min(frames, self.info.frames - start_frame))
        channels = self.info.channels
        interleaved = np.empty((count, channels), dtype="<f4")
        try:
            self._file.seek(self.info.data_at + start_frame * channels * 4)
            got = self._file.readinto(interleaved.data.cast("B")) if count else 0
        except OSError as error:
            raise StoreError(f"{self.path} cannot be read: {error.strerror or error}") from error
        if got != interleaved.nbytes:
            raise StoreError(f"{self.path} was cut short while it was being read")
        return np.ascontiguousarray(interleaved.T, dtype=np.float32)

    def close(self) -> None:
        """Give the file back; safe to call twice."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class WavWriter:
    """Writes one of our files in a stream; it appears under its name only when `close` has succeeded.

    Use it in a `with` block: leaving by an exception removes what was written. Not thread-safe.
    """

    def __init__(self, path: Path, info: WavInfo, part: Path, file: BufferedWriter, *, durable: bool) -> None:
        self.path = path
        self.sample_rate_hz = info.sample_rate_hz
        self.channels = info.channels
        self.frames = 0
        self._part = part
        self._file = file
        self._durable = durable
        self._rf64_above_bytes = _RIFF_LIMIT_BYTES

    @classmethod
    def create(cls, path: Path, sample_rate_hz: int, channels: int, *, durable: bool = True) -> WavWriter:
        """Begin a file.

        Args:
            path: Where it shall appear; its folder must exist.
            sample_rate_hz: 1,000 to 384,000.
            channels: 1 to 8.
            durable: Wait at the end until the bytes are on the disk; False for scratch files that a crash may lose.

        Raises:
            StoreError: the folder does not exist or cannot be written.
        """
        if not 1 <= channels <= 8 or not 1_000 <= sample_rate_hz <= 384_000:
            raise ValueError(f"{channels} channels at {sample_rate_hz} Hz cannot be written")
        try:
            part, descriptor = temporary_file(path)
            file = os.fdopen(descriptor, "wb")
        except OSError as error:
            raise _unwritable(path, error) from error
        info = WavInfo(sample_rate_hz=sample_rate_hz, channels=channels, frames=0, data_at=_HEADER_BYTES)
        writer = cls(path, info, part, file, durable=durable)
        try:
            file.write(bytes(_HEADER_BYTES))
        except OSError as error:
            writer.abort()
            raise _unwritable(path, error) from error
        return writer

    def write(self, samples: FloatArray) -> None:
        """Append samples.

        Args:
            samples: float32, shape `(channels, any number)`, finite.

        Raises:
            BadInput: there is a NaN or an infinity among them.
            StoreError: the disk is full or the file cannot be written.
        """
        if samples.ndim != 2 or samples.shape[0] != self.channels or samples.dtype != np.float32:
            raise ValueError(f"expected float32 of shape ({self.channels}, n), not {samples.dtype} {samples.shape}")
        if not np.isfinite(samples).all():
            raise BadInput(f"{self.path.name}: the sound holds samples that are no numbers (NaN or infinite)")
        try:
            self._file.write(np.ascontiguousarray(samples.T, dtype="<f4").data)
        except OSError as error:
            raise _unwritable(self.path, error) from error
        self.frames += samples.shape[1]

    def close(self) -> None:
        """Patch the header and put the file in its place; a file of that name is replaced.

        Raises:
            StoreError: the disk is full or the file cannot be written; nothing is left behind.
        """
        if self._file.closed:
            return
        try:
            self._file.seek(0)
            self._file.write(_header(self.sample_rate_hz, self.channels, self.frames, self._rf64_above_bytes))
            self._file.flush()
            if self._durable:
                os.fsync(self._file.fileno())
            self._part.replace(self.path)  # while it is open, and so locked
            self._file.close()
        except OSError as error:
            self.abort()
            raise _unwritable(self.path, error) from error

    def abort(self) -> None:
        """Remove what was written; safe to call twice and after `close`."""
        self._part.unlink(missing_ok=True)
        try:
            self._file.close()
        except OSError:
            self._file.raw.close()  # a full disk also fails the flush of `close`; the bytes are unwanted anyway

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()


def read_wav(path: Path) -> Audio:
    """Return a whole file of ours; errors as `WavReader.open`."""
    with WavReader.open(path) as reader:
        return Audio(reader.read(0, reader.info.frames), reader.info.sample_rate_hz)


def write_wav(path: Path, audio: Audio, *, durable: bool = True) -> None:
    """Write a whole file of ours in one go; errors as `WavWriter`."""
    with WavWriter.create(path, audio.sample_rate_hz, audio.channels, durable=durable) as writer:
        writer.write(audio.samples)


def wav_info(path: Path) -> WavInfo:
    """Return what the header of a file of ours says; errors as `WavReader.open`."""
    with WavReader.open(path) as reader:
        return reader.info


def _unwritable(path: Path, error: OSError) -> HausmusikError:
    hint = "free some space and run the same command again; finished takes are kept" if error.errno == 28 else ""
    return StoreError(f"{path} cannot be written: {error.strerror or error}", hint=hint)


def _header(sample_rate_hz: int, channels: int, frames: int, rf64_above_bytes: int) -> bytes:
    """Return the first `_HEADER_BYTES` bytes of a file with so many frames."""
    data_bytes = frames * channels * 4
    riff_bytes = _HEADER_BYTES - 8 + data_bytes
    large = riff_bytes > rf64_above_bytes
    short = 0xFFFF_FFFF
    reserve = struct.pack("<4sIQQQI", b"ds64", 28, riff_bytes, data_bytes, frames, 0)
    if not large:
        reserve = struct.pack("<4sI28x", b"JUNK", 28)
    return b"".join(
        (
            struct.pack("<4sI4s", b"RF64" if large else b"RIFF", short if large else riff_bytes, b"WAVE"),
            reserve,
            struct.pack(
                "<4sIHHIIHHH",
                *(b"fmt ", 18, _FLOAT, channels, sample_rate_hz, sample_rate_hz * channels * 4, channels * 4, 32, 0),
            ),
            struct.pack("<4sII", b"fact", 4, short if large else frames),
            struct.pack("<4sI", b"data", short if large else data_bytes),
        )
    )


def _parse(file: BufferedReader, path: Path) -> WavInfo:
    kind, _, form = struct.unpack("<4sI4s", file.read(12).ljust(12, b"\0"))
    if kind not in {b"RIFF", b"RF64"} or form != b"WAVE":
        raise BadInput(f"{path} is not a WAVE file", hint="bring it in with hausmusik.audio.files first")
    layout: tuple[int, int] | None = None
    long_data_bytes = 0
    for _ in range(_MOST_CHUNKS_BEFORE_DATA):
        head = file.read(8)
        if len(head) < 8:
            break
        name, size = struct.unpack("<4sI", head)
        if name == b"data":
            return _locate(file, path, layout, long_data_bytes if size == 0xFFFF_FFFF else size)
        body = file.read(min(size, 64))
        if name == b"fmt ":
            layout = _layout(body, path)
        elif name == b"ds64" and len(body) >= 24:
            long_data_bytes = struct.unpack("<Q", body[8:16])[0]
        file.seek(size - len(body) + size % 2, os.SEEK_CUR)
    raise StoreError(f"{path} is damaged: its header names no sound data")


def _layout(body: bytes, path: Path) -> tuple[int, int]:
    """Return (rate, channels) of a `fmt ` chunk."""
    if len(body) < 16:
        raise StoreError(f"{path} is damaged: its format chunk is too short")
    coding, channels, rate, _, frame_bytes, bits = struct.unpack("<HHIIHH", body[:16])
    if coding == _EXTENSIBLE and body[24:40] == _FLOAT_GUID:
        coding = _FLOAT
    if coding != _FLOAT or bits != 32:
        raise BadInput(
            f"{path} holds {bits}-bit samples of coding {coding}, not 32-bit floats",
            hint="bring it in with hausmusik.audio.files first",
        )
    if not 1 <= channels <= 8 or not 1_000 <= rate <= 384_000 or frame_bytes != channels * 4:
        raise BadInput(f"{path} has an unusable format: {channels} channels, {rate} Hz, {frame_bytes} bytes a frame")
    return rate, channels


def _locate(file: BufferedReader, path: Path, layout: tuple[int, int] | None, data_bytes: int) -> WavInfo:
    if layout is None:
        raise StoreError(f"{path} is damaged: its header says no format before the sound data")
    rate, channels = layout
    data_at = file.tell()
    there = os.fstat(file.fileno()).st_size - data_at
    if data_bytes > there or data_bytes % (channels * 4):
        raise StoreError(
            f"{path} is cut short: {data_bytes} bytes of sound announced, {there} there",
            hint="delete it; it will be made again",
        )
    return WavInfo(sample_rate_hz=rate, channels=channels, frames=data_bytes // (channels * 4), data_at=data_at)
