"""Small parts of the front end: stress, ARPAbet, spelling, names, the user's lexicon, the letter-to-sound network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hausmusik.engines.english import stress
from hausmusik.engines.english.arpabet import SYMBOLS, to_kokoro
from hausmusik.engines.english.letter_to_sound import LetterToSound
from hausmusik.engines.english.names import names
from hausmusik.engines.english.respelling import spoken_forms
from hausmusik.engines.english.spelling import plain, respelled
from hausmusik.engines.kokoro.alphabet import NUMBERS, v1
from hausmusik.errors import BadInput, WeightsError
from tests.unit.engines.english import random_network


def test_stress_marks() -> None:
    assert stress.weakened("ˈæpᵊl") == "ˌæpᵊl"
    assert stress.weakened("ˌɪntəɹˈæpt") == "ɪntəɹˌæpt"
    assert stress.audible("ænd") == "ˌænd"
    assert stress.audible("hm") == "hm"
    assert stress.emphasised("nˌɑt") == "nˈɑt"
    assert stress.emphasised("ænd") == "ˈænd"
    assert stress.unstressed("ˌɪnˈtu") == "ɪntu"
    assert stress.spelled(["bˈi", "bˈi", "sˈi"]) == "bˌibˌisˈi"
    assert stress.compound(["wˈɛl", "nˈOn"]) == "wˌɛlnˈOn"


@pytest.mark.parametrize(
    ("sounds", "us", "gb"),
    [
        ("K AA1 R L AH0", "kˈɑɹlə", "kˈɑːlə"),
        ("W EY1 B ER0", "wˈAbəɹ", "wˈAbə"),
        ("G ER1 T AH0", "ɡˈɜɹɾə", "ɡˈɜːtə"),
        ("HH AO1 F S T AE2 T ER0", "hˈɔfstˌæɾəɹ", "hˈɔːfstˌatə"),
        ("M IY1 T IY0", "mˈiɾi", "mˈiːti"),
        ("B AH0 T AH0 N", "bˈʌtᵊn", "bˈʌtᵊn"),
    ],
)
def test_arpabet_in_two_accents(sounds: str, us: str, gb: str) -> None:
    assert to_kokoro(sounds.split(), "us") == us
    assert to_kokoro(sounds.split(), "gb") == gb


def test_a_british_a_is_long_where_no_o_is_written() -> None:
    assert to_kokoro(["B", "AA1", "K"], "gb", "bach") == "bˈɑːk"
    assert to_kokoro(["B", "AA1", "K", "S"], "gb", "box") == "bˈɒks"


@given(st.lists(st.sampled_from([name + digit for name in sorted(SYMBOLS) for digit in "012"]), max_size=12))
def test_every_arpabet_word_is_in_kokoros_alphabet_and_stressed(sounds: list[str]) -> None:
    for accent in ("us", "gb"):
        said = to_kokoro(sounds, accent)
        assert len(v1(said)) == len(said)
        assert all(symbol in NUMBERS for symbol in v1(said))


def test_our_names_can_all_be_said_in_both_accents() -> None:
    assert len(names()) > 250
    for name, sounds in names().items():
        for accent in ("us", "gb"):
            assert stress.PRIMARY in to_kokoro(sounds, accent, name), name


@pytest.mark.parametrize(
    ("word", "stripped", "heard"),
    [
        ("Łódź", "Lodz", "wodzh"),
        ("café", "cafe", "cafay"),
        ("Çelik", "Celik", "selik"),
        ("Straße", "Strasse", "strasse"),
        ("Dvořák", "Dvorak", "dvorzhak"),
        ("naïve", "naive", "naeeve"),
        ("Ærø", "Aero", "arur"),
        ("мир", "", ""),
    ],
)
def test_foreign_letters(word: str, stripped: str, heard: str) -> None:
    assert plain(word) == stripped
    assert respelled(word) == heard


@given(st.text(max_size=40))
def test_any_word_comes_down_to_plain_letters(word: str) -> None:
    assert all(char.isascii() and char.isalpha() for char in respelled(word))


def test_the_lexicon_takes_phonemes_syllables_and_words() -> None:
    found = spoken_forms({"Gödel": "/ˈɡɜːdəl/", "Foo": "GUR-dul", " Bar ": "two words", "X": "/tʃeɪ dʒoʊ/"}, "us")
    assert found == {"gödel": ("/ɡˈɜdəl/",), "foo": ("ˈgur·dul",), "bar": ("two", "words"), "x": ("/ʧA/", "/ʤO/")}
    assert spoken_forms({"Gödel": "/ˈɡɜːdəl/"}, "gb") == {"gödel": ("/ɡˈɜːdəl/",)}


@pytest.mark.parametrize("entry", [("", "x"), ("x", ""), ("x", "//"), ("x", "/ǃǃ/"), ("x", "123"), ("x", "…")])
def test_a_lexicon_entry_that_cannot_be_said_is_named(entry: tuple[str, str]) -> None:
    with pytest.raises(BadInput, match="lexicon"):
        spoken_forms(dict([entry]), "us")


def test_a_lexicon_has_an_end() -> None:
    with pytest.raises(BadInput, match="5001"):
        spoken_forms({f"w{number}": "x" for number in range(5001)}, "us")


# -- letter to sound --------------------------------------------------------------------------------------------------


def test_the_network_gives_arpabet_and_remembers(tmp_path: Path) -> None:
    network = LetterToSound(random_network(tmp_path / "net.npz"))
    first = network.sounds("Zorg")
    assert first == network.sounds("zorg!") == network.sounds("ZORG")
    assert all(sound.rstrip("012") in SYMBOLS for sound in first)
    assert network.sounds("123") == ()


@settings(max_examples=20, deadline=None)
@given(word=st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=70))
def test_words_of_any_length_come_out_bounded(tmp_path_factory: pytest.TempPathFactory, word: str) -> None:
    network = LetterToSound(random_network(tmp_path_factory.mktemp("net") / "net.npz"))
    assert len(network.sounds(word)) <= 20 * (1 + len(word) // 10)


def test_a_gru_step_is_what_the_paper_says(tmp_path: Path) -> None:
    """One letter, followed by hand with the formulas of Cho et al. (2014)."""
    path = random_network(tmp_path / "net.npz")
    arrays = dict(np.load(path))
    network = LetterToSound(path)
    seen = arrays["enc_w_ih"] @ arrays["enc_emb"][5] + arrays["enc_b_ih"]
    kept = arrays["enc_b_hh"]
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    reset, update = sigmoid(seen[:8] + kept[:8]), sigmoid(seen[8:16] + kept[8:16])
    new = np.tanh(seen[16:] + reset * kept[16:])
    expected = (1 - update) * new
    assert np.allclose(network._reader.step(5, np.zeros(8, np.float32)), expected, atol=1e-6)


def test_a_file_that_is_another_network_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(WeightsError, match=r"other\.npz"):
        LetterToSound(tmp_path / "other.npz")
