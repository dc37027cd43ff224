"""What every store of memories keeps to: documents in and out whole, nothing left behind, and its file told apart."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hausmusik.config.database import Database
from hausmusik.errors import ConfigError, NotFoundError, StoreError, UsageError
from hausmusik.memory.extraction.values import Alias, FoundEntity
from hausmusik.memory.looking import Looker
from hausmusik.memory.memories import Memories
from hausmusik.memory.resolving import MOST, MOST_AS_LONG
from hausmusik.memory.store import name_words, reading
from hausmusik.memory.store.answers import KeptAnswer
from hausmusik.memory.store.entry import DocumentEntry
from hausmusik.memory.store.store import MemoryStore
from hausmusik.memory.store.tables import MIGRATIONS
from hausmusik.testing import FakeClock
from tests.unit.memory.entries import OTHER_EMBEDDER, RECIPE, content, document, passage

HELIOS = passage(
    "Anna Weber leads Helios.", {"Anna Weber": "person", "Helios": "product"}, [("Anna Weber", "leads", "Helios")]
)
LEEDS = passage("Tom Baker lives in Leeds.", {"Tom Baker": "person", "Leeds": "location"}, [("Tom Baker", "lives in", "Leeds")], at="2024-01-01")  # fmt: skip
YORK = passage("Tom Baker lives in York.", {"Tom Baker": "person", "York": "location"}, [("Tom Baker", "lives in", "York")], at="2025-01-01")  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MemoryStore]:
    """An empty one."""
    store = MemoryStore(tmp_path / "memories" / "notes.sqlite", FakeClock())
    yield store
    store.close()


def put(store: MemoryStore, *entries: DocumentEntry) -> MemoryStore:
    for entry in entries:
        store.put(entry, RECIPE)
    return store


def built(folder: Path, *entries: DocumentEntry) -> dict[str, list[object]]:
    """The content of a memory that has only ever had these documents."""
    other = MemoryStore(folder / "again.sqlite", FakeClock())
    put(other, *entries)
    found = content(other)
    other.close()
    (folder / "again.sqlite").unlink()
    return found


def whole(store: MemoryStore) -> bool:
    return not any(store.check().values())


def bytes_of(store: MemoryStore) -> bytes:
    """Everything that is on the disk of a memory now, as `grep` sees it."""
    return b"".join(path.read_bytes() for path in sorted(store.path.parent.glob(f"{store.path.name}*")))


# -- in ---------------------------------------------------------------------------------------------------------------


def test_what_is_put_is_there(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS), document("b.txt", LEEDS))
    counts = store.counts()
    assert (counts["documents"], counts["passages"], counts["entities"], counts["facts"]) == (2, 2, 4, 2)
    assert set(store.known()) == {"a.txt", "b.txt"}
    assert whole(store)


def test_a_document_is_there_whole_or_not_at_all(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS))
    before = content(store)
    broken = passage("Leeds is near York.", {"Leeds": "location", "York": "location"}, [("Leeds", "near", "York")])
    with pytest.raises(ValueError, match="zip"):
        store.put(document("b.txt", YORK, type(broken)(passage=broken.passage, windows=broken.windows, extraction=broken.extraction, fact_vectors=HELIOS.fact_vectors * 2)), RECIPE)  # fmt: skip
    assert content(store) == before


def test_putting_the_same_again_changes_nothing(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS, LEEDS))
    before, ids = content(store), ids_of(store)
    put(store, document("a.txt", HELIOS, LEEDS))
    assert (content(store), ids_of(store)) == (before, ids)


def ids_of(store: MemoryStore) -> dict[str, int]:
    with store.database.read() as connection:
        return dict(connection.execute("SELECT text, id FROM passages").fetchall())


def test_only_what_changed_is_replaced(store: MemoryStore, tmp_path: Path) -> None:
    put(store, document("a.txt", HELIOS, LEEDS))
    before = ids_of(store)
    kept = store.kept_passages(document("a.txt").document, RECIPE)
    assert kept == {HELIOS.key: 1, LEEDS.key: 1}
    bare = passage(HELIOS.passage.text, start=len(YORK.passage.text))  # kept: needs no extraction
    put(store, document("a.txt", YORK, bare))
    assert ids_of(store)[HELIOS.passage.text] == before[HELIOS.passage.text]
    assert LEEDS.passage.text not in ids_of(store)
    moved = passage(HELIOS.passage.text, {"Anna Weber": "person", "Helios": "product"}, [("Anna Weber", "leads", "Helios")], start=len(YORK.passage.text))  # fmt: skip
    assert content(store) == built(tmp_path, document("a.txt", YORK, moved))


def test_another_recipe_replaces_all_of_it(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS))
    other = type(RECIPE)(budget_tokens=600, overlap_tokens=0, extractor="hand/2", embedder=RECIPE.embedder)
    assert not store.kept_passages(document("a.txt").document, other)
    store.put(document("a.txt", HELIOS), other)
    assert store.counts()["passages"] == 1
    assert whole(store)


@pytest.mark.parametrize("where", ["title", "headings"])
def test_under_another_title_or_heading_a_passage_is_made_anew(store: MemoryStore, tmp_path: Path, where: str) -> None:
    def under(heading: str) -> DocumentEntry:
        """As a model extracts it: it is shown title and headings, and names those too."""
        beside = FoundEntity(name=heading, type="product", description="x")
        one = passage(HELIOS.passage.text, {"Anna Weber": "person"}, headings=(heading,) if where == "headings" else ())
        found = replace(one.extraction, entities=(beside, *one.extraction.entities))
        entry = document("a.md", replace(one, extraction=found), LEEDS)
        return entry if where == "headings" else replace(entry, document=replace(entry.document, title=heading))

    put(store, under("Project Falcon"))
    assert store.kept_passages(under("Project Falcon").document, RECIPE)[under("Project Falcon").passages[0].key] == 1
    assert store.kept_passages(under("Project Hawk").document, RECIPE)[under("Project Hawk").passages[0].key] == 0
    put(store, under("Project Hawk"))
    assert "Project Falcon" not in {row.title for row in Looker("notes", store).entities()}
    assert content(store) == built(tmp_path, under("Project Hawk"))
    assert whole(store)


def test_equal_passages_are_counted(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS))
    put(store, document("a.txt", HELIOS, HELIOS))
    assert store.kept_passages(document("a.txt").document, RECIPE)[HELIOS.key] == 2
    assert store.counts()["passages"] == 2
    put(store, document("a.txt", HELIOS))
    assert store.counts()["passages"] == 1
    assert whole(store)


def test_what_the_user_said_of_a_name_outlives_a_change_of_its_file(store: MemoryStore) -> None:
    names = {"JD": "person", "Carla Ruiz": "person"}
    put(store, document("a.txt", passage("JD met Carla Ruiz.", names)))
    Looker("notes", store).merge("JD", "Carla Ruiz")
    put(store, document("a.txt", passage("Later JD met Carla Ruiz again.", names)))
    assert Looker("notes", store).find("JD").title == "Carla Ruiz"
    assert whole(store)


# -- out --------------------------------------------------------------------------------------------------------------


def test_forgetting_is_for_good_whatever_sqlite_was_built_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some builds overwrite nothing unless they are told to; pages that were split before are then left as they were."""
    connect = sqlite3.connect

    def plain(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.execute("PRAGMA secure_delete = OFF")
        return connection

    monkeypatch.setattr(sqlite3, "connect", plain)
    store = MemoryStore(tmp_path / "memories" / "notes.sqlite", FakeClock())
    people = {f"Zqx{number:03d} Klein": "person" for number in range(300)}
    put(store, document("a.txt", passage(". ".join(people), people)), document("b.txt", HELIOS))
    store.forget(["a.txt"])
    store.close()
    left = re.findall(rb"zqx\d+", bytes_of(store).lower())
    assert left == []


def test_forgetting_leaves_what_others_support(store: MemoryStore, tmp_path: Path) -> None:
    first, second = document("a.txt", HELIOS, LEEDS), document("b.txt", YORK)
    put(store, first, second)
    assert store.forget(["a.txt"]) == 1
    assert content(store) == built(tmp_path, second)
    assert store.forget(["a.txt"]) == 0
    assert store.forget(["b.txt"]) == 1
    assert not any(count for count in store.counts().values())


def test_forgetting_what_ended_a_fact_lets_it_hold_again(store: MemoryStore, tmp_path: Path) -> None:
    put(store, document("a.txt", LEEDS), document("b.txt", YORK))
    with store.database.read() as connection:
        assert connection.execute("SELECT valid_to FROM facts ORDER BY valid_from").fetchall() == [
            ("2025-01-01",),
            ("",),
        ]
    store.forget(["b.txt"])
    assert content(store) == built(tmp_path, document("a.txt", LEEDS))


def test_that_holds_too_where_the_fact_was_of_another_name_of_the_same_person(
    store: MemoryStore, tmp_path: Path
) -> None:
    short = passage("Tom lives in York.", {"Tom": "person", "York": "location"}, [("Tom", "lives in", "York")], at="2025-01-01")  # fmt: skip
    put(store, document("a.txt", LEEDS), document("b.txt", short))
    with store.database.read() as connection:
        assert connection.execute("SELECT valid_to FROM facts ORDER BY valid_from").fetchone() == ("2025-01-01",)
    store.forget(["b.txt"])
    assert content(store) == built(tmp_path, document("a.txt", LEEDS))


def test_nothing_of_what_was_forgotten_is_in_the_file(store: MemoryStore) -> None:
    secret = [f"zqx{number:03d}vw" for number in range(400)]
    texts = [" ".join(["Zebulon Quaxley met", *secret[at : at + 20]]) + "." for at in range(0, 400, 20)]
    passages = [passage(text, {"Zebulon Quaxley": "person"}, start=at) for at, text in enumerate(texts)]
    put(store, *(document(f"{number}.txt", passage(f"Some other words number {number}.")) for number in range(40)))
    put(store, document("secret-zqxpath.txt", *passages))
    said = KeptAnswer(answer="zqxanswer", tokens_in=1, tokens_out=1)
    store.keep_answers([(b"k" * 20, passages[0].hash, "tone-chat", said)])
    assert b"zqx007vw" in bytes_of(store)
    store.forget(["secret-zqxpath.txt"])
    left = bytes_of(store).lower()
    assert [word for word in [*secret, "zqx", "quaxley", "zebulon"] if word.encode() in left] == []
    assert whole(store)


@pytest.mark.parametrize("new_words", [0, 9])
def test_it_does_not_matter_when_the_words_of_new_names_are_moved(
    store: MemoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new_words: int
) -> None:
    tom = document("c.txt", passage("Tom likes Leedz.", {"Tom": "person", "Leedz": "location"}))
    usual = built(tmp_path, document("a.txt", LEEDS), tom)
    monkeypatch.setattr(name_words, "NEW_WORDS", new_words)
    put(store, document("a.txt", LEEDS), document("b.txt", HELIOS), tom)
    with store.database.read() as connection:
        moved = connection.execute("SELECT count(*) FROM name_words").fetchone()[0]
        assert moved
        assert connection.execute("SELECT count(*) FROM new_name_words").fetchone()[0] <= new_words
        assert connection.execute("SELECT into_entity FROM merges").fetchall(), "Tom is Tom Baker"
    assert b"helios" in bytes_of(store).lower()
    store.forget(["b.txt"])
    assert content(store) == usual
    assert b"helios" not in bytes_of(store).lower()


def meaning(store: MemoryStore, surface: str) -> list[str]:
    """The titles of those whom a spelling means."""
    with store.database.read() as connection:
        rows = connection.execute(
            "SELECT e.title FROM names n JOIN entities e ON e.id = n.entity WHERE n.surface = ? ORDER BY e.id",
            (surface,),
        )
        return [row[0] for row in rows]


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


def test_nor_is_what_an_earlier_form_of_a_file_had(store: MemoryStore) -> None:
    put(store, document("a.txt", passage("Zebulon Quaxley paid zqxmoney.", {"Zebulon Quaxley": "person"})))
    put(store, document("a.txt", HELIOS))
    store.forget(["a.txt"])
    left = bytes_of(store).lower()
    assert b"quaxley" not in left
    assert b"zqxmoney" not in left


def test_where_another_reads_it_is_told_that_the_log_still_has_what_was_forgotten(store: MemoryStore) -> None:
    put(store, document("a.txt", passage("The zqxmoney is here.")), document("b.txt", HELIOS))
    store.database._busy_timeout_s = 0.05
    store.close()
    reader = sqlite3.connect(store.path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM passages").fetchone()
    looker = Looker("notes", store)
    with pytest.raises(StoreError, match="another process is reading the memory") as caught:
        store.forget(looker.documents_named(["a.txt"]))
    assert caught.value.hint == "run the same again when it has ended"
    assert set(store.known()) == {"b.txt"}
    assert b"zqxmoney" in bytes_of(store).lower()
    with pytest.raises(StoreError, match="another process is reading the memory"):
        store.forget(looker.documents_named(["a.txt"]))
    reader.close()
    assert store.forget(looker.documents_named(["a.txt"])) == 0
    assert b"zqxmoney" not in bytes_of(store).lower()
    with pytest.raises(NotFoundError, match="no document"):
        looker.documents_named(["a.txt"])


def test_what_was_said_of_a_text_that_no_document_has_is_gone_once_scrubbed(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS))
    said = KeptAnswer(answer="zqxanswer", tokens_in=1, tokens_out=1)
    store.keep_answers([(b"k" * 20, b"of nothing here", "tone-chat", said)])
    assert store.drop_stray_answers() == 1
    assert store.is_owed_scrubbing
    assert store.scrub()
    assert not store.is_owed_scrubbing
    assert b"zqxanswer" not in bytes_of(store)


def test_a_spelling_goes_with_the_last_that_writes_it_so(store: MemoryStore, tmp_path: Path) -> None:
    loud = document("a.txt", passage("QUAXLEY Ltd pays.", {"QUAXLEY Ltd": "organization"}))
    plain = document("b.txt", passage("Quaxley pays.", {"Quaxley": "organization"}))
    put(store, loud, plain)
    store.forget(["a.txt"])
    assert b"QUAXLEY" not in bytes_of(store)
    assert content(store) == built(tmp_path, plain)


def test_the_record_of_merges_does_not_name_whom_only_the_forgotten_named(store: MemoryStore) -> None:
    put(
        store,
        document("a.txt", passage("Bo Quaxley sings.", {"Bo Quaxley": "person"})),
        document("b.txt", passage("Bo sings. Al Kern hums.", {"Bo": "person", "Al Kern": "person"})),
        document("c.txt", passage("Bob Kern sings.", {"Bob Kern": "person"})),
    )
    looker = Looker("notes", store)
    assert looker.find("Bo").title == "Bo Quaxley"
    looker.merge("Bob Kern", "Bo Quaxley")
    looker.split("Bo")
    looker.merge("Bo", "Al Kern")
    assert b"quaxley" in bytes_of(store).lower()
    store.forget(["a.txt"])
    assert b"quaxley" not in bytes_of(store).lower()
    assert looker.merges()
    assert whole(store)


def told(text: str, *said: tuple[str, str], **names: str) -> DocumentEntry:
    """A document of one passage whose text says of some pairs of names that they are one."""
    path, _, text = text.partition(": ")
    found = {name.replace("_", " "): type_ for name, type_ in names.items()}
    entry = passage(text, found)
    aliases = tuple(Alias(name=one, other=other) for one, other in said)
    return document(path, msgspec.structs.replace(entry, extraction=msgspec.structs.replace(entry.extraction, aliases=aliases)))  # fmt: skip


BOARD = {"Global_Harvest_Board": "organization", "Zebra": "organization"}
BOTH = ("Global Harvest Board", "Zebra")


def test_what_only_a_forgotten_text_says_are_one_are_two_again(store: MemoryStore, tmp_path: Path) -> None:
    first = told("a.txt: The Global Harvest Board is here.", Global_Harvest_Board="organization")
    secret = told("secret.txt: The Global Harvest Board (Zebra) met.", BOTH, **BOARD)
    last = told("c.txt: Zebra is here.", Zebra="organization")
    put(store, first, secret, last)
    looker = Looker("notes", store)
    assert looker.find("Zebra").title == looker.find("Global Harvest Board").title
    store.forget(["secret.txt"])
    assert content(store) == built(tmp_path, first, last)
    assert looker.merges() == ()
    assert b"text says so" not in bytes_of(store)
    assert whole(store)


def test_so_they_are_where_the_file_no_longer_says_so(store: MemoryStore, tmp_path: Path) -> None:
    names = dict.fromkeys(BOARD, "organization")
    put(store, told("a.txt: The Global Harvest Board (Zebra) met.", BOTH, **names))
    plain = told("a.txt: The Global Harvest Board met; Zebra was not there.", **names)
    put(store, plain)
    assert content(store) == built(tmp_path, plain)


def test_they_stay_one_while_another_text_says_so(store: MemoryStore, tmp_path: Path) -> None:
    first = told("a.txt: The Global Harvest Board (Zebra) met.", BOTH, **BOARD)
    second = told("b.txt: Zebra (Global Harvest Board) met again.", ("Zebra", "Global Harvest Board"), **BOARD)
    put(store, first, second)
    store.forget(["a.txt"])
    assert content(store) == built(tmp_path, second)
    assert [each.reason for each in Looker("notes", store).merges()] == ["the text says so: Zebra (Global Harvest Board)"]  # fmt: skip
    store.forget(["b.txt"])
    assert not any(store.counts().values())


def test_they_stay_one_where_their_letters_say_so_too(store: MemoryStore, tmp_path: Path) -> None:
    names = {"World_Health_Organization": "organization", "Health_Body": "organization"}
    secret = told("a.txt: The World Health Organization (Health Body).", ("World Health Organization", "Health Body"), **names)  # fmt: skip
    other = told("b.txt: The Health Body and the Health-Body of the World Health Organization.", **names, **{"Health-Body": "organization"})  # fmt: skip
    put(store, secret, other)
    store.forget(["a.txt"])
    assert content(store) == built(tmp_path, other)


def test_one_that_another_text_says_is_somebody_else_is_that_again(store: MemoryStore, tmp_path: Path) -> None:
    names = {name.replace(" ", "_"): "organization" for name in NAMES}
    first = told(f"a.txt: {', '.join(NAMES)}.", ("Zebra", "Kestrel Fund"), **names)
    put(store, first, told(f"b.txt: {', '.join(NAMES)}.", BOTH, **names))
    store.forget(["b.txt"])
    assert content(store) == built(tmp_path, first)


NAMES = ("Global Harvest Board", "Zebra", "Kestrel Fund", "Omar Haddad")


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from("abcd"),
            st.booleans(),
            st.lists(st.sampled_from(NAMES[1:]), max_size=2, unique=True),
        ),
        max_size=9,
    )
)
def test_whatever_texts_said_those_that_are_left_decide(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, bool, list[str]]]
) -> None:
    folder = tmp_path_factory.mktemp("random")
    store = MemoryStore(folder / "notes.sqlite", FakeClock())
    there: dict[str, DocumentEntry] = {}
    names = {name.replace(" ", "_"): "organization" for name in NAMES}
    for path, goes, said in steps:
        there.pop(path, None)
        if goes:
            store.forget([path])
        else:
            there[path] = told(f"{path}: {', '.join(NAMES)}, {said}.", *((NAMES[0], each) for each in said), **names)  # fmt: skip
            store.put(there[path], RECIPE)
    assert whole(store)
    assert content(store) == built(folder, *there.values())
    store.close()


