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
        ("ambient soundscape", "ambient"),
        ("a low drone", "drone"),
        ("reggae", "reggae"),
        ("heavy metal", "metal"),
        ("funky groove", "funk"),
        ("twelve-bar blues", "blues"),
        ("country", "country"),
        ("tango", "tango"),
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
        ("not too fast piano", set(), {"piano"}),
        ("not very loud guitar", set(), {"nylon_guitar"}),
        ("don't use drums, piano", {"drums"}, {"piano"}),
        ("don’t use drums, piano", {"drums"}, {"piano"}),
        ("please do not add any drums; piano", {"drums"}, {"piano"}),
        ("avoid drums: piano", {"drums"}, {"piano"}),
        ("everything except drums (piano)", {"drums"}, {"piano"}),
        ("no loud drums, piano", {"drums"}, {"piano"}),
        ("no vocals, piano", set(), {"piano"}),
        ("non-stop energetic bassoon", set(), {"bassoon"}),
        ("piano, no more than 80 bpm, flute", set(), {"piano", "flute"}),
        ("without drums, bass or guitar, piano", {"drums", "bass", "guitar"}, {"piano"}),
        ("without drums, bass and guitar", {"drums", "bass", "guitar"}, set()),
        ("no drums, bass or guitar – harp", {"drums", "bass", "guitar"}, {"harp"}),
        ("not only piano but also flute", set(), {"piano", "flute"}),
        ("never ending harp arpeggios", set(), {"harp"}),
        ("drum-free harp", {"drums"}, {"harp"}),
        ("no drums with flute", {"drums"}, {"flute"}),
    ],
)
def test_negations(prompt: str, excluded: set[str], present: set[str]) -> None:
    found = brief(prompt)
    assert excluded <= found.excluded
    assert set(found.instruments) == present
    assert not found.excluded & present
    assert "sad" not in found.moods


@pytest.mark.parametrize("enough", [", ", "; ", ": ", " – ", " - ", " (", " but ", ". "])
def test_a_negation_ends_with_its_clause(enough: str) -> None:
    found = brief(f"folk without drums{enough}piano")
    assert "drums" in found.excluded
    assert found.instruments == ("piano",)


@pytest.mark.parametrize("tempo", ["not too fast", "not fast", "never fast"])
def test_a_tempo_can_be_refused(tempo: str) -> None:
    assert brief(f"{tempo} piano").tempo_bpm == brief("piano").tempo_bpm


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "no",
                "not",
                "without",
                "too",
                "and",
                "or",
                ",",
                ";",
                ":",
                "loud",
                "piano",
                "drums",
                "jazz",
                "use",
                "very",
                "xyz",
                "sad",
            ]
        )
    )
)
def test_a_negation_never_reaches_past_the_end_of_its_clause(words: list[str]) -> None:
    found = brief(" ".join([*words, ";", "oboe"]))
    assert "oboe" in found.instruments


@pytest.mark.parametrize(
    ("prompt", "style"),
    [
        ("upbeat electronic", "synth"),
        ("electronic, upbeat", "synth"),
        ("playful jazz", "jazz"),
        ("heroic 8-bit adventure", "chip"),
        ("cinematic drone", "drone"),
        ("spooky waltz", "waltz"),
        ("not jazz, upbeat", "pop"),
    ],
)
def test_genres_outrank_moods(prompt: str, style: str) -> None:
    assert {brief(prompt, seed).style for seed in range(4)} == {style}


def test_what_no_instrument_here_can_do_is_told_only_where_it_is_wanted() -> None:
    assert brief("pop with vocals").ignored == ("vocals",)
    assert brief("pop without vocals").ignored == ()
    assert brief("I want you to write me a nice long piece of jazz, please, and make it good").ignored == ()
    assert brief("jazz with theremin and vuvuzela").ignored == ("theremin", "vuvuzela")


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
    for kind, table in (("style", TABLES.vocabulary.style), ("hint", TABLES.vocabulary.hint)):
        for name, words in table.items():
            assert all((f"{kind}:{name}") in [got for _, got in brief(word).understood] for word in words), name
    for name, entry in TABLES.instruments.items():
        for word in entry.words:
            assert ("instrument:" + name) in [meaning for _, meaning in brief(word).understood], word
