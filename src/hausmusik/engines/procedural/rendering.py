"""Parts become one stream of cells: what rings on is carried over, nothing else is kept.

Knows nothing of levels or textures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from hausmusik.engines.procedural.parts import Part
from hausmusik.engines.procedural.timeline import CELL_FRAMES, Timeline
from hausmusik.types import FloatArray


def render(timeline: Timeline, parts: Sequence[Part]) -> Iterator[FloatArray]:
    """Yield a sound cell by cell, float32, `(2, frames)`; together exactly `timeline.frames`.

    Cells before the beginning are rendered first, as far back as anything rings on: a loop starts with the tails of its
    end, any other sound in the middle of its life.
    """
    tail = max(part.tail for part in parts)
    carried = np.zeros((2, CELL_FRAMES + tail), dtype=np.float32)
    for number in range(-_before(timeline, tail), timeline.cells):
        cell = timeline.cell(number)
        for part in parts:
            if cell.start + cell.frames + part.tail > 0:
                part.add(cell, carried)
        if number >= 0:
            wanted = min(cell.frames, timeline.frames - cell.start)
            yield carried[:, :wanted].copy()
        carried[:, : -cell.frames] = carried[:, cell.frames :].copy()
        carried[:, -cell.frames :] = 0.0


def _before(timeline: Timeline, tail: int) -> int:
    """Return how many cells before the beginning can still be heard."""
    number = 0
    while -timeline.cell(-number).start < tail:
        number += 1
    return number
