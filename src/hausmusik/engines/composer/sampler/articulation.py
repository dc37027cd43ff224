"""From a region, a key and a velocity to physical units: pitch, level, envelopes, filter, vibrato.

Everything that depends on the struck note alone is worked out here, once per note; controllers are at rest (our mix
moves levels itself). Two readings of the specification follow the hardware that banks are tuned on, as FluidSynth does:
attenuation written in the bank counts 0.4 times, and decay and release times are those of a fall by 96 dB. Knows
nothing of samples or buffers.

Source: SoundFont 2.04, sections 8.1.3 (generators), 8.2 (modulators), 9.5 (their curves).
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

from hausmusik.engines.composer.sampler.soundfont import Modulator, Region, Sample

FULL_FALL_DB: Final = 96.0
_EMU_ATTENUATION: Final = 0.4
_OPEN_FILTER_CENTS: Final = 13_500.0
_VELOCITY: Final = 2
_KEY: Final = 3


class Envelope(msgspec.Struct, frozen=True):
    """A delay, attack, hold, decay, sustain, release curve.

    Args:
        delay_s: Silence before it starts.
        attack_s: From 0 to 1.
        hold_s: At 1.
        decay_s: Of a fall from 1 to 0 (in decibels for volume: through 96 dB).
        sustain: Level it falls to, 0 to 1 on the same scale as the fall.
        release_s: Of a fall from 1 to 0 after the key is let go.
    """

    delay_s: float
    attack_s: float
    hold_s: float
    decay_s: float
    sustain: float
    release_s: float


class Articulation(msgspec.Struct, frozen=True):
    """How one region sounds for one note.

    Args:
        ratio: Playback speed relative to the recording's own rate.
        gain: Linear.
        pan: -1 (left) to 1.
        volume: Amplitude envelope; falls count through 96 dB.
        colour: Modulation envelope.
        cutoff_hz: Low-pass frequency at rest; 0 where the filter is open for good.
        resonance_db: Height of the filter's peak.
        colour_to_cutoff_cents: What the modulation envelope adds to the cutoff at its top.
        colour_to_pitch_cents: The same for pitch.
        vibrato: `(cents, hertz, delay in seconds)`.
        tremolo: `(decibels, hertz, delay in seconds)`.
        loops: Whether the sample loops while the key is held.
        choke: Sounds of one choke group cut each other off; 0: none.
    """

    ratio: float
    gain: float
    pan: float
    volume: Envelope
    colour: Envelope
    cutoff_hz: float
    resonance_db: float
    colour_to_cutoff_cents: float
    colour_to_pitch_cents: float
    vibrato: tuple[float, float, float]
    tremolo: tuple[float, float, float]
    loops: bool
    choke: int


def articulate(region: Region, sample: Sample, key: int, velocity: int) -> Articulation:
    """Return how a region sounds for a note; key and velocity 0 to 127 (velocity at least 1)."""
    values = dict(region.generators)
    struck_key = int(values[46]) if values[46] >= 0 else key
    struck_velocity = int(values[47]) if values[47] > 0 else velocity
    values[48] = values.get(48, 0.0) * _EMU_ATTENUATION
    for rule in region.modulators:
        amount = _modulation(rule, struck_key, max(1, struck_velocity))
        values[rule.destination] = values.get(rule.destination, 0.0) + amount
    root = int(values[58]) if values[58] >= 0 else sample.root_key
    cents = (struck_key - root) * values[56] + values.get(51, 0.0) * 100 + values.get(52, 0.0) + sample.correction_cents
    sweep = values.get(11, 0.0)
    cutoff = min(values[8], _OPEN_FILTER_CENTS)
    is_open = cutoff + min(0.0, sweep) >= _OPEN_FILTER_CENTS
    return Articulation(
        ratio=2.0 ** (cents / 1200.0),
        gain=10.0 ** (-max(0.0, values[48]) / 200.0),
        pan=max(-1.0, min(1.0, values.get(17, 0.0) / 500.0)),
        volume=_envelope(values, struck_key, first=33, hold_key=39, decay_key=40, full=FULL_FALL_DB * 10),
        colour=_envelope(values, struck_key, first=25, hold_key=31, decay_key=32, full=1000.0),
        cutoff_hz=0.0 if is_open else _hertz(cutoff),
        resonance_db=max(0.0, values.get(9, 0.0) / 10.0),
        colour_to_cutoff_cents=sweep,
        colour_to_pitch_cents=values.get(7, 0.0),
        vibrato=(values.get(6, 0.0), _hertz(values.get(24, 0.0)), _seconds(values[23])),
        tremolo=(values.get(13, 0.0) / 10.0, _hertz(values.get(22, 0.0)), _seconds(values[21])),
        loops=int(values.get(54, 0)) in {1, 3},
        choke=int(values.get(57, 0)),
    )


def _envelope(
    values: dict[int, float], key: int, *, first: int, hold_key: int, decay_key: int, full: float
) -> Envelope:
    hold = values[first + 2] + values.get(hold_key, 0.0) * (60 - key)
    decay = values[first + 3] + values.get(decay_key, 0.0) * (60 - key)
    return Envelope(
        delay_s=_seconds(values[first]),
        attack_s=_seconds(values[first + 1]),
        hold_s=_seconds(hold),
        decay_s=_seconds(decay),
        sustain=1.0 - min(1.0, max(0.0, values.get(first + 4, 0.0) / full)),
        release_s=_seconds(values[first + 5]),
    )


def _seconds(timecents: float) -> float:
    return 0.0 if timecents <= -11_900 else 2.0 ** (min(timecents, 8000.0) / 1200.0)


def _hertz(cents: float) -> float:
    return 8.176 * 2.0 ** (cents / 1200.0)


def _modulation(rule: Modulator, key: int, velocity: int) -> float:
    """Return what one rule adds to its destination."""
    amount = rule.amount * _source(rule.source, key, velocity)
    if rule.amount_source:
        amount *= _source(rule.amount_source, key, velocity)
    return abs(amount) if rule.transform == 2 else amount


def _source(word: int, key: int, velocity: int) -> float:
    """Return a source's value, 0 to 1 or -1 to 1; controllers rest at zero (section 8.2)."""
    index, is_controller = word & 0x7F, bool(word & 0x80)
    negative, bipolar, curve = bool(word & 0x100), bool(word & 0x200), (word >> 10) & 0x3F
    if is_controller:
        raw = 0
    elif index == _VELOCITY:
        raw = velocity
    elif index == _KEY:
        raw = key
    else:
        return 0.0 if index else 1.0
    if bipolar:
        raw = max(-127, min(127, 2 * raw - 127))
        value = math.copysign(_curve(curve, abs(raw)), raw)
        return -value if negative else value
    return _curve(curve, 127 - raw if negative else raw)


def _curve(kind: int, position: int) -> float:
    """Return linear, concave, convex or switch of 0 to 127 (section 9.5.3; concave is 40/96 of a log10)."""
    if kind == 1:
        return min(1.0, -(40.0 / FULL_FALL_DB) * math.log10(max(1, 127 - position) / 127.0)) if position else 0.0
    if kind == 2:
        return max(0.0, 1.0 + (40.0 / FULL_FALL_DB) * math.log10(position / 127.0)) if position else 0.0
    if kind == 3:
        return 1.0 if position >= 64 else 0.0
    return position / 127.0
