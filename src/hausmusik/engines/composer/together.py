"""Voicings of everybody who plays chords, found one after another, so that no two hold a semitone against each other.

Who sounds first is voiced first; the others see what is held already. Knows nothing of rhythm and sound.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from hausmusik.engines.composer.casting import Player
from hausmusik.engines.composer.ensemble import Ensemble
from hausmusik.engines.composer.voicing import Voicing, lead

_WITHOUT: Final = frozenset({"roots", "walking", "groove", "driving", "lead", "solo"})
"""Textures that need no voicings."""
_SOUNDING: Final = frozenset(
    (
        "sustain",
        "half_notes",
        "chorale",
        "arpeggio",
        "alberti",
        "rolled",
        "picking",
        "sixteenths",
        "block",
        "pulse",
        "offbeat",
        "comp",
        "laid_back",
        "bossa",
        "strum",
        "chank",
        "marcato",
    )
)
"""Textures that sound their voicings as they are."""


class Together(msgspec.Struct, frozen=True):
    """What all players hold.

    Args:
        voicings: Of each player, one per chord of the piece and one for the last chord; empty where none are needed.
        sounding: Whether each player sounds its voicings.
    """

    voicings: tuple[tuple[Voicing, ...], ...]
    sounding: tuple[bool, ...]

    def around(self, number: int, playing: Sequence[bool], first: int, count: int) -> tuple[frozenset[int], ...]:
        """Return the keys that others hold at each of some chords.

        Args:
            number: Whose view it is.
            playing: Who plays at all.
            first: Place of the first chord.
            count: How many chords.
        """
        others = [
            each
            for place, each in enumerate(self.voicings)
            if place != number and self.sounding[place] and playing[place]
        ]
        return tuple(frozenset(key for each in others for key in each[at]) for at in range(first, first + count))


def voice(players: tuple[Player, ...], ensemble: Ensemble, enters: Sequence[float]) -> Together:
    """Return the voicings of all players."""
    chords = [slot.chord for phrase in ensemble.phrases for slot in phrase.slots] + [ensemble.last]
    found: list[tuple[Voicing, ...]] = [()] * len(players)
    sounding = [player.texture in _SOUNDING and player.layer.role != "drums" for player in players]
    held: list[set[int]] = [set() for _ in chords]
    for place in sorted(range(len(players)), key=lambda each: (not sounding[each], enters[each], each)):
        ensemble.pause()
        player = players[place]
        if player.layer.role == "drums" or player.texture in _WITHOUT:
            continue
        voices = player.layer.voices if player.entry.voices == 1 else min(player.layer.voices, player.entry.voices)
        led = lead(chords, player.low, player.high, voices, rooted=player.layer.rooted, around=held)
        found[place] = tuple(led)
        if sounding[place]:
            for keys, voicing in zip(held, led, strict=True):
                keys.update(voicing)
    return Together(tuple(found), tuple(sounding))
