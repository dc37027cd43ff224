"""`-o` of the commands about memories: a picture of the right form, or an error before anything is done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.interfaces.conftest import Haus, Remembered

TALK = """Anna Weber: Ben Carter leads the project Helios at Nordwind Logistics.
Ben Carter: Clara Diaz works at Nordwind Logistics, in Hamburg.
Anna Weber: The launch of Helios in Hamburg moves to 14 March.
Clara Diaz: Then I will tell Ben Carter and the people in Hamburg.
"""
STARTS = {"svg": b"<?xml", "png": b"\x89PNG", "html": b"<!DOCTYPE html>"}


@pytest.fixture
def notes(haus: Haus, here: Path, remembered: Remembered) -> Haus:
    """A command line with a memory."""
    (here / "talk.txt").write_text(TALK)
    remembered(here / "talk.txt")
    return haus


def test_each_form_of_each_picture(notes: Haus, here: Path) -> None:
    for ending, start in STARTS.items():
        out = f"picture.{ending}"
        for words in (
            ["graph", "notes"],
            ["graph", "notes", "Anna Weber"],
            ["path", "notes", "Anna Weber", "Clara Diaz"],
        ):
            done = notes("memory", *words, "-o", out)
            assert (done.code, done.out) == (0, f"{out}\n"), done.err
            assert (here / out).read_bytes().startswith(start)
    assert notes("memory", "graph", "notes", "-o", "p.svg", "--json").json == {"file": "p.svg"}


def test_an_answer_and_its_picture(notes: Haus, here: Path) -> None:
    done = notes("ask", "notes", "Who leads Helios?", "-i", "quotes", "--anyway", "-o", "answer.html", "--json")
    assert done.code == 0, done.err
    shown = {each["number"] for each in done.json["found"]["passages"]}
    page = (here / "answer.html").read_text("utf-8")
    data = json.loads(page.partition('type="application/json">')[2].partition("</script>")[0])
    numbers = {node["number"] for node in data["nodes"]} - {0}
    assert numbers
    assert numbers <= shown
    assert "Who leads Helios?" in page


@pytest.mark.parametrize("out", ["picture.jpg", "picture", "nowhere/picture.svg"])
def test_what_cannot_be_written_is_told(notes: Haus, here: Path, out: str) -> None:
    before = sorted(here.iterdir())
    done = notes("memory", "graph", "notes", "-o", out)
    assert done.code != 0
    assert "picture" in done.err
    assert sorted(here.iterdir()) == before


def test_an_unknown_form_is_told_before_anybody_is_asked(notes: Haus) -> None:
    done = notes("ask", "notes", "Who leads Helios?", "-o", "answer.gif")
    assert done.code == 2
    assert ".svg, .png or .html" in done.err
    assert not done.out


def test_a_misspelt_name_is_told_with_one_like_it(notes: Haus, here: Path) -> None:
    done = notes("memory", "graph", "notes", "Ben Cartr", "-o", "ben.svg")
    assert (done.code, (here / "ben.svg").exists()) == (5, False)
    assert "did you mean Ben Carter" in done.err


def test_pictures_have_no_types(notes: Haus) -> None:
    assert notes("memory", "graph", "notes", "--type", "person", "-o", "p.svg").code == 2
