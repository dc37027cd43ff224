"""Cues as lanes: which row each one stands in, so that none hides another.

Pure arithmetic on spans; drawing is `picture_layout`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from hausmusik.audio.palette import LAYERS
from hausmusik.audio.picture_spec import CueSpan

_MOST_ROWS: Final = 12  # of one lane; what overlaps more than that shares the last one


class Lane(msgspec.Struct, frozen=True):
    """One layer's cues, each in the first row where it overlaps no other."""

    layer: str
    rows: tuple[tuple[CueSpan, ...], ...]

    @property
    def row_height(self) -> int:
        """Height of a row in pixels; many rows are lower, and without labels."""
        return 28 if len(self.rows) <= 4 else 12

    @property
    def height(self) -> int:
        """Height of the lane in pixels."""
        return len(self.rows) * (self.row_height + ROW_GAP) - ROW_GAP


ROW_GAP: Final = 4


def lanes_of(cues: Sequence[CueSpan]) -> list[Lane]:
    """Sort cues into lanes and rows; lanes in the order voice, music, sound, file, then others by name."""
    usual = {layer: place for place, layer in enumerate(LAYERS)}
    layers = sorted({cue.layer for cue in cues}, key=lambda layer: (usual.get(layer, len(usual)), layer))
    return [Lane(layer, _rows([cue for cue in cues if cue.layer == layer])) for layer in layers]


def _rows(cues: Sequence[CueSpan]) -> tuple[tuple[CueSpan, ...], ...]:
    rows: list[list[CueSpan]] = []
    for cue in sorted(cues, key=lambda cue: (cue.start_s, cue.end_s)):
        free = next((row for row in rows if row[-1].end_s <= cue.start_s), None)
        if free is not None:
            free.append(cue)
        elif len(rows) < _MOST_ROWS:
            rows.append([cue])
        else:
            rows[-1].append(cue)
    return tuple(tuple(row) for row in rows)
