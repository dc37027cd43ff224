"""Keys, scales and chords: reads roman numerals in a key and says which notes fit a chord.

Pitch classes are 0 to 11 from C, keys are MIDI numbers, degrees count from 0. Knows nothing of time, voices or
instruments.

A numeral is `[b|#]` + `I`…`VII` (upper case: major triad, lower case: minor) + a suffix (`7`, `maj7`, `add9`, `sus4`,
`o` …) + optionally `/numeral` (as if that were the tonic: `V7/ii`), `^n` (n-th inversion) and `@n` (degree n, counted
from 1, held in the bass). In minor keys III, VI and VII stand on the natural degrees, `viio` on the raised seventh.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from hausmusik.errors import ConfigError

MODES: Final[dict[str, tuple[int, ...]]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
}
MINOR_MODES: Final = frozenset({"minor", "dorian", "phrygian"})
_FIFTHS_OF_MODE: Final = {"major": 0, "minor": -3, "dorian": -2, "phrygian": -4, "lydian": 1, "mixolydian": -1}
_SUFFIXES: Final[dict[str, tuple[tuple[int, ...], tuple[int, ...]]]] = {
    # suffix: intervals when the numeral is upper case, when it is lower case
    "": ((0, 4, 7), (0, 3, 7)),
    "5": ((0, 7), (0, 7)),
    "6": ((0, 4, 7, 9), (0, 3, 7, 9)),
    "7": ((0, 4, 7, 10), (0, 3, 7, 10)),
    "maj7": ((0, 4, 7, 11), (0, 3, 7, 11)),
    "9": ((0, 4, 7, 10, 14), (0, 3, 7, 10, 14)),
    "maj9": ((0, 4, 7, 11, 14), (0, 3, 7, 11, 14)),
    "add9": ((0, 4, 7, 14), (0, 3, 7, 14)),
    "6add9": ((0, 4, 7, 9, 14), (0, 3, 7, 9, 14)),
    "13": ((0, 4, 7, 10, 21), (0, 3, 7, 10, 21)),
    "11": ((0, 4, 7, 10, 17), (0, 3, 7, 10, 17)),
    "7b9": ((0, 4, 7, 10, 13), (0, 3, 7, 10, 13)),
    "sus2": ((0, 2, 7), (0, 2, 7)),
    "sus4": ((0, 5, 7), (0, 5, 7)),
    "7sus4": ((0, 5, 7, 10), (0, 5, 7, 10)),
    "9sus4": ((0, 5, 7, 10, 14), (0, 5, 7, 10, 14)),
    "o": ((0, 3, 6), (0, 3, 6)),
    "o7": ((0, 3, 6, 9), (0, 3, 6, 9)),
    "7b5": ((0, 4, 6, 10), (0, 3, 6, 10)),
    "+": ((0, 4, 8), (0, 4, 8)),
    "maj7#11": ((0, 4, 7, 11, 18), (0, 3, 7, 11, 18)),
}
_NUMERALS: Final = ("I", "II", "III", "IV", "V", "VI", "VII")
_GRAMMAR: Final = re.compile(
    r"(?P<shift>[b#]?)(?P<numeral>VII|VI|IV|V|III|II|I|vii|vi|iv|v|iii|ii|i)(?P<suffix>[^/^@]*)"
    r"(?:/(?P<target>[b#]?(?:VII|VI|IV|V|III|II|I|vii|vi|iv|v|iii|ii|i)))?"
    r"(?:\^(?P<inversion>\d))?(?:@(?P<pedal>[1-7]))?$"
)
_SHARP_NAMES: Final = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


class Key(msgspec.Struct, frozen=True):
    """A tonal centre.

    Args:
        tonic: Pitch class.
        mode: A name in `MODES`.
    """

    tonic: int
    mode: str

    @property
    def scale(self) -> tuple[int, ...]:
        """Pitch classes of the seven degrees."""
        return tuple((self.tonic + step) % 12 for step in MODES[self.mode])

    @property
    def is_minor(self) -> bool:
        """Whether the third above the tonic is minor."""
        return self.mode in MINOR_MODES

    @property
    def title(self) -> str:
        """For people: `D minor`, `F lydian`."""
        return f"{_SHARP_NAMES[self.tonic]} {self.mode}"

    def moved(self, semitones: int, mode: str = "") -> Key:
        """Return the key so many semitones away, in the same mode unless another is named."""
        return Key((self.tonic + semitones) % 12, mode or self.mode)

    def signature(self) -> tuple[int, bool]:
        """Return `(sharps or flats, minor)` as a MIDI file writes it."""
        fifths = (self.tonic * 7) % 12
        fifths = fifths - 12 if fifths > 6 else fifths
        sharps = fifths + _FIFTHS_OF_MODE[self.mode]
        sharps = sharps + 12 if sharps < -7 else sharps - 12 if sharps > 7 else sharps
        return sharps, self.is_minor


class Chord(msgspec.Struct, frozen=True):
    """A chord in a key.

    Args:
        numeral: As written.
        root: Pitch class.
        intervals: Semitones above the root, in thirds; the first is 0.
        bass: Pitch class of the lowest voice.
        key: Where it was read.
    """

    numeral: str
    root: int
    intervals: tuple[int, ...]
    bass: int
    key: Key

    @property
    def tones(self) -> tuple[int, ...]:
        """Its pitch classes, root first."""
        return tuple((self.root + interval) % 12 for interval in self.intervals)

    @property
    def core(self) -> tuple[int, ...]:
        """Root, third (or what stands for it) and fifth."""
        return self.tones[:3]

    @property
    def is_dominant(self) -> bool:
        """Whether it pulls to a chord a fifth below: a major third and a minor seventh, or a triad on V."""
        return {4, 10} <= set(self.intervals) or (4 in self.intervals and self.root == (self.key.tonic + 7) % 12)

    @property
    def scale(self) -> tuple[int, ...]:
        """Pitch classes that fit: the key's, each altered as the chord alters it; ascending from C."""
        notes = set(self.key.scale)
        diminished = {3, 6} <= set(self.intervals)
        # Tones that lead upwards replace the degree below them: major thirds and sevenths, raised fifths and elevenths,
        # and the roots of diminished chords. The others (borrowed from minor) replace the degree above.
        raised = {0, 4, 8, 11, 18} if diminished else {4, 8, 11, 18}
        for interval, tone in zip(self.intervals, self.tones, strict=True):
            if tone not in notes:
                notes.discard((tone - 1) % 12 if interval in raised else (tone + 1) % 12)
                notes.add(tone)
        return tuple(sorted(notes | set(self.tones)))


