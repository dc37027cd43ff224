"""What is embedded of a passage: every sentence, in stretches that the embedder reads whole."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from hausmusik.memory.extraction.sentences import sentences_in
from hausmusik.memory.windows import LONGEST, windows_of

SENTENCE = st.text(alphabet="abc ,é漢", min_size=1, max_size=300).map(lambda text: text + ". ")
TEXT = st.one_of(
    st.lists(SENTENCE, max_size=30).map("".join),
    st.text(max_size=400),
    st.integers(1, 5000).map("x".__mul__),
    st.integers(1, 900).map("word ".__mul__),
)


@given(TEXT)
def test_whatever_the_text(text: str) -> None:
    windows = windows_of(text)
    assert all(0 <= start < end <= len(text) for start, end in windows)
    assert all(end - start <= LONGEST for start, end in windows)
    assert windows == sorted(windows)
    covered = {place for start, end in windows for place in range(start, end)}
    letters = {place for place, letter in enumerate(text) if not letter.isspace()}
    assert letters <= covered


@given(st.lists(SENTENCE, min_size=1, max_size=30).map("".join))
def test_a_sentence_that_fits_is_in_one_stretch(text: str) -> None:
    windows = windows_of(text)
    for start, end in sentences_in(text):
        assert any(first <= start and end <= last for first, last in windows)


def test_nothing_has_no_stretch() -> None:
    assert windows_of("") == windows_of(" \n ") == []


def test_a_short_last_stretch_joins_the_words_before_it() -> None:
    text = "One sentence of some words. " * 30 + "Short end."
    windows = windows_of(text)
    assert len(windows) == 2
    assert windows[-1][1] - windows[-1][0] > 200
    assert text[windows[-1][0] - 1] == " "


def test_a_german_date_does_not_end_a_sentence_and_dots_take_no_time() -> None:
    text = "Die Kammer prüft die Backstube am 8. Juni. Es waren 42. May he come?"
    assert [text[start:end] for start, end in sentences_in(text)] == [
        "Die Kammer prüft die Backstube am 8. Juni.", "Es waren 42.", "May he come?",
    ]  # fmt: skip
    began = time.process_time()
    for dots in ("." * 500_000 + "x", '."' * 250_000 + "x", '..."' * 100_000 + "x"):
        assert sentences_in(dots) == [(0, len(dots))]
    assert time.process_time() - began < 2.0
