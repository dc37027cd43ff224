"""Voice leading: finds for a row of chords the voicings that move least and break no rule, by dynamic programming.

Rules are soft and weighed: missing thirds, doubled leading notes, muddy low intervals, semitones (within the chord and
against what others hold), parallel fifths and octaves, leaps. Knows nothing of rhythm and instruments.

Source: the rules are those of any harmony textbook, e.g. W. Piston, "Harmony", chapters 2 to 4.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from hausmusik.engines.composer.theory import Chord, within

Voicing: TypeAlias = tuple[int, ...]
"""MIDI keys, ascending."""
Costs: TypeAlias = npt.NDArray[np.float64]
_MOST_CANDIDATES: Final = 48
_PERFECT: Final = (0, 7)
_SEMITONE: Final = 9.0
"""Cost of two notes of one chord a semitone apart: a major seventh is spread instead, or a note is left out."""
_NINTH: Final = 3.5
_FOREIGN_SEMITONE: Final = 5.0
_HARSH: Final = frozenset({1, 13})
"""Semitones between notes that beat against each other: a minor second and a minor ninth."""


def lead(
    chords: list[Chord],
    low: int,
    high: int,
    voices: int,
    *,
    rooted: bool = False,
    around: Sequence[Collection[int]] = (),
) -> list[Voicing]:
    """Return one voicing per chord, ascending MIDI keys, each of `voices` notes where the range allows it.

    Args:
        chords: In order.
        low: Lowest key.
        high: Highest key.
        voices: How many notes, 1 or more.
        rooted: The lowest note is to be the chord's bass (for a part that plays alone).
        around: Keys that others hold at each chord.
    """
    if not chords:
        return []
    others = around or [()] * len(chords)
    # Chords come back: an hour of pads has 900, of which 30 differ, and would otherwise take 17 s instead of 0.5 s.
    at = [(chord, frozenset(keys)) for chord, keys in zip(chords, others, strict=True)]
    known = {place: _candidates(place[0], low, high, voices, place[1], rooted=rooted) for place in dict.fromkeys(at)}
    moves = {
        (before, after): _transition(known[before][0], known[after][0])
        for before, after in dict.fromkeys(itertools.pairwise(at))
    }
    layers = [known[place] for place in at]
    total = layers[0][1].copy()
    back: list[npt.NDArray[np.int64]] = []
    for before, after in itertools.pairwise(at):
        cost = total[:, None] + moves[before, after]
        back.append(np.argmin(cost, axis=0))
        total = np.min(cost, axis=0) + known[after][1]
    place = int(np.argmin(total))
    path = [place]
    for pointers in reversed(back):
        place = int(pointers[place])
        path.append(place)
    return [tuple(int(key) for key in layer[0][index]) for layer, index in zip(layers, reversed(path), strict=True)]


def clashes(key: int, around: Collection[int]) -> int:
    """Return how many of the keys held by others are a semitone or a minor ninth away from a key."""
    return sum(abs(key - other) in _HARSH for other in around)


def clear_of(keys: list[int], around: Collection[int]) -> list[int]:
    """Return the keys that beat against nothing held by others; all of them where none is clear."""
    return [key for key in keys if not clashes(key, around)] or keys


def _candidates(
    chord: Chord, low: int, high: int, voices: int, around: Collection[int], *, rooted: bool
) -> tuple[npt.NDArray[np.int64], Costs]:
    """Return the best voicings of a chord, shape `(n, voices)`, and what each costs by itself."""
    keys = within(chord.tones, low, high)
    count = max(1, min(voices, len(keys)))
    middle = (low + high) / 2.0
    foreign = {key: _FOREIGN_SEMITONE * clashes(key, around) for key in keys}
    scored: list[tuple[float, Voicing]] = []
    for combination in itertools.combinations(keys, count):
        if combination[-1] - combination[0] > 12 * max(1, count // 2) + 7:
            continue
        own = _own_cost(combination, chord, middle, rooted=rooted)
        scored.append((own + sum(foreign[key] for key in combination), combination))
    scored.sort()
    best = scored[:_MOST_CANDIDATES]
    return np.array([keys for _, keys in best], np.int64), np.array([cost for cost, _ in best])


def _own_cost(keys: Voicing, chord: Chord, middle: float, *, rooted: bool) -> float:
    classes = [key % 12 for key in keys]
    cost = 0.06 * abs(sum(keys) / len(keys) - middle)
    weights = (1.0, 4.0, 0.7, 2.0, 1.2)  # root, third, fifth, seventh, ninth
    for tone, weight in zip(chord.tones, weights, strict=False):
        cost += weight if tone not in classes else 0.0
    third = chord.tones[1]
    leading = (chord.key.tonic + 11) % 12
    cost += 0.6 * max(0, classes.count(third) - 1)
    cost += 2.5 * max(0, classes.count(leading) - 1) if chord.is_dominant else 0.0
    if rooted:
        cost += 14.0 if classes[0] != chord.bass else 0.0
    elif len(keys) > 3 and classes[0] == chord.bass:
        cost += 0.2
    lowest = min(keys)
    for below, above in itertools.pairwise(keys):
        gap = above - below
        cost += 0.12 * max(0, gap - 8) if above > lowest else 0.0
        cost += _SEMITONE if gap == 1 else 0.15 if gap == 2 else 0.0
        cost += 1.5 if below < 50 and gap < 5 else 0.6 if below < 55 and gap < 3 else 0.0
    return cost + _NINTH * sum(above - below == 13 for below, above in itertools.combinations(keys, 2))


def _transition(before: npt.NDArray[np.int64], after: npt.NDArray[np.int64]) -> Costs:
    """Return what it costs to go from each voicing to each next one; shape `(n, m)`."""
    voices = min(before.shape[1], after.shape[1])
    old, new = before[:, :voices], after[:, :voices]
    moves = new[None, :, :] - old[:, None, :]
    size = np.abs(moves)
    cost = 0.16 * size.sum(axis=2) + 0.25 * np.maximum(size - 4, 0).sum(axis=2) + 0.1 * size[:, :, -1]
    for lower, upper in itertools.combinations(range(voices), 2):
        was = (old[:, upper] - old[:, lower]) % 12
        becomes = (new[:, upper] - new[:, lower]) % 12
        for interval in _PERFECT:
            same = (was == interval)[:, None] & (becomes == interval)[None, :]
            cost += 1.8 * (same & (moves[:, :, lower] != 0) & (moves[:, :, lower] * moves[:, :, upper] > 0))
    return cost
