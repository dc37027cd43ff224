"""What is told of a piece's times once they are known."""

from __future__ import annotations

from typing import Any

import pytest

from hausmusik.score.objections import objections
from hausmusik.score.reading import Problem
from hausmusik.score.timeline import Moment, solve
from tests.unit.score.build import music, score, segment, sound, voice

FILE = {"layer": "file", "path": "x.wav", "id": "f"}


def told(*segments: dict[str, Any], takes_s: float = 4.0, exact: bool = True) -> list[Problem]:
    piece = score(*segments)
    length = Moment(takes_s, exact)
    return objections(piece, solve(piece, lambda _name, _cue: length), lambda _name, _cue: length)


@pytest.mark.parametrize(
    ("cue", "path", "reason"),
    [
        (
            sound(piece_at_s=500.0, duration_s=3),
            "segments[0].cues[1]",
            "starts at 500.00 s, but the piece is over at 5.00",
        ),
        (sound(before_end_s=40.0, duration_s=3), "segments[0].cues[1]", "is over 32.00 s before the piece begins"),
        (
            sound(after="one/b", gap_s=2.0, duration_s=3),
            "segments[0].cues[1]",
            "starts at 6.00 s, but the piece is over",
        ),
    ],
)
def test_what_lies_outside_the_piece_is_an_error(cue: dict[str, Any], path: str, reason: str) -> None:
    (problem,) = told(segment(voice(id="b"), cue, duration_s=5))
    assert (problem.path, problem.severity) == (path, "error")
    assert reason in problem.reason


def test_a_marker_outside_the_piece_is_an_error() -> None:
    (problem,) = told(segment(voice(), duration_s=5, markers=[{"title": "x", "at_s": 99}]))
    assert problem.path == "segments[0].markers[0].at_s"
    assert told(segment(voice(), duration_s=5, markers=[{"title": "x", "at_s": 4.9}])) == []


def test_a_piece_longer_than_any_is_an_error() -> None:
    (problem,) = told(*(segment(voice(), id=f"s{number}", duration_s=21_600) for number in range(2)))
    assert "12.0 h long; 6 h is the most" in problem.reason


def test_nothing_is_told_of_estimates() -> None:
    assert told(segment(voice(id="b"), sound(after="b", gap_s=2.0, duration_s=3), duration_s=5), exact=False) == []


@pytest.mark.parametrize(
    ("cue", "cut_s"),
    [(FILE, 1.0), ({**FILE, "duration_s": 9}, 6.0), ({**FILE, "at_s": 2}, 3.0), ({**FILE, "until": "segment"}, None)],
)
def test_a_recording_that_its_segment_cuts_off_is_a_warning(cue: dict[str, Any], cut_s: float | None) -> None:
    found = told(segment(cue, music(), duration_s=3))
    assert [each.severity for each in found] == (["warning"] if cut_s else [])
    assert not cut_s or f"cut off {cut_s:.1f} s before its end" in found[0].reason


def test_a_bed_that_says_so_goes_on() -> None:
    two = segment(voice(id="z"), id="two", duration_s=5)
    assert told(segment({**FILE, "until": "two/z"}, duration_s=3), two) == []
    assert told(segment({**FILE, "piece_at_s": 1}, duration_s=3), two) == []


def test_transitions_that_cross_are_an_error_in_the_segment_between() -> None:
    parts = [segment(voice(), id=name, duration_s=6 if name != "b" else 4) for name in "abc"]
    crossing = [parts[0], parts[1] | {"transition": {"seconds": 2.5}}, parts[2] | {"transition": {"seconds": 2}}]
    (problem,) = told(*crossing, takes_s=1.0)
    assert (problem.path, "into and out of segment 'b' overlap" in problem.reason) == ("segments[1]", True)
    fitting = [parts[0], parts[1] | {"transition": {"seconds": 2}}, parts[2] | {"transition": {"seconds": 2}}]
    assert told(*fitting, takes_s=1.0) == []
