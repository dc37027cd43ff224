"""Looking for some stems in a text finds what making all of its stems would."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@pytest.mark.parametrize("word", ["war", "son", "man", "hat", "die", "UN", "van"])
def test_small_words_of_other_languages_that_mean_something_in_english_are_looked_for(word: str) -> None:
    assert content_stems(f"What about the {word}?") == {word.lower()}
    assert wordings(f"What about the {word}?") == {word.lower(): (word.lower(),)}
