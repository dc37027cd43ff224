"""Whom names mean in every store of memories: found, merged, parted, whatever the order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.errors import NotFoundError, UsageError
from hausmusik.memory.extraction.values import Alias
from hausmusik.memory.looking import Looker
from hausmusik.memory.resolving import MOST, MOST_AS_LONG
from hausmusik.memory.store.entry import DocumentEntry
from hausmusik.memory.store.store import MemoryStore
from hausmusik.testing import FakeClock
from tests.contract.memory_stores import YORK, built, meaning, put, whole
from tests.unit.memory.entries import RECIPE, content, document, passage

PEOPLE = ("Anna Weber", "Tom Baker", "Gerda Klein", "Omar Haddad")
PLACES = ("Leeds", "Tromso", "Nordwind")


@st.composite
def entries(draw: st.DrawFn) -> DocumentEntry:
    """A document of names that do not resemble each other, so that the order in which they came decides nothing."""
    passages: list[object] = []
    for place in range(draw(st.integers(1, 3))):
        person, where = draw(st.sampled_from(PEOPLE)), draw(st.sampled_from(PLACES))
        kind = draw(st.sampled_from(["lives in", "likes"]))
        at = draw(st.sampled_from(["", "2024-01-01", "2024-06-01", "2025-01-01"]))
        passages.append(passage(f"{person} {kind} {where}.", {person: "person", where: "location"}, [(person, kind, where)], at=at, start=place))  # fmt: skip
    return document(f"{draw(st.sampled_from('abc'))}.txt", *passages)  # type: ignore[arg-type]


Step = tuple[str, object]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), entries()),
        st.tuples(st.just("forget"), st.sampled_from(["a.txt", "b.txt", "c.txt"])),
        st.tuples(st.just("merge"), st.tuples(st.sampled_from(PEOPLE), st.sampled_from(PEOPLE))),
        st.tuples(st.just("split"), st.sampled_from(PEOPLE)),
    ),
    max_size=14,
)


@given(steps=STEPS, with_merges=st.booleans())
def test_whatever_was_done_the_memory_is_consistent(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step], with_merges: bool
) -> None:
    folder = tmp_path_factory.mktemp("random")
    store = MemoryStore(folder / "notes.sqlite", FakeClock())
    looker = Looker("notes", store)
    there: dict[str, DocumentEntry] = {}
    for what, with_what in steps:
        try:
            if isinstance(with_what, DocumentEntry):
                store.put(with_what, RECIPE)
                there.pop(with_what.document.path, None)
                there[with_what.document.path] = with_what
            elif what == "forget":
                store.forget([str(with_what)])
                there.pop(str(with_what), None)
            elif with_merges and isinstance(with_what, tuple):
                looker.merge(*with_what)
            elif with_merges:
                looker.split(str(with_what))
        except (NotFoundError, UsageError):
            assert what in {"merge", "split"}
    assert whole(store)
    with store.database.read() as connection:
        wrong = connection.execute(
            "SELECT n.key FROM names n WHERE n.mentions <> (SELECT count(*) FROM mentions WHERE name = n.id)"
        ).fetchall()
        assert wrong == []
        titles = connection.execute(
            "SELECT e.title FROM entities e WHERE e.title NOT IN (SELECT surface FROM names WHERE entity = e.id)"
        ).fetchall()
        assert titles == []
    if not with_merges:
        assert content(store) == built(folder, *there.values())
    store.close()


def test_a_merge_is_told_and_undone_also_after_its_entity_has_become_part_of_another(store: MemoryStore) -> None:
    names = {"JD": "person", "Carla Ruiz": "person", "Omar Haddad": "person"}
    put(store, document("a.txt", passage("JD met Carla Ruiz and Omar Haddad.", names)))
    looker = Looker("notes", store)
    looker.merge("JD", "Carla Ruiz")
    looker.merge("Carla Ruiz", "Omar Haddad")
    assert [each.reason for each in looker.about("JD").merges][-1] == "JD is Carla Ruiz"
    assert looker.split("JD").title == "JD"


def test_a_merge_is_recorded_and_undone_by_a_split(store: MemoryStore) -> None:
    put(store, document("a.txt", passage("JD met Carla Ruiz.", {"JD": "person", "Carla Ruiz": "person"})))
    before = content(store)
    looker = Looker("notes", store)
    merged = looker.merge("JD", "Carla Ruiz")
    assert (merged.title, merged.mentions) == ("Carla Ruiz", 2)
    assert [(each.name, each.into, each.by) for each in looker.merges(merged.id)] == [("JD", "Carla Ruiz", "user")]
    alone = looker.split("JD")
    assert alone.title == "JD"
    assert content(store) == before
    assert any(each.undone_at for each in looker.merges())
    with pytest.raises(UsageError, match="only name"):
        looker.split("JD")
    with pytest.raises(UsageError, match="one already"):
        looker.merge("JD", "JD")
    with pytest.raises(NotFoundError, match="Carla Ruiz"):
        looker.merge("JD", "Carla Ruis")


def test_two_that_are_merged_no_longer_end_each_others_facts_once_split(store: MemoryStore) -> None:
    anna = passage("Anna Weber lives in Leeds.", {"Anna Weber": "person", "Leeds": "location"}, [("Anna Weber", "lives in", "Leeds")], at="2023-01-01")  # fmt: skip
    put(store, document("a.txt", anna), document("b.txt", YORK))
    before = content(store)
    looker = Looker("notes", store)
    looker.merge("Anna Weber", "Tom Baker")
    with store.database.read() as connection:
        assert connection.execute("SELECT valid_to FROM facts ORDER BY valid_from").fetchone() == ("2025-01-01",)
    looker.split("Anna Weber")
    assert content(store) == before


def test_speakers_whose_label_says_nothing_are_of_their_document(store: MemoryStore) -> None:
    def said(path: str) -> DocumentEntry:
        entry = passage("Speaker 1: hello.", {"Speaker 1": "person"}, speakers=("Speaker 1",))
        found = [type(each)(name=each.name, type=each.type, description="says") for each in entry.extraction.entities]
        return document(path, type(entry)(passage=entry.passage, windows=entry.windows, extraction=type(entry.extraction)(entities=tuple(found))))  # fmt: skip

    put(store, said("a.txt"), said("b.txt"))
    assert store.counts()["entities"] == 2
    with pytest.raises(UsageError, match="may mean several"):
        Looker("notes", store).find("Speaker 1")


def test_what_a_text_itself_says_are_one_are_one(store: MemoryStore) -> None:
    entry = passage("World Health Organization (WHO) met.", {"World Health Organization": "organization", "WHO": "organization"})  # fmt: skip
    told = type(entry.extraction)(entities=entry.extraction.entities, aliases=(Alias(name="World Health Organization", other="WHO"),))  # fmt: skip
    put(store, document("a.txt", type(entry)(passage=entry.passage, windows=entry.windows, extraction=told)))
    assert store.counts()["entities"] == 1


def test_a_part_of_a_name_that_hundreds_have_is_who_is_in_full_in_its_document(store: MemoryStore) -> None:
    crowd = [f"John B{letter}{other}ker" for letter in "abcdefghijklmnop" for other in "aeioustr"][: MOST + 1]
    crowd += [f"John C{letter}{other}ker" for letter in "abcdefghijklmnop" for other in "aeioustr"][: MOST + 1]
    put(store, *(document(f"{name}.txt", passage(f"{name} came.", {name: "person"})) for name in crowd))
    put(store, document("z.txt", passage("John Zyx met John.", {"John Zyx": "person", "John": "person"})))
    assert meaning(store, "John") == ["John Zyx"]


@pytest.mark.parametrize(("others", "are_compared"), [(MOST_AS_LONG, True), (MOST_AS_LONG + 1, False)])
def test_a_word_that_many_names_as_long_have_leads_to_none_of_them(
    store: MemoryStore, others: int, *, are_compared: bool
) -> None:
    firsts = [f"{one}{two}vin" for one in "BDFGHJ" for two in "aeiou"]
    family = ["Kathy Ngo", *(f"{first} Ngo" for first in firsts)][:others]
    put(store, *(document(f"{name}.txt", passage(f"{name} came.", {name: "person"})) for name in family))
    put(store, document("z.txt", passage("Cathy Ngo came.", {"Cathy Ngo": "person"})))
    with store.database.read() as connection:
        asked = connection.execute(
            "SELECT 1 FROM doubts d JOIN names n ON n.id = d.name WHERE n.surface = 'Cathy Ngo'"
        ).fetchone()
    assert (asked is not None) == are_compared


def test_whom_another_name_of_somebody_contradicts_is_somebody_else(store: MemoryStore) -> None:
    put(store, document("a.txt", passage("Bob, that is Robert Miller.", {"Bob": "person", "Robert Miller": "person"})))
    with store.database.read() as connection:
        ids = dict(connection.execute("SELECT surface, id FROM names").fetchall())
        miller = connection.execute("SELECT entity FROM names WHERE surface = 'Robert Miller'").fetchone()[0]
    store.merge([ids["Bob"]], miller, by="user", reason="said so")
    put(store, document("b.txt", passage("Bob Jones came.", {"Bob Jones": "person"})))
    assert meaning(store, "Bob Jones") == ["Bob Jones"]
