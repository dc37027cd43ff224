from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hausmusik.audio.resample import resample
from hausmusik.audio.source import Source, Taking, source_frames
from hausmusik.audio.wav import WavReader, wav_info
from hausmusik.errors import BadInput
from hausmusik.types import Audio, FloatArray
from tests.unit.audio.tones import noise, rms_db, saved, sine, soft_noise


def take(path: Path, taking: Taking, *, to_hz: int = 48_000, frames: int = 10_000_000, step: int = 9_000) -> FloatArray:
    parts = []
    with Source(WavReader.open(path), taking, to_hz) as source:
        while frames > 0 and (part := source.read(min(step, frames))).shape[1]:
            parts.append(part)
            frames -= part.shape[1]
    return np.concatenate(parts, axis=1)


def test_a_plain_source_is_the_file_resampled(tmp_path: Path) -> None:
    samples = noise(1.3, rate=24_000, channels=2)
    path = saved(tmp_path, "a", samples, 24_000)
    np.testing.assert_array_equal(take(path, Taking()), resample(Audio(samples, 24_000), 48_000).samples)


@given(
    offset_s=st.floats(0, 0.5),
    stretch=st.sampled_from([1.0, 0.7, 1.6]),
    steps=st.tuples(st.integers(100, 60_000), st.integers(100, 60_000)),
)
@settings(max_examples=20, deadline=None)
def test_the_length_is_known_and_the_asking_never_shows(
    tmp_path_factory: pytest.TempPathFactory, offset_s: float, stretch: float, steps: tuple[int, int]
) -> None:
    path = saved(tmp_path_factory.mktemp("source"), "a", noise(0.9, rate=32_000), 32_000)
    taking = Taking(offset_s=offset_s, stretch=stretch)
    once, again = (take(path, taking, step=step) for step in steps)
    assert once.shape[1] == source_frames(wav_info(path), taking, 48_000)
    np.testing.assert_array_equal(once, again)


def test_skipping_is_reading_and_forgetting(tmp_path: Path) -> None:
    path = saved(tmp_path, "a", noise(1.0, rate=16_000), 16_000)
    with Source(WavReader.open(path), Taking(), 48_000) as source:
        source.skip(30_000)
        rest = source.read(100_000)
        source.skip(5)
    np.testing.assert_array_equal(rest, take(path, Taking())[:, 30_000:])


@given(step=st.integers(1_000, 80_000), crossfade_s=st.sampled_from([0.0, 0.1, 0.9]))
@settings(max_examples=12, deadline=None)
def test_a_loop_goes_on_without_dips_or_breaks(
    tmp_path_factory: pytest.TempPathFactory, step: int, crossfade_s: float
) -> None:
    path = saved(tmp_path_factory.mktemp("source"), "a", soft_noise(1.0))
    taking = Taking(loop=True, loop_crossfade_s=crossfade_s)
    looped = take(path, taking, frames=240_000, step=step)
    assert looped.shape == (1, 240_000)
    np.testing.assert_array_equal(looped, take(path, taking, frames=240_000))
    level = [rms_db(looped[:, at : at + 4_800]) for at in range(0, 235_200, 2_400)]
    assert np.ptp(level) < 2.5
    period = 48_000 - round(min(crossfade_s, 0.5) * 48_000)
    np.testing.assert_array_equal(looped[:, 60_000:100_000], looped[:, 60_000 + period : 100_000 + period])


def test_a_seamless_file_loops_without_a_seam(tmp_path: Path) -> None:
    path = saved(tmp_path, "a", sine(100, 1.0))
    looped = take(path, Taking(loop=True, loop_crossfade_s=0), frames=200_000)
    np.testing.assert_allclose(looped, sine(100, 5)[:, :200_000], atol=1e-6)


def test_a_loop_begins_again_at_the_offset(tmp_path: Path) -> None:
    samples = np.concatenate([np.ones((1, 24_000), np.float32), sine(100, 0.5)], axis=1)
    looped = take(saved(tmp_path, "a", samples), Taking(loop=True, loop_crossfade_s=0, offset_s=0.5), frames=100_000)
    assert looped.max() < 0.51


def test_nothing_left_to_play_is_said(tmp_path: Path) -> None:
    info = wav_info(saved(tmp_path, "a", noise(0.5)))
    with pytest.raises(BadInput, match="cannot begin"):
        source_frames(info, Taking(offset_s=0.5), 48_000)
    with pytest.raises(BadInput, match="too short to be looped"):
        source_frames(info, Taking(offset_s=0.49, loop=True), 48_000)
