from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from hausmusik.audio.mix import Clip
from hausmusik.score.companions import spoken_of
from hausmusik.score.mixdown import mix_of
from hausmusik.score.plan import Plan, PlannedCue
from hausmusik.score.timeline import Moment, cue_name, solve
from hausmusik.takes.store import Take, TakeRecord
from hausmusik.types import WordTiming
from tests.unit.score.build import music, score, segment, sound, voice

TALK = {"layer": "file", "id": "f", "path": "x.wav", "bus": "voice"}


def planned(
    *segments: dict[str, Any], takes_s: float = 4.0, words: tuple[WordTiming, ...] = (), **more: Any
) -> tuple[Plan, dict]:
    piece = score(*segments, **more)
    timeline = solve(piece, lambda _name, _cue: Moment(takes_s))
    assert not timeline.problems
    cues = tuple(
        PlannedCue(name=name, cue=cue, place=timeline.cues[name], status="kept")
        for part in piece.segments
        for name, cue in ((cue_name(part, index), cue) for index, cue in enumerate(part.cues))
    )
    record = TakeRecord(
        key="0" * 64, instrument="x", request={}, duration_s=takes_s, sample_rate_hz=24_000, channels=1, words=words
    )
    takes = {cue.name: Take(Path("takes") / cue.name, record) for cue in cues}
    return Plan(score=piece, timeline=timeline, cues=cues), takes


def changed(takes: dict[str, Take], **fields: Any) -> dict[str, Take]:
    return {name: Take(take.folder, msgspec.structs.replace(take.record, **fields)) for name, take in takes.items()}


def clips(*segments: dict[str, Any], activity: dict | None = None, **more: Any) -> dict[str, Clip]:
    plan, takes = planned(*segments, **more)
    return {clip.source.parent.name: clip for clip in mix_of(plan, takes, activity or {}).clips}


def early(**cue: Any) -> dict[str, Any]:
    """A segment of 3 s whose cue `f` begins 1 s before the piece."""
    return segment({**TALK, "before_end_s": 4.0, **cue}, voice(id="v"), duration_s=3.0)


def test_a_cue_that_begins_before_the_piece_is_heard_from_there_on() -> None:
    clip = clips(early())["f"]
    assert (clip.start_s, clip.source_offset_s, clip.duration_s) == pytest.approx((0.0, 1.0, 3.0))


def test_a_stretched_cue_is_cut_by_what_its_take_says_in_that_time() -> None:
    clip = clips(early(fit="stretch", duration_s=8.0))["f"]
    assert (clip.source_offset_s, clip.duration_s, clip.stretch) == pytest.approx((0.5, 3.0, 2.0))


def test_a_loop_and_a_sound_that_is_over_before_the_piece_begins() -> None:
    assert clips(early(fit="loop", duration_s=9.0), takes_s=0.5)["f"].source_offset_s == 0.0
    assert "f" not in clips(early(duration_s=9.0), takes_s=0.5)


def test_gain_points_keep_their_place_in_time() -> None:
    points = [{"at_s": 0.5, "gain_db": -10}, {"at_s": 1.5, "gain_db": 0}, {"at_s": 2, "gain_db": -3}]
    assert clips(early(gain_points=points))["f"].gain_points == ((0.0, -5.0), (0.5, 0.0), (1.0, -3.0))
    assert clips(early(gain_points=points[:1]))["f"].gain_points == ((0.0, -10.0),)
    assert clips(early(gain_points=points[2:]))["f"].gain_points == ((1.0, -3.0),)


@pytest.mark.parametrize(("fit", "slot_s", "expected"), [("stretch", 6.0, (1.0, 7.0)), ("trim", 2.0, (1.0, 3.0))])
def test_others_duck_for_as_long_as_a_line_is_heard(fit: str, slot_s: float, expected: tuple[float, float]) -> None:
    piece = segment(voice(id="v", at_s=1.0, fit=fit, duration_s=slot_s), music(id="m"), duration_s=12.0)
    duck = clips(piece)["m"].duck
    assert duck is not None
    assert duck.intervals == (expected,)


