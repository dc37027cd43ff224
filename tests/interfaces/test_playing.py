"""speak, music, sound and transcribe, on the tone engine's real workers."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import pytest

from hausmusik.audio.files import probe
from hausmusik.cli import loudspeaker
from tests.interfaces import tones
from tests.interfaces.conftest import Haus


def test_speech_into_a_file_the_path_is_the_data(haus: Haus, here: Path) -> None:
    done = haus("speak", "Good evening.", "--voice", "anna(2)+bert(1)", "-o", "new/folder/line.flac")
    assert (done.code, done.out) == (0, "new/folder/line.flac\n")
    assert re.fullmatch(r"(?:prepare\n)?\d\.\d s by tone-speak\n", done.err)  # a slow machine is told what it does
    assert probe(here / "new/folder/line.flac").codec == "flac"


def test_music_has_exactly_the_asked_length(haus: Haus, here: Path) -> None:
    assert haus("music", "calm piano", "--seconds", "2.5", "--seed", "1", "-o", "bed.wav", "-q").err == ""
    assert probe(here / "bed.wav").duration_s == 2.5


def test_sound_to_stdout_is_a_wav_file_and_nothing_else(haus: Haus, here: Path) -> None:
    done = haus("sound", "rain", "--seconds", "1", "--loop", "-o", "-")
    assert done.code == 0
    (here / "piped.wav").write_bytes(done.raw)
    assert probe(here / "piped.wav").duration_s == 1.0
    assert list(here.glob("*")) == [here / "piped.wav"]


def test_text_comes_from_stdin(haus: Haus, here: Path) -> None:
    done = haus("speak", "-", "-o", "a.wav", "--json", input="\ufeffOne two. Three.\r\n")
    assert [word["text"] for word in done.json["words"]] == ["One", "two", "Three"]


@pytest.mark.slow
def test_fifty_thousand_characters(haus: Haus, here: Path) -> None:
    text = "This is one of very many sentences. " * 1_389
    assert len(text) > 50_000
    done = haus("speak", "-", "-o", "long.opus", "--json", input=text)
    assert done.code == 0
    assert done.json["duration_s"] > 1_000
    assert len(done.json["words"]) == 1_389 * 7
    assert probe(here / "long.opus").duration_s == pytest.approx(done.json["duration_s"], abs=0.1)


def test_emoji_and_control_characters_are_no_obstacle(haus: Haus) -> None:
    done = haus("speak", "-", "-o", "a.wav", "--json", input="He\0llo \x1b[31m🎉 \u202eworld\x07")
    assert (done.code, done.err) == (0, "")


def test_transcription_as_text_and_as_captions(haus: Haus) -> None:
    haus("speak", "One. Two.", "-o", "line.wav")
    assert re.fullmatch(r"la( la)*\n", haus("transcribe", "line.wav").out)
    captions = haus("transcribe", "line.wav", "--format", "srt")
    assert re.match(r"1\n00:00:00,\d{3} --> 00:00:0\d,\d{3}\nla", captions.out)
    assert haus("transcribe", "line.wav", "--format", "vtt").out.startswith("WEBVTT\n")


def test_a_non_commercial_model_says_so(haus: Haus, home: Path) -> None:
    extra = tones.instrument("nc", "sound").replace("commercial = true", "commercial = false")
    (home / "instruments.d" / "nc.toml").write_text(extra, "utf-8")
    done = haus("sound", "rain", "--seconds", "1", "-i", "nc", "-o", "a.wav")
    assert "non-commercial: Tones by the tests" in done.err
    assert haus("sound", "rain", "--seconds", "1", "-i", "nc", "-o", "a.wav", "--json").json["commercial"] is False


def test_what_the_instrument_remarks_is_told(haus: Haus, home: Path) -> None:
    extra = tones.instrument("wry", "sound", options='remark = "no theremin here"')
    (home / "instruments.d" / "wry.toml").write_text(extra, "utf-8")
    done = haus("sound", "theremin", "--seconds", "1", "-i", "wry", "-o", "a.wav")
    assert "note: no theremin here\n" in done.err
    assert haus("sound", "x", "--seconds", "1", "-i", "wry", "-o", "a.wav", "--json").json["remarks"] == [
        "no theremin here"
    ]


def test_an_instrument_that_fails_leaves_no_file_and_says_why(haus: Haus, here: Path) -> None:
    done = haus("sound", "rain", "-i", "broken-sound", "-o", "a.wav")
    assert (done.code, done.out) == (1, "")
    assert done.err == "haus: the tone engine was told to fail\n"
    assert list(here.iterdir()) == []


def test_the_loudspeaker_gets_the_samples(haus: Haus, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    player = here / "player"
    player.write_text(f"#!{sys.executable}\nimport sys\nopen('heard', 'wb').write(sys.stdin.buffer.read())\n")
    player.chmod(0o755)
    monkeypatch.setattr(loudspeaker, "PLAYERS", ((str(player), "{rate}", "{channels}"),))
    done = haus("sound", "rain", "--seconds", "1", "--play", "--json")
    assert done.json["file"] is None
    assert len((here / "heard").read_bytes()) == 2 * 24_000


def test_no_loudspeaker_is_a_missing_extra(haus: Haus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loudspeaker, "PLAYERS", (("no-such-player",),))
    done = haus("sound", "rain", "--seconds", "1", "--play")
    assert done.code == 3
    assert "no player was found" in done.err
    assert "no-such-player" in done.err


@pytest.mark.parametrize("reads", ["", "cat >/dev/null; "], ids=["at once", "at the end"])
def test_a_player_without_a_sound_card_says_so(
    haus: Haus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reads: str
) -> None:
    player = tmp_path / "player"
    player.write_text(f"#!/bin/sh\n{reads}echo noise >&2; echo 'no such device' >&2; exit 1\n")
    player.chmod(0o755)
    monkeypatch.setattr(loudspeaker, "PLAYERS", ((str(player), "{rate}"),))
    done = haus("sound", "rain", "--seconds", "30", "--play")
    assert done.code == 3
    assert done.err.strip().splitlines()[0] == "haus: the loudspeaker cannot be played on: no such device"


def test_progress_on_a_terminal_is_one_line_that_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    from hausmusik.cli.output import Output
    from hausmusik.cli.session import ProgressLine

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "30")
    line = ProgressLine(Output())
    line("takes", 0.5, "a very long label\x1b[2J that does not fit", 12.0)
    line("takes", 1.0, "done")
    line.end()
    drawn = screen.getvalue().split("\r\x1b[2K")
    assert drawn == ["", "takes  50% a very long label ", "takes 100% done", ""]
    assert "\n" not in screen.getvalue()


def test_progress_in_a_log_is_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from hausmusik.cli import session
    from hausmusik.cli.output import Output

    now = [0.0]
    monkeypatch.setattr(session.time, "monotonic", lambda: now[0])
    line = session.ProgressLine(Output())
    for second in range(20):
        now[0] = float(second)
        line("pull", second / 20, "kokoro")
    line.end()
    shown = capsys.readouterr().err
    assert [int(each) for each in re.findall(r"(\d+)%", shown)] == [10, 35, 60, 85]


@pytest.mark.parametrize(
    "words",
    [
        ("sound", "steady rain", "--seconds", "3", "-i", "procedural"),
        ("music", "calm piano", "--seconds", "3", "-i", "composer"),
        ("speak", "Good evening.", "-i", "kokoro"),
    ],
)
def test_one_play_has_its_quote_before_and_no_more_than_its_budget(
    haus: Haus, here: Path, words: tuple[str, ...]
) -> None:
    there = (*words, "--on", "modal", "-o", "a.wav")
    refused = haus(*there, "--budget", "0.01")
    assert refused.code == 6
    said, error = refused.err.splitlines()[:2]  # first of all: no weights are pulled for what plays elsewhere
    assert re.fullmatch(
        r"about \$0\.00\d+ \(\$0\.0\d+ to \$0\.00\d+\): starting \$0.\d+, playing \$0.\d+, idle after \$0.\d+", said
    )
    assert "which is more than the run's limit of $0.010; it was not started" in error
    assert list(here.iterdir()) == []
    assert haus(*there, "--budget", "little").err.startswith("haus: --budget 'little' is no amount")


def test_a_recording_is_written_down_within_a_budget_too(haus: Haus) -> None:
    haus("speak", "One.", "-o", "line.wav")
    there = ("transcribe", "line.wav", "-i", "whisper-base", "--on", "modal")
    refused = haus(*there, "--budget", "$0.001")
    assert refused.code == 6
    assert refused.err.startswith("about $0.00")
    assert haus("transcribe", "line.wav", "--budget", "0").code == 0, "here it costs nothing"
