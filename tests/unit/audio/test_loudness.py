from __future__ import annotations

import math

import av
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hausmusik.audio.kweighting import KWeighting, k_weighting_coefficients
from hausmusik.audio.loudness import LoudnessMeter, measure
from hausmusik.types import Audio, FloatArray
from tests.unit.audio.tones import RATE, noise, sine, soft_noise


def steps(*levels: tuple[float, float], channels: int = 2) -> Audio:
    """A 1 kHz tone at `(peak dBFS, seconds)` after one another."""
    tone = sine(1_000, sum(seconds for _, seconds in levels), amplitude=1.0, channels=channels)
    at = 0
    for level, seconds in levels:
        frames = round(seconds * RATE)
        tone[:, at : at + frames] *= np.float32(10 ** (level / 20))
        at += frames
    return Audio(tone, RATE)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([(-23, 20)], -23.0),
        ([(-33, 20)], -33.0),
        ([(-36, 10), (-23, 60), (-36, 10)], -23.0),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23.0),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23.0),
    ],
    ids=["1", "2", "3", "4", "5"],
)
def test_ebu_tech_3341_integrated(levels: list[tuple[float, float]], expected: float) -> None:
    assert measure(steps(*levels)).integrated_lufs == pytest.approx(expected, abs=0.1)


def test_ebu_tech_3341_case_6_surround() -> None:
    tone = np.tile(sine(1_000, 20, amplitude=1.0), (5, 1))
    tone *= np.float32(10) ** (np.array([-28, -28, -24, -30, -30], np.float32) / 20)[:, None]
    assert measure(Audio(tone, RATE)).integrated_lufs == pytest.approx(-23.0, abs=0.1)


def test_ebu_tech_3341_case_1_momentary_and_short_term() -> None:
    found = measure(steps((-23, 20)))
    assert found.momentary_max_lufs == pytest.approx(-23.0, abs=0.1)
    assert found.short_term_max_lufs == pytest.approx(-23.0, abs=0.1)


def test_ebu_tech_3341_case_9_short_term() -> None:
    assert measure(steps(*[(-20, 1.34), (-30, 1.66)] * 5)).short_term_max_lufs == pytest.approx(-23.0, abs=0.1)


def test_ebu_tech_3341_case_12_momentary() -> None:
    assert measure(steps(*[(-20, 0.18), (-30, 0.22)] * 25)).momentary_max_lufs == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([(-20, 20), (-30, 20)], 10),
        ([(-20, 20), (-15, 20)], 5),
        ([(-40, 20), (-20, 20)], 20),
        ([(-50, 20), (-35, 20), (-20, 20), (-35, 20), (-50, 20)], 15),
    ],
)
def test_ebu_tech_3342_range(levels: list[tuple[float, float]], expected: float) -> None:
    assert measure(steps(*levels)).range_lu == pytest.approx(expected, abs=1.0)


