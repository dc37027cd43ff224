"""haus chat, on the tone engine's real workers: it thinks how many words it was told, and says them."""

from __future__ import annotations

import json
import os
import pty
import time
from pathlib import Path

import pytest

from tests.interfaces.conftest import Haus, process

SCHEMA = '{"type": "object", "properties": {"sea": {"enum": ["calm", "rough"]}, "boats": {"type": "integer"}}}'
SEA = {"sea": "calm", "boats": 0}


def test_the_answer_is_the_data_and_the_thought_is_not(haus: Haus) -> None:
    done = haus("chat", "Good evening, house.")
    assert (done.code, done.out) == (0, "Good evening, house.\n")
    assert "I was told 3 words." in done.err


@pytest.mark.parametrize(
    ("how", "out", "err"),
    [
        ("hide", "Hello you.\n", ""),
        ("only", "I was told 2 words.\n", ""),
        ("off", "Hello you.\n", ""),
        ("show", "Hello you.\n", "I was told 2 words.\n\n"),
    ],
)
def test_what_becomes_of_thinking(haus: Haus, how: str, out: str, err: str) -> None:
    done = haus("chat", "Hello you.", "--think", how)
    assert (done.code, done.out, done.err) == (0, out, err)
    assert haus("chat", "Hello you.", "--think", how, "-q").err == ""


def test_one_document_with_all_that_is_known(haus: Haus) -> None:
    done = haus("chat", "-", "--json", "--max-tokens", "2", input="One two three.\n")
    assert done.json | {"credit": ""} == {
        "text": "One two",
        "thinking": "I was told 3 words.",
        "tool_calls": [],
        "reason": "length",
        "tokens_in": 3,
        "tokens_out": 2,
        "instrument": "tone-chat",
        "licence": "none",
        "credit": "",
        "commercial": True,
    }


def test_an_answer_that_was_cut_says_so(haus: Haus) -> None:
    done = haus("chat", "One two three.", "--max-tokens", "2", "--think", "hide")
    assert (done.code, done.out) == (0, "One two\n")
    assert done.err == "note: the answer was cut, no tokens were left; see --max-tokens\n"


def test_a_schema_is_answered_with_json_or_not_at_all(haus: Haus, here: Path) -> None:
    done = haus("chat", "The sea?", "--schema", SCHEMA)
    assert (done.code, done.json) == (0, SEA)
    (here / "schema.json").write_text(SCHEMA, "utf-8")
    assert haus("chat", "The sea?", "--schema", "schema.json", "--json").json["document"] == SEA
    cut = haus("chat", "The sea?", "--schema", "schema.json", "--max-tokens", "2")
    assert (cut.code, cut.out) == (1, "")
    assert "cut before its JSON was whole" in cut.err


@pytest.mark.parametrize(
    "words",
    [
        ("chat",),
        ("chat", " "),
        ("chat", "a", "--think", "loudly"),
        ("chat", "a", "--schema", "{"),
        ("chat", "a", "--temperature", "3"),
        ("chat", "a", "--max-tokens", "-1"),
        ("chat", "a", "--budget", "much"),
    ],
)
def test_nonsense_is_told(haus: Haus, words: tuple[str, ...]) -> None:
    done = haus(*words)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("haus: ")


def test_a_schema_that_is_not_there_and_one_that_is_no_object(haus: Haus, here: Path) -> None:
    assert haus("chat", "a", "--schema", "none.json").code == 5
    (here / "list.json").write_text("[1]", "utf-8")
    assert haus("chat", "a", "--schema", "list.json").code == 2


def test_a_conversation_is_kept_in_its_file(haus: Haus, here: Path) -> None:
    file = here / "kept" / "talk.jsonl"
    words = ("--history", str(file), "--system", "Be kind.")
    assert haus("chat", "Hello.", *words).code == 0
    assert haus("chat", "Bye.", *words).code == 0
    assert haus("chat", "Again.", "--history", str(file), "--json").json["tokens_in"] == 7
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert [(line["role"], line["content"]) for line in lines] == [
        ("system", "Be kind."),
        ("user", "Hello."),
        ("assistant", "Hello."),
        ("user", "Bye."),
        ("assistant", "Bye."),
        ("user", "Again."),
        ("assistant", "Again."),
    ]
    assert all(set(line) == {"role", "content"} for line in lines)
    assert haus("chat", "a", "--history", str(file), "--system", "Be rude.").code == 2


def test_a_turn_that_fails_is_not_kept(haus: Haus, here: Path) -> None:
    file = here / "talk.jsonl"
    file.write_text('{"role": "user", "content": "Hello."}\n', "utf-8")
    assert haus("chat", "a", "-i", "nobody", "--history", str(file)).code == 5
    assert file.read_text("utf-8") == '{"role": "user", "content": "Hello."}\n'
    file.write_text('{"role": "user"}\n{"who": 1}\n', "utf-8")
    done = haus("chat", "a", "--history", str(file))
    assert done.code == 2
    assert "line 2 of" in done.err


def test_on_a_terminal_it_takes_turns_until_the_line_ends(haus: Haus, here: Path) -> None:
    master, slave = pty.openpty()
    running = process("chat", "--think", "hide", "--history", "talk.jsonl", stdin=slave, cwd=here)
    os.close(slave)
    assert running.stdout is not None
    os.write(master, b"Hello you.\n")
    assert running.stdout.readline() == "Hello you.\n"
    os.write(master, b"\nAnd you.\n")
    assert running.stdout.readline() == "And you.\n"
    time.sleep(0.2)
    os.write(master, b"\x04")
    assert running.wait(20) == 0
    assert running.communicate()[1].count(">") == 4
    os.close(master)
    assert len((here / "talk.jsonl").read_text("utf-8").splitlines()) == 4
