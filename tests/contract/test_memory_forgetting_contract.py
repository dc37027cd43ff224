"""What every store of memories forgets: a document with all that only it supported, to the last byte."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.errors import NotFoundError, StoreError
from hausmusik.memory.extraction.values import Alias
from hausmusik.memory.looking import Looker
from hausmusik.memory.store import name_words
from hausmusik.memory.store.answers import KeptAnswer
from hausmusik.memory.store.entry import DocumentEntry
from hausmusik.memory.store.store import MemoryStore
from hausmusik.testing import FakeClock
from tests.contract.memory_stores import HELIOS, LEEDS, YORK, built, bytes_of, put, whole
from tests.unit.memory.entries import RECIPE, content, document, passage


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
