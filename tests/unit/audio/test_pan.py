from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.audio.pan import add_to_bus, channel_gains
from tests.unit.audio.tones import noise


def test_a_mono_voice_at_the_centre_keeps_its_level_in_both_channels() -> None:
    voice, bus = noise(0.01), np.zeros((2, 480), np.float32)
    add_to_bus(bus, voice, 1.0, 0.0)
    np.testing.assert_array_equal(bus, np.concatenate([voice, voice]))


@given(pan=st.floats(-1, 1))
def test_a_mono_sound_is_as_loud_anywhere(pan: float) -> None:
    left, right = channel_gains(1, pan)
    assert left**2 + right**2 == pytest.approx(2.0)
    assert (left >= right) == (pan <= 0) or abs(pan) < 1e-9


@given(pan=st.floats(-1, 1))
def test_balance_never_turns_up(pan: float) -> None:
    left, right = channel_gains(2, pan)
    assert max(left, right) == 1.0
    assert channel_gains(2, -pan) == pytest.approx((right, left))


def test_hard_to_one_side_leaves_nothing_on_the_other() -> None:
    for channels in (1, 2):
        bus = np.zeros((2, 480), np.float32)
        add_to_bus(bus, noise(0.01, channels=channels), 1.0, -1.0)
        assert bus[0].any()
        assert not bus[1].any()


def test_a_mono_bus_takes_the_mean() -> None:
    stereo, bus = noise(0.01, channels=2), np.zeros((1, 480), np.float32)
    add_to_bus(bus, stereo, 2.0, 0.7)
    np.testing.assert_allclose(bus[0], stereo.sum(axis=0), atol=1e-6)
    bus[:] = 0
    add_to_bus(bus, stereo[:1], 0.5, 0.7)
    np.testing.assert_array_equal(bus, stereo[:1] * np.float32(0.5))
