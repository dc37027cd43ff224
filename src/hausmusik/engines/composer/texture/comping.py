"""Struck chords in rhythm: blocks, pulses, off-beats, strums, and the free comping of jazz."""

from __future__ import annotations

from typing import Final

from hausmusik.engines.composer.piece import EIGHTH, QUARTER, SIXTEENTH, Note
from hausmusik.engines.composer.texture.scene import Scene

_COMPS: Final = (
    # one bar of eighths: when a chord is struck and for how many eighths it sounds
    ((0, 3), (3, 4)),
    ((1, 2), (4, 1), (7, 1)),
    ((0, 1), (3, 2), (6, 2)),
    ((3, 1), (5, 3)),
    ((0, 4), (5, 2)),
    ((2, 1), (3, 3)),
)
_LAID_BACK: Final = (((0, 5), (6, 2)), ((0, 3), (3, 5)), ((0, 8),), ((0, 6), (7, 1)))
_BOSSA: Final = ((0, 2), (3, 2), (6, 2)), ((1, 2), (4, 2), (7, 1))
_CHANKS: Final = ("..X.x.Xx..X.x.X.", "..Xx..X...Xx.xX.", ".xX...X.xxX...X.", "X..x..X...Xx..x.")
_STRUMS: Final = ("D.DU.UDU", "D..U.UD.", "D.D.DUDU", "D.DUD.DU")
_WALTZ_STRUMS: Final = ("D.D.DU", "D.DUD.")
_SIX_EIGHT_STRUMS: Final = ("D.UD.U", "D..D.U")


def block(scene: Scene) -> list[Note]:
    """Strike the chord on each beat, softer on the weak ones."""
    notes: list[Note] = []
    step = scene.metre.beat if scene.phrase.intensity > 0.4 else scene.metre.beat * 2
    for slot, voicing, _ in scene.slots():
        for start in range(slot.start, slot.end, step):
            length = min(step, slot.end - start)
            accent = 0.1 if start == slot.start else -0.2
            notes.extend(scene.note(start, length - 20, key, accent) for key in voicing)
    return notes


