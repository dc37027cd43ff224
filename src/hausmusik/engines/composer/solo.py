"""One voice that is its own harmony: a melody whose long notes break into chords, as in a suite for a cello alone.

A held note is struck and then answered from below by the notes of its chord; bowed strings put a second note under the
strong ones. Knows nothing of themes: the line is given.

Source: the written-out polyphony of J. S. Bach's suites for violoncello and partita for flute.
"""

from __future__ import annotations

from typing import Final

from hausmusik.engines.composer.casting import Player
from hausmusik.engines.composer.dice import Dice
from hausmusik.engines.composer.piece import EIGHTH, QUARTER, Metre, Note, Phrase, Slot
from hausmusik.engines.composer.theory import within

_LONG: Final = 3 * EIGHTH
_STOPS: Final = range(3, 10)
"""Semitones below the melody that a hand reaches on the next string."""
_DEPTH: Final = 19


def alone(notes: list[Note], phrase: Phrase, metre: Metre, player: Player, dice: Dice) -> list[Note]:
    """Return a phrase of a melody with its harmony written into it.

    Args:
        notes: The melody, sorted.
        phrase: With chords.
        metre: Time signature.
        player: Who plays; its instrument says whether it plays double stops.
        dice: Chooses where.
    """
    written: list[Note] = []
    for index, note in enumerate(notes):
        until = notes[index + 1].start if index + 1 < len(notes) else phrase.end
        slot = next((slot for slot in phrase.slots if slot.start <= note.start < slot.end), phrase.slots[-1])
        free = min(until, slot.end) - note.start
        broken = free >= _LONG and dice.chance(0.75)
        length = min(note.length, QUARTER if free >= 2 * QUARTER else EIGHTH) if broken else note.length
        written.append(Note(note.start, length, note.key, note.velocity))
        if player.entry.double_stops and note.start % metre.beat == 0 and length >= QUARTER * 3 // 4:
            written.extend(_stop(note, length, slot))
        if broken:
            written.extend(_answer(note, length, free, slot, player, dice))
    return sorted(written)


def _stop(note: Note, length: int, slot: Slot) -> list[Note]:
    """Return the note a bow takes along on the string below."""
    reach = within(slot.chord.core, note.key - _STOPS[-1], note.key - _STOPS[0])
    below = [key for key in reach if key % 12 != note.key % 12]
    return [Note(note.start, length, below[-1], max(1, note.velocity - 12))] if below else []


def _answer(note: Note, length: int, free: int, slot: Slot, player: Player, dice: Dice) -> list[Note]:
    """Return the chord under a long note, broken in eighths from its lowest note upwards."""
    low = max(player.entry.range[0], note.key - _DEPTH)
    ladder = within(slot.chord.core, low, note.key - 1)[:4]
    if not ladder:
        return []
    turn = dice.choice((0, 0, 1))
    order = [*ladder, *ladder[-2:0:-1]]
    places = range(note.start + -(-length // EIGHTH) * EIGHTH, note.start + free, EIGHTH)
    return [
        Note(at, min(EIGHTH, note.start + free - at), order[(index + turn) % len(order)], max(1, note.velocity - 10))
        for index, at in enumerate(places)
    ]