def test_what_the_user_said_since_stays(store: MemoryStore) -> None:
    secret = told("secret.txt: The Global Harvest Board (Zebra) met.", BOTH, **BOARD)
    put(store, secret, told("b.txt: Zebra and the Global Harvest Board and Carla Ruiz.", Carla_Ruiz="person", **BOARD))
    looker = Looker("notes", store)
    looker.merge("Zebra", "Carla Ruiz")
    store.forget(["secret.txt"])
    assert {surface for _, surface in looker.find("Zebra").names} == {"Zebra", "Global Harvest Board", "Carla Ruiz"}
    assert {each.by for each in looker.merges()} == {"user"}


def test_what_a_model_said_goes_with_the_last_document_that_has_the_text(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS), document("b.txt", HELIOS))
    said = KeptAnswer(answer="{}", tokens_in=3, tokens_out=2)
    asked = [(b"k" * 20, HELIOS.hash), (b"s" * 20, b"of nothing here")]
    store.keep_answers((key, text, "tone-chat", said) for key, text in asked)
    assert store.drop_stray_answers() == 1
    store.forget(["a.txt"])
    assert store.answer(b"k" * 20) == said
    store.forget(["b.txt"])
    assert store.answer(b"k" * 20) is None


# -- names ------------------------------------------------------------------------------------------------------------

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


