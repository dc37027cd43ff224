from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hausmusik.audio.activity import activity_intervals
from hausmusik.audio.wav import write_wav
from hausmusik.types import Audio

RATE = 16_000


def bursts(*spans: tuple[float, float], total_s: float, level: float = 0.2) -> Audio:
    noise = np.random.default_rng(0).standard_normal(int(total_s * RATE)).astype(np.float32)
    samples = noise * 0.0005
    for start, end in spans:
        samples[int(start * RATE) : int(end * RATE)] = noise[int(start * RATE) : int(end * RATE)] * level
    return Audio.mono(samples, RATE)


def test_loud_stretches_are_found_and_short_pauses_held(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_wav(path, bursts((1.0, 2.0), (2.3, 3.0), (25.0, 26.0), total_s=30))
    assert activity_intervals(path) == (pytest.approx((1.0, 3.0), abs=0.03), pytest.approx((25.0, 26.0), abs=0.03))


@pytest.mark.parametrize("level", [0.01, 0.5])
def test_the_gate_follows_the_level_of_the_recording(tmp_path: Path, level: float) -> None:
    path = tmp_path / "a.wav"
    write_wav(path, bursts((0.5, 1.5), total_s=3, level=level))
    assert len(activity_intervals(path)) == 1


def test_silence_and_nothing_have_no_intervals(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_wav(path, Audio.mono(np.zeros(RATE), RATE))
    assert activity_intervals(path) == ()
    write_wav(path, Audio.mono(np.zeros(10), RATE))
    assert activity_intervals(path) == ()
