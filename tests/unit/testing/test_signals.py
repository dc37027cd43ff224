from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.testing import noise, planted_cuts, silence, sine, speech_like
from hausmusik.types import Audio


def level_db(audio: Audio) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(audio.samples.astype(np.float64) ** 2))))


@given(st.floats(0.05, 2.0), st.sampled_from([8_000, 24_000, 44_100, 48_000]), st.integers(1, 3))
def test_lengths_and_shapes_are_exact(duration_s: float, rate_hz: int, channels: int) -> None:
    for audio in (
        silence(duration_s, rate_hz=rate_hz, channels=channels),
        sine(200, duration_s, rate_hz=rate_hz, channels=channels),
        noise(duration_s, rate_hz=rate_hz, channels=channels),
    ):
        assert audio.samples.shape == (channels, round(duration_s * rate_hz))
        assert audio.sample_rate_hz == rate_hz


def test_levels_and_frequency() -> None:
    tone = sine(1_000, 1.0, level_db=-12.0)
    assert level_db(tone) == pytest.approx(-12.0, abs=0.01)
    assert np.argmax(np.abs(np.fft.rfft(tone.samples[0]))) == 1_000
    assert level_db(noise(1.0, level_db=-30.0)) == pytest.approx(-30.0, abs=0.01)
    assert level_db(speech_like(3.0)) == pytest.approx(-23.0, abs=0.01)
    assert not silence(1.0).samples.any()


def test_the_same_seed_is_the_same_sound_and_another_is_not() -> None:
    for make in (noise, speech_like):
        assert make(0.5, seed=3).samples.tobytes() == make(0.5, seed=3).samples.tobytes()
        assert make(0.5, seed=3).samples.tobytes() != make(0.5, seed=4).samples.tobytes()
    left, right = noise(0.5, channels=2).samples
    assert abs(np.corrcoef(left, right)[0, 1]) < 0.05


def test_speech_has_pauses() -> None:
    audio = speech_like(6.0)
    assert audio.frames == 6 * 48_000
    frames = audio.samples[0][: 6 * 48_000].reshape(-1, 480)
    quiet = np.mean(np.sqrt(np.mean(frames**2, axis=1)) < 1e-4)
    assert 0.1 < quiet < 0.6


@pytest.mark.parametrize("cuts", [1, 7])
def test_every_planted_cut_is_a_real_step(cuts: int) -> None:
    audio = sine(220, 10.0, channels=2)
    planted = planted_cuts(audio, cuts, seed=1)
    assert planted.audio.samples.shape == audio.samples.shape
    assert len(planted.cuts_s) == cuts
    usual = np.abs(np.diff(audio.samples[0])).max()
    steps = np.abs(np.diff(planted.audio.samples[0]))
    places = np.flatnonzero(steps > 3 * usual) + 1
    assert places.tolist() == [round(cut_s * 48_000) for cut_s in planted.cuts_s]


def test_too_many_cuts_are_refused() -> None:
    for cuts in (0, 10):
        with pytest.raises(ValueError, match="too short"):
            planted_cuts(sine(220, 1.0), cuts)
