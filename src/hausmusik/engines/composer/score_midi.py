"""A performance as a Standard MIDI File: parts onto channels, instruments onto programs, swells onto controllers.

Knows nothing of bytes (see midi.py) and nothing of sound.
"""

from __future__ import annotations

from hausmusik.engines.composer.midi import DRUM_CHANNEL, MidiNote, MidiSong, MidiTrack, TempoMap, encode
from hausmusik.engines.composer.performance import Performance
from hausmusik.engines.composer.tables import Tables

_CHANNELS = tuple(channel for channel in range(16) if channel != DRUM_CHANNEL)


def midi_of(performance: Performance, tables: Tables) -> bytes:
    """Return the MIDI file of a performance; plays in time with the recording on any General MIDI synthesizer."""
    piece = performance.piece
    # The silence before the first note is no music: the file starts with it as a rest, at the piece's own tempo.
    lead_quarters = piece.lead_s * piece.tempo[0][1] / 60.0
    tempo = tuple((quarters + lead_quarters if quarters else 0.0, bpm) for quarters, bpm in piece.tempo)
    clock = TempoMap(piece.tempo)
    tracks: list[MidiTrack] = []
    pitched = 0
    for part, notes in performance.parts:
        entry = tables.instruments[part.instrument]
        is_kit = entry.kind == "drums"
        channel = DRUM_CHANNEL if is_kit else _CHANNELS[pitched % len(_CHANNELS)]
        pitched += 0 if is_kit else 1
        tracks.append(
            MidiTrack(
                name=part.name,
                channel=channel,
                program=entry.preset[1],
                bank=0 if is_kit else entry.preset[0],
                notes=tuple(MidiNote(note.start_s, note.held_s, note.key, note.velocity) for note in notes),
                volume=max(30, min(127, round(100 * 10 ** (part.level_db / 40.0)))),
                pan=max(0, min(127, round(64 + 60 * part.pan))),
                reverb=max(0, min(127, round(50 + 6 * part.send_db))),
                expression=tuple(
                    (clock.seconds(tick / 480) + piece.lead_s, max(1, min(127, round(110 * 10 ** (level / 40.0)))))
                    for tick, level in part.swells
                ),
            )
        )
    markers: list[tuple[float, str]] = []
    for phrase in piece.phrases:
        name = phrase.letter + "'" * phrase.variation if len(phrase.letter) == 1 else phrase.letter
        markers.append((clock.seconds(phrase.start / 480) + piece.lead_s, name))
    song = MidiSong(
        title=piece.title,
        tempo=tempo,
        metre=(piece.metre.beats, piece.metre.unit),
        key=piece.key.signature(),
        markers=tuple(markers),
        tracks=tuple(tracks),
        end_s=piece.duration_s,
    )
    return encode(song)
