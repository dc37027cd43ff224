from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.engines.speaker.hearing import MEL_BANDS, levelled, mel_filters, mel_frames, without_silences

RATE = 16_000


def tone(seconds: float, hz: float = 300.0, gain: float = 0.2) -> np.ndarray:
    return (gain * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), dtype=np.float32)


def test_filters_are_slaneys() -> None:
    filters = mel_filters()
    assert filters.shape == (201, MEL_BANDS)
    assert filters.min() == 0
    # Known points of librosa.filters.mel(sr=16000, n_fft=400, n_mels=40): peak bins and area normalisation.
    assert [int(np.argmax(filters[:, band])) for band in (0, 10, 20, 39)] == [2, 20, 44, 185]
    np.testing.assert_allclose(filters[:, 20].sum() * 40.0, 1.0, rtol=0.05)


def test_a_tone_lands_in_its_band() -> None:
    frames = mel_frames(tone(1.0, hz=1000.0), mel_filters())
    assert frames.shape == (101, MEL_BANDS)
    assert int(np.argmax(frames[50])) == int(np.argmax(mel_filters()[25]))


def test_mel_power_follows_the_square_of_the_level() -> None:
    sound = tone(0.5)
    np.testing.assert_allclose(
        mel_frames(sound * 2, mel_filters())[20], 4 * mel_frames(sound, mel_filters())[20], rtol=1e-4
    )


def test_quiet_recordings_are_raised_and_loud_ones_left() -> None:
    quiet, loud = tone(1.0, gain=0.001), tone(1.0, gain=0.5)
    rms_db = 20 * np.log10(np.sqrt(np.mean(levelled(quiet) ** 2)))
    assert abs(rms_db + 30.0) < 0.1
    assert levelled(loud) is loud
    assert not levelled(silence(1.0)).any()


def test_long_silences_are_shortened_and_short_ones_kept() -> None:
    recording = np.concatenate([silence(2.0), tone(1.0), silence(0.15), tone(1.0), silence(3.0), tone(1.0)])
    kept = without_silences(recording)
    assert 3.0 <= kept.size / RATE <= 3.9
    assert without_silences(tone(2.0)).size >= 1.9 * RATE


def test_a_noise_floor_is_not_a_voice() -> None:
    noise = 0.003 * np.random.default_rng(1).standard_normal(6 * RATE).astype(np.float32)
    recording = noise + np.concatenate([silence(2.0), tone(2.0), silence(2.0)])
    assert 1.8 <= without_silences(recording).size / RATE <= 2.5


@given(st.integers(0, 4000))
def test_any_length_is_taken(samples: int) -> None:
    assert without_silences(np.ones(samples, dtype=np.float32) * 0.1).size <= samples
    assert without_silences(np.zeros(samples, dtype=np.float32)).size == 0
