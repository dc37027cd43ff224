from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.engines.whisper.windows import SECTION_S, WINDOW_S, Piece, Window, sections, windows

RATE = 16_000


def blocks(seconds: float, *, seed: int = 1, quiet_at: float | None = None) -> Iterator[np.ndarray]:
    random = np.random.default_rng(seed)
    for start in range(0, round(seconds * RATE), 30 * RATE):
        size = min(30 * RATE, round(seconds * RATE) - start)
        block = 0.1 * random.standard_normal(size).astype(np.float32)
        if quiet_at is not None and start <= quiet_at * RATE < start + size:
            at = round(quiet_at * RATE) - start
            block[max(0, at - 4000) : at + 4000] = 0
        yield block


@pytest.mark.parametrize("seconds", [0.0001, 20.0, 120.0, 120.001, 150.0, 263.7])
def test_sections_are_contiguous_and_bounded(seconds: float) -> None:
    whole = np.concatenate(list(blocks(seconds)))
    at = 0
    for start, section in sections(blocks(seconds)):
        assert start == at
        assert 0 < section.size <= SECTION_S * RATE
        np.testing.assert_array_equal(section, whole[at : at + section.size])
        at += section.size
    assert at == whole.size


def test_sections_are_cut_where_it_is_quiet() -> None:
    (_, first), (start, _) = sections(blocks(150.0, quiet_at=108.0))
    assert abs(first.size / RATE - 108.0) < 0.3
    assert start == first.size


@given(st.lists(st.tuples(st.integers(1, 27 * RATE), st.integers(0, 5 * RATE)), max_size=6), st.integers(0, 10**7))
def test_windows_keep_all_speech_and_its_place(lengths: list[tuple[int, int]], start: int) -> None:
    spoken: list[tuple[int, int]] = []
    at = 0
    for length, gap in lengths:
        spoken.append((at + gap, at + gap + length))
        at += gap + length
    section = np.arange(at + 1, dtype=np.float32)
    found = list(windows(start, section, lambda _: spoken))
    assert all(window.samples.size <= WINDOW_S * RATE for window in found)
    np.testing.assert_array_equal(
        np.concatenate([window.samples for window in found] or [section[:0]]),
        np.concatenate([section[first:last] for first, last in spoken] or [section[:0]]),
    )
    for window in found:
        for offset in {0, window.samples.size // 2, window.samples.size - 1}:
            place, _ = window.original_span_s(offset / RATE, offset / RATE)
            assert place * RATE == pytest.approx(start + float(window.samples[offset]), abs=0.51)


def test_nobody_speaks() -> None:
    assert list(windows(0, np.zeros(1000, dtype=np.float32), lambda _: [])) == []


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (20, 60, (1620, 1660)),
        (60, 100, (1660, 1700)),
        (100, 150, (16_000, 16_050)),
        (90, 150, (16_000, 16_050)),  # begins a hair before the joint, and is said behind it
        (50, 104, (1650, 1700)),  # ends a hair behind the joint
        (150, 260, (16_050, 16_100)),
        (-5, 10, (1600, 1610)),
        (190, 260, (16_090, 16_100)),
    ],
)
def test_a_word_at_a_joint_lies_on_the_side_of_its_middle(start: int, end: int, expected: tuple[int, int]) -> None:
    window = Window(np.zeros(200, dtype=np.float32), (Piece(0, 1600), Piece(100, 16_000)))
    found = window.original_span_s(start / RATE, end / RATE)
    assert [round(each * RATE) for each in found] == list(expected)
