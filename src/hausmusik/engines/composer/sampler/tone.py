"""Renders one key of one preset as long as it is held, once, and keeps it: notes are then only added with a gain.

A tone is the same whenever it is struck (all modulation starts with the note), so a piece of thousands of notes needs
a few hundred tones. Pitch is shifted by soxr (band-limited: no images, no aliasing); only tones that bend within
themselves are read by 4-point Hermite interpolation. The low-pass filter is applied to the whole tone in the frequency
domain, and where its cutoff moves, by blending up to four filtered copies. Knows nothing of when notes sound.

Sources: O. Niemitalo, "Polynomial interpolators for high-quality resampling" (4-point Hermite);
R. Bristow-Johnson, "Cookbook formulae for audio EQ biquad filters" (low-pass).
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from hausmusik.engines.composer.sampler.articulation import FULL_FALL_DB, Articulation, Envelope, articulate
from hausmusik.engines.composer.sampler.samples import SampleStore, Wave, packed, unpacked
from hausmusik.engines.composer.sampler.soundfont import DRUM_BANK, Region, SoundFont
from hausmusik.engines.composer.sampler.spectrum import ComplexArray, backward, forward, smooth_size, unit_circle
from hausmusik.types import FloatArray

SAMPLE_RATE_HZ: Final = 44_100
VELOCITY_STEP: Final = 8
"""Timbre is rendered for every eighth velocity; the loudness between them is exact."""
_SHORTEST_RELEASE_S: Final = 0.012
LONGEST_RELEASE_S: Final = 4.0
_INAUDIBLE_DB: Final = 72.0
_FILTER_PAD: Final = 2048
_MASKED: Final = 0.05
"""Regions 26 dB below the loudest of a tone (the piano's resonance layer) are not kept."""

DoubleArray = npt.NDArray[np.float64]


class Strand(msgspec.Struct, frozen=True, eq=False):
    """One region of a tone.

    Args:
        packed: int16, shape `(n,)`, scaled to its peak: as if the key were held until it has died away.
        scale: By which it was multiplied.
        left: Gain to the left.
        right: Gain to the right.
        release_s: Time of a fall by 96 dB after the key is let go.
    """

    packed: npt.NDArray[np.int16]
    scale: float
    left: float
    right: float
    release_s: float

    @property
    def frames(self) -> int:
        """Length in samples."""
        return int(self.packed.size)

    def part(self, begin: int, end: int) -> FloatArray:
        """Return samples `begin` to `end`; float32, a copy."""
        return unpacked(self.packed[begin:end], self.scale)


class Tone(msgspec.Struct, frozen=True, eq=False):
    """All regions of one key at one strength.

    Args:
        strands: What sounds; empty where the preset has nothing at this key.
        velocity: The strength it was rendered for.
    """

    strands: tuple[Strand, ...]
    velocity: int


def stepped(velocity: int) -> int:
    """Return the velocity whose timbre stands for this one."""
    return max(1, min(127, (velocity // VELOCITY_STEP) * VELOCITY_STEP + VELOCITY_STEP // 2))


class ToneStore:
    """Tones of one bank, least recently used dropped first.

    Args:
        bank: The bank.
        samples: Its decoded samples.
        limit_bytes: Most memory kept.
    """

    def __init__(self, bank: SoundFont, samples: SampleStore, limit_bytes: int = 48 << 20) -> None:
        self._bank = bank
        self._samples = samples
        self._limit_bytes = limit_bytes
        self._regions: dict[tuple[int, int], tuple[Region, ...]] = {}
        self._kept: OrderedDict[tuple[int, int, int, int, int], Tone] = OrderedDict()
        self._size_bytes = 0

    def tone(self, preset: tuple[int, int], key: int, velocity: int, held: int) -> Tone:
        """Return a tone that can be held for `held` samples and then released, or less where it dies away before.

        Args:
            preset: Bank and program.
            key: 0 to 127.
            velocity: 1 to 127; rounded to a step of timbre.
            held: Longest time the key is down, in samples at 44.1 kHz.
        """
        strength = stepped(velocity)
        name = (*preset, key, strength, held)
        if name in self._kept:
            self._kept.move_to_end(name)
            return self._kept[name]
        tone = self._render(preset, key, strength, held)
        self._kept[name] = tone
        self._size_bytes += _size_of(tone)
        while self._size_bytes > self._limit_bytes and len(self._kept) > 1:
            self._size_bytes -= _size_of(self._kept.popitem(last=False)[1])
        return tone

    def choke(self, preset: tuple[int, int], key: int, velocity: int) -> int:
        """Return the group of sounds that cut this one off, 0 for none; renders nothing."""
        sounding = self._sounding(preset, key, stepped(velocity))
        return int(sounding[0].generators.get(57, 0)) if sounding else 0

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._size_bytes = 0

    def _regions_of(self, preset: tuple[int, int]) -> tuple[Region, ...]:
        if preset not in self._regions:
            self._regions[preset] = self._bank.regions(*preset)
        return self._regions[preset]

    def _sounding(self, preset: tuple[int, int], key: int, velocity: int) -> list[Region]:
        """Return the regions that a note strikes; where a melodic preset has a gap, those of the nearest key."""
        regions = self._regions_of(preset)
        struck = [each for each in regions if each.sounds(key, velocity)]
        if struck or preset[0] == DRUM_BANK or not regions:
            return struck
        nearest = min((edge for each in regions for edge in each.keys), key=lambda edge: abs(edge - key))
        return [each for each in regions if each.sounds(nearest, velocity)]

    def _render(self, preset: tuple[int, int], key: int, velocity: int, held: int) -> Tone:
        strands: list[Strand] = []
        for region in self._sounding(preset, key, velocity):
            shape = articulate(region, self._bank.samples[region.sample], key, velocity)
            wave = self._samples.wave(region.sample, looped=shape.loops)
            release_s = min(max(shape.volume.release_s, _SHORTEST_RELEASE_S), LONGEST_RELEASE_S)
            samples = _sound(wave, shape, held + release_frames(release_s))
            peak = float(np.max(np.abs(samples), initial=0.0))
            if peak > 1e-6:
                angle = (shape.pan + 1.0) * math.pi / 4.0
                scale = 32_000.0 / peak
                strands.append(Strand(packed(samples, scale), scale, math.cos(angle), math.sin(angle), release_s))
        loudest = max((1.0 / strand.scale for strand in strands), default=0.0)
        return Tone(tuple(strand for strand in strands if 1.0 / strand.scale > _MASKED * loudest), velocity)


def release_frames(release_s: float) -> int:
    """Return after how many samples a released tone is inaudible, 72 dB down."""
    return int(release_s * _INAUDIBLE_DB / FULL_FALL_DB * SAMPLE_RATE_HZ)


def release_curve(release_s: float, first: int, count: int) -> FloatArray:
    """Return gains from `first` samples after a key was let go, falling by 96 dB in `release_s`; float32."""
    per_sample = FULL_FALL_DB / 20.0 * math.log(10.0) / (release_s * SAMPLE_RATE_HZ)
    time = np.arange(first, first + count, dtype=np.float32)
    return np.exp(time * np.float32(-per_sample))


def _size_of(tone: Tone) -> int:
    return sum(strand.packed.nbytes for strand in tone.strands)


def _sound(wave: Wave, shape: Articulation, frames: int) -> FloatArray:
    """Return one region's samples: pitched, filtered, under its volume envelope."""
    start = round(shape.volume.delay_s * SAMPLE_RATE_HZ)
    length = _audible_frames(wave, shape, frames - start)
    if length <= 0:
        return np.zeros(0, np.float32)
    bends = bool(shape.vibrato[0] or shape.colour_to_pitch_cents)
    signal = _interpolated(wave, _positions(wave, shape, length)) if bends else _resampled(wave, shape, length)
    if wave.loop is None:
        fade = min(64, signal.size)
        signal[signal.size - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    signal = _filtered(signal, shape)
    signal *= _volume(shape.volume, length, shape.gain)
    depth_db, rate_hz, delay_s = shape.tremolo
    if depth_db:
        signal *= (10.0 ** (depth_db / 20.0 * _triangle(length, rate_hz, delay_s))).astype(np.float32)
    return np.concatenate([np.zeros(start, np.float32), signal]) if start else signal


def _audible_frames(wave: Wave, shape: Articulation, frames: int) -> int:
    """Return how long it is worth rendering: to the sample's end, or until the envelope has fallen by 72 dB."""
    length = frames
    if wave.loop is None:
        length = min(length, int((wave.frames - 1) / _step(wave, shape)))
    volume = shape.volume
    quiet_db = _INAUDIBLE_DB + 20.0 * math.log10(max(shape.gain, 1e-6))
    if (1.0 - volume.sustain) * FULL_FALL_DB >= quiet_db:
        fall_s = max(0.0, quiet_db) / FULL_FALL_DB * volume.decay_s
        length = min(length, int((volume.attack_s + volume.hold_s + fall_s) * SAMPLE_RATE_HZ) + 1)
    return length


def _step(wave: Wave, shape: Articulation) -> float:
    """Return how many samples of the recording pass per sample of output."""
    return shape.ratio * wave.sample_rate_hz / SAMPLE_RATE_HZ


def _resampled(wave: Wave, shape: Articulation, length: int) -> FloatArray:
    """Return the recording, its loop unrolled, at a constant pitch; float32, shape `(length,)`."""
    import soxr

    step = _step(wave, shape)
    needed = int(length * step) + 16
    source = wave.samples[: wave.frames]
    if wave.loop is not None and needed > wave.frames:
        start, end = wave.loop
        source = np.concatenate([source, np.resize(source[start:end], needed - wave.frames)])
    shifted: FloatArray = soxr.resample(source[:needed], step, 1.0, quality="HQ")
    if shifted.size < length:
        shifted = np.concatenate([shifted, np.zeros(length - shifted.size, np.float32)])
    return shifted[:length]


def _positions(wave: Wave, shape: Articulation, length: int) -> DoubleArray:
    """Return where in the sample each output sample lies, before looping; float64, shape `(length,)`."""
    cents, rate_hz, delay_s = shape.vibrato
    bend = cents * _triangle(length, rate_hz, delay_s)
    bend += shape.colour_to_pitch_cents * _ramp(shape.colour, np.arange(length) / SAMPLE_RATE_HZ)
    steps = _step(wave, shape) * np.exp2(bend / 1200.0)
    return np.concatenate([[0.0], np.cumsum(steps[:-1])])


def _interpolated(wave: Wave, positions: DoubleArray) -> FloatArray:
    """Return the recording read at any positions, wrapped into its loop; float32, same shape."""
    if wave.loop is not None:
        start, end = wave.loop
        beyond = positions >= end
        positions[beyond] = start + np.fmod(positions[beyond] - start, end - start)
    whole = np.clip(positions.astype(np.int64), 0, wave.frames - 1)
    part: FloatArray = np.clip(positions - whole, 0.0, 1.0).astype(np.float32)
    source = wave.samples
    before = source[np.maximum(whole - 1, 0)]
    here, after, later = source[whole], source[whole + 1], source[whole + 2]
    half = np.float32(0.5)
    slope = half * (after - before)
    cubic = half * (later - before) + np.float32(1.5) * (here - after)
    square = before - np.float32(2.5) * here + np.float32(2.0) * after - half * later
    return (((cubic * part + square) * part + slope) * part + here).astype(np.float32, copy=False)


def _volume(volume: Envelope, length: int, gain: float) -> FloatArray:
    """Return the volume envelope times a gain: a linear attack, a hold, then a fall that is straight in decibels."""
    level = np.full(length, gain, np.float32)
    fall_start = round((volume.attack_s + volume.hold_s) * SAMPLE_RATE_HZ)
    if fall_start < length and volume.sustain < 1.0:
        per_sample = FULL_FALL_DB / 20.0 * math.log(10.0) / (max(volume.decay_s, 1e-3) * SAMPLE_RATE_HZ)
        lowest = FULL_FALL_DB / 20.0 * math.log(10.0) * (1.0 - volume.sustain)
        fallen = np.minimum(np.arange(length - fall_start, dtype=np.float32) * np.float32(per_sample), lowest)
        level[fall_start:] *= np.exp(-fallen.astype(np.float32))
    rising = min(length, round(volume.attack_s * SAMPLE_RATE_HZ))
    if rising:
        level[:rising] *= np.arange(rising, dtype=np.float32) / np.float32(volume.attack_s * SAMPLE_RATE_HZ)
    return level


def _ramp(envelope: Envelope, time: DoubleArray) -> DoubleArray:
    """Return a modulation envelope, 0 to 1, straight in its own units."""
    since = time - envelope.delay_s
    attack = np.clip(since / envelope.attack_s, 0.0, 1.0) if envelope.attack_s else (since >= 0).astype(np.float64)
    since = since - envelope.attack_s - envelope.hold_s
    return np.maximum(attack - np.maximum(since, 0.0) / max(envelope.decay_s, 1e-4), envelope.sustain * attack)


def _triangle(length: int, rate_hz: float, delay_s: float) -> DoubleArray:
    phase = np.maximum(np.arange(length) / SAMPLE_RATE_HZ - delay_s, 0.0) * rate_hz
    return 1.0 - 4.0 * np.abs(np.fmod(phase + 0.25, 1.0) - 0.5)


def _filtered(signal: FloatArray, shape: Articulation) -> FloatArray:
    """Apply the region's low-pass; where the cutoff moves, blend copies filtered at steps between its extremes."""
    if not shape.cutoff_hz:
        return signal
    size = smooth_size(signal.size + _FILTER_PAD)
    spectrum = forward(signal, size)
    grid = np.linspace(0.0, signal.size - 1, max(2, min(256, signal.size)))
    colour = _ramp(shape.colour, grid / SAMPLE_RATE_HZ)
    low, high = float(colour.min()), float(colour.max())
    travel = abs(shape.colour_to_cutoff_cents) * (high - low)
    count = 1 if travel < 150.0 else min(4, 2 + int(travel // 2400))
    stages = np.linspace(low, high, count) if count > 1 else np.array([(low + high) / 2])
    copies = [backward(spectrum * _low_pass(size, shape, float(stage)), size)[: signal.size] for stage in stages]
    if count == 1:
        return copies[0]
    place = np.interp(np.arange(signal.size), grid, (colour - low) / (high - low) * (count - 1))
    blended = np.zeros_like(signal)
    for index, copy in enumerate(copies):
        blended += copy * np.maximum(0.0, 1.0 - np.abs(place - index)).astype(np.float32)
    return blended


def _low_pass(size: int, shape: Articulation, stage: float) -> ComplexArray:
    """Return the frequency response of the two-pole filter at one stage of the modulation envelope."""
    cutoff_hz = shape.cutoff_hz * 2.0 ** (shape.colour_to_cutoff_cents * stage / 1200.0)
    angle = 2.0 * math.pi * min(cutoff_hz, 0.45 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    # 3.01 dB below the written value, so that a resonance of 0 is a Butterworth filter (section 8.1.3, generator 9);
    # the passband sinks by half the resonance, as in FluidSynth.
    quality = 10.0 ** ((shape.resonance_db - 3.01) / 20.0)
    alpha = math.sin(angle) / (2.0 * quality)
    cosine = math.cos(angle)
    zero = (1.0 - cosine) / 2.0 * 10.0 ** (-shape.resonance_db / 40.0)
    delay = unit_circle(size)
    bottom = delay * np.complex64(1.0 - alpha)
    bottom -= np.complex64(2.0 * cosine)
    bottom *= delay
    bottom += np.complex64(1.0 + alpha)
    top = delay + np.complex64(1.0)
    top *= top
    top *= np.complex64(zero)
    top /= bottom
    return top
