from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.engines.procedural.timeline import CELL_FRAMES, RATE_HZ, Timeline, Wander


@given(st.integers(1, 10**7), st.integers(-40, 40))
def test_cells_of_a_loop_divide_it_and_wrap_around(frames: int, number: int) -> None:
    timeline = Timeline(frames, loop=True, seed=1)
    cell, later = timeline.cell(number), timeline.cell(number + timeline.cells)
    assert later.start == cell.start + frames
    assert (later.index, later.frames) == (cell.index, cell.frames)
    assert 0 <= cell.index < timeline.cells
    assert cell.frames <= CELL_FRAMES
    assert timeline.cell(number + 1).start == cell.start + cell.frames
    assert timeline.cell(0).start == 0


def test_cells_of_a_plain_sound_do_not_depend_on_its_length() -> None:
    short, long = Timeline(1000, loop=False, seed=1), Timeline(10**9, loop=False, seed=1)
    assert [short.cell(n) for n in range(-3, 4)] == [long.cell(n) for n in range(-3, 4)]


def test_randomness_depends_on_everything_that_names_it() -> None:
    def first(seed: int = 1, scope: int = 0, name: str = "drops", index: int = 5) -> float:
        return float(Timeline(10, loop=False, seed=seed, scope=scope).generator(name, index).random())

    assert first() == first()
    assert len({first(), first(seed=2), first(scope=1), first(name="dust"), first(index=6), first(index=-5)}) == 6


@pytest.mark.parametrize("loop", [False, True])
def test_events_come_at_their_spacing_once_each(loop: bool) -> None:
    timeline = Timeline(10 * RATE_HZ + 77, loop=loop, seed=3)
    places = [
        timeline.cell(number).start + at
        for number in range(timeline.cells)
        for _, at in timeline.events("tick", 0.5, timeline.cell(number))
    ]
    inside = [place for place in places if place < timeline.frames]
    assert 20 <= len(inside) <= 21
    assert np.diff(places) == pytest.approx(0.5 * RATE_HZ, abs=200 if loop else 1)


def test_events_of_a_loop_come_back() -> None:
    timeline = Timeline(7 * RATE_HZ + 13, loop=True, seed=3)

    def turn(first: int) -> list[tuple[int, int]]:
        cells = [timeline.cell(number) for number in range(first, first + timeline.cells)]
        return [
            (index, cell.start - cells[0].start + at)
            for cell in cells
            for index, at in timeline.events("wave", 0.9, cell, jitter=1.0)
        ]

    assert turn(0) == turn(timeline.cells) == turn(-3 * timeline.cells)
    assert len(turn(0)) == 8


@pytest.mark.parametrize("loop", [False, True])
def test_a_wander_is_smooth_and_about_one_large(loop: bool) -> None:
    timeline = Timeline(600 * RATE_HZ, loop=loop, seed=9)
    times = np.linspace(0, 600, 20_000)
    values = Wander(timeline, "slow", 2.0).curve(times)
    assert 0.7 < values.std() < 1.1
    assert np.abs(np.diff(values)).max() < 0.15
    if loop:
        assert Wander(timeline, "slow", 2.0).at(600.0) == pytest.approx(values[0])
        assert Wander(timeline, "slow", 2.0).at(-1.3) == pytest.approx(Wander(timeline, "slow", 2.0).at(598.7))


def test_a_wander_over_frames_is_its_curve() -> None:
    wander = Wander(Timeline(RATE_HZ, loop=False, seed=2), "x", 0.1)
    frames = wander.over(1234, 3000)
    assert frames.dtype == np.float32
    np.testing.assert_allclose(frames, wander.curve((1234 + np.arange(3000)) / RATE_HZ), atol=2e-3)
