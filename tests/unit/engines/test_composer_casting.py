"""Who plays what: those asked for play, those excluded do not, roles are real, and there is music in every piece."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest

from hausmusik.engines.composer.casting import cast
from hausmusik.engines.composer.compose import compose
from hausmusik.engines.composer.dice import Dice
from hausmusik.engines.composer.piece import Piece
from hausmusik.engines.composer.prompt import Brief, read_prompt
from hausmusik.engines.composer.tables import load_tables

pytestmark = pytest.mark.slow

TABLES = load_tables()
INSTRUMENTS = sorted(TABLES.instruments)
STYLES = sorted(TABLES.styles)
RHYTHM = {"drums", "bass"}


def heard(prompt: str, seed: int = 1, duration_s: float = 40.0) -> tuple[Brief, Piece]:
    dice = Dice(seed)
    brief = read_prompt(prompt, TABLES, dice)
    return brief, compose(brief, TABLES, duration_s, dice)


def players(piece: Piece) -> Counter[str]:
    return Counter(part.instrument for part in piece.parts)


def roles(piece: Piece) -> set[str]:
    return {part.role for part in piece.parts}


def faults(brief: Brief, piece: Piece) -> list[str]:
    """Everything that is wrong with a cast, whatever was asked for."""
    found = [
        f"{part.instrument} plays {part.role}"
        for part in piece.parts
        if part.role not in TABLES.instruments[part.instrument].roles
    ]
    playing = players(piece)
    found += [f"{each} does not play" for each in brief.instruments if each not in playing]
    found += [f"{each} plays though excluded" for each in brief.excluded if each in playing]
    voices = sum(part.role == "melody" for part in piece.parts)
    harmony = roles(piece) & {"chords", "pad"} or (brief.style == "canon" and voices > 1)
    if not (harmony or brief.solo):
        found.append(f"no harmony: {dict(playing)}")
    return found


def test_the_tables_cast_nobody_in_a_role_it_does_not_have() -> None:
    wrong = [
        (style, layer.role, each)
        for style in STYLES
        for layer in TABLES.styles[style].layer
        for each in layer.instruments
        if layer.role not in TABLES.instruments[each].roles
    ]
    assert not wrong


@pytest.mark.parametrize("style", STYLES)
def test_every_instrument_can_be_asked_for_in_every_style(style: str) -> None:
    """Cast only, not composed: the cast says who plays what."""
    name = TABLES.vocabulary.style[style][0]
    for instrument, form in itertools.product(INSTRUMENTS, ("{0} with {1}", "{0}, solo {1}")):
        prompt = form.format(name, TABLES.instruments[instrument].title)
        dice = Dice(1)
        brief = read_prompt(prompt, TABLES, dice)
        assert brief.style == style, prompt
        seats = cast(brief, TABLES.styles[style], TABLES, dice)
        assert instrument in {seat.instrument for seat in seats}, prompt
        for seat in seats:
            assert seat.layer.role in seat.entry.roles, (prompt, seat.instrument, seat.layer.role)
        harmony = {seat.layer.role for seat in seats} & {"chords", "pad"}
        voices = sum(seat.texture == "canon" and seat.layer.role == "melody" for seat in seats)
        if brief.solo:
            assert {seat.instrument for seat in seats} == {instrument}, prompt
        else:
            assert harmony or voices > 1, prompt


@pytest.mark.parametrize("seed", range(6))
def test_prompts_of_all_kinds_have_a_sound_cast(seed: int) -> None:
    dice = Dice(seed, "prompts")
    wrong: list[str] = []
    for _ in range(45):
        words = [dice.choice(sorted(TABLES.vocabulary.mood)), TABLES.vocabulary.style[dice.choice(STYLES)][0]]
        chosen = [TABLES.instruments[dice.choice(INSTRUMENTS)].title for _ in range(dice.whole(0, 3))]
        refused = TABLES.instruments[dice.choice(INSTRUMENTS)].title
        prompt = (
            " ".join(dice.shuffled(words)[: dice.whole(1, 2)]) + (" with " if chosen else "") + " and ".join(chosen)
        )
        prompt += f", no {refused}" if dice.chance(0.4) and refused not in chosen else ""
        brief, piece = heard(prompt, seed, 30.0)
        wrong += [f"{prompt!r}: {fault}" for fault in faults(brief, piece)]
    assert not wrong


@pytest.mark.parametrize(
    "prompt",
    [
        "pop with drums",
        "folk song with drums",
        "lullaby with drums",
        "cinematic drums",
        "techno with synth bass",
        "acoustic bass and drums",
        "upbeat electronic dance, synth bass, four on the floor, 128 bpm",
    ],
)
def test_who_names_drums_and_bass_gets_a_whole_band(prompt: str) -> None:
    for seed in range(4):
        brief, piece = heard(prompt, seed)
        assert not faults(brief, piece)
        assert roles(piece) >= {"chords", "drums"} or roles(piece) >= {"pad", "drums"}
        assert roles(piece) - RHYTHM - {"pad"}
        basses = [part for part in piece.parts if "bass" in part.instrument and part.role == "bass"]
        assert len(basses) <= 1


def test_genres_that_live_on_drums_and_bass_have_them_whoever_plays_the_tune() -> None:
    for prompt in ("techno with flute", "pop with violin", "rock with organ", "funk with trumpet", "reggae with piano"):
        for seed in range(3):
            assert roles(heard(prompt, seed)[1]) >= RHYTHM, prompt


@pytest.mark.parametrize(
    ("prompt", "wanted"),
    [
        ("calm piano and strings", {"piano", "strings"}),
        ("string quartet and oboe, no piano", {"string_quartet", "oboe"}),
        ("celesta, harp and choir", {"celesta", "harp", "choir"}),
        ("marimba and vibraphone", {"marimba", "vibraphone"}),
        ("canon for harpsichord and flute", {"harpsichord", "flute"}),
        ("accordion waltz with double bass", {"accordion", "acoustic_bass"}),
        ("only flute and piano", {"flute", "piano"}),
        ("canon for trumpet", {"trumpet"}),
    ],
)
def test_the_instruments_asked_for_play_and_no_others(prompt: str, wanted: set[str]) -> None:
    for seed in range(3):
        playing = players(heard(prompt, seed)[1])
        assert set(playing) == wanted
        for instrument, count in playing.items():
            entry = TABLES.instruments[instrument]
            assert count <= (3 if len(wanted) == 1 else 2)
            if entry.voices == 1 and "canon" not in prompt:
                assert count == 1, f"two of {instrument}"


@pytest.mark.parametrize("prompt", ["sad cello", "flute", "oboe, calm", "trumpet and timpani", "flute and drums"])
def test_who_cannot_play_chords_is_accompanied_by_the_style(prompt: str) -> None:
    for seed in range(4):
        brief, piece = heard(prompt, seed)
        assert not faults(brief, piece)
        others = [part for part in piece.parts if part.instrument not in brief.instruments]
        assert {part.role for part in others} <= {"chords", "pad", "bass", "drums"}


@pytest.mark.parametrize(
    "prompt", ["solo cello", "sad solo violin", "solo flute", "unaccompanied oboe", "solo cello suite"]
)
def test_solo_is_one_instrument_and_one_part(prompt: str) -> None:
    for seed in range(4):
        _, piece = heard(prompt, seed)
        assert [part.role for part in piece.parts] == ["melody"]
        (part,) = piece.parts
        gaps = [b.start - max(n.end for n in part.notes[: i + 1]) for i, b in enumerate(part.notes[1:])]
        assert max(gaps) < 2 * piece.metre.bar, "it is not silent for long"
        assert part.notes[0].start < piece.metre.bar


def test_a_bow_plays_double_stops_and_a_flute_does_not() -> None:
    def most_at_once(prompt: str) -> int:
        (part,) = heard(prompt)[1].parts
        return max(Counter(note.start for note in part.notes).values())

    assert most_at_once("solo violin") == 2
    assert most_at_once("solo flute") == 1


def test_a_solo_line_breaks_its_long_notes_into_the_chord() -> None:
    _, piece = heard("solo cello", 2)
    (part,) = piece.parts
    slots = [slot for phrase in piece.phrases for slot in phrase.slots]
    full = sum(
        len({n.key % 12 for n in part.notes if slot.start <= n.start < slot.end} & set(slot.chord.core)) == 3
        for slot in slots
    )
    assert full >= 0.5 * len(slots), "one voice says what the harmony is"


@pytest.mark.parametrize(
    ("prompt", "absent"), [("ambient without melody", "melody"), ("without melody: only pads", "melody")]
)
def test_a_role_can_be_left_out(prompt: str, absent: str) -> None:
    for seed in range(4):
        assert absent not in roles(heard(prompt, seed)[1])


@pytest.mark.parametrize("energy", ["calm", "energetic"])
@pytest.mark.parametrize("style", STYLES)
def test_drums_that_were_asked_for_are_heard_however_quiet_it_is(style: str, energy: str) -> None:
    name = TABLES.vocabulary.style[style][0]
    for seed in range(3):
        assert "drums" in roles(heard(f"{energy} {name} with drums", seed, 25.0)[1])
