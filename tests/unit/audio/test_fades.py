from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.audio.fades import crossfade, declick_track, fade_factors, fade_track
from hausmusik.audio.gain import Curve
from tests.unit.audio.tones import noise, rms_db

CURVES: tuple[Curve, ...] = ("equal-power", "linear", "s-curve")


@pytest.mark.parametrize("curve", CURVES)
def test_fades_rise_from_nothing_to_all(curve: Curve) -> None:
    gains = fade_track(100, 1_100, fade_in=300, fade_out=200, curve=curve).gains(0, 1_200)
    assert not gains[:100].any()
    assert not gains[1_100:].any()
    assert (np.diff(gains[100:400]) > 0).all()
    assert (np.diff(gains[900:1_100]) < 0).all()
    assert (gains[400:900] == 1).all()
    assert gains.min() >= 0
    assert gains.max() <= 1


@pytest.mark.parametrize("curve", CURVES)
def test_a_fade_out_is_a_fade_in_reversed_bit_for_bit(curve: Curve) -> None:
    gains = fade_track(0, 1_000, fade_in=333, fade_out=333, curve=curve).gains(0, 1_000)
    np.testing.assert_array_equal(gains, gains[::-1])
    np.testing.assert_array_equal(gains[:333], fade_factors(curve, 333))


def test_equal_power_keeps_the_power_of_unlike_sounds() -> None:
    rise = fade_factors("equal-power", 4_800)
    np.testing.assert_allclose(rise**2 + rise[::-1] ** 2, 1.0, atol=1e-6)
    mixed = crossfade(noise(2.0, seed=1), noise(2.0, seed=2), fade_factors("equal-power", 96_000))
    middle = rms_db(mixed[:, 43_200:52_800])
    assert middle == pytest.approx(rms_db(noise(2.0, seed=1)), abs=0.2)


@pytest.mark.parametrize("curve", ["linear", "s-curve"])
def test_the_others_keep_the_sum_of_like_sounds(curve: Curve) -> None:
    same = noise(0.1)
    np.testing.assert_allclose(crossfade(same, same, fade_factors(curve, same.shape[1])), same, atol=1e-6)


@given(length=st.integers(0, 2_000), fade_in=st.integers(0, 3_000), fade_out=st.integers(0, 3_000))
def test_fades_longer_than_the_sound_share_it(length: int, fade_in: int, fade_out: int) -> None:
    gains = fade_track(10, 10 + length, fade_in=fade_in, fade_out=fade_out).gains(0, length + 20)
    assert not gains[:10].any()
    assert not gains[10 + length :].any()
    assert np.isfinite(gains).all()
    rise, fall = fade_in, fade_out
    if rise + fall > length:
        rise = length * fade_in // (fade_in + fade_out)
        fall = length - rise if fade_out else 0
    sounding = gains[10 : 10 + length]
    np.testing.assert_array_equal(sounding[:rise], fade_factors("equal-power", rise))
    np.testing.assert_array_equal(sounding[::-1][:fall], fade_factors("equal-power", fall))
    assert (sounding[rise : length - fall] == 1).all()


def test_five_milliseconds_take_the_click_out() -> None:
    gains = declick_track(0, 48_000, 48_000).gains(0, 48_000)
    assert (gains[240:-240] == 1).all()
    assert gains[0] < 1e-4
    assert gains[-1] < 1e-4
    assert np.abs(np.diff(gains, n=2)).max() < 1e-4  # no corner
    assert declick_track(0, 4, 48_000).gains(0, 4).max() < 1  # however short
