from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hausmusik.audio.ducking import Ducking, Interval, duck_track, merge_intervals
from hausmusik.audio.frames import frame_at

RATE = 8_000
intervals = st.lists(
    st.tuples(st.floats(0, 20), st.floats(0.02, 4)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=8
)


def depth(found: np.ndarray) -> np.ndarray:
    return -20 * np.log10(found.astype(np.float64))


@given(speech=intervals, depth_db=st.floats(0, 40), look_ahead_s=st.floats(0, 1), data=st.data())
@settings(max_examples=60, deadline=None)
def test_while_somebody_speaks_the_depth_is_exact(
    speech: list[Interval], depth_db: float, look_ahead_s: float, data: st.DataObject
) -> None:
    ducking = Ducking(depth_db=depth_db, attack_s=0.15, release_s=0.6, look_ahead_s=look_ahead_s)
    gains = duck_track(data.draw(st.permutations(speech)), ducking, RATE).gains(0, 30 * RATE)
    for start, end in speech:
        found = depth(gains[frame_at(start, RATE) : frame_at(end, RATE)])
        np.testing.assert_allclose(found, depth_db, atol=1e-4)
    assert depth(gains).min() > -1e-4
    assert depth(gains).max() < depth_db + 1e-4


def test_it_is_down_before_the_speech_and_comes_back_after() -> None:
    ducking = Ducking(depth_db=12, attack_s=0.1, release_s=0.5, look_ahead_s=0.2)
    down = depth(duck_track([(2.0, 3.0)], ducking, RATE).gains(0, 5 * RATE))
    assert down[: frame_at(1.7, RATE)].max() < 1e-6
    assert down[frame_at(1.75, RATE)] == pytest.approx(6, abs=0.1)
    assert down[frame_at(1.8, RATE)] == pytest.approx(12, abs=1e-4)
    assert down[frame_at(3.25, RATE)] == pytest.approx(6, abs=0.1)
    assert down[frame_at(3.5, RATE) :].max() < 1e-6
    assert np.abs(np.diff(down, n=2)).max() < 0.001  # no corner


@pytest.mark.parametrize(("gap_s", "comes_back"), [(0.3, False), (0.55, False), (0.94, False), (0.96, True)])
def test_short_pauses_do_not_pump(gap_s: float, comes_back: bool) -> None:
    ducking = Ducking(depth_db=10, attack_s=0.15, release_s=0.6, look_ahead_s=0.2)
    down = depth(duck_track([(1.0, 2.0), (2.0 + gap_s, 4.0)], ducking, RATE).gains(0, 5 * RATE))
    pause = down[2 * RATE : frame_at(2.0 + gap_s, RATE)]
    assert (pause.min() < 0.1) == comes_back
    assert comes_back or pause.min() == pytest.approx(10, abs=1e-4)


@given(speech=intervals, window=st.tuples(st.integers(0, 20 * RATE), st.integers(1, 5 * RATE)))
@settings(max_examples=40, deadline=None)
def test_a_part_of_the_track_is_the_track(speech: list[Interval], window: tuple[int, int]) -> None:
    start, length = window
    part = duck_track(speech, Ducking(), RATE, (start, start + length)).gains(start, length)
    np.testing.assert_array_equal(part, duck_track(speech, Ducking(), RATE).gains(start, length))


def test_intervals_are_merged() -> None:
    assert merge_intervals([(3, 4), (1, 2), (1.5, 2.5), (4, 5), (6, 6)]) == [(1, 2.5), (3, 5)]
    assert merge_intervals([(1, 2), (2.4, 3), (4, 5)], 0.5) == [(1, 3), (4, 5)]
    for wrong in ((2, 1), (float("nan"), 2)):
        with pytest.raises(ValueError):
            merge_intervals([wrong])


@pytest.mark.parametrize("wrong", [{"depth_db": -1}, {"depth_db": float("nan")}, {"attack_s": 0}, {"release_s": 99}])
def test_values_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        Ducking(**wrong)
