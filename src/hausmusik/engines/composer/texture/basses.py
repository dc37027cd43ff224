"""Bass lines: roots, pedals, oom-pah, walking, grooves. They lead into the next chord."""

from __future__ import annotations

from typing import Final

from hausmusik.engines.composer.piece import EIGHTH, QUARTER, SIXTEENTH, Note
from hausmusik.engines.composer.texture.scene import Scene
from hausmusik.engines.composer.theory import nearest

_GROOVES: Final = (
    # place and length in eighths, and which note: 0 root, 1 fifth, 2 octave, 3 approach to the next root
    ((0, 3, 0), (3, 1, 0), (4, 2, 1), (7, 1, 3)),
    ((0, 2, 0), (3, 3, 0), (6, 1, 2), (7, 1, 3)),
    ((0, 3, 0), (5, 1, 1), (6, 2, 0)),
    ((0, 5, 0), (6, 1, 1), (7, 1, 3)),
)
_BOSSA: Final = ((0, 3, 0), (3, 1, 1), (4, 3, 1), (7, 1, 0))


def roots(scene: Scene) -> list[Note]:
    """Hold the bass of every chord."""
    notes: list[Note] = []
    for slot, key in zip(scene.phrase.slots, scene.bass_line(), strict=True):
        last = notes[-1] if notes else None
        if last is not None and last.key == key and last.end == slot.start and scene.is_held:
            notes[-1] = Note(last.start, last.length + slot.length, key, last.velocity)
        else:
            notes.append(scene.note(slot.start, slot.length - (20 if scene.is_held else 0), key))
    return notes


def pedal(scene: Scene) -> list[Note]:
    """Repeat the tonic quietly at the beginning of each bar, whatever the harmony does."""
    key = nearest(scene.phrase.key.tonic, scene.low + 6)
    return [scene.note(start, length, key if key >= scene.low else key + 12) for start, length in scene.bars()]