def by_ffmpeg(audio: Audio) -> tuple[float, float]:
    """Integrated loudness and range as FFmpeg's `ebur128` reads them."""
    layout = "mono" if audio.channels == 1 else "stereo"
    graph = av.filter.Graph()
    rate = audio.sample_rate_hz
    source = graph.add_abuffer(sample_rate=rate, layout=layout, format="fltp", time_base=f"1/{rate}")
    meter, sink = graph.add("ebur128", "metadata=1"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(audio.samples, format="fltp", layout=layout)
    frame.sample_rate, frame.pts = rate, 0
    graph.push(frame)
    graph.push(None)
    last = {}
    while True:
        try:
            last = dict(graph.pull().metadata) or last
        except (av.error.EOFError, av.error.BlockingIOError):
            return float(last["lavfi.r128.I"]), float(last["lavfi.r128.LRA"])


def swelling(seconds: float, rate: int, channels: int) -> FloatArray:
    swell = 0.02 + np.abs(np.sin(2 * np.pi * 0.13 * np.arange(round(seconds * rate)) / rate))
    return (soft_noise(seconds, rate=rate, channels=channels) * swell).astype(np.float32)


@pytest.mark.parametrize("rate", [16_000, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("kind", ["noise", "swelling", "bass", "rumble"])
def test_it_reads_what_ffmpeg_reads(rate: int, channels: int, kind: str) -> None:
    samples = {
        "noise": lambda: noise(6, rate=rate, channels=channels),
        "swelling": lambda: swelling(9, rate, channels),
        "bass": lambda: sine(60, 6, rate=rate, channels=channels),
        "rumble": lambda: sine(9, 6, rate=rate, channels=channels) + noise(6, rate=rate, channels=channels) + 0.1,
    }[kind]()
    audio = Audio(samples.astype(np.float32), rate)
    found, (integrated, loudness_range) = measure(audio), by_ffmpeg(audio)
    assert found.integrated_lufs == pytest.approx(integrated, abs=0.02)
    assert found.range_lu == pytest.approx(loudness_range, abs=0.1)


def test_the_coefficients_are_those_of_bs_1770() -> None:
    (shelf_b, shelf_a), (pass_b, pass_a) = k_weighting_coefficients(48_000)
    assert shelf_b == pytest.approx([1.53512485958697, -2.69169618940638, 1.19839281085285], abs=1e-6)
    assert shelf_a == pytest.approx([1.0, -1.69065929318241, 0.73248077421585], abs=1e-6)
    assert pass_b == pytest.approx([1.0, -2.0, 1.0])
    assert pass_a == pytest.approx([1.0, -1.99004745483398, 0.99007225036621], abs=1e-6)


@pytest.mark.parametrize("rate", [8_000, 12_345, 44_100, 96_000])
def test_the_block_form_is_the_recursive_filter(rate: int) -> None:
    samples = noise(0.5, rate=rate)[0] + np.float32(0.2)
    y = samples.astype(np.float64)
    for b, a in k_weighting_coefficients(rate):
        out, state = np.empty_like(y), [0.0, 0.0]
        for n, x in enumerate(y):
            out[n] = b[0] * x + state[0]
            state = [b[1] * x - a[1] * out[n] + state[1], b[2] * x - a[2] * out[n]]
        y = out
    meter = KWeighting(rate, 1)
    found = meter.push(samples[None])[0]
    expected = [np.mean(y[k * meter.hop : (k + 1) * meter.hop] ** 2) for k in range(found.size)]
    assert found.size == samples.size // meter.hop
    assert found == pytest.approx(expected, rel=1e-4)


@given(cuts=st.lists(st.integers(1, 40_000), min_size=1, max_size=12))
@settings(max_examples=15, deadline=None)
def test_the_size_of_blocks_does_not_matter(cuts: list[int]) -> None:
    samples = soft_noise(sum(cuts) / 24_000, rate=24_000, channels=2)
    meter, at = LoudnessMeter(24_000, 2), 0
    for cut in cuts:
        meter.push(samples[:, at : at + cut])
        at += cut
    found, whole = meter.finish(), measure(Audio(samples, 24_000))
    assert found.true_peak_dbtp == pytest.approx(whole.true_peak_dbtp, abs=1e-4)  # floats, summed in another order
    assert msgspec.structs.replace(found, true_peak_dbtp=0.0) == msgspec.structs.replace(whole, true_peak_dbtp=0.0)


@given(gain_db=st.floats(-40, 20))
@settings(max_examples=20, deadline=None)
def test_gain_moves_every_reading_alike(gain_db: float) -> None:
    samples = soft_noise(4, rate=24_000, amplitude=0.3)
    plain, moved = (measure(Audio(samples * np.float32(10 ** (db / 20)), 24_000)) for db in (0.0, gain_db))
    for name in ("integrated_lufs", "momentary_max_lufs", "short_term_max_lufs", "true_peak_dbtp"):
        assert getattr(moved, name) - getattr(plain, name) == pytest.approx(gain_db, abs=1e-3)
    assert moved.range_lu == pytest.approx(plain.range_lu, abs=1e-3)


def test_silence_has_no_loudness() -> None:
    for samples in (np.zeros((2, 96_000), np.float32), sine(1_000, 2, amplitude=1e-5), np.zeros((1, 0), np.float32)):
        found = measure(Audio(samples, RATE))
        assert found.silent
        assert found.integrated_lufs == -math.inf
        assert found.range_lu == 0


@pytest.mark.parametrize("seconds", [0.03, 0.25, 0.399])
def test_a_very_short_sound_is_measured_as_a_whole(seconds: float) -> None:
    assert measure(Audio(sine(1_000, seconds, channels=2), RATE)).integrated_lufs == pytest.approx(-6, abs=0.5)


@pytest.mark.parametrize("rate", [1_000, 4_000, 11_025, 192_000])
def test_unusual_rates_can_be_measured(rate: int) -> None:
    found = measure(Audio(sine(300, 1.5, rate=rate, channels=2), rate))
    assert found.integrated_lufs == pytest.approx(-6.9, abs=2.5)


def test_three_channels_are_refused() -> None:
    with pytest.raises(ValueError):
        LoudnessMeter(RATE, 3)
