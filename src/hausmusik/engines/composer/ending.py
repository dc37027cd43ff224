"""Writes the last chord: who plays what in it, so that every piece ends at home and rings out.

Knows nothing of what came before, save the notes each player played last.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Final

from hausmusik.engines.composer.casting import Player
from hausmusik.engines.composer.ensemble import Ensemble
from hausmusik.engines.composer.piece import EIGHTH, QUARTER, Note
from hausmusik.engines.composer.texture import drums
from hausmusik.engines.composer.theory import nearest, within
from hausmusik.engines.composer.voicing import Voicing

_LAST_DRUMS: Final[Mapping[str, tuple[str, ...]]] = {
    "epic": ("low",),
    "march": ("kick", "cymbals"),
    "pop": ("kick", "crash"),
    "rock": ("kick", "crash"),
    "chip": ("kick", "snare"),
    "swing": ("kick", "ride"),
    "waltz": ("triangle",),
    "playful": ("wood_low",),
    "bossa": ("kick",),
}
_PLAIN_TEXTURES: Final = frozenset({"block", "pulse", "offbeat", "comp"})
"""Textures whose chords are struck together; other struck chords are rolled."""


def last_melody(notes: list[Note], player: Player, ensemble: Ensemble) -> list[Note]:
    """End on the tonic, or on the third or fifth where that is a nearer step."""
    if not notes:
        return []
    latest = max(note.start for note in notes)
    before = max((note for note in notes if note.start == latest), key=lambda note: note.key)
    tonic, third = ensemble.last.root, ensemble.last.tones[1]
    options = {key: abs(key - before.key) for key in within((tonic,), player.low, player.high)}
    options |= {key: abs(key - before.key) + 3 for key in within((third,), player.low, player.high)}
    if not options:
        return []
    key = min(options, key=lambda each: (options[each], each))
    length = ensemble.ring if player.entry.kind == "struck" else ensemble.hold
    return _touched_again(
        [Note(ensemble.final, max(EIGHTH, length), key, max(30, before.velocity - 6))], player, ensemble
    )


def last_notes(player: Player, voicing: Voicing, notes: list[Note], ensemble: Ensemble) -> list[Note]:
    """Return what a layer plays in the final chord; only who played in the last phrases does."""
    recent = [note for note in notes if note.start >= ensemble.final - 4 * ensemble.metre.bar]
    if not recent and notes:
        return []
    loudness = round(sum(note.velocity for note in recent) / len(recent)) if recent else 60
    final, ring = ensemble.final, ensemble.ring
    held = ensemble.hold if player.entry.kind == "held" else ring
    role = player.layer.role
    if role == "drums":
        return _last_drums(player, loudness, ensemble)
    if role == "bass":
        key = nearest(ensemble.last.root, recent[-1].key if recent else player.low + 6)
        key = key + 12 if key < player.low else key - 12 if key > player.high else key
        return [Note(final, held, key, loudness)]
    if role == "colour":
        keys = within((ensemble.last.root, ensemble.last.tones[2]), player.low, player.high)
        return (
            [Note(final + min(QUARTER, ring // 8), max(EIGHTH, ring - QUARTER), keys[-1], max(20, loudness - 14))]
            if keys
            else []
        )
    if player.texture == "guide_tones":
        voicing = voicing[-1:]
    spread = 26 if player.entry.kind == "struck" and player.texture not in _PLAIN_TEXTURES else 0
    spread = min(spread, ring // 40)
    last = [
        Note(final + spread * index, max(EIGHTH, held - spread * index), key, max(25, loudness - 4))
        for index, key in enumerate(voicing)
    ]
    return _touched_again(last, player, ensemble)


def _touched_again(last: list[Note], player: Player, ensemble: Ensemble) -> list[Note]:
    """Return the last notes, and where they die away long before the end, softer once or twice more."""
    if player.entry.kind != "struck":
        return last
    places = [0, *ensemble.again, ensemble.ring]
    return [
        Note(note.start + place, max(EIGHTH, after - place), note.key, max(20, note.velocity - 9 * times))
        for times, (place, after) in enumerate(itertools.pairwise(places))
        for note in last
    ]


def _last_drums(player: Player, loudness: int, ensemble: Ensemble) -> list[Note]:
    names = _LAST_DRUMS.get(player.layer.groove, ("kick",))
    velocity = max(25, loudness - 10)
    return [Note(ensemble.final, QUARTER, drums.KEYS[name], velocity) for name in names]