def oompah(scene: Scene) -> list[Note]:
    """Alternate root and fifth on the strong beats, short."""
    notes: list[Note] = []
    for slot, root in zip(scene.phrase.slots, scene.bass_line(), strict=True):
        fifth = root - 5 if root - 5 >= scene.low else root + 7
        beat = scene.metre.bar if scene.metre.eighths == 6 and scene.metre.unit == 4 else scene.metre.beat * 2
        beat = scene.metre.beat if scene.metre.unit == 8 else beat
        for index, start in enumerate(range(slot.start, slot.end, beat)):
            key = fifth if index % 2 and (fifth % 12) in slot.chord.tones else root
            notes.append(
                scene.note(start, min(QUARTER * 3 // 4, slot.end - start), key, 0.1 if index % 2 == 0 else -0.1)
            )
    return notes


def walking(scene: Scene) -> list[Note]:
    """Walk in quarters: root first, then chord and scale notes, the last a step from the next root."""
    notes: list[Note] = []
    last = scene.low + 7
    for slot, _, after in scene.slots():
        root = scene.bass_key(slot.chord, last)
        goal = scene.bass_key(after, root)
        beats = max(1, slot.length // QUARTER)
        path = _walk(scene, root, goal, beats, [tone % 12 for tone in slot.chord.tones], slot.chord.scale)
        for index, key in enumerate(path):
            start = slot.start + index * QUARTER
            length = QUARTER - 24 if index + 1 < beats else slot.end - start - 24
            notes.append(scene.note(start, length, key, 0.1 if index == 0 else -0.05))
            if scene.phrase.intensity > 0.5 and scene.fresh.chance(0.08):
                notes.append(scene.note(start + QUARTER - SIXTEENTH - 40, SIXTEENTH, key, -0.5))
        last = path[-1]
    return sorted(notes)


def _walk(scene: Scene, root: int, goal: int, beats: int, tones: list[int], scale: tuple[int, ...]) -> list[int]:
    """Return one key per beat from the root towards the next one."""
    if beats == 1:
        return [root]
    below_or_above = scene.fresh.choice((-1, 1, -2, 2))
    approach = goal + below_or_above
    if abs(below_or_above) == 2 and approach % 12 not in scale:
        approach = goal + (1 if below_or_above > 0 else -1)
    approach = approach if scene.low <= approach <= scene.high else goal - (1 if goal > scene.low + 1 else -1)
    path = [root]
    for index in range(1, beats - 1):
        wish = root + (approach - root) * index / (beats - 1) + scene.fresh.choice((-3, 0, 2, 4))
        options = [
            key for key in range(scene.low, scene.high + 1) if key % 12 in scale and 1 <= abs(key - path[-1]) <= 7
        ]
        options = options or [root]
        strong = index == beats // 2
        path.append(
            min(
                options,
                key=lambda key: abs(key - wish) + (3.0 if strong and key % 12 not in tones else 0.0) + key * 1e-3,
            )
        )
    path.append(approach)
    return path


def groove(scene: Scene) -> list[Note]:
    """Play a syncopated figure on root, fifth and octave, with a step into the next chord."""
    return _figured(scene, _GROOVES[scene.variant % len(_GROOVES)])


def bossa(scene: Scene) -> list[Note]:
    """Play the dotted root-and-fifth figure of a bossa nova."""
    return _figured(scene, _BOSSA)


def _figured(scene: Scene, figure: tuple[tuple[int, int, int], ...]) -> list[Note]:
    notes: list[Note] = []
    line = scene.bass_line()
    for index, (slot, _, after) in enumerate(scene.slots()):
        root = line[index]
        goal = line[index + 1] if index + 1 < len(line) else scene.bass_key(after, root)
        fifth = root + 7 if root + 7 <= scene.high else root - 5
        eighths = slot.length // EIGHTH
        for place, length, what in figure:
            if place >= eighths:
                continue
            approach = goal - 1 if (goal - 1) % 12 in slot.chord.scale else goal - 2
            if what == 3 and (goal == root or approach < scene.low):
                continue
            key = (root, fifth, root + 12 if root + 12 <= scene.high else root, approach)[what]
            start = slot.start + place * EIGHTH
            held = min(length * EIGHTH, slot.end - start) - 24
            notes.append(scene.note(start, held, key, 0.15 if place == 0 else -0.1))
    return notes


def driving(scene: Scene) -> list[Note]:
    """Repeat the root in eighths, with an octave on the last of a bar when it is loud."""
    notes: list[Note] = []
    for slot, root in zip(scene.phrase.slots, scene.bass_line(), strict=True):
        for index, start in enumerate(scene.eighths(slot)):
            if scene.phrase.intensity < 0.4 and index % 4 not in {0, 3}:
                continue
            jump = scene.phrase.intensity > 0.65 and index % 8 == 7 and root + 12 <= scene.high
            accent = 0.2 if index % 4 == 0 else -0.15
            notes.append(scene.note(start, EIGHTH - 30, root + (12 if jump else 0), accent))
    return notes


def strokes(scene: Scene) -> list[Note]:
    """Strike the tonic or dominant on timpani: at the start of the phrase, and in crescendo before the next one."""
    tonic = scene.bass_key(scene.phrase.slots[0].chord)
    notes = [scene.note(scene.phrase.start, QUARTER * 2, tonic, 0.1)]
    last_start = scene.phrase.end - scene.metre.bar
    slot, _ = scene.slot_at(last_start)
    key = scene.bass_key(slot.chord, tonic)
    if scene.phrase.intensity > 0.6:
        step = EIGHTH // 2
        count = scene.metre.bar // 2 // step
        start = scene.phrase.end - count * step
        notes.extend(scene.note(start + index * step, step, key, -1.2 + 1.2 * index / count) for index in range(count))
    elif last_start > scene.phrase.start:
        notes.append(scene.note(last_start, QUARTER * 2, key, -0.1))
    return notes


def heartbeat(scene: Scene) -> list[Note]:
    """Beat twice, like a heart, at the beginning of each bar: low and soft."""
    notes: list[Note] = []
    key = nearest(scene.phrase.key.tonic, scene.low + 6)
    key = key if key >= scene.low else key + 12
    for start, length in scene.bars():
        if length >= 2 * QUARTER:
            notes.append(scene.note(start, EIGHTH, key, 0.0))
            notes.append(scene.note(start + EIGHTH + SIXTEENTH, QUARTER, key, -0.3))
    return notes
