"""Loudness of a stream as EBU R128 wants it: integrated, momentary, short-term, range, and the true peak.

The meter is fed while the piece is mixed or mastered, so measuring costs no pass of its own. It keeps one number per
100 ms (3 hours: 0.4 MB). Gated blocks are 400 ms every 100 ms; short-term is 3 s every 100 ms.

Chosen by measurement over FFmpeg's `ebur128` through PyAV: see `benchmarks/mixing`. Both agree within 0.01 LU; ours
takes 1.0 ms per second of stereo with true peak, FFmpeg's 1.7. Knows nothing of targets: that is `master`.

Sources: ITU-R BS.1770-5 (loudness, gating), EBU Tech 3341 (modes), EBU Tech 3342 (range).
"""

from __future__ import annotations

import math
from array import array
from typing import Final

import msgspec
import numpy as np

from hausmusik.audio.kweighting import KWeighting
from hausmusik.audio.truepeak import TruePeakMeter, decibels
from hausmusik.types import Audio, FloatArray

SILENCE_LUFS: Final = -70.0
"""The absolute gate of BS.1770: what stays below is not measured at all."""

_OFFSET_LU: Final = -0.691
_GATE_LU: Final = -10.0
_RANGE_GATE_LU: Final = -20.0
_MOMENTARY_HOPS: Final = 4
_SHORT_TERM_HOPS: Final = 30
_SURROUND: Final = (1.0, 1.0, 1.0, 1.41, 1.41)


class Loudness(msgspec.Struct, frozen=True, kw_only=True):
    """What a meter read. Loudness that cannot be given (silence) is minus infinity.

    Args:
        integrated_lufs: Of the whole, gated.
        momentary_max_lufs: Loudest 400 ms.
        short_term_max_lufs: Loudest 3 s; of a shorter sound, of all of it.
        range_lu: Loudness range (LRA); 0 for sounds shorter than 3 s.
        true_peak_dbtp: Highest value, four times oversampled.
        duration_s: How much was heard.
    """

    integrated_lufs: float
    momentary_max_lufs: float
    short_term_max_lufs: float
    range_lu: float
    true_peak_dbtp: float
    duration_s: float

    @property
    def silent(self) -> bool:
        """Whether nothing in it is loud enough to be measured."""
        return self.integrated_lufs < SILENCE_LUFS


class LoudnessMeter:
    """Measures a stream. Not thread-safe.

    Args:
        sample_rate_hz: 1,000 to 384,000.
        channels: 1, 2, or 5 in the order left, right, centre, left and right surround.
    """

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        if channels not in {1, 2, 5}:
            raise ValueError(f"loudness of {channels} channels is not defined here; 1, 2 or 5 are")
        self._rate = sample_rate_hz
        self._weights = np.array(_SURROUND[:channels])
        self._filter = KWeighting(sample_rate_hz, channels)
        self._peak = TruePeakMeter(channels)
        self._frames = 0
        self._powers = array("f")  # a list of small arrays was 2 MB for three hours

    def push(self, samples: FloatArray) -> None:
        """Take float32 `(channels, n)`, any n."""
        self._frames += samples.shape[1]
        self._peak.push(samples)
        self._powers.extend(self._weights @ self._filter.push(samples))

    def finish(self) -> Loudness:
        """Return what was measured; the meter is not used again."""
        if self._frames < _MOMENTARY_HOPS * self._filter.hop:  # too short for one gated block: it counts as a whole
            self._powers.extend(self._weights @ self._filter.finish())
        powers = np.array(self._powers, np.float32)
        momentary = _sliding_means(powers, _MOMENTARY_HOPS)
        short_term = _sliding_means(powers, _SHORT_TERM_HOPS)
        return Loudness(
            integrated_lufs=_integrated(momentary),
            momentary_max_lufs=_lufs(float(momentary.max(initial=0.0))),
            short_term_max_lufs=_lufs(float(short_term.max(initial=0.0))),
            range_lu=_range(short_term) if powers.size >= _SHORT_TERM_HOPS else 0.0,
            true_peak_dbtp=decibels(self._peak.finish()),
            duration_s=self._frames / self._rate,
        )


def measure(audio: Audio) -> Loudness:
    """Return the loudness of a whole sound; the fold of `LoudnessMeter` over its seconds."""
    meter = LoudnessMeter(audio.sample_rate_hz, audio.channels)
    for start in range(0, audio.frames, audio.sample_rate_hz):
        meter.push(audio.samples[:, start : start + audio.sample_rate_hz])
    return meter.finish()


def _lufs(power: float) -> float:
    return _OFFSET_LU + 10.0 * math.log10(power) if power > 0 else -math.inf


def _power(lufs: float) -> float:
    return 10.0 ** ((lufs - _OFFSET_LU) / 10.0)


def _sliding_means(powers: FloatArray, width: int) -> FloatArray:
    """Return the means of all windows of `width`; of fewer values than that, the one mean of all there are."""
    if powers.size == 0:
        return powers
    if powers.size < width:
        return powers.mean(keepdims=True)
    return np.lib.stride_tricks.sliding_window_view(powers, width).mean(axis=1)


def _integrated(momentary: FloatArray) -> float:
    heard = momentary[momentary >= _power(SILENCE_LUFS)]
    if heard.size == 0:
        return -math.inf
    gated = heard[heard >= heard.mean(dtype=np.float64) * 10.0 ** (_GATE_LU / 10.0)]
    return _lufs(float(gated.mean(dtype=np.float64)))


def _range(short_term: FloatArray) -> float:
    heard = short_term[short_term >= _power(SILENCE_LUFS)]
    if heard.size == 0:
        return 0.0
    gated = np.sort(heard[heard >= heard.mean(dtype=np.float64) * 10.0 ** (_RANGE_GATE_LU / 10.0)])
    low, high = (gated[round((gated.size - 1) * share)] for share in (0.10, 0.95))
    return _lufs(float(high)) - _lufs(float(low))
