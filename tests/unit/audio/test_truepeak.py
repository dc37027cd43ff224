from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hausmusik.audio.truepeak import OVERSAMPLING, TAPS, Oversampler, TruePeakMeter, decibels, interpolator
from hausmusik.types import FloatArray
from tests.unit.audio.tones import RATE, noise


def true_peak(samples: FloatArray, *, cut: int = 48_000) -> float:
    meter = TruePeakMeter(samples.shape[0])
    for at in range(0, samples.shape[1], cut):
        meter.push(samples[:, at : at + cut])
    return decibels(meter.finish())


def faded(samples: np.ndarray) -> FloatArray:
    ramp = np.minimum(1.0, np.arange(samples.shape[-1]) / 2_000)
    return np.tile(samples * ramp * ramp[::-1], (2, 1)).astype(np.float32)


@pytest.mark.parametrize(
    ("divisor", "phase_deg", "amplitude", "expected"),
    [(4, 0.0, 0.5, -6.0), (4, 45.0, 0.5, -6.0), (6, 60.0, 0.5, -6.0), (8, 67.5, 0.5, -6.0), (4, 45.0, 1.41, 3.0)],
    ids=["15", "16", "17", "18", "19"],
)
def test_ebu_tech_3341_tones_between_samples(divisor: int, phase_deg: float, amplitude: float, expected: float) -> None:
    n = np.arange(RATE)
    found = true_peak(faded(amplitude * np.sin(2 * np.pi * n / divisor + np.deg2rad(phase_deg))))
    assert expected - 0.4 <= found <= expected + 0.2


@pytest.mark.parametrize("offset", [0, 1, 2, 3], ids=["20", "21", "22", "23"])
def test_ebu_tech_3341_peaks_at_all_four_offsets(offset: int) -> None:
    """A fs/6 tone of half scale that swells to full scale once, made at four times the rate and thinned out."""
    n = np.arange(4 * RATE)
    centre = n.size // 2
    swell = 0.5 + 0.5 * np.exp(-(((n - centre) / 300.0) ** 2))
    tone = swell * np.cos(2 * np.pi * (n - centre) / 24)
    found = true_peak(faded(tone[offset::4]))
    assert -0.4 <= found <= 0.2


def test_each_phase_delays_by_its_share_and_keeps_the_level() -> None:
    taps = interpolator()
    assert taps.shape == (OVERSAMPLING - 1, TAPS)
    assert taps.sum(axis=1) == pytest.approx(np.ones(3))
    for share in (0.02, 0.2, 0.4):  # of the rate
        wave = np.exp(2j * np.pi * share * (np.arange(TAPS) - (TAPS // 2 - 1)))
        for phase in range(3):
            expected = np.exp(2j * np.pi * share * (phase + 1) / 4)
            assert abs(taps[phase] @ wave - expected) < 0.01


@given(cuts=st.lists(st.integers(1, 20_000), min_size=1, max_size=6), seed=st.integers(0, 9))
@settings(max_examples=20, deadline=None)
def test_leaving_rows_out_never_changes_the_reading(cuts: list[int], seed: int) -> None:
    samples = noise(sum(cuts) / RATE, channels=2, seed=seed)
    samples *= np.linspace(0.1, 1, samples.shape[1], dtype=np.float32)
    full = Oversampler(2)
    whole = np.concatenate([full.push(samples), full.push(np.zeros((2, full.latency), np.float32))])
    assert whole.size == samples.shape[1]
    meter, at = TruePeakMeter(2), 0
    for cut in cuts:
        meter.push(samples[:, at : at + cut])
        at += cut
    assert meter.finish() == pytest.approx(float(whole.max()), rel=1e-6)
    assert (whole >= np.abs(samples).max(axis=0)).all()


def test_peaks_above_a_level_are_exact_and_others_no_lower_than_the_samples() -> None:
    samples = noise(0.5, channels=2)
    full, some = Oversampler(2, exact=True), Oversampler(2, exact=True)
    every, high = full.push(samples), some.push(samples, 0.25)
    over = every > 0.25
    assert over.any()
    np.testing.assert_allclose(high[over], every[over], rtol=1e-6)
    assert (high[~over] <= 0.25).all()


def test_silence_is_minus_infinity() -> None:
    assert true_peak(np.zeros((1, 5_000), np.float32)) == -math.inf
    assert TruePeakMeter(2).finish() == 0.0
