from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hausmusik.audio.gain import BEGINNING, END, Curve, GainTrack, Span, chain, curve_track, factor

CURVES: tuple[Curve, ...] = ("equal-power", "linear", "s-curve")

tracks = st.lists(
    st.tuples(
        st.integers(0, 200),
        st.integers(1, 300),
        st.sampled_from(["hold", "rise", "fall", "db", "db-cosine"]),
        st.floats(-40, 10),
        st.floats(-40, 10),
        st.sampled_from(CURVES),
    ),
    max_size=5,
)


def build(parts: list[tuple[int, int, str, float, float, Curve]]) -> GainTrack:
    at, spans = 0, []
    for gap, length, shape, first, last, curve in parts:
        level = factor(first) if shape == "hold" else first
        spans.append(Span(at + gap, at + gap + length, shape, level, last, curve))
        at += gap + length
    return chain(spans, before=0.5, after=0.25)


@given(parts=tracks, cuts=st.lists(st.integers(1, 500), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_cutting_into_blocks_never_changes_a_bit(parts: list, cuts: list[int]) -> None:
    track = build(parts)
    whole = track.gains(-50, sum(cuts))
    at, pieces = -50, []
    for cut in cuts:
        pieces.append(track.gains(at, cut))
        at += cut
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    assert np.isfinite(whole).all()


def test_gaps_hold_what_came_before() -> None:
    track = chain([Span(10, 20, "db", 0.0, -20.0), Span(30, 40, "db", -20.0, 0.0)])
    gains = track.gains(0, 60)
    assert gains[:10].tolist() == [1.0] * 10
    np.testing.assert_allclose(gains[20:30], 0.1, atol=1e-4)
    assert gains[40:].tolist() == [1.0] * 20


def test_a_curve_is_straight_in_decibels() -> None:
    gains = curve_track([(100, 0.0), (200, -40.0), (300, -40.0), (300, -6.0)]).gains(0, 400)
    db = 20 * np.log10(gains)
    np.testing.assert_allclose(db[:100], 0.0, atol=1e-4)
    np.testing.assert_allclose(np.diff(db[100:200]), -0.4, atol=1e-4)
    np.testing.assert_allclose(db[200:300], -40.0, atol=1e-4)
    np.testing.assert_allclose(db[300:], -6.0, atol=1e-4)
    assert curve_track([]).gains(0, 3).tolist() == [1, 1, 1]
    np.testing.assert_allclose(curve_track([(5, -20.0)]).gains(0, 9), 0.1, atol=1e-4)


def test_all_channels_move_alike_and_in_place() -> None:
    samples = np.ones((3, 40), np.float32)
    chain([Span(10, 30, "fall")], after=0.0).apply(samples, 0)
    np.testing.assert_array_equal(samples[0], samples[2])
    assert samples[0, 0] == 1.0
    assert samples[0, 39] == 0.0


@pytest.mark.parametrize(
    "spans",
    [
        [],
        [Span(0, END, "hold")],
        [Span(BEGINNING, 5, "hold"), Span(6, END, "hold")],
        [Span(BEGINNING, 5, "hold"), Span(4, END, "hold")],
        [Span(BEGINNING, 5, "hold"), Span(5, 5, "hold"), Span(5, END, "hold")],
    ],
)
def test_tracks_with_holes_are_refused(spans: list[Span]) -> None:
    with pytest.raises(ValueError):
        GainTrack(spans)
