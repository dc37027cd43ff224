from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hausmusik.audio.stretch import Stretcher, stretched_frames
from hausmusik.types import FloatArray
from tests.unit.audio.tones import noise, rms_db, sine

RATE = 16_000


def stretch(samples: FloatArray, ratio: float, *, cut: int = 4_000, rate: int = RATE) -> FloatArray:
    stretcher = Stretcher(rate, samples.shape[0], ratio)
    parts = [stretcher.push(samples[:, at : at + cut]) for at in range(0, samples.shape[1], cut)]
    return np.concatenate([*parts, stretcher.finish()], axis=1)


@given(
    frames=st.integers(0, 20_000),
    ratio=st.floats(0.5, 2.0),
    cuts=st.tuples(st.integers(50, 9_000), st.integers(50, 9_000)),
    channels=st.integers(1, 2),
)
@settings(max_examples=25, deadline=None)
def test_length_is_exact_and_chunks_never_show(frames: int, ratio: float, cuts: tuple[int, int], channels: int) -> None:
    samples = noise(frames / RATE, rate=RATE, channels=channels)
    once, again = (stretch(samples, ratio, cut=cut) for cut in cuts)
    assert once.shape == (channels, stretched_frames(frames, ratio))
    assert once.dtype == np.float32
    np.testing.assert_array_equal(once, again)
    assert np.isfinite(once).all()


def test_ratio_one_passes_untouched() -> None:
    samples = noise(0.5, rate=RATE)
    np.testing.assert_array_equal(stretch(samples, 1.0), samples)


@pytest.mark.parametrize("ratio", [0.5, 0.8, 1.25, 1.9])
def test_the_pitch_stays(ratio: float) -> None:
    tone = stretch(sine(440, 2.0, rate=RATE), ratio)[0]
    spectrum = np.abs(np.fft.rfft(tone * np.hanning(tone.size)))
    assert np.argmax(spectrum) * RATE / tone.size == pytest.approx(440, abs=1.0)
    assert rms_db(tone) == pytest.approx(rms_db(sine(440, 2.0, rate=RATE)), abs=0.2)
    share = (np.sort(spectrum**2)[-12:].sum()) / (spectrum**2).sum()
    assert share > 0.99  # a clean tone: the seams fit


@pytest.mark.parametrize("ratio", [0.6, 1.0, 1.7])
def test_events_stay_where_they_belong(ratio: float) -> None:
    samples = np.zeros((1, 3 * RATE), np.float32)
    for at_s in (0.7, 1.5, 2.4):
        samples[:, round(at_s * RATE) :][:, :800] += sine(1_000, 0.05, rate=RATE)
    power = np.convolve(stretch(samples, ratio)[0] ** 2, np.ones(800), "same")
    for at_s in (0.7, 1.5, 2.4):
        expected = (at_s + 0.025) * ratio * RATE
        near = power[int(expected - 0.06 * RATE) : int(expected + 0.06 * RATE)]
        assert near.max() > 0.5 * power.max()


def test_channels_move_together() -> None:
    left = noise(1.0, rate=RATE)
    both = stretch(np.concatenate([left, -0.5 * left]), 1.3)
    np.testing.assert_allclose(both[1], -0.5 * both[0], atol=1e-6)


def test_silence_stays_silent() -> None:
    assert not stretch(np.zeros((2, 9_000), np.float32), 1.4).any()


@pytest.mark.parametrize("ratio", [0.49, 2.01, float("nan")])
def test_other_ratios_are_refused(ratio: float) -> None:
    with pytest.raises(ValueError):
        Stretcher(RATE, 1, ratio)
