"""Drums: grooves of the data file, with drums joining as the music grows, and fills before new phrases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hausmusik.engines.composer.piece import QUARTER, SIXTEENTH, Note
from hausmusik.engines.composer.texture.scene import Scene

KEYS: Final[dict[str, int]] = {
    "kick": 36,
    "snare": 38,
    "rim": 37,
    "clap": 39,
    "tap": 38,
    "swirl": 40,
    "hat": 42,
    "pedal": 44,
    "open": 46,
    "ride": 51,
    "crash": 49,
    "cymbals": 59,
    "tom_high": 50,
    "tom_mid": 47,
    "tom_low": 45,
    "low_tom": 41,
    "tambourine": 54,
    "shaker": 82,
    "triangle": 81,
    "wood_high": 76,
    "wood_low": 77,
    "low": 43,
    "high": 52,
}
"""General MIDI percussion keys; `low` and `high` are keys of a tuned drum such as the taiko."""
_TURNING: Final = frozenset({"kick", "high", "tap", "rim", "wood_high"})
_LEFT_OUT: Final = 0.12
"""Share of the soft strokes that a drummer leaves out, so that no two bars are quite the same."""
_VELOCITIES: Final = {"X": 0.55, "x": 0.0, "o": -0.8, "g": -1.6}


def drums(scene: Scene, groove: Mapping[str, Any]) -> list[Note]:
    """Play a groove.

    Args:
        scene: The phrase.
        groove: One entry of drums.toml.
    """
    lines: Mapping[str, list[str]] = groove.get(f"{scene.metre.beats}/{scene.metre.unit}") or groove["4/4"]
    enter: Mapping[str, float] = groove.get("enter", {})
    notes: list[Note] = []
    if scene.phrase.letter == "D":
        return notes
    first = min(lines, key=lambda drum: enter.get(drum, 0.0))
    for drum, choices in lines.items():
        if scene.phrase.intensity < enter.get(drum, 0.0) and drum != first:  # somebody keeps time, however quiet it is
            continue
        for number, (start, length) in enumerate(scene.bars()):
            # The fourth bar of a phrase turns, with another pattern of the same groove where there is one.
            turn = 1 if number % 4 == 3 and drum in _TURNING else 0
            pattern = choices[(scene.variant + turn) % len(choices)]
            for step in range(length // SIXTEENTH):
                mark = pattern[step % len(pattern)]
                if mark == "." or (mark in "og" and scene.fresh.chance(_LEFT_OUT)):
                    continue
                notes.append(scene.note(start + step * SIXTEENTH, SIXTEENTH, KEYS[drum], _VELOCITIES[mark]))
    return sorted(_filled(scene, groove, notes))


def _filled(scene: Scene, groove: Mapping[str, Any], notes: list[Note]) -> list[Note]:
    """Replace the last beat of a phrase by a fill, and mark the first beat of a loud phrase with a cymbal."""
    fill: Mapping[str, Any] = groove.get("fill", {})
    if not fill or scene.phrase.intensity < fill["from"] or scene.phrase.length < 2 * scene.metre.bar:
        return notes
    if scene.phrase.letter in {"B", "C"} or scene.phrase.variation == 0:
        crash = KEYS["crash"]
        notes = [*notes, scene.note(scene.phrase.start, QUARTER, crash, -0.3)]
    if not scene.fresh.chance(0.6):
        return notes
    start = scene.phrase.end - QUARTER
    toms: list[str] = fill["drums"]
    kept = [note for note in notes if note.start < start or note.key == KEYS["kick"]]
    for step in range(4):
        drum = toms[min(len(toms) - 1, step * len(toms) // 4)]
        kept.append(scene.note(start + step * SIXTEENTH, SIXTEENTH, KEYS[drum], -0.6 + 0.25 * step))
    return kept
