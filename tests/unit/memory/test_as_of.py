"""As of a day: whatever was said later, a memory is as it was then; but for titles and how rare words are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hausmusik.memory.looking import Looker
from hausmusik.memory.picking import Picked, Picker
from hausmusik.memory.retrieval.index import Index
from hausmusik.memory.retrieval.retriever import MODES, Retriever
from hausmusik.memory.retrieval.walking import walk
from hausmusik.memory.store.entry import PassageEntry
from hausmusik.memory.store.facts import FactRow
from hausmusik.memory.store.store import MemoryStore
from hausmusik.testing import FakeClock
from tests.unit.memory.entries import DIM, RECIPE, document, passage, vector

WORKS = {"Anna Weber": "person", "Nordwind": "organization"}
DAY = "2026-02-01"
EARLY, LATE = ("2026-01-05", "2026-01-20"), ("2026-02-02", "2026-05-01")
"""When things are said, and since when they are said to hold: before that day and after it."""

PEOPLE = ("Anna Weber", "Tom Baker", "Gerda Klein")
FIRMS = ("Nordwind", "Helios", "Alpenbus")
KINDS = ("works at", "knows")


def filled(path: Path, entries: list[PassageEntry]) -> MemoryStore:
    store = MemoryStore(path, FakeClock())
    for number, entry in enumerate(entries):
        store.put(document(f"{number}.txt", entry), RECIPE)
    return store


def said(who: str, kind: str, firm: str, since: str, at: str) -> PassageEntry:
    """A passage that says since when somebody has to do with a firm; empty: from when it is said."""
    entry = passage(f"{who} {kind} {firm}.", {who: "person", firm: "organization"}, [(who, kind, firm)], at=at)
    facts = tuple(replace(each, when=since) for each in entry.extraction.relations)
    return replace(entry, extraction=replace(entry.extraction, relations=facts))


def names_of(picked: Picked) -> list[str]:
    return sorted(each.title for each in picked.entities)


def told(facts: list[FactRow] | tuple[FactRow, ...]) -> list[tuple[str, ...]]:
    return [(fact.source[1], fact.kind, fact.target[1], fact.valid_from, fact.valid_to) for fact in facts]


def seen(store: MemoryStore) -> dict[str, Any]:
    """All that a memory shows as of the day."""
    looker, picker = Looker("notes", store), Picker("notes", store)
    found: dict[str, Any] = {
        "entities": [(each.title, each.mentions) for each in looker.entities(as_of=DAY)],
        "people": [(each.title, each.mentions) for each in looker.entities(as_of=DAY, type_="person")],
        "overview": (names_of(overview := picker.overview(as_of=DAY)), overview.left_out),
    }
    for name, _ in found["entities"]:
        about = looker.about(name, as_of=DAY)
        around = picker.around(name, as_of=DAY)
        found[name] = about.entity.mentions, told(about.facts), [each.text for each in about.passages]
        found[f"around {name}"] = names_of(around), [told(tie.facts) for tie in around.ties], around.left_out
        found[f"ways from {name}"] = [told(looker.path(name, other, as_of=DAY)) for other, _ in found["entities"]]
    retriever = Retriever(store, Index(store, DIM))
    for question in ("Where does Anna Weber work?", "Helios", "Does Gerda know Nordwind?"):
        answer = retriever.retrieve(question, vector(question), as_of=DAY)
        # In which order they come hangs on how rare words are, of all days.
        found[question] = sorted(each.passage.text for each in answer.evidence), [each.text for each in answer.names]
        found[f"unknown in {question}"] = answer.unknown
    return found


@st.composite
def sayings(draw: st.DrawFn, times: tuple[str, ...]) -> PassageEntry:
    one = st.sampled_from
    return said(draw(one(PEOPLE)), draw(one(KINDS)), draw(one(FIRMS)), draw(one(("", *EARLY, *LATE))), draw(one(times)))


@example(
    early=[said("Anna Weber", "works at", "Nordwind", "", "2026-01-05")],
    late=[said("Anna Weber", "works at", "Helios", "2026-01-20", "2026-05-01")],
)
@example(
    early=[
        said("Anna Weber", "works at", "Nordwind", "", "2026-01-05"),
        said("Anna Weber", "works at", "Alpenbus", "2026-01-20", "2026-01-20"),
    ],
    late=[said("Anna Weber", "works at", "Helios", "2026-01-10", "2026-05-01")],
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(early=st.lists(sayings(EARLY), max_size=5), late=st.lists(sayings(LATE), min_size=1, max_size=5))
def test_nothing_that_was_said_later_shows(
    tmp_path_factory: pytest.TempPathFactory, early: list[PassageEntry], late: list[PassageEntry]
) -> None:
    folder = tmp_path_factory.mktemp("memories")
    then, now = filled(folder / "then.sqlite", early), filled(folder / "now.sqlite", [*early, *late])
    try:
        assert seen(now) == seen(then)
    finally:
        then.close()
        now.close()


def test_as_of_a_day_a_memory_answers_as_it_did_then(tmp_path: Path) -> None:
    early = [
        passage("The review costs 12 euros.", {"review": "topic"}, at="2026-01-05"),
        passage("Anna Weber works at Nordwind.", WORKS, [("Anna Weber", "works at", "Nordwind")], at="2026-01-06"),
    ]
    late = [
        passage(f"Carl Muster saw review {number} that costs euros.", {"Carl Muster": "person"}, at="2026-05-01")
        for number in range(120)
    ]
    then, now = (MemoryStore(tmp_path / f"{name}.sqlite", FakeClock()) for name in ("then", "now"))
    for store, entries in ((then, early), (now, [*late, *early])):
        for number, each in enumerate(entries):
            store.put(document(f"{number}.txt", each), RECIPE)
    question = "How many euros does the review of Carl Muster cost?"
    for mode in MODES:
        was, is_now = (
            Retriever(store, Index(store, DIM)).retrieve(question, vector("x"), mode=mode, as_of="2026-01-10")
            for store in (then, now)
        )
        assert [each.passage.text for each in is_now.evidence] == [each.passage.text for each in was.evidence], mode
        assert [set(each.ranks) for each in is_now.evidence] == [set(each.ranks) for each in was.evidence], mode
        assert [each.text for each in is_now.names] == [each.text for each in was.names] == ["the review"]
        assert [each.score for each in is_now.evidence] == pytest.approx([each.score for each in was.evidence]), mode
        assert is_now.missing == pytest.approx(was.missing)
    then.close()
    now.close()


@pytest.mark.parametrize(
    ("early", "late", "question"),
    [
        ({"Mercury": "topic"}, {"Mercury Records": "organization"}, "What do Mercury Records plan?"),
        ({"nordwind": "topic"}, {"Nordwind": "organization"}, "nordwind blows when?"),
        ({"Anna Weber": "person"}, {"Anna": "topic"}, "When does Anna come?"),
    ],
)
def test_names_that_came_later_hide_none_as_of_a_day(
    tmp_path: Path, early: dict[str, str], late: dict[str, str], question: str
) -> None:
    store = MemoryStore(tmp_path / "names.sqlite", FakeClock())
    for number, (names, at) in enumerate(((early, "2026-01-05"), (late, "2026-05-01"))):
        store.put(document(f"{number}.txt", passage(f"Of {next(iter(names))} much is said.", names, at=at)), RECIPE)
    retriever = Retriever(store, Index(store, DIM))
    then = retriever.retrieve(question, vector("x"), as_of="2026-02-01").names
    with store.database.read() as connection:
        first = connection.execute(
            "SELECT n.entity FROM names n JOIN mentions m ON m.name = n.id ORDER BY m.id"
        ).fetchone()
    assert [each.entities for each in then] == [first]
    store.close()


def test_the_walk_goes_by_nothing_that_was_said_later_and_passes_by_no_fact_for_there_are_many(tmp_path: Path) -> None:
    store = MemoryStore(tmp_path / "many.sqlite", FakeClock())
    names = {"Anna Weber": "person", "Nordwind": "organization"}
    text = "Anna Weber leads Nordwind."
    store.put(document("0.txt", passage(text, names, [("Anna Weber", "leads", "Nordwind")], at="2026-01-05")), RECIPE)
    for number in range(210):
        text, other = f"Anna Weber knows Leeds{number}.", f"Leeds{number}"
        entry = passage(
            text, {"Anna Weber": "person", other: "place"}, [("Anna Weber", "knows", other)], at="2026-05-01"
        )
        store.put(document(f"{number + 1}.txt", entry), RECIPE)
    looker = Looker("many", store)
    anna, nordwind, leeds = (looker.find(name).id for name in ("Anna Weber", "Nordwind", "Leeds7"))
    for as_of in ("", "2026-02-01"):
        assert [fact.kind for fact in walk(store, anna, [nordwind], as_of=as_of)] == ["leads"]
    assert walk(store, anna, [leeds], as_of="2026-02-01") == []
    assert names_of(Picker("many", store).around("Anna Weber", as_of="2026-02-01")) == ["Anna Weber", "Nordwind"]
    then = looker.about("Anna Weber", as_of="2026-02-01")
    assert [fact.kind for fact in then.facts] == ["leads"]
    assert [each.at for each in then.passages] == ["2026-01-05"]
    store.close()
