"""Show 2 of memories: kill -9 at random moments of an adding, run again, and the graph is that of an undisturbed run."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hausmusik.memory.store.store import MemoryStore
from hausmusik.testing import FakeClock
from tests.interfaces import tones
from tests.unit.memory.entries import content

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

MEMORY = Path("data") / "memories" / "notes.sqlite"
KILLS = 10
WORKERS = 2
DOCUMENTS = 60
PEOPLE = ("Anna Weber", "Tom Baker", "Gerda Klein", "Anna", "Prof. Klein", "Tom", "Omar Haddad", "AW")
PLACES = ("Leeds", "York", "Tromso")

READER = '''"""A reader that takes a while, answers with the names that it is told of, and writes down what it was asked."""

import hashlib
import json
import os
import time
from pathlib import Path

from hausmusik.engines.tone.engine import ToneEngine
from hausmusik.types import Done, TextDelta, Usage

PEOPLE = ("Anna Weber", "Tom Baker", "Gerda Klein", "Omar Haddad")


class Reader(ToneEngine):
    def play(self, requests, cancel):
        for index, request in enumerate(requests):
            asked = request.messages[-1].content
            line = hashlib.sha256(asked.encode()).hexdigest() + "\\n"
            file = os.open(Path(__file__).with_name("asked.txt"), os.O_APPEND | os.O_CREAT | os.O_WRONLY)
            os.write(file, line.encode())
            os.close(file)
            time.sleep(0.05)
            found = [{"name": name, "type": "person", "description": "x"} for name in PEOPLE if name in asked]
            said = {"entities": found, "relations": [
                {"source": one["name"], "target": other["name"], "kind": "met", "description": "x"}
                for one, other in zip(found, found[1:])
            ]}
            yield index, TextDelta(text=json.dumps(said))
            yield index, Usage(tokens_in=1, tokens_out=1)
            yield index, Done(reason="complete")
'''


def write_documents(folder: Path) -> None:
    """Meetings of people whose names resemble each other, so that the order in which they come matters."""
    dice = random.Random(20_261_126)
    folder.mkdir()
    for number in range(DOCUMENTS):
        turns = [
            f"{dice.choice(PEOPLE)}: I heard that {dice.choice(PEOPLE)} lives in {dice.choice(PLACES)} now, and"
            f" {dice.choice(PEOPLE[:3])} met {dice.choice(PEOPLE[:3])} there, number {number}.{line}."
            for line in range(dice.randint(3, 9))
        ]
        (folder / f"2026-03-{number % 28 + 1:02d}-{number:02d}.txt").write_text("\n".join(turns) + "\n", "utf-8")


def furnish(home: Path) -> Path:
    """Move tones into a home: an embedder that takes its time, and the reader."""
    tones.move_in(home)
    folder = home / "instruments.d"
    slow = tones.instrument("slow-embed", "embed", options="sleep_s = 0.1")
    reader = tones.instrument("reader", "chat").replace("hausmusik.engines.tone:ToneEngine", "reader.py:Reader")
    (folder / "more.toml").write_text(slow + reader, "utf-8")
    (folder / "reader.py").write_text(READER, "utf-8")
    return home


def add(home: Path, files: Path, *more: str) -> subprocess.Popen[bytes]:
    environ = os.environ | tones.environment() | {
        "HAUSMUSIK_HOME": str(home),
        "HAUSMUSIK_DEFAULTS__EMBED": "slow-embed",
        "HAUSMUSIK_LOCAL__WORKERS": str(WORKERS),
    }  # fmt: skip
    line = [sys.executable, "-c", "from hausmusik.cli import main; main()", "memory", "add", "notes", str(files)]
    return subprocess.Popen([*line, "--tokens", "60", "--overlap", "0", *more], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # fmt: skip


def finished(running: subprocess.Popen[bytes]) -> None:
    _, err = running.communicate(timeout=300)
    assert running.returncode == 0, err.decode()


def documents_in(home: Path) -> int:
    """How many there are; the file is whole after each kill, too."""
    return len(graph(home)["documents"]) if (home / MEMORY).exists() else 0


def wait_for(home: Path, count: int, running: subprocess.Popen[bytes]) -> None:
    """Wait until so many documents are in, or it has ended."""
    while running.poll() is None:
        if (home / MEMORY).exists():
            with contextlib.suppress(sqlite3.Error), closing(sqlite3.connect(home / MEMORY)) as connection:
                if connection.execute("SELECT count(*) FROM documents").fetchone()[0] >= count:
                    return
        time.sleep(0.02)


def graph(home: Path) -> dict[str, list[Any]]:
    store = MemoryStore(home / MEMORY, FakeClock())
    try:
        assert not any(store.check().values())
        found = content(store)
        with store.database.read() as connection:
            found["answers"] = sorted(connection.execute("SELECT key, answer FROM answers").fetchall())
        return found
    finally:
        store.close()


@pytest.mark.parametrize("more", [(), ("--extract", "reader")], ids=["rules", "model"])
def test_killed_ten_times_it_ends_with_the_same_graph(tmp_path: Path, more: tuple[str, ...]) -> None:
    files = tmp_path / "files"
    write_documents(files)
    plain, killed = furnish(tmp_path / "home-1"), furnish(tmp_path / "home-2")
    finished(add(plain, files, *more))
    dice = random.Random(f"{more} 7")
    done, inside = 0, 0
    for kill in range(KILLS):
        running = add(killed, files, *more)
        if kill % 4 == 0:  # somewhere, most likely while it starts
            time.sleep(dice.uniform(0.2, 2.5))
        else:  # somewhere after some more documents
            wait_for(killed, done + dice.randint(1, DOCUMENTS // KILLS), running)
            time.sleep(dice.uniform(0.0, 0.2))
        running.send_signal(signal.SIGKILL)
        running.communicate()
        done = documents_in(killed)
        inside += 0 < done < DOCUMENTS
    assert inside >= KILLS // 2
    finished(add(killed, files, *more))
    assert graph(killed) == graph(plain)
    if more:
        asked = Counter((killed / "instruments.d" / "asked.txt").read_text().split())
        once = Counter((plain / "instruments.d" / "asked.txt").read_text().split())
        assert set(asked) == set(once)
        assert set(once.values()) == {1}
        assert asked.total() - once.total() <= KILLS * WORKERS
