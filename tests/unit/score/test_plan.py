from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hausmusik.audio.files import write_audio
from hausmusik.score.check import check_score, open_score
from hausmusik.score.plan import Plan, Planner, locked_name
from hausmusik.seams import Nature
from hausmusik.takes.record import record_take
from hausmusik.takes.store import TakeStore, copy_take
from hausmusik.testing import FakeClock, FakePlayer, sine
from hausmusik.types import Run
from tests.unit.score.build import music, segment, sound, voice, write

RUN = Run(id="r1")
DEFAULTS: dict[Any, str] = {"speak": "tone-speak", "music": "tone-music", "sound": "tone-sound"}


class Desk:
    """A score on a desk with a player and a shelf of takes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.player = FakePlayer(voices={"tone-speak": {"a", "b"}})
        self.store = TakeStore(folder / "takes")
        self.history: dict[str, str] = {}

    def planner(self, *segments: dict[str, Any], **more: Any) -> Planner:
        more.setdefault("voices", {"n": {"voice": "a"}})
        opened = open_score(write(self.folder, *segments, **more))
        return Planner(
            opened, self.player, self.store, run=RUN, defaults=DEFAULTS, file_length_s=lambda _path: 2.0,
            history=self.history,
        )  # fmt: skip

    def plan(self, *segments: dict[str, Any], **more: Any) -> Plan:
        return self.planner(*segments, **more).plan()

    async def make(self, plan: Plan) -> None:
        for cue in plan.to_make:
            assert cue.request is not None
            await record_take(self.player, self.store, cue.instrument, cue.request, run=RUN, clock=FakeClock())
        self.history = {cue.name: cue.key for cue in plan.cues if cue.key}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def statuses(plan: Plan) -> dict[str, str]:
    return {cue.name: cue.status for cue in plan.cues}


async def test_what_depends_on_an_estimate_waits_for_the_round_after(desk: Desk) -> None:
    cues = [voice(id="v"), music(id="m"), sound(id="s", length_s=3), sound(id="door", fit="trim")]
    first = desk.plan(segment(*cues))
    assert statuses(first) == {"one/v": "make", "one/m": "wait", "one/s": "make", "one/door": "make"}
    assert not first.timeline.exact
    await desk.make(first)
    second = desk.plan(segment(*cues))
    assert statuses(second) == {"one/v": "kept", "one/m": "make", "one/s": "kept", "one/door": "kept"}
    assert second.timeline.exact
    await desk.make(second)
    assert desk.plan(segment(*cues)).finished


async def test_an_explicit_length_waits_for_nobody(desk: Desk) -> None:
    plan = desk.plan(segment(voice(id="v"), music(id="m"), duration_s=20))
    assert statuses(plan) == {"one/v": "make", "one/m": "make"}


async def test_one_changed_line_is_one_stale_take_and_says_why(desk: Desk) -> None:
    def piece(text: str) -> dict[str, Any]:
        return segment(voice(text, id="v"), voice("Other.", id="w"), music(id="m"), duration_s=30)

    await desk.make(desk.plan(piece("Hello.")))
    plan = desk.plan(piece("Hello again."))
    assert statuses(plan) == {"one/v": "make", "one/w": "kept", "one/m": "kept"}
    assert [cue.reason for cue in plan.to_make] == ["text changed"]


async def test_a_new_word_in_the_lexicon_is_only_asked_of_the_lines_that_have_it(desk: Desk) -> None:
    lines = segment(voice("Ask Nguyen’s sister.", id="v"), voice("Ask somebody.", id="w"))

    def piece(**lexicon: str) -> Plan:
        return desk.plan(lines, voices={"n": {"lexicon": lexicon}})

    await desk.make(piece())
    plan = piece(nguyen="win", Gödel="GUR-dul")
    assert statuses(plan) == {"one/v": "make", "one/w": "kept"}
    assert plan.cues[0].request.lexicon == {"nguyen": "win"}
    assert piece(**{"nguyen's": "WIN-niz", "&": "and"}).cues[0].request.lexicon == {"nguyen's": "WIN-niz", "&": "and"}


async def test_a_new_engine_revision_makes_its_takes_stale(desk: Desk) -> None:
    await desk.make(desk.plan(segment(voice(id="v"))))
    desk.player.revisions["tone-speak"] = "2"
    (cue,) = desk.plan(segment(voice(id="v"))).to_make
    assert cue.reason == "engine changed"


async def test_a_locked_take_is_used_whatever_changes(desk: Desk) -> None:
    planner = desk.planner(segment(voice("Hello.", id="v")))
    await desk.make(planner.plan())
    (cue,) = planner.plan().cues
    assert cue.take is not None
    copy_take(cue.take, desk.folder / "piece.takes" / locked_name("one/v"))
    (cue,) = desk.plan(segment(voice("Something else.", id="v"))).cues
    assert (cue.status, cue.reason) == ("locked", "text changed since")
    desk.player = FakePlayer(instruments={"tone-music": "music"})  # a machine that never had the instrument
    (cue,) = desk.plan(segment(voice("Hello.", id="v"))).cues
    assert (cue.status, cue.reason, cue.instrument) == ("locked", "", "tone-speak")


def test_a_voice_of_another_language_is_a_warning_and_told_once(desk: Desk) -> None:
    desk.player.natures = {"tone-speak": Nature(languages=("en-US",))}
    lines = [voice("Hola.", id="a"), voice("Adiós.", id="b")]
    plan = desk.plan(segment(*lines), language="es")
    assert [each.severity for each in plan.problems] == ["warning"]
    assert "reads this as en-US, but the score is in es" in plan.problems[0].reason
    assert plan.errors == ()
    assert desk.plan(segment(*lines), language="en-GB").problems == ()
    own = {"n": {"voice": "a", "language": "en"}}
    assert desk.plan(segment(*lines), language="es", voices=own).problems == ()


def test_a_sound_that_lasts_is_looped_and_an_event_is_heard_once_unless_told(desk: Desk) -> None:
    cues = [voice(), sound(id="s"), sound(id="t", fit="loop")]
    looped = {cue.name: cue for cue in desk.plan(segment(*cues, duration_s=20)).cues}
    assert looped["one/s"].request == looped["one/t"].request
    assert getattr(looped["one/s"].request, "loop", None) is True
    desk.player.natures = {"tone-sound": Nature(one_shot=True)}
    once = {cue.name: cue for cue in desk.plan(segment(*cues, duration_s=20)).cues}
    assert (once["one/s"].cue.fit, once["one/t"].cue.fit) == ("trim", "loop")
    assert (getattr(once["one/s"].request, "loop", None), getattr(once["one/s"].request, "duration_s", None)) == (
        False,
        0,
    )


def test_files_voices_hosts_and_seeds_reach_the_request(desk: Desk) -> None:
    write_audio(desk.folder / "x.wav", sine(440, 2.0))
    cues = [
        {"layer": "file", "id": "f", "path": "x.wav", "source_at_s": 0.5},
        voice(id="v", voice="n", seed=9),
        voice(id="w", voice="blend", host="fake"),
    ]
    voices = {"n": {"voice": "b", "speed": 1.2}, "blend": {"blend": {"a": 0.5, "b": 0.5}}}
    plan = desk.plan(segment(*cues), voices=voices, seed=4)
    f, v, w = plan.cues
    assert f.status == "file"
    assert f.place.duration_s == pytest.approx(1.5)
    assert (v.request.voice, v.request.speed, v.request.seed) == ({"b": 1.0}, 1.2, 9)
    assert (w.request.voice, w.request.seed) == ({"a": 0.5, "b": 0.5}, 4)


@pytest.mark.parametrize(
    ("cue", "more", "reason"),
    [
        (voice(voice="n"), {"voices": {"n": {"voice": "zzz"}}}, "has no voice zzz"),
        (music(instrument="nothing"), {}, "no instrument nothing"),
        (music(instrument="tone-speak"), {}, "cannot play a MusicRequest"),
    ],
)
def test_what_the_instruments_refuse_is_a_problem_with_its_line(
    desk: Desk, cue: dict[str, Any], more: dict[str, Any], reason: str
) -> None:
    problems = desk.plan(segment(cue, duration_s=5), **more).problems
    assert len([p for p in problems if reason in p.reason and p.line > 0]) == 1, problems


def test_a_file_that_is_over_before_it_begins_is_a_problem(desk: Desk) -> None:
    write_audio(desk.folder / "x.wav", sine(440, 2.0))
    (problem,) = desk.plan(segment({"layer": "file", "path": "x.wav", "source_at_s": 2.0, "duration_s": 1})).problems
    assert "is over after 2.00 s" in problem.reason
    assert problem.line > 0


async def test_a_transition_longer_than_a_segment_of_lines_is_told_once_its_length_is_known(desk: Desk) -> None:
    piece = (segment(voice("One."), id="a"), segment(voice("Two."), id="b", transition={"seconds": 5}, tail_s=9))
    plan = desk.plan(*piece)
    assert not plan.problems
    await desk.make(plan)
    (problem,) = desk.plan(*piece).problems
    assert "longer than segment 'a'" in problem.reason
    assert problem.line > 0


async def test_a_line_that_outlasts_its_segment_is_told_once_its_length_is_known(desk: Desk) -> None:
    piece = segment(voice("One two three four five six seven eight nine ten.", id="v"), duration_s=1)
    plan = desk.plan(piece)
    assert not plan.problems
    await desk.make(plan)
    (problem,) = desk.plan(piece).problems
    assert "still speaking" in problem.reason
    assert "raise the segment's duration_s" in problem.fix


def calls_of(work: Callable[[], object]) -> int:
    """How many functions are called: what a clock would say, without the machine's moods."""
    count = 0

    def note(_frame: object, event: str, _arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def test_twice_the_cues_are_twice_the_work_even_with_a_problem_in_each(desk: Desk) -> None:
    checks: list[int] = []
    plans: list[int] = []
    for size in (60, 120):
        lines = [voice(f"Line {n}.", id=f"v{n}", instrument="nothing") for n in range(size)]
        piece = segment(*lines, music(id="m", duck={"by": [f"v{n}" for n in range(size)]}))
        path = write(desk.folder, piece)
        checks.append(calls_of(lambda path=path: check_score(path)))
        planner = desk.planner(piece)
        plans.append(calls_of(planner.plan))
        assert len(planner.plan().problems) == size
    assert checks[1] / checks[0] < 2.2
    assert plans[1] / plans[0] < 2.2
