from __future__ import annotations

from pathlib import Path

import pytest

from hausmusik.engines.english.cmudict import CmuDictionary
from hausmusik.errors import WeightsError
from tests.unit.engines.english import cmudict, dictionary, phonemes, pronouncer


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the apple", "ði ˈæpᵊl"),
        ("the cat", "ðə kˈæt"),
        ("an hour", "ɐn ˈWəɹ"),
        ("a cat", "ɐ kˈæt"),
        ("B A", "bˈi ˈA"),
        ("I want to stop", "ˌI wˈɑnt tə stˈɑp"),
        ("I want to open it", "ˌI wˈɑnt tʊ ˈOpᵊn ɪt"),
        ("I want to.", "ˌI wˈɑnt tu"),
        ("it is in.", "ɪt ɪz ˈɪn"),
        ("He can.", "hˌi kˈæn"),
        ("He can stop", "hˌi kæn stˈɑp"),
    ],
)
def test_little_words_follow_what_comes_next(tmp_path: Path, text: str, expected: str) -> None:
    assert phonemes(pronouncer(tmp_path)[0], text) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("cats", "kˈæts"), ("dogs", "dˈɔɡz"), ("churches", "ʧˈɜɹʧᵻz"), ("cups", "kˈʌps"), ("tries", "tɹˈIz"),
        ("wanted", "wˈɑntᵻd"), ("needed", "nˈidᵻd"), ("tried", "tɹˈId"), ("stopped", "stˈɑpt"), ("sounded", "sˈWndᵻd"),
        ("running", "ɹˈʌnɪŋ"), ("making", "mˈAkɪŋ"), ("dog's", "dˈɔɡz"), ("bus's", "bˈʌsᵻz"), ("dogs'", "dˈɔɡz"),
        ("recorded", "ɹəkˈɔɹdᵻd"), ("it'll", "ɪtᵊl"), ("gizmos", "ɡˈɪzmOz"),
    ],
)  # fmt: skip
def test_regular_endings_are_added_in_sound(tmp_path: Path, word: str, expected: str) -> None:
    assert dictionary(tmp_path).find(word) == expected


def test_a_british_r_comes_back_before_a_vowel(tmp_path: Path) -> None:
    assert dictionary(tmp_path, "gb").find("fearing") == "fˈɪəɹɪŋ"
    assert dictionary(tmp_path, "gb").find("churches") == "ʧˈɜɹʧɪz"


def test_capitals_are_found_and_carry_at_least_a_weak_stress(tmp_path: Path) -> None:
    made, _ = pronouncer(tmp_path)
    assert phonemes(made, "Of London") == "ˌʌv lˈʌndən"
    assert phonemes(made, "LONDON") == "lˈʌndən"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I NEVER stop", "ˌI nˈɛvəɹ stˈɑp"),
        ("we want IT", "wi wˈɑnt ˌItˈi"),
        ("the US", "ðə jˌuˈɛs"),
        ("NASA is in", "nˈæsə ɪz ˈɪn"),
        ("a GPS", "ɐ ʤˌipˌiˈɛs"),
        ("the CDs", "ðə sˌidˈiz"),
        ("the GPU's", "ðə ʤˌipˌijˈuz"),
        ("U.S.", "jˌuˈɛs"),
        ("A.I. is", "ˌAˈI ɪz"),
        ("WE WANT IT NEVER", "wi wˈɑnt ɪt nˈɛvəɹ"),
        ("*of* it", "ˈʌv ɪt"),
    ],
)
def test_what_capitals_and_stars_mean(tmp_path: Path, text: str, expected: str) -> None:
    assert phonemes(pronouncer(tmp_path)[0], text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Gödel's", "ɡˈɜɹdᵊlz"),
        ("BACH", "bˈɑk"),
        ("Dvořák", "dvˈɔɹʒˌæk"),
        ("résumé", "ɹˈɛzəmˌA"),
        ("café", "kæfˈA"),
        ("α", "ˈælfə"),
        ("soundfont", "sˈWndfˌɑnt"),
        ("mother-in-law", "mˈʌðəɹˌɪnlˈɔ"),
        ("OpenNASA", "ˈOpᵊnnˌæsə"),
    ],
)
def test_names_borrowed_words_and_compounds(tmp_path: Path, text: str, expected: str) -> None:
    made, guesser = pronouncer(tmp_path)
    assert phonemes(made, text) == expected
    assert guesser.asked == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Amadeus", "ˌæmədˈAəs"),
        ("Marie's", "məɹˈiz"),
        ("the Maries", "ðə məɹˈiz"),
        ("of Ares", "ʌv ˈɛɹiz"),
        ("O'Hara", "Ohˈæɹə"),
        ("Zoë", "zˈOi"),
    ],
)
def test_names_are_looked_up_before_they_are_guessed(tmp_path: Path, text: str, expected: str) -> None:
    made, guesser = pronouncer(tmp_path)
    assert phonemes(made, text) == expected
    assert guesser.asked == []


