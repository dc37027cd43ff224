"""What prompts are taken for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hausmusik.engines.composer.dice import Dice
from hausmusik.engines.composer.prompt import Brief, read_prompt
from hausmusik.engines.composer.tables import load_tables
from hausmusik.engines.composer.theory import Key
from hausmusik.engines.composer.wording import LONGEST_PROMPT

TABLES = load_tables()


def brief(prompt: str, seed: int = 1, tempo_bpm: float = 0.0) -> Brief:
    return read_prompt(prompt, TABLES, Dice(seed), tempo_bpm)


def test_the_example_of_the_request() -> None:
    found = brief("calm piano and strings, 70 bpm, D minor")
    assert found.tempo_bpm == 70.0
    assert found.tempo_given
    assert found.key == Key(2, "minor")
    assert found.instruments == ("piano", "strings")
    assert found.moods == ("calm",)
    assert found.ignored == ()


@pytest.mark.parametrize(
    ("prompt", "style"),
    [
        ("waltz for accordion", "waltz"),
        ("a canon, please", "canon"),
        ("fugue-like organ", "canon"),
        ("lo-fi beats to study to", "lofi"),
        ("8-bit adventure", "chip"),
        ("epic trailer", "epic"),
        ("smooth jazz", "jazz"),
        ("Film Score, orchestral", "cinematic"),
        ("spooky", "suspense"),
        ("minimalist marimba", "minimal"),
        ("campfire folk song", "folk"),
        ("lullaby", "lullaby"),
        ("hymn", "chorale"),
        ("bossa nova", "bossa"),
        ("military march", "march"),
        ("uplifting corporate", "pop"),
        ("synthwave", "synth"),
        ("ambient drone", "ambient"),
        ("quirky comedy", "playful"),
        ("piano ballad", "piano"),
        ("surf rock", "rock"),
    ],
)
def test_styles_are_recognised(prompt: str, style: str) -> None:
    assert {brief(prompt, seed).style for seed in range(5)} == {style}


@pytest.mark.parametrize(
    ("prompt", "tonic", "mode"),
    [
        ("in D minor", 2, "minor"),
        ("Bb major", 10, "major"),
        ("F# minor please", 6, "minor"),
        ("E-flat major", 3, "major"),
        ("a dorian mode tune in G dorian", 7, "dorian"),
        ("key of C", 0, ""),
    ],
)
def test_keys_are_recognised(prompt: str, tonic: int, mode: str) -> None:
    found = brief(prompt)
    assert found.key.tonic == tonic
    assert not mode or found.key.mode == mode


@pytest.mark.parametrize("prompt", ["a minor piece for piano", "play in a major way"])
def test_an_article_can_be_taken_for_a_key_but_never_breaks(prompt: str) -> None:
    assert brief(prompt).key.mode in {"minor", "major"}


def test_tempo_by_number_word_and_request() -> None:
    assert brief("fast, 61.5 bpm").tempo_bpm == 61.5
    assert 45 <= brief("largo piano").tempo_bpm <= 55
    assert not brief("largo piano").tempo_given
    assert brief("slow, 60 bpm", tempo_bpm=133.0).tempo_bpm == 133.0
    assert brief("very slow piano").tempo_bpm < brief("slow piano").tempo_bpm < brief("fast piano").tempo_bpm


@pytest.mark.parametrize(
    ("prompt", "excluded", "present"),
    [
        ("lofi, no drums", {"drums"}, set()),
        ("jazz without drums or bass", {"drums", "bass"}, set()),
        ("folk without drums and bass", {"drums", "bass"}, set()),
        ("guitar but no piano", {"piano"}, {"nylon_guitar"}),
        ("no drums, piano and cello", {"drums"}, {"piano", "cello"}),
        ("no drums and soft piano", {"drums"}, {"mellow_piano"}),
        ("not too sad, flute", set(), {"flute"}),
    ],
)
def test_negations(prompt: str, excluded: set[str], present: set[str]) -> None:
    found = brief(prompt)
    assert excluded <= found.excluded
    assert set(found.instruments) == present
    assert not found.excluded & present
    assert "sad" not in found.moods


def test_longer_words_win_over_the_shorter_ones_inside_them() -> None:
    assert brief("pizzicato strings").instruments == ("pizzicato",)
    assert brief("electric piano").instruments == ("rhodes",)
    assert brief("french horns and double bass").instruments == ("horn", "acoustic_bass")


def test_plain_names_become_the_styles_own_instruments() -> None:
    assert "steel_guitar" in brief("rock guitars").instruments or brief("rock with guitar").instruments
    assert brief("jazz with bass").instruments == ("acoustic_bass",)
    assert brief("lofi with bass").instruments == ("electric_bass",)
    assert len(brief("ambient pads").instruments) == 3


def test_metres_modes_beds_and_amounts() -> None:
    assert (brief("folk in 6/8").metre.beats, brief("folk in 6/8").metre.unit) == (6, 8)
    assert brief("piano in lydian").key.mode == "lydian"
    assert brief("background music for a podcast").bed
    assert brief("sparse piano").density < brief("piano").density < brief("dense piano").density
    assert brief("high energy pop").energy > brief("pop").energy


def test_moods_pull_energy_and_mode() -> None:
    assert brief("energetic piano").energy > brief("calm piano").energy + 0.15
    sad = [brief("sad piano", seed).key.is_minor for seed in range(20)]
    happy = [brief("happy piano", seed).key.is_minor for seed in range(20)]
    assert sum(sad) >= 18
    assert sum(happy) <= 2


def test_nothing_recognised_is_drawn_by_the_seed_and_said() -> None:
    found = [brief("flibber grobnik", seed) for seed in range(30)]
    assert {each.ignored for each in found} == {("flibber", "grobnik")}
    assert len({each.style for each in found}) >= 4
    assert brief("flibber grobnik", 3) == brief("flibber grobnik", 3)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200), st.integers(0, 2**32 - 1))
def test_any_text_makes_a_brief(prompt: str, seed: int) -> None:
    found = brief(prompt, seed)
    assert found.style in TABLES.styles
    assert 0.0 <= found.density <= 1.0
    assert 0.0 <= found.energy <= 1.0
    assert 20.0 <= found.tempo_bpm <= 300.0


def test_a_very_long_prompt_is_cut_and_not_slow() -> None:
    assert brief("piano " * 50_000).instruments == ("piano",)
    assert brief("x" * (LONGEST_PROMPT + 5) + " flute").instruments == ()


def test_every_word_of_the_tables_means_what_it_stands_for() -> None:
    for name, words in TABLES.vocabulary.style.items():
        assert all(any(meaning == f"style:{name}" for _, meaning in brief(word).understood) for word in words), name
    for name, entry in TABLES.instruments.items():
        for word in entry.words:
            assert ("instrument:" + name) in [meaning for _, meaning in brief(word).understood], word
