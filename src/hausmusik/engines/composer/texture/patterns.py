"""Small figures that repeat or echo: ostinatos, phasing cells, bells, countermelodies."""

from __future__ import annotations

from typing import Final

from hausmusik.engines.composer.piece import EIGHTH, QUARTER, SIXTEENTH, Note
from hausmusik.engines.composer.texture.scene import Scene
from hausmusik.engines.composer.theory import nearest, smooth, within
from hausmusik.engines.composer.voicing import clashes, clear_of

_OSTINATOS: Final = (
    # steps through root 0, fifth 1, octave 2, third above it 3; -1 rests
    (0, 0, 1, 0, 2, 0, 1, 0),
    (0, 1, 2, 1, 0, 1, 2, 1),
    (0, 2, 1, 2, 0, 2, 3, 2),
    (0, -1, 0, 1, 0, -1, 0, 2),
    (2, 1, 0, 1, 2, 1, 0, 1),
)
_ECHO: Final = 3 * SIXTEENTH


def ostinato(scene: Scene) -> list[Note]:
    """Drive with short eighths over root, fifth and octave."""
    notes: list[Note] = []
    figure = _OSTINATOS[scene.variant % len(_OSTINATOS)]
    if scene.metre.eighths % 4:
        figure = figure[:6]
    double = scene.phrase.intensity > 0.8 and scene.density > 0.5
    for slot, _, _ in scene.slots():
        root = nearest(slot.chord.root, scene.low + 5)
        root = root if root >= scene.low else root + 12
        third = root + 12 + (slot.chord.intervals[1] if len(slot.chord.intervals) > 2 else 7)
        ladder = (
            root,
            root + slot.chord.intervals[-1] % 12
            if len(slot.chord.intervals) == 2
            else _fifth(root, slot.chord.intervals),
            root + 12,
            third,
        )
        for index, start in enumerate(scene.eighths(slot)):
            place = figure[index % len(figure)]
            if place < 0:
                continue
            key = ladder[place] if ladder[place] <= scene.high else ladder[place] - 12
            accent = 0.35 if index % 4 == 0 else -0.2
            if double:
                notes.append(scene.note(start, SIXTEENTH - 15, key, accent))
                notes.append(scene.note(start + SIXTEENTH, SIXTEENTH - 15, key, -0.4))
            else:
                notes.append(scene.note(start, EIGHTH * 3 // 4, key, accent))
    return notes


def _fifth(root: int, intervals: tuple[int, ...]) -> int:
    return root + next((interval for interval in intervals if interval in {6, 7, 8}), 7)


def cell(scene: Scene) -> list[Note]:
    """Repeat a cell of a bar's eighths on the notes of the chord, as minimal music does."""
    return _phased(scene, shift=0)


def shifted_cell(scene: Scene) -> list[Note]:
    """Repeat the same cell one eighth further out of phase every second bar."""
    return _phased(scene, shift=1)


def _phased(scene: Scene, *, shift: int) -> list[Note]:
    count = scene.metre.eighths
    draw = scene.dice.fork("cell")  # the same draws for all layers of a chapter: see arrangement.py
    places = [draw.whole(0, 4) for _ in range(count)]
    places = [
        place if index == 0 or place != places[index - 1] else (place + 1) % 5 for index, place in enumerate(places)
    ]
    rests = set(draw.shuffled(range(1, count))[: max(1, count // 4)])
    notes: list[Note] = []
    for number, (start, length) in enumerate(scene.bars()):
        bar = scene.phrase.start // scene.metre.bar + number
        turn = shift * ((bar // 2) % count)
        for index in range(length // EIGHTH):
            at = start + index * EIGHTH
            which = (index + turn) % count
            if which in rests:
                continue
            slot, _ = scene.slot_at(at)
            ladder = clear_of(within(smooth(slot.chord.tones), scene.low, scene.high), scene.held_at(at))
            middle = max(0, len(ladder) // 2 - 2)
            key = ladder[min(len(ladder) - 1, middle + places[which])]
            accent = 0.25 if which == 0 else -0.15
            notes.append(scene.note(at, EIGHTH if scene.is_held else 2 * EIGHTH, key, accent))
    return notes


def bells(scene: Scene) -> list[Note]:
    """Drop single high notes of the chord into the gaps, few and far between."""
    notes: list[Note] = []
    for number, (start, length) in enumerate(scene.bars()):
        rests = 0.15 if number % 2 == 0 else 0.8 - 0.6 * scene.density
        if scene.dice.fork("rest", number).chance(rests):
            continue
        place = scene.dice.fork("place", number).choice((2, 4, 5, 6)) * EIGHTH
        if place >= length:
            continue
        slot, _ = scene.slot_at(start + place)
        keys = clear_of(within(slot.chord.tones, scene.low, scene.high), scene.held_at(start + place))
        key = scene.dice.fork("key", number).choice(keys[len(keys) // 3 :])
        notes.append(scene.fading(start + place, scene.metre.bar, key, -0.2))
    return notes


def echoes(scene: Scene) -> list[Note]:
    """Let bells come back twice, softer, a dotted eighth later each time."""
    notes: list[Note] = []
    for note in bells(scene):
        for repeat, accent in enumerate((-0.1, -0.9, -1.6)):
            at = note.start + repeat * _ECHO
            slot, _ = scene.slot_at(at)
            if repeat == 0 or (note.key % 12 in slot.chord.tones and not clashes(note.key, scene.held_at(at))):
                notes.append(scene.fading(at, note.length, note.key, accent))
    return notes


def figure(scene: Scene) -> list[Note]:
    """Play a little rising figure once per bar: three chord notes in eighths, then silence."""
    notes: list[Note] = []
    places = scene.dice.fork("figure").choice(((2, 3, 4), (4, 5, 6), (5, 6, 7), (1, 2, 4)))
    falling = scene.dice.fork("direction").chance(0.35)
    for number, (start, length) in enumerate(scene.bars()):
        if number % 2 and scene.density < 0.5:
            continue
        slot, voicing = scene.slot_at(start)
        keys = clear_of(within(smooth(slot.chord.tones), scene.low, scene.high), scene.held_at(start))
        keys = [key for key in keys if key > (voicing[0] if voicing else 0)]
        keys = keys[:3] if not falling else keys[:3][::-1]
        for place, key in zip(places, keys, strict=False):
            if place * EIGHTH < length:
                notes.append(scene.fading(start + place * EIGHTH, 3 * EIGHTH, key, -0.25))
    return notes


def guide_tones(scene: Scene) -> list[Note]:
    """Sing a slow second voice: the third or seventh of each chord, moving as little as possible."""
    notes: list[Note] = []
    last = (scene.low + scene.high) // 2
    for slot, _, _ in scene.slots():
        tones = slot.chord.tones
        wanted = [*tones[1:2], *tones[3:4]]
        options = within(tuple(wanted), scene.low, scene.high) or within(tones, scene.low, scene.high)
        options = clear_of(options, scene.held_at(slot.start))
        key = min(options, key=lambda option: (abs(option - last), option))
        previous = notes[-1] if notes else None
        if previous is not None and previous.key == key and previous.end == slot.start:
            notes[-1] = Note(previous.start, previous.length + slot.length, key, previous.velocity)
        else:
            notes.append(scene.note(slot.start, slot.length, key, -0.1))
        last = key
    return notes


def fragments(scene: Scene) -> list[Note]:
    """Let two or three uneasy notes fall into the silence every other bar: a chord note and its chromatic neighbour."""
    notes: list[Note] = []
    for number, (start, length) in enumerate(scene.bars()):
        draw = scene.dice.fork("fragment", number)
        if (number % 2 == 0 and draw.chance(0.5)) or length < scene.metre.bar:
            continue
        slot, _ = scene.slot_at(start)
        keys = within(slot.chord.tones, scene.low, scene.high)
        if not keys:
            continue
        key = draw.choice(keys)
        at = start + draw.choice((0, 2, 3)) * EIGHTH
        other = key + draw.choice((-1, 1, -6))
        notes.append(scene.note(at, QUARTER * 2, key, -0.1))
        notes.append(scene.note(at + QUARTER, QUARTER * 3, other if other >= scene.low else key, -0.3))
    return notes