def test_a_tilde_is_another_letter_not_an_accent(tmp_path: Path) -> None:
    made, guesser = pronouncer(tmp_path)
    phonemes(made, "Peña")
    assert guesser.asked == ["penya"]


def test_the_cmu_dictionary_gives_the_first_of_several_sounds_of_whole_words(tmp_path: Path) -> None:
    found = cmudict(tmp_path)
    assert found.sounds("marie") == ("M", "ER0", "IY1")
    assert found.sounds("zoe") == ("Z", "OW1", "IY0")
    assert found.sounds("amadeus")[0] == "AE2"
    for word in ("mari", "madeus", "", "é"):
        assert found.sounds(word) == ()


def test_a_dictionary_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"cmudict\.dict"):
        CmuDictionary(tmp_path / "cmudict.dict")


def test_a_name_in_small_letters_is_a_word(tmp_path: Path) -> None:
    made, guesser = pronouncer(tmp_path)
    phonemes(made, "munch")
    assert guesser.asked == ["munch"]
    assert phonemes(made, "Munch") == "mˈʊŋk"


def test_unknown_words_are_guessed_as_an_english_reader_would_spell_them(tmp_path: Path) -> None:
    made, guesser = pronouncer(tmp_path)
    assert phonemes(made, "Žižkov's zorg McZorg") == "zˈɑzəz zˈɑzə məkzˈɑzə"
    assert guesser.asked == ["zorg", "zorg", "zhizhkov"]


def test_words_without_vowels_are_spelled(tmp_path: Path) -> None:
    assert phonemes(pronouncer(tmp_path)[0], "pst") == "pˌiˌɛstˈi"


def test_other_scripts_say_nothing(tmp_path: Path) -> None:
    assert phonemes(pronouncer(tmp_path)[0], "你好 мир") == ""


def test_own_words_win_and_may_be_phonemes_words_or_syllables(tmp_path: Path) -> None:
    made, guesser = pronouncer(tmp_path)
    said = phonemes(made, "Bach it cat", bach=("/bˈɑx/",), it=("dog", "cup"), cat=("ˈzo·zo",))
    assert said == "bˈɑx dˈɔɡ kˈʌp zˈɑzəzɑzə"
    assert guesser.asked == ["zo", "zo"]


@pytest.mark.parametrize(
    ("how", "expected"),
    [("/kˈæt/", "kˈæts"), ("/bˈʌs/", "bˈʌsᵻz"), ("cat", "kˈæts"), ("ˈcat·dog", "kˈætdɔɡz"), ("A.B.", "ˌAbˈiz")],
)
def test_what_an_own_word_owns_is_said_with_it(tmp_path: Path, how: str, expected: str) -> None:
    assert phonemes(pronouncer(tmp_path)[0], "Foo's", foo=(how,)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He has read it", "hˌi zˈɑzə ɹˈɛd ɪt"),
        ("please read it", "plˈiz ɹˈid ɪt"),
        ("they record it", "ðA ɹəkˈɔɹd ɪt"),
        ("the record is", "ðə ɹˈɛkəɹd ɪz"),
        ("please close the door", "plˈiz klˈOz ðə dˈɔɹ"),
        ("it is close to the door", "ɪt ɪz klˈOs tə ðə dˈɔɹ"),
    ],
)
def test_homographs_follow_their_neighbours(tmp_path: Path, text: str, expected: str) -> None:
    assert phonemes(pronouncer(tmp_path)[0], text) == expected
