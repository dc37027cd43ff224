"""Keys and chords."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hausmusik.engines.composer.tables import load_tables
from hausmusik.engines.composer.theory import MODES, Key, nearest, pitch_name, read_chord, within
from hausmusik.errors import ConfigError

NAMES = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"]
CHURCH = {"lydian", "dorian", "mixolydian", "phrygian"}


def spelled(numeral: str, mode: str = "major") -> str:
    return " ".join(NAMES[tone] for tone in read_chord(numeral, Key(0, mode)).tones)


@pytest.mark.parametrize(
    ("numeral", "mode", "tones"),
    [
        ("I", "major", "C E G"),
        ("ii7", "major", "D F A C"),
        ("V7/ii", "major", "A C# E G"),
        ("bVII", "major", "Bb D F"),
        ("iv6", "major", "F Ab C D"),
        ("#ivo7", "major", "F# A C Eb"),
        ("V", "minor", "G B D"),
        ("v", "minor", "G Bb D"),
        ("viio7", "minor", "B D F Ab"),
        ("VI", "minor", "Ab C Eb"),
        ("IV", "dorian", "F A C"),
        ("II", "phrygian", "C# F Ab"),
    ],
)
def test_numerals_are_read(numeral: str, mode: str, tones: str) -> None:
    assert spelled(numeral, mode) == tones


def test_inversions_and_pedals_change_the_bass_only() -> None:
    key = Key(7, "major")
    assert read_chord("I^1", key).bass == (7 + 4) % 12
    assert read_chord("IV@1", key).bass == 7
    assert read_chord("IV@1", key).tones == read_chord("IV", key).tones


def test_a_raised_third_replaces_the_natural_one_in_the_scale() -> None:
    assert [NAMES[note] for note in read_chord("V7/ii", Key(0, "major")).scale] == ["C#", "D", "E", "F", "G", "A", "B"]
    assert 10 not in read_chord("V7", Key(0, "minor")).scale


@pytest.mark.parametrize("numeral", ["", "X", "Ifoo", "V7/", "I^", "IV@9"])
def test_what_is_no_chord_is_refused(numeral: str) -> None:
    with pytest.raises(ConfigError, match="not a chord"):
        read_chord(numeral, Key(0, "major"))


def test_every_progression_of_the_data_can_be_read_and_ends_at_home() -> None:
    for name, flavour in load_tables().progressions.items():
        mode = name if name in CHURCH else "minor" if "minor" in name or name == "suspense" else "major"
        for purpose, lines in flavour.items():
            for line in lines:
                chords = [read_chord(numeral, Key(2, mode)) for bar in line.split("|") for numeral in bar.split()]
                if purpose in {"open", "close", "contrast", "loop"}:
                    assert line.count("|") == 3, (name, line)
                if purpose in {"close", "final"}:
                    assert chords[-1].root == 2, (name, line)


@given(st.integers(0, 11), st.sampled_from(sorted(MODES)))
def test_key_signatures_fit_their_scales(tonic: int, mode: str) -> None:
    key = Key(tonic, mode)
    sharps, _ = key.signature()
    assert -7 <= sharps <= 7
    naturals = {0, 2, 4, 5, 7, 9, 11}
    shifted = {(note + 7 * sharps) % 12 for note in naturals}
    assert shifted == set(key.scale)


@given(st.integers(0, 11), st.integers(12, 115))
def test_nearest_is_nearest(pitch_class: int, around: int) -> None:
    key = nearest(pitch_class, around)
    assert key % 12 == pitch_class
    assert abs(key - around) <= 6


def test_helpers_for_people_and_ranges() -> None:
    assert pitch_name(60) == "C4"
    assert within((0, 4), 59, 72) == [60, 64, 72]
