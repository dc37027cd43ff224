"""Which spellings are one name, and which names are one person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.memory.naming import compact, initials, is_shared_label, is_titled, key_of, plain_words
from hausmusik.memory.resolving import Candidate, Verdict, comparable, kept_under, resolve, sought_under
from hausmusik.memory.roles import is_role, split_held

WORD = st.text(alphabet="abcdefghijklmnop", min_size=1, max_size=9)
NAME = st.lists(WORD, min_size=1, max_size=3).map(" ".join)


@pytest.mark.parametrize(
    ("one", "other", "type_"),
    [
        ("Dr. Anna Weber", "anna  WEBER", "person"),
        ("Anna’s", "Anna", "person"),
        ("Anna's", "Anna", "person"),
        ("Zoë Müller", "Zoe Muller", "person"),
        ("LiHua", "Li Hua", "person"),
        ("The Nordwind GmbH", "Nordwind", "organization"),
        ("Acme, Inc.", "ACME", "organization"),
        ("O'Brien", "O’Brien", "person"),
        ("Mr.Trudel", "Trudel", "person"),
        ("Right Hon. Justin Trudeau (Papineau, Lib.)", "Justin Trudeau", "person"),
        ("Prime Minister Freeland", "Ms. Freeland", "person"),
        ("Lynne Neagle AM", "Lynne Neagle", "person"),
        ("Mr.Chair", "The Chair", "person"),
        ("MadamChair", "Madame Chair", "person"),
        ("The Acting Chair (Mrs. Carol Hughes)", "Carol Hughes", "person"),
        ("T_V_", "TV", "other"),
        ("D_V_D_s", "DVD", "other"),
        ("GCSEs", "GCSE", "other"),
    ],
)
def test_spellings_of_one_name(one: str, other: str, type_: str) -> None:
    assert key_of(one, type_) == key_of(other, type_) != ""


@pytest.mark.parametrize(
    ("one", "other", "type_"),
    [
        ("Building 3", "Building 4", "location"),
        ("C", "C++", "product"),
        ("Anna", "Hanna", "person"),
        ("President", "Minister", "person"),
        ("Company", "Limited", "organization"),
        ("Professor B", "B", "person"),
        ("Professor B", "PhD B", "person"),
        ("Madam Chair", "Mr. Chair", "person"),
        ("Minister of Finance", "Finance", "person"),
        ("Prime Minister", "Prime", "person"),
        ("Mary Am", "Mary", "person"),
        ("AWS", "AW", "other"),
    ],
)
def test_spellings_of_two(one: str, other: str, type_: str) -> None:
    assert key_of(one, type_) != key_of(other, type_)


@pytest.mark.parametrize("surface", ["", " ", "…", "—", "''", "\u0301"])
def test_what_has_no_letters_is_no_name(surface: str) -> None:
    assert key_of(surface) == ""


@given(st.text(max_size=60), st.sampled_from(["person", "organization", "other"]))
def test_the_key_of_a_key_is_itself(surface: str, type_: str) -> None:
    key = key_of(surface, type_)
    assert key_of(key, type_) == key
    assert compact(key) == compact(compact(key))
    assert "  " not in key
    assert key == key.strip()


@given(NAME)
def test_case_says_nothing(name: str) -> None:
    assert key_of(name.upper()) == key_of(name) == key_of(name.title())


def test_co_op_is_coop() -> None:
    assert compact(key_of("Co-op")) == compact(key_of("co op")) == compact(key_of("COOP"))
    assert initials("john fitzgerald doe") == "jfd"
    assert plain_words("Anna's LiHua, Ltd.") == ["anna", "li", "hua", "ltd"]


@pytest.mark.parametrize("label", ["Speaker 1", "SPEAKER_02", "Unknown", "user", "Participant 12", "Person B", "spk-3"])
def test_labels_that_say_nothing(label: str) -> None:
    assert is_shared_label(label)


@pytest.mark.parametrize("label", ["Anna", "Speaker of the House", "Industrial Designer", "Sam", "Pat Host"])
def test_labels_that_say_who_it_is(label: str) -> None:
    assert not is_shared_label(label)


@pytest.mark.parametrize(
    "name",
    ["Project Manager", "Industrial Designer", "User Interface", "Marketing", "Professor B", "PhD A", "Grad E", "The Chair",
     "Mr. Chair", "Madam Chair", "Prime Minister", "Cabinet Secretary", "Marketing Expert", "Interviewer 2"],
)  # fmt: skip
def test_what_somebody_is_there_for_is_a_role(name: str) -> None:
    assert is_role(key_of(name, "person").removeprefix("madam ").split())


@pytest.mark.parametrize(
    "name",
    [
        "Anna",
        "Speaker of the House",
        "Minister of Finance",
        "Pat Host",
        "Professor Donaldson",
        "Adam Smith",
        "B",
        "Mark",
    ],
)
def test_who_somebody_is_is_no_role(name: str) -> None:
    assert not is_role(key_of(name, "person").split())


def test_who_holds_a_role_is_told_in_brackets() -> None:
    assert split_held("The Acting Chair (Mr. Bruce Stanton (Simcoe North, CPC))") == (
        "The Acting Chair",
        "Mr. Bruce Stanton",
    )
    assert split_held("Anna Weber") is None
    assert key_of("Anna Weber (Chair)", "person") == "anna weber"


@pytest.mark.parametrize(
    ("name", "titled"),
    [("Mr.Blanchet", True), ("Prime Minister Freeland", True), ("Dr. Tam", True), ("Prime Minister", False),
     ("Minister of Finance", False), ("General Motors", False), ("Captain Morgan", False), ("Dr", False), ("…", False)],
)  # fmt: skip
def test_titles_that_only_people_have(name: str, *, titled: bool) -> None:
    assert is_titled(name) is titled


# -- whom they mean ---------------------------------------------------------------------------------------------------


def known(*names: str, type_: str = "person", here: bool = False, entities: list[int] | None = None) -> list[Candidate]:
    return [
        Candidate(name=place, entity=(entities or range(100))[place], key=key_of(name, type_), type=type_, is_here=here)
        for place, name in enumerate(names)
    ]


def verdict(name: str, candidates: list[Candidate], type_: str = "person") -> Verdict:
    return resolve(key_of(name, type_), type_, candidates).verdict


def test_john_is_john_doe_where_there_is_one() -> None:
    found = resolve("john", "person", known("John Doe", "Anna Weber"))
    assert found.verdict == "same"
    assert found.candidate is not None
    assert found.candidate.key == "john doe"
    assert "part of" in found.reason


def test_john_is_in_doubt_where_there_are_two() -> None:
    found = resolve("john", "person", known("John Doe", "John Smith"))
    assert found.verdict == "doubt"
    assert "2 people" in found.reason


def test_of_two_the_one_who_is_in_the_document_is_meant() -> None:
    found = resolve("john", "person", [*known("John Doe"), *known("x", "John Smith", here=True)])
    assert found.verdict == "same"
    assert found.candidate is not None
    assert found.candidate.key == "john smith"


def test_the_full_name_joins_the_short_one_that_was_there_before() -> None:
    assert verdict("John Doe", known("John")) == "same"
    assert verdict("J. Doe", known("John Doe")) in {"same", "apart"}


def test_initials_are_a_doubt_unless_the_document_has_who_it_is() -> None:
    assert verdict("JFD", known("John F. Doe")) == "doubt"
    assert verdict("JFD", known("John F. Doe", here=True)) == "same"
    assert verdict("JFD", known("John F. Doe", "Jane Fay Day", here=True)) == "doubt"
    assert verdict("JFX", known("John F. Doe", here=True)) == "apart"
    assert verdict("JD", known("John Doe", here=True)) == "apart"  # two letters are those of too many


def test_homonyms_of_different_kinds_stay_apart() -> None:
    assert verdict("Paris", known("Paris", type_="location")) == "apart"
    assert verdict("Jordan", known("Jordan", type_="location")) == "apart"


def test_a_name_of_unknown_kind_is_the_known_one_of_the_same_letters() -> None:
    assert verdict("Nordwind", known("Nordwind", type_="organization"), "other") == "same"


def test_chains_are_not_closed() -> None:
    """`Jake` is Jake Watson already: Jake Peralta is somebody else, though both have a Jake in them."""
    one = known("Jake Watson", "Jake", entities=[7, 7])
    assert verdict("Jake Peralta", one) == "apart"


def test_misspelt_is_the_same_in_one_document_and_a_doubt_elsewhere() -> None:
    assert verdict("Gerda Kleinn", known("Gerda Klein", here=True)) == "same"
    assert verdict("Gerda Kleinn", known("Gerda Klein")) == "doubt"
    assert verdict("Hanna", known("Anna", here=True)) == "apart"


@pytest.mark.parametrize(
    ("one", "other"), [("Building 3", "Building 4"), ("Version 1.10", "Version 1.1"), ("Room 101", "Room 110")]
)
def test_what_differs_in_a_digit_is_another_thing(one: str, other: str) -> None:
    for type_ in ("location", "other", "product"):
        assert verdict(one, known(other, type_=type_, here=True), type_) == "apart"


def test_topics_are_never_one_by_spelling() -> None:
    assert verdict("remote control", known("remote controller", type_="topic", here=True), "topic") != "same"


def written(*names: str, type_: str = "other", here: bool = True) -> list[Candidate]:
    return [
        Candidate(name=place, entity=place, key=key_of(name, type_), type=type_, is_here=here, surface=name)
        for place, name in enumerate(names)
    ]


def verdict_of(name: str, candidates: list[Candidate], type_: str = "other") -> Verdict:
    return resolve(key_of(name, type_), type_, candidates, name).verdict


@pytest.mark.parametrize(
    ("one", "many"),
    [("remote control", "remote controls"), ("awarding body", "awarding bodies"), ("A-level", "A-levels"),
     ("light switch", "light switches")],
)  # fmt: skip
def test_one_of_it_or_many(one: str, many: str) -> None:
    for type_ in ("topic", "other"):
        assert verdict_of(many, written(one, type_=type_), type_) == "same"
        assert verdict_of(one, written(many, type_=type_, here=False), type_) == "same"


@pytest.mark.parametrize(
    ("one", "other"),
    [("Canadians", "Canadian"), ("Israeli", "Israel"), ("Liberals", "Liberal"), ("Williams", "William")],
)
def test_names_have_no_plural_and_other_endings_are_other_words(one: str, other: str) -> None:
    assert verdict_of(one, written(other)) != "same"
    assert verdict_of(one, written(other, type_="topic")) != "same"


@pytest.mark.parametrize("short", ["B.C", "BC", "B.C."])
def test_two_capitals_are_the_initials_of_the_one_thing_here(short: str) -> None:
    assert verdict_of(short, written("British Columbia")) == "same"
    assert verdict_of("British Columbia", written(short)) == "same"
    assert verdict_of(short, written("British Columbia", here=False)) == "apart"
    assert verdict_of(short, written("British Columbia", "Burnaby Centre")) == "apart"
    assert verdict_of(short, written("Bill C-17")) == "apart"


@given(st.text("abcXYZ019 ", min_size=1).filter(str.strip))
def test_names_with_nothing_to_fold_have_the_words_that_they_have_when_folded(name: str) -> None:
    assert plain_words(name) == plain_words(f"({name})")


def test_small_words_may_have_no_letter_among_initials() -> None:
    assert verdict_of("DOH", written("Department of Health")) == "same"
    assert verdict_of("RCMP", written("Royal Canadian Mounted Police")) == "same"
    for short in ("doh", "dh"):
        assert sought_under(short).keys() & kept_under("department of health")
        assert sought_under("department of health").keys() & kept_under(short)


def test_a_name_is_sought_among_those_that_begin_alike_not_among_all_of_its_initials() -> None:
    kept = kept_under("gerda klein")
    for alike in ("gerdaa kleinn", "gertie klein", "catherine klein", "gerda", "klein", "gerdaklein", "gk"):
        assert sought_under(alike).keys() & kept, alike
    for other in ("gustav kramer", "gerhard schmidt", "hilde klenze", "kleinert"):
        assert not sought_under(other).keys() & kept, other


def test_house_is_the_house_of_commons_where_there_is_no_other() -> None:
    assert verdict_of("House", written("House of Commons")) == "same"
    assert verdict_of("House of Commons", written("House")) == "same"
    assert verdict_of("House", written("House of Commons", here=False)) == "apart"
    assert verdict_of("House", written("House of Commons", "House of Lords")) == "apart"
    assert verdict_of("Ontario", written("Ontario Heritage")) == "apart"


def test_an_office_is_no_name_with_parts() -> None:
    assert verdict("Finance", known("Minister of Finance", here=True), "other") == "apart"
    assert verdict("Associate Minister of Finance", known("Minister of Finance", here=True)) == "apart"


def test_a_first_name_of_whom_nobody_here_knows_is_a_doubt() -> None:
    (stranger,) = known("Kate Young")
    stranger = Candidate(name=1, entity=1, key=stranger.key, type="person", is_here=False, is_near=False)
    found = resolve("kate", "person", [stranger])
    assert found.verdict == "doubt"
    assert "kate young" in found.reason


def test_nobody_is_known() -> None:
    assert resolve("john", "person", []).verdict == "apart"


@given(NAME, st.lists(st.tuples(NAME, st.booleans(), st.integers(0, 3)), max_size=6))
def test_whatever_is_known_the_verdict_is_about_one_of_them(name: str, others: list[tuple[str, bool, int]]) -> None:
    candidates = [
        Candidate(name=place, entity=entity, key=key, type="person", is_here=here)
        for place, (key, here, entity) in enumerate(others)
    ]
    found = resolve(name, "person", candidates)
    assert found.verdict == "apart" or found.candidate in candidates
    assert 0 <= found.score <= 1
    assert found.verdict == "apart" or found.reason


@given(NAME, NAME)
def test_blocking_finds_whatever_could_be_the_same(one: str, other: str) -> None:
    candidate = Candidate(name=1, entity=1, key=other, type="person", is_here=True)
    if resolve(one, "person", [candidate]).verdict == "same":
        assert sought_under(one).keys() & kept_under(other)


@given(NAME, st.sampled_from(["person", "topic", "organization"]), st.lists(st.tuples(NAME, st.booleans()), max_size=5))
def test_what_is_left_out_beforehand_decides_nothing(new: str, type_: str, others: list[tuple[str, bool]]) -> None:
    plurals = [(f"{new}s", True), (f"{new} of trade", True), (compact(new), False)]
    candidates = [
        Candidate(name=place, entity=place, key=key, type=type_, is_here=here)
        for place, (key, here) in enumerate([*others, *plurals])
        if key != new
    ]
    may_say = comparable(new)
    for chosen in (candidates, candidates[: len(others)]):
        kept = [each for each in chosen if may_say(each.key)]
        assert resolve(new, type_, kept) == resolve(new, type_, chosen)
