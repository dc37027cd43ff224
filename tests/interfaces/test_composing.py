"""new, check, plan, compose and takes on real files, with the tone engine's workers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from hausmusik.audio.files import probe
from tests.interfaces.conftest import Haus, line, score

RAIN = {"id": "rain", "layer": "sound", "prompt": "rain", "duration_s": 4}


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after), "utf-8")


def test_the_starter_score_from_new_to_a_finished_piece(haus: Haus, here: Path) -> None:
    assert haus("new", "piece.json", "--title", "Mine").out == "piece.json\n"
    edit(here / "piece.json", '"af_heart"', '"anna"')
    assert haus("check", "piece.json").out == "piece.json is fine\n"
    planned = haus("plan", "piece.json")
    assert planned.code == 0
    assert re.search(
        r"^0:03\.00 +0:0\d\.\d\d~ +voice +opening/hello +tone-speak +local +make: new$", planned.out, re.MULTILINE
    )
    assert "4 takes to make" in planned.out
    assert not (here / "piece").exists()
    done = haus("compose", "piece.json")
    assert (done.code, done.out) == (0, "piece/piece.flac\n")
    assert "4 takes made, 0 kept" in done.err
    made = {path.name for path in (here / "piece").iterdir()}
    expected = {"flac", "voice.flac", "music.flac", "sound.flac", "srt", "vtt", "png", "cover.jpg", "credits.md"}
    assert made == {f"piece.{ending}" for ending in expected | {"report.json"}}
    again = haus("compose", "piece.json")
    assert "nothing has changed" in again.err
    assert haus("plan", "piece.json").out.count("kept") == 4


@pytest.mark.slow
def test_one_changed_line_makes_one_take_and_the_plan_says_why(haus: Haus, here: Path) -> None:
    name = score(line("First.", id="a"), line("Second.", id="b"), RAIN)
    haus("compose", name, "-o", "x.wav")
    edit(here / name, "Second.", "Changed.")
    cues = {cue["name"]: cue for cue in haus("plan", name, "--json").json["cues"]}
    assert (cues["one/a"]["status"], cues["one/rain"]["status"]) == ("kept", "kept")
    assert (cues["one/b"]["status"], cues["one/b"]["reason"]) == ("make", "text changed")
    done = haus("compose", name, "-o", "x.wav", "--json").json
    assert (done["made"], done["kept"]) == (1, 2)


@pytest.mark.slow
def test_a_dry_run_heeds_only_and_force(haus: Haus, here: Path) -> None:
    del here
    name = score(line("First.", id="a"), line("Second.", id="b"), RAIN)

    def takes(*words: str) -> dict[str, str]:
        return {cue["name"]: cue["status"] for cue in haus(*words, "--dry-run", "--json").json["cues"]}

    before = takes("compose", name, "--only", "one/a")
    assert before["one/a"] == "make"
    assert set(before.values()) == {"make", "skip"}
    haus("compose", name, "-o", "x.wav")
    assert set(takes("compose", name).values()) == {"kept"}
    forced = takes("compose", name, "--force", "--only", "one/a")
    assert (forced["one/a"], forced["one/b"]) == ("make", "kept")
    done = haus("compose", name, "--only", "nobody", "--dry-run")
    assert (done.code, "no cue, segment or layer 'nobody'" in done.err) == (5, True)


def test_a_dry_run_is_the_plan_and_writes_nothing(haus: Haus, here: Path) -> None:
    name = score(line(id="a"))
    done = haus("compose", name, "-o", "out/x.wav", "--dry-run")
    assert (done.code, done.out) == (0, haus("plan", name).out)
    assert haus("compose", name, "--dry-run", "--json").json["quote"]["expected_usd"].startswith("0.00")
    assert [path.name for path in here.iterdir()] == [name]


def test_variables_formats_and_verbose(haus: Haus, here: Path) -> None:
    name = score(line("Good ${time}."), variables={"time": "morning"})
    done = haus("compose", name, "-o", "x.wav", "--set", "time=evening", "--format", "mp3,opus", "-v")
    assert done.code == 0
    assert {"x.wav", "x.mp3", "x.opus"} <= {path.name for path in here.iterdir()}
    assert "piece     x.mp3" in done.err
    assert "Good evening." in (here / "x.srt").read_text()
    assert "no variable 'tmie'" in haus("check", name, "--set", "tmie=x").out


def test_a_preview_is_one_stretch(haus: Haus, here: Path) -> None:
    done = haus("compose", score(RAIN | {"duration_s": 6}), "-o", "x.flac", "--preview", "1s..3.5s")
    assert done.out == "x.preview.flac\n"
    assert probe(here / "x.preview.flac").duration_s == pytest.approx(2.5)
    late = haus("compose", "piece.json", "-o", "x.flac", "--preview", "50..60")
    assert (late.code, "only 6.0 s long" in late.err) == (1, True)


@pytest.mark.slow
def test_only_and_force(haus: Haus) -> None:
    name = score(line("One.", id="a"), RAIN)
    done = haus("compose", name, "-o", "x.wav", "--only", "voice")
    assert done.code == 5
    assert "one/rain" in done.err
    assert haus("compose", name, "-o", "x.wav", "--json").json["made"] == 1
    assert haus("compose", name, "-o", "x.wav", "--force", "--only", "one/a", "--json").json["made"] == 1
    assert "1 take made, 1 kept" in haus("compose", name, "-o", "x.wav", "--force", "--only", "one/a").err


@pytest.mark.slow
def test_what_can_be_made_is_made_and_kept_when_another_take_fails(haus: Haus, here: Path) -> None:
    name = score(line("One.", id="a"), line("Two.", id="b"), RAIN | {"instrument": "broken-sound"})
    done = haus("compose", name, "-o", "x.wav")
    assert done.code == 8
    assert "told to fail" in done.err
    assert not (here / "x.wav").exists()
    edit(here / name, '"broken-sound"', '"tone-sound"')
    assert haus("compose", name, "-o", "x.wav", "--json").json["made"] == 1


def test_a_line_too_long_for_its_segment_is_told_once_it_is_known(haus: Haus, here: Path) -> None:
    name = score(line("A line that goes on for quite a while."), segment={"duration_s": 1})
    done = haus("compose", name, "-o", "x.wav")
    assert done.code == 2
    assert re.search(r"still speaking \d\.\d\d s after its segment", done.err)
    assert haus("check", name).code == 2
    assert haus("plan", name).code == 2


def test_silence_is_valid_json(haus: Haus) -> None:
    name = score(line(gain_db=-96), master={"loudness_lufs": -40})
    assert haus("compose", name, "-o", "x.wav", "--json").code == 0


def test_unlocking_removes_nothing_but_a_locked_take(haus: Haus, here: Path) -> None:
    piece = score(line("First.", id="a"))
    haus("compose", piece, "-o", "x.wav")
    haus("takes", "lock", piece, "one/a")
    (here / "precious.txt").write_text("mine")
    before = sorted(here.rglob("*"))
    for name in ("..", "", ".", "../..", "one/../..", "/etc", "a/b/c"):
        done = haus("takes", "lock", "--unlock", piece, name)
        assert (done.code, "is not locked" in done.err) == (5, True)
        assert sorted(here.rglob("*")) == before


@pytest.mark.slow
def test_locked_takes_stay_whatever_changes(haus: Haus, here: Path) -> None:
    name = score(line("Stay.", id="a"), line("Go.", id="b"))
    haus("compose", name, "-o", "x.wav")
    locked = haus("takes", "lock", name, "one/a", "one/b")
    assert locked.out.splitlines() == ["piece.takes/one.a", "piece.takes/one.b"]
    assert haus("takes", "lock", name, "one/b", "--unlock").out == "piece.takes/one.b\n"
    edit(here / name, "Stay.", "Another text.")
    edit(here / name, "Go.", "Gone.")
    planned = haus("plan", name).out
    assert "locked: text changed since" in planned
    done = haus("compose", name, "-o", "x.wav")
    assert "1 take made, 1 kept" in done.err
    assert "warning: one/a is locked: text changed since" in done.err


def test_takes_are_listed_and_cleaned_up(haus: Haus) -> None:
    assert haus("takes", "list").err == "no takes are kept yet\n"
    haus("compose", score(line("What was said.", id="a"), RAIN), "-o", "x.wav")
    listed = haus("takes", "list")
    assert len(listed.out.splitlines()) == 3
    assert "What was said." in listed.out
    assert haus("takes", "gc").out == "removed 0 takes, 0.0 MB\n"
    assert haus("takes", "gc", "--older-than", "0", "--dry-run").out.startswith("would remove 2 takes")
    removed = haus("takes", "gc", "--older-than", "0d", "--yes", "--json").json
    assert (len(removed["removed"]), removed["size_bytes"] > 0) == (2, True)
    assert haus("takes", "list", "--json").json["takes"] == []


def test_the_schema_is_one_that_accepts_the_starter(haus: Haus, here: Path) -> None:
    import jsonschema

    haus("new", "piece.json")
    schema = haus("schema").json
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads((here / "piece.json").read_text()), schema)
