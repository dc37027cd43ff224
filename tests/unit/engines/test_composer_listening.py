"""What a listener notices over many seeds: notes that beat, melodies that never lean, that come late, that never return."""

from __future__ import annotations

from functools import cache

import pytest

from hausmusik.engines.composer.compose import compose
from hausmusik.engines.composer.dice import Dice
from hausmusik.engines.composer.ornament import lean
from hausmusik.engines.composer.piece import Metre, Note, Part, Phrase, Piece, Slot
from hausmusik.engines.composer.prompt import read_prompt
from hausmusik.engines.composer.tables import load_tables
from hausmusik.engines.composer.theory import Key, read_chord, smooth
from hausmusik.engines.composer.voicing import clear_of, lead

pytestmark = pytest.mark.slow

TABLES = load_tables()
SEEDS = range(6)
DRUMS = {name for name, entry in TABLES.instruments.items() if "drums" in entry.roles}
HARSH = {1, 13}
HELD = ["ambient", "drone", "hymn", "calm piano and strings", "cinematic", "lullaby", "piano ballad"]
MOVING = ["lofi", "bossa nova", "jazz", "tango", "happy ukulele", "pop", "rock", "blues", "waltz", "minimal", "march"]
SUNG = ["piano ballad", "folk", "cinematic", "lullaby", "waltz", "pop", "rock", "country", "solo cello"]


@cache
def piece_of(prompt: str, seed: int, duration_s: float = 40.0) -> Piece:
    dice = Dice(seed)
    return compose(read_prompt(prompt, TABLES, dice), TABLES, duration_s, dice)


def pitched(piece: Piece) -> list[Part]:
    return [part for part in piece.parts if part.instrument not in DRUMS]


