"""What every store of memories keeps to: documents in and out whole, nothing left behind, and its file told apart."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from msgspec.structs import replace

from hausmusik.config.database import Database
from hausmusik.errors import ConfigError, StoreError
from hausmusik.memory.extraction.values import FoundEntity
from hausmusik.memory.looking import Looker
from hausmusik.memory.memories import Memories
from hausmusik.memory.store import reading
from hausmusik.memory.store.entry import DocumentEntry
from hausmusik.memory.store.store import MemoryStore
from hausmusik.memory.store.tables import MIGRATIONS
from hausmusik.testing import FakeClock
from tests.contract.memory_stores import HELIOS, LEEDS, YORK, built, ids_of, put, raw, whole
from tests.unit.memory.entries import OTHER_EMBEDDER, RECIPE, content, document, passage

# -- in ---------------------------------------------------------------------------------------------------------------


def test_what_is_put_is_there(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS), document("b.txt", LEEDS))
    counts = store.counts()
    assert (counts["documents"], counts["passages"], counts["entities"], counts["facts"]) == (2, 2, 4, 2)
    assert set(store.known()) == {"a.txt", "b.txt"}
    assert whole(store)


def test_a_document_is_there_whole_or_not_at_all(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS))
    before = content(store)
    broken = passage("Leeds is near York.", {"Leeds": "location", "York": "location"}, [("Leeds", "near", "York")])
    with pytest.raises(ValueError, match="zip"):
        store.put(document("b.txt", YORK, type(broken)(passage=broken.passage, windows=broken.windows, extraction=broken.extraction, fact_vectors=HELIOS.fact_vectors * 2)), RECIPE)  # fmt: skip
    assert content(store) == before


def test_putting_the_same_again_changes_nothing(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS, LEEDS))
    before, ids = content(store), ids_of(store)
    put(store, document("a.txt", HELIOS, LEEDS))
    assert (content(store), ids_of(store)) == (before, ids)


def test_only_what_changed_is_replaced(store: MemoryStore, tmp_path: Path) -> None:
    put(store, document("a.txt", HELIOS, LEEDS))
    before = ids_of(store)
    kept = store.kept_passages(document("a.txt").document, RECIPE)
    assert kept == {HELIOS.key: 1, LEEDS.key: 1}
    bare = passage(HELIOS.passage.text, start=len(YORK.passage.text))  # kept: needs no extraction
    put(store, document("a.txt", YORK, bare))
    assert ids_of(store)[HELIOS.passage.text] == before[HELIOS.passage.text]
    assert LEEDS.passage.text not in ids_of(store)
    moved = passage(HELIOS.passage.text, {"Anna Weber": "person", "Helios": "product"}, [("Anna Weber", "leads", "Helios")], start=len(YORK.passage.text))  # fmt: skip
    assert content(store) == built(tmp_path, document("a.txt", YORK, moved))


def test_another_recipe_replaces_all_of_it(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS))
    other = type(RECIPE)(budget_tokens=600, overlap_tokens=0, extractor="hand/2", embedder=RECIPE.embedder)
    assert not store.kept_passages(document("a.txt").document, other)
    store.put(document("a.txt", HELIOS), other)
    assert store.counts()["passages"] == 1
    assert whole(store)


@pytest.mark.parametrize("where", ["title", "headings"])
def test_under_another_title_or_heading_a_passage_is_made_anew(store: MemoryStore, tmp_path: Path, where: str) -> None:
    def under(heading: str) -> DocumentEntry:
        """As a model extracts it: it is shown title and headings, and names those too."""
        beside = FoundEntity(name=heading, type="product", description="x")
        one = passage(HELIOS.passage.text, {"Anna Weber": "person"}, headings=(heading,) if where == "headings" else ())
        found = replace(one.extraction, entities=(beside, *one.extraction.entities))
        entry = document("a.md", replace(one, extraction=found), LEEDS)
        return entry if where == "headings" else replace(entry, document=replace(entry.document, title=heading))

    put(store, under("Project Falcon"))
    assert store.kept_passages(under("Project Falcon").document, RECIPE)[under("Project Falcon").passages[0].key] == 1
    assert store.kept_passages(under("Project Hawk").document, RECIPE)[under("Project Hawk").passages[0].key] == 0
    put(store, under("Project Hawk"))
    assert "Project Falcon" not in {row.title for row in Looker("notes", store).entities()}
    assert content(store) == built(tmp_path, under("Project Hawk"))
    assert whole(store)


def test_equal_passages_are_counted(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS))
    put(store, document("a.txt", HELIOS, HELIOS))
    assert store.kept_passages(document("a.txt").document, RECIPE)[HELIOS.key] == 2
    assert store.counts()["passages"] == 2
    put(store, document("a.txt", HELIOS))
    assert store.counts()["passages"] == 1
    assert whole(store)


def test_what_the_user_said_of_a_name_outlives_a_change_of_its_file(store: MemoryStore) -> None:
    names = {"JD": "person", "Carla Ruiz": "person"}
    put(store, document("a.txt", passage("JD met Carla Ruiz.", names)))
    Looker("notes", store).merge("JD", "Carla Ruiz")
    put(store, document("a.txt", passage("Later JD met Carla Ruiz again.", names)))
    assert Looker("notes", store).find("JD").title == "Carla Ruiz"
    assert whole(store)


# -- embedders --------------------------------------------------------------------------------------------------------


def test_vectors_of_two_embedders_are_not_mixed(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS))
    with pytest.raises(ConfigError, match="cannot be compared"):
        store.put(document("b.txt", LEEDS), OTHER_EMBEDDER)
    with pytest.raises(ConfigError, match=r"another@1"):
        store.check_embedder(OTHER_EMBEDDER.embedder)
    assert set(store.known()) == {"a.txt"}
    store.forget(["a.txt"])
    store.put(document("b.txt", LEEDS), OTHER_EMBEDDER)  # nothing is left to compare them with
    assert store.setting("embedder") == OTHER_EMBEDDER.embedder


# -- others at the same time ------------------------------------------------------------------------------------------


def test_readers_see_one_moment_while_somebody_writes(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS))
    reader = MemoryStore(store.path, FakeClock())
    stop, seen, failed = threading.Event(), set[tuple[int, int]](), list[Exception]()

    def read() -> None:
        try:
            while not stop.is_set():
                with reader.database.read() as connection:
                    facts = connection.execute("SELECT count(*) FROM facts").fetchone()[0]
                    mentions = connection.execute("SELECT count(*) FROM mentions").fetchone()[0]
                seen.add((facts, mentions))
        except Exception as error:  # noqa: BLE001 -- told below
            failed.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    for number in range(30):
        put(store, document(f"{number}.txt", LEEDS, YORK))
    store.forget([f"{number}.txt" for number in range(30)])
    stop.set()
    thread.join()
    reader.close()
    assert failed == []
    assert all(mentions == 2 * facts for facts, mentions in seen)


def test_checking_finds_nothing_wrong_while_somebody_writes(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS))
    reader = MemoryStore(store.path, FakeClock())
    found: list[dict[str, int]] = []
    thread = threading.Thread(target=lambda: found.append(dict(reader.check())))
    with store.database.write() as connection:
        connection.execute("INSERT INTO settings VALUES ('a', 'b')")
        assert reader.counts()["documents"] == 1
        thread.start()
        thread.join(0.1)
    thread.join()
    assert found
    assert not any(found[0].values())
    reader.close()


def test_the_index_is_made_anew_after_a_change_of_anybody(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS))
    memories = Memories(store.path.parent, FakeClock())
    first = memories.index("notes")
    assert memories.index("notes") is first
    put(store, document("b.txt", LEEDS))
    assert len(memories.index("notes").passages) == 2
    memories.store("notes").forget(["b.txt"])
    assert len(memories.index("notes").passages) == 1
    memories.close()


# -- the file ---------------------------------------------------------------------------------------------------------


def test_a_backup_opens_and_is_equal(store: MemoryStore, tmp_path: Path) -> None:
    put(store, document("a.txt", HELIOS), document("b.txt", LEEDS))
    target = tmp_path / "copy.sqlite"
    store.backup(target)
    copy = MemoryStore(target, FakeClock())
    assert content(copy) == content(store)
    assert whole(copy)
    with copy.database.read() as connection:
        assert reading.search_words(connection, ["helios"], 5)
    copy.close()
    with pytest.raises(StoreError, match="is there already"):
        store.backup(target)
    with pytest.raises(StoreError, match=r"cannot be written to .*nowhere.*No such file"):
        store.backup(tmp_path / "nowhere" / "copy.sqlite")


def test_a_file_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    old = Database(tmp_path / "old.sqlite", title="memory", migrations=MIGRATIONS[:1])
    with old.write() as connection:
        connection.execute("INSERT INTO entities (title, type) VALUES ('Leeds', 'other')")
        connection.execute(
            "INSERT INTO names (entity, key, type, scope, surface) VALUES (1, 'leeds', 'other', '', 'Leeds')"
        )
    old.close()
    store = MemoryStore(tmp_path / "old.sqlite", FakeClock())
    with store.database.read() as connection:
        assert connection.execute("SELECT surface, typed_by FROM names").fetchall() == [("Leeds", "")]
    store.close()


def test_a_file_of_a_newer_version_is_refused(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS))
    raw(store, lambda connection: connection.execute("PRAGMA user_version = 99"))
    with pytest.raises(StoreError, match="written by a newer hausmusik"):
        store.known()


def test_a_database_of_another_program_is_refused_and_left_as_it_is(store: MemoryStore) -> None:
    store.path.parent.mkdir(parents=True)
    with sqlite3.connect(store.path) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    with pytest.raises(StoreError, match="another program"):
        put(store, document("a.txt", HELIOS))
    with sqlite3.connect(store.path) as connection:
        assert [row[0] for row in connection.execute("SELECT name FROM sqlite_master")] == ["theirs"]
    connection.close()


def test_a_damaged_file_is_told(store: MemoryStore) -> None:
    put(store, *(document(f"{number}.txt", HELIOS, LEEDS, YORK) for number in range(60)))
    store.close()
    data = bytearray(store.path.read_bytes())
    data[4096 * 4 : 4096 * 14] = os.urandom(4096 * 10)
    store.path.write_bytes(data)
    with pytest.raises(StoreError, match="is damaged"):
        store.check()
    store.path.write_bytes(b"no database at all, just some words" * 200)
    store.close()
    with pytest.raises(StoreError, match="is damaged"):
        store.known()


@pytest.mark.parametrize(
    "lost", ["table aliases", "table passage_words", "index facts_of_target", "trigger passage_words_out"]
)
def test_what_a_file_has_lost_is_told(store: MemoryStore, lost: str) -> None:
    put(store, document("a.txt", HELIOS))
    raw(store, lambda connection: connection.execute(f"DROP {lost}"))
    with pytest.raises(StoreError, match=f"is damaged: {lost}.* (is|are) missing"):
        store.check()


@pytest.mark.parametrize("vectors", ["x'00'", "x''", "x'000000'", "zeroblob(12)"])
@pytest.mark.parametrize("table", ["windows", "facts"])
def test_vectors_of_another_length_are_counted(store: MemoryStore, table: str, vectors: str) -> None:
    put(store, document("a.txt", HELIOS), document("b.txt", LEEDS, YORK))
    assert store.check()["vectors of another length"] == 0
    raw(store, lambda connection: connection.execute(f"UPDATE {table} SET vector = {vectors} WHERE id = 1"))
    assert store.check()["vectors of another length"] == 1


def test_rows_that_hang_on_nothing_are_counted(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS))
    raw(store, lambda connection: connection.execute("DELETE FROM mentions"))
    raw(store, lambda connection: connection.execute("DELETE FROM windows"))
    raw(store, lambda connection: connection.execute("INSERT INTO entities (title, type) VALUES ('x', 'other')"))
    found = store.check()
    assert found["names that nothing mentions"] == 2
    assert found["entities without names"] == 1
    assert found["passages without vectors"] == 1


def test_a_full_text_index_that_is_not_that_of_the_passages_is_told(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS))
    raw(store, lambda connection: connection.execute("INSERT INTO passage_words (passage_words, rowid, text) VALUES ('delete', 1, 'Anna Weber leads Helios.')"))  # fmt: skip
    assert store.check()["full-text index"] == 1


def test_a_file_that_another_process_locks_is_told(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS))
    store.database._busy_timeout_s = 0.05
    store.close()
    holder = sqlite3.connect(store.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked by another process"):
        put(store, document("b.txt", LEEDS))
    assert set(store.known()) == {"a.txt"}
    holder.close()
    put(store, document("b.txt", LEEDS))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_told(store: MemoryStore) -> None:
    store.path.parent.mkdir(parents=True)
    store.path.parent.chmod(0o500)
    try:
        with pytest.raises(StoreError, match="cannot be written"):
            put(store, document("a.txt", HELIOS))
    finally:
        store.path.parent.chmod(0o700)


def test_a_killed_writer_leaves_what_it_had_finished(store: MemoryStore, tmp_path: Path) -> None:
    program = """
import os, sys
from pathlib import Path
from hausmusik.memory.store.store import MemoryStore
from hausmusik.testing import FakeClock
from tests.contract.memory_stores import HELIOS, LEEDS
from tests.unit.memory.entries import RECIPE, document
from hausmusik.memory.store.writing import put_document
store = MemoryStore(Path(sys.argv[1]), FakeClock())
store.put(document("a.txt", HELIOS), RECIPE)
with store.database.write() as connection:
    put_document(connection, document("b.txt", LEEDS), RECIPE, "")
    os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", program, str(store.path)], check=False).returncode == -9
    assert content(store) == built(tmp_path, document("a.txt", HELIOS))
    assert whole(store)
