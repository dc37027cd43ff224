"""Decodes single samples of a bank and keeps the recent ones in memory.

A sample is kept as 16-bit integers, as it was recorded, and comes out as mono float32 without its DC offset, padded
behind the loop so that interpolation never looks past the end. Knows nothing of notes. Not safe for several threads.

Source: Ogg Vorbis is decoded by FFmpeg through PyAV; SF3 loop points count decoded samples.
"""

from __future__ import annotations

import io
from collections import OrderedDict
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from hausmusik.engines.composer.sampler.soundfont import Sample, SoundFont
from hausmusik.errors import WeightsError
from hausmusik.types import FloatArray

_GUARD: Final = 4
"""Samples behind the last one that a 4-point interpolation may touch."""


class Wave(msgspec.Struct, frozen=True, eq=False):
    """A decoded sample.

    Args:
        packed: int16, shape `(n + 4,)`; the last four repeat what follows, the loop's beginning or silence.
        frames: n.
        sample_rate_hz: Of the recording.
        loop: First sample of the loop and one past its last, or None.
    """

    packed: npt.NDArray[np.int16]
    frames: int
    sample_rate_hz: int
    loop: tuple[int, int] | None

    @property
    def samples(self) -> FloatArray:
        """The recording; float32, shape `(n + 4,)`."""
        return unpacked(self.packed)


def packed(signal: FloatArray, scale: float = 32_000.0) -> npt.NDArray[np.int16]:
    """Return a signal as 16-bit integers; it must lie within `32767 / scale`."""
    return np.clip(np.rint(signal * np.float32(scale)), -32_767, 32_767).astype(np.int16)


def unpacked(integers: npt.NDArray[np.int16], scale: float = 32_000.0) -> FloatArray:
    """Return the signal that `packed` was given; float32, same shape."""
    return np.multiply(integers, np.float32(1.0 / scale), dtype=np.float32)


class SampleStore:
    """Decoded samples of one bank, least recently used dropped first.

    Args:
        bank: Where they come from.
        limit_bytes: Most memory kept.
    """

    def __init__(self, bank: SoundFont, limit_bytes: int = 24 << 20) -> None:
        self._bank = bank
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[tuple[int, bool], Wave] = OrderedDict()
        self._size_bytes = 0

    def wave(self, number: int, *, looped: bool) -> Wave:
        """Return a sample by its number in the bank, cut behind its loop when `looped`.

        Raises:
            WeightsError: the stream is damaged.
        """
        key = number, looped
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        wave = self._decode(self._bank.samples[number], looped=looped)
        self._kept[key] = wave
        self._size_bytes += wave.packed.nbytes
        while self._size_bytes > self._limit_bytes and len(self._kept) > 1:
            _, old = self._kept.popitem(last=False)
            self._size_bytes -= old.packed.nbytes
        return wave

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._size_bytes = 0

    def _decode(self, sample: Sample, *, looped: bool) -> Wave:
        data = self._bank.sample_bytes(sample)
        signal = _decode_vorbis(data, sample.name) if sample.vorbis else _decode_pcm(data)
        rate, start, end = sample.sample_rate_hz, sample.loop_start, min(sample.loop_end, signal.size)
        has_loop = looped and 0 <= start < end - 2
        frames = end if has_loop else signal.size
        steady = signal[start:end] if has_loop else signal[:frames]
        body = signal[:frames] - np.float32(np.mean(steady, dtype=np.float64))
        tail = body[start : start + _GUARD] if has_loop else np.zeros(_GUARD, np.float32)
        return Wave(
            packed(np.concatenate([body, np.resize(tail, _GUARD)])), frames, rate, (start, end) if has_loop else None
        )


def _decode_pcm(data: bytes) -> FloatArray:
    return np.frombuffer(data, dtype="<i2").astype(np.float32) / np.float32(32768.0)


def _decode_vorbis(data: bytes, name: str) -> FloatArray:
    import av
    import av.error

    parts: list[Any] = []
    try:
        with av.open(io.BytesIO(data), mode="r", format="ogg") as container:
            parts.extend(frame.to_ndarray() for frame in container.decode(audio=0))
    except av.error.FFmpegError as error:
        raise WeightsError(f"the sample {name} of the sound bank is damaged: {error}", hint="pull it again") from error
    if not parts:
        raise WeightsError(f"the sample {name} of the sound bank is empty", hint="pull the bank again")
    return np.concatenate(parts, axis=1)[0].astype(np.float32, copy=False)
