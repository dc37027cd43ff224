from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hausmusik.audio.clicks import find_clicks
from hausmusik.audio.limiter import Limiter
from hausmusik.audio.truepeak import TruePeakMeter, decibels
from hausmusik.types import FloatArray
from tests.unit.audio.tones import RATE, noise, sine, soft_noise


def limit(samples: FloatArray, ceiling_dbtp: float = -1.0, *, cut: int = 48_000) -> tuple[FloatArray, Limiter]:
    limiter = Limiter(RATE, samples.shape[0], ceiling_dbtp)
    parts = [limiter.push(samples[:, at : at + cut]) for at in range(0, samples.shape[1], cut)]
    return np.concatenate([*parts, limiter.finish()], axis=1), limiter


def true_peak(samples: FloatArray) -> float:
    meter = TruePeakMeter(samples.shape[0])
    meter.push(samples)
    return decibels(meter.finish())


def material(kind: str) -> FloatArray:
    rng = np.random.default_rng(3)
    t = np.arange(RATE) / RATE
    return {
        "noise": lambda: noise(1.0, amplitude=0.8, channels=2),
        "loud from the first sample": lambda: sine(3_000, 1.0, amplitude=2.0) + np.float32(0.5),
        "bass": lambda: sine(45, 1.0, amplitude=1.6),
        "quarter of the rate": lambda: (1.5 * np.sin(2 * np.pi * RATE / 4 * t + 0.785)).astype(np.float32)[None],
        "single samples": lambda: ((rng.random((2, RATE)) < 5e-4) * rng.choice([-4.0, 4.0], (2, RATE))).astype("f4"),
        "square": lambda: (1.3 * np.sign(np.sin(2 * np.pi * 97.3 * t))).astype(np.float32)[None],
        "bursts": lambda: (sine(1_500, 1.0) * (1 + 6 * (np.sin(2 * np.pi * 9 * t) > 0.8))).astype(np.float32),
    }[kind]()


KINDS = ("noise", "loud from the first sample", "bass", "quarter of the rate", "single samples", "square", "bursts")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ceiling_dbtp", [-1.0, -6.0])
def test_no_true_peak_passes_the_ceiling(kind: str, ceiling_dbtp: float) -> None:
    loud = material(kind)
    out, limiter = limit(loud, ceiling_dbtp)
    assert out.shape == loud.shape
    assert out.dtype == np.float32
    assert true_peak(out) <= ceiling_dbtp
    assert true_peak(out) > ceiling_dbtp - 0.3  # and no more is taken than needed
    assert limiter.max_reduction_db == pytest.approx(true_peak(loud) - ceiling_dbtp, abs=0.3)


@given(seed=st.integers(0, 99), drive=st.floats(0.5, 20), sparse=st.floats(0.001, 1), cut=st.integers(200, 30_000))
@settings(max_examples=20, deadline=None)
def test_whatever_comes_the_ceiling_holds(seed: int, drive: float, sparse: float, cut: int) -> None:
    rng = np.random.default_rng(seed)
    loud = (drive * rng.standard_normal((2, 20_000)) * (rng.random((2, 20_000)) < sparse)).astype(np.float32)
    out, _ = limit(loud, cut=cut)
    assert out.shape == loud.shape
    assert np.isfinite(out).all()
    assert true_peak(out) <= -1.0


def test_what_stays_below_passes_bit_for_bit() -> None:
    quiet = noise(0.7, amplitude=0.1, channels=2)
    out, limiter = limit(quiet, cut=5_000)
    np.testing.assert_array_equal(out, quiet)
    assert limiter.max_reduction_db == 0


def test_the_size_of_blocks_does_not_matter() -> None:
    loud = material("bursts")
    np.testing.assert_allclose(limit(loud)[0], limit(loud, cut=777)[0], atol=1e-6)


def test_around_a_peak_the_sound_is_untouched_again_soon() -> None:
    samples = sine(200, 2.0, amplitude=0.5)
    samples[0, 48_000] = 1.6  # about 5 dB too much
    out, _ = limit(samples)
    changed = np.flatnonzero(out != samples)
    assert changed[0] >= 48_000 - 0.006 * RATE
    assert changed[-1] <= 48_000 + 0.6 * RATE  # nine times the release, from 5 dB to a thousandth
    assert np.abs(out - samples)[0, 48_000 + round(0.2 * RATE) :].max() < 0.02


def test_it_turns_down_without_clicks() -> None:
    swell = soft_noise(2.0, amplitude=0.4, channels=2) + sine(110, 2.0, amplitude=0.6)
    swell[:, 40_000:60_000] *= (1 + 2 * np.hanning(20_000)).astype(np.float32)
    swell *= np.minimum(1, np.minimum(np.arange(96_000), np.arange(96_000)[::-1]) / 2_000).astype(np.float32)
    out, limiter = limit(swell)
    assert limiter.max_reduction_db > 3
    assert find_clicks([out], RATE) == ()


def test_channels_are_turned_down_together() -> None:
    loud = np.concatenate([material("bursts"), np.float32(0.25) * material("bursts")])
    out, _ = limit(loud)
    np.testing.assert_allclose(out[1], 0.25 * out[0], atol=1e-6)


def test_a_sound_shorter_than_the_look_ahead_keeps_its_length() -> None:
    for frames in (0, 1, 50, 300):
        out, _ = limit(np.full((2, frames), 2.0, np.float32), cut=48_000)
        assert out.shape == (2, frames)
        assert np.abs(out).max(initial=0) <= 0.9
