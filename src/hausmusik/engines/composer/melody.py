"""Writes melodies: a theme of two rhythmic cells and a cadence, then its returns, sequences and variations.

Rhythm first: cells are placed in a scheme such as a-b-a-cadence. Then pitches by dynamic programming over all notes of
a phrase: chord notes on strong beats, others only in passing, steps rather than leaps, leaps answered by steps back, a
contour with one summit, a motif whose intervals return where its rhythm returns, and an ending that fits the cadence.
Knows nothing of instruments beyond a range, nothing of loudness.

Sources for the preferences: the step and leap statistics of song in D. Huron, "Sweet Anticipation", chapter 5 (small
intervals prevail, leaps are followed by steps back); A. Schoenberg, "Fundamentals of Musical Composition", on motifs.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from hausmusik.engines.composer.dice import Dice
from hausmusik.engines.composer.piece import SIXTEENTH, Metre, Phrase, Slot
from hausmusik.engines.composer.theory import Chord, among

Cells: TypeAlias = Mapping[str, tuple[str, ...]]
"""`cells` and `closes` of one character and metre, see rhythms.toml."""
Line: TypeAlias = tuple[tuple[int, int, int], ...]
"""Notes of a melody: start and length in ticks, MIDI key."""
Model: TypeAlias = tuple[tuple[int, int, Chord], ...]
"""Notes of an earlier statement: start from the beginning of its phrase, MIDI key, the chord under it."""
Costs: TypeAlias = npt.NDArray[np.float64]

_SCHEMES: Final = ("abac", "aabc", "abbc", "aaac", "abcc")
_INTERVAL_COST: Final = (1.0, 0.0, 0.0, 0.35, 0.4, 0.9, 6.0, 1.1, 2.2, 2.0, 4.5, 6.0, 2.4)
"""By size in semitones, 0 to 12; a tritone and sevenths are not sung."""
_STEP: Final = 2
_RETURN: Final = 1.6
"""Cost per semitone away from the earlier statement where the harmony is what it was."""
_ECHO: Final = 0.35
_BEATING: Final = 3.5
"""Cost of a long or strong note a semitone or a minor ninth from a held one."""


class Beat(msgspec.Struct, frozen=True):
    """One note to be, before it has a pitch.

    Args:
        start: Ticks.
        length: Ticks.
        strength: 0 (weak) to 1 (first beat).
        cell: Which bar of the phrase it is in.
        place: How many notes came before it in that bar.
    """

    start: int
    length: int
    strength: float
    cell: int
    place: int


class Theme(msgspec.Struct, frozen=True):
    """The rhythm of a four-bar theme: one list of sixteenths per bar (rests negative) and its scheme.

    Args:
        bars: Cells `a`, `b`, `c` as lists of lengths in sixteenths.
        scheme: Which cell each bar uses.
        close: The last bar.
        summit: Where the highest note lies, 0 to 1 of the phrase.
        rise: How far the contour rises, 0 to 1 of the range.
    """

    bars: tuple[tuple[int, ...], ...]
    scheme: str
    close: tuple[int, ...]
    summit: float
    rise: float


def make_theme(cells: Cells, dice: Dice) -> Theme:
    """Return the rhythm and contour of a new theme."""
    picked = dice.shuffled(cells["cells"])[:3]
    bars = tuple(_read(cell) for cell in (picked * 3)[:3])
    return Theme(
        bars=bars,
        scheme=dice.choice(_SCHEMES),
        close=_read(dice.choice(cells["closes"])),
        summit=dice.uniform(0.3, 0.75),
        rise=dice.uniform(0.45, 0.95),
    )


def model_of(line: Line, phrase: Phrase) -> Model:
    """Return a statement as the model of later ones."""
    return tuple((start - phrase.start, key, slot_at(phrase.slots, start).chord) for start, _, key in line)


def _read(cell: str) -> tuple[int, ...]:
    return tuple(-int(token[1:]) if token.startswith("r") else int(token) for token in cell.split())


def write_line(
    theme: Theme,
    phrase: Phrase,
    metre: Metre,
    low: int,
    high: int,
    dice: Dice,
    model: Model = (),
    around: Sequence[Collection[int]] = (),
) -> Line:
    """Return the melody of a phrase.

    Args:
        theme: Its rhythm.
        phrase: With chords.
        metre: Time signature.
        low: Lowest key.
        high: Highest key.
        dice: Breaks ties; the same dice give the same melody.
        model: An earlier statement of the same theme; repeated over the same harmony, followed over another.
        around: Keys that others hold, per chord of the phrase.
    """
    beats = _beats(theme, phrase, metre)
    if not beats:
        return ()
    keys = np.arange(low, high + 1)
    targets = _contour(theme, phrase, low, high)
    guide = {start: (key, chord) for start, key, chord in model}
    local = [_local(beat, phrase, keys, targets, dice, is_last=beat is beats[-1]) for beat in beats]
    for place, beat in enumerate(beats):
        if around:
            local[place] += _against(beat, phrase, keys, around)
        wanted = guide.get(beat.start - phrase.start)
        if wanted is not None:
            key, chord = wanted
            same = chord.tones == slot_at(phrase.slots, beat.start).chord.tones
            local[place] += (_RETURN if same else _ECHO) * np.minimum(np.abs(keys - key), 8)
    first = _solve(beats, phrase, keys, local, {})
    motif = _motif(first)
    if not model and len(set(theme.scheme)) < len(theme.scheme):
        first = _solve(beats, phrase, keys, local, motif)
    return tuple((beat.start, beat.length, key) for beat, key in first)


def _beats(theme: Theme, phrase: Phrase, metre: Metre) -> list[Beat]:
    beats: list[Beat] = []
    count = -(-phrase.length // metre.bar)
    for number in range(count):
        is_close = number == count - 1 and count > 1 and phrase.cadence != "final"
        cell = theme.close if is_close else theme.bars["abc".index(theme.scheme[number % 4])]
        at = phrase.start + number * metre.bar
        place = 0
        for length in cell:
            ticks = abs(length) * SIXTEENTH
            if at >= phrase.end:
                break
            if length > 0:
                room = min(ticks, phrase.end - at)
                beats.append(Beat(at, room, _strength(at - phrase.start, metre), number, place))
                place += 1
            at += ticks
    return beats


def _strength(offset: int, metre: Metre) -> float:
    """Return how strong a position in the bar is: 1 on the first beat, 0.75 on a second strong one, down to 0."""
    inside = offset % metre.bar
    if inside == 0:
        return 1.0
    if metre.beats % 2 == 0 and inside == metre.bar // 2:
        return 0.75
    if inside % metre.beat == 0:
        return 0.5
    return 0.2 if inside % (metre.beat // 2) == 0 else 0.0


def _contour(theme: Theme, phrase: Phrase, low: int, high: int) -> tuple[float, float, float]:
    """Return the target height at the start, at the summit and at the end of a phrase, as MIDI keys."""
    span = high - low
    lift = 0.12 * (phrase.intensity - 0.5) + (0.12 if phrase.letter in "BC" else 0.0)
    start = low + span * min(0.8, 0.34 + lift)
    top = low + span * min(0.98, 0.36 + 0.5 * theme.rise + lift)
    end = low + span * (0.3 if phrase.cadence in {"close", "final"} else 0.45)
    return start, top, end


def _local(
    beat: Beat,
    phrase: Phrase,
    keys: npt.NDArray[np.int64],
    targets: tuple[float, float, float],
    dice: Dice,
    *,
    is_last: bool,
) -> Costs:
    """Return what each key costs at one note, regardless of its neighbours."""
    slot = slot_at(phrase.slots, beat.start)
    chord = slot.chord
    classes = keys % 12
    cost = np.where(among(classes, chord.scale), 0.0, 30.0)
    core, colour = among(classes, chord.core), among(classes, chord.tones)
    long = min(1.0, beat.length / (8 * SIXTEENTH))
    foreign = 0.5 + 2.2 * max(beat.strength, long)
    cost += np.where(core, 0.0, np.where(colour, 0.25 + 0.3 * long, foreign))
    above_tone = among(classes - 1, chord.core) & ~colour
    cost += np.where(above_tone, 2.0 * max(beat.strength, long), 0.0)
    if beat.start + beat.length > slot.end + SIXTEENTH:  # held into the next chord: must fit there as well
        following = slot_at(phrase.slots, slot.end)
        cost += np.where(among(classes, following.chord.tones), 0.0, 2.5)
    share = (beat.start - phrase.start) / max(1, phrase.length)
    cost += 0.045 * np.abs(keys - _height(share, targets)) ** 1.3
    cost += np.array([dice.uniform(0.0, 0.55) for _ in range(keys.size)])
    if is_last and phrase.cadence in {"close", "final"}:
        tonic = phrase.key.tonic
        wanted = (tonic, (tonic + (3 if phrase.key.is_minor else 4)) % 12)
        home = slot.chord.root == tonic
        cost += np.where(classes == tonic, 0.0, np.where(among(classes, wanted), 1.2, 6.0)) if home else 0.0
    return cost


def _against(beat: Beat, phrase: Phrase, keys: npt.NDArray[np.int64], around: Sequence[Collection[int]]) -> Costs:
    """Return what each key costs for beating against what is held while it sounds."""
    weight = max(beat.strength, min(1.0, beat.length / (8 * SIXTEENTH)))
    cost = np.zeros(keys.size)
    for slot, held in zip(phrase.slots, around, strict=True):
        if slot.start < beat.start + beat.length and beat.start < slot.end and held:
            apart = np.abs(keys[:, None] - np.fromiter(held, np.int64)[None, :])
            cost += _BEATING * weight * np.any((apart == 1) | (apart == 13), axis=1)
    return cost


def _height(share: float, targets: tuple[float, float, float], summit: float = 0.6) -> float:
    start, top, end = targets
    if share < summit:
        return start + (top - start) * math.sin(share / summit * math.pi / 2)
    return top + (end - top) * (1 - math.cos((share - summit) / (1 - summit) * math.pi / 2))


def slot_at(slots: tuple[Slot, ...], tick: int) -> Slot:
    """Return the chord that holds at a tick; the last one beyond the end."""
    return next((slot for slot in slots if slot.start <= tick < slot.end), slots[-1])


def _solve(
    beats: list[Beat],
    phrase: Phrase,
    keys: npt.NDArray[np.int64],
    local: list[Costs],
    motif: dict[tuple[int, int], int],
) -> list[tuple[Beat, int]]:
    """Return the cheapest keys for all notes."""
    steps = [_pair(beats[i], beats[i + 1], phrase, keys, motif) for i in range(len(beats) - 1)]
    return [(beat, int(keys[place])) for beat, place in zip(beats, cheapest_path(keys, local, steps), strict=True)]


def cheapest_path(keys: npt.NDArray[np.int64], local: list[Costs], steps: list[Costs]) -> list[int]:
    """Return an index into `keys` for each note: the path of least cost over pairs of neighbours.

    Args:
        keys: All keys that may be used, ascending.
        local: Cost of each key at each note, `(keys,)` each.
        steps: Cost of going from one note to the next, `(keys, keys)` each, one fewer than notes.
    """
    if len(local) == 1:
        return [int(np.argmin(local[0]))]
    recovery = _recovery(keys)
    total = local[0][:, None] + local[1][None, :] + steps[0]
    back: list[npt.NDArray[np.int64]] = []
    for index in range(2, len(local)):
        cost = total[:, :, None] + recovery
        back.append(np.argmin(cost, axis=0))
        total = np.min(cost, axis=0) + steps[index - 1] + local[index][None, :]
    one, two = divmod(int(np.argmin(total)), keys.size)
    path = [two, one]
    for pointers in reversed(back):
        one, two = int(pointers[one, two]), one
        path.append(one)
    return path[::-1]


def interval_cost(keys: npt.NDArray[np.int64]) -> Costs:
    """Return how unnatural each melodic interval is, from every key to every other; shape `(n, n)`."""
    size = np.abs(keys[None, :] - keys[:, None])
    return np.where(size <= 12, np.take(_INTERVAL_COST, np.minimum(size, 12)), 9.0)


def _pair(
    one: Beat,
    two: Beat,
    phrase: Phrase,
    keys: npt.NDArray[np.int64],
    motif: dict[tuple[int, int], int],
) -> Costs:
    """Return the cost of each interval between two neighbours; shape `(from, to)`."""
    moves = keys[None, :] - keys[:, None]
    size = np.abs(moves)
    cost = interval_cost(keys)
    gap = two.start - one.start - one.length
    if gap > 0:  # a rest forgives a leap
        cost = cost * 0.6
    tones_here = among(keys, slot_at(phrase.slots, one.start).chord.tones)
    tones_there = among(keys, slot_at(phrase.slots, two.start).chord.tones)
    cost += np.where(~tones_here[:, None] & ((size > _STEP) | (size == 0)), 2.6, 0.0)
    cost += np.where(~tones_there[None, :] & (size > _STEP), 1.8, 0.0)
    wanted = motif.get((two.cell, two.place)) if one.cell == two.cell else None
    if wanted is not None:
        cost += 0.3 * np.minimum(np.abs(moves - wanted), 6)
    return cost


def _recovery(keys: npt.NDArray[np.int64]) -> Costs:
    """Return the cost of three keys in a row; shape `(n, n, n)`."""
    first = (keys[None, :] - keys[:, None])[:, :, None]
    second = (keys[None, :] - keys[:, None])[None, :, :]
    leap = np.abs(first) >= 5
    onward = np.sign(first) == np.sign(second)
    cost = np.where(leap & onward & (np.abs(second) > _STEP), 2.2, 0.0)
    cost += np.where(leap & ~onward & (np.abs(second) <= _STEP) & (second != 0), -0.35, 0.0)
    cost += np.where((first == 0) & (second == 0), 1.2, 0.0)
    cost += np.where((first == -second) & (np.abs(first) > 0), 0.35, 0.0)
    return cost + np.where((np.abs(first) > 7) & (np.abs(second) > 7), 3.0, 0.0)


def _motif(line: list[tuple[Beat, int]]) -> dict[tuple[int, int], int]:
    """Return for every later bar the intervals of the first bar that has as many notes, by bar and place."""
    bars: dict[int, list[int]] = {}
    for beat, key in line:
        bars.setdefault(beat.cell, []).append(key)
    wanted: dict[tuple[int, int], int] = {}
    for number, notes in bars.items():
        source = next(
            (bars[other] for other in sorted(bars) if other < number and len(bars[other]) == len(notes)), None
        )
        if source is not None:
            for place in range(1, len(notes)):
                wanted[number, place] = source[place] - source[place - 1]
    return wanted
