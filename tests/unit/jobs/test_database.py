from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hausmusik.config.database import Database, rows_of, storable
from hausmusik.errors import StoreError
from tests.unit.jobs.conftest import fork, wait

V1 = "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);\nCREATE INDEX by_text ON notes (text);\n"
V2 = """
ALTER TABLE notes ADD COLUMN usd TEXT NOT NULL DEFAULT '0.10';
CREATE TRIGGER kept BEFORE DELETE ON notes BEGIN
    SELECT RAISE(ABORT, 'kept');
END;
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "notes.sqlite"


def make(file: Path, *migrations: str, **options: float) -> Database:
    return Database(file, title="notebook", migrations=migrations or (V1,), **options)  # type: ignore[arg-type]


def note(database: Database, text: str = "x") -> None:
    with database.write() as connection:
        connection.execute("INSERT INTO notes (text) VALUES (?)", (text,))


def texts(database: Database) -> list[str]:
    with database.read() as connection:
        return [row[0] for row in connection.execute("SELECT text FROM notes ORDER BY id")]


def test_nothing_is_made_before_the_first_use(file: Path) -> None:
    database = make(file)
    assert not file.parent.exists()
    database.open()
    assert texts(database) == []
    database.close()
    note(database)  # opens again
    database.close()


def test_a_transaction_is_all_or_nothing(file: Path) -> None:
    database = make(file)
    with pytest.raises(StoreError, match="no such table"), database.write() as connection:  # noqa: PT012
        connection.execute("INSERT INTO notes (text) VALUES ('lost')")
        connection.execute("INSERT INTO nowhere VALUES (1)")
    note(database, "kept")
    assert texts(database) == ["kept"]
    database.check()
    database.close()


def test_a_file_is_migrated_once_and_keeps_its_rows(file: Path) -> None:
    old = make(file)
    note(old)
    old.close()
    for _ in range(2):
        new = make(file, V1, V2)
        with new.read() as connection:
            assert rows_of(connection, "SELECT * FROM notes") == [{"id": 1, "text": "x", "usd": "0.10"}]
        new.close()
    with pytest.raises(StoreError, match="newer hausmusik") as caught:
        old.open()
    assert "install" in caught.value.hint


def test_a_migration_that_fails_changes_nothing(file: Path) -> None:
    old = make(file)
    note(old)
    old.close()
    with pytest.raises(StoreError, match="syntax"):
        make(file, V1, "ALTER TABLE notes ADD COLUMN usd TEXT;\nNONSENSE;").open()
    with pytest.raises(ValueError, match="middle of a statement"):
        make(file, V1, "CREATE TABLE x (").open()
    assert texts(old) == ["x"]
    old.close()


def test_sums_of_dollars_are_exact(file: Path) -> None:
    database = make(file, V1, V2)
    for _ in range(3):
        note(database)
    with database.read() as connection:
        assert connection.execute("SELECT usd_sum(usd) FROM notes").fetchone() == ("0.30",)
        assert connection.execute("SELECT usd_sum(usd) FROM notes WHERE id > 5").fetchone() == (None,)
    database.close()


@pytest.mark.parametrize(
    "content", [b"not a database at all, but long enough to look at" * 100, b"SQLite format 3\0" + b"\xff" * 4000]
)
def test_a_damaged_file_says_what_to_do_and_is_left_alone(file: Path, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(StoreError, match="is damaged") as caught:
        make(file).open()
    assert "move it away" in caught.value.hint
    assert file.read_bytes() == content


def test_damage_inside_is_found(file: Path) -> None:
    database = make(file)
    with database.write() as connection:
        connection.executemany("INSERT INTO notes (text) VALUES (?)", [(f"{n}" * 200,) for n in range(500)])
    database.close()
    data = bytearray(file.read_bytes())
    for page in range(2 * 4096, len(data) - 4096, 8192):
        data[page : page + 600] = os.urandom(600)
    file.write_bytes(data)
    with pytest.raises(StoreError, match="damaged"):
        database.check()
    with pytest.raises(StoreError, match="damaged"):
        texts(database)
    database.close()


def test_another_programs_database_is_refused(file: Path) -> None:
    file.parent.mkdir()
    foreign = sqlite3.connect(file)
    foreign.execute("CREATE TABLE bookmarks (x)")
    foreign.close()
    with pytest.raises(StoreError, match="another program"):
        make(file).open()


def test_a_full_disk_loses_nothing_that_was_written(file: Path) -> None:
    database = make(file)
    note(database, "before")
    with database.write() as connection:
        connection.execute("PRAGMA max_page_count = 8")  # SQLite's own way to have no room: the same error code
    with pytest.raises(StoreError, match="disk is full") as caught:
        note(database, "x" * 100_000)
    assert "free some space" in caught.value.hint
    assert texts(database) == ["before"]
    note(database, "after")
    database.close()


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be made") as caught:
        make(tmp_path / "file" / "x.sqlite").open()
    assert "HAUSMUSIK_HOME" in caught.value.hint
    (tmp_path / "folder.sqlite").mkdir()
    with pytest.raises(StoreError, match="cannot be written"):
        make(tmp_path / "folder.sqlite").open()


def test_a_read_only_folder_says_so() -> None:
    folder = Path(tempfile.mkdtemp())
    file = folder / "notes.sqlite"
    database = make(file)
    note(database)
    database.close()
    for each in (*folder.iterdir(), folder):
        each.chmod(0o555)

    def attempt() -> None:
        if os.geteuid() == 0:  # root may write everywhere, so somebody else tries
            os.setuid(65534)
        with pytest.raises(StoreError, match="cannot be written") as caught:
            note(database)
        assert "writable" in caught.value.hint

    assert wait(fork(attempt)) == 0
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_lock_that_stays_is_an_error_and_one_that_goes_is_waited_for(file: Path) -> None:
    database = make(file, busy_timeout_s=0.1)
    database.open()
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked by another process"):
        note(database)
    assert texts(database) == []  # readers do not wait
    patient = make(file, busy_timeout_s=5)
    timer = threading.Timer(0.2, lambda: other.execute("COMMIT"))
    timer.start()
    note(patient)
    timer.join()
    for each in (database, patient, other):
        each.close()


def test_threads_share_one_object(file: Path) -> None:
    database = make(file)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: note(database, str(n)), range(200)))
    assert len(texts(database)) == 200
    database.close()


def test_many_processes_may_make_it_at_once(file: Path) -> None:
    code = (
        "import sys, pathlib; from hausmusik.config.database import Database\n"
        f"d = Database(pathlib.Path({str(file)!r}), title='n', migrations=({V1!r}, {V2!r}))\n"
        "for n in range(20):\n"
        "    with d.write() as c: c.execute('INSERT INTO notes (text) VALUES (?)', (str(n),))\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]
    assert [each.wait() for each in running] == [0, 0, 0, 0]
    database = make(file, V1, V2)
    assert len(texts(database)) == 80
    database.close()


def test_it_does_not_cross_a_fork(file: Path) -> None:
    database = make(file)
    note(database, "parent")

    def attempt() -> None:
        with pytest.raises(RuntimeError, match="before a fork"):
            note(database, "child")

    assert wait(fork(attempt)) == 0
    assert texts(database) == ["parent"]
    database.close()
    assert wait(fork(lambda: note(database, "child"))) == 0
    assert texts(database) == ["parent", "child"]
    database.close()


def test_a_file_keeps_the_pages_that_it_was_made_with(file: Path) -> None:
    for page_bytes in (1024, 8192):
        database = make(file, page_bytes=page_bytes)
        note(database)
        with database.read() as connection:
            assert connection.execute("PRAGMA page_size").fetchone() == (1024,)
        database.close()


def test_undecodable_names_can_be_stored(file: Path) -> None:
    database = make(file)
    note(database, storable("a\udcffb\0ü🎻"))
    assert texts(database) == ["a\\udcffb\0ü🎻"]
    database.close()
