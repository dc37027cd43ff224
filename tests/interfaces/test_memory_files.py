"""Memories out and in at the command line, and what is said where that cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.interfaces.conftest import Haus, Remembered

FORMS = {
    "--graphml": "notes.graphml",
    "--json-ld": "notes.jsonld",
    "--csv": "tables",
    "--lightrag": "rag",
    "--custom-kg": "kg.json",
}


@pytest.fixture
def notes(haus: Haus, here: Path, remembered: Remembered) -> Haus:
    (here / "notes.txt").write_text("Anna Weber works at Nordwind Logistics. She went to Bremen with John Doe.")
    remembered(here / "notes.txt")
    return haus


def test_every_form_is_written_once(notes: Haus, here: Path) -> None:
    for flag, name in FORMS.items():
        done = notes("memory", "export", "notes", flag, name)
        assert (done.code, done.out) == (0, f"{name}\n"), done.err
        assert (here / name).exists()
        again = notes("memory", "export", "notes", flag, name)
        assert again.code == 1
        assert "there already" in again.err


def test_what_was_written_comes_back(notes: Haus) -> None:
    told = notes("memory", "export", "notes", "--lightrag", "rag", "--json").json
    assert (told["form"], told["target"], told["passages"]) == ("lightrag", "rag", 1)
    back = notes("memory", "import", "back", "rag", "--json").json
    assert (back["added"], back["passages"], back["facts"]) == (1, told["passages"], told["facts"])
    shown = notes("memory", "show", "back", "--json").json
    assert [row["path"] for row in shown["documents"]] == ["notes.txt"]
    assert notes("memory", "check", "back").code == 0
    assert "0 added, 1 there already" in notes("memory", "import", "back", "rag").err


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("export", "notes"), 2, "name one form"),
        (("export", "notes", "--csv", "a", "--graphml", "b"), 2, "name one form"),
        (("export", "nobody", "--csv", "a"), 5, "no memory 'nobody'"),
        (("export", "notes", "--graphml", "no/where"), 1, "cannot be written"),
        (("export", "notes", "--graphml", "-"), 2, "not written to standard output"),
        (("backup", "notes", "-"), 2, "not written to standard output"),
        (("import", "new", "nowhere"), 5, "no folder"),
        (("import", "new", "."), 2, "no folder of LightRAG"),
        (("import", "NEW", "."), 2, "no name for a memory"),
        (("import", "notes", "rag"), 2, "import into a new memory"),
    ],
)
def test_what_cannot_be_is_told(notes: Haus, words: tuple[str, ...], code: int, says: str) -> None:
    notes("memory", "export", "notes", "--lightrag", "rag")
    done = notes("memory", *words)
    assert (done.code, done.out) == (code, "")
    assert says in done.err.replace("\n      ", " ")


def test_another_embedder_than_the_memorys_writes_no_vectors(
    notes: Haus, here: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tones = home / "instruments.d" / "tones.toml"
    tones.write_text(tones.read_text("utf-8").replace('"tone-embed"', '"other-embed"'), "utf-8")
    monkeypatch.setenv("HAUSMUSIK_DEFAULTS__EMBED", "other-embed")
    done = notes("memory", "export", "notes", "--lightrag", "rag")
    assert done.code == 3
    assert "has vectors of tone-embed" in done.err.replace("\n      ", " ")
    assert not (here / "rag").exists()
    assert notes("memory", "export", "notes", "--custom-kg", "kg.json").code == 0
    assert json.loads((here / "kg.json").read_text("utf-8"))["chunks"]
