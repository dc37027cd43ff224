"""Forms that fit any duration, and the chords laid over them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hausmusik.engines.composer.dice import Dice
from hausmusik.engines.composer.form import TEMPO_TOLERANCE, fit, phrases
from hausmusik.engines.composer.harmony import final_chord, harmonise
from hausmusik.engines.composer.midi import TempoMap
from hausmusik.engines.composer.piece import Metre
from hausmusik.engines.composer.tables import load_tables
from hausmusik.engines.composer.theory import Chord, Key, read_chord
from hausmusik.engines.composer.voicing import lead

METRES = (Metre(4, 4), Metre(3, 4), Metre(6, 8), Metre(2, 4), Metre(5, 4))
FOUR = METRES[0]
CLASSICAL = {mode: load_tables().progressions[f"classical_{mode}"] for mode in ("major", "minor")}


@settings(max_examples=60, deadline=None)
@given(
    duration_s=st.floats(0.05, 900.0),
    bpm=st.floats(40.0, 180.0),
    metre=st.sampled_from(METRES),
    is_given=st.booleans(),
    slowing=st.sampled_from([0.0, 0.25]),
)
def test_every_duration_is_filled_exactly(
    duration_s: float, bpm: float, metre: Metre, is_given: bool, slowing: float
) -> None:
    fitted = fit(duration_s, bpm, metre, is_given=is_given, slowing=slowing)
    final = fitted.bars * metre.bar + fitted.upbeat
    last_s = fitted.lead_s + TempoMap(fitted.tempo).seconds(final / 480)
    assert last_s + fitted.ring_s == pytest.approx(duration_s, abs=1e-6)
    assert abs(fitted.bpm / bpm - 1) <= TEMPO_TOLERANCE + 1e-9
    assert fitted.ring_s >= min(1.39, 0.45 * duration_s)
    if is_given:
        assert fitted.bpm == bpm


@settings(max_examples=60, deadline=None)
@given(duration_s=st.floats(1.0, 1_800.0), seed=st.integers(0, 999), energy=st.floats(0.0, 1.0))
def test_phrases_follow_one_another_without_a_gap(duration_s: float, seed: int, energy: float) -> None:
    fitted = fit(duration_s, 90.0, FOUR, is_given=False)
    found = phrases(fitted, FOUR, Key(0, "major"), energy, Dice(seed))
    at = 0
    for phrase in found:
        assert phrase.start == at
        assert 0 < phrase.length <= 4 * FOUR.bar
        assert 0.0 < phrase.intensity <= 1.0
        at = phrase.end
    assert at == fitted.bars * FOUR.bar + fitted.upbeat
    if found:
        assert found[-1].cadence == "final"
        assert found[-1].key == Key(0, "major")
        assert sum(phrase.cadence == "final" for phrase in found) == 1


def test_long_pieces_have_chapters_in_related_keys_and_come_home() -> None:
    found = phrases(fit(900.0, 80.0, FOUR, is_given=False), FOUR, Key(2, "minor"), 0.5, Dice(4))
    keys = [key for key, _ in itertools.groupby(phrase.key for phrase in found)]
    assert len(set(keys)) >= 3
    assert keys[0] == keys[-1] == Key(2, "minor")
    assert any(phrase.letter == "D" for phrase in found)


def test_a_minute_is_built_from_whole_phrases_and_rises() -> None:
    found = phrases(fit(60.0, 78.0, FOUR, is_given=False), FOUR, Key(0, "major"), 0.5, Dice(1))
    letters = "".join(phrase.letter for phrase in found if len(phrase.letter) == 1)
    assert letters.startswith("A")
    assert "B" in letters
    loudest = max(found, key=lambda phrase: phrase.intensity)
    assert found[0].intensity < loudest.intensity
    assert found.index(loudest) >= len(found) // 3


@settings(max_examples=40, deadline=None)
@given(duration_s=st.floats(2.0, 120.0), metre=st.sampled_from(METRES), seed=st.integers(0, 999), loops=st.booleans())
def test_chords_cover_every_tick(duration_s: float, metre: Metre, seed: int, loops: bool) -> None:
    fitted = fit(duration_s, 84.0, metre, is_given=False)
    key = Key(seed % 12, "minor" if seed % 2 else "major")
    done = harmonise(phrases(fitted, metre, key, 0.5, Dice(seed)), metre, CLASSICAL, Dice(seed), loops=loops)
    for phrase in done:
        at = phrase.start
        for slot in phrase.slots:
            assert slot.start == at
            assert slot.length > 0
            at = slot.end
        assert at == phrase.end


def test_the_last_phrase_leads_into_the_tonic() -> None:
    for seed in range(30):
        key = Key(seed % 12, "minor" if seed % 2 else "major")
        fitted = fit(30.0 + seed, 90.0, FOUR, is_given=False)
        done = harmonise(phrases(fitted, FOUR, key, 0.5, Dice(seed)), FOUR, CLASSICAL, Dice(seed))
        assert done[-1].slots[-1].chord.root == (key.tonic + 7) % 12, "classical endings are authentic"
        assert final_chord(key, CLASSICAL, Dice(seed)).root == key.tonic


# -- voice leading ------------------------------------------------------------------------------------------------


def progression() -> list[Chord]:
    line = "I vi ii^1 V7 I IV I^2 V7 I V7/vi vi ii7 V I"
    return [read_chord(numeral, Key(3, "major")) for numeral in line.split()]


def test_voices_stay_in_range_hold_the_third_and_move_little() -> None:
    chords = progression()
    voiced = lead(chords, 50, 72, 4)
    for chord, keys in zip(chords, voiced, strict=True):
        assert len(keys) == 4
        assert list(keys) == sorted(keys)
        assert keys[0] >= 50
        assert keys[-1] <= 72
        assert {key % 12 for key in keys} <= set(chord.tones)
        assert chord.tones[1] in {key % 12 for key in keys}
    moves = [abs(b - a) for one, two in itertools.pairwise(voiced) for a, b in zip(one, two, strict=True)]
    assert sum(moves) / len(moves) < 2.5


def test_parallel_fifths_and_octaves_are_avoided() -> None:
    voiced = lead(progression(), 50, 72, 4)
    found = 0
    for one, two in itertools.pairwise(voiced):
        for low, high in itertools.combinations(range(4), 2):
            before, after = (one[high] - one[low]) % 12, (two[high] - two[low]) % 12
            moved = (two[low] - one[low]) * (two[high] - one[high]) > 0
            found += moved and before == after and before in {0, 7}
    assert found == 0


def test_a_rooted_part_has_the_bass_below() -> None:
    chords = progression()
    assert [keys[0] % 12 for keys in lead(chords, 38, 67, 5, rooted=True)] == [chord.bass for chord in chords]


def test_voicing_is_possible_in_narrow_places() -> None:
    assert lead([], 50, 60, 3) == []
    assert len(lead(progression(), 60, 66, 4)) == len(progression())