# -- embedders --------------------------------------------------------------------------------------------------------


def test_vectors_of_two_embedders_are_not_mixed(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS))
    with pytest.raises(ConfigError, match="cannot be compared"):
        store.put(document("b.txt", LEEDS), OTHER_EMBEDDER)
    with pytest.raises(ConfigError, match=r"another@1"):
        store.check_embedder(OTHER_EMBEDDER.embedder)
    assert set(store.known()) == {"a.txt"}
    store.forget(["a.txt"])
    store.put(document("b.txt", LEEDS), OTHER_EMBEDDER)  # nothing is left to compare them with
    assert store.setting("embedder") == OTHER_EMBEDDER.embedder


# -- others at the same time ------------------------------------------------------------------------------------------


def test_readers_see_one_moment_while_somebody_writes(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS))
    reader = MemoryStore(store.path, FakeClock())
    stop, seen, failed = threading.Event(), set[tuple[int, int]](), list[Exception]()

    def read() -> None:
        try:
            while not stop.is_set():
                with reader.database.read() as connection:
                    facts = connection.execute("SELECT count(*) FROM facts").fetchone()[0]
                    mentions = connection.execute("SELECT count(*) FROM mentions").fetchone()[0]
                seen.add((facts, mentions))
        except Exception as error:  # noqa: BLE001 -- told below
            failed.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    for number in range(30):
        put(store, document(f"{number}.txt", LEEDS, YORK))
    store.forget([f"{number}.txt" for number in range(30)])
    stop.set()
    thread.join()
    reader.close()
    assert failed == []
    assert all(mentions == 2 * facts for facts, mentions in seen)


