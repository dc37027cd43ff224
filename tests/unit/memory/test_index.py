"""The index brought up to date is the index made anew, whatever happened in between and whoever did it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hausmusik.memory.memories import Memories
from hausmusik.memory.retrieval import graph as graph_module
from hausmusik.memory.retrieval import rows as rows_module
from hausmusik.memory.retrieval import vectors as vectors_module
from hausmusik.memory.retrieval.index import Index
from hausmusik.memory.retrieval.retriever import MODES, Retriever
from hausmusik.memory.store import reading
from hausmusik.memory.store.store import MemoryStore
from hausmusik.memory.store.unknown import give_types
from hausmusik.testing import FakeClock
from tests.unit.memory.entries import DIM, RECIPE, document, passage, vector

PEOPLE = ("Anna Weber", "Gerda Klein", "John Doe", "Anna", "JD")
FIRMS = ("Nordwind", "Leeds Power", "Nordwind Logistics")
QUESTIONS = ("Where does Anna Weber work?", "Who is John?", "What of Nordwind and Gerda?", "nothing at all")


def entry(path: int, said: tuple[tuple[str, str], ...], date: str = "") -> Any:
    passages = [
        passage(
            f"{who} works at {firm}. {number}", {who: "person", firm: "organization"}, [(who, "works at", firm)],
            at=f"2026-0{number + 1}-01",
        )
        for number, (who, firm) in enumerate(said)
    ]  # fmt: skip
    return document(f"{path}.txt", *passages, date=date)


DOCUMENTS = st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(FIRMS)), min_size=1, max_size=3).map(tuple)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 4), DOCUMENTS),
        st.tuples(st.just("put by another"), st.integers(0, 4), DOCUMENTS),
        st.tuples(st.just("other recipe"), st.integers(0, 4), DOCUMENTS),
        st.tuples(st.just("forget"), st.integers(0, 4), st.none()),
        st.tuples(st.just("merge"), st.integers(0, 9), st.integers(0, 9)),
        st.tuples(st.just("split"), st.integers(0, 9), st.none()),
        st.tuples(st.just("look"), st.none(), st.none()),
    ),
    min_size=2,
    max_size=12,
)


def done(store: MemoryStore, what: str, one: Any, other: Any) -> None:
    if what == "put":
        store.put(entry(one, other), RECIPE)
    elif what == "put by another":
        another = MemoryStore(store.path, FakeClock())
        another.put(entry(one, other), RECIPE)
        another.close()
    elif what == "other recipe":
        store.put(entry(one, other), msgspec.structs.replace(RECIPE, extractor="hand/2"))
    elif what == "forget":
        store.forget([f"{one}.txt"])
    elif what != "look" and (names := names_of(store)):
        name, entity = names[one % len(names)]
        if what == "merge":
            store.merge([name], names[other % len(names)][1], by="user", reason="said so")
        elif sum(each == entity for _, each in names) > 1:
            store.split(name)


def names_of(store: MemoryStore) -> list[tuple[int, int]]:
    with store.database.read() as connection:
        return connection.execute("SELECT id, entity FROM names ORDER BY id").fetchall()


def same(store: MemoryStore, found: Index) -> None:
    fresh = Index(store, store.dim)
    for name in ("documents", "names", "entities", "people"):
        assert getattr(found.rows, name).tolist() == getattr(fresh.rows, name).tolist(), name
    for table, other in zip(found.rows.tables, fresh.rows.tables, strict=True):
        assert sorted(zip(table.of, *table.columns, strict=True)) == sorted(zip(other.of, *other.columns, strict=True))
        assert (np.diff(table.of) >= 0).all()
    assert sorted(found.lexicon._names.items()) == sorted(fresh.lexicon._names.items())
    assert found.lexicon._forms == fresh.lexicon._forms
    assert found.lexicon._words == fresh.lexicon._words
    for question in QUESTIONS if len(fresh.passages) else ():
        for mode in ("hybrid", "mix"):
            one, other = (
                Retriever(store, each).retrieve(question, vector(question), mode=mode, limit=4)
                for each in (found, fresh)
            )
            assert [each.passage for each in one.evidence] == [each.passage for each in other.evidence]
            assert [each.window for each in one.evidence] == [each.window for each in other.evidence]
            np.testing.assert_allclose(
                [each.nearness for each in one.evidence], [each.nearness for each in other.evidence], atol=1e-6
            )
            assert (one.names, one.unknown, one.missing) == (other.names, other.unknown, other.missing)


@given(STEPS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_happens_the_index_is_as_if_made_anew(tmp_path_factory: pytest.TempPathFactory, steps: Any) -> None:
    # The clock stands still, so what is put again is put in the same second.
    store = MemoryStore(tmp_path_factory.mktemp("memory") / "notes.sqlite", FakeClock())
    store.put(entry(0, (("Anna Weber", "Nordwind"),)), RECIPE)
    index = Index(store, DIM)
    for what, one, other in steps:
        done(store, what, one, other)
        if what == "look":
            index = Index(store, store.dim, index)
    same(store, Index(store, store.dim, index))
    store.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MemoryStore]:
    store = MemoryStore(tmp_path / "notes.sqlite", FakeClock())
    for number in range(6):
        store.put(entry(number, ((PEOPLE[number % 3], FIRMS[number % 2]),)), RECIPE)
    yield store
    store.close()


def test_only_what_changed_is_read_again(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    index = Index(store, DIM)
    asked: list[Any] = []
    whole = reading.blocks

    def blocks(connection: Any, dim: int, documents: Any = None) -> Any:
        asked.append(documents)
        return whole(connection, dim, documents)

    monkeypatch.setattr(rows_module.reading, "blocks", blocks)
    Index(store, DIM, index)
    assert asked == []
    added = store.put(entry(9, (("Gerda Klein", "Leeds Power"),)), RECIPE)
    index = Index(store, DIM, index)
    store.forget(["1.txt"])
    index = Index(store, DIM, index)
    store.merge([1], 2, by="user", reason="said so")
    index = Index(store, DIM, index)
    assert asked == [[added]]
    monkeypatch.undo()
    same(store, index)


def test_an_index_that_is_in_use_stays_as_it_is(store: MemoryStore) -> None:
    before = Index(store, DIM)
    passages, near = before.passages.tolist(), before.near(vector("Anna")).tolist()
    store.forget(["5.txt"])
    store.put(entry(7, (("John Doe", "Leeds Power"),)), RECIPE)
    Index(store, DIM, before)
    assert before.passages.tolist() == passages
    assert before.near(vector("Anna")).tolist() == near
    for mode in MODES:  # passages that are gone by now are left out
        assert Retriever(store, before).retrieve("Who is John Doe?", vector("John"), mode=mode, limit=20).evidence


def test_a_name_of_which_a_model_says_that_it_is_a_person(store: MemoryStore) -> None:
    store.put(document("a.txt", passage("Ada Lovelace met nobody.", {"Ada Lovelace": "other"})), RECIPE)
    index = Index(store, DIM)
    assert index.lexicon.linked("Where is Lovelace?") == []
    with store.database.write() as connection:
        name = connection.execute("SELECT id FROM names WHERE key = 'ada lovelace'").fetchone()[0]
        assert give_types(connection, [(name, "person")], "a model") == 1
    index = Index(store, DIM, index)
    assert [each.text for each in index.lexicon.linked("Where is Lovelace?")] == ["Lovelace"]
    same(store, index)


def test_questions_at_once_get_one_index(tmp_path: Path, store: MemoryStore) -> None:
    memories = Memories(tmp_path, FakeClock())
    first = memories.index("notes")
    assert memories.index("notes") is first
    store.put(entry(8, (("Anna Weber", "Leeds Power"),)), RECIPE)
    second = memories.index("notes")
    assert second is not first
    assert second.lexicon is first.lexicon
    assert len(second.passages) == len(first.passages) + 1
    memories.close()


def test_a_large_memory_is_searched_by_groups_and_near_its_seeds(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors_module, "EXACT", 3)
    monkeypatch.setattr(graph_module, "EXACT", 3)
    index = Index(store, DIM)
    assert not index.graph.exact
    assert index.rows.windows.vectors is not None
    assert not index.rows.windows.vectors.exact
    store.put(entry(9, (("Gerda Klein", "Leeds Power"),)), RECIPE)
    store.forget(["2.txt"])
    index = Index(store, DIM, index)
    question = "Gerda Klein works at Leeds Power. 0"
    for mode in MODES:
        found = Retriever(store, index).retrieve(question, vector(question), mode=mode, limit=20)
        near = {each.passage.text: each.nearness for each in found.evidence}
        assert near[question] == pytest.approx(1, abs=0.01)
        assert max(near.values()) == near[question]
        assert all(each.passage.text[slice(*each.window)] for each in found.evidence)
