"""Looking for some stems in a text finds what making all of its stems would."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.memory.extraction.words import STOP_WORDS
from hausmusik.memory.retrieval.chaining import content_stems, stems_in, wordings

PIECES = st.sampled_from(
    [
        "move",
        "moved",
        "moving",
        "moves",
        "remove",
        "the",
        "ing",
        "ed",
        "s",
        "es",
        "é",
        "É",
        "_",
        "-",
        " ",
        "\n",
        "ß",
        "x1",
    ]
)
TEXTS = st.lists(PIECES, max_size=20).map("".join)


@given(TEXTS, TEXTS)
def test_some_stems_of_a_text_are_the_same_as_all_of_them(text: str, question: str) -> None:
    stems = content_stems(question)
    assert stems_in(text, stems) == stems & content_stems(text)


@pytest.mark.parametrize(
    "word", ["war", "son", "man", "hat", "die", "UN", "van", "MIT", "EU", "UNO", "Ella", "Han", "Como"]
)
def test_small_words_of_other_languages_that_mean_something_in_english_are_looked_for(word: str) -> None:
    assert content_stems(f"What about the {word}?") == {word.lower()}
    assert wordings(f"What about the {word}?") == {word.lower(): (word.lower(),)}


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Wo liegt der Schlüssel zum Bootshaus?", "liegt Schlüssel Bootshaus"),
        ("Von wem wird Miete bezahlt, und wann?", "Miete bezahlt"),
        ("Wohin fahren wir im Sommer, und wie viele sind wir?", "fahren Sommer"),
        ("Quand est-ce que nous nous retrouvons chez Claire ?", "retrouvons Claire"),
        ("Où sont les clés, et pourquoi ?", "clés"),
        ("¿Dónde están las llaves, y quién las tiene?", "llaves tiene"),
        ("¿Cuánto cuesta el alquiler?", "cuesta alquiler"),
        ("Perché sono le chiavi nella casa?", "chiavi casa"),
        ("Waar ligt de sleutel in het huis?", "ligt sleutel huis"),
        ("Onde estão as chaves, e quem as tem?", "chaves"),
    ],
)
def test_small_words_of_our_languages_mean_nothing(question: str, words: str) -> None:
    assert content_stems(question) == content_stems(words)
    assert len(content_stems(words)) == len(words.split())


def test_a_small_word_elsewhere_that_means_something_in_english_still_does() -> None:
    """Which language a question is in is not asked: `car` is French for `for`, `door` Dutch for `through`."""
    meant = {"ben", "mia", "dan", "ed", "lei", "ma", "car", "comment", "pendant", "door", "met", "ton", "sim", "ai"}
    assert not meant & STOP_WORDS


@pytest.mark.parametrize(
    "words",
    [
        "agree agreed agrees agreeing",
        "disagree disagreed",
        "plan plans planned planning",
        "stop stopped",
        "die died dies",
        "age aged ages",
        "tie tied",
        "owe owed owes",
        "move moves moved moving",
        "meeting meetings",
        "pass passes passed",
        "weed weeds weeded",
        "free freed",
        "speed speeding speeds",
        "exceed exceeded exceeding",
    ],
)
def test_forms_of_a_word_are_one(words: str) -> None:
    assert len(content_stems(words)) == 1


def test_numbers_have_no_endings() -> None:
    assert len(content_stems("1000 100 10000 2022 202")) == 5
