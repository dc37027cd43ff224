from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.engines.english import numerals


def test_an_american_drops_the_and_that_a_british_speaker_says() -> None:
    assert numerals.cardinal(1105, "us") == ["one", "thousand", "one", "hundred", "five"]
    assert numerals.cardinal(1105, "gb") == ["one", "thousand", "one", "hundred", "and", "five"]


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1984, "nineteen eighty-four"),
        (1905, "nineteen oh five"),
        (1900, "nineteen hundred"),
        (2000, "two thousand"),
        (2005, "two thousand five"),
        (2026, "twenty twenty-six"),
        (1066, "ten sixty-six"),
        (800, "eight hundred"),
    ],
)
def test_years_are_said_in_pairs(number: int, said: str) -> None:
    assert " ".join(numerals.year(number, "us")) == said


@pytest.mark.parametrize(("number", "said"), [(1980, "nineteen eighties"), (2000, "two thousands"), (90, "nineties")])
def test_decades(number: int, said: str) -> None:
    assert " ".join(numerals.decade(number, "us")) == said


@pytest.mark.parametrize(
    ("above", "below", "said"),
    [
        (1, 2, "one half"),
        (3, 4, "three quarters"),
        (2, 3, "two thirds"),
        (7, 32, "seven over thirty-two"),
        (1, 0, "one over zero"),
    ],
)
def test_fractions(above: int, below: int, said: str) -> None:
    assert " ".join(numerals.fraction(above, below, "us")) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,234", "one thousand two hundred thirty-four"),
        ("-3.50", "minus three point five zero"),
        (".5", "zero point five"),
        ("3,5", "three point five"),
        ("007", "zero zero seven"),
        ("1234567890123456", "one two three four five six seven eight nine zero one two three four five six"),
    ],
)
def test_written_numbers(text: str, said: str) -> None:
    assert " ".join(numerals.number(text, "us")) == said


@given(st.integers(1, 3999))
def test_roman_numerals_are_read_back(value: int) -> None:
    assert numerals.roman(_roman(value)) == value


@pytest.mark.parametrize("text", ["", "IIII", "VX", "IC", "MIX ", "ABC", "iv"])
def test_what_is_no_roman_numeral_is_zero(text: str) -> None:
    assert numerals.roman(text) == 0


@given(st.integers(-(10**15), 10**15))
def test_every_number_is_letters_only(value: int) -> None:
    assert all(part.isalpha() for word in numerals.cardinal(value, "gb") for part in word.split("-"))


def _roman(value: int) -> str:
    signs = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ]
    out = ""
    for size, sign in signs:
        while value >= size:
            out, value = out + sign, value - size
    return out
