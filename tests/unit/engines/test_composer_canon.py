"""Canons: strict imitation, and counterpoint checked by rules written anew here."""

from __future__ import annotations

import itertools

import pytest

from hausmusik.engines.composer.canon import parallels
from hausmusik.engines.composer.compose import compose
from hausmusik.engines.composer.dice import Dice
from hausmusik.engines.composer.piece import Note, Part, Piece
from hausmusik.engines.composer.prompt import read_prompt
from hausmusik.engines.composer.tables import load_tables

TABLES = load_tables()
PROMPTS = ("baroque canon", "canon for harpsichord and flute", "canon for violin, viola and cello", "fugue-like organ")


def canon(prompt: str, seed: int, duration_s: float = 60.0) -> Piece:
    dice = Dice(seed)
    return compose(read_prompt(prompt, TABLES, dice), TABLES, duration_s, dice)


def voices(piece: Piece) -> list[Part]:
    """The canon's voices in the order of their entries."""
    ground = next(phrase.length for phrase in piece.phrases if phrase.letter == "A")
    melodic = [part for part in piece.parts if part.role == "melody"]
    found = sorted(melodic, key=lambda part: part.notes[0].start)
    assert all((part.notes[0].start - found[0].notes[0].start) % ground == 0 for part in found)
    return found


def sounding(notes: tuple[Note, ...], tick: int) -> int | None:
    return next((note.key for note in notes if note.start <= tick < note.start + note.length + 30), None)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("prompt", PROMPTS)
def test_every_voice_imitates_the_first_strictly(prompt: str, seed: int) -> None:
    piece = canon(prompt, seed)
    leader, *followers = voices(piece)
    assert followers
    ground = next(phrase.length for phrase in piece.phrases if phrase.letter == "A")
    for place, follower in enumerate(followers, start=1):
        line = [note for note in leader.notes if note.start + place * ground < piece.final]
        copy = [note for note in follower.notes if note.start < piece.final]
        shift = copy[0].key - line[0].key
        assert shift % 12 == 0
        assert [(note.start - place * ground, note.key - shift) for note in copy] == [
            (note.start, note.key) for note in line
        ]


@pytest.mark.parametrize("seed", range(12))
def test_no_two_voices_move_in_parallel_fifths_or_octaves(seed: int) -> None:
    piece = canon(PROMPTS[seed % len(PROMPTS)], seed)
    lines = [part.notes for part in voices(piece)]
    lines += [part.notes for part in piece.parts if part.role == "bass"]
    for one, two in itertools.combinations(lines, 2):
        onsets = sorted({note.start for note in (*one, *two) if note.start < piece.final})
        for before, now in itertools.pairwise(onsets):
            keys = [sounding(line, tick) for line in (one, two) for tick in (now - 1, now)]
            if None in keys:
                continue
            a0, a1, b0, b1 = keys
            same_way = (a1 - a0) * (b1 - b0) > 0
            interval = abs(a0 - b0) % 12
            assert not (same_way and interval in {0, 7} and abs(a1 - b1) % 12 == interval), (seed, before, now)


@pytest.mark.parametrize("seed", range(6))
def test_the_beat_is_consonant_with_its_chord(seed: int) -> None:
    piece = canon("baroque canon", seed)
    heard = fitting = 0
    for part in voices(piece):
        for note in part.notes:
            if note.start < piece.final and note.start % piece.metre.beat == 0:
                slot = next(s for phrase in piece.phrases for s in phrase.slots if s.start <= note.start < s.end)
                heard += 1
                fitting += note.key % 12 in slot.chord.tones
    assert fitting >= 0.97 * heard


@pytest.mark.parametrize("seed", range(6))
def test_dissonant_notes_pass_by_step(seed: int) -> None:
    piece = canon("baroque canon", seed)
    for part in voices(piece):
        for before, note, after in zip(part.notes, part.notes[1:], part.notes[2:], strict=False):
            slot = next((s for p in piece.phrases for s in p.slots if s.start <= note.start < s.end), None)
            if slot is not None and note.key % 12 not in slot.chord.tones and before.end + 60 > note.start:
                assert abs(note.key - before.key) <= 2 or abs(after.key - note.key) <= 2


@pytest.mark.parametrize("seed", range(4))
def test_a_rising_canon_climbs_by_tones_and_arrives_at_home(seed: int) -> None:
    piece = canon("endlessly rising canon for strings, C minor", seed, 70.0)
    grounds = [phrase for phrase in piece.phrases if phrase.letter == "A"]
    steps = {(two.key.tonic - one.key.tonic) % 12 for one, two in itertools.pairwise(grounds)}
    assert steps == {2}
    assert (piece.key.tonic - grounds[-1].key.tonic) % 12 == 2
    leader, follower, *_ = voices(piece)
    length = grounds[0].length
    copy = [note for note in follower.notes if note.start < piece.final]
    rises = {
        (note.key - original.key) % 12
        for note, original in zip(copy, leader.notes, strict=False)
        if note.start - length == original.start
    }
    assert rises == {2}
    last = [part.notes[-1].key % 12 for part in piece.parts if part.role == "bass"]
    assert all(key == piece.key.tonic for key in last)


def test_the_check_for_parallels_finds_planted_ones() -> None:
    upper = ((0, 480, 67), (480, 960, 69))
    assert parallels(upper, ((0, 480, 60), (480, 960, 62))) == [480]
    assert parallels(upper, ((0, 480, 55), (480, 960, 57))) == [480]
    assert parallels(upper, ((0, 480, 60), (480, 960, 60))) == []
    assert parallels(upper, ((0, 480, 63), (480, 960, 65))) == []
