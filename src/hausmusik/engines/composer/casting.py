"""Casts a style: players with an instrument, a register and a way of playing that suits both.

Who takes which layer is decided in seats.py. Knows nothing of notes.
"""

from __future__ import annotations

from typing import Final

import msgspec

from hausmusik.engines.composer.dice import Dice
from hausmusik.engines.composer.prompt import Brief
from hausmusik.engines.composer.seats import keys_of, seats
from hausmusik.engines.composer.tables import InstrumentEntry, LayerEntry, StyleEntry, Tables

_TUNED_GROOVE: Final = "epic"
_STROKE_RANGE: Final = 18
"""Basses of a smaller range (timpani) are struck now and then; they walk nowhere."""
_HELD_INSTEAD: Final = {"arpeggio": "half_notes", "picking": "half_notes", "rolled": "half_notes", "strum": "pulse"}
_STRUCK_INSTEAD: Final = {
    "sustain": "rolled",
    "half_notes": "rolled",
    "cluster": "rolled",
    "drone": "pedal",
    "chorale": "rolled",
}
_HIGH_LEAD: Final = 67
_CAN_ROOT: Final = frozenset({"arpeggio", "picking", "rolled", "strum", "block", "alberti", "canon"})


class Player(msgspec.Struct, frozen=True, kw_only=True):
    """One layer with its instrument.

    Args:
        name: Unique in the piece.
        instrument: Id.
        entry: The instrument.
        layer: What it plays.
        texture: How, adapted to the instrument.
        low: Lowest key.
        high: Highest key.
        enter: Intensity from which it plays.
    """

    name: str
    instrument: str
    entry: InstrumentEntry
    layer: LayerEntry
    texture: str
    low: int
    high: int
    enter: float


def cast(brief: Brief, style: StyleEntry, tables: Tables, dice: Dice) -> tuple[Player, ...]:
    """Return who plays what, in the order of the style's layers."""
    players: list[Player] = []
    names: dict[str, int] = {}
    for layer, instrument in seats(brief, style, tables, dice):
        entry = tables.instruments[instrument]
        low, high = keys_of(layer, entry)
        if layer.texture in {"lead", "solo"} and instrument not in layer.instruments:
            low, high = _singing_range(entry)
        texture = layer.texture
        if entry.kind == "held":
            texture = _HELD_INSTEAD.get(texture, texture)
        elif entry.kind == "struck":
            texture = _STRUCK_INSTEAD.get(texture, texture)
        if layer.role == "bass" and entry.range[1] - entry.range[0] < _STROKE_RANGE and texture != "heartbeat":
            texture = "strokes"
        if layer.role == "drums" and entry.kind != "drums":
            layer = msgspec.structs.replace(layer, groove=_TUNED_GROOVE)  # noqa: PLW2901 - the drum's own language
        count = names[entry.title] = names.get(entry.title, 0) + 1
        players.append(
            Player(
                name=entry.title if count == 1 else f"{entry.title} {count}",
                instrument=instrument,
                entry=entry,
                layer=layer,
                texture=texture,
                low=low,
                high=high,
                enter=layer.enter,
            )
        )
    return _seated(players)


def _seated(players: list[Player]) -> tuple[Player, ...]:
    """Keep the registers apart: harmony stays below the melody, and somebody always plays the bass."""
    leads = [player for player in players if player.texture == "lead"]
    has_bass = any(player.layer.role == "bass" and player.texture not in {"strokes", "heartbeat"} for player in players)
    roof = min((player.low for player in leads if player.low + player.high > 2 * _HIGH_LEAD), default=127)
    seated: list[Player] = []
    for player in players:
        role, low, high, layer = player.layer.role, player.low, player.high, player.layer
        if role in {"chords", "pad"} and roof < 127:
            high = min(high, max(low + 14, roof + 4))
        if not has_bass and role == "chords" and player.texture in _CAN_ROOT and player.entry.range[0] <= 41:
            low, layer, has_bass = (
                max(player.entry.range[0], 38),
                msgspec.structs.replace(layer, rooted=True, voices=5),
                True,
            )
        seated.append(msgspec.structs.replace(player, low=low, high=high, layer=layer))
    if not has_bass:
        seated = _with_low_pad(seated)
    return tuple(seated)


def _with_low_pad(players: list[Player]) -> list[Player]:
    """Where only held chords are there to carry the bass, let the lowest of them reach down for it."""
    able = [
        place
        for place, player in enumerate(players)
        if player.layer.role == "pad" and player.entry.range[0] <= 43 and player.entry.voices > 1
    ]
    if able:
        place = able[0]
        layer = msgspec.structs.replace(
            players[place].layer, rooted=True, voices=min(5, players[place].layer.voices + 1)
        )
        players[place] = msgspec.structs.replace(players[place], layer=layer, low=players[place].entry.range[0])
    return players


def _singing_range(entry: InstrumentEntry) -> tuple[int, int]:
    """Return where an instrument carries a melody: high enough to stand out, if it can."""
    low, high = entry.range
    if high >= 84:
        return max(low, 62), min(high, 84)
    return max(low, high - 24), high