def test_checking_finds_nothing_wrong_while_somebody_writes(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS))
    reader = MemoryStore(store.path, FakeClock())
    found: list[dict[str, int]] = []
    thread = threading.Thread(target=lambda: found.append(dict(reader.check())))
    with store.database.write() as connection:
        connection.execute("INSERT INTO settings VALUES ('a', 'b')")
        assert reader.counts()["documents"] == 1
        thread.start()
        thread.join(0.1)
    thread.join()
    assert found
    assert not any(found[0].values())
    reader.close()


def test_the_index_is_made_anew_after_a_change_of_anybody(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS))
    memories = Memories(store.path.parent, FakeClock())
    first = memories.index("notes")
    assert memories.index("notes") is first
    put(store, document("b.txt", LEEDS))
    assert len(memories.index("notes").passages) == 2
    memories.store("notes").forget(["b.txt"])
    assert len(memories.index("notes").passages) == 1
    memories.close()


# -- the file ---------------------------------------------------------------------------------------------------------


def test_a_backup_opens_and_is_equal(store: MemoryStore, tmp_path: Path) -> None:
    put(store, document("a.txt", HELIOS), document("b.txt", LEEDS))
    target = tmp_path / "copy.sqlite"
    store.backup(target)
    copy = MemoryStore(target, FakeClock())
    assert content(copy) == content(store)
    assert whole(copy)
    with copy.database.read() as connection:
        assert reading.search_words(connection, ["helios"], 5)
    copy.close()
    with pytest.raises(StoreError, match="is there already"):
        store.backup(target)
    with pytest.raises(StoreError, match=r"cannot be written to .*nowhere.*No such file"):
        store.backup(tmp_path / "nowhere" / "copy.sqlite")


