"""`--json` of every command: one document on stdout, and what people are told on stderr only."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.interfaces import tones
from tests.interfaces.conftest import Haus, line, score
from tests.interfaces.test_help import LEAVES


@pytest.mark.slow
def test_every_command_with_json(haus: Haus, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order in which one command leaves something for the next; together they are all commands there are."""
    for name in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET", "MODAL_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MODAL_CONFIG_PATH", str(here / "no-account.toml"))
    (here / "lines.jsonl").write_text('{"text": "One."}\n')
    (here / "meeting.txt").write_text("Anna: The launch is on 14 March.\nBen: Nordwind is late, Anna.\n" * 3)
    (here / "mine").mkdir()
    (here / "mine" / "extra.toml").write_text(tones.instrument("extra", "sound"))
    score(line(id="hello"), name="piece.json", voices={"n": {"voice": "anna"}})
    steps: list[tuple[str, ...]] = [
        ("new", "fresh.json"),
        ("check", "piece.json"),
        ("plan", "piece.json"),
        ("compose", "piece.json", "-o", "out/piece.wav"),
        ("schema",),
        ("takes", "list"),
        ("takes", "lock", "piece.json", "one/hello"),
        ("takes", "gc", "--older-than", "0d", "--dry-run"),
        ("speak", "Hello.", "-o", "line.wav"),
        ("music", "calm", "--seconds", "1", "-o", "bed.flac"),
        ("sound", "rain", "--seconds", "1", "-o", "rain.wav"),
        ("transcribe", "line.wav"),
        ("batch", "lines.jsonl", "-i", "speak", "-o", "lines.out.jsonl"),
        ("gpus",),
        ("deploy", "procedural", "--dry-run"),
        ("undeploy", "procedural", "--yes"),
        ("status",),
        ("warm", "procedural", "--for", "1m", "--yes"),
        ("cool", "procedural"),
        ("logs", "procedural"),
        ("instruments",),
        ("instruments", "add", "mine/extra.toml"),
        ("instruments", "show", "extra"),
        ("instruments", "remove", "extra"),
        ("memory", "add", "notes", "meeting.txt"),
        ("memory", "show", "notes"),
        ("memory", "search", "notes", "launch"),
        ("memory", "graph", "notes"),
        ("memory", "path", "notes", "Anna", "Ben"),
        ("memory", "merge", "notes", "Ben", "Anna"),
        ("memory", "split", "notes", "Ben"),
        ("memory", "stats", "notes"),
        ("memory", "check", "notes"),
        ("memory", "backup", "notes", "notes.sqlite"),
        ("memory", "export", "notes", "--lightrag", "rag"),
        ("memory", "import", "other", "rag"),
        ("ask", "notes", "When is the launch?"),
        ("memory", "forget", "notes", "meeting.txt", "--yes"),
        ("chat", "Hello."),
        ("pull", "tone-speak"),
        ("install", "nothing"),
        ("jobs", "list"),
        ("jobs", "cancel", "nothing"),
        ("doctor",),
        ("costs",),
        ("config", "show"),
        ("config", "set", "local.workers", "1"),
        ("config", "unset", "local.workers"),
        ("config", "path"),
    ]
    named = {
        words[:2] if words[0] in {"takes", "config", "jobs"} or words[:2] in LEAVES else words[:1] for words in steps
    }
    assert named == set(LEAVES)
    documents = {}
    for words in steps:
        done = haus(*words, "--json")
        documents[" ".join(words[:2])] = done.json
        assert isinstance(done.json, dict), words
        if words[-1] == "nothing":
            assert done.json["error"]["code"] == "not_found"
        elif words[0] in {"undeploy", "status", "warm", "cool", "logs"}:
            assert done.json["error"]["code"] == "auth", words
        elif words[0] == "doctor":  # weights are missing here, which is no fault; a broken plugin would be
            assert done.code == (0 if done.json["ok"] else 1)
        else:
            assert (done.code, "error" in done.json) == (0, False), (words, done.err)
    assert documents["compose piece.json"]["path"] == "out/piece.wav"
    assert documents["compose piece.json"]["made"] == 1
    assert documents["speak Hello."]["instrument"] == "tone-speak"
    assert [word["text"] for word in documents["speak Hello."]["words"]] == ["Hello"]
    assert documents["plan piece.json"]["cues"][0]["status"] == "make"
    assert documents["takes list"]["takes"][0]["instrument"] == "tone-speak"
    assert documents["takes lock"]["locked"] == ["one/hello"]
    assert documents["costs"]["rows"][0]["cost_usd"].startswith("0.0")  # money as text
    assert documents["music calm"]["duration_s"] == 1.0


def test_sound_and_json_cannot_share_stdout(haus: Haus) -> None:
    done = haus("speak", "Hello.", "-o", "-", "--json")
    assert (done.code, done.json["error"]["code"]) == (2, "usage")


def test_a_broken_score_is_still_one_document(haus: Haus) -> None:
    name = score(line(gian_db=3))
    checked, composed = haus("check", name, "--json"), haus("compose", name, "--json")
    assert (checked.code, composed.code) == (2, 2)
    assert checked.json["ok"] is False
    assert checked.json["problems"][0]["line"] == 11
    assert checked.json["problems"][0]["fix"] == "did you mean 'gain_db'?"
    assert len(composed.json["error"]["problems"]) == 1


@pytest.mark.parametrize("command", ["instruments", "costs", "takes list"])
def test_an_empty_house_answers_too(bare: Haus, home: Path, command: str) -> None:
    shutil.rmtree(home)
    home.mkdir()
    assert bare(*command.split(), "--json").code == 0
