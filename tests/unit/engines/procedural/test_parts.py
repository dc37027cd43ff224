from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hausmusik.engines.procedural.grains import Room, bubble, burst, from_afar, ringing
from hausmusik.engines.procedural.levels import CEILING, fade_ends, gain_for, limited
from hausmusik.engines.procedural.parts import Bed, Series, Shower, place
from hausmusik.engines.procedural.rendering import render
from hausmusik.engines.procedural.spectrum import air, band, curve, frequencies, levelled
from hausmusik.engines.procedural.timeline import CELL_FRAMES, RATE_HZ, Timeline
from hausmusik.engines.procedural.tones import Tones

FLAT = levelled(curve(((20, 0), (20_000, 0))))


def sound(timeline: Timeline, *parts: object) -> np.ndarray:
    return np.concatenate(list(render(timeline, parts)), axis=1)  # type: ignore[arg-type]


@pytest.mark.parametrize("loop", [False, True])
def test_a_bed_is_as_loud_as_its_shape_everywhere(loop: bool) -> None:
    timeline = Timeline(40 * CELL_FRAMES, loop=loop, seed=1)
    noise = sound(timeline, Bed(timeline, "bed", FLAT * np.float32(0.1)))
    assert noise.dtype == np.float32
    # The variance by position within a cell: a fade of the wrong law would dip by 3 dB in the middle.
    power = np.mean(noise.reshape(2, 40, 8, CELL_FRAMES // 8) ** 2, axis=(0, 1, 3))
    assert np.sqrt(power) == pytest.approx(0.1, rel=0.03)


def test_a_bed_has_the_spectrum_it_was_given() -> None:
    timeline = Timeline(60 * CELL_FRAMES, loop=False, seed=2)
    noise = sound(timeline, Bed(timeline, "bed", levelled(band(1000.0, 0.2))))[0]
    power = np.abs(np.fft.rfft(noise)) ** 2
    hertz = np.fft.rfftfreq(noise.size, 1 / RATE_HZ)
    inside = power[(hertz > 600) & (hertz < 1600)].sum() / power.sum()
    assert inside > 0.98
    assert abs((power * hertz).sum() / power.sum() - 1010) < 60


def test_channels_differ_above_and_agree_below() -> None:
    timeline = Timeline(60 * CELL_FRAMES, loop=False, seed=2)

    def agreement(shape: np.ndarray) -> float:
        left, right = sound(timeline, Bed(timeline, "bed", shape))
        return float(np.corrcoef(left, right)[0, 1])

    assert abs(agreement(levelled(band(3000.0, 0.3)))) < 0.1
    assert agreement(levelled(band(80.0, 0.2))) > 0.8


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 5 * CELL_FRAMES), st.booleans())
def test_lengths_are_exact(frames: int, loop: bool) -> None:
    frames = max(frames, 500) if loop else frames
    timeline = Timeline(frames, loop=loop, seed=4)
    assert sound(timeline, Bed(timeline, "bed", FLAT)).shape == (2, frames)


