"""kill -9 while a small model is asked about names: run again, the types are those of an undisturbed run."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest

from hausmusik.memory.store.store import MemoryStore
from hausmusik.testing import FakeClock
from tests.interfaces import tones
from tests.unit.instruments.entries import weights
from tests.unit.memory.entries import content

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

MEMORY = Path("data") / "memories" / "notes.sqlite"
BYTES = b"weights"
BATCHES = 8
ASKER = '''"""A model that takes a while, decides by the letters of a name, and writes down what it was asked."""

import hashlib
import json
import os
import re
import time
from pathlib import Path

from hausmusik.engines.tone.engine import ToneEngine
from hausmusik.types import Done, TextDelta, Usage


class Asker(ToneEngine):
    def play(self, requests, cancel):
        for index, request in enumerate(requests):
            asked = request.messages[-1].content
            line = hashlib.sha256(asked.encode()).hexdigest() + "\\n"
            file = os.open(Path(__file__).with_name("asked.txt"), os.O_APPEND | os.O_CREAT | os.O_WRONLY)
            os.write(file, line.encode())
            os.close(file)
            time.sleep(0.2)
            names = re.findall(r'^\\d+\\. "([^"]*)"', asked, re.MULTILINE)
            kinds = ("person", "location", "other")
            said = {str(place): kinds[sum(map(ord, name)) % 3] for place, name in enumerate(names, 1)}
            yield index, TextDelta(text=json.dumps(said))
            yield index, Usage(tokens_in=1, tokens_out=1)
            yield index, Done(reason="complete")
'''


def haus(home: Path, *words: str) -> subprocess.Popen[bytes]:
    environ = os.environ | tones.environment() | {
        "HAUSMUSIK_HOME": str(home),
        "HAUSMUSIK_DEFAULTS__CHAT": "asker",
        "HAUSMUSIK_WEIGHTS__FOLDERS": str(home / "mine"),
    }  # fmt: skip
    line = [sys.executable, "-c", "from hausmusik.cli import main; main()", *words]
    return subprocess.Popen(line, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finished(running: subprocess.Popen[bytes]) -> None:
    _, err = running.communicate(timeout=120)
    assert running.returncode == 0, err.decode()


def furnish(home: Path) -> Path:
    """Move tones into a home, and a model whose weights are pulled."""
    tones.move_in(home)
    (home / "mine").mkdir()
    (home / "mine" / "m.bin").write_bytes(BYTES)
    listed = f'[{{ name = "m.bin", sha256 = "{hashlib.sha256(BYTES).hexdigest()}", size_bytes = {len(BYTES)} }}]'
    asker = tones.instrument("asker", "chat", extra='weights = ["w"]')
    asker = asker.replace("hausmusik.engines.tone:ToneEngine", "asker.py:Asker")
    folder = home / "instruments.d"
    (folder / "asker.toml").write_text(weights("w", files=listed, licence_text='"Apache-2.0.txt"') + asker, "utf-8")
    (folder / "asker.py").write_text(ASKER, "utf-8")
    finished(haus(home, "pull", "asker"))
    return home


def write_documents(folder: Path) -> None:
    names = ["".join(parts).capitalize() for parts in product(("ba", "ki", "zo", "mu"), ("lor", "tan", "rix", "dem"), ("a", "o", "us", "i", "en"))]  # fmt: skip
    folder.mkdir()
    for number in range(4):
        some = names[number * 20 : number * 20 + 20]
        text = "\n\n".join(f"And then we talked for some time about {name} and nothing else." for name in some)
        (folder / f"d{number}.txt").write_text(text, "utf-8")


def answers(home: Path) -> int:
    if not (home / MEMORY).exists():
        return 0
    with contextlib.suppress(sqlite3.Error), closing(sqlite3.connect(home / MEMORY)) as connection:
        return int(connection.execute("SELECT count(*) FROM answers").fetchone()[0])
    return 0


def graph(home: Path) -> tuple[object, object]:
    store = MemoryStore(home / MEMORY, FakeClock())
    try:
        assert not any(store.check().values())
        with store.database.read() as connection:
            guessed = connection.execute("SELECT key, type, typed_by FROM names ORDER BY key").fetchall()
        return content(store), guessed
    finally:
        store.close()


def test_killed_while_names_are_asked_it_ends_with_the_same_types(tmp_path: Path) -> None:
    files = tmp_path / "files"
    write_documents(files)
    plain, killed = furnish(tmp_path / "home-1"), furnish(tmp_path / "home-2")
    finished(haus(plain, "memory", "add", "notes", str(files)))
    assert answers(plain) == 10 * BATCHES
    kills = 0
    while kills < 3:
        before = answers(killed)
        running = haus(killed, "memory", "add", "notes", str(files))
        while running.poll() is None and answers(killed) < before + 10 + 5 * kills:
            time.sleep(0.02)
        running.send_signal(signal.SIGKILL)
        running.communicate()
        kills += 1
        assert 0 < answers(killed) < 10 * BATCHES
    finished(haus(killed, "memory", "add", "notes", str(files)))
    assert graph(killed) == graph(plain)
    assert {type_ for _, type_, _ in graph(plain)[1]} == {"person", "location", "other"}  # type: ignore[attr-defined]
    asked, once = (Counter((home / "instruments.d" / "asked.txt").read_text().split()) for home in (killed, plain))
    assert set(asked) == set(once)
    assert set(once.values()) == {1}
    assert asked.total() - once.total() <= kills
