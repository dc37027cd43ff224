"""What all players of a piece share: its phrases, its last chord, its rhythms, the dice. Does nothing by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from hausmusik.engines.composer.dice import Dice
from hausmusik.engines.composer.melody import Cells
from hausmusik.engines.composer.piece import Metre, Phrase
from hausmusik.engines.composer.theory import Chord


class Ensemble(msgspec.Struct, frozen=True, kw_only=True):
    """All that arranging needs besides the players.

    Args:
        phrases: With chords.
        metre: Time signature.
        last: The final chord.
        final: Tick of the final chord.
        ring: Ticks from the final chord to the end of the recording.
        hold: Ticks for which held instruments hold it, the rest is the room's.
        again: When struck instruments touch the last chord once more, in ticks after it.
        cells: Melodic rhythms of the style.
        grooves: drums.toml.
        density: 0 to 1.
        duration_s: Of the whole piece.
        bed: Leaves room for a voice.
        dice: Seeded.
        pause: Called before every phrase that is written; what it raises ends the composing.
    """

    phrases: tuple[Phrase, ...]
    metre: Metre
    last: Chord
    final: int
    ring: int
    hold: int
    again: tuple[int, ...]
    cells: Cells
    grooves: Mapping[str, Mapping[str, Any]]
    density: float
    duration_s: float
    bed: bool
    dice: Dice
    pause: Callable[[], None]
