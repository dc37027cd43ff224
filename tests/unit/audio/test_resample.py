from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hausmusik.audio.resample import Resampler, resample, resampled_frames
from hausmusik.types import Audio
from tests.unit.audio.tones import noise, rms_db, sine

RATES = st.sampled_from([8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000])


@given(
    from_hz=RATES, to_hz=RATES, cuts=st.lists(st.integers(0, 3_000), min_size=1, max_size=6), channels=st.integers(1, 2)
)
@settings(max_examples=40, deadline=None)
def test_length_is_exact_and_chunks_never_show(from_hz: int, to_hz: int, cuts: list[int], channels: int) -> None:
    frames = sum(cuts)
    whole = noise(frames / from_hz, rate=from_hz, channels=channels)
    resampler = Resampler(from_hz, to_hz, channels)
    parts, at = [], 0
    for cut in cuts:
        parts.append(resampler.push(whole[:, at : at + cut]))
        at += cut
    streamed = np.concatenate([*parts, resampler.finish()], axis=1)
    assert streamed.shape == (channels, resampled_frames(frames, from_hz, to_hz))
    assert streamed.dtype == np.float32
    assert np.isfinite(streamed).all()
    np.testing.assert_array_equal(streamed, resample(Audio(whole, from_hz), to_hz).samples)


@pytest.mark.parametrize(("frames", "expected"), [(1, 1), (147, 160), (73, 79), (0, 0), (44_100, 48_000)])
def test_length_is_rounded_half_up(frames: int, expected: int) -> None:
    assert resampled_frames(frames, 44_100, 48_000) == expected
    assert resampled_frames(3, 48_000, 24_000) == 2  # 1.5


@pytest.mark.parametrize(("from_hz", "to_hz"), [(24_000, 48_000), (48_000, 24_000), (44_100, 48_000), (16_000, 48_000)])
def test_nothing_moves_in_time(from_hz: int, to_hz: int) -> None:
    """The centre of a 5 ms bump stays where it was to 1 microsecond."""
    t = np.arange(from_hz) / from_hz
    bump = np.exp(-(((t - 0.4123) / 0.005) ** 2)).astype(np.float32)
    moved = resample(Audio(bump[None], from_hz), to_hz).samples[0].astype(np.float64)
    centre_s = np.sum(np.arange(moved.size) * moved) / moved.sum() / to_hz
    assert centre_s == pytest.approx(0.4123, abs=1e-6)


@pytest.mark.parametrize("hz", [12_500, 13_000, 17_000, 23_000])
def test_tones_above_the_new_nyquist_vanish(hz: float) -> None:
    down = resample(Audio(sine(hz, 1.0), 48_000), 24_000).samples[:, 2_000:-2_000]
    assert rms_db(down) < -100


def test_a_sweep_leaves_no_image_below() -> None:
    t = np.arange(96_000) / 48_000
    sweep = (0.5 * np.sin(2 * np.pi * (13_000 * t + 2_500 * t**2))).astype(np.float32)  # 13 to 23 kHz
    down = resample(Audio(sweep[None], 48_000), 24_000).samples[:, 2_000:-2_000]
    assert rms_db(down) < -100


@pytest.mark.parametrize("hz", [100, 5_000, 10_500])
def test_tones_below_keep_their_level(hz: float) -> None:
    down = resample(Audio(sine(hz, 1.0), 48_000), 24_000).samples[:, 2_000:-2_000]
    assert rms_db(down) == pytest.approx(rms_db(sine(hz, 1.0)), abs=0.01)


@pytest.mark.parametrize("via_hz", [24_000, 44_100, 96_000])
def test_there_and_back_changes_nothing_audible(via_hz: int) -> None:
    original = sum((sine(hz, 1.0, amplitude=0.1) for hz in (60, 440, 3_000, 9_500)), np.float32(0))
    back = resample(resample(Audio(original, 48_000), via_hz), 48_000).samples
    error = (back - original)[:, 3_000:-3_000]
    assert rms_db(original) - rms_db(error) > 110


def test_it_is_linear() -> None:
    a, b = noise(0.2, seed=1), noise(0.2, seed=2)
    together = resample(Audio(a + b, 48_000), 32_000).samples
    apart = resample(Audio(a, 48_000), 32_000).samples + resample(Audio(b, 48_000), 32_000).samples
    np.testing.assert_allclose(together, apart, atol=1e-6)


def test_equal_rates_pass_untouched() -> None:
    audio = Audio(noise(0.1), 48_000)
    assert resample(audio, 48_000) is audio
    resampler = Resampler(48_000, 48_000, 1)
    assert resampler.push(audio.samples) is audio.samples
    assert resampler.finish().shape == (1, 0)


def test_impossible_conversions_are_refused() -> None:
    with pytest.raises(ValueError):
        Resampler(100, 48_000, 1)
    with pytest.raises(ValueError):
        Resampler(48_000, 24_000, 1).push(noise(0.1, channels=2))