def test_what_rings_on_past_the_end_of_a_loop_sounds_at_its_beginning() -> None:
    timeline = Timeline(RATE_HZ, loop=True, seed=4)
    event = np.ones(RATE_HZ // 2, dtype=np.float32)
    once = Series(timeline, "once", 1.0, lambda random, index: (event, 0.0), longest_s=0.5, jitter=1.0)
    noise = sound(timeline, once)[0]
    assert np.count_nonzero(noise) == RATE_HZ // 2
    rolled = np.roll(noise, -int(np.argmax((noise > 0) & (np.roll(noise, 1) == 0))))
    np.testing.assert_allclose(rolled[: RATE_HZ // 2], rolled[0])


def test_a_shower_has_its_rate_and_reaches_both_sides() -> None:
    timeline = Timeline(60 * RATE_HZ, loop=False, seed=5)
    click = np.ones(1, dtype=np.float32)
    shower = Shower(timeline, "s", [click], rate_hz=20.0, gain=lambda random, count: np.ones(count), spread=1.0)
    left, right = sound(timeline, shower)
    assert np.count_nonzero(left) == pytest.approx(1200, rel=0.1)
    assert float(np.sum(left)) == pytest.approx(float(np.sum(right)), rel=0.1)


def test_panning_keeps_the_power_and_delays_the_far_ear() -> None:
    event = np.ones(10, dtype=np.float32)
    for pan in (-1.0, -0.3, 0.0, 0.6, 1.0):
        out = np.zeros((2, 100), dtype=np.float32)
        place(out, 5, event, 0.5, pan)
        assert np.sum(out**2) == pytest.approx(2 * 10 * 0.25, rel=1e-3)
    first = [int(np.argmax(channel > 0)) for channel in out]
    assert first[1] == 5
    out[:] = 0
    place(out, 5, event, 0.5, 0.5)
    assert int(np.argmax(out[0] > 0)) == 5 + 14


def test_tones_of_a_loop_fit_it() -> None:
    timeline = Timeline(RATE_HZ, loop=True, seed=1)
    wave = sound(timeline, Tones(timeline, "hum", ((50.3, 0.5),), swing=0.0, width=0.0))[0]
    power = np.abs(np.fft.rfft(wave)) ** 2
    assert int(np.argmax(power)) == 50
    assert power[50] / power.sum() > 0.9999


@pytest.mark.parametrize(
    "event",
    [
        ringing([(440.0, 0.05, 1.0), (1000.0, 0.01, 0.5)]),
        bubble(1500.0),
        burst(np.random.default_rng(1), 0.01, ((500, 0), (4000, -6))),
        from_afar(bubble(1500.0), 0.7),
        Room(np.random.default_rng(1), decay_s=0.3, wet=0.2, early_s=0.01).answer(bubble(900.0))[0],
    ],
)
def test_small_sounds_begin_and_end_at_zero(event: np.ndarray) -> None:
    assert event.dtype == np.float32
    assert np.isfinite(event).all()
    peak = np.abs(event).max()
    assert abs(event[-1]) < 1e-3 * peak
    assert abs(event[0]) < 0.35 * peak


def test_distance_takes_the_highs_and_does_not_ring_before() -> None:
    near = burst(np.random.default_rng(1), 0.01, ((500, 0), (12_000, 0)))
    padded = np.concatenate([np.zeros(200, dtype=np.float32), near])
    far = from_afar(padded, 0.9)
    assert np.abs(far[:190]).max() < 2e-3 * np.abs(far).max()

    def brightness(event: np.ndarray) -> float:
        power = np.abs(np.fft.rfft(event)) ** 2
        return float((power * np.fft.rfftfreq(event.size, 1 / RATE_HZ)).sum() / power.sum())

    assert brightness(far) < 0.3 * brightness(padded)
    assert air(0.0).min() == 1.0
    assert air(1.0)[frequencies() > 8000].max() < 0.05


def test_limiting_bends_and_never_clips() -> None:
    loud = np.linspace(-4, 4, 1001, dtype=np.float32)[None, :]
    bent = limited(loud)
    assert np.abs(bent).max() <= CEILING
    assert (np.diff(bent[0]) >= 0).all()
    quiet = loud * np.float32(0.1)
    assert limited(quiet) is quiet


def test_gain_reaches_the_target_but_not_with_absurd_peaks() -> None:
    noise = 0.01 * np.random.default_rng(1).standard_normal((2, 5 * RATE_HZ)).astype(np.float32)
    assert 20 * np.log10(gain_for(noise)) == pytest.approx(
        -26 - gain_for.__globals__["measure"](_audio(noise)).integrated_lufs
    )
    assert gain_for(np.zeros((2, RATE_HZ), dtype=np.float32)) == 1.0
    sparse = np.zeros((2, 5 * RATE_HZ), dtype=np.float32)
    sparse[:, 100:110] = 0.2
    assert gain_for(sparse) * 0.2 <= 2.0


def _audio(samples: np.ndarray) -> object:
    from hausmusik.types import Audio

    return Audio(samples, RATE_HZ)


@given(st.integers(1, 5000), st.integers(1, 700))
@settings(deadline=None, max_examples=30)
def test_fades_do_not_depend_on_the_blocks(frames: int, step: int) -> None:
    whole = np.ones((2, frames), dtype=np.float32)
    fade_ends(whole, 0, frames)
    parts = np.ones((2, frames), dtype=np.float32)
    for start in range(0, frames, step):
        fade_ends(parts[:, start : start + step], start, frames)
    np.testing.assert_array_equal(whole, parts)
    if frames > 1:
        assert whole[0, 0] < 0.8
        assert whole[0, -1] < 0.8
