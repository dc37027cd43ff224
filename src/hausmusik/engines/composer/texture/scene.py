"""What a texture sees: one phrase, one layer, its voicings, and small tools to write notes.

Knows nothing of other layers, of the form, or of how instruments sound.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from hausmusik.engines.composer.dice import Dice
from hausmusik.engines.composer.piece import EIGHTH, Metre, Note, Phrase, Slot
from hausmusik.engines.composer.theory import Chord, nearest, within
from hausmusik.engines.composer.voicing import Voicing, clashes


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """One layer in one phrase.

    Args:
        phrase: With chords.
        metre: Time signature.
        voicings: One per slot, led from phrase to phrase.
        around: Keys that other players hold, one set per slot.
        following: The chord after the phrase.
        low: Lowest key of the layer.
        high: Highest key.
        is_held: The instrument sounds as long as it is played; otherwise it dies away.
        density: 0 (sparse) to 1 (busy).
        dice: The layer's own, the same for every phrase of a letter in a chapter.
        fresh: Differs from phrase to phrase.
        variant: The layer's pattern, chosen once per piece; 0 or more.
    """

    phrase: Phrase
    metre: Metre
    voicings: tuple[Voicing, ...]
    around: tuple[frozenset[int], ...]
    following: Chord
    low: int
    high: int
    is_held: bool
    density: float
    dice: Dice
    fresh: Dice
    variant: int

    @property
    def loudness(self) -> int:
        """Velocity of a plain note here."""
        return round(53 + 31 * self.phrase.intensity)

    def note(self, start: int, length: int, key: int, accent: float = 0.0) -> Note:
        """Return a note; `accent` -1 to 1 makes it softer or louder than the others."""
        return Note(start, max(1, length), key, max(1, min(127, round(self.loudness + 16 * accent))))

    def slots(self) -> Iterator[tuple[Slot, Voicing, Chord]]:
        """Yield each chord with its voicing and the chord after it."""
        slots = self.phrase.slots
        for index, slot in enumerate(slots):
            after = slots[index + 1].chord if index + 1 < len(slots) else self.following
            yield slot, self.voicings[index], after

    def bars(self) -> Iterator[tuple[int, int]]:
        """Yield `(start, length)` of each bar, the last possibly incomplete."""
        for start in range(self.phrase.start, self.phrase.end, self.metre.bar):
            yield start, min(self.metre.bar, self.phrase.end - start)

    def slot_at(self, tick: int) -> tuple[Slot, Voicing]:
        """Return the chord that holds at a tick, with its voicing."""
        for slot, voicing in zip(self.phrase.slots, self.voicings, strict=True):
            if slot.start <= tick < slot.end:
                return slot, voicing
        return self.phrase.slots[-1], self.voicings[-1]

    def held_at(self, tick: int) -> frozenset[int]:
        """Return the keys that other players hold at a tick."""
        for slot, keys in zip(self.phrase.slots, self.around, strict=True):
            if slot.start <= tick < slot.end:
                return keys
        return self.around[-1] if self.around else frozenset()

    def fading(self, start: int, length: int, key: int, accent: float = 0.0) -> Note:
        """Return a note that ends with its chord where it would beat against the next one."""
        for slot, keys in zip(self.phrase.slots, self.around, strict=True):
            if start < slot.start < start + length and (key % 12 not in slot.chord.tones or clashes(key, keys)):
                return self.note(start, slot.start - start, key, accent)
        beyond = self.phrase.end
        if start < beyond < start + length and key % 12 not in self.following.tones:
            length = beyond - start
        return self.note(start, length, key, accent)

    def eighths(self, slot: Slot) -> range:
        """Return the ticks of all eighths of a chord."""
        return range(slot.start, slot.end, EIGHTH)

    def bass_line(self) -> list[int]:
        """Return one bass key per chord: the line that moves least and stays low, found over the whole phrase."""
        best: dict[int, tuple[float, list[int]]] = {}
        for slot in self.phrase.slots:
            options = within((slot.chord.bass,), self.low, self.high) or [self.low + (slot.chord.bass - self.low) % 12]
            reached: dict[int, tuple[float, list[int]]] = {}
            for key in options:
                own = 0.22 * abs(key - self.low - 9)
                if not best:
                    reached[key] = own, [key]
                    continue
                cost, path = min((cost + _leap(key - last), path) for last, (cost, path) in best.items())
                reached[key] = cost + own, [*path, key]
            best = reached
        return min(best.values())[1] if best else []

    def bass_key(self, chord: Chord, around: int | None = None) -> int:
        """Return the chord's bass note in the layer's lower half, near another key if one is given."""
        key = nearest(chord.bass, self.low + 8 if around is None else around)
        while key < self.low:
            key += 12
        while key > self.high:
            key -= 12
        return max(key, 0)


def _leap(semitones: int) -> float:
    size = abs(semitones)
    return 0.8 * size if size <= 7 else 6.0 + 1.2 * (size - 7)