def test_a_file_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    old = Database(tmp_path / "old.sqlite", title="memory", migrations=MIGRATIONS[:1])
    with old.write() as connection:
        connection.execute("INSERT INTO entities (title, type) VALUES ('Leeds', 'other')")
        connection.execute(
            "INSERT INTO names (entity, key, type, scope, surface) VALUES (1, 'leeds', 'other', '', 'Leeds')"
        )
    old.close()
    store = MemoryStore(tmp_path / "old.sqlite", FakeClock())
    with store.database.read() as connection:
        assert connection.execute("SELECT surface, typed_by FROM names").fetchall() == [("Leeds", "")]
    store.close()


def test_a_file_of_a_newer_version_is_refused(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS))
    raw(store, lambda connection: connection.execute("PRAGMA user_version = 99"))
    with pytest.raises(StoreError, match="written by a newer hausmusik"):
        store.known()


def test_a_database_of_another_program_is_refused_and_left_as_it_is(store: MemoryStore) -> None:
    store.path.parent.mkdir(parents=True)
    with sqlite3.connect(store.path) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    with pytest.raises(StoreError, match="another program"):
        put(store, document("a.txt", HELIOS))
    with sqlite3.connect(store.path) as connection:
        assert [row[0] for row in connection.execute("SELECT name FROM sqlite_master")] == ["theirs"]
    connection.close()


