"""The issue's list of bad input: each gets a clear sentence, the right exit code and no traceback; nothing is lost."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hausmusik.audio.wav import WavWriter
from tests.interfaces.conftest import MAIN, Done, Haus, limited, line, score

MUSIC = {"layer": "music", "prompt": "calm"}


def told(done: Done, code: int, *said: str) -> None:
    """Assert on the words, the code, and that it reads like a sentence and not like a program."""
    assert done.code == code, done
    everything = done.out + done.err
    for each in said:
        assert each in everything, everything
    sentences = re.sub(r"^good  library .*$", "", everything, flags=re.MULTILINE)  # doctor's list of them
    for never in ("Traceback", "Error:", "Exception", "pydantic", "msgspec", "errno", "<class"):
        assert never not in sentences, everything


TEXTS: dict[str, tuple[str, str]] = {
    "trailing comma": ('{"hausmusik": 1,\n "title": "x",}', "line 2: this is not JSON"),
    "empty file": ("", "line 1: this is not JSON"),
    "cut off": ('{"hausmusik": 1, "title": "x', "line 1: this is not JSON: unterminated string"),
    "single quotes": ("{'hausmusik': 1}", 'use double quotes "…"'),
    "a comment": ('{\n// a comment\n"hausmusik": 1}', "JSON has no comments"),
    "NaN": ('{"hausmusik": 1,\n"title": "x", "seed": NaN}', "line 2: NaN is not a number in JSON"),
    "Infinity": ('{"hausmusik": 1,\n\n"seed": -Infinity}', "line 3: -Infinity is not a number"),
    "too deep": ("[" * 100_000, "nested too deeply"),
    "half a character": ('{"title":\n"\\ud800"}', "line 2: a \\u escape is half a character"),
    "not an object": ("[1, 2]", "it should be an object"),
    "the same key twice": ('{"hausmusik": 1, "title": "a",\n"title": "b"}', "line 2"),
}


@pytest.mark.parametrize(
    ("command", "name"), [("plan", "NaN"), ("compose", "trailing comma"), *(("check", name) for name in TEXTS)]
)
def test_broken_documents(haus: Haus, here: Path, command: str, name: str) -> None:
    text, said = TEXTS[name]
    (here / "piece.json").write_text(text, "utf-8")
    told(haus(command, "piece.json"), 2, said)
    assert [path.name for path in here.iterdir()] == ["piece.json"]


SCORES: dict[str, tuple[list[dict[str, Any]], dict[str, Any], str]] = {
    "text is a number": ([line(text=5)], {}, "segments[0].cues[0].text: 5 does not fit"),
    "gain is a text": ([line(gain_db="loud")], {}, '"loud" does not fit (it should be a valid number)'),
    "gain is huge": ([line(gain_db=1e300)], {}, "it should be less than or equal to 24"),
    "unknown key": ([line(gian_db=3)], {}, "did you mean 'gain_db'?"),
    "unknown layer": ([{"layer": "song"}], {}, "there is no layer 'song'"),
    "empty text": ([line(text="")], {}, "it should have at least 1 character"),
    "nothing to say": ([line(text=" … 🎉 ")], {}, "the text has no letters or digits to say"),
    "too much to say": ([line(text="word " * 5000)], {}, "at most 20000 characters"),
    "unknown voice": ([line(voice="nobdy")], {"voices": {"nobody": {}}}, "did you mean 'nobody'?"),
    "unknown voice of the instrument": (
        [line()],
        {"voices": {"a": {"voice": "ana"}}},
        "tone-speak has no voice 'ana' (did you mean anna?)",
    ),
    "unknown instrument": ([line(instrument="flute")], {}, "there is no instrument 'flute'"),
    "wrong instrument": ([line(instrument="tone-music")], {}, "tone-music does `music`, not `speak`"),
    "unknown host": ([line(host="mars")], {}, "there is no host 'mars'"),
    "a circle": ([line(id="a", after="b"), line(id="b", after="a")], {}, "wait for one another: one/a -> one/b"),
    "after nobody": ([line(id="a", after="x")], {}, "'x'"),
    "past the end": ([line(at_s=50)], {"segment": {"duration_s": 10}}, "its segment is over at 10 s"),
    "negative time": ([line(at_s=-1)], {}, "-1 does not fit (it should be greater than or equal to 0)"),
    "zero duration": ([MUSIC | {"duration_s": 0}], {}, "0 does not fit (it should be greater than or equal to 0.01)"),
    "negative duration": (
        [MUSIC | {"duration_s": -3}],
        {},
        "-3 does not fit (it should be greater than or equal to 0.01)",
    ),
    "endless": ([MUSIC | {"duration_s": 1e9}], {}, "it should be less than or equal to 21600"),
    "missing file": ([{"layer": "file", "path": "gone.wav"}], {}, "there is no file 'gone.wav'"),
    "parent folder": ([{"layer": "file", "path": "../x.wav"}], {}, "'../x.wav' leads out of the score's folder"),
    "absolute path": (
        [{"layer": "file", "path": "/etc/passwd"}],
        {},
        "copy the file beside the score, or pass --allow",
    ),
    "NUL in a path": ([{"layer": "file", "path": "a\0b"}], {}, "NUL character"),
    "not a sound": ([{"layer": "file", "path": "piece.json"}], {}, "is a text file, not audio"),
}


@pytest.mark.parametrize("name", SCORES)
def test_bad_scores(haus: Haus, here: Path, name: str) -> None:
    cues, more, said = SCORES[name]
    told(haus("check", score(*cues, **more)), 2, "error: line ", said)
    if name in {"text is a number", "a circle", "missing file", "unknown voice of the instrument"}:
        told(haus("compose", "piece.json", "-o", "out/x.flac"), 2, said)
        assert not (here / "out" / "x.flac").exists()


def test_all_problems_are_told_at_once(haus: Haus) -> None:
    done = haus("check", score(line(gain_db="x"), line(text=1), MUSIC | {"duration_s": 0}))
    assert [each.split(": ")[1] for each in done.out.splitlines()] == ["line 11", "line 15", "line 20"]


def test_infinity_in_disguise(haus: Haus, here: Path) -> None:
    name = score(line(at_s=123456789))
    (here / name).write_text((here / name).read_text().replace("123456789", "1e999"))
    told(haus("check", name), 2, "at_s: Infinity does not fit (it should be a finite number)")


def test_a_corrupt_mp3_and_one_that_breaks_in_the_middle(haus: Haus, here: Path) -> None:
    (here / "noise.mp3").write_bytes(b"ID3\x03\x00" + bytes(range(256)) * 20)
    told(haus("check", score({"layer": "file", "path": "noise.mp3"})), 2, "noise.mp3")
    told(haus("transcribe", "noise.mp3"), 2, "noise.mp3 is not an audio file")
    assert haus("sound", "rain", "--seconds", "8", "-o", "rain.mp3").code == 0
    data = bytearray((here / "rain.mp3").read_bytes())
    data[len(data) // 3 : len(data) // 2] = b"\0" * (len(data) // 2 - len(data) // 3)
    (here / "rain.mp3").write_bytes(data)
    done = haus("compose", score({"layer": "file", "path": "rain.mp3"}), "-o", "x.wav")
    told(done, done.code)
    assert done.code in {0, 2}  # either the decoder bridges the hole or it says where it is


@pytest.mark.slow
def test_a_two_hour_recording(haus: Haus, here: Path) -> None:
    rng = np.random.default_rng(1)
    minute = (0.1 * rng.standard_normal((1, 60 * 24_000))).astype(np.float32)
    with WavWriter.create(here / "two-hours.wav", 24_000, 1, durable=False) as writer:
        for _ in range(120):
            writer.write(minute)
    told(haus("transcribe", "two-hours.wav"), 2, "two-hours.wav is longer than 1800 s")
    cue = {"layer": "file", "path": "two-hours.wav", "source_at_s": 3600, "duration_s": 5}
    assert haus("compose", score(cue), "-o", "x.flac", "--json").json["duration_s"] == pytest.approx(5, abs=0.01)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("speak", ""), 2, "there is nothing to play"),
        (("speak", " …!🎉"), 2, "there is nothing to play"),
        (("speak", "\udcff broken"), 2, "the text is not UTF-8 (at character 1)"),
        (("speak", "a", "--voice", "nobody"), 5, "tone-speak has no voice 'nobody'"),
        (("speak", "a", "--voice", "anna(nan)"), 2, "voice must be above 0"),
        (("speak", "a", "--voice", "anna("), 2, "is no voice"),
        (("speak", "a", "--speed", "nan"), 2, "speed must be at least 0.5, not nan"),
        (("speak", "a", "--speed", "9"), 2, "speed must be at most 2.0, not 9.0"),
        (("speak", "a", "--say", "word"), 2, "is no pronunciation"),
        (("speak", "a", "--seed", "-1"), 2, "seed must be at least 0, not -1"),
        (("music", "a", "--seconds", "0"), 2, "duration_s must be above 0.0, not 0.0"),
        (("music", "a", "--seconds", "-5"), 2, "duration_s must be above 0.0, not -5.0"),
        (("music", "a", "--seconds", "nan"), 2, "duration_s must be above 0.0, not nan"),
        (("music", "a", "--seconds", "inf"), 2, "duration_s must be at most 86400.0, not inf"),
        (("music", "a", "--tempo", "1e9"), 2, "tempo_bpm must be at most 300.0"),
        (("sound", "a", "--seconds", "nan"), 2, "duration_s must be at least 0.0, not nan"),
        (("sound", "a", "-i", "flute"), 5, "there is no instrument 'flute'"),
        (("sound", "a", "-i", "tone-speak"), 2, "tone-speak does `speak`, not `sound`"),
        (("sound", "a", "--on", "mars"), 5, "there is no host 'mars'"),
    ],
)
def test_bad_requests(haus: Haus, here: Path, words: tuple[str, ...], code: int, said: str) -> None:
    told(haus(*words, "-o", "a.wav"), code, said)
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("speak", "a"), 2, "where should it go?"),
        (("speak", "a", "-o", "a.xyz"), 2, "names no audio format"),
        (("speak", "a", "-o", "/proc/none/a.wav"), 1, "/proc/none cannot be made"),
        (("transcribe", "gone.wav"), 5, "there is no file gone.wav"),
        (("transcribe", "."), 2, "is a folder"),
        (("transcribe", "x", "--format", "docx"), 2, "there is no format 'docx'"),
        (("check", "gone.json"), 5, "there is no score gone.json"),
        (("check", "."), 2, "is a folder, not a score"),
        (("new", "gone/piece.json"), 1, "there is no folder gone"),
        (("compose", "piece.json", "-o", "a.aac"), 2, "names no audio format"),
        (("compose", "piece.json", "-o", "-"), 2, "cannot go to stdout"),
        (("compose", "piece.json", "--format", "aac"), 2, "there is no format 'aac'"),
        (("compose", "piece.json", "--preview", "5..3"), 2, "is no stretch"),
        (("compose", "piece.json", "--preview", "nan..inf"), 2, "is no stretch"),
        (("compose", "piece.json", "--budget", "NaN"), 2, "is no amount"),
        (("compose", "piece.json", "--budget", "-1"), 2, "is no amount"),
        (("compose", "piece.json", "--set", "x"), 2, "has no value"),
        (("compose", "piece.json", "--only", "nobody"), 5, "no cue, segment or layer 'nobody'"),
        (("compose", "piece.json", "--on", "mars"), 2, "there is no host 'mars'"),
        (("takes", "lock", "piece.json", "one/x"), 5, "the score has no cue 'one/x'"),
        (("takes", "lock", "piece.json", "one/1"), 5, "has no take to lock"),
        (("takes", "lock", "piece.json", "one/1", "--unlock"), 5, "is not locked"),
        (("takes", "gc", "--older-than", "soon"), 2, "is no number of days"),
        (("costs", "--since", "nan"), 2, "is no number of days"),
        (("costs", "--by", "moon"), 2, "costs cannot be shown by 'moon'"),
        (("costs", "--csv", "--json"), 2, "keep one of them"),
        (("instruments", "--task", "dance"), 2, "there is no task 'dance'"),
        (("instruments", "show", "flute"), 5, "there is no instrument 'flute'"),
        (("instruments", "add", "gone.toml"), 5, "there is no file gone.toml"),
        (("instruments", "remove", "kokoro"), 5, "only instruments that were added can be removed"),
        (("pull",), 2, "nothing to pull was named"),
        (("pull", "flute"), 5, "there is no weight set or instrument 'flute'"),
        (("pull", "--remove"), 2, "which weights should go?"),
        (("pull", "--remove", "whisper-base"), 2, "pass --yes"),
        (("install", "flute"), 5, "there is no environment 'flute'"),
        (("config", "set", "local.wrokers", "2"), 3, "local.workers"),
        (("config", "set", "local.workers", "many"), 3, "local.workers"),
        (("config", "set", "moon.phase", "2"), 3, "unknown section 'moon'"),
    ],
)
def test_bad_arguments(haus: Haus, words: tuple[str, ...], code: int, said: str) -> None:
    score(line())
    told(haus(*words), code, said)


def test_a_wrong_setting_is_told_before_anything_is_done(haus: Haus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAUSMUSIK_LOCAL__WORKERS", "many")
    told(haus("speak", "a", "-o", "a.wav"), 3, "HAUSMUSIK_LOCAL__WORKERS")
    monkeypatch.setenv("HAUSMUSIK_LOCAL__WORKERS", "1")
    monkeypatch.setenv("HAUSMUSIK_LOCAL__WROKERS", "1")
    told(haus("instruments"), 3, "HAUSMUSIK_LOCAL__WROKERS")


def test_a_score_that_is_no_text(haus: Haus, here: Path) -> None:
    (here / "latin.json").write_bytes('{"title": "Gödel"}'.encode("latin-1"))
    told(haus("check", "latin.json"), 2, "latin.json is not UTF-8 text", "save it as UTF-8")


def test_new_does_not_replace_a_score(haus: Haus, here: Path) -> None:
    (here / "piece.json").write_text("mine")
    told(haus("new", "piece.json"), 1, "piece.json is there already")
    assert (here / "piece.json").read_text() == "mine"
    assert haus("new", "piece.json", "--force").code == 0


def test_a_file_outside_is_accepted_when_it_is_allowed(haus: Haus, here: Path) -> None:
    (here / "inner").mkdir()
    haus("sound", "rain", "--seconds", "1", "-o", "rain.wav")
    score({"layer": "file", "path": "../rain.wav"}, folder=here / "inner")
    told(haus("check", "inner/piece.json"), 2, "leads out of the score's folder")
    assert haus("check", "inner/piece.json", "--allow-outside").code == 0
    assert haus("compose", "inner/piece.json", "--allow-outside", "-o", "x.wav").code == 0


def test_control_characters_in_a_score_do_not_reach_the_terminal(haus: Haus) -> None:
    done = haus("check", score(line(voice="\x1b[2J\x07evil"), voices={"good": {}}))
    assert done.code == 2
    assert not {"\x1b", "\x07"} & set(done.out)


@pytest.mark.slow
@pytest.mark.parametrize("size_kb", [8, 64, 300, 700])
def test_a_full_disk_loses_nothing_that_was_there(haus: Haus, here: Path, size_kb: int) -> None:
    """Whatever is the first thing to find no room (journal, take, mix, export), what was written before stays."""
    name = score(line("This is a line that takes a while to say, so that its take is not small at all."), MUSIC)
    assert haus("compose", name, "-o", "x.wav").code == 0
    before = {path.name: path.read_bytes() for path in here.iterdir()}
    done = limited(size_kb << 10, "compose", name, "-o", "x.wav", "--force")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert re.search(r"^haus: ", done.stderr, re.MULTILINE)  # on a slow machine how far it was stands before it
    after = {path.name: path.read_bytes() for path in here.iterdir() if not path.name.startswith(".")}
    assert after == before
    assert haus("compose", name, "-o", "x.wav").code == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere; see the test of /proc above")
def test_a_read_only_folder(haus: Haus, here: Path) -> None:
    (here / "fixed").mkdir(mode=0o555)
    told(haus("speak", "hello", "-o", "fixed/a.wav"), 1, "nothing can be written to fixed")
    told(haus("compose", score(line()), "-o", "fixed/a.wav"), 1, "fixed")


def test_nothing_is_asked_where_nobody_can_answer(haus: Haus, here: Path) -> None:
    haus("compose", score(line()), "-o", "x.wav")
    told(haus("takes", "gc", "--older-than", "0d", input="y\n"), 2, "not without being asked", "pass --yes")
    assert len(haus("takes", "list", "--json").json["takes"]) == 1


def test_a_house_of_rubbish(bare: Haus, home: Path) -> None:
    """Databases and catalogue files that are none: told by doctor, never a traceback."""
    (home / "data").mkdir(parents=True)
    (home / "instruments.d").mkdir()
    (home / "instruments.d" / "bad.toml").write_text("this is no toml [")
    for name in ("jobs.sqlite", "ledger.sqlite"):
        (home / "data" / name).write_bytes(os.urandom(4096))
    done = bare("doctor")
    told(done, 1, "bad.toml", "jobs")
    assert done.out.startswith("bad ")
    told(bare("costs"), 1, "ledger.sqlite")
    told(bare("instruments"), 0)


def test_the_file_is_broken_json_in_settings(bare: Haus, home: Path) -> None:
    (home / "config.toml").write_text("[local]\nworkers = = 2\n")
    told(bare("instruments"), 3, "config.toml", "2")


def test_unicode_everywhere(haus: Haus, here: Path) -> None:
    name = score(line("Gödel, 🎉 \u0007 und 日本"), name="Gödel 🎉.json", title="Gödel 🎉 \u001b[31m")
    done = haus("compose", name, "-o", "Ausgabe 日本/Stück.flac", "--json")
    assert done.code == 0
    assert (here / "Ausgabe 日本" / "Stück.flac").exists()
    assert json.loads((here / "Ausgabe 日本" / "Stück.report.json").read_text("utf-8"))["title"].startswith("Gödel")


def test_python_without_utf8_locale(haus: Haus) -> None:
    del haus
    environ = dict(os.environ) | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run([*MAIN, "transcribe", "--help"], env=environ, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0
    assert b"Write down" in done.stdout
    assert sys.getdefaultencoding() == "utf-8"


def test_a_pipe_is_no_score(haus: Haus, here: Path) -> None:
    os.mkfifo(here / "pipe.json")
    told(haus("check", "pipe.json"), 2, "is no plain file")
    told(haus("check", "/dev/zero"), 2, "is no plain file")
