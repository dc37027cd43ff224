"""Extraction in code: names by how they are written, topics by repetition, relations by neighbourhood."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.memory.cutting import cut
from hausmusik.memory.documents import Document
from hausmusik.memory.extraction.cues import relation_between, single_kinds
from hausmusik.memory.extraction.rules import RuleReader, people_words
from hausmusik.memory.extraction.sentences import sentences_in
from hausmusik.memory.extraction.spans import Casing, names_in
from hausmusik.memory.extraction.topics import topics_of
from hausmusik.memory.extraction.typing import type_of
from hausmusik.memory.extraction.values import Extraction
from hausmusik.memory.naming import key_of
from hausmusik.memory.reading.files import read_bytes
from hausmusik.memory.reading.limits import ReadLimits
from hausmusik.memory.token_counts import approximate_tokens

MEETING = """Anna Weber: Good morning. The Helios launch is on 3 May, and Nordwind Logistics pays for it.
Tom Baker: I met Gerda Klein in Leeds yesterday. She works at Nordwind Logistics.
Anna Weber: Tom, did you call her? The World Health Organization (WHO) asked for the report HEL-12.
Tom Baker: Yes, write to gerda.klein@nordwind.example or see https://nordwind.example/helios today.
"""
CHAT = """[2026-03-01 09:30] Li Hua: Hey Wolfgang, the gym opens at nine
[2026-03-01 09:31] Wolfgang: okay, I moved to Berlin though
[2026-03-02 18:00] Li Hua: Is Berlin nice?
"""


def read(text: str, name: str = "a.txt") -> Document:
    return read_bytes(text.encode(), name, ReadLimits())


def extracted(text: str, name: str = "a.txt") -> tuple[Document, list[Extraction]]:
    document = read(text, name)
    passages = cut(document, budget_tokens=1200, overlap_tokens=0, count=approximate_tokens)
    reader = RuleReader(document)
    return document, [reader.extract(passage) for passage in passages]


def names(text: str, known: set[str] | None = None) -> list[str]:
    return [text[span.start : span.end] for span in names_in(text, Casing(text), known or set())]


# -- how words are written --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("We met Anna Weber there.", ["Anna Weber"]),
        ("Yesterday was good.", []),
        ("The Bank of England said no.", ["Bank of England"]),
        ("It is on Monday, in March.", []),
        ("Write to a.b@c.example now.", ["a.b@c.example"]),
        ("See HEL-12 and https://x.example/y?z=1 please.", ["HEL-12", "https://x.example/y?z=1"]),
        ("We like Anna's idea, and NASA too.", ["Anna", "NASA"]),
        ("I said I'm fine, I've got it.", []),
        ("{vocalsound} we saw <laugh> Gerda Klein.", ["Gerda Klein"]),
        ("we bought an iPhone and a B2B thing", ["B2B"]),
        ("", []),
    ],
)
def test_what_is_written_like_a_name(text: str, found: list[str]) -> None:
    assert names(text) == found


def test_a_capital_at_the_beginning_says_nothing_unless_the_word_is_one_elsewhere() -> None:
    assert names("Helios is late. Nothing else.") == []
    assert names("Helios is late. We all like Helios a lot.") == ["Helios", "Helios"]
    assert names("Table one is free. The table is big. Look at Table one.") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Gerda Klein asked for it.", ["Gerda Klein"]),
        ("Yes. Gerda Klein fragte: Jonas Becker kommt.", ["Gerda Klein", "Jonas Becker"]),
        ("- Gerda Klein\n- Jonas Becker", ["Gerda Klein", "Jonas Becker"]),
        ("Unlike Boston it is quiet.", ["Boston"]),
        ("Visiting Leeds was fun.", ["Leeds"]),
        ("Luckily Ed was there.", ["Ed"]),
        ("Table Tennis is on. The table is big.", ["Tennis"]),
        ("And Gerda came. Ask Tom.", ["Gerda", "Tom"]),
        ("Gerda, Tom and all others.", ["Tom"]),
        ("Gerda! Tom!", []),
    ],
)
def test_a_first_word_belongs_to_the_name_that_follows_unless_sentences_begin_so(text: str, found: list[str]) -> None:
    assert names(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I met Hana Novak of Alpenbus today.", ["Hana Novak", "Alpenbus"]),
        ("I met Hana Novak of Alpenbus and Tomasz Zielinski.", ["Hana Novak", "Alpenbus", "Tomasz Zielinski"]),
        ("We heard Mr. Baker for Etobicoke Centre.", ["Mr. Baker", "Etobicoke Centre"]),
        ("Then Chief Shelley Sabattis of the University of Leeds.", ["Chief Shelley Sabattis", "University of Leeds"]),
        ("We asked Petra of Nordwind.", ["Petra", "Nordwind"]),
        ("We asked Ursula von der Leyen about it.", ["Ursula von der Leyen"]),
        ("They left the House of Commons.", ["House of Commons"]),
        ("We wrote to the Associate Minister of Finance.", ["Associate Minister of Finance"]),
        ("I studied at the University of Leeds, at the Open University of Spain.",
         ["University of Leeds", "Open University of Spain"]),
        ("Ask the Parole Board of Canada, or the Wuhan Institute of Virology.",
         ["Parole Board of Canada", "Wuhan Institute of Virology"]),
        ("It is in the United States of America.", ["United States of America"]),
        ("We saw the Canadian Museum for Human Rights.", ["Canadian Museum for Human Rights"]),
        ("She studied at the San Francisco Conservatory of Music.", ["San Francisco Conservatory of Music"]),
        ("We met John Winship of Leeds and Tom Baker of York.", ["John Winship of Leeds", "Tom Baker of York"]),
        ("He wrote to the National Inspectorate of Leeds, or the Royal Foundation of Spain.",
         ["National Inspectorate of Leeds", "Royal Foundation of Spain"]),
        ("Our harbour is small. They like Old Harbour of Bodo, as Old Harbour of Bodo does them.",
         ["Old Harbour of Bodo", "Old Harbour of Bodo"]),
    ],
)  # fmt: skip
def test_somebody_of_something_is_two_and_what_has_an_of_in_its_name_is_one(text: str, found: list[str]) -> None:
    assert names(text, {"petra"}) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("We met Ella in Leeds. Later Ella Brown called Han Solo.", ["Ella", "Leeds", "Ella Brown", "Han Solo"]),
        ("They went to Lake Como with Sera.", ["Lake Como", "Sera"]),
        ("Ella vive en Madrid. Yo hablo con ella, y Ella Ruiz no.", ["Madrid", "Ruiz"]),
        ("Con Ana fuimos a Madrid.", ["Ana", "Madrid"]),
        ("Wir sahen Ella. Nennen Sie Ihr Passwort.", ["Ella", "Passwort"]),
    ],
)
def test_a_small_word_of_another_language_is_a_name_where_it_is_never_small(text: str, found: list[str]) -> None:
    assert names(text) == found


def test_whoever_speaks_is_somebody_whatever_it_means_elsewhere() -> None:
    assert people_words(["Ella", "Tom", "Des Lynam"]) == {"ella", "tom", "lynam"}


def test_a_known_word_is_a_name_wherever_it_has_a_capital() -> None:
    assert names("Tom is late.", {"tom"}) == ["Tom"]
    assert names("tom is late.", {"tom"}) == []


@given(st.text(alphabet=st.sampled_from("aA bB.'’@-/:{}\n!1éß汉"), max_size=200))
def test_whatever_the_text_the_names_are_in_it_and_in_order(text: str) -> None:
    spans = names_in(text, Casing(text))
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(one.end <= other.start for one, other in pairwise(spans))


@given(st.text(alphabet=st.sampled_from("aB. \n!?\"'1é"), max_size=200))
def test_sentences_hold_every_letter_once(text: str) -> None:
    spans = sentences_in(text)
    assert "".join("".join(text[start:end] for start, end in spans).split()) == "".join(text.split())
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)


def test_a_long_text_takes_no_longer_per_letter() -> None:
    line = "Anna Weber met Tom Baker in Leeds and they talked of the belief net. " * 1500
    began = time.process_time()
    names_in(line, Casing(line))
    topics_of(line)
    names_in("A" * 100_000, Casing("A" * 100_000))
    assert time.process_time() - began < 5


# -- topics -----------------------------------------------------------------------------------------------------------


def test_a_topic_is_what_is_said_again_and_again() -> None:
    text = "The remote control is big. A remote control needs power. My remote control is lost. The power is off."
    assert topics_of(text) == ("remote control",)
    assert topics_of("Once only remote control.") == ()


def test_of_a_longer_group_said_as_often_the_parts_do_not_count() -> None:
    text = "The speech recognition engine is on. " * 4
    assert topics_of(text)[0] == "speech recognition engine"
    assert "speech recognition" not in topics_of(text)


# -- a passage --------------------------------------------------------------------------------------------------------


def test_a_meeting() -> None:
    document, (found,) = extracted(MEETING)
    assert document.kind == "transcript"
    types = {entity.name: entity.type for entity in found.entities}
    assert types["Anna Weber"] == types["Tom Baker"] == "person"
    assert types["Nordwind Logistics"] == "organization"
    assert types["gerda.klein@nordwind.example"] == "contact"
    assert types["HEL-12"] == "identifier"
    assert {"Gerda Klein", "Leeds", "Helios"} <= set(types)
    facts = {(fact.source, fact.kind, fact.target) for fact in found.relations}
    assert ("Tom Baker", "talks of", "Gerda Klein") in facts
    assert any({source, target} == {"Gerda Klein", "Leeds"} for source, _, target in facts)
    assert [(alias.name, alias.other) for alias in found.aliases] == [("World Health Organization", "WHO")]


def test_what_is_told_of_a_meeting_names_who_speaks_once() -> None:
    _, (found,) = extracted(MEETING)
    told = [each.description for each in found.entities if each.name == "Anna Weber"]
    assert told[0].startswith("Anna Weber says: Good morning. The Helios launch")
    talk = [each for each in found.relations if each.kind == "talks of"]
    assert talk
    assert all(each.description.startswith(f"{each.source}: ") for each in talk)
    assert all(each.description.count(f"{each.source}:") == 1 for each in talk)


def test_names_are_those_in_what_is_said() -> None:
    turns = "Anna Weber: yeah, okay.\nTom Baker: mm-hmm.\n" * 3
    document = read(turns)
    (passage,) = cut(document, budget_tokens=100, overlap_tokens=0, count=approximate_tokens)
    assert RuleReader(document).names(passage) == []
    document = read(f"{turns}Anna Weber: yeah, we like Helios.\n")
    (passage,) = cut(document, budget_tokens=100, overlap_tokens=0, count=approximate_tokens)
    assert [passage.text[start:end] for start, end in RuleReader(document).names(passage)] == ["Helios"]


@pytest.mark.parametrize("name", ["Mr.Therrien", "Mr. Therrien", "Ms.Gill", "Dr. Weber"])
def test_a_title_gives_a_person_away(name: str) -> None:
    assert type_of(name, "", ()) == "person"
    assert key_of(name, "person") == key_of(name.split(".")[1].strip(), "person")


def test_a_chat() -> None:
    document, (found,) = extracted(CHAT)
    assert document.speakers == ("Li Hua", "Wolfgang")
    assert document.blocks[0].at.startswith("2026-03-01T09:30")
    assert {entity.name for entity in found.entities if entity.type == "person"} == {"Li Hua", "Wolfgang"}
    assert ("Wolfgang", "talks of", "Berlin") in {(fact.source, fact.kind, fact.target) for fact in found.relations}


@pytest.mark.parametrize(
    ("text", "name"), [(MEETING, "a.txt"), (CHAT, "b.txt"), ("# Plan\n\nAnna Weber leads Helios.\n", "c.md")]
)
def test_offsets_are_those_of_the_passage_and_every_fact_is_of_its_entities(text: str, name: str) -> None:
    document = read(text, name)
    reader = RuleReader(document)
    for passage in cut(document, budget_tokens=60, overlap_tokens=10, count=approximate_tokens):
        found = reader.extract(passage)
        keys = {key_of(entity.name) for entity in found.entities} | {key_of(e.name, e.type) for e in found.entities}
        for entity in found.entities:
            if entity.start >= 0:
                assert passage.text[entity.start : entity.end].lower().split() == entity.name.lower().split()
        for fact in found.relations:
            assert key_of(fact.source) in keys
            assert key_of(fact.target) in keys
            assert 0 <= fact.start < fact.end <= len(passage.text)
            assert 0 < fact.weight <= 1


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (" works for ", "works at"),
        (" moved to ", "lives in"),
        (" is in charge of ", "leads"),
        (" disagrees with ", "opposes"),
        (" wrote ", "made"),
        (" and ", "with"),
        ("", "with"),
    ],
)
def test_cue_words(words: str, kind: str) -> None:
    assert relation_between(words)[0] == kind


def test_what_can_hold_with_one_only() -> None:
    assert {"lives in", "works at"} <= single_kinds()
    assert "met" not in single_kinds()


def test_words_of_people_mean_nothing_else() -> None:
    assert people_words(["Anna Weber", "Will May", "R2D2", "Al"]) == {"anna", "weber"}


def test_nothing_says_nothing() -> None:
    document = read("mm-hmm. yeah. okay.\n")
    (passage,) = cut(document, budget_tokens=100, overlap_tokens=0, count=approximate_tokens)
    assert RuleReader(document).extract(passage) == Extraction()


def test_levels_of_logs_are_nobodys_names() -> None:
    text = "10:00 INFO Anna Weber logged in. WARN disk of Erika Klein is full. ERROR Tom Baker was refused."
    found = {text[span.start : span.end] for span in names_in(text, Casing(text))}
    assert {"Anna Weber", "Erika Klein", "Tom Baker"} <= found
    assert not found & {"INFO", "WARN", "ERROR"}
