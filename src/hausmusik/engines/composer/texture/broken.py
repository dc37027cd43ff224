"""Broken chords: piano and harp arpeggios, Alberti figures, finger picking, rolls, fast synthesizer arpeggios."""

from __future__ import annotations

from typing import Final

from hausmusik.engines.composer.piece import EIGHTH, QUARTER, SIXTEENTH, Note, Slot
from hausmusik.engines.composer.texture.scene import Scene
from hausmusik.engines.composer.theory import nearest
from hausmusik.engines.composer.voicing import Voicing

_FIGURES: Final = (
    (0, 1, 2, 3, 2, 1, 2, 1),
    (0, 2, 1, 3, 2, 3, 1, 2),
    (0, 1, 3, 1, 2, 1, 3, 1),
    (0, 2, 3, 2, 1, 2, 3, 2),
    (0, 1, 2, 3, 3, 2, 1, 2),
)
_SLOW_FIGURES: Final = ((0, 2, 3, 2), (0, 1, 3, 2), (0, 2, 1, 3), (0, 3, 2, 1))
_SLOW_WALTZ_FIGURES: Final = ((0, 2, 3), (0, 3, 2), (0, 1, 2))
_WALTZ_FIGURES: Final = ((0, 1, 2, 3, 2, 1), (0, 2, 1, 3, 2, 3), (0, 1, 2, 1, 3, 1))
_PICKING: Final = (
    # thumb on the beats (bass and its fifth), fingers between them; -1 is a rest
    ((0, -1, 1, 3, 0, 2, 1, -1), (-1, 3, -1, -1, -1, -1, -1, 2)),
    ((0, 2, 1, 3, 0, 2, 1, 3), (-1,) * 8),
    ((0, 3, 1, 2, 0, 3, 1, 2), (-1,) * 8),
    ((0, -1, 1, 2, 0, 3, 1, 2), (3,) + (-1,) * 7),
)
_WALTZ_PICKING: Final = (((0, 2, 3, 2, 3, 2), (-1,) * 6), ((0, -1, 2, 3, 2, 3), (-1,) * 6))


def arpeggio(scene: Scene) -> list[Note]:
    """Play one chord note after the other under a held pedal; in quarters while it is quiet, then in eighths."""
    notes: list[Note] = []
    slow = scene.phrase.intensity < 0.3 + 0.2 * (0.5 - scene.density) and scene.metre.unit == 4
    in_three = scene.metre.bar == 3 * QUARTER
    figures = (_SLOW_WALTZ_FIGURES if in_three else _SLOW_FIGURES) if slow else _WALTZ_FIGURES if in_three else _FIGURES
    figure = figures[scene.variant % len(figures)]
    step = QUARTER if slow else EIGHTH
    for slot, voicing, _ in scene.slots():
        ladder = _ladder(voicing)
        for index, start in enumerate(range(slot.start, slot.end, step)):
            place = figure[index % len(figure)] if index else 0
            accent = 0.25 if index == 0 else -0.35 if place else -0.1
            length = slot.end - start if not scene.is_held else step
            notes.append(scene.note(start, length, ladder[place % len(ladder)], accent))
    return notes


def _ladder(voicing: Voicing) -> list[int]:
    keys = list(voicing)
    return keys if len(keys) > 1 else [keys[0], keys[0] + 7, keys[0] + 12]


def alberti(scene: Scene) -> list[Note]:
    """Play low, high, middle, high in eighths."""
    notes: list[Note] = []
    order = (0, 2, 1, 2)
    for slot, voicing, _ in scene.slots():
        ladder = _ladder(voicing)
        for index, start in enumerate(scene.eighths(slot)):
            key = ladder[order[index % 4] % len(ladder)]
            length = min(slot.end - start, EIGHTH * (2 if index % 4 == 0 else 1))
            notes.append(scene.note(start, length, key, 0.15 if index % 4 == 0 else -0.25))
    return notes


def rolled(scene: Scene) -> list[Note]:
    """Strike each chord from below, its notes a little apart, and let it ring."""
    notes: list[Note] = []
    for slot, voicing, _ in scene.slots():
        again = (
            scene.metre.bar // 2 if scene.phrase.intensity > 0.55 and slot.length >= scene.metre.bar else slot.length
        )
        for start in range(slot.start, slot.end, max(again, QUARTER)):
            keys = voicing if start == slot.start else voicing[1:]
            for index, key in enumerate(keys):
                delay = index * (14 if start == slot.start else 6)
                notes.append(scene.note(start + delay, slot.end - start - delay, key, 0.1 if index == 0 else -0.1))
    return notes


