from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.score.schema import AnyCue, VoiceCue
from hausmusik.score.timeline import Moment, length_to_generate, solve
from tests.unit.score.build import music, score, segment, sound, voice


def two_seconds(_name: str, _cue: AnyCue) -> Moment:
    return Moment(2.0)


def places(*segments: dict, **lengths: float) -> dict[str, tuple[float, float]]:
    timeline = solve(score(*segments), lambda name, _: Moment(lengths.get(name.split("/")[1], 2.0)))
    assert not timeline.problems
    return {name: (round(p.start.s, 3), round(p.end.s, 3)) for name, p in timeline.cues.items()}


def test_lines_follow_one_another_with_a_short_pause() -> None:
    assert places(segment(voice(id="a"), voice(id="b"), voice(id="c", gap_s=1.0))) == {
        "one/a": (0, 2), "one/b": (2.4, 4.4), "one/c": (5.4, 7.4),
    }  # fmt: skip


def test_each_kind_of_placement() -> None:
    cues = [
        voice(id="a", at_s=1.5),
        voice(id="b", after="a", gap_s=0.5),
        voice(id="c", **{"with": "b"}, offset_s=0.25),
        voice(id="d", piece_at_s=7.0),
        sound(id="e", before_end_s=1.0, duration_s=0.5),
        music(id="f", at_s=1.0, until="b"),
    ]
    assert places(segment(*cues, tail_s=1.0)) == {
        "one/a": (1.5, 3.5), "one/b": (4, 6), "one/c": (4.25, 6.25), "one/d": (7, 9), "one/e": (9, 9.5),
        "one/f": (1, 6),
    }  # fmt: skip


def test_music_and_looping_sound_fill_their_segment_and_do_not_lengthen_it() -> None:
    got = places(segment(music(id="m"), sound(id="s", at_s=1), voice(id="v", at_s=3), tail_s=0.5))
    assert got == {"one/m": (0, 5.5), "one/s": (1, 5.5), "one/v": (3, 5)}


def test_a_sound_that_is_not_looped_lasts_as_long_as_it_is() -> None:
    assert places(segment(sound(id="door", fit="trim")), door=1.25) == {"one/door": (0, 1.25)}


def test_segments_overlap_by_their_transition() -> None:
    first, second = (
        segment(music(id="m"), duration_s=10),
        segment(music(id="m"), id="two", duration_s=5, transition={"seconds": 2}),
    )
    timeline = solve(score(first, second), two_seconds)
    assert [(p.start.s, p.end.s) for p in timeline.segments] == [(0, 10), (8, 13)]
    assert timeline.duration_s == 13
    assert timeline.exact


def test_references_reach_into_other_segments_and_to_the_piece() -> None:
    first = segment(voice(id="a"), sound(id="bed", until="piece"))
    second = segment(voice(id="b", after="one/a", gap_s=3), id="two")
    assert places(first, second) == {"one/a": (0, 2), "one/bed": (0, 7), "two/b": (5, 7)}


def test_estimates_taint_everything_that_rests_on_them_and_nothing_else() -> None:
    cues = [voice(id="a"), voice(id="b"), music(id="m"), music(id="fixed", duration_s=4)]
    timeline = solve(score(segment(*cues)), lambda name, _: Moment(2.0, exact=name != "one/a"))
    exact = {name: (p.start.exact, p.end.exact) for name, p in timeline.cues.items()}
    assert exact == {
        "one/a": (True, False), "one/b": (False, False), "one/m": (True, False), "one/fixed": (True, True),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cues", "reason"),
    [
        ([voice(id="a", after="b"), voice(id="b", after="a")], "wait for one another"),
        ([voice(id="a", after="a")], "wait for one another"),
        ([voice(id="a", after="nobody")], "no cue 'nobody'"),
        ([music(id="m")], "nothing says how long"),
        ([voice(id="a", before_end_s=2)], "nothing says how long"),
        ([voice(id="a"), music(id="m", at_s=1, until="segment"), voice(id="c", after="m")], "ends with its cues"),
        ([voice(id="a"), music(id="m", at_s=5, until="a")], "before it starts"),
        ([voice(id="a"), music(id="m", after="a")], "before it starts"),
        ([voice(id="a"), sound(id="s", before_end_s=0)], "before it starts"),
    ],
)
def test_what_cannot_be_placed_is_told_once_with_a_fix(cues: list[dict], reason: str) -> None:
    problems = solve(score(segment(*cues)), two_seconds).problems
    assert len([p for p in problems if reason in p.reason]) == 1
    assert all(p.fix for p in problems)


def test_a_circle_names_its_members() -> None:
    cues = [voice(id="a", after="b"), voice(id="b", **{"with": "c"}), voice(id="c", after="a")]
    (problem,) = solve(score(segment(*cues)), two_seconds).problems
    assert all(f"one/{name}" in problem.reason for name in "abc")


def test_a_thousand_lines_and_three_hundred_segments_need_no_deep_stack() -> None:
    long = segment(*[voice() for _ in range(1_000)])
    timeline = solve(score(long), two_seconds)
    assert timeline.duration_s == pytest.approx(1_000 * 2.4 - 0.4)
    many = [segment(voice(), id=f"s{n}") for n in range(300)]
    many[0]["cues"].append(sound(until="piece"))
    assert solve(score(*many), two_seconds).duration_s == pytest.approx(600)


def test_a_chain_too_long_for_the_stack_is_a_problem_not_a_crash() -> None:
    cues = [voice(id=f"c{n}", after=f"c{n + 1}") for n in range(3_000)] + [voice(id="c3000", at_s=0)]
    problems = solve(score(segment(*cues)), two_seconds).problems
    assert any("too long a chain" in p.reason for p in problems)


@given(st.lists(st.floats(0.1, 60), min_size=1, max_size=12), st.floats(-2, 5))
def test_a_segment_is_as_long_as_its_lines_and_pauses(lengths: list[float], gap_s: float) -> None:
    cues = [voice(id=f"c{n}", gap_s=gap_s) for n in range(len(lengths))]
    timeline = solve(score(segment(*cues)), lambda name, _: Moment(lengths[int(name.split("/c")[1])]))
    ends = [place.end.s for place in timeline.cues.values()]
    assert timeline.duration_s == pytest.approx(max(ends))
    for n in range(1, len(lengths)):
        before, here = timeline.cues[f"one/c{n - 1}"], timeline.cues[f"one/c{n}"]
        assert here.start.s == pytest.approx(before.end.s + gap_s)


def test_generated_length_is_rounded_so_that_small_changes_make_no_new_take() -> None:
    cue, hum = score(segment(music(), sound(), voice())).segments[0].cues[:2]
    assert not isinstance(cue, VoiceCue)
    assert [length_to_generate(cue, s) for s in (0.2, 5.0, 5.99, 12.0)] == [0.2, 4, 4, 12], (
        "so that its ending is heard"
    )
    assert [length_to_generate(hum, s) for s in (0.2, 5.0, 5.01, 12.0)] == [5, 5, 10, 15]
    assert length_to_generate(hum.model_copy(update={"fit": "loop"}), 7_200.0) == 60.0
    exact = cue.model_copy(update={"fit": "extend"})
    assert length_to_generate(exact, 12.3) == 12.3
    asked = cue.model_copy(update={"length_s": 40.0})
    assert length_to_generate(asked, 12.3) == 40.0
