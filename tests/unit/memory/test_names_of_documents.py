"""Whom names mean across the passages and documents of a memory: roles, homonyms, and what is known beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hausmusik.errors import UsageError
from hausmusik.memory.extraction.values import FoundEntity
from hausmusik.memory.looking import Looker
from hausmusik.memory.store.entry import DocumentEntry, PassageEntry
from hausmusik.memory.store.store import MemoryStore
from hausmusik.testing import FakeClock
from tests.unit.memory.entries import RECIPE, document, passage


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MemoryStore]:
    """An empty one."""
    store = MemoryStore(tmp_path / "memories" / "notes.sqlite", FakeClock())
    yield store
    store.close()


def said(path: str, *turns: tuple[str, str, dict[str, str]]) -> DocumentEntry:
    """A transcript: of each passage who speaks, what, and which names are in it."""
    entries: list[PassageEntry] = []
    for speaker, text, names in turns:
        entry = passage(text, names, speakers=(speaker,))
        spoken = FoundEntity(name=speaker, type="person", description=f"{speaker} says: {text}")
        extraction = msgspec.structs.replace(entry.extraction, entities=(spoken, *entry.extraction.entities))
        entries.append(msgspec.structs.replace(entry, extraction=extraction))
    whole = document(path, *entries)
    speakers = tuple(dict.fromkeys(speaker for speaker, *_ in turns))
    return msgspec.structs.replace(whole, document=msgspec.structs.replace(whole.document, speakers=speakers))


def entities(store: MemoryStore) -> dict[str, set[str]]:
    """Titles, with the spellings of each."""
    with store.database.read() as connection:
        rows = connection.execute("SELECT e.id, e.title, n.surface FROM names n JOIN entities e ON e.id = n.entity")
        found: dict[tuple[int, str], set[str]] = {}
        for id_, title, surface in rows:
            found.setdefault((id_, title), set()).add(surface)
    assert len({title for _, title in found}) == len(found), "two entities have one title"
    return {title: surfaces for (_, title), surfaces in found.items()}


def test_a_role_is_somebody_else_in_every_document(store: MemoryStore) -> None:
    for path in ("one.txt", "two.txt"):
        names = {"Industrial Designer": "other"}
        talk = "Thanks. The Industrial Designer is late."
        store.put(said(path, ("Project Manager", talk, names), ("Industrial Designer", "Sorry.", {})), RECIPE)
    assert entities(store) == {
        f"{role} ({title})": {role} for role in ("Project Manager", "Industrial Designer") for title in _titles(store)
    }
    looker = Looker("notes", store)
    with pytest.raises(UsageError, match="may mean several"):
        looker.find("Project Manager")
    first = f"Project Manager ({_titles(store)[0]})"
    assert looker.find(first).title == first


def _titles(store: MemoryStore) -> list[str]:
    with store.database.read() as connection:
        return [row[0] for row in connection.execute("SELECT title FROM documents ORDER BY id")]


def test_who_chairs_is_known_and_is_not_who_takes_over(store: MemoryStore) -> None:
    acting = "The Acting Chair (Mrs. Carol Hughes)"
    store.put(
        said(
            "house.txt",
            ("The Chair", "We begin.", {}),
            ("Anna Weber", "Thank you, Mr. Chair.", {"Mr. Chair": "person"}),
            ("Tom Baker", "Thank you, Madam Chair.", {"Madam Chair": "person"}),
            (acting, "We go on.", {}),
        ),
        RECIPE,
    )
    found = entities(store)
    assert {acting, "Madam Chair"} in found.values()
    assert {"The Chair"} in found.values()  # as `Mr. Chair` is spelt the same
    merges = Looker("notes", store).merges()
    assert [each.by for each in merges] == ["rule"]
    assert "who has this role in the document" in merges[0].reason


def test_madam_chair_is_the_chair_where_nobody_takes_over(store: MemoryStore) -> None:
    store.put(
        said("house.txt", ("The Chair", "We begin.", {}), ("Tom", "Yes, Madam Chair.", {"Madam Chair": "person"})),
        RECIPE,
    )
    assert {"The Chair", "Madam Chair"} in entities(store).values()


def test_who_speaks_later_is_known_before(store: MemoryStore) -> None:
    """`Mr.Baker` is met first, and of no known type; another Baker is in the memory already."""
    store.put(document("old.txt", passage("Tim Baker left.", {"Tim Baker": "person"})), RECIPE)
    meeting = said("new.txt", ("Anna Weber", "Now Mr.Baker.", {"Mr.Baker": "other"}), ("Tom Baker", "Thanks.", {}))
    store.put(meeting, RECIPE)
    assert entities(store)["Tom Baker"] == {"Tom Baker", "Mr.Baker"}


def test_of_two_who_are_named_in_full_later_neither_is_taken(store: MemoryStore) -> None:
    first = passage("John came.", {"John": "person"})
    later = passage("John Doe met John Smith.", {"John Doe": "person", "John Smith": "person"}, start=20)
    store.put(document("notes.txt", first, later), RECIPE)
    assert set(entities(store)) == {"John", "John Doe", "John Smith"}
    assert store.counts()["doubts"] == 1


def test_one_name_of_two_strangers_stays_two(store: MemoryStore) -> None:
    store.put(said("one.txt", ("Anna Weber", "John is ill.", {"John": "person"})), RECIPE)
    store.put(said("two.txt", ("Tom Baker", "John is late.", {"John": "person"})), RECIPE)
    assert {"John", f"John ({_titles(store)[1]})"} <= set(entities(store))
    (doubt,) = Looker("notes", store).doubts()
    assert "none who speaks here is mentioned there" in doubt.reason


def test_one_name_among_people_who_know_each_other_is_one(store: MemoryStore) -> None:
    store.put(said("one.txt", ("Anna Weber", "Tom and John are ill.", {"John": "person", "Tom": "person"})), RECIPE)
    store.put(said("two.txt", ("Tom", "John is late.", {"John": "person"})), RECIPE)
    assert entities(store)["John"] == {"John"}
    assert store.counts()["doubts"] == 0


def test_a_homonym_is_the_same_when_its_document_changes(store: MemoryStore) -> None:
    store.put(said("one.txt", ("Anna Weber", "John is ill.", {"John": "person"})), RECIPE)
    turn = ("Tom Baker", "John is late.", {"John": "person"})
    store.put(said("two.txt", turn), RECIPE)
    before = entities(store)
    store.put(said("two.txt", turn, ("Tom Baker", "Where is John?", {"John": "person"})), RECIPE)
    assert entities(store) == before


def test_a_topic_that_is_somebodys_name_is_that_name(store: MemoryStore) -> None:
    store.put(said("one.txt", ("Lynne Neagle AM", "So said Lynne Neagle.", {"Lynne Neagle": "topic"})), RECIPE)
    assert entities(store) == {"Lynne Neagle AM": {"Lynne Neagle AM"}}


def test_what_is_called_like_a_role_is_not_who_has_it(store: MemoryStore) -> None:
    turns = ("User Interface", "The user interface is red.", {"user interface": "topic"})
    store.put(said("one.txt", turns), RECIPE)
    assert len(entities(store)) == 2


def test_merges_by_these_rules_are_undone_by_a_split(store: MemoryStore) -> None:
    controls = {"remote control": "topic", "remote controls": "topic"}
    store.put(document("one.txt", passage("A remote control, many remote controls.", controls)), RECIPE)
    assert list(entities(store).values()) == [{"remote control", "remote controls"}]
    Looker("notes", store).split("remote controls")
    assert set(entities(store)) == {"remote control", "remote controls"}


def test_a_merge_by_which_its_name_comes_to_mean_several_is_done_and_told(store: MemoryStore) -> None:
    store.put(said("one.txt", ("Anna Weber", "John is ill.", {"John": "person"})), RECIPE)
    store.put(said("two.txt", ("Tom Baker", "John is late.", {"John": "person"})), RECIPE)
    store.put(document("three.txt", passage("Jonathan Dorian came.", {"Jonathan Dorian": "person"})), RECIPE)
    merged = Looker("notes", store).merge("Jonathan Dorian", "John")
    assert {surface for _, surface in merged.names} == {"Jonathan Dorian", "John"}


def test_whom_the_program_shows_is_found_by_what_it_shows(store: MemoryStore) -> None:
    for path in ("Weekly design meeting.txt", "two.txt"):
        store.put(said(path, ("Project Manager", "Hello.", {})), RECIPE)
    names = {"Leeds": "location", "Leeds United": "organization"}
    store.put(document("three.txt", passage("Leeds United is of Leeds.", names)), RECIPE)
    store.put(document("four.txt", passage("About Leeds.", {"Leeds": "topic"})), RECIPE)
    looker = Looker("notes", store)
    for title in ("Project Manager (Weekly design meeting)", "Project Manager (two)", "Leeds United"):
        assert looker.find(title).title == title
        assert looker.find(title.lower()).title == title
    with pytest.raises(UsageError, match=r"several: Leeds \(location\), Leeds \(topic\) \(write"):
        looker.find("Leeds")
    assert looker.find("Leeds (topic)").type == "topic"
    merged = looker.merge("Project Manager (Weekly design meeting)", "Project Manager (two)")
    assert looker.split(merged.title).title in {"Project Manager (Weekly design meeting)", "Project Manager (two)"}


@pytest.mark.parametrize("way", ["forgotten", "called otherwise"])
def test_no_record_keeps_the_title_of_a_document_that_is_gone(store: MemoryStore, way: str) -> None:
    secret = said("Foobarstrasse.txt", ("Speaker 1", "We buy.", {}))
    store.put(secret, RECIPE)
    store.put(said("two.txt", ("Speaker 1", "Hello.", {})), RECIPE)
    store.put(document("three.txt", passage("Robert Zimmer came.", {"Robert Zimmer": "person"})), RECIPE)
    looker = Looker("notes", store)
    looker.merge("Robert Zimmer", "Speaker 1 (Foobarstrasse)")
    looker.split("Robert Zimmer")
    looker.merge("Speaker 1 (Foobarstrasse)", "Robert Zimmer")
    if way == "forgotten":
        store.forget(["Foobarstrasse.txt"])
    else:
        again = msgspec.structs.replace(secret.document, title="Sold", sha256="0" * 64)
        store.put(msgspec.structs.replace(secret, document=again), RECIPE)
    with store.database.read() as connection:
        kept = connection.execute("SELECT from_title, reason FROM merges UNION ALL SELECT '', reason FROM doubts")
        assert not [row for row in kept if "Foobarstrasse" in f"{row}"]


def test_a_title_that_another_document_has_stays(store: MemoryStore) -> None:
    for path in ("Review.txt", "Review.md"):
        store.put(said(path, ("Speaker 1", f"Hello, {path}.", {})), RECIPE)
    store.put(document("three.txt", passage("Robert Zimmer came.", {"Robert Zimmer": "person"})), RECIPE)
    with store.database.read() as connection:
        _, other = (row[0] for row in connection.execute("SELECT id FROM names WHERE key LIKE 'speaker%'"))
        zimmer = connection.execute("SELECT entity FROM names WHERE key LIKE '%zimmer'").fetchone()[0]
    store.merge([other], zimmer, by="user", reason="Speaker 1 (Review) is Robert Zimmer")
    store.forget(["Review.txt"])
    assert [each.reason for each in Looker("notes", store).merges()] == ["Speaker 1 (Review) is Robert Zimmer"]