def pulse(scene: Scene) -> list[Note]:
    """Repeat the chord in eighths, with the accents of two and two or three, three, two."""
    notes: list[Note] = []
    accents = {0, 3, 6} if scene.variant % 2 and scene.metre.eighths == 8 else {0, 4}
    for start, length in scene.bars():
        for index in range(length // EIGHTH):
            _, voicing = scene.slot_at(start + index * EIGHTH)
            accent = 0.3 if index in accents else -0.25
            keys = voicing if index in accents or scene.phrase.intensity > 0.55 else voicing[-2:]
            notes.extend(scene.note(start + index * EIGHTH, EIGHTH * 3 // 4, key, accent) for key in keys)
    return notes


def offbeat(scene: Scene) -> list[Note]:
    """Answer the bass: short chords on the beats that it leaves free."""
    notes: list[Note] = []
    quick = scene.metre.unit == 4 and scene.metre.beats != 3 and scene.variant % 2 == 0
    for start, length in scene.bars():
        if scene.metre.beats == 3 and scene.metre.unit == 4:
            places = [QUARTER, 2 * QUARTER]
        elif scene.metre.unit == 8:
            places = [beat * scene.metre.beat + part for beat in range(2) for part in (EIGHTH, 2 * EIGHTH)]
        elif quick:
            places = [beat * QUARTER + EIGHTH for beat in range(scene.metre.beats)]
        else:
            places = [beat * QUARTER for beat in range(1, scene.metre.beats, 2)]
        for place in places:
            if place >= length:
                break
            _, voicing = scene.slot_at(start + place)
            notes.extend(scene.note(start + place, EIGHTH * 2 // 3, key, -0.15) for key in voicing)
    return notes


def comp(scene: Scene) -> list[Note]:
    """Strike chords where a jazz pianist might: off the beat, ahead of the bar, never twice the same way."""
    return _struck(scene, _COMPS, skip=0.25 - 0.2 * scene.density)


def laid_back(scene: Scene) -> list[Note]:
    """Lay each chord down on the first beat, slightly rolled, and sometimes answer it late in the bar."""
    return _struck(scene, _LAID_BACK, skip=0.0, roll=12)


def bossa(scene: Scene) -> list[Note]:
    """Play the two-bar clave figure of a bossa nova guitar."""
    return _struck(scene, _BOSSA, skip=0.0, alternate=True)


def _struck(
    scene: Scene,
    patterns: tuple[tuple[tuple[int, int], ...], ...],
    *,
    skip: float,
    roll: int = 0,
    alternate: bool = False,
) -> list[Note]:
    notes: list[Note] = []
    for number, (start, length) in enumerate(scene.bars()):
        pattern = patterns[number % len(patterns)] if alternate else scene.fresh.choice(patterns)
        for place, eighths in pattern:
            at = start + place * EIGHTH
            if place * EIGHTH >= length or scene.fresh.chance(skip):
                continue
            # The last eighth of a bar belongs to the chord it runs into.
            _, voicing = scene.slot_at(at + EIGHTH if at + EIGHTH < scene.phrase.end and place == 7 else at)
            held = min(eighths * EIGHTH, scene.phrase.end - at) - 30
            accent = 0.1 if place % 2 else -0.05
            for index, key in enumerate(voicing):
                notes.append(scene.note(at + roll * index, max(60, held - roll * index), key, accent))
    return notes


def chank(scene: Scene) -> list[Note]:
    """Scratch short chords in sixteenths, off the beat, as a funk guitar does."""
    notes: list[Note] = []
    pattern = _CHANKS[scene.variant % len(_CHANKS)]
    for start, length in scene.bars():
        for index in range(length // SIXTEENTH):
            stroke = pattern[index % len(pattern)]
            if stroke == "." or (stroke == "x" and scene.phrase.intensity < 0.35):
                continue
            at = start + index * SIXTEENTH
            _, voicing = scene.slot_at(at)
            accent = 0.2 if stroke == "X" else -0.4
            notes.extend(scene.note(at, SIXTEENTH * (5 if stroke == "X" else 3) // 6, key, accent) for key in voicing)
    return notes


def marcato(scene: Scene) -> list[Note]:
    """March in short quarters, the first and third heavy: the walk of a tango."""
    notes: list[Note] = []
    for start, length in scene.bars():
        for index in range(length // QUARTER):
            at = start + index * QUARTER
            _, voicing = scene.slot_at(at)
            accent = 0.35 if index % 2 == 0 else -0.2
            notes.extend(scene.note(at, QUARTER * 5 // 9, key, accent) for key in voicing)
    return notes


def strum(scene: Scene) -> list[Note]:
    """Strum a guitar: down on the beat through all strings, up off the beat through the upper ones."""
    notes: list[Note] = []
    choices = _SIX_EIGHT_STRUMS if scene.metre.unit == 8 else _WALTZ_STRUMS if scene.metre.eighths == 6 else _STRUMS
    pattern = choices[scene.variant % len(choices)]
    for start, length in scene.bars():
        places = [index for index in range(length // EIGHTH) if pattern[index % len(pattern)] != "."]
        for position, index in enumerate(places):
            at = start + index * EIGHTH
            stroke = pattern[index % len(pattern)]
            _, voicing = scene.slot_at(at)
            until = start + (places[position + 1] if position + 1 < len(places) else length // EIGHTH) * EIGHTH
            if scene.phrase.intensity < 0.35 and stroke == "U":
                continue
            keys = voicing if stroke == "D" else voicing[-3:][::-1]
            accent = 0.15 if index == 0 else -0.1 if stroke == "D" else -0.35
            for string, key in enumerate(keys):
                delay = string * (9 if stroke == "D" else 6)
                notes.append(scene.note(at + delay, max(60, until - at - delay), key, accent - 0.03 * string))
    return notes
