from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hausmusik.audio.clicks import find_clicks
from hausmusik.audio.fades import fade_factors
from hausmusik.types import FloatArray
from tests.unit.audio.tones import RATE, sine, soft_noise

CUTS_S = (1.0131, 2.0272, 3.0415, 4.0553, 5.0612, 6.0714, 7.0831)


def material(kind: str) -> FloatArray:
    if kind == "noise":
        rumble = np.convolve(soft_noise(8, amplitude=0.2)[0], np.hanning(64) / 16)[: 8 * RATE]
        return rumble.astype(np.float32)[None]
    if kind == "voice":  # a vowel of a low voice, swelling and ebbing
        t = np.arange(8 * RATE) / RATE
        tones = sum(np.sin(2 * np.pi * 110 * k * t + k * k) * 0.2 / k for k in range(1, 18))
        return (tones * (0.6 + 0.4 * np.sin(2 * np.pi * 2.3 * t))).astype(np.float32)[None]
    chord = (55.0,) if kind == "bass" else (220.0, 275.0, 330.0, 440.0)
    return sum((sine(hz, 8, amplitude=0.2) for hz in chord), np.float32(0))


def spliced(kind: str, fade_s: float) -> FloatArray:
    """The material jumps to another place at each cut, each time with fades before and after."""
    source = material(kind)
    out, fade = source.copy(), round(fade_s * RATE)
    edges = [0, *(round(cut * RATE) for cut in CUTS_S), source.shape[1]]
    for number in range(1, len(edges) - 1):
        out[:, edges[number] :] = np.roll(source, 9_973 * number + 37)[:, edges[number] :]
    for start, end in itertools.pairwise(edges):
        ends = max(fade, 240) if start == 0 else fade
        out[:, start : start + ends] *= fade_factors("s-curve", ends)
        ends = max(fade, 240) if end == source.shape[1] else fade
        out[:, end - ends : end] *= fade_factors("s-curve", ends)[::-1]
    return out


@pytest.mark.parametrize("kind", ["noise", "voice", "bass", "chord"])
def test_seven_of_seven_hard_cuts_are_found(kind: str) -> None:
    samples = spliced(kind, 0.0)
    found = find_clicks([samples], RATE)
    assert [click.at_s for click in found] == pytest.approx(CUTS_S, abs=0.0001)
    assert find_clicks([samples], RATE, at_s=CUTS_S) == found
    assert find_clicks([samples], RATE, at_s=[0.5, 3.5]) == ()


@pytest.mark.parametrize("kind", ["noise", "voice", "bass", "chord"])
@pytest.mark.parametrize("fade_s", [0.005, 0.020])
def test_five_millisecond_fades_do_not_click(kind: str, fade_s: float) -> None:
    assert find_clicks([spliced(kind, fade_s)], RATE) == ()


@given(cuts=st.lists(st.integers(1, 90_000), min_size=1, max_size=20))
@settings(max_examples=15, deadline=None)
def test_the_size_of_blocks_does_not_matter(cuts: list[int]) -> None:
    samples = np.tile(spliced("chord", 0.0)[:, :200_000], (2, 1))
    edges = np.minimum(np.cumsum([0, *cuts, 200_000]), 200_000)
    blocks = [samples[:, a:b] for a, b in itertools.pairwise(edges)]
    assert find_clicks(blocks, RATE) == find_clicks([samples], RATE)


def test_sound_that_begins_or_ends_abruptly_clicks() -> None:
    found = find_clicks([sine(440, 1.003) + np.float32(0.2)], RATE)
    assert [click.frame for click in found] == pytest.approx([0, 48_143], abs=2)


def test_nothing_and_silence_have_no_clicks() -> None:
    assert find_clicks([], RATE) == ()
    assert find_clicks([np.zeros((1, 0), np.float32), np.zeros((2, 30_000), np.float32)], RATE) == ()


def test_a_click_in_one_channel_in_silence_is_infinite() -> None:
    samples = np.zeros((2, 48_000), np.float32)
    samples[1, 24_000] = 0.1
    (click,) = find_clicks([samples], RATE)
    assert (click.frame, click.at_s, click.ratio) == (24_000, 0.5, float("inf"))
