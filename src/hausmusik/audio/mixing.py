"""Mixes a `MixSpec` in blocks: memory depends on what sounds at once, not on the length of the piece.

A clip's file is open only while the clip sounds. Each sample of the result depends on absolute positions alone, and
clips are added in the spec's order, so equal specs give equal bytes whatever the block size (tested bit for bit). The
sum of a block's layers is the pre-master; nothing is clipped here. Knows nothing of loudness or of what the layers
mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from hausmusik.audio.ducking import duck_track
from hausmusik.audio.fades import declick_track, fade_track
from hausmusik.audio.frames import frame_at
from hausmusik.audio.gain import GainTrack, curve_track, factor
from hausmusik.audio.mix import Clip, MixSpec, SegmentFade
from hausmusik.audio.pan import add_to_bus
from hausmusik.audio.source import Source, Taking, loop_seams_s, source_frames
from hausmusik.audio.wav import WavInfo, WavReader, wav_info
from hausmusik.errors import BadInput
from hausmusik.types import FloatArray


class MixBlock(msgspec.Struct, frozen=True, eq=False):
    """A stretch of the piece.

    Args:
        start_frame: Position of its first frame in the piece.
        layers: One float32 array `(channels, n)` per layer of the spec, silent ones included.
    """

    start_frame: int
    layers: dict[str, FloatArray]

    @property
    def frames(self) -> int:
        """How many frames it holds."""
        return next((samples.shape[1] for samples in self.layers.values()), 0)

    def pre_master(self) -> FloatArray:
        """Return the sum of the layers: float32 `(channels, n)`, a fresh array."""
        samples = list(self.layers.values())
        total = samples[0].copy()
        for layer in samples[1:]:
            total += layer
        return total


def iter_mix(
    spec: MixSpec, *, block_s: float = 1.0, from_s: float = 0.0, until_s: float | None = None
) -> Iterator[MixBlock]:
    """Mix a piece, or a stretch of it, block by block.

    Args:
        spec: What to mix.
        block_s: Length of the blocks, 0.01 to 60; the last may be shorter. Never changes the samples.
        from_s: Where to begin; the samples are those of the whole piece there.
        until_s: Where to stop; None: at the end.

    Yields:
        Blocks without gaps. Closing the iterator closes all files.

    Raises:
        NotFoundError: a source is missing.
        BadInput: a source is not of our form, has more than two channels, or ends before its offset.
        StoreError: a source is damaged.
    """
    if not 0.01 <= block_s <= 60:
        raise ValueError(f"blocks of {block_s} s are out of range")
    rate = spec.sample_rate_hz
    begin = max(0, frame_at(from_s, rate))
    end = spec.frames if until_s is None else min(spec.frames, frame_at(until_s, rate))
    waiting = [placed for placed in _placed(spec) if placed.start < end and placed.end > begin]
    waiting.sort(key=lambda placed: -placed.start)  # the next to start is the last
    sounding: list[_Sounding] = []
    layers = spec.layers or ("voice",)
    try:
        for start in range(begin, end, max(1, frame_at(block_s, rate))):
            frames = min(max(1, frame_at(block_s, rate)), end - start)
            while waiting and waiting[-1].start < start + frames:
                sounding.append(_Sounding(spec, waiting.pop(), begin))
            sounding.sort(key=lambda live: live.placed.index)
            buses: dict[str, FloatArray] = {layer: np.zeros((spec.channels, frames), np.float32) for layer in layers}
            for live in sounding:
                live.add_to(buses[live.placed.clip.layer], start)
            for live in [live for live in sounding if live.placed.end <= start + frames]:
                live.close()
                sounding.remove(live)
            yield MixBlock(start, buses)
    finally:
        for live in sounding:
            live.close()


class _Placed(msgspec.Struct, frozen=True):
    """A clip with its frames: it sounds from `start` to `end`; `natural_end` is where its fade-out ends."""

    index: int
    clip: Clip
    start: int
    end: int
    natural_end: int
    taking: Taking


class _Sounding:
    """A clip while it sounds."""

    def __init__(self, spec: MixSpec, placed: _Placed, begin: int) -> None:
        self.placed = placed
        self._gain = factor(placed.clip.gain_db)
        self._tracks = _tracks(spec, placed)
        self._source = Source(WavReader.open(placed.clip.source), placed.taking, spec.sample_rate_hz)
        self._source.skip(max(0, begin - placed.start))

    def add_to(self, bus: FloatArray, start: int) -> None:
        first = max(start, self.placed.start)
        last = min(start + bus.shape[1], self.placed.end)
        samples = self._source.read(last - first)
        for track in self._tracks:
            track.apply(samples, first)
        there = bus[:, first - start : first - start + samples.shape[1]]
        add_to_bus(there, samples, self._gain, self.placed.clip.pan)

    def close(self) -> None:
        self._source.close()


def _placed(spec: MixSpec) -> Iterator[_Placed]:
    """Yield every clip that sounds at all, after a look at its file's header."""
    rate = spec.sample_rate_hz
    headers: dict[Path, WavInfo] = {}
    for index, clip in enumerate(spec.clips):
        info = headers.get(clip.source) or headers.setdefault(clip.source, wav_info(clip.source))
        if info.channels > 2:
            raise BadInput(
                f"{clip.source} has {info.channels} channels; a clip has one or two", hint="mix it down first"
            )
        taking = Taking(
            offset_s=clip.source_offset_s,
            loop=clip.loop,
            loop_crossfade_s=clip.loop_crossfade_s,
            stretch=clip.stretch,
        )
        start = frame_at(clip.start_s, rate)
        natural_end = min(frame_at(clip.start_s + clip.duration_s, rate), start + source_frames(info, taking, rate))
        end = min(natural_end, spec.frames)
        if end > start:
            yield _Placed(index, clip, start, end, natural_end, taking)