def strong_beats(piece: Piece) -> range:
    metre = piece.metre
    return range(0, piece.final, metre.bar // 2 if metre.beats % 2 == 0 else metre.bar)


def beating(prompt: str) -> tuple[float, float]:
    """Return the share of strong beats on which two parts, and two notes of one part, lie a semitone or a ninth apart."""
    between = within = heard = 0
    for seed in SEEDS:
        piece = piece_of(prompt, seed)
        for tick in strong_beats(piece):
            sounding = [
                (number, note.key)
                for number, part in enumerate(pitched(piece))
                for note in part.notes
                if note.start <= tick + 20 and note.end > tick + 120
            ]
            pairs = [
                one[0] == two[0]
                for place, one in enumerate(sounding)
                for two in sounding[place + 1 :]
                if abs(one[1] - two[1]) in HARSH
            ]
            heard += 1
            within += any(pairs)
            between += not all(pairs)
    return between / heard, within / heard


@pytest.mark.parametrize("prompt", HELD)
def test_held_harmony_does_not_beat(prompt: str) -> None:
    between, within = beating(prompt)
    assert between <= 0.04
    assert within <= 0.02


@pytest.mark.parametrize("prompt", MOVING)
def test_moving_harmony_hardly_beats(prompt: str) -> None:
    between, within = beating(prompt)
    assert between <= 0.06
    assert within <= 0.03


def leads(piece: Piece) -> list[Part]:
    return [part for part in piece.parts if part.role == "melody"]


def slot_at(piece: Piece, tick: int) -> Slot:
    return next(slot for phrase in piece.phrases for slot in phrase.slots if slot.start <= tick < slot.end)


def test_some_strong_notes_lean_and_nearly_all_of_them_resolve_by_step() -> None:
    strong = foreign = resolved = 0
    for prompt in SUNG:
        for seed in SEEDS:
            piece = piece_of(prompt, seed)
            beats = set(strong_beats(piece))
            part = leads(piece)[0]
            top: dict[int, Note] = {}
            for note in part.notes:  # of a double stop the upper note sings
                top[note.start] = max(note, top.get(note.start, note), key=lambda each: each.key)
            line = [top[start] for start in sorted(top)]
            for place, note in enumerate(line[:-1]):
                if note.start not in beats:
                    continue
                strong += 1
                if note.key % 12 not in slot_at(piece, note.start).chord.tones:
                    foreign += 1
                    resolved += abs(line[place + 1].key - note.key) <= 2
    assert 0.05 <= foreign / strong <= 0.11
    assert resolved >= 0.93 * foreign


def test_a_suspension_falls_into_the_note_it_held_back_and_beats_against_nothing() -> None:
    key, metre = Key(0, "major"), Metre(4, 4)
    chords = [read_chord(numeral, key) for numeral in ("V", "I")]
    slots = tuple(Slot(place * 1920, 1920, chord) for place, chord in enumerate(chords))
    phrase = Phrase("A", 0, 0, 0, 3840, 0.6, "open", key, slots)
    line = ((0, 1920, 74), (1920, 1920, 72))
    held = [frozenset({55, 59}), frozenset({52, 55})]
    suspended = lean(line, phrase, metre, held, 1.0, Dice(1))
    assert suspended == ((0, 1920, 74), (1920, 480, 74), (2400, 1440, 72))
    assert lean(line, phrase, metre, [held[0], frozenset({73, 61})], 1.0, Dice(1)) == line
    assert lean(line, phrase, metre, held, 0.0, Dice(1)) == line


@pytest.mark.parametrize(
    "prompt", ["lofi", "bossa nova", "tango", "happy ukulele", "synthwave", "cinematic", "ambient"]
)
def test_in_a_short_piece_the_melody_is_there_by_a_quarter(prompt: str) -> None:
    begins: list[float] = []
    for seed in SEEDS:
        piece = piece_of(prompt, seed)
        starts = [part.notes[0].start for part in leads(piece)]
        if starts:  # some styles sing in some pieces only
            begins.append(min(starts) / piece.final)
    assert len(begins) >= 5
    assert sum(begins) / len(begins) <= 0.25
    assert max(begins) <= 0.42, "never later than with the first phrase after an introduction"


def test_a_long_piece_still_takes_its_time() -> None:
    begins = [min(part.notes[0].start for part in leads(piece_of("lofi", seed, 120.0))) for seed in SEEDS]
    assert max(begins) > 4 * 1920


@pytest.mark.parametrize("prompt", ["jazz", "tango", "lofi", "bossa nova", "pop", "folk"])
def test_material_returns(prompt: str) -> None:
    """Bars that are heard again note for note; of a minute at most seven in ten are new."""
    shares: list[float] = []
    for seed in SEEDS:
        piece = piece_of(prompt, seed, 55.0)
        bars: dict[int, list[tuple[int, int]]] = {}
        for note in leads(piece)[0].notes:
            bars.setdefault(note.start // piece.metre.bar, []).append((note.start % piece.metre.bar, note.key))
        shares.append(len({tuple(notes) for notes in bars.values()}) / len(bars))
    assert sum(shares) / len(shares) <= 0.7


def test_the_answer_begins_as_the_question_did() -> None:
    for seed in SEEDS:
        piece = piece_of("jazz", seed, 60.0)
        opens = [phrase for phrase in piece.phrases if phrase.letter == "A" and phrase.cadence == "open"]
        closes = [phrase for phrase in piece.phrases if phrase.letter == "A" and phrase.cadence == "close"]
        assert opens
        assert closes
        assert closes[0].slots[0].chord.tones == opens[0].slots[0].chord.tones


def test_a_drone_stays_on_its_note() -> None:
    for seed in SEEDS:
        piece = piece_of("drone", seed)
        assert {slot.chord.root for phrase in piece.phrases for slot in phrase.slots} == {piece.key.tonic}
        lowest = min((part for part in pitched(piece)), key=lambda part: min(note.key for note in part.notes))
        assert {note.key % 12 for note in lowest.notes if note.start < piece.final} <= {
            piece.key.tonic,
            (piece.key.tonic + 7) % 12,
        }


def test_a_major_seventh_is_spread_and_others_are_heeded() -> None:
    key = Key(0, "major")
    chords = [read_chord("Imaj7", key), read_chord("IVmaj7", key)] * 3
    for voices in (3, 4):
        for keys in lead(chords, 50, 74, voices):
            assert not {b - a for a in keys for b in keys} & HARSH
    held = [{59}] * 6
    for keys in lead(chords, 50, 74, 3, around=held):
        assert all(abs(each - 59) not in HARSH for each in keys)


def test_helpers_for_what_beats() -> None:
    assert smooth((0, 4, 7, 11)) == (0, 4, 7)
    assert smooth((0, 3, 7, 2)) == (0, 3, 7)
    assert clear_of([60, 61, 64], {48, 60}) == [60, 64]
    assert clear_of([61], {60}) == [61]
