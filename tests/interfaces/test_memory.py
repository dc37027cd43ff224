"""haus memory, on the tone engine's embedder: what goes in, what is shown of it, and what is told when it cannot be."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from hausmusik.memory.adding import writing
from hausmusik.memory.memories import Memories
from hausmusik.memory.store.store import OWED
from hausmusik.testing import FakeClock
from tests.interfaces import tones
from tests.interfaces.conftest import Done, Haus, Remembered, limited, process

MEETING = """Anna Weber: Good morning. The Helios launch is on 3 May, and Nordwind Logistics pays for it.
Tom Baker: I met Gerda Klein in Leeds. She works at Nordwind Logistics.
Anna Weber: Good. What does she think of it?
Tom Baker: Gerda Klein likes Helios a lot.
"""
NOTES = """# Plan

We know that Gerda Klein lives in Leeds. The Helios launch needs Nordwind Logistics.
"""


@pytest.fixture
def files(here: Path) -> Path:
    """A folder with a meeting and a page."""
    folder = here / "files"
    folder.mkdir()
    (folder / "meeting.txt").write_text(MEETING, "utf-8")
    (folder / "notes.md").write_text(NOTES, "utf-8")
    return folder


@pytest.fixture
def notes(haus: Haus, files: Path, remembered: Remembered) -> Haus:
    """A memory `notes` of both files."""
    remembered(*sorted(files.iterdir()))
    return haus


@pytest.fixture
def notes_of_folder(haus: Haus, files: Path) -> Haus:
    """A memory `notes` that knows the folder of both files."""
    assert haus("memory", "add", "notes", str(files)).code == 0
    return haus


def fine(done: Done) -> Done:
    assert done.code == 0, done.err
    assert "Traceback" not in done.err
    return done


def told(done: Done, code: int, *words: str) -> None:
    assert (done.code, done.out) == (code, ""), done
    assert done.err.startswith("haus: ")
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err


# -- adding -----------------------------------------------------------------------------------------------------------


def test_added_shown_and_there_already(haus: Haus, files: Path) -> None:
    first = fine(haus("memory", "add", "notes", "files"))
    assert first.out == ""
    assert "2 added, 0 changed, 0 there already" in first.err
    assert "2 passages" in first.err
    assert "0 added, 0 changed, 2 there already" in fine(haus("memory", "add", "notes", "files")).err
    (files / "notes.md").write_text(NOTES + "\nTom Baker likes tea.\n", "utf-8")
    assert "0 added, 1 changed, 1 there already" in fine(haus("memory", "add", "notes", "files")).err
    shown = fine(haus("memory", "show", "notes")).out
    assert "meeting.txt" in shown
    assert "transcript" in shown
    assert "notes" in fine(haus("memory")).out


def test_a_file_that_is_deleted_is_told_and_stays_until_it_is_forgotten(notes_of_folder: Haus, files: Path) -> None:
    (files / "notes.md").unlink()
    done = fine(notes_of_folder("memory", "add", "notes", str(files)))
    assert "no longer there, but still in the memory: notes.md" in done.err
    assert "haus memory forget notes NAME" in done.err
    fine(notes_of_folder("memory", "forget", "notes", "notes.md", "--yes"))
    assert "no longer there" not in fine(notes_of_folder("memory", "add", "notes", str(files))).err


def test_a_report_as_json(haus: Haus, files: Path) -> None:
    report = fine(haus("memory", "add", "notes", str(files), "--json")).json
    assert {name: report[name] for name in ("memory", "added", "changed", "same", "failed", "calls")} == {
        "memory": "notes", "added": 2, "changed": 0, "same": 0, "failed": 0, "calls": 0,
    }  # fmt: skip
    assert report["passages"] == 2
    assert report["problems"] == report["skipped"] == []


def test_what_would_be_done_is_shown_and_not_done(haus: Haus, files: Path) -> None:
    done = fine(haus("memory", "add", "notes", str(files), "--dry-run"))
    assert "new" in done.out
    assert "meeting.txt" in done.out
    document = fine(haus("memory", "add", "notes", str(files), "--dry-run", "--json")).json
    assert [item["change"] for item in document["items"]] == ["new", "new"]
    assert document["quote"]
    assert (document["has_new_types"], document["asker"], document["questions"]) == (False, "", 0)
    assert fine(haus("memory", "--json")).json == {"memories": []}
    fine(haus("memory", "add", "notes", str(files)))
    assert "everything is there already" in fine(haus("memory", "add", "notes", str(files), "--dry-run")).err


def test_stdin(haus: Haus) -> None:
    assert "1 added" in fine(haus("memory", "add", "notes", "-", input=MEETING)).err
    assert "1 there already" in fine(haus("memory", "add", "notes", "-", input=MEETING)).err
    (row,) = fine(haus("memory", "show", "notes", "--json")).json["documents"]
    assert row["path"].startswith("stdin-")
    told(haus("memory", "add", "notes", "-", input=" \n"), 2, "stdin is empty")


def test_patterns_leave_files_out(haus: Haus, files: Path) -> None:
    (files / ".hausignore").write_text("notes.*\n", "utf-8")
    assert "1 added" in fine(haus("memory", "add", "one", str(files))).err
    assert "0 added" in fine(haus("memory", "add", "two", str(files), "--ignore", "*.txt")).err


@pytest.mark.parametrize("name", ["Notes", "../notes", "a/b", "", "-x", "nötes", "x" * 65, "a b"])
def test_bad_names(haus: Haus, files: Path, name: str) -> None:
    done = haus("memory", "add", "--", name, str(files))
    assert done.code == 2
    assert "Traceback" not in done.err
    assert not list(files.parent.rglob("*.sqlite"))


def test_what_is_not_there(haus: Haus, here: Path) -> None:
    told(haus("memory", "add", "notes", str(here / "nowhere")), 5, "nowhere")
    for words in (
        ("show", "notes"), ("stats", "notes"), ("check", "notes"), ("search", "notes", "a"), ("graph", "notes"),
        ("path", "notes", "a", "b"), ("merge", "notes", "a", "b"), ("split", "notes", "a"),
        ("forget", "notes", "a", "--yes"), ("backup", "notes", "copy.sqlite"),
    ):  # fmt: skip
        told(haus("memory", *words), 5, "there is no memory 'notes'")
    assert fine(haus("memory", "--json")).json == {"memories": []}


def test_an_empty_folder(haus: Haus, here: Path) -> None:
    (here / "empty").mkdir()
    done = haus("memory", "add", "notes", "empty")
    assert "Traceback" not in done.err
    assert (done.code, "0 added" in done.err) == (0, True)


def test_a_file_that_cannot_be_read_is_told_and_the_others_are_added(haus: Haus, files: Path) -> None:
    (files / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing of a PDF\n")
    done = haus("memory", "add", "notes", str(files), "--json")
    assert done.code == 8
    assert (done.json["added"], done.json["failed"]) == (2, 1)
    assert done.json["problems"][0]["name"] == "broken.pdf"
    plain = haus("memory", "add", "notes", str(files))
    assert plain.code == 8
    assert "2 there already, 1 failed" in plain.err
    assert plain.err.count("broken.pdf is ") == 1
    assert "broken.pdf: " not in plain.err
    assert "Traceback" not in plain.err


def test_options_that_make_no_sense(haus: Haus, files: Path, here: Path) -> None:
    told(haus("memory", "add", "notes", str(files), "--tokens", "100", "--overlap", "100"), 2, "--overlap")
    told(haus("memory", "add", "notes", str(files), "--extract", "nobody"), 5, "nobody")
    told(haus("memory", "add", "notes", str(files), "--types", "none.toml"), 5, "none.toml")
    (here / "types.toml").write_text("a = 1\n", "utf-8")
    told(haus("memory", "add", "notes", str(files), "--types", "types.toml"), 3, "[types]")
    told(haus("memory", "add", "notes", str(files), "--extract", "tone-chat", "--format", "xml"), 2, "schema, lightrag")
    told(haus("memory", "add", "notes", str(files), "--format", "lightrag"), 2, "--extract")
    told(haus("memory", "add", "notes", str(files), "--on", "mars"), 5, "mars")


def test_the_types_of_a_memory_are_kept_and_a_change_is_told_before(haus: Haus, files: Path, here: Path) -> None:
    (here / "types.toml").write_text('[types]\nship = "floats"\n', "utf-8")
    (here / "more.toml").write_text('[types]\nship = "floats"\nport = "where ships are"\n', "utf-8")
    assert "other types" not in fine(haus("memory", "add", "notes", str(files), "--types", "types.toml")).err
    stats = fine(haus("memory", "stats", "notes", "--json")).json
    assert stats["types"] == {"ship": "floats", "other": "none of these"}
    assert stats["guessed_types"] == {}
    again = fine(haus("memory", "add", "notes", str(files))).err
    assert "2 there already" in again
    assert "other types" not in again
    dry = fine(haus("memory", "add", "notes", str(files), "--types", "more.toml", "--dry-run")).err
    assert "notes gets other types of entities" in dry
    assert "types of entities: ship, other" in fine(haus("memory", "stats", "notes")).err
    fine(haus("memory", "add", "notes", str(files), "--types", "more.toml"))
    assert "types of entities: ship, port, other" in fine(haus("memory", "stats", "notes")).err


def test_another_embedder_is_refused(notes: Haus, files: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "instruments.d" / "more.toml").write_text(tones.instrument("other-embed", "embed"), "utf-8")
    monkeypatch.setenv("HAUSMUSIK_DEFAULTS__EMBED", "other-embed")
    for words in (
        ("memory", "add", "notes", str(files)),
        ("memory", "search", "notes", "Helios"),
        ("ask", "notes", "Helios?"),
    ):
        told(notes(*words), 3, "cannot be compared")
    assert fine(notes("memory", "stats", "notes", "--json")).json["counts"]["documents"] == 2


def test_two_do_not_add_at_once(haus: Haus, files: Path, home: Path) -> None:
    memories = Memories(home / "data" / "memories", FakeClock())
    with writing(memories.store("notes", new=True)):
        done = haus("memory", "add", "notes", str(files))
        told(done, done.code, "another process is adding to the memory notes")
        assert done.code != 0
    memories.close()
    fine(haus("memory", "add", "notes", str(files)))


@pytest.mark.slow
def test_stopped_with_control_c_it_goes_on(haus: Haus, here: Path, home: Path) -> None:
    slow = tones.instrument("slow-embed", "embed", options="sleep_s = 0.15", extra="workers = 1")
    (home / "instruments.d" / "more.toml").write_text(slow, "utf-8")
    os.environ["HAUSMUSIK_DEFAULTS__EMBED"] = "slow-embed"
    try:
        (here / "many").mkdir()
        for number in range(20):
            (here / "many" / f"{number:02d}.txt").write_text(f"{MEETING}\nNumber {number}.\n", "utf-8")
        running = process("memory", "add", "notes", "many", cwd=here)
        database = home / "data" / "memories" / "notes.sqlite"
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and running.poll() is None:
            if database.exists() and len(haus("memory", "show", "notes", "--json").out.split('"path"')) > 2:
                break
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=30)
        assert running.returncode == 130, err
        assert "the same command goes on" in err
        assert "Traceback" not in err
        report = fine(haus("memory", "add", "notes", "many", "--json")).json
    finally:
        del os.environ["HAUSMUSIK_DEFAULTS__EMBED"]
    assert 0 < report["same"] < 20
    assert report["same"] + report["added"] == 20
    fine(haus("memory", "check", "notes"))


@pytest.mark.slow
@pytest.mark.parametrize("size_kb", [8, 200, 500])
def test_a_full_disk_loses_nothing_and_it_goes_on(notes: Haus, here: Path, size_kb: int) -> None:
    (here / "many").mkdir()
    for number in range(20):
        (here / "many" / f"{number:02d}.txt").write_text(
            f"{MEETING}\nNumber {number} is on Erika {number}.\n" * 20, "utf-8"
        )
    done = limited(size_kb << 10, "memory", "add", "notes", "many")
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "haus: " in done.stderr
    fine(notes("memory", "check", "notes"))
    shown = fine(notes("memory", "show", "notes", "--json")).out
    assert "meeting.txt" in shown
    assert "notes.md" in shown
    report = fine(notes("memory", "add", "notes", "many", "--json")).json
    assert report["same"] + report["added"] == 20
    assert report["added"]
    fine(notes("memory", "check", "notes"))


# -- looking and changing ---------------------------------------------------------------------------------------------


def test_searching(notes: Haus) -> None:
    done = fine(notes("memory", "search", "notes", "Helios launch"))
    assert "meeting.txt, line" in done.out
    assert "Helios" in done.out
    found = fine(notes("memory", "search", "notes", "-", "--json", "--limit", "1", input="Gerda Klein?")).json
    assert [name["text"] for name in found["names"]] == ["Gerda Klein"]
    assert len(found["evidence"]) == 1
    assert found["evidence"][0]["passage"]["path"] in {"meeting.txt", "notes.md"}
    told(notes("memory", "search", "notes", "a", "--mode", "psychic"), 2, "mix")
    told(notes("memory", "search", "notes", "a", "--as-of", "soon"), 2, "as of 'soon'")
    told(notes("memory", "search", "notes", " "), 2)


def test_who_is_who(notes: Haus) -> None:
    assert "Gerda Klein" in fine(notes("memory", "graph", "notes")).out
    people = fine(notes("memory", "graph", "notes", "--type", "person", "--json")).json["entities"]
    assert {"Anna Weber", "Tom Baker"} <= {row["title"] for row in people}
    about = fine(notes("memory", "graph", "notes", "Gerda Klein"))
    assert "lives in – Leeds" in about.out
    known = fine(notes("memory", "graph", "notes", "gerda klein", "--json")).json
    assert known["entity"]["title"] == "Gerda Klein"
    assert known["facts"]
    told(notes("memory", "graph", "notes", "Gerda Kline"), 5, "Gerda Klein")
    told(notes("memory", "graph", "notes", "Zzz"), 5, "haus memory graph")


def test_why_a_name_is_itself_is_not_told(haus: Haus, here: Path) -> None:
    (here / "a.txt").write_text("We saw Petra and the Co-op there.\n", "utf-8")
    (here / "b.txt").write_text(
        "Petra: I saw it.\nTom: So did I.\nPetra: And the Coop is near.\nTom: Yes, it is.\n", "utf-8"
    )
    fine(haus("memory", "add", "notes", "a.txt", "b.txt"))
    merges = fine(haus("memory", "graph", "notes", "Petra", "--json")).json["merges"]
    assert [(merge["name"], merge["into"]) for merge in merges] == [("Petra", "Petra")]
    assert "Petra is Petra" not in fine(haus("memory", "graph", "notes", "Petra")).err
    assert "Coop is Co-op: the same letters" in fine(haus("memory", "graph", "notes", "Co-op")).err


def test_the_way_between_two(notes: Haus) -> None:
    assert "Gerda Klein" in fine(notes("memory", "path", "notes", "Gerda Klein", "Leeds")).out
    steps = fine(notes("memory", "path", "notes", "Anna Weber", "Leeds", "--json")).json["steps"]
    assert 0 < len(steps) <= 4
    assert fine(notes("memory", "path", "notes", "Leeds", "Leeds", "--json")).json == {"steps": []}


def test_two_names_made_one_and_two_again(notes: Haus) -> None:
    assert fine(notes("memory", "merge", "notes", "Tom Baker", "Anna Weber", "--json")).json["title"] == "Anna Weber"
    assert "user" in fine(notes("memory", "graph", "notes", "Tom Baker")).err
    told(notes("memory", "merge", "notes", "Tom Baker", "Anna Weber"), 2, "one already")
    assert "Tom Baker" in fine(notes("memory", "split", "notes", "Tom Baker")).err
    told(notes("memory", "split", "notes", "Tom Baker"), 2, "only name")
    told(notes("memory", "merge", "notes", "Nobody", "Anna Weber"), 5)
    fine(notes("memory", "check", "notes"))


def test_a_damaged_memory_hides_no_other(notes: Haus, home: Path) -> None:
    (home / "data" / "memories" / "broken.sqlite").write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    (home / "data" / "memories" / "gone.sqlite").symlink_to("nowhere")
    (home / "data" / "memories" / "folder.sqlite").mkdir()
    done = fine(notes("memory"))
    assert "notes" in done.out
    assert "broken cannot be read: " in done.err
    listed = {row["name"]: row["problem"] for row in fine(notes("memory", "--json")).json["memories"]}
    assert listed["notes"] == ""
    assert listed["broken"]
    assert set(listed) == {"notes", "broken"}


@pytest.mark.parametrize("command", ["graph", "path", "merge", "split"])
def test_a_name_that_is_no_text_is_nobodys(notes: Haus, command: str) -> None:
    words = ["\udcff", "\udcfe"] if command in {"path", "merge"} else ["\udcff"]
    told(notes("memory", command, "notes", *words), 5, "nobody and nothing")


def test_nobody_is_told_to_have_to_do_with_himself(haus: Haus, here: Path) -> None:
    (here / "a.txt").write_text("Zebulon Quagmire (ZQ) met Anna Weber in Leeds.\n", "utf-8")
    fine(haus("memory", "add", "notes", "a.txt"))
    shown = fine(haus("memory", "graph", "notes", "Zebulon Quagmire", "--json")).json
    assert all(fact["source"] != fact["target"] for fact in shown["facts"])
    assert shown["facts"]


def test_counts(notes: Haus) -> None:
    assert "documents" in fine(notes("memory", "stats", "notes")).out
    stats = fine(notes("memory", "stats", "notes", "--json")).json
    assert stats["counts"]["documents"] == 2
    assert stats["embedder"].startswith("tone-embed@")
    assert stats["size_bytes"] > 0
    assert isinstance(stats["doubts"], list)


def test_a_pattern_forgets_what_it_matches_and_shows_that_first(haus: Haus, files: Path) -> None:
    (files / "logs").mkdir()
    for name in ("logs/one.log", "logs/two.log", "logs/old[1].txt", "logs/old1.txt"):
        (files / name).write_text(f"{name} was here, said Anna Weber.\n", "utf-8")
    fine(haus("memory", "add", "notes", str(files)))
    for pattern, count in (("logs/*.log", 2), ("*.log", 2), ("lo?s/", 4)):
        asked = haus("memory", "forget", "notes", pattern)
        assert asked.code == 2
        assert f"not without being asked: forget {count} documents of notes for good?" in asked.err
        assert len(re.findall("^  logs/", asked.err, re.MULTILINE)) == count
    told(haus("memory", "forget", "notes", "*.pdf", "--yes"), 5, "'*.pdf'", "haus memory show")
    told(haus("memory", "forget", "notes", "logs", "--yes"), 5, "'logs'")  # no pattern, and no document

    def left() -> list[str]:
        return [row["path"] for row in fine(haus("memory", "show", "notes", "--json")).json["documents"]]

    assert len(left()) == 6
    # What is called like a pattern is that document alone.
    assert "forgot 1 document\n" in fine(haus("memory", "forget", "notes", "logs/old[1].txt", "--yes")).err
    assert "logs/old1.txt" in left()
    assert "forgot 2 documents" in fine(haus("memory", "forget", "notes", "logs/*.log", "--yes")).err
    assert left() == ["logs/old1.txt", "meeting.txt", "notes.md"]


def test_one_is_not_said_as_many(haus: Haus, here: Path) -> None:
    (here / "a.txt").write_text("We saw Petra there.\n", "utf-8")
    (here / "b.pdf").write_bytes(b"%PDF-1.7\nnothing\n")
    (here / ".hausignore").write_text("*.bak\n", "utf-8")
    (here / "c.bak").write_text("x", "utf-8")
    done = haus("memory", "add", "notes", ".", "--ignore", "files")
    assert "notes: 1 passage, 1 entity, 0 facts" in done.err
    assert "1 file was left out" in done.err
    assert "1 document could not be added" in done.err
    assert not re.search(r"\b1 (?:files|documents|passages|names|entities|facts)\b", done.err)
    (here / "one").mkdir()
    assert fine(haus("memory", "export", "notes", "--graphml", "one/a.graphml")).err.startswith("1 passage, 1 entity")


def test_forgotten_it_is_gone_and_can_come_back(notes_of_folder: Haus, home: Path, files: Path) -> None:
    told(notes_of_folder("memory", "forget", "notes", "meeting.txt"), 2)  # nobody is there to say yes
    told(notes_of_folder("memory", "forget", "notes", "other.txt", "--yes"), 5, "other.txt")
    assert fine(notes_of_folder("memory", "forget", "notes", "meeting.txt", "--yes", "--json")).json == {"forgotten": 1}
    left = b"".join(path.read_bytes() for path in (home / "data" / "memories").glob("notes.sqlite*"))
    assert b"Tom Baker" not in left
    assert b"Gerda Klein" in left
    fine(notes_of_folder("memory", "check", "notes"))
    with sqlite3.connect(home / "data" / "memories" / "notes.sqlite") as connection:  # as where somebody read meanwhile
        connection.execute("INSERT INTO settings VALUES (?, '1')", (OWED,))
    connection.close()
    assert "from the log too" in fine(notes_of_folder("memory", "forget", "notes", "meeting.txt")).err
    told(notes_of_folder("memory", "forget", "notes", "meeting.txt", "--yes"), 5, "meeting.txt")
    assert "1 added" in fine(notes_of_folder("memory", "add", "notes", str(files))).err
    assert len(fine(notes_of_folder("memory", "show", "notes", "--json")).json["documents"]) == 2


def test_checked(notes: Haus, home: Path) -> None:
    assert "notes is whole" in fine(notes("memory", "check", "notes")).err
    assert not any(fine(notes("memory", "check", "notes", "--json")).json.values())
    with sqlite3.connect(home / "data" / "memories" / "notes.sqlite") as connection:
        connection.execute("DELETE FROM windows")
    connection.close()
    wrong = notes("memory", "check", "notes", "--json")
    assert wrong.json["passages without vectors"] == 2
    assert "is not whole (passages without vectors: 2)" in wrong.err
    file = home / "data" / "memories" / "notes.sqlite"
    file.write_bytes(file.read_bytes()[:4096] + os.urandom(8192))
    done = notes("memory", "check", "notes")
    told(done, done.code, "damaged")
    assert done.code != 0


def test_a_backup(notes: Haus, here: Path, home: Path) -> None:
    assert fine(notes("memory", "backup", "notes", "copy.sqlite")).out == "copy.sqlite\n"
    told(notes("memory", "backup", "notes", "copy.sqlite"), notes("memory", "backup", "notes", "copy.sqlite").code, "is there already")  # fmt: skip
    told(notes("memory", "backup", "notes", "no/copy.sqlite"), notes("memory", "backup", "notes", "no/copy.sqlite").code, "no/copy.sqlite")  # fmt: skip
    shutil.copy(here / "copy.sqlite", home / "data" / "memories" / "again.sqlite")
    one, other = (fine(notes("memory", "stats", name, "--json")).json["counts"] for name in ("notes", "again"))
    assert one == other


def test_all_memories(notes: Haus, files: Path) -> None:
    fine(notes("memory", "add", "more", str(files / "notes.md")))
    rows = fine(notes("memory", "--json")).json["memories"]
    assert [(row["name"], row["documents"]) for row in rows] == [("more", 1), ("notes", 2)]
    assert json.dumps(rows)
