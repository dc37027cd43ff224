"""The MIDI writer, read back by a reader of the test's own."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hausmusik.engines.composer.midi import PPQ, MidiNote, MidiSong, MidiTrack, TempoMap, encode
from tests.unit.engines.midi_reader import read_midi


def song(*tracks: MidiTrack, tempo: tuple[tuple[float, float], ...] = ((0.0, 120.0),), end_s: float = 4.0) -> MidiSong:
    return MidiSong("Test", tempo, (3, 4), (-2, True), ((1.0, "A"),), tracks, end_s)


def test_a_file_says_what_it_was_given() -> None:
    notes = (MidiNote(0.5, 0.25, 60, 90), MidiNote(1.0, 1.0, 64, 70))
    file = read_midi(encode(song(MidiTrack("piano", 0, 11, notes, bank=8, pan=20, expression=((1.0, 99),)))))
    assert file.tempo_bpm == pytest.approx(120.0)
    assert file.metre == (3, 4)
    assert file.key == (-2, True)
    track = file.tracks[1]
    assert track.name == "piano"
    assert track.program == 11
    assert track.controls[0] == 8
    assert track.controls[10] == 20
    assert track.notes == [(PPQ, PPQ // 2, 60, 90), (2 * PPQ, 2 * PPQ, 64, 70)]


def test_a_key_struck_again_ends_the_note_before() -> None:
    track = MidiTrack("x", 0, 0, (MidiNote(0.0, 2.0, 60, 80), MidiNote(1.0, 1.0, 60, 80)))
    assert [(start, length) for start, length, _, _ in read_midi(encode(song(track))).tracks[1].notes] == [
        (0, 2 * PPQ),
        (2 * PPQ, 2 * PPQ),
    ]


def test_all_tracks_end_together() -> None:
    file = read_midi(encode(song(MidiTrack("x", 0, 0, (MidiNote(0.0, 0.1, 60, 80),)), end_s=4.0)))
    assert {track.end for track in file.tracks} == {8 * PPQ}


def test_the_same_song_gives_the_same_bytes() -> None:
    track = MidiTrack("x", 0, 0, (MidiNote(0.0, 2.0, 60, 80), MidiNote(1.0, 1.0, 67, 80)))
    assert encode(song(track)) == encode(song(track))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.5, 8.0), st.floats(30.0, 240.0)), max_size=5),
    st.floats(0.0, 100.0),
)
def test_a_tempo_map_goes_there_and_back(steps: list[tuple[float, float]], seconds: float) -> None:
    changes = [(0.0, 90.0)]
    for gap, bpm in steps:
        changes.append((changes[-1][0] + gap, bpm))
    clock = TempoMap(changes)
    assert clock.seconds(clock.quarters(seconds)) == pytest.approx(seconds, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.builds(MidiNote, st.floats(0.0, 30.0), st.floats(0.0, 5.0), st.integers(0, 127), st.integers(1, 127)),
        max_size=40,
    )
)
def test_every_note_on_has_its_off(notes: list[MidiNote]) -> None:
    file = read_midi(encode(song(MidiTrack("x", 9, 0, tuple(notes)), end_s=40.0)))
    assert len(file.tracks[1].notes) == len(notes)
    assert file.tracks[1].hanging == 0


def test_the_reader_refuses_what_is_no_midi() -> None:
    with pytest.raises(ValueError, match="MThd"):
        read_midi(b"RIFF" + struct.pack("<I", 0))
