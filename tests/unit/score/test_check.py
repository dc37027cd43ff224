from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from hausmusik.errors import NotFoundError, ScoreError
from hausmusik.score.check import check_score, open_score, resolve_file
from hausmusik.score.schema import json_schema
from tests.unit.score.build import document, music, segment, sound, voice, write


def problems_of(folder: Path, *segments: dict[str, Any], **more: Any) -> list[str]:
    _, problems = check_score(write(folder, *segments, **more))
    return [str(problem) for problem in problems]


def test_a_good_score_has_no_problems(tmp_path: Path) -> None:
    assert problems_of(tmp_path, segment(voice(), music())) == []


@pytest.mark.parametrize(
    ("cue", "expected"),
    [
        (voice(txet="x"), "segments[0].cues[0].txet: unknown key 'txet' (did you mean 'text'?)"),
        (voice(gain=3), "unknown key 'gain' (did you mean 'gain_db'?)"),
        (voice(gain_db="loud"), '"loud" does not fit'),
        (voice(gain_db=200), "200 does not fit (it should be less than or equal to 24)"),
        (voice(text=""), "does not fit"),
        (voice(text="  …  "), "no letters or digits to say"),
        (voice(text="[laughs] ♪"), "no letters or digits to say"),
        (music(duration_s=1e-300), "1e-300 does not fit (it should be greater than or equal to 0.01)"),
        ({"layer": "file", "path": "x" * 300}, "use a shorter name"),
        (voice(text="x" * 50_000), "at most 20000 characters"),
        (voice(at_s=-1), "-1 does not fit (it should be greater than or equal to 0)"),
        (music(duration_s=0), "0 does not fit (it should be greater than or equal to 0.01)"),
        (voice(at_s=1, after="b"), "a cue has one place, but this one says at_s and after"),
        (voice(offset_s=1), "offset_s goes with `with`"),
        (music(duration_s=1, until="segment"), "either duration_s or until"),
        (music(gain_points=[{"at_s": 2, "gain_db": 0}, {"at_s": 1, "gain_db": 0}]), "must ascend"),
        ({"layer": "smell", "prompt": "x"}, 'there is no layer \'smell\' (use "voice", "music", "sound" or'),
        ({"layer": "musik", "prompt": "x"}, "there is no layer 'musik' (did you mean 'music'?)"),
        (voice(voice="n", at_s=-2), "segments[0].cues[0].at_s: -2 does not fit"),
        (voice(voice="n", at=2), "segments[0].cues[0].at: unknown key 'at' (did you mean 'at_s'?)"),
        (voice(voice="n", at_s="10s"), 'segments[0].cues[0].at_s: "10s" does not fit (write the number alone: 10)'),
        (voice(voice="n", gain_db="-6 dB"), "write the number alone: -6"),
        (voice(volume=3), "unknown key 'volume' (did you mean 'gain_db'?)"),
        (music(duck=12), 'should be an object like {"depth_db": 12} or true or false'),
        (music(duck={"depth_db": "much"}), 'segments[0].cues[0].duck.depth_db: "much" does not fit'),
        ({"text": "x"}, 'add "layer"'),
        (voice(fit="extend"), "only music and sounds can be generated longer"),
        (music(gap_s=3), "gap_s goes with `after`"),
        (voice(at_s=1, gap_s=3), "gap_s goes with `after`"),
        (voice(voice="nobody"), "nobody is called 'nobody'"),
        (voice(after="nothing"), "no cue 'nothing' to refer to"),
        (music(duck={"by": ["ghost"]}), "no cue 'ghost' to duck by"),
        (music(duck={"dept_db": 3}), "did you mean 'depth_db'?"),
        ({"layer": "file", "path": "gone.wav"}, "there is no file 'gone.wav'"),
        ({"layer": "file", "path": "/etc/passwd"}, "leads out of the score's folder"),
        ({"layer": "file", "path": "../../x.wav"}, "leads out of the score's folder"),
        ({"layer": "file", "path": "a\0b"}, "NUL"),
        ("hello", "cues[0]"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_each_mistake_is_told_with_path_reason_and_fix(tmp_path: Path, cue: Any, expected: str) -> None:
    got = problems_of(tmp_path, segment(cue, voice(at_s=0)))
    assert len([each for each in got if expected in each]) == 1, got
    assert len(got) == 1, "one mistake is told once"
    assert all(each.startswith("line ") for each in got)


def test_every_problem_is_told_at_once_in_the_order_of_lines(tmp_path: Path) -> None:
    bad = document(segment(voice(gain_db=99), music(promt="x")), master={"formats": ["ogg"]}, titel="x")
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(bad, indent=1))
    _, problems = check_score(path)
    assert len(problems) == 4
    assert [p.line for p in problems] == sorted(p.line for p in problems)
    with pytest.raises(ScoreError, match="4 problems") as caught:
        open_score(path)
    assert len(caught.value.problems) == 4
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("text", ["[]", '"x"', "3", "null", "{}", '{"hausmusik": 2, "title": "t"}', '{"segments": {}}'])
def test_what_is_no_score_at_all_is_told_without_a_crash(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    opened, problems = check_score(path)
    assert opened is None
    assert problems


def test_duplicate_names_circles_and_transitions(tmp_path: Path) -> None:
    got = problems_of(
        tmp_path,
        segment(voice(id="a", after="b"), voice(id="b", after="a"), voice(id="c"), voice(id="c")),
        segment(voice(at_s=0), id="two"),
        segment(voice(at_s=0), id="two"),
    )
    assert any("two cues are called" in each for each in got)
    assert any("two segments are called" in each for each in got)
    assert any("wait for one another" in each for each in got)
    got = problems_of(
        tmp_path,
        segment(voice(), duration_s=3),
        segment(voice(), id="two", transition={"seconds": 5}),
    )
    assert any("longer than segment 'one'" in each for each in got)


def test_a_cue_past_the_end_of_its_segment_is_an_error(tmp_path: Path) -> None:
    got = problems_of(tmp_path, segment(sound(at_s=12.0), duration_s=10))
    assert any("starts at 12 s, but its segment is over at 10 s" in each for each in got)


def test_a_first_transition_is_only_a_warning(tmp_path: Path) -> None:
    opened = open_score(write(tmp_path, segment(voice(), transition={"seconds": 1})))
    assert [w.severity for w in opened.warnings] == ["warning"]


def test_missing_folder_binary_and_bom(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no score"):
        check_score(tmp_path / "none.json")
    with pytest.raises(ScoreError, match="folder"):
        check_score(tmp_path)
    binary = tmp_path / "b.json"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ScoreError, match="UTF-8"):
        check_score(binary)
    bom = tmp_path / "bom.json"
    bom.write_bytes(b"\xef\xbb\xbf" + json.dumps(document(segment(voice()))).encode())
    assert open_score(bom).score.title == "Test"


def test_a_link_out_of_the_folder_is_refused_unless_allowed(tmp_path: Path) -> None:
    outside = tmp_path / "secret.wav"
    outside.write_bytes(b"x")
    folder = tmp_path / "piece"
    folder.mkdir()
    (folder / "link.wav").symlink_to(outside)
    with pytest.raises(ScoreError, match="out of the score"):
        resolve_file(folder, "link.wav", allow_outside=False)
    assert resolve_file(folder, "link.wav", allow_outside=True) == outside.resolve()


def test_defaults_fill_what_cues_leave_out(tmp_path: Path) -> None:
    opened = open_score(
        write(
            tmp_path, segment(music(), music(gain_db=-3), voice()), defaults={"music": {"gain_db": -11, "duck": False}}
        )
    )
    first, second, line = opened.score.segments[0].cues
    assert (first.gain_db, first.duck, first.fade_out_s) == (-11, False, 2.0)
    assert (second.gain_db, second.duck) == (-3, False)
    assert (line.gain_db, line.duck, line.match_level) == (0, False, True)


def test_the_published_schema_accepts_and_refuses_what_we_do(tmp_path: Path) -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    good = document(segment(voice(id="a"), music(**{"with": "a"})), voices={"n": {"blend": {"x": 1, "y": 0.5}}})
    assert validator.is_valid(good)
    assert not validator.is_valid(document(segment(voice(txet="x"))))
    assert not validator.is_valid(document(segment({"layer": "music"})))
    assert not validator.is_valid({**good, "hausmusik": 2})


def test_a_number_may_stand_for_a_text(tmp_path: Path) -> None:
    path = write(tmp_path, segment(voice("${year}"), title="${year}"), variables={"year": 2026})
    score = open_score(path).score
    assert (score.segments[0].title, getattr(score.segments[0].cues[0], "text", "")) == ("2026", "2026")
    path.write_text(path.read_text().replace("${year}", "${yes}").replace('"year": 2026', '"yes": true'))
    with pytest.raises(ScoreError):
        open_score(path)


def test_what_its_own_numbers_put_outside_is_told_before_anything_is_made(tmp_path: Path) -> None:
    ten = {"duration_s": 10, "id": "ten"}
    late = problems_of(
        tmp_path, segment(music(id="m"), **ten), segment(music(piece_at_s=40, duration_s=1), id="two", duration_s=5)
    )
    assert late == [next(each for each in late if "starts at 40.00 s, but the piece is over at 15.00 s" in each)]
    again = problems_of(tmp_path, segment(music(at_s=9, duration_s=1), duration_s=5))
    assert len(again) == 1, "what its segment says need not be said of the piece too"
    marker = problems_of(tmp_path, segment(music(), **ten, markers=[{"at_s": 12, "title": "x"}]))
    assert [each for each in marker if "the marker lies at 12.00 s" in each] == marker != []
    # A sound that may be an event or last is of unknown length: nothing can be said of what comes after it.
    assert problems_of(tmp_path, segment(sound(id="s"), music(after="s", duration_s=1), **ten)) == []
    # Nor of what comes after a line.
    assert problems_of(tmp_path, segment(voice(id="v"), music(after="v", duration_s=1), **ten)) == []
