from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hausmusik.engines.listening import SAMPLE_RATE_HZ, mono_16k, mono_blocks_16k
from hausmusik.errors import BadInput
from hausmusik.types import Audio


def tone(seconds: float, rate: int, hz: float = 440.0, channels: int = 1) -> Audio:
    wave = 0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)
    return Audio(np.tile(wave.astype(np.float32), (channels, 1)), rate)


@settings(max_examples=20)
@given(st.sampled_from([8_000, 16_000, 22_050, 24_000, 44_100, 48_000]), st.floats(0.01, 2.0), st.integers(1, 3))
def test_length_and_level_stay(rate: int, seconds: float, channels: int) -> None:
    audio = tone(seconds, rate, channels=channels)
    heard = mono_16k(audio)
    assert heard.dtype == np.float32
    assert abs(heard.size - audio.frames * SAMPLE_RATE_HZ / rate) <= 1
    if seconds > 0.1:
        middle = heard[heard.size // 4 : -heard.size // 4]
        assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


def test_blocks_join_exactly() -> None:
    blocks = list(mono_blocks_16k(tone(70.0, 8_000)))
    assert len(blocks) == 3
    steps = np.abs(np.diff(np.concatenate(blocks)))
    assert steps[100:-100].max() <= 2 * np.pi * 440 / SAMPLE_RATE_HZ * 0.51


def test_what_lies_above_8_khz_is_filtered_out() -> None:
    assert np.abs(mono_16k(tone(1.0, 48_000, hz=11_000.0))[1000:-1000]).max() < 0.001


def test_opposite_channels_cancel_and_loud_ones_are_clipped() -> None:
    wave = tone(0.5, 16_000).samples
    assert not mono_16k(Audio(np.concatenate([wave, -wave]), 16_000)).any()
    assert np.abs(mono_16k(Audio(wave * 9, 16_000))).max() == 1.0


def test_the_given_recording_is_not_changed() -> None:
    audio = Audio(np.full((1, 100), 3.0, dtype=np.float32), 16_000)
    mono_16k(audio)
    assert (audio.samples == 3.0).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_a_number_and_empty_are_refused(bad: float) -> None:
    with pytest.raises(BadInput, match="not numbers"):
        mono_16k(Audio.mono([0.0, bad, 0.0], 16_000))
    with pytest.raises(BadInput, match="empty"):
        mono_16k(Audio.mono([], 16_000))
