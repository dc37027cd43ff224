"""Folders of LightRAG into memories: what we wrote comes back, what is damaged or hostile leaves nothing behind."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hausmusik.errors import BadInput, ConfigError, NotFoundError, UsageError
from hausmusik.memory.exchange.exporting import export
from hausmusik.memory.exchange.importing import Imported, import_lightrag
from hausmusik.memory.exchange.lightrag_reading import read_folder
from hausmusik.memory.looking import Looker
from hausmusik.memory.store.store import MemoryStore
from hausmusik.testing import FakeClock
from tests.unit.memory.entries import OTHER_EMBEDDER, document, passage
from tests.unit.memory.exchange.samples import FIRST, embed, memory

GRAPH = "graph_chunk_entity_relation.graphml"
CHUNKS = "kv_store_text_chunks.json"


@pytest.fixture
async def rag(tmp_path: Path) -> Path:
    await export("notes", memory(tmp_path), tmp_path / "rag", "lightrag", embed)
    return tmp_path / "rag"


def new(folder: Path) -> MemoryStore:
    return MemoryStore(folder / "new.sqlite", FakeClock())


async def imported(folder: Path, store: MemoryStore) -> Imported:
    return await import_lightrag("new", store, folder, embed, "words@1")


async def test_what_we_wrote_comes_back(tmp_path: Path, rag: Path) -> None:
    store = new(tmp_path)
    report = await imported(rag, store)
    assert (report.added, report.passages, report.entities, report.facts) == (2, 3, 5, 4)
    looker = Looker("new", store)
    assert [(row.path, row.date) for row in looker.documents()] == [
        ("2025/notes.txt", "2025-03-01"),
        ("2026/notes.txt", "2026-02-01"),
    ]
    facts = {(fact.kind, fact.target[1]): fact for fact in looker.about("Anna Weber").facts}
    hamburg = facts["lives in", "Hamburg"]
    assert (hamburg.valid_from, hamburg.valid_to, hamburg.start, hamburg.end) == ("2025-03-01", "2026-02-01", 0, 28)
    assert facts["works at", "Nordwind"].weight == 0.5
    assert not any(store.check().values())
    with store.database.read() as connection:
        places = connection.execute(
            "SELECT p.text, m.start, m.end, n.surface FROM mentions m JOIN passages p ON p.id = m.passage"
            " JOIN names n ON n.id = m.name"
        ).fetchall()
    assert (FIRST, 0, 10, "Anna Weber") in places
    assert {text[start:end] for text, start, end, name in places if name == "John Doe"} == {"John Doe", "JD"}


async def test_again_it_is_there_already(tmp_path: Path, rag: Path) -> None:
    store = new(tmp_path)
    await imported(rag, store)
    again = await imported(rag, store)
    assert (again.added, again.same, again.passages) == (0, 2, 3)


async def test_what_the_graph_says_anew_of_the_same_texts_comes_in(tmp_path: Path, rag: Path) -> None:
    store = new(tmp_path)
    text = (rag / GRAPH).read_text("utf-8")
    (rag / GRAPH).write_text(re.sub(r"(?s)<edge .*?</edge>", "", text), "utf-8")
    assert (await imported(rag, store)).facts == 0
    (rag / GRAPH).write_text(text, "utf-8")
    again = await imported(rag, store)
    assert (again.added, again.same, again.passages, again.facts) == (2, 0, 3, 4)
    assert not any(store.check().values())
    assert (await imported(rag, store)).same == 2


async def test_more_tokens_than_can_be_kept_are_clipped(tmp_path: Path, rag: Path) -> None:
    edit(rag / CHUNKS, lambda rows: {id_: row | {"tokens": 2**63} for id_, row in rows.items()})
    assert (await imported(rag, new(tmp_path))).passages == 3


async def test_documents_of_another_kind_are_not_replaced(tmp_path: Path, rag: Path) -> None:
    store = memory(tmp_path, "other")
    before = store.counts()
    with pytest.raises(UsageError, match="already"):
        await imported(rag, store)
    assert store.counts() == before


async def test_another_embedder_is_refused(tmp_path: Path, rag: Path) -> None:
    store = new(tmp_path)
    store.put(document("there.txt", passage("Something else.")), OTHER_EMBEDDER)
    with pytest.raises(ConfigError, match="cannot be compared"):
        await imported(rag, store)
    assert set(store.known()) == {"there.txt"}


async def test_one_document_that_cannot_be_written_takes_all_back(
    tmp_path: Path, rag: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hausmusik.memory.store import store as module

    real, count = module.put_document, []

    def put(*args: Any) -> int:
        count.append(1)
        if len(count) == 2:
            raise RuntimeError("power cut")
        return real(*args)

    monkeypatch.setattr(module, "put_document", put)
    store = new(tmp_path)
    with pytest.raises(RuntimeError):
        await imported(rag, store)
    assert not any(store.counts().values())


def edit(path: Path, change: Callable[[Any], Any]) -> None:
    document = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(change(document)), "utf-8")


async def test_a_folder_of_lightrags_own_has_no_attributes_of_ours(tmp_path: Path, rag: Path) -> None:
    text = (rag / GRAPH).read_text("utf-8")
    (rag / GRAPH).write_text(text.replace('attr.name="hausmusik"', 'attr.name="truncate"'), "utf-8")
    (rag / "kv_store_full_docs.json").unlink()
    edit(rag / "kv_store_doc_status.json", lambda rows: {id_: row | {"metadata": None} for id_, row in rows.items()})
    store = new(tmp_path)
    report = await imported(rag, store)
    assert (report.added, report.passages) == (2, 3)
    assert [row.path for row in Looker("new", store).documents()] == ["2026 - notes.txt", "notes.txt"]
    facts = Looker("new", store).about("Anna Weber").facts
    assert {fact.kind for fact in facts} == {"lives in", "works at"}
    assert all(fact.end > fact.start for fact in facts)


async def test_names_of_documents_are_names_only(tmp_path: Path, rag: Path) -> None:
    hostile = iter(["/etc/passwd", "..\\..\\../x\x00y"])
    edit(
        rag / "kv_store_doc_status.json",
        lambda rows: {id_: row | {"metadata": {"hausmusik": {"path": next(hostile)}}} for id_, row in rows.items()},
    )
    store = new(tmp_path)
    await imported(rag, store)
    assert sorted(row.path for row in Looker("new", store).documents()) == ["etc/passwd", "xy"]


BOMB = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><graphml>&b;</graphml>'
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><graphml/>'


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        (GRAPH, BOMB, "document type"),
        (GRAPH, OUTSIDE, "document type"),
        (GRAPH, "<graphml><graph>", "damaged"),
        (GRAPH, "<svg/>", "no GraphML"),
        (GRAPH, "<graphml>" + "<graph>" * 100, "too deeply"),
        (GRAPH, '<graphml><graph><edge source="a" target="b"/></graph></graphml>', "do not fit"),
        (CHUNKS, "[]", "damaged"),
        (CHUNKS, '{"a": {"content": 1}}', "damaged"),
        (CHUNKS, '{"a": {"content": "half', "damaged"),
        (CHUNKS, '{"a": ' + "[" * 100_000, "damaged"),
        (CHUNKS, "{}", "no chunks"),
        (CHUNKS, '{"a": {"content": "' + "x" * 1_000_001 + '"}}', "characters"),
    ],
)
async def test_what_is_damaged_or_hostile_leaves_nothing(
    tmp_path: Path, rag: Path, name: str, content: str, says: str
) -> None:
    (rag / name).write_text(content, "utf-8")
    store = new(tmp_path)
    with pytest.raises(BadInput, match=says) as caught:
        await imported(rag, store)
    assert caught.value.hint
    assert not store.exists


async def test_links_and_pipes_are_not_read(tmp_path: Path, rag: Path) -> None:
    (rag / CHUNKS).rename(tmp_path / "elsewhere.json")
    (rag / CHUNKS).symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(BadInput, match="cannot be read"):
        await imported(rag, new(tmp_path))
    (rag / CHUNKS).unlink()
    os.mkfifo(rag / CHUNKS)
    with pytest.raises(BadInput, match="no plain file"):
        await imported(rag, new(tmp_path))


async def test_other_folders_are_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        await imported(tmp_path / "none", new(tmp_path))
    with pytest.raises(BadInput, match="no folder of LightRAG") as caught:
        await imported(tmp_path, new(tmp_path))
    assert "workspace" in caught.value.hint


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200), at=st.integers(0, 5000), name=st.sampled_from([GRAPH, CHUNKS]))
async def test_any_bytes_are_read_or_refused(rag: Path, data: bytes, at: int, name: str) -> None:
    path = rag / name
    whole = path.read_bytes()
    try:
        path.write_bytes(whole[:at] + data + whole[at + len(data) :])
        with contextlib.suppress(BadInput):
            read_folder(rag)
    finally:
        path.write_bytes(whole)
