"""Decodes one open sound file from a position on, in order and without holes, or says at which second it breaks.

FFmpeg forgives a lot: it skips damaged packets, goes on after a hole and takes an early end for the end. A piece built
on such a file would be silently out of time, so here every one of them is an error, with its position. Two things are
still forgiven: damage before the first sound (a cut stream begins inside a frame) and up to 16 KiB of something else
after the last (old tags).

Films may leave their sound out for a while; there a hole is silence, as players have it.

Knows nothing of opening files.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Final

import numpy as np

from hausmusik.audio.downmix import stereo_matrix
from hausmusik.audio.opening import OpenSound
from hausmusik.audio.promised import exact_duration_s, promised_duration_s
from hausmusik.errors import BadInput
from hausmusik.types import FloatArray

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame

_HOLE_S: Final = 0.05  # a lost packet is 10 ms or more, and sound-only containers count in samples or nearly so
_FILM_HOLE_S: Final = 0.25  # films' clocks and sound cards drift apart by some 10 ms an hour
_LONGEST_SILENCE_S: Final = 600.0
_SHORT_S: Final = 0.25  # a promised length may be rounded, or count the padding of the last frame …
_SHORT_LOSSLESS_S: Final = 0.02  # … but a lossless file's is exact, and its last frame may be 0.1 s long
_LOSSLESS: Final = frozenset({"flac", "tta", "ape", "aiff"})
_FAR_S: Final = 10.0  # nearer starts are decoded up to: cheaper than a search, and exact for every codec
_RUN_UP_S: Final = 1.0  # decoded before the start and thrown away, until overlapping codecs have settled
_TRAILING_JUNK_BYTES: Final = 16 << 10
_LONGEST_PADDING: Final = 8192  # frames beyond the promised length that are an encoder's padding; more is sound
_SOUND_ONLY: Final = frozenset({"wav", "w64", "flac", "mp3", "ogg", "aac", "aiff", "au", "tta", "ape", "wv"})
# These tell the time from the byte position; with compressed codings (ADPCM) it is off by seconds after a seek.
_BYTE_CLOCKS: Final = frozenset({"wav", "w64", "aiff", "au", "voc"})
_DTYPE_OFFSET_SCALE: Final = {
    "u8": (128.0, 1 / 128),
    "s16": (0.0, 1 / 32_768),
    "s32": (0.0, 1 / 2_147_483_648),
    "s64": (0.0, 1 / 9_223_372_036_854_775_808),
    "flt": (0.0, 1.0),
    "dbl": (0.0, 1.0),
}


class Decoder:
    """One pass over an open file.

    Args:
        sound: Not used by anyone else meanwhile.

    Attributes:
        rate_hz: Of what comes out, the file's own.
        channels: Of what comes out: 1 or 2.
    """

    def __init__(self, sound: OpenSound) -> None:
        context = sound.stream.codec_context
        self.rate_hz = context.sample_rate
        self.channels = min(2, context.channels)
        self._sound = sound
        self._source_channels = context.channels
        self._names = [channel.name for channel in context.layout.channels]
        self._origin_s: float | None = None  # time stamp of the file's first frame
        self._position = 0  # in frames, from the beginning of the sound: the end of what was decoded
        self._sought = False  # the next frame's time stamp says where we are
        self._ahead: list[FloatArray] = []
        self._bad_bytes = 0  # could not be decoded, since the last frame that could
        self._stop = self._promised_end()

    def run_up(self, start_frame: int) -> bool:
        """Go near a far start instead of decoding everything before it; call once, before `pieces`.

        Returns:
            False where the container cannot find the place; open the file again and decode from its beginning.
        """
        if start_frame <= _FAR_S * self.rate_hz:
            return True
        from av.error import FFmpegError  # noqa: PLC0415

        stream = self._sound.stream
        if self._sound.format in _BYTE_CLOCKS and not stream.codec_context.name.startswith("pcm_"):
            return False
        first = next(self._decoded(), None)
        if first is None or self._origin_s is None or stream.time_base is None:
            return False
        target_s = self._origin_s + start_frame / self.rate_hz - _RUN_UP_S
        try:
            self._sound.container.seek(int(target_s / stream.time_base), stream=stream)
        except FFmpegError:
            return False
        self._sought = True
        ahead = next(self._decoded(), None)
        if ahead is None or self._sought or self._position - ahead.shape[1] > start_frame:
            return False
        self._ahead = [ahead]
        return True

    def pieces(self, start_frame: int) -> Iterator[FloatArray]:
        """Yield contiguous float32 pieces, `(channels, any)`, the first one beginning at `start_frame`.

        Raises:
            BadInput: nothing can be decoded, or the file breaks on the way.
        """
        begin = self._position - sum(piece.shape[1] for piece in self._ahead)
        for piece in chain(self._ahead, self._decoded()):
            skip = max(0, start_frame - begin)
            begin += piece.shape[1]
            if skip < piece.shape[1]:
                yield piece[:, skip:]

    def _decoded(self) -> Iterator[FloatArray]:
        """Decode from where the container stands to the end, without the encoder's padding."""
        held: list[FloatArray] = []  # beyond the promised end: padding, unless it goes on
        for frame in self._frames():
            for piece in (*self._missing_before(frame), self._samples(frame)):
                inside = self._inside(piece.shape[1])
                self._position += piece.shape[1]
                if inside < piece.shape[1]:
                    held.append(piece[:, inside:])
                if inside:
                    yield piece[:, :inside]
            if sum(piece.shape[1] for piece in held) > _LONGEST_PADDING:
                self._stop = None
                yield from held
                held.clear()
        self._check_end()

    def _frames(self) -> Iterator[AudioFrame]:
        """Decode packet by packet; damage before the first and after the last good frame is passed over."""
        from av.error import FFmpegError  # noqa: PLC0415

        packets = self._sound.container.demux(self._sound.stream)
        while True:
            try:
                packet = next(packets, None)
            except FFmpegError as error:
                raise self._broken("cannot be read on") from error
            except OSError as error:
                raise self._broken(f"cannot be read on ({error.strerror or error})") from error
            if packet is None:
                return
            try:
                frames = packet.decode()
            except FFmpegError:
                self._bad_bytes += packet.size
                continue
            for frame in frames:
                if self._bad_bytes and self._position and not self._sought:
                    raise self._broken("is damaged")
                self._bad_bytes = 0
                yield frame

    def _missing_before(self, frame: AudioFrame) -> list[FloatArray]:
        """Compare a frame's time stamp with where it should be; return the silence to put in, mostly none."""
        if frame.pts is None or frame.time_base is None:
            return []
        stamp_s = float(frame.pts * frame.time_base)
        if self._origin_s is None:
            self._origin_s = stamp_s
        at = round((stamp_s - self._origin_s) * self.rate_hz)
        if self._sought:
            self._position, self._sought = max(0, at), False
            return []
        hole_s = (at - self._position) / self.rate_hz
        if self._sound.format in _SOUND_ONLY:
            if hole_s > _HOLE_S:
                raise self._broken(f"has a hole of {hole_s:.2f} s")
            return []
        if hole_s > _LONGEST_SILENCE_S:
            raise self._broken(f"has no sound for {hole_s:.0f} s")
        return [np.zeros((self.channels, at - self._position), np.float32)] if hole_s > _FILM_HOLE_S else []

    def _samples(self, frame: AudioFrame) -> FloatArray:
        """Return a frame as float32, `(channels, n)`, mixed down where there are more than two."""
        layout = frame.layout
        if frame.sample_rate != self.rate_hz or layout.nb_channels != self._source_channels:
            raise self._broken("changes its sample rate or channels")
        offset, scale = _DTYPE_OFFSET_SCALE[frame.format.packed.name]
        values = frame.to_ndarray()
        if values.shape[0] != self._source_channels:  # packed: (1, n * channels)
            values = values.reshape(-1, self._source_channels).T
        samples = np.ascontiguousarray(values, np.float32)
        if offset:
            samples -= np.float32(offset)
        if scale != 1.0:
            samples *= np.float32(scale)
        return samples if self._source_channels <= 2 else stereo_matrix(self._names) @ samples

    def _promised_end(self) -> int | None:
        """Return the frame after which only padding comes; mp4 says so, and libavcodec does not act on it."""
        if not self._sound.format.startswith("mov"):
            return None
        duration_s = exact_duration_s(self._sound)
        return None if duration_s is None else round(duration_s * self.rate_hz)

    def _inside(self, frames: int) -> int:
        """Return how many of the next so many frames lie before the promised end."""
        return frames if self._stop is None else min(frames, max(0, self._stop - self._position))

    def _check_end(self) -> None:
        """Raise BadInput where the end came too soon."""
        if self._sought:  # sent beyond the end: that says nothing about the file
            return
        if not self._position:
            raise BadInput(f"{self._sound.path} has no sound that can be decoded", hint="is it damaged?")
        promised_s = promised_duration_s(self._sound)
        short_s = _SHORT_LOSSLESS_S if self._sound.format in _LOSSLESS else _SHORT_S
        if promised_s is not None and self._position < (promised_s - short_s) * self.rate_hz:
            raise self._broken("breaks off", f", though its header promises {promised_s:.1f} s")
        if promised_s is None and self._bad_bytes > _TRAILING_JUNK_BYTES:
            raise self._broken("is damaged")

    def _broken(self, what: str, more: str = "") -> BadInput:
        at_s = self._position / self.rate_hz
        return BadInput(
            f"{self._sound.path} {what} at {at_s:.1f} s{more}",
            hint=f"get a whole copy of it, or use only the first {at_s:.1f} s",
        )
