"""Fits a form to a duration: how many bars, in which phrases, at which exact tempo, and how long the last chord rings.

The piece is `bars + ringing last chord`, to the sample. The tempo may move by up to 6 % (by nothing, where a person
named it), whole phrases are preferred to odd bars, and even very short pieces begin and end: a two-second piece is an
upbeat and a chord. Knows nothing of chords and instruments.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

from hausmusik.engines.composer.dice import Dice
from hausmusik.engines.composer.piece import Cadence, Metre, Phrase
from hausmusik.engines.composer.theory import Key

TEMPO_TOLERANCE: Final = 0.06
PHRASE_BARS: Final = 4
LONGEST_RING_S: Final = 4.5
"""No last chord is wished longer: what follows it is waiting."""
_FADING_S: Final = 0.6
_TEMPO_STEPS: Final = tuple(step / 100 for step in range(-6, 7))
_LETTERS: Final[dict[int, str]] = {
    1: "A",
    2: "AA",
    3: "ABA",
    4: "AABA",
    5: "AABBA",
    6: "AABBAA",
    7: "AABABAA",
    8: "AABACCAA",
}
_RELATED_OF_MAJOR: Final = ((7, "major"), (5, "major"), (9, "minor"), (2, "major"))
_RELATED_OF_MINOR: Final = ((3, "major"), (5, "minor"), (7, "minor"), (8, "major"))


class Fit(msgspec.Struct, frozen=True):
    """The numbers of a form.

    Args:
        bars: Whole bars before the last chord; 0 in very short pieces.
        upbeat: Ticks before the last chord where there is no whole bar.
        bpm: Exact tempo, in quarter notes.
        ring_s: From the last chord to the end.
        tempo: Tempo map, a slowing at the end included.
        lead_s: Silence before the first note.
    """

    bars: int
    upbeat: int
    bpm: float
    ring_s: float
    tempo: tuple[tuple[float, float], ...]
    lead_s: float


def fit(
    duration_s: float,
    bpm: float,
    metre: Metre,
    *,
    is_given: bool,
    ring_bars: float = 1.2,
    slowing: float = 0.0,
    longest_ring_s: float = LONGEST_RING_S,
) -> Fit:
    """Return the best form for a duration.

    Args:
        duration_s: Exact length, above 0.
        bpm: Wished tempo in quarter notes per minute.
        metre: Time signature.
        is_given: A person named the tempo: keep it exactly, and let the last chord take up the difference.
        ring_bars: How long the last chord should ring.
        slowing: How much longer the very last beat is than the others, e.g. 0.2.
        longest_ring_s: How long the instruments can be heard after the last chord is struck.
    """
    lead_s = min(0.05, duration_s * 0.04)
    room_s = duration_s - lead_s
    bar_s = metre.bar / 480 * 60.0 / bpm
    least_ring_s = min(1.4, 0.5 * room_s)
    longest_s = min(longest_ring_s + _FADING_S, LONGEST_RING_S)
    wished_s = min(max(bar_s * ring_bars, 2.4), longest_s, max(least_ring_s, 0.26 * room_s))
    best: tuple[float, Fit] | None = None
    for bars in range(1, int(room_s / (bar_s * (1 - TEMPO_TOLERANCE))) + 1):
        for step in (0.0,) if is_given else _TEMPO_STEPS:
            tempo = bpm * (1 + step)
            changes = _tempo_map(tempo, bars * metre.bar, metre, slowing if bars >= PHRASE_BARS else 0.0)
            ring_s = room_s - _seconds(changes, bars * metre.bar)
            if ring_s < least_ring_s:
                continue
            cost = abs(math.log(ring_s / wished_s)) * 1.6 + abs(step) / TEMPO_TOLERANCE * 0.35
            cost += 0.0 if bars % 8 == 0 else 0.1 if bars % 4 == 0 else 0.25 if bars % 2 == 0 else 0.5
            cost += 3.0 if ring_s > max(9.0, 1.2 * bar_s) else 0.0
            if best is None or cost < best[0]:
                best = cost, Fit(bars, 0, tempo, ring_s, changes, lead_s)
    if best is not None:
        return best[1]
    beat = metre.beat
    beats = int((room_s - least_ring_s) / (beat / 480 * 60.0 / bpm))
    upbeat = beats * beat
    ring_s = room_s - upbeat / 480 * 60.0 / bpm
    return Fit(0, upbeat, bpm, ring_s, ((0.0, bpm),), lead_s)


def _tempo_map(bpm: float, end: int, metre: Metre, slowing: float) -> tuple[tuple[float, float], ...]:
    """Return the tempo map with a slowing over the last bar and a half; every beat is a little longer than the last."""
    if not slowing:
        return ((0.0, bpm),)
    beats = max(2, round(metre.bar * 1.5 / metre.beat))
    changes = [(0.0, bpm)]
    for index in range(beats):
        share = ((index + 1) / beats) ** 1.6
        changes.append(((end - (beats - index) * metre.beat) / 480, bpm / (1 + slowing * share)))
    changes.append((end / 480, bpm))
    return tuple(changes)


def _seconds(changes: tuple[tuple[float, float], ...], end: int) -> float:
    total = 0.0
    places = [*changes[1:], (end / 480, 0.0)]
    for (here, bpm), (there, _) in zip(changes, places, strict=True):
        total += (min(there, end / 480) - here) * 60.0 / bpm
    return total


def phrases(fitted: Fit, metre: Metre, key: Key, energy: float, dice: Dice) -> tuple[Phrase, ...]:
    """Return the phrases of a form, without chords yet.

    Args:
        fitted: From `fit`.
        metre: Time signature.
        key: Home.
        energy: 0 to 1; how high the loudest phrase rises.
        dice: Decides intro, coda and keys.
    """
    if not fitted.bars:
        if not fitted.upbeat:
            return ()
        return (Phrase("A", 0, 0, 0, fitted.upbeat, 0.6, "final", key),)
    if fitted.bars < PHRASE_BARS:
        return (Phrase("A", 0, 0, 0, fitted.bars * metre.bar, 0.6, "final", key),)
    intro, body, coda = _divide(fitted.bars, dice)
    plan: list[tuple[str, int, int, int, float, Cadence, Key]] = []
    if intro:
        plan.append(("intro", 0, 0, intro, 0.2, "intro", key))
    chapters = _chapters(body // PHRASE_BARS)
    for number, letters in enumerate(chapters):
        home = _key_of(number, len(chapters), key, dice)
        plan.extend(_chapter(letters, number, number == len(chapters) - 1, home))
    if coda:
        plan.append(("coda", 0, len(chapters) - 1, coda, 0.3, "final", key))
    return tuple(_placed(plan, metre, energy, has_coda=bool(coda)))


def _divide(bars: int, dice: Dice) -> tuple[int, int, int]:
    """Return bars of intro, body (a multiple of four) and coda."""
    wished_intro = 0 if bars < 8 else dice.choice((0, 2, 2, 4)) if bars < 20 else dice.choice((2, 2, 4))
    best = (math.inf, 0, bars, 0)
    for intro in (0, 1, 2, 3, 4):
        for coda in (0, 1, 2, 3, 4):
            body = bars - intro - coda
            if body < PHRASE_BARS or body % PHRASE_BARS:
                continue
            cost = abs(intro - wished_intro) * 0.4 + coda * 0.3 + (0.8 if intro in {1, 3} else 0) + (coda == 3) * 0.5
            cost += 1.2 if bars < 20 and intro * 5 > bars else 0.0  # the theme is what people wait for
            cost += 2.0 if bars < 12 and intro + coda > 3 else 0.0
            if cost < best[0]:
                best = (cost, intro, body, coda)
    return best[1], best[2], best[3]


def _chapters(count: int) -> list[str]:
    """Return the letters of each chapter; long pieces have several chapters of four to eight phrases."""
    if count <= 8:
        return [_LETTERS[count]]
    number = max(2, -(-count // 8))
    sizes = [count // number + (1 if index < count % number else 0) for index in range(number)]
    # A chapter after the first begins with an interlude, which is a breath for the listener.
    return [_LETTERS[sizes[0]], *("D" + _LETTERS[size - 1] for size in sizes[1:])]


def _key_of(number: int, count: int, home: Key, dice: Dice) -> Key:
    """Return the key of a chapter: home at both ends and every second time, near relatives between."""
    if number % 2 == 0 or number == count - 1:
        return home
    semitones, mode = dice.fork("key", number).choice(_RELATED_OF_MINOR if home.is_minor else _RELATED_OF_MAJOR)
    if home.mode not in {"major", "minor"}:  # church modes keep their colour
        semitones, mode = (5 if number % 4 == 1 else 7), home.mode
    return home.moved(semitones, mode)


def _chapter(
    letters: str, number: int, is_last: bool, key: Key
) -> list[tuple[str, int, int, int, float, Cadence, Key]]:
    """Return one chapter's phrases with their intensity, rising to about two thirds and falling a little."""
    plan: list[tuple[str, int, int, int, float, Cadence, Key]] = []
    seen: dict[str, int] = {}
    count = len(letters)
    top = max(1.0, round(0.68 * (count - 1)))
    for index, letter in enumerate(letters):
        variation = seen.get(letter, -1) + 1
        seen[letter] = variation
        rise = index / top if index <= top else 1.0 - 0.4 * (index - top) / max(1.0, count - 1 - top)
        intensity = 0.6 if count == 1 else 0.42 + 0.58 * rise
        cadence: Cadence = "contrast" if letter in "BC" else "open" if variation % 2 == 0 else "close"
        if letter == "D":
            intensity, cadence = 0.22, "loop"
        if index == count - 1:
            cadence = "final" if is_last else "close"
        elif letters[index + 1] != letter and letter == "A":
            cadence = "close"
        plan.append((letter, variation, number, PHRASE_BARS, intensity, cadence, key))
    return plan


def _placed(
    plan: list[tuple[str, int, int, int, float, Cadence, Key]], metre: Metre, energy: float, *, has_coda: bool
) -> list[Phrase]:
    placed: list[Phrase] = []
    start = 0
    chapters = max(entry[2] for entry in plan) + 1
    for index, (letter, variation, chapter, bars, intensity, cadence, key) in enumerate(plan):
        if has_coda and index == len(plan) - 2 and cadence == "final":
            cadence = "close"  # noqa: PLW2901 - the coda takes the final cadence over
        weight = 0.85 + 0.15 * (chapter + 1) / chapters
        scaled = max(0.12, min(1.0, intensity * weight * (0.52 + 0.66 * energy)))
        length = bars * metre.bar
        placed.append(Phrase(letter, variation, chapter, start, length, scaled, cadence, key))
        start += length
    return placed
