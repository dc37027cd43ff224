"""The meter of intelligibility: forgives spelling, counts everything else; and the readings it is held against."""

from __future__ import annotations

from pathlib import Path

import pytest

from hausmusik.testing.wer import normalised, total_rate, word_errors

NARRATION = Path(__file__).parents[2] / "data" / "narration"


@pytest.mark.parametrize(
    ("reference", "heard"),
    [
        ("at seven oh five, eight twenty and ten thirty", "at 705, 8:20 and 10:30"),
        ("nineteen eighty-four", "1984"),
        ("twenty twenty-three", "two thousand and twenty-three"),
        ("two thousand five", "2005"),
        ("one hundred and twenty-five thousand three hundred", "125,300"),
        ("a hundred people", "100 people"),
        ("five five five, one two three four", "555-1234"),
        ("version two point oh", "version 2.0"),
        ("twelve", "12"),
        ("the third of May", "May 3rd"),
        ("I can't, he's gone, they'd know", "I cannot, he is gone, they would know"),
        ("Doctor Lee and Miss Day", "Dr. Lee and Ms. Day"),
        ("the colour grey, organised, travelled", "The color gray organized, traveled."),
        ("N A S A and the B B C", "NASA and the BBC"),
        ("soundfont clockmaker", "sound font clock maker"),
        ("Dvořák, José", "Dvorak, Jose"),
        ("fifty percent of ten kilograms", "50% of 10 kg"),
        ("Well, um, yes.", "Well yes"),
        ("okay", "OK"),
    ],
)
def test_spelling_is_no_error(reference: str, heard: str) -> None:
    assert word_errors(reference, heard).differences == ()
    assert word_errors(heard, reference).differences == ()


@pytest.mark.parametrize(
    ("reference", "heard", "errors"),
    [
        ("seven oh five", "725", 1),
        ("nineteen eighty-four", "1983", 1),
        ("two hundred five", "2005", 1),
        ("twelve volts", "20 volts", 1),
        ("one of us won", "one of us", 1),
        ("oh well", "well", 1),
        ("three point one four", "3.15", 1),
        ("the cat sat", "the cat sat down", 1),
        ("Amadeus Mozart", "Amadoos Mozart", 1),
        ("a b c d", "", 1),
        ("the quick brown fox", "", 4),
    ],
)
def test_everything_else_is(reference: str, heard: str, errors: int) -> None:
    assert len(word_errors(reference, heard).differences) == errors


def test_rates_are_errors_over_words_of_all_texts_together() -> None:
    results = [word_errors("one cat sat", "one cat"), word_errors("a dog", "a dog")]
    assert total_rate(results) == pytest.approx(1 / 5)
    assert word_errors("", "").rate == 0
    assert word_errors("", "something").rate == 1
    assert total_rate([]) == 0


def test_figures_are_written_however_they_are_grouped() -> None:
    assert normalised("seven hundred five") == normalised("seven oh five") == ["705"]
    assert normalised("two thousand five hundred") == normalised("twenty-five hundred") == ["2500"]
    assert normalised("ninety-nine thousand nine hundred ninety-nine") == ["99999"]
    assert normalised("no one") == ["no", "one"]


@pytest.mark.parametrize("name", ["proof", "held-out"])
def test_narration_is_read_as_a_person_wrote_it_down(name: str) -> None:
    """What is judged by ear is what a person would say, not merely what our own reading makes of it."""
    written, spoken = (
        (NARRATION / f"{name}{kind}.txt").read_text(encoding="utf-8").splitlines() for kind in ("", ".spoken")
    )
    assert len(written) == len(spoken) > 0
    found = {line: word_errors(said, line).differences for line, said in zip(written, spoken, strict=True)}
    assert {line: each for line, each in found.items() if each} == {}
