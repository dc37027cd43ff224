"""One clip's sound as a stream at the mix's rate: read from its file, looped, stretched, resampled.

The chain always moves in chunks of the file's own quarter seconds, whatever its reader asks for, so the result does
not depend on how it is asked for. `source_frames` says the exact length beforehand. Knows nothing of time in the
piece, gain or channels of the mix.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Final, Self

import msgspec
import numpy as np

from hausmusik.audio.fades import crossfade, fade_factors
from hausmusik.audio.frames import frame_at
from hausmusik.audio.resample import Resampler, resampled_frames
from hausmusik.audio.stretch import Stretcher, stretched_frames
from hausmusik.audio.wav import WavInfo, WavReader
from hausmusik.errors import BadInput
from hausmusik.types import FloatArray

_CHUNK_S: Final = 0.25
_SHORTEST_LOOP_S: Final = 0.02
_ENDLESS: Final = 1 << 62


class Taking(msgspec.Struct, frozen=True, kw_only=True):
    """What is taken from a file and how.

    Args:
        offset_s: Where in the file to begin.
        loop: Begin again at `offset_s` whenever the end is reached, without end.
        loop_crossfade_s: Overlap of end and beginning at each seam, equal-power; 0 for files made to join seamlessly.
        stretch: Length of the output over length of the input, 0.5 to 2.0.
    """

    offset_s: float = 0.0
    loop: bool = False
    loop_crossfade_s: float = 0.05
    stretch: float = 1.0


def source_frames(info: WavInfo, taking: Taking, to_hz: int) -> int:
    """Return how many frames a source gives at the mix's rate; a loop gives practically infinitely many.

    Raises:
        BadInput: nothing is left after the offset, or too little for a loop (20 ms).
    """
    rest = info.frames - frame_at(taking.offset_s, info.sample_rate_hz)
    if rest <= 0:
        raise BadInput(
            f"the sound lasts {info.duration_s:.2f} s, so it cannot begin {taking.offset_s:.2f} s in",
            hint="begin earlier in the file",
        )
    if not taking.loop:
        return resampled_frames(stretched_frames(rest, taking.stretch), info.sample_rate_hz, to_hz)
    if rest < _SHORTEST_LOOP_S * info.sample_rate_hz:
        raise BadInput(f"{rest / info.sample_rate_hz * 1000:.1f} ms of sound are too short to be looped")
    return _ENDLESS


def loop_seams_s(info: WavInfo, taking: Taking, until_s: float) -> Iterator[float]:
    """Yield when each seam of a loop begins and ends, in seconds after its own beginning, up to `until_s`."""
    start = frame_at(taking.offset_s, info.sample_rate_hz)
    overlap = _overlap(info, taking)
    pass_s = (info.frames - start - overlap) / info.sample_rate_hz * taking.stretch
    overlap_s = overlap / info.sample_rate_hz * taking.stretch
    seam_s = pass_s
    while seam_s < until_s:
        yield from (seam_s, seam_s + overlap_s)
        seam_s += pass_s


def _overlap(info: WavInfo, taking: Taking) -> int:
    """Return the frames in which end and beginning overlap."""
    rest = info.frames - frame_at(taking.offset_s, info.sample_rate_hz)
    return min(frame_at(taking.loop_crossfade_s, info.sample_rate_hz), rest // 2) if taking.loop else 0


class Source:
    """Reads a clip's sound from its beginning on; use it in a `with` block, or call `close`. Not thread-safe.

    Args:
        reader: The open file; the source closes it.
        taking: What is taken and how.
        to_hz: Rate of what comes out.
    """

    def __init__(self, reader: WavReader, taking: Taking, to_hz: int) -> None:
        info = reader.info
        self.channels = info.channels
        self._reader = reader
        self._start = frame_at(taking.offset_s, info.sample_rate_hz)
        self._end = info.frames
        self._overlap = _overlap(info, taking)
        self._loop = taking.loop
        self._at = self._start
        self._chunk = round(_CHUNK_S * info.sample_rate_hz)
        self._stretcher = Stretcher(info.sample_rate_hz, info.channels, taking.stretch)
        self._resampler = Resampler(info.sample_rate_hz, to_hz, info.channels)
        self._ready: list[FloatArray] = []
        self._ready_frames = 0
        self._dry = False

    def read(self, frames: int) -> FloatArray:
        """Return the next frames: float32 `(channels, frames)`; shorter only at the source's end."""
        while self._ready_frames < frames and not self._dry:
            self._work()
        held = self._ready[0] if len(self._ready) == 1 else np.concatenate([self._nothing(), *self._ready], axis=1)
        taken, rest = held[:, :frames], held[:, frames:]
        self._ready, self._ready_frames = [rest], rest.shape[1]
        return taken

    def skip(self, frames: int) -> None:
        """Pass over so many frames."""
        while frames > 0:
            got = self.read(min(frames, 1 << 16)).shape[1]
            if got == 0:
                return
            frames -= got

    def close(self) -> None:
        """Give the file back; safe to call twice."""
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _nothing(self) -> FloatArray:
        return np.zeros((self.channels, 0), np.float32)

    def _work(self) -> None:
        """Move one chunk through the chain."""
        raw = self._next_looped() if self._loop else self._next_once()
        if raw.shape[1]:
            done = self._resampler.push(self._stretcher.push(raw))
        else:
            self._dry = True
            tail = self._resampler.push(self._stretcher.finish())
            done = np.concatenate([tail, self._resampler.finish()], axis=1)
        self._ready.append(done)
        self._ready_frames += done.shape[1]

    def _next_once(self) -> FloatArray:
        raw = self._reader.read(self._at, self._chunk)
        self._at += raw.shape[1]
        return raw

    def _next_looped(self) -> FloatArray:
        """Return about one chunk of the endless sound: plain stretches, and seams where end and beginning overlap."""
        parts: list[FloatArray] = []
        missing = self._chunk
        seam = self._end - self._overlap
        while missing > 0:
            if self._at < seam:
                part = self._reader.read(self._at, min(missing, seam - self._at))
                self._at += part.shape[1]
            else:  # the whole seam at once; it is at most half the file, and sounds are short
                part = self._seam(seam)
                self._at = self._start + self._overlap
            parts.append(part)
            missing -= part.shape[1]
        return np.concatenate(parts, axis=1)

    def _seam(self, at: int) -> FloatArray:
        if not self._overlap:
            return self._nothing()
        old, new = self._reader.read(at, self._overlap), self._reader.read(self._start, self._overlap)
        return crossfade(old, new, fade_factors("equal-power", self._overlap))
