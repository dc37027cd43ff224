"""Turns written ticks into played seconds: swing, human timing and touch, a slowing at the end. All of it seeded.

Timing wanders slowly (players drift and listen) with a little jitter on top, strong beats are a touch louder, and two
players never strike together to the millisecond. Knows nothing of samples.

Source: timing of ensemble players as 1/f-like drift of a few to twenty milliseconds, e.g. H. Hennig et al., "The nature
and perception of fluctuations in human musical rhythms" (2011).
"""

from __future__ import annotations

from typing import Final

import msgspec

from hausmusik.engines.composer.dice import Dice
from hausmusik.engines.composer.midi import TempoMap
from hausmusik.engines.composer.piece import QUARTER, Note, Part, Piece

_DRIFT_S: Final = 0.006
_JITTER_S: Final = 0.005
_LEAST_HELD_S: Final = 0.04


class Played(msgspec.Struct, frozen=True):
    """One note as played: seconds, seconds, key, velocity."""

    start_s: float
    held_s: float
    key: int
    velocity: int


class Performance(msgspec.Struct, frozen=True):
    """A piece as played.

    Args:
        piece: What was written.
        parts: Each part with its notes in seconds.
    """

    piece: Piece
    parts: tuple[tuple[Part, tuple[Played, ...]], ...]


def play_piece(piece: Piece, dice: Dice) -> Performance:
    """Return the performance of a piece; the same dice give the same one."""
    played = ((part, perform(piece, part, dice.fork("perform", part.name))) for part in piece.parts)
    return Performance(piece, tuple((part, notes) for part, notes in played if notes))


def perform(piece: Piece, part: Part, dice: Dice) -> tuple[Played, ...]:
    """Return a part as its player plays it, sorted by time; nothing starts before 0 or rings past the end."""
    clock = TempoMap(piece.tempo)
    looseness = 1.0 - part.tightness
    lag_s = 0.006 if part.role in {"melody", "pad"} else 0.0
    drift = 0.0
    played: list[Played] = []
    last_start = -1
    offset = 0.0
    for note in part.notes:
        if note.start != last_start:  # notes of one chord move together
            drift = 0.9 * drift + dice.normal(_DRIFT_S * 0.45)
            offset = (drift + dice.normal(_JITTER_S)) * looseness * 1.6 + lag_s * looseness
            last_start = note.start
        start_s = _seconds(clock, piece, note.start) + offset + abs(dice.normal(0.0025)) * looseness
        end_s = _seconds(clock, piece, note.end) + offset
        start_s = max(0.0, start_s) + piece.lead_s
        held_s = max(_LEAST_HELD_S, end_s + piece.lead_s - start_s)
        velocity = note.velocity + _accent(piece, note) + dice.normal(2.6 + 2.0 * looseness)
        if start_s < piece.duration_s - 0.02:
            held_s = min(held_s, piece.duration_s - start_s)
            played.append(Played(start_s, held_s, note.key, max(8, min(124, round(velocity)))))
    return tuple(sorted(played, key=lambda each: (each.start_s, each.key)))


def _seconds(clock: TempoMap, piece: Piece, tick: int) -> float:
    return clock.seconds(_swung(tick, piece.swing, piece.swing_unit) / QUARTER)


def _swung(tick: int, swing: float, unit: int) -> float:
    """Move what lies between the beats: the middle of each pair is heard at `swing` of its length."""
    if swing == 0.5:
        return float(tick)
    whole, inside = divmod(tick, unit)
    share = inside / unit
    share = share * 2 * swing if share < 0.5 else swing + (share - 0.5) * 2 * (1 - swing)
    return (whole + share) * unit


def _accent(piece: Piece, note: Note) -> float:
    """Return how much louder a metric position is played."""
    inside = note.start % piece.metre.bar
    if inside == 0:
        return 3.0
    return 1.0 if inside % piece.metre.beat == 0 else -1.5
