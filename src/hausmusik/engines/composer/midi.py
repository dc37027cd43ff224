"""Writes a Standard MIDI File, format 1, byte for byte: a conductor track and one track per part.

Takes times in seconds and places them on a tempo map, so that the file plays exactly like the audio, human timing
included. Knows nothing of composing, banks or sound.

Source: "Standard MIDI Files 1.0", RP-001; General MIDI channel 10 for drums.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

PPQ: Final = 960
"""Ticks per quarter note."""
DRUM_CHANNEL: Final = 9
_END_OF_TRACK: Final = b"\xff\x2f\x00"

Event = tuple[int, int, bytes]
"""Tick, rank among events of one tick (offs before ons), bytes."""


class TempoMap:
    """Seconds to ticks and back over a list of tempo changes.

    Args:
        changes: `(quarter notes from the start, beats per minute)`, the first at 0, in order; a beat is a quarter note.
    """

    def __init__(self, changes: Sequence[tuple[float, float]]) -> None:
        if not changes or changes[0][0] != 0:
            raise ValueError("a tempo map begins at 0")
        self.changes = tuple(changes)
        self._seconds = [0.0]
        for (here, bpm), (there, _) in zip(self.changes, self.changes[1:], strict=False):
            self._seconds.append(self._seconds[-1] + (there - here) * 60.0 / bpm)

    def seconds(self, quarters: float) -> float:
        """Return when a position in quarter notes is reached."""
        index = max(i for i, (start, _) in enumerate(self.changes) if start <= quarters or i == 0)
        start, bpm = self.changes[index]
        return self._seconds[index] + (quarters - start) * 60.0 / bpm

    def quarters(self, seconds: float) -> float:
        """Return the position in quarter notes at a time."""
        index = max(i for i, start in enumerate(self._seconds) if start <= seconds or i == 0)
        start, bpm = self.changes[index]
        return start + (seconds - self._seconds[index]) * bpm / 60.0


class MidiNote(msgspec.Struct, frozen=True):
    """One note: seconds from the start, seconds held, key and velocity 1 to 127."""

    start_s: float
    held_s: float
    key: int
    velocity: int


class MidiTrack(msgspec.Struct, frozen=True):
    """One part.

    Args:
        name: Shown by editors.
        channel: 0 to 15; 9 is drums.
        program: General MIDI program, 0 to 127.
        bank: Bank select (MSB); 0 for plain General MIDI.
        volume: Controller 7, 0 to 127.
        pan: Controller 10, 0 to 127.
        reverb: Controller 91, 0 to 127.
        notes: In any order.
        expression: `(seconds, 0 to 127)` of controller 11.
    """

    name: str
    channel: int
    program: int
    notes: tuple[MidiNote, ...]
    bank: int = 0
    volume: int = 100
    pan: int = 64
    reverb: int = 40
    expression: tuple[tuple[float, int], ...] = ()


class MidiSong(msgspec.Struct, frozen=True):
    """A whole file.

    Args:
        title: Name of the conductor track.
        tempo: See `TempoMap`.
        metre: Beats and beat unit, e.g. `(3, 4)`, `(6, 8)`.
        key: `(sharps, minor)`: -7 (flats) to 7 (sharps).
        markers: `(seconds, text)`.
        tracks: The parts.
        end_s: Where the file ends.
    """

    title: str
    tempo: tuple[tuple[float, float], ...]
    metre: tuple[int, int]
    key: tuple[int, bool]
    markers: tuple[tuple[float, str], ...]
    tracks: tuple[MidiTrack, ...]
    end_s: float


def encode(song: MidiSong) -> bytes:
    """Return the file's bytes; the same song always gives the same bytes."""
    clock = TempoMap(song.tempo)
    end = _tick(clock, song.end_s)
    chunks = [_conductor(song, clock, end)]
    chunks.extend(_track(track, clock, end) for track in song.tracks)
    header = b"MThd" + struct.pack(">IHHH", 6, 1, len(chunks), PPQ)
    return header + b"".join(b"MTrk" + struct.pack(">I", len(chunk)) + chunk for chunk in chunks)


def _conductor(song: MidiSong, clock: TempoMap, end: int) -> bytes:
    beats, unit = song.metre
    sharps, minor = song.key
    events: list[Event] = [
        (0, 0, _text(0x03, song.title)),
        (0, 1, b"\xff\x58\x04" + bytes([beats, unit.bit_length() - 1, 24, 8])),
        (0, 2, b"\xff\x59\x02" + struct.pack(">bB", sharps, minor)),
    ]
    for quarters, bpm in song.tempo:
        micros = round(60_000_000 / bpm)
        events.append((round(quarters * PPQ), 3, b"\xff\x51\x03" + micros.to_bytes(3, "big")))
    events.extend((_tick(clock, seconds), 4, _text(0x06, text)) for seconds, text in song.markers)
    return _sequence(events, end)


def _track(track: MidiTrack, clock: TempoMap, end: int) -> bytes:
    on, off = 0x90 | track.channel, 0x80 | track.channel
    control, program = 0xB0 | track.channel, 0xC0 | track.channel
    events: list[Event] = [(0, 0, _text(0x03, track.name))]
    if track.channel != DRUM_CHANNEL:
        events.append((0, 1, bytes([control, 0, track.bank])))
    events.append((0, 2, bytes([program, track.program])))
    for number, value in ((7, track.volume), (10, track.pan), (91, track.reverb)):
        events.append((0, 3, bytes([control, number, value])))
    for seconds, value in track.expression:
        events.append((_tick(clock, seconds), 4, bytes([control, 11, value])))
    for note in _unoverlapped(track.notes):
        start = _tick(clock, note.start_s)
        stop = max(start + 1, _tick(clock, note.start_s + note.held_s))
        events.append((start, 6, bytes([on, note.key, note.velocity])))
        events.append((stop, 5, bytes([off, note.key, 64])))
    return _sequence(events, end)


def _unoverlapped(notes: Iterable[MidiNote]) -> list[MidiNote]:
    """End a note where the same key is struck again: one MIDI channel cannot hold a key twice."""
    next_start: dict[int, float] = {}
    kept: list[MidiNote] = []
    for note in sorted(notes, key=lambda each: -each.start_s):
        room = next_start.get(note.key, math.inf) - note.start_s
        kept.append(msgspec.structs.replace(note, held_s=min(note.held_s, room)))
        next_start[note.key] = note.start_s
    return kept


def _sequence(events: list[Event], end: int) -> bytes:
    out = bytearray()
    now = 0
    for tick, _, data in sorted(events):
        out += _variable(max(0, tick - now)) + data
        now = max(now, tick)
    return bytes(out + _variable(max(0, end - now)) + _END_OF_TRACK)


def _tick(clock: TempoMap, seconds: float) -> int:
    return max(0, round(clock.quarters(seconds) * PPQ))


def _text(kind: int, text: str) -> bytes:
    data = text.encode("utf-8")
    return bytes([0xFF, kind]) + _variable(len(data)) + data


def _variable(value: int) -> bytes:
    """Return a variable-length quantity: seven bits per byte, the highest first."""
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(0x80 | (value & 0x7F))
    return bytes(reversed(out))