def test_a_stretched_file_is_loud_where_it_is_heard() -> None:
    piece = segment({**TALK, "at_s": 1.0, "fit": "stretch", "duration_s": 8.0}, music(id="m"), duration_s=12.0)
    duck = clips(piece, activity={"one/f": ((1.0, 2.0),)})["m"].duck
    assert duck is not None
    assert duck.intervals == ((3.0, 5.0),)


@pytest.mark.parametrize(
    ("cue", "expected"),
    [
        ({}, [("Hello", 1.0, 1.5), ("there.", 2.0, 4.0)]),
        ({"fit": "stretch", "duration_s": 8.0}, [("Hello", 1.0, 2.0), ("there.", 3.0, 7.0)]),
        ({"duration_s": 2.0}, [("Hello", 1.0, 1.5), ("there.", 2.0, 3.0)]),
        ({"duration_s": 0.9}, [("Hello", 1.0, 1.5)]),
        ({"caption": "Only this said", "duration_s": 2.0}, [("Only this said", 1.0, 3.0)]),
    ],
)
def test_captions_say_what_is_heard_when_it_is_heard(cue: dict[str, Any], expected: list) -> None:
    words = (
        WordTiming(text="hello", start_s=0.0, end_s=0.5),
        WordTiming(text="there", start_s=1.0, end_s=3.0),
    )
    plan, takes = planned(segment(voice("Hello there.", id="v", at_s=1.0, **cue), duration_s=12.0), words=words)
    assert [(each.text, each.start_s, each.end_s) for each in spoken_of(plan, takes)] == expected


def test_a_segment_goes_as_the_next_one_comes() -> None:
    plan, takes = planned(
        segment(voice(), id="a", duration_s=6, transition={"seconds": 0, "curve": "s-curve"}),
        segment(voice(), id="b", duration_s=6, transition={"seconds": 2, "curve": "linear"}),
        takes_s=1.0,
    )
    first, second = mix_of(plan, takes, {}).segments
    assert (first.fade_out_s, first.fade_out_curve) == (2, "linear")
    assert (second.fade_in_s, second.fade_in_curve) == (2, "linear")


def test_one_channel_is_matched_as_loud_as_two() -> None:
    """What one channel sends to both sides is 3 dB more than was measured of it."""
    levels = {}
    for channels in (1, 2):
        plan, takes = planned(segment(music(id="m", duration_s=3), duration_s=3))
        matched = changed(takes, channels=channels, loudness_lufs=-30.0)
        levels[channels] = mix_of(plan, matched, {}).clips[0].gain_db
    assert levels[2] - levels[1] == pytest.approx(3.01)


@pytest.mark.parametrize(("own", "heard"), [(None, 1.0), (0.0, 0.0), (-0.5, -0.5)])
def test_a_cues_own_pan_wins_over_its_voices(own: float | None, heard: float) -> None:
    line = voice(id="v", voice="n") | ({} if own is None else {"pan": own})
    assert clips(segment(line), voices={"n": {"pan": 1}})["v"].pan == heard


def test_music_comes_back_in_a_long_pause_within_a_line() -> None:
    said = tuple(WordTiming(text="x", start_s=a, end_s=b) for a, b in ((0.5, 1.0), (1.4, 2.0), (7.0, 7.5)))
    duck = clips(segment(voice(id="v", at_s=1), music(id="m"), duration_s=12), words=said, takes_s=8.0)["m"].duck
    assert duck is not None
    assert duck.intervals == ((1.5, 3.0), (8.0, 8.5))


def test_what_outlasts_its_segment_ends_and_fades_with_it() -> None:
    clip = clips(segment({**TALK, "fade_out_s": 2.0}, duration_s=3), takes_s=10.0)["f"]
    assert (clip.duration_s, clip.fade_out_s, clip.segment) == (3.0, 2.0, 0)


def test_a_take_made_as_a_loop_is_not_crossfaded_again() -> None:
    plan, takes = planned(segment(sound(id="s", fit="loop"), duration_s=9), takes_s=3.0)
    own = {
        name: Take(take.folder, msgspec.structs.replace(take.record, request={"loop": True}))
        for name, take in takes.items()
    }
    assert mix_of(plan, takes, {}).clips[0].loop_crossfade_s == 0.25
    assert mix_of(plan, own, {}).clips[0].loop_crossfade_s == 0.0
