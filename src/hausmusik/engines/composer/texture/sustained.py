"""Held harmony: pads, drones, chorales. Common tones are tied, as players would."""

from __future__ import annotations

from hausmusik.engines.composer.piece import EIGHTH, QUARTER, Note
from hausmusik.engines.composer.texture.scene import Scene
from hausmusik.engines.composer.theory import within


def sustain(scene: Scene) -> list[Note]:
    """Hold each chord; a voice that keeps its key is tied over instead of struck again."""
    notes: list[Note] = []
    open_notes: dict[int, tuple[int, int]] = {}
    for slot, voicing, _ in scene.slots():
        for key in [key for key in open_notes if key not in voicing]:
            start, end = open_notes.pop(key)
            notes.append(scene.note(start, end - start, key))
        for key in voicing:
            start = open_notes[key][0] if key in open_notes else slot.start
            if slot.end - start > 6 * scene.metre.bar:  # bows and lungs are not endless
                notes.append(scene.note(start, slot.start - start, key))
                start = slot.start
            open_notes[key] = (start, slot.end)
    notes.extend(scene.note(start, end - start, key) for key, (start, end) in open_notes.items())
    return sorted(notes)


def chorale(scene: Scene) -> list[Note]:
    """Strike every chord anew, all voices together, with a breath at the end of the phrase."""
    notes: list[Note] = []
    for slot, voicing, _ in scene.slots():
        breath = EIGHTH if slot.end == scene.phrase.end else EIGHTH // 6
        notes.extend(scene.note(slot.start, slot.length - breath, key) for key in voicing)
    return notes


def drone(scene: Scene) -> list[Note]:
    """Hold the tonic and, when it is loud, its fifth under everything."""
    tonic = within((scene.phrase.key.tonic,), scene.low, scene.high)
    if not tonic:
        return []
    keys = [tonic[0]]
    if scene.phrase.intensity > 0.45 and tonic[0] + 7 <= scene.high:
        keys.append(tonic[0] + 7)
    return [scene.note(scene.phrase.start, scene.phrase.length, key) for key in keys]


def cluster(scene: Scene) -> list[Note]:
    """Let close, dissonant voices swell in the second half of every other bar: nothing moves, yet something may."""
    notes: list[Note] = []
    for number, (start, length) in enumerate(scene.bars()):
        slot, voicing = scene.slot_at(start)
        if not voicing:
            continue
        top = voicing[-1]
        keys = [top]
        if scene.fresh.chance(0.35 + 0.5 * scene.phrase.intensity):
            keys.append(top - 1 if (top - 1) % 12 in slot.chord.scale else top - 2)
        if number % 2 == 1 and scene.phrase.intensity > 0.5:
            keys.append(top - 6)
        notes.extend(scene.note(start, length, key) for key in keys if key >= scene.low)
    return _tied(notes)


def _tied(notes: list[Note]) -> list[Note]:
    tied: list[Note] = []
    for note in sorted(notes, key=lambda each: (each.key, each.start)):
        last = tied[-1] if tied else None
        if last is not None and last.key == note.key and last.end == note.start:
            tied[-1] = Note(last.start, last.length + note.length, last.key, last.velocity)
        else:
            tied.append(note)
    return sorted(tied)


def half_notes(scene: Scene) -> list[Note]:
    """Hold chords, struck anew every half bar once the music is loud: slow string harmony that breathes."""
    if scene.phrase.intensity < 0.6 or scene.metre.bar % (2 * QUARTER):
        return sustain(scene)
    notes: list[Note] = []
    for slot, voicing, _ in scene.slots():
        step = max(scene.metre.bar // 2, QUARTER)
        for start in range(slot.start, slot.end, step):
            length = min(step, slot.end - start)
            notes.extend(scene.note(start, length - 20, key, 0.2 if start == slot.start else 0.0) for key in voicing)
    return notes
