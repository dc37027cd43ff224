"""One run of libavcodec and libavformat: blocks in, a finished container out.

Bit-exact: no dates, no version strings, no random stream numbers, one thread. Knows nothing of paths; it writes into an
open file. Errors of that file (see `output_file`) come through PyAV unchanged.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO, Final, cast

import numpy as np

from hausmusik.audio.cover import Cover, picture_block
from hausmusik.audio.formats import Bits, FormatSpec, nearest_rate
from hausmusik.audio.output_file import OutputFile
from hausmusik.audio.quantise import Quantiser
from hausmusik.audio.resample import Resampler
from hausmusik.audio.tags import Chapter, Tags, container_chapters, container_tags
from hausmusik.errors import BadInput, OutputError
from hausmusik.types import Audio, FloatArray

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream

_LAYOUTS: Final = {1: "mono", 2: "stereo"}
_LONGEST_FRAME: Final = 1 << 16  # frames of at most 1.4 s at 48 kHz: keeps libavcodec's own buffers small


class ContainerWriter:
    """Encodes one stream of blocks into one file.

    Args:
        file: Empty, seekable.
        reopen: Gives what is written so far a second time, for reading: mp4 moves its index to the front that way.
        spec: The format.
        bits: Depth of lossless formats.

    Attributes (after `write`):
        rate_hz: Of the file.
        channels: Of the file.
        duration_s: Of the sound in it.
        sound_bytes: Size of the sound alone.
        clipped: Samples held at full scale.
    """

    def __init__(
        self, file: io.BytesIO | OutputFile, reopen: Callable[[], BinaryIO], spec: FormatSpec, bits: Bits
    ) -> None:
        self.rate_hz = 0
        self.channels = 0
        self.clipped = 0
        self.duration_s = 0.0
        self.sound_bytes = 0
        self._file = file
        self._reopen = reopen
        self._spec = spec
        self._quantiser = Quantiser(bits) if spec.lossless else None
        self._bits = bits
        self._frames_sent = 0

    def write(self, blocks: Iterable[Audio], tags: Tags, chapters: Sequence[Chapter], cover: Cover | None) -> None:
        """Encode everything and finish the file."""
        checked = _checked(blocks)
        first = next(checked, None)
        if first is None:
            raise BadInput("there is no audio to write", hint="a finished file needs at least one sample")
        self.channels = first.channels
        self.rate_hz = nearest_rate(first.sample_rate_hz, self._spec.rates_hz)
        container = self._open()
        try:
            stream = self._add_audio(container)
            picture = _add_picture(container, cover) if cover and self._spec.cover == "picture" else None
            _label(container, self._spec, tags, chapters, cover)
            container.start_encoding()
            if picture is not None and cover is not None:
                container.mux(_picture_packet(picture, cover))
            for samples in _at_rate(chain([first], checked), first.sample_rate_hz, self.rate_hz, self.channels):
                self._send(container, stream, samples)
            self._encode(container, stream, None)
            container.close()
        except BaseException:
            self._abandon(container)
            raise
        self.duration_s = self._frames_sent / self.rate_hz
        if self._quantiser is not None:
            self.clipped = self._quantiser.clipped

    def _abandon(self, container: OutputContainer) -> None:
        """Close a container whose file nobody wants; left open, PyAV would close it at some garbage collection."""
        from av.error import FFmpegError  # noqa: PLC0415

        if isinstance(self._file, OutputFile):
            self._file.give_up()
        with contextlib.suppress(FFmpegError, OutputError):
            container.close()

    def _open(self) -> OutputContainer:
        import av  # noqa: PLC0415  # 0.1 s, and only those who write files need it

        spec = self._spec
        return av.open(
            self._file,
            "w",
            format=spec.container,
            options={"fflags": "+bitexact", **dict(spec.container_options)},
            buffer_size=1 << 18,
            io_open=lambda *_: self._reopen(),
        )

    def _add_audio(self, container: OutputContainer) -> AudioStream:
        from av.codec.codec import UnknownCodecError  # noqa: PLC0415
        from av.codec.context import Flags  # noqa: PLC0415

        spec = self._spec
        codec = "pcm_s16le" if spec.codec == "pcm_s24le" and self._bits == 16 else spec.codec
        try:
            stream = cast("AudioStream", container.add_stream(codec, rate=self.rate_hz))
        except UnknownCodecError as error:
            raise OutputError(
                f"this build of FFmpeg cannot write {spec.suffixes[0]} files (no {codec})",
                hint="install the `av` wheel from PyPI, which has every encoder, or choose flac or wav",
            ) from error
        stream.options.update(spec.codec_options)
        context = stream.codec_context
        context.format = self._sample_format
        context.layout = _LAYOUTS[self.channels]
        context.time_base = Fraction(1, self.rate_hz)
        context.thread_count = 1
        context.flags |= Flags.bitexact.value
        if spec.bitrate_per_channel_bps:
            context.bit_rate = spec.bitrate_per_channel_bps * self.channels
        return stream

    @property
    def _sample_format(self) -> str:
        if self._quantiser is None:
            return self._spec.sample_format
        return "s16" if self._bits == 16 else "s32"

    def _send(self, container: OutputContainer, stream: AudioStream, samples: FloatArray) -> None:
        """Encode one block, `(channels, frames)`."""
        for start in range(0, samples.shape[1], _LONGEST_FRAME):
            part = samples[:, start : start + _LONGEST_FRAME]
            self._encode(container, stream, self._frame(part))
            self._frames_sent += part.shape[1]

    def _encode(self, container: OutputContainer, stream: AudioStream, frame: AudioFrame | None) -> None:
        """Encode one frame, or with None what the encoder still holds back."""
        for packet in cast("list[Packet[AudioStream]]", stream.encode(frame)):
            self.sound_bytes += packet.size
            container.mux(packet)

    def _frame(self, samples: FloatArray) -> AudioFrame:
        from av import AudioFrame  # noqa: PLC0415

        if self._quantiser is not None:
            values = self._quantiser.quantise(samples)
        elif self._spec.sample_format == "fltp":
            values = np.ascontiguousarray(samples)
        else:
            values = np.ascontiguousarray(samples.T).reshape(1, -1)
        frame = AudioFrame.from_ndarray(values, format=self._sample_format, layout=_LAYOUTS[self.channels])
        frame.sample_rate = self.rate_hz
        frame.time_base = Fraction(1, self.rate_hz)
        frame.pts = self._frames_sent
        return frame


def _add_picture(container: OutputContainer, cover: Cover) -> VideoStream:
    """Add the stream that holds the cover; its one packet is the picture file itself, nothing is encoded."""
    from av.stream import Disposition  # noqa: PLC0415

    stream = cast("VideoStream", container.add_stream(cover.codec, rate=1))
    stream.width, stream.height = cover.width, cover.height
    stream.pix_fmt = "rgb24" if cover.codec == "png" else "yuvj420p"
    stream.disposition = Disposition.attached_pic.value  # pyright: ignore[reportAttributeAccessIssue]  # PyAV 16: int
    stream.metadata.update({"title": "Cover", "comment": "Cover (front)"})
    return stream


def _picture_packet(stream: VideoStream, cover: Cover) -> Packet[Stream]:
    from av import Packet  # noqa: PLC0415

    packet = Packet(cover.data)
    packet.stream = stream
    packet.pts = packet.dts = 0
    packet.is_keyframe = True
    return packet


def _label(
    container: OutputContainer, spec: FormatSpec, tags: Tags, chapters: Sequence[Chapter], cover: Cover | None
) -> None:
    metadata = container_tags(spec, tags, chapters)
    if cover is not None and spec.cover == "comment":
        metadata["METADATA_BLOCK_PICTURE"] = picture_block(cover)
    container.metadata.update(metadata)
    marks = container_chapters(spec, chapters)
    if marks:
        container.set_chapters(marks)


def _checked(blocks: Iterable[Audio]) -> Iterator[Audio]:
    """Pass on the blocks that hold something, all of one kind and all of them numbers."""
    first: Audio | None = None
    position_s = 0.0
    for block in blocks:
        first = first or block
        if (block.channels, block.sample_rate_hz) != (first.channels, first.sample_rate_hz):
            raise ValueError("blocks differ in sample rate or channels")
        if block.channels not in _LAYOUTS:
            raise BadInput(f"{block.channels} channels cannot be written", hint="mix down to mono or stereo first")
        if not np.isfinite(block.samples).all():
            raise BadInput(f"the audio has samples that are not numbers in the block at {position_s:.1f} s")
        position_s += block.duration_s
        if block.frames:
            yield block


def _at_rate(blocks: Iterable[Audio], from_hz: int, to_hz: int, channels: int) -> Iterator[FloatArray]:
    resampler = Resampler(from_hz, to_hz, channels)
    for block in blocks:
        yield resampler.push(block.samples)
    yield resampler.finish()