def picking(scene: Scene) -> list[Note]:
    """Pick a guitar: the thumb alternates between the root and another low string, the fingers fill the gaps."""
    notes: list[Note] = []
    patterns = _WALTZ_PICKING if scene.metre.bar == 3 * QUARTER else _PICKING
    thumb, fingers = patterns[scene.variant % len(patterns)]
    for slot, voicing, _ in scene.slots():
        ladder = _ladder(voicing)
        second = next((key for key in ladder[1:] if (key - ladder[0]) % 12 == 7), ladder[min(1, len(ladder) - 1)])
        strings = [ladder[0], second, ladder[-2], ladder[-1]]
        for index, start in enumerate(scene.eighths(slot)):
            for line in (thumb, fingers):
                place = line[index % len(line)]
                if place < 0 or (place > 1 and scene.phrase.intensity < 0.3 and index % 4 == 3):
                    continue
                length = min(slot.end - start, QUARTER * (2 if place > 1 else 1))
                notes.append(scene.note(start, length, strings[place], 0.15 if place == 0 else -0.1))
    return _without_doubles(notes)


def _without_doubles(notes: list[Note]) -> list[Note]:
    seen: dict[tuple[int, int], Note] = {(note.start, note.key): note for note in notes}
    return sorted(seen.values())


def sixteenths(scene: Scene) -> list[Note]:
    """Run up and down the chord in sixteenths, as an arpeggiator does."""
    notes: list[Note] = []
    shape = scene.variant % 3
    for slot, voicing, _ in scene.slots():
        ladder = _octaves(voicing, scene.high)
        order = ladder if shape == 0 else [*ladder, *reversed(ladder[1:-1])] if shape == 1 else ladder[::-1]
        for index, start in enumerate(range(slot.start, slot.end, SIXTEENTH)):
            if index % 4 == 3 and scene.phrase.intensity < 0.4:
                continue
            accent = 0.3 if index % 4 == 0 else 0.0 if index % 2 == 0 else -0.3
            notes.append(scene.note(start, SIXTEENTH - 10, order[index % len(order)], accent))
    return notes


def _octaves(voicing: Voicing, high: int) -> list[int]:
    ladder = sorted(set(voicing))
    if len(ladder) < 4 and ladder[0] + 12 <= high:
        ladder.append(ladder[0] + 12)
    return ladder if len(ladder) > 1 else [ladder[0], ladder[0] + 12]


def sweep(scene: Scene) -> list[Note]:
    """Sweep upwards through two octaves of the chord at the beginning of a phrase, like a harp; then rest."""
    slot = scene.phrase.slots[0]
    if scene.phrase.letter not in {"A", "B", "C"} or (scene.phrase.variation % 2 and not scene.fresh.chance(0.3)):
        return _drops(scene, slot)
    root = nearest(slot.chord.root, scene.low + 8)
    tones = sorted({(tone - slot.chord.root) % 12 for tone in slot.chord.tones})
    ladder = [root + octave * 12 + tone for octave in range(3) for tone in tones]
    ladder = [key for key in ladder if scene.low <= key <= scene.high][:10]
    notes = [
        scene.note(slot.start + index * SIXTEENTH, min(slot.length, 4 * QUARTER), key, -0.4 + 0.05 * index)
        for index, key in enumerate(ladder)
        if index * SIXTEENTH < slot.length
    ]
    return notes + _drops(scene, scene.phrase.slots[-1])


def _drops(scene: Scene, slot: Slot) -> list[Note]:
    """Answer with two falling chord notes on the last beats of a bar."""
    _, voicing = scene.slot_at(slot.start)
    if slot.length < scene.metre.bar or len(voicing) < 2:
        return []
    at = slot.start + scene.metre.bar // 2
    return [
        scene.note(at, slot.end - at, voicing[-1], -0.3),
        scene.note(at + QUARTER, slot.end - at - QUARTER, voicing[-2], -0.4),
    ]