def _tracks(spec: MixSpec, placed: _Placed) -> list[GainTrack]:
    """Return all that moves a clip's gain, always in the same order."""
    clip, rate = placed.clip, spec.sample_rate_hz
    tracks = [declick_track(placed.start, placed.end, rate)]
    if clip.fade_in_s or clip.fade_out_s:
        fade_in, fade_out = frame_at(clip.fade_in_s, rate), frame_at(clip.fade_out_s, rate)
        tracks.append(
            fade_track(placed.start, placed.natural_end, fade_in=fade_in, fade_out=fade_out, curve=clip.fade_curve)
        )
    if clip.gain_points:
        points = [(placed.start + frame_at(at_s, rate), gain_db) for at_s, gain_db in clip.gain_points]
        tracks.append(curve_track(points))
    if clip.segment is not None:
        tracks += _segment_tracks(spec.segments[clip.segment], rate)
    if clip.duck is not None:
        within = (placed.start, placed.end)
        tracks.append(duck_track(clip.duck.intervals, clip.duck.ducking, rate, within))
    return tracks


def _segment_tracks(segment: SegmentFade, rate: int) -> list[GainTrack]:
    start, end = frame_at(segment.start_s, rate), frame_at(segment.end_s, rate)
    fade_in, fade_out = frame_at(segment.fade_in_s, rate), frame_at(segment.fade_out_s, rate)
    rise, fall = segment.fade_in_curve, segment.fade_out_curve
    fade = fade_track(start, end, fade_in=fade_in, fade_out=fade_out, curve=rise, fall_curve=fall)
    return [declick_track(start, end, rate), fade]


def edit_points_s(spec: MixSpec) -> tuple[float, ...]:
    """Return where something begins or ends in the mix, in seconds, ascending: where a click would be ours.

    Clips' starts and ends (the source's end where it comes first), both edges of their loops' seams, and the edges of
    segments that a clip follows. For `clicks.find_clicks`.

    Raises:
        NotFoundError, BadInput, StoreError: as `iter_mix`.
    """
    rate = spec.sample_rate_hz
    points: set[float] = set()
    for placed in _placed(spec):
        clip = placed.clip
        points |= {placed.start / rate, placed.end / rate}
        if clip.loop:
            seams = loop_seams_s(wav_info(clip.source), placed.taking, (placed.end - placed.start) / rate)
            points |= {placed.start / rate + seam_s for seam_s in seams}
        if clip.segment is not None:
            points |= {spec.segments[clip.segment].start_s, spec.segments[clip.segment].end_s}
    return tuple(sorted(point for point in points if point <= spec.duration_s))
