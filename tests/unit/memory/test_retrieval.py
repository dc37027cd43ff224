"""Retrieval: which names a question has, how rankings are fused and chained, what the graph ranks, and up to when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.memory.retrieval.chaining import CHOSEN, chained, content_stems, rarity_of, wordings
from hausmusik.memory.retrieval.fusing import fused
from hausmusik.memory.retrieval.graph import RESTART, Graph
from hausmusik.memory.retrieval.index import Index
from hausmusik.memory.retrieval.linking import Lexicon
from hausmusik.memory.retrieval.retriever import MODES, Mode, Retriever
from hausmusik.memory.retrieval.walking import walk
from hausmusik.memory.store.store import MemoryStore
from hausmusik.testing import FakeClock
from tests.unit.memory.entries import DIM, RECIPE, document, passage, vector

# -- linking ----------------------------------------------------------------------------------------------------------

LEXICON = Lexicon(
    [
        (1, "anna weber", 1, "person"),
        (2, "nordwind", 2, "organization"),
        (3, "nordwind logistics", 2, "organization"),
        (4, "john doe", 3, "person"),
        (5, "john smith", 4, "person"),
        (6, "remote control", 5, "topic"),
        (7, "will", 6, "person"),
    ]
)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("What does Anna Weber do?", [("Anna Weber", (1,))]),
        ("what does anna weber do?", [("anna weber", (1,))]),
        ("What does Anna do at Nordwind Logistics?", [("Anna", (1,)), ("Nordwind Logistics", (2,))]),
        ("Who is John?", [("John", (3, 4))]),
        ("Is the remote control done?", [("the remote control", (5,))]),
        ("Will it be done?", []),
        ("Nothing of all that.", []),
        ("", []),
    ],
)
def test_names_in_a_question(question: str, found: list[tuple[str, tuple[int, ...]]]) -> None:
    assert [(each.text, each.entities) for each in LEXICON.linked(question)] == found


def test_what_is_written_like_a_name_and_is_none_here() -> None:
    question = "What did Gerda tell Anna Weber on Monday?"
    assert LEXICON.unknown(question, LEXICON.linked(question)) == ["Gerda"]


@given(st.text(alphabet=st.sampled_from("annaweberjohn '’-.?Ä "), max_size=60))
def test_whatever_is_asked_what_is_linked_is_in_it(question: str) -> None:
    assert all(each.text in question and each.entities for each in LEXICON.linked(question))


# -- fusing and chaining ----------------------------------------------------------------------------------------------


def test_what_two_rankings_have_is_before_what_one_has() -> None:
    assert [item for item, _ in fused({"a": [1, 2, 3], "b": [3, 4]}, {})] == [3, 1, 2, 4]
    assert [item for item, _ in fused({"a": [1], "b": [2]}, {"b": 2.0})] == [2, 1]
    assert fused({}, {}) == []


@given(st.dictionaries(st.sampled_from("abc"), st.lists(st.integers(0, 9), unique=True, max_size=8)))
def test_fusing_loses_and_adds_nothing(rankings: dict[str, list[int]]) -> None:
    found = fused(rankings, {})
    assert {item for item, _ in found} == {item for ranking in rankings.values() for item in ranking}
    assert found == sorted(found, key=lambda each: (-each[1], each[0]))


RANKED = st.lists(st.tuples(st.integers(0, 40), st.floats(0.001, 1)), unique_by=lambda each: each[0], max_size=30).map(
    lambda found: sorted(found, key=lambda each: -each[1])
)


@given(RANKED, st.text(alphabet="ab c", max_size=20))
def test_chaining_only_changes_the_order(ranked: list[tuple[int, float]], question: str) -> None:
    texts = {place: f"a{place % 3} b" for place, _ in ranked[:20]}
    found = chained(question, ranked, texts, {place: {place % 4} for place in texts}, {"a": 1.0})
    assert sorted(each.passage for each in found) == sorted(place for place, _ in ranked)
    rest = [each.passage for each in found[CHOSEN:]]
    assert rest == [place for place, _ in ranked if place in set(rest)]


def test_words_are_counted_as_the_index_stems_them_and_as_chats_write_names() -> None:
    """A stem of ours (`hous`, `gam`) is no word of the index, which stems otherwise: it would count as the rarest."""
    question = "Which house rules did Anna Weber set for the games? Of Leeds."
    asked = wordings(question)
    assert asked["hous"] == ("house",)
    assert asked["gam"] == ("games",)
    assert asked["weber"] == ("weber", "annaweber")
    assert asked["anna"] == ("anna", "annaweber")
    assert asked["leed"] == ("leeds",)
    assert set(asked) == content_stems(question)


def test_the_second_step_of_a_question_is_found_through_the_first() -> None:
    texts = {1: "Anna works for Nordwind.", 2: "Anna likes tea.", 3: "Nordwind was founded by Gerda."}
    inside = {1: {10, 20}, 2: {30}, 3: {20}}
    rarity = rarity_of(dict.fromkeys(content_stems("Who founded the firm that Anna works for"), 1), 3)
    found = chained("Who founded the firm that Anna works for?", [(1, 1.0), (2, 0.9), (3, 0.5)], texts, inside, rarity)
    assert [each.passage for each in found] == [1, 3, 2]
    assert found[1].linked
    assert found[1].covers == ("found",)


# -- the graph --------------------------------------------------------------------------------------------------------


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Any, ...]:
    entities = np.asarray(sorted(draw(st.sets(st.integers(1, 30), min_size=1, max_size=6))), np.int64)
    passages = np.asarray(sorted(draw(st.sets(st.integers(1, 30), min_size=1, max_size=6))), np.int64)
    entity, place = st.sampled_from(entities.tolist()), st.sampled_from(passages.tolist())
    mentions = draw(st.lists(st.tuples(place, entity), max_size=12))
    facts = draw(st.lists(st.tuples(entity, entity, st.floats(0.1, 1)), max_size=8))
    seeds = [
        np.asarray(draw(st.lists(st.floats(0, 1), min_size=size, max_size=size)))
        for size in (len(entities), len(passages))
    ]
    return entities, passages, mentions, facts, *seeds


def walked(given_: tuple[Any, ...], steps: int) -> Any:
    """PageRank by a plain power iteration, densely."""
    entities, passages, mentions, facts, entity_seeds, passage_seeds = given_
    size, first = len(entities) + len(passages), len(entities)
    weights = np.zeros((size, size))
    for place, entity in set(mentions):
        at, to = list(entities).index(entity), first + list(passages).index(place)
        rarity = np.log1p(len(passages) / sum(other == entity for _, other in set(mentions)))
        weights[at, to] += rarity
        weights[to, at] += rarity
    for source, target, weight in facts:
        at, to = list(entities).index(source), list(entities).index(target)
        weights[at, to] += weight
        weights[to, at] += weight
    out = weights.sum(axis=1, keepdims=True)
    flow = np.divide(weights, out, out=np.zeros_like(weights), where=out > 0)
    seeds = np.concatenate([entity_seeds, passage_seeds])
    seeds /= seeds.sum()
    wanted = seeds
    for _ in range(steps):
        wanted = RESTART * seeds + (1 - RESTART) * flow.T @ wanted
    return wanted


@given(graphs())
def test_the_rank_is_where_a_plain_power_iteration_ends(given_: tuple[Any, ...]) -> None:
    *graph, entity_seeds, passage_seeds = given_
    seeds = np.concatenate([entity_seeds, passage_seeds])
    found = np.concatenate(Graph(*graph).rank(entity_seeds, passage_seeds))
    if not seeds.sum() > 0:
        assert not found.any()
        return
    np.testing.assert_allclose(found, walked(given_, 100), rtol=0, atol=5e-4)  # 12 plain steps may be off by 0.0097
    assert np.all(found >= 0)


@given(graphs())
def test_what_is_pushed_is_the_rank_but_for_what_is_left(given_: tuple[Any, ...]) -> None:
    *graph, entity_seeds, passage_seeds = given_
    found = np.concatenate(Graph(*graph).rank(entity_seeds, passage_seeds, exact=False))
    if not np.concatenate([entity_seeds, passage_seeds]).sum() > 0:
        assert not found.any()
        return
    wanted = walked(given_, 200)
    np.testing.assert_allclose(found, wanted, atol=1e-3)
    assert (found <= wanted + 1e-5).all()


def test_a_graph_of_nothing() -> None:
    nothing = np.zeros(0, np.int64)
    entities, passages = Graph(nothing, nothing, [], []).rank(np.zeros(0), np.zeros(0))
    assert len(entities) == len(passages) == 0


# -- a memory ---------------------------------------------------------------------------------------------------------

ANNA = passage(
    "Anna Weber works at Nordwind.", {"Anna Weber": "person", "Nordwind": "organization"},
    [("Anna Weber", "works at", "Nordwind")], at="2026-01-10",
)  # fmt: skip
FOUNDER = passage(
    "Nordwind was founded by Gerda Klein.", {"Nordwind": "organization", "Gerda Klein": "person"},
    [("Gerda Klein", "made", "Nordwind")], at="2026-02-10T09:30",
)  # fmt: skip
WEATHER = passage("It rains in the morning and the cat sleeps.")
MOVED = passage(
    "Anna Weber works at Leeds Power.", {"Anna Weber": "person", "Leeds Power": "organization"},
    [("Anna Weber", "works at", "Leeds Power")], at="2026-03-10",
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MemoryStore]:
    store = MemoryStore(tmp_path / "notes.sqlite", FakeClock())
    for number, each in enumerate((ANNA, FOUNDER, WEATHER, MOVED)):
        store.put(document(f"{number}.txt", each), RECIPE)
    yield store
    store.close()


def texts(store: MemoryStore, question: str, like: str, **more: Any) -> list[str]:
    found = Retriever(store, Index(store, DIM)).retrieve(question, vector(like), **more)
    assert all(each.passage.text[slice(*each.window)] for each in found.evidence)
    return [each.passage.text for each in found.evidence]


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_finds_what_is_asked(store: MemoryStore, mode: Mode) -> None:
    found = Retriever(store, Index(store, DIM)).retrieve(
        "Where does Anna Weber work?", vector(ANNA.passage.text), mode=mode, limit=2
    )
    assert "Anna Weber" in found.evidence[0].passage.text
    assert found.mode == mode
    rankings = {name for each in found.evidence for name in each.ranks}
    assert rankings == {
        "naive": {"meaning"}, "local": {"entities"}, "global": {"facts"}, "hybrid": {"graph"},
        "mix": {"meaning", "words", "graph"}, "auto": {"meaning", "words", "graph"},
    }[mode]  # fmt: skip
    if mode != "naive":
        assert found.evidence[0].entities == ("Anna Weber",)


def test_a_chain_is_followed_through_the_graph(store: MemoryStore) -> None:
    found = texts(store, "Who founded the firm that Anna Weber works at?", WEATHER.passage.text, mode="local", limit=3)
    assert FOUNDER.passage.text in found
    assert WEATHER.passage.text not in found


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("as_of", "later"),
    [
        ("2026-03-09", {MOVED.passage.text}),
        ("2026-03-10", set[str]()),
        ("2026-02-10", {MOVED.passage.text}),
        ("2026-02-10T09:29", {MOVED.passage.text, FOUNDER.passage.text}),
        ("2025-12-31", {MOVED.passage.text, FOUNDER.passage.text, ANNA.passage.text}),
    ],
)
def test_nothing_that_was_said_later_is_found(store: MemoryStore, mode: Mode, as_of: str, later: set[str]) -> None:
    found = texts(store, "Where does Anna Weber work?", MOVED.passage.text, mode=mode, as_of=as_of, limit=20)
    assert not later & set(found)
    if mode in {"naive", "mix", "auto"}:
        assert set(found) == {each.passage.text for each in (ANNA, FOUNDER, WEATHER, MOVED)} - later


@pytest.mark.parametrize("mode", ["local", "hybrid"])
def test_what_was_said_later_leads_nowhere(store: MemoryStore, mode: Mode) -> None:
    early = passage("Power is dear.", {"Power": "topic"}, at="2026-01-05")
    later = passage("Leeds Power sells Power.", {"Leeds Power": "organization", "Power": "topic"}, [("Leeds Power", "sells", "Power")], at="2026-05-01")  # fmt: skip
    store.put(document("5.txt", early), RECIPE)
    store.put(document("6.txt", later), RECIPE)
    question = "What does Leeds Power do?"
    told = "Leeds Power sells Power"
    assert early.passage.text in texts(store, question, told, mode=mode, limit=20)
    assert early.passage.text not in texts(store, question, told, mode=mode, limit=20, as_of="2026-04-01")


def test_the_walk_knows_when_a_fact_held(store: MemoryStore) -> None:
    ids = dict(store_names(store))
    anna, nordwind, leeds = ids["anna weber"], ids["nordwind"], ids["leeds power"]
    assert [fact.kind for fact in walk(store, anna, [nordwind], as_of="2026-02-01")] == ["works at"]
    assert walk(store, anna, [nordwind], as_of="2026-04-01") == []
    assert walk(store, anna, [leeds], as_of="2026-02-01") == []
    way = walk(store, leeds, [ids["gerda klein"]])
    assert [fact.passage for fact in way] == [4, 1, 2]
    assert walk(store, anna, [anna]) == []


def store_names(store: MemoryStore) -> list[tuple[str, int]]:
    with store.database.read() as connection:
        return connection.execute("SELECT key, entity FROM names").fetchall()


@pytest.mark.parametrize(
    "question", ['"', "NEAR(a b) OR *", "anna AND", "'; DROP TABLE passages; --", "?", "é 汉 ½", "x" * 5000]
)
def test_nothing_in_a_question_is_a_querys_syntax(store: MemoryStore, question: str) -> None:
    assert len(texts(store, question, question, limit=3)) == 3


def test_a_memory_without_names_is_searched_too(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path / "plain.sqlite", FakeClock())
    store.put(document("a.txt", WEATHER), RECIPE)
    for mode in MODES:
        found = Retriever(store, Index(store, DIM)).retrieve("cat?", vector(WEATHER.passage.text), mode=mode)
        assert len(found.evidence) == 1
    store.forget(["a.txt"])
    assert len(Index(store, store.dim).passages) == 0
    store.close()


@pytest.mark.parametrize(("told_by", "graph"), [(0, 0.5), (1, 0.5), (2, 4.0), (4, 4.0)])
def test_a_graph_weighs_as_one_of_a_model_where_most_passages_tell_facts(
    tmp_path: Path, told_by: int, graph: float
) -> None:
    """What one document told in words among many by rules does not make the whole graph as good."""
    store = MemoryStore(tmp_path / "mixed.sqlite", FakeClock())
    for number, other in enumerate(("Gerda", "Hugo", "Ida", "Jan")):
        text = f"Anna Weber met {other} in Leeds."
        facts = [("Anna Weber", "met", other)] if number < told_by else []
        entry = passage(text, {"Anna Weber": "person", other: "person", "Leeds": "place"}, facts)
        store.put(document(f"{number}.txt", entry), RECIPE)
    best = Retriever(store, Index(store, DIM)).retrieve("Anna Weber met Gerda", vector("Anna")).evidence[0]
    weights = {"graph": graph} | ({"meaning": 2.0, "words": 2.0} if graph < 1 else {"meaning": 1.0, "words": 1.0})
    assert best.score == pytest.approx(sum(weights[name] / (60 + rank) for name, rank in best.ranks.items()))
    assert set(best.ranks) == set(weights)
    store.close()