def test_a_damaged_file_is_told(store: MemoryStore) -> None:
    put(store, *(document(f"{number}.txt", HELIOS, LEEDS, YORK) for number in range(60)))
    store.close()
    data = bytearray(store.path.read_bytes())
    data[4096 * 4 : 4096 * 14] = os.urandom(4096 * 10)
    store.path.write_bytes(data)
    with pytest.raises(StoreError, match="is damaged"):
        store.check()
    store.path.write_bytes(b"no database at all, just some words" * 200)
    store.close()
    with pytest.raises(StoreError, match="is damaged"):
        store.known()


def test_rows_that_hang_on_nothing_are_counted(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS))
    raw(store, lambda connection: connection.execute("DELETE FROM mentions"))
    raw(store, lambda connection: connection.execute("DELETE FROM windows"))
    raw(store, lambda connection: connection.execute("INSERT INTO entities (title, type) VALUES ('x', 'other')"))
    found = store.check()
    assert found["names that nothing mentions"] == 2
    assert found["entities without names"] == 1
    assert found["passages without vectors"] == 1


def test_a_full_text_index_that_is_not_that_of_the_passages_is_told(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS))
    raw(store, lambda connection: connection.execute("DROP TRIGGER passage_words_out"))
    raw(store, lambda connection: connection.execute("INSERT INTO passage_words (passage_words, rowid, text) VALUES ('delete', 1, 'Anna Weber leads Helios.')"))  # fmt: skip
    assert store.check()["full-text index"] == 1


