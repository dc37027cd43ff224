"""What we write, the real LightRAG opens, asks, extends and empties; what it writes, we import.

`HAUSMUSIK_TEST_LIGHTRAG` names a Python with lightrag-hku 1.5.7 and msgspec; `TIKTOKEN_CACHE_DIR` its vocabularies.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

import hausmusik
from hausmusik.memory.exchange.exporting import export
from hausmusik.memory.exchange.importing import import_lightrag
from hausmusik.memory.looking import Looker
from hausmusik.memory.store.store import MemoryStore
from hausmusik.testing import FakeClock
from tests.unit.memory.exchange.samples import FIRST, THIRD, embed, memory

PYTHON = os.environ.get("HAUSMUSIK_TEST_LIGHTRAG", "")
SOURCE = Path(hausmusik.__file__).parent.parent

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON, reason="HAUSMUSIK_TEST_LIGHTRAG names no Python with lightrag-hku"),
]


def client(*words: str) -> dict[str, Any]:
    script = Path(__file__).with_name("client.py")
    command = [PYTHON, str(script), str(SOURCE), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


async def test_it_opens_our_folder_and_finds_our_passages_in_every_mode(tmp_path: Path) -> None:
    await export("notes", memory(tmp_path), tmp_path / "rag", "lightrag", embed)
    told = client("ask", str(tmp_path / "rag"))
    assert told["nodes"] == ["Anna Weber", "Bremen", "Hamburg", "John Doe", "Nordwind"]
    assert told["status"] == {"processed": 2}
    assert told["calls"] == 0
    assert told["purposes"] == ["passage", "query"]
    for mode, context in told["asked"].items():
        assert THIRD in context, mode
        assert FIRST.split(".")[0] in context, mode
        assert "2026 - notes.txt" in context
    assert "Anna Weber lives in Hamburg. [since 2025-03-01 until 2026-02-01]" in told["asked"]["local"]
    assert "Anna Weber moved to Bremen. [since 2026-02-01]" in told["asked"]["global"]


async def test_it_goes_on_in_our_folder(tmp_path: Path) -> None:
    await export("notes", memory(tmp_path), tmp_path / "rag", "lightrag", embed)
    told = client("extend", str(tmp_path / "rag"), "2026 - notes.txt")
    assert told["deleted"] == "success"
    assert "Bremen" not in told["nodes"]
    assert {"Anna Weber", "Clara Voss", "Kiel"} <= set(told["nodes"])
    assert all("Clara Voss lives in Kiel." in context for context in told["added"].values())
    assert told["status"] == {"processed": 2}


async def test_it_takes_our_custom_graph(tmp_path: Path) -> None:
    await export("notes", memory(tmp_path), tmp_path / "kg.json", "custom-kg", embed)
    told = client("custom", str(tmp_path / "rag"), str(tmp_path / "kg.json"))
    assert told["nodes"] == ["Anna Weber", "Bremen", "Hamburg", "John Doe", "Nordwind"]
    assert all("Anna Weber" in context for context in told["asked"].values())


async def test_what_it_made_by_our_adapter_is_imported(tmp_path: Path) -> None:
    told = client("adapter", str(tmp_path / "rag"))
    assert told["calls"] >= 1
    store = MemoryStore(tmp_path / "new.sqlite", FakeClock())
    report = await import_lightrag("new", store, tmp_path / "rag", embed, "words@1")
    assert (report.added, report.passages, report.entities, report.facts, report.left_out) == (1, 1, 2, 1, 0)
    found = Looker("new", store).about("Clara Voss")
    (fact,) = found.facts
    assert (fact.kind, fact.target[1], fact.description) == ("living", "Kiel", "Clara Voss lives in Kiel.")
    assert found.entity.mentions == 2
    assert found.passages[0].path == "clara.txt"
    assert not any(store.check().values())
