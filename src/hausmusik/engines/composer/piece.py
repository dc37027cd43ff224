"""The written piece: parts of notes in ticks, a tempo, a form. What composing makes and performing reads.

Knows nothing of seconds, samples or MIDI bytes. A tick is 1/480 of a quarter note.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from hausmusik.engines.composer.theory import Chord, Key

QUARTER: Final = 480
EIGHTH: Final = 240
SIXTEENTH: Final = 120

Cadence: TypeAlias = Literal["intro", "open", "close", "contrast", "loop", "final"]
"""How a phrase is harmonised and where it leads."""
Role: TypeAlias = Literal["melody", "chords", "pad", "bass", "colour", "drums"]


class Metre(msgspec.Struct, frozen=True):
    """A time signature.

    Args:
        beats: Upper number.
        unit: Lower number: 4 or 8.
    """

    beats: int
    unit: int

    @property
    def bar(self) -> int:
        """Ticks per bar."""
        return self.beats * 4 * QUARTER // self.unit

    @property
    def beat(self) -> int:
        """Ticks per felt beat: a dotted quarter in 6/8 and its kin."""
        return 3 * EIGHTH if self.unit == 8 and self.beats % 3 == 0 else 4 * QUARTER // self.unit

    @property
    def eighths(self) -> int:
        """Eighth notes per bar."""
        return self.bar // EIGHTH


class Note(msgspec.Struct, frozen=True, order=True):
    """One written note: ticks, ticks, MIDI key, velocity 1 to 127."""

    start: int
    length: int
    key: int
    velocity: int

    @property
    def end(self) -> int:
        """First tick after it."""
        return self.start + self.length


class Slot(msgspec.Struct, frozen=True):
    """A chord and when it holds."""

    start: int
    length: int
    chord: Chord

    @property
    def end(self) -> int:
        """First tick after it."""
        return self.start + self.length


class Phrase(msgspec.Struct, frozen=True):
    """A musical sentence of up to four bars.

    Args:
        letter: `intro`, `A`, `B`, `C`, `D` (interlude), `coda`.
        variation: 0 when its letter is heard for the first time in its chapter, then 1, 2 …
        chapter: Phrases of one chapter share their themes.
        start: Ticks.
        length: Ticks.
        intensity: 0 to 1: how many layers play, how loud.
        cadence: How it ends.
        key: Its tonal centre.
        slots: Its chords.
    """

    letter: str
    variation: int
    chapter: int
    start: int
    length: int
    intensity: float
    cadence: Cadence
    key: Key
    slots: tuple[Slot, ...] = ()

    @property
    def end(self) -> int:
        """First tick after it."""
        return self.start + self.length


class Part(msgspec.Struct, frozen=True):
    """What one player plays.

    Args:
        name: Unique in the piece.
        instrument: Id in the table of instruments.
        role: What it does.
        notes: Sorted.
        swells: `(tick, decibels)` of slow dynamics, straight between.
        level_db: Its place in the balance; 0 is a leading voice.
        send_db: Its distance: level into the room.
        pan: -1 to 1.
        tightness: 0 (free) to 1 (machine): how closely it keeps time.
    """

    name: str
    instrument: str
    role: Role
    notes: tuple[Note, ...]
    swells: tuple[tuple[int, float], ...] = ()
    level_db: float = 0.0
    send_db: float = 0.0
    pan: float = 0.0
    tightness: float = 0.5


class Piece(msgspec.Struct, frozen=True):
    """A whole piece.

    Args:
        title: For people.
        key: Home.
        metre: Time signature.
        tempo: `(quarter notes from the start, beats per minute)`.
        phrases: In order, with chords.
        parts: In score order.
        final: Tick of the last chord.
        duration_s: Exact length of the recording.
        lead_s: Silence before the first note.
        swing: Where the second half of a swung pair falls, 0.5 (straight) to 0.67.
        swing_unit: Length of a swung pair in ticks.
        room: Name of the room.
    """

    title: str
    key: Key
    metre: Metre
    tempo: tuple[tuple[float, float], ...]
    phrases: tuple[Phrase, ...]
    parts: tuple[Part, ...]
    final: int
    duration_s: float
    lead_s: float
    swing: float = 0.5
    swing_unit: int = QUARTER
    room: str = "chamber"