def test_a_file_that_another_process_locks_is_told(store: MemoryStore) -> None:
    put(store, document("a.txt", HELIOS))
    store.database._busy_timeout_s = 0.05
    store.close()
    holder = sqlite3.connect(store.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked by another process"):
        put(store, document("b.txt", LEEDS))
    assert set(store.known()) == {"a.txt"}
    holder.close()
    put(store, document("b.txt", LEEDS))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_told(store: MemoryStore) -> None:
    store.path.parent.mkdir(parents=True)
    store.path.parent.chmod(0o500)
    try:
        with pytest.raises(StoreError, match="cannot be written"):
            put(store, document("a.txt", HELIOS))
    finally:
        store.path.parent.chmod(0o700)


def test_a_killed_writer_leaves_what_it_had_finished(store: MemoryStore, tmp_path: Path) -> None:
    program = """
import os, sys
from pathlib import Path
from hausmusik.memory.store.store import MemoryStore
from hausmusik.testing import FakeClock
from tests.contract.test_memory_store_contract import HELIOS, LEEDS, RECIPE, document
from hausmusik.memory.store.writing import put_document
store = MemoryStore(Path(sys.argv[1]), FakeClock())
store.put(document("a.txt", HELIOS), RECIPE)
with store.database.write() as connection:
    put_document(connection, document("b.txt", LEEDS), RECIPE, "")
    os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", program, str(store.path)], check=False).returncode == -9
    assert content(store) == built(tmp_path, document("a.txt", HELIOS))
    assert whole(store)


def raw(store: MemoryStore, work: Callable[[sqlite3.Connection], object]) -> None:
    """Do something to the file behind the store's back."""
    store.close()
    connection = sqlite3.connect(store.path, isolation_level=None)
    work(connection)
    connection.close()
