"""haus ask, on the tone engine: sentences are quoted, or a model that repeats what it was told is checked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.interfaces.conftest import Haus, Remembered

TEXT = """Anna Weber: Good morning all of you.
Tom Baker: The Helios launch is on 3 May 2026.
Anna Weber: I disagree with Tom Baker, it costs 40,000 euros.
"""
LAUNCH = "When is the Helios launch, and what does Anna Weber disagree with?"


@pytest.fixture
def notes(haus: Haus, here: Path, remembered: Remembered) -> Haus:
    (here / "meeting.txt").write_text(TEXT, "utf-8")
    remembered(here / "meeting.txt")
    return haus


def test_sentences_are_quoted_with_where_they_are_from(notes: Haus) -> None:
    done = notes("ask", "notes", LAUNCH, "-i", "quotes", "--anyway")
    assert done.code == 0
    assert 'Tom Baker: "The Helios launch is on 3 May 2026." [1]' in done.out
    (line,) = [at for at, text in enumerate(TEXT.splitlines(), 1) if "The Helios launch is on 3 May 2026." in text]
    assert re.search(rf"^\[1\] meeting.txt, line (\d+ and )*{line}\b", done.err, re.MULTILINE)
    assert "not supported" not in done.err


def test_one_document_with_all_that_came(notes: Haus) -> None:
    document = notes("ask", "notes", "-", "-i", "quotes", "--anyway", "--json", input=LAUNCH).json
    assert set(document) == {"thinking", "citations", "walk", "found", "answer"}
    assert document["answer"]["supported_share"] == 1.0
    assert all(each["supported"] for each in document["citations"])
    for each in document["citations"]:
        passage = document["found"]["passages"][each["numbers"][0] - 1]
        assert passage["number"] == each["numbers"][0]
        lines = TEXT.splitlines()[passage["line"] - 1 :]
        quoted = re.findall(r'"(.*?)"', each["sentence"])
        assert all(any(quote in line for line in lines) for quote in quoted)


def test_a_model_that_says_what_no_passage_says_is_marked(notes: Haus) -> None:
    done = notes("ask", "notes", LAUNCH, "-i", "tone-chat", "--anyway")
    assert done.code == 0
    assert "I was told" in done.err
    hidden = notes("ask", "notes", LAUNCH, "-i", "tone-chat", "--anyway", "--think", "hide")
    assert "I was told" not in hidden.err
    only = notes("ask", "notes", LAUNCH, "-i", "tone-chat", "--anyway", "--think", "only")
    assert (only.code, only.out) == (0, "")
    assert (
        notes("ask", "notes", LAUNCH, "-i", "tone-chat", "--anyway", "--json").json["thinking"].startswith("I was told")
    )


def test_what_is_not_there_is_refused(notes: Haus) -> None:
    done = notes("ask", "notes", "xylophone quantum zebra?", "-i", "tone-chat")
    assert (done.code, done.out) == (0, "That is not in this memory.\n")
    assert notes("ask", "notes", "xylophone quantum zebra?", "--json").json["answer"]["refused"]


def test_a_misspelt_name_is_asked_back(notes: Haus) -> None:
    done = notes("ask", "notes", "What did Tom Backer say?", "-i", "quotes")
    assert "nobody and nothing is called 'Tom Backer' here; did you mean Tom Baker?" in done.err
    found = notes("ask", "notes", "What did Tom Backer say?", "-i", "quotes", "--json").json["found"]
    assert found["misspelt"] == [{"text": "Tom Backer", "near": ["Tom Baker"]}]
    right = notes("ask", "notes", "What did Tom Baker say?", "-i", "quotes")
    assert "did you mean" not in right.err


def test_why_is_explained(notes: Haus) -> None:
    done = notes("ask", "notes", LAUNCH, "-i", "quotes", "--explain", "--anyway")
    assert "the question names:" in done.err
    assert "nearness" in done.err
    assert "words 1" in done.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("notes", " "), 2),
        (("notes", "a", "--mode", "psychic"), 2),
        (("notes", "a", "--think", "loudly"), 2),
        (("notes", "a", "--as-of", "soon"), 2),
        (("notes", "a", "--passages", "0"), 2),
        (("notes", "a", "--budget", "much"), 2),
        (("nothing", "a"), 5),
        (("No Name", "a"), 2),
        (("notes", "a", "-i", "nobody"), 5),
    ],
)
def test_nonsense_is_told(notes: Haus, words: tuple[str, ...], code: int) -> None:
    done = notes("ask", *words)
    assert (done.code, done.out) == (code, ""), done
    assert done.err.startswith("haus: ")
    assert "Traceback" not in done.err


def test_an_empty_memory_is_told(notes: Haus) -> None:
    assert notes("memory", "forget", "notes", "meeting.txt", "--yes").code == 0
    done = notes("ask", "notes", LAUNCH)
    assert done.code == 5
    assert "empty" in done.err


def test_the_source_of_a_quoted_question_is_told_too(haus: Haus, here: Path, remembered: Remembered) -> None:
    (here / "chat.txt").write_text("Anna Weber: Who has the keys of the boat house?\nTom Baker: Not me.\n", "utf-8")
    remembered(here / "chat.txt")
    done = haus("ask", "notes", "What did Anna Weber ask about the keys?", "-i", "quotes", "--anyway")
    assert 'Who has the keys of the boat house?" [1]' in done.out
    assert re.search(r"^\[1\] chat.txt, line 1", done.err, re.MULTILINE)


def test_a_name_with_a_line_end_is_told_on_one_line(haus: Haus, here: Path, remembered: Remembered) -> None:
    (here / "new\nline.txt").write_text(TEXT, "utf-8")
    remembered(here / "new\nline.txt")
    done = haus("ask", "notes", LAUNCH, "-i", "quotes", "--anyway", "--explain")
    assert "[1] new line.txt, line 1" in done.err
