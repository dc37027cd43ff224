"""Numbers, dates and names are the same however they are written."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hausmusik.memory.checking.claims import claims
from hausmusik.memory.checking.dates import dates, implied, is_supported
from hausmusik.memory.checking.names import NamedWords, names
from hausmusik.memory.checking.names import is_supported as is_named
from hausmusik.memory.checking.negation import negations
from hausmusik.memory.checking.numbers import numbers, readings
from hausmusik.memory.checking.words import stem


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,200 people", [1200]),
        ("40k users, forty thousand, 40,000", [40_000] * 3),
        ("two hundred and five", [205]),
        ("twenty-five and ninety nine", [25, 99]),
        ("fourteen point six Euros", [14.6]),
        ("one point two million", [1.2]),
        ("2.5 % or fifty percent", [2.5, 50]),
        ("$3.5 million", [3_500_000]),
        ("two thirds, half", [0.666666667, 0.5]),
        ("the 3rd, the twenty-first", [3, 21]),
        ("one of them", []),
        ("a hundred", [100]),
        ("1/4", [0.25]),
        ("9" * 400, []),
    ],
)
def test_numbers(text, values):
    assert [number.value for number in numbers(text)] == pytest.approx(values)


@pytest.mark.parametrize(
    ("passage", "value"),
    [
        ("twelve fifty each", 12.5),
        ("eleven euros sixty", 11.6),
        ("€12.50", 12),
        ("50%", 0.5),
        ("a dozen", 12),
        ("twice", 2),
    ],
)
def test_readings(passage, value):
    assert value in readings(passage)


@pytest.mark.parametrize(
    ("said", "passage", "at", "supported"),
    [
        ("on March 14", "2026-03-14", "", True),
        ("on 14 March 2026", "March 14th", "2026-01-02", True),
        ("on March 15", "2026-03-14", "", False),
        ("on March 14th, 2025", "2026-03-14", "", False),
        ("on Saturday", "2026-03-14", "", True),
        ("on Friday", "2026-03-14", "", False),
        ("on 2026-04-29", "see you tomorrow", "2026-04-28T18:30", True),
        ("on May 1", "see you on Friday", "2026-04-28T18:30", True),
        ("at 9:30", "at 9:30 pm", "", True),
        ("at 9:30 am", "at 21:30", "", False),
        ("at 6 PM", "", "2026-04-28T18:00", True),
        ("on 2026-09-24", "20260924_20:00", "", True),
        ("in September 2026", "20260924_20:00", "", True),
    ],
)
def test_dates(said, passage, at, supported):
    (when,) = dates(said)
    evidence = dates(passage) + implied(passage, at)
    assert is_supported(when, evidence, {each.year for each in evidence if each.year}) is supported


@pytest.mark.parametrize("at", ["9999-12-31", "9999-12-19", "0001-01-01", "0001-01-06"])
def test_there_are_no_days_before_the_first_and_after_the_last(at):
    text = "We met yesterday, we meet tomorrow, on Monday, and every Sunday."
    assert {(when.year, when.month) for when in implied(text, at)} == {(int(at[:4]), int(at[5:7]))}


@pytest.mark.parametrize("text", ["tomorrow", "he may 5 times", "2026-13-40", "99:99", "the march of 12", "3.5"])
def test_what_is_no_date(text):
    assert dates(text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Then Wolfgang Schulz called Li Hua's friend.", ["Wolfgang Schulz", "Li Hua's"]),
        ("Wolfgang asked about it.", ["Wolfgang"]),
        ("Buttons are dear.", []),
        ("The NASA report of Monday", ["NASA"]),
        ("Write to a.b@example.org about ABC-123.", ["a.b@example.org", "ABC-123"]),
        ("It is at https://example.org/a.", ["https://example.org/a"]),
        ("According to Dr. Grace Hopper, I was late.", ["Dr. Grace Hopper"]),
        ("In March they left.", []),
    ],
)
def test_names(text, found):
    assert [name.text for name in names(text)] == found


@pytest.mark.parametrize(
    ("name", "passage", "supported"),
    [
        ("Wolfgang Schulz", "WolfgangSchulz: hello", True),
        ("Schulz", "Wolfgang Schulz is here", True),
        ("Wolfgang Schulz", "says Wolfgang.", True),
        ("Wolfgang Schulz", "says Jane Schulz.", False),
        ("Mr. Schulz's", "schulz", True),
        ("Industrial Designers", "Industrial Designer: yes", True),
        ("Marketing", "Project Manager: no", False),
        ("PM", "Project Manager", True),
        ("ABC-123", "see abc-123", True),
        ("ABC-124", "see ABC-123", False),
    ],
)
def test_names_in_passages(name, passage, supported):
    (found,) = names("He saw " + name + " there")
    assert is_named(found, NamedWords([passage])) is supported


@pytest.mark.parametrize(
    ("text", "cues"),
    [
        ("He did not go", ["not"]),
        ("He didn't and never will", ["didn't", "never"]),
        ("He refused without a word", ["refused", "without"]),
        ("not only cheap", []),
        ("No, thanks. No problem", []),
        ("no money", ["no"]),
        ("It's late, isn't it?", []),
    ],
)
def test_negations(text, cues):
    assert [text[each.start : each.end] for each in negations(text)] == cues


def test_stems_join_forms_of_a_word():
    assert stem("proposals") == stem("proposed") == stem("proposing")
    assert stem("planned") == stem("plans")
    assert stem("bought") == stem("buys")


def test_who_does_what():
    found = claims("Anna proposed a green case, but Bob Miller rejected the colour.").bound
    assert [(each.name.text, "green" in each.stems) for each in found] == [("Anna", True), ("Bob Miller", False)]


@settings(max_examples=150, deadline=None)
@given(
    st.text(alphabet=st.sampled_from("aBé1290 .,:%$-/_@'’\"“”\nTwo half March noon 5pm"), max_size=100)
    | st.text(max_size=60)
)
def test_no_text_is_too_odd(text):
    found = claims(text)
    for each in (*found.numbers, *found.dates, *found.names, *found.negations):
        assert 0 <= each.start < each.end <= len(text)
    readings(text)
