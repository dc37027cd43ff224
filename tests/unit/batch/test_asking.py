from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hausmusik.audio.files import write_audio
from hausmusik.batch.asking import asked, file_name, identified
from hausmusik.errors import BadInput, NotFoundError, UsageError
from hausmusik.testing import sine
from hausmusik.types import JudgeRequest, SoundRequest, SpeakRequest, TranscribeRequest


def test_an_id_is_given_or_made_from_the_fields_alone() -> None:
    given, fields, content = identified({"id": "one", "text": "Hello.", "speed": 1.5})
    assert (given, fields) == ("one", {"text": "Hello.", "speed": 1.5})
    made, _, same = identified({"speed": 1.5, "text": "Hello."})
    assert (len(made), same) == (16, content)
    assert identified({"text": "Hello!", "speed": 1.5})[0] != made


@pytest.mark.parametrize("wrong", [5, None, "", "  ", "a\nb", "a\0", ["x"], "é" * 40, "a" * 201])
def test_what_is_no_id(wrong: Any) -> None:
    with pytest.raises(BadInput, match="id"):
        identified({"id": wrong, "text": "Hello."})


def test_half_a_character_is_said() -> None:
    with pytest.raises(BadInput, match="half a character"):
        identified({"text": "\ud800"})
    with pytest.raises(BadInput, match="half a character"):
        identified({"id": "\ud800"})


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "..", ".", "C:\\x", "a%2Fb", "ä"])
def test_no_id_is_a_path_and_no_two_share_a_file(name: str) -> None:
    made = file_name(name)
    assert "/" not in made
    assert made not in (".wav", "..")
    assert made != file_name(name.replace("/", "%2F") + "x")


def test_a_request_is_checked_as_any_other(tmp_path: Path) -> None:
    ask = asked({"text": "Hi.", "voice": "a(2)+b", "speed": 2}, SpeakRequest, tmp_path)
    assert ask.request == SpeakRequest(text="Hi.", voice={"a": 2.0, "b": 1.0}, speed=2.0)
    assert ask.loaded() == ask.request
    assert asked({"text": "Hi.", "voice": {"a": 2, "b": 1}, "speed": 2}, SpeakRequest, tmp_path).content == ask.content


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "'text' is missing"),
        ({"text": 5}, "text cannot be 5"),
        ({"text": "a", "speed": 9}, "speed must be at most 2"),
        ({"text": "a", "spede": 1}, "did you mean speed"),
        ({"text": "a", "type": "Speak"}, "no field 'type'"),
        ({"text": "a", "seed": 10**30}, "seed cannot be"),
        ({"text": "a", "seed": True}, "seed cannot be True"),
        ({"text": "a", "voice": "a("}, "is no voice"),
    ],
)
def test_what_cannot_be_asked(tmp_path: Path, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        asked(fields, SpeakRequest, tmp_path)


def test_a_recording_is_a_file_of_the_folder_known_by_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    write_audio(tmp_path / "sub" / "a.wav", sine(440, 0.5, rate_hz=16_000))
    (tmp_path / "b.wav").write_bytes((tmp_path / "sub" / "a.wav").read_bytes())
    one = asked({"audio": "sub/a.wav", "language": "en"}, TranscribeRequest, tmp_path)
    assert one.content == asked({"audio": "b.wav", "language": "en"}, TranscribeRequest, tmp_path).content
    assert one.content != asked({"audio": "b.wav"}, TranscribeRequest, tmp_path).content
    assert one.content != asked({"audio": "b.wav"}, JudgeRequest, tmp_path).content
    loaded = one.loaded()
    assert isinstance(loaded, TranscribeRequest)
    assert loaded.audio.duration_s == pytest.approx(0.5)
    write_audio(tmp_path / "b.wav", sine(441, 0.5, rate_hz=16_000))
    assert one.content != asked({"audio": "b.wav", "language": "en"}, TranscribeRequest, tmp_path).content


@pytest.mark.parametrize("path", ["../a.wav", "/etc/hostname", "link.wav", "a\0b", "x" * 5000, 5, {"samples": []}])
def test_a_recording_elsewhere_is_refused(tmp_path: Path, path: Any) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    (inside / "link.wav").symlink_to(tmp_path / "a.wav")
    with pytest.raises(UsageError):
        asked({"audio": path}, JudgeRequest, inside)


def test_a_recording_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"there is no file 'c\.wav'"):
        asked({"audio": "c.wav"}, TranscribeRequest, tmp_path)
    assert asked({"prompt": "rain"}, SoundRequest, tmp_path).recording is None