def read_chord(numeral: str, key: Key) -> Chord:
    """Return the chord that a roman numeral names in a key; raises ConfigError for one that cannot be read."""
    match = _GRAMMAR.match(numeral)
    if match is None or match["suffix"] not in _SUFFIXES:
        raise ConfigError(f"'{numeral}' is not a chord", hint="see the docstring of composer/theory.py")
    home = key
    if match["target"]:
        target = _root(match["target"], key)
        home = Key(target, "minor" if match["target"].lstrip("b#").islower() else "major")
    name = match["shift"] + match["numeral"]
    root = (home.tonic + 11) % 12 if name == "vii" and match["suffix"].startswith("o") else _root(name, home)
    intervals = _SUFFIXES[match["suffix"]][0 if match["numeral"].isupper() else 1]
    bass = (root + intervals[int(match["inversion"])]) % 12 if match["inversion"] else root
    if match["pedal"]:
        bass = key.scale[int(match["pedal"]) - 1]
    return Chord(numeral, root, intervals, bass, key)


def _root(name: str, key: Key) -> int:
    numeral = name.lstrip("b#")
    degree = _NUMERALS.index(numeral.upper())
    if name[0] in "b#":  # accidentals count from the major scale, whatever the mode
        return (key.tonic + MODES["major"][degree] + (1 if name[0] == "#" else -1)) % 12
    return key.scale[degree]


def nearest(pitch_class: int, around: int) -> int:
    """Return the MIDI key of a pitch class nearest to a key; the lower of two equally near."""
    up = (pitch_class - around) % 12
    return around + up if up < 6 else around + up - 12


def smooth(tones: tuple[int, ...]) -> tuple[int, ...]:
    """Return pitch classes without those a semitone from an earlier one: a broken chord of them beats nowhere."""
    kept: list[int] = []
    for tone in tones:
        if all((tone - other) % 12 not in {1, 11} for other in kept):
            kept.append(tone)
    return tuple(kept)


def within(pitch_classes: tuple[int, ...], low: int, high: int) -> list[int]:
    """Return all MIDI keys of some pitch classes from low to high, ascending."""
    wanted = set(pitch_classes)
    return [key for key in range(low, high + 1) if key % 12 in wanted]


def among(keys: npt.NDArray[np.int64], pitch_classes: Iterable[int]) -> npt.NDArray[np.bool_]:
    """Return which keys have one of some pitch classes; three times faster than `numpy.isin` for a handful of keys."""
    wanted = np.zeros(12, np.bool_)
    wanted[list(pitch_classes)] = True
    return wanted[keys % 12]


def pitch_name(key: int) -> str:
    """Return a MIDI key for people: 60 is `C4`."""
    return f"{_SHARP_NAMES[key % 12]}{key // 12 - 1}"
