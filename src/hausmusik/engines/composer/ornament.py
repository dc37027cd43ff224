"""Ornaments of a melody: passing notes, neighbours, and the notes that lean on a strong beat before they resolve.

A line that has nothing but chord notes on its strong beats is correct and stiff. A suspension holds over the note
before; an appoggiatura comes from near; both fall by a step into the note they replace, and beat against nothing held.
Knows nothing of themes and ranges.

Source: W. Piston, "Harmony", chapter 8 (nonharmonic tones).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from hausmusik.engines.composer.dice import Dice
from hausmusik.engines.composer.melody import Line, slot_at
from hausmusik.engines.composer.piece import EIGHTH, QUARTER, SIXTEENTH, Metre, Phrase
from hausmusik.engines.composer.theory import Chord
from hausmusik.engines.composer.voicing import clashes

_SUSPENDED: Final = 2.5
"""How much more often a suspension is written than an appoggiatura: it prepares itself."""
_NEAR: Final = 4
"""Semitones from which an appoggiatura may be reached."""


def lean(line: Line, phrase: Phrase, metre: Metre, around: Sequence[Collection[int]], share: float, dice: Dice) -> Line:
    """Return a line in which some strong notes come a beat late, after their upper neighbour.

    Args:
        line: The melody.
        phrase: Where it stands.
        metre: Time signature.
        around: Keys that others hold, per chord of the phrase.
        share: How many of the places for an appoggiatura are used, 0 to 1.
        dice: Chooses them; the same dice choose the same places.
    """
    out: list[tuple[int, int, int]] = []
    last = phrase.start - 2 * metre.bar
    strong = metre.bar // 2 if metre.beats % 2 == 0 else metre.bar
    for index, (start, length, key) in enumerate(line):
        before = line[index - 1] if index else None
        upper = _leaning(start, key, phrase, around) if (start - phrase.start) % strong == 0 else 0
        is_soon = start - last < 2 * metre.bar
        if not upper or length < QUARTER or is_soon or before is None or before[0] + before[1] < start:
            out.append((start, length, key))
            continue
        wish = _SUSPENDED * share if before[2] == upper else share if abs(before[2] - upper) <= _NEAR else 0.0
        if not dice.fork(start - phrase.start).chance(wish):
            out.append((start, length, key))
            continue
        last = start
        late = min(QUARTER, length // 2 // EIGHTH * EIGHTH)
        out.append((start, late, upper))
        out.append((start + late, length - late, key))
    return tuple(out)


def _leaning(start: int, key: int, phrase: Phrase, around: Sequence[Collection[int]]) -> int:
    """Return the upper neighbour that may stand for a chord note, or 0."""
    chord: Chord = slot_at(phrase.slots, start).chord
    if key % 12 not in chord.tones:
        return 0
    upper = next((note for note in (key + 1, key + 2) if note % 12 in chord.scale), 0)
    held = [keys for slot, keys in zip(phrase.slots, around, strict=False) if slot.start <= start < slot.end]
    if upper % 12 in chord.tones or any(clashes(upper, keys) for keys in held):
        return 0
    return upper


def embellish(line: Line, phrase: Phrase, amount: float, dice: Dice) -> Line:
    """Return a line with passing notes put between thirds and neighbours into long notes.

    Args:
        line: The melody.
        phrase: Where it stands.
        amount: Share of the places that are used, 0 to 1.
        dice: Chooses them.
    """
    out: list[tuple[int, int, int]] = []
    for index, (start, length, key) in enumerate(line):
        after = line[index + 1] if index + 1 < len(line) else None
        half = length // 2 // SIXTEENTH * SIXTEENTH
        is_joined = after is not None and after[0] == start + length
        if after is None or not is_joined or half < 2 * SIXTEENTH or not dice.chance(amount):
            out.append((start, length, key))
            continue
        scale = slot_at(phrase.slots, start + half).chord.scale
        low, high = sorted((key, after[2]))
        between = [note for note in range(low + 1, high) if note % 12 in scale]
        if 3 <= high - low <= 4 and between:
            extra = between[len(between) // 2]
        elif key == after[2] and length >= 4 * SIXTEENTH:
            extra = next(note for note in range(key + 1, key + 4) if note % 12 in scale)
        else:
            out.append((start, length, key))
            continue
        out.append((start, half, key))
        out.append((start + half, length - half, extra))
    return tuple(out)
