"""Cut a recording of any length into windows of speech that the model hears one at a time.

A recording arrives in blocks, is cut at quiet places into sections of at most two minutes, a detector says where
in each somebody speaks, and the spoken pieces are joined into windows of at most 28 s (the model hears 30). Each window
remembers where its pieces came from. So silence costs nothing and cannot be taken for words, and memory stays flat.
Knows nothing of the model or the detector.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec
import numpy as np

from hausmusik.engines.listening import SAMPLE_RATE_HZ
from hausmusik.types import FloatArray

SECTION_S: Final = 120.0
WINDOW_S: Final = 28.0
_SEARCH_S: Final = 20.0
_QUIET_S: Final = 0.3

Detector = Callable[[FloatArray], list[tuple[int, int]]]
"""Returns where somebody speaks, `(start, end)` in samples, ascending, none longer than a window."""


class Piece(msgspec.Struct, frozen=True):
    """One stretch of speech: where it lies in the window and in the recording, in samples."""

    joined: int
    original: int


class Window(msgspec.Struct, frozen=True, eq=False):
    """Speech for one pass of the model, shape `(samples,)`, at 16 kHz."""

    samples: FloatArray
    pieces: tuple[Piece, ...]

    def original_span_s(self, start_s: float, end_s: float) -> tuple[float, float]:
        """Return where a word lies in the recording, as `(start, end)` in seconds, from its times in the window.

        A word lies in one piece, that of its middle: the model's times may reach a little over a joint, and beyond the
        joint is another place in the recording, seconds or minutes away.
        """
        first, last = start_s * SAMPLE_RATE_HZ, end_s * SAMPLE_RATE_HZ
        ends = [*(piece.joined for piece in self.pieces[1:]), self.samples.size]
        middle = (first + last) / 2
        piece, end = next(
            (each for each in zip(self.pieces, ends, strict=True) if middle < each[1]), (self.pieces[-1], ends[-1])
        )
        inside = (min(max(at, piece.joined), end) - piece.joined for at in (first, last))
        start, stop = ((piece.original + at) / SAMPLE_RATE_HZ for at in inside)
        return start, stop


def sections(blocks: Iterable[FloatArray]) -> Iterator[tuple[int, FloatArray]]:
    """Yield `(first sample, section)`; sections are contiguous and cut where it is quietest in their last 20 s."""
    limit = round(SECTION_S * SAMPLE_RATE_HZ)
    start, pending, size = 0, list[FloatArray](), 0
    for block in blocks:
        pending.append(block)
        size += block.size
        while size > limit:
            whole = np.concatenate(pending)
            cut = _quietest(whole, limit - round(_SEARCH_S * SAMPLE_RATE_HZ), limit)
            yield start, whole[:cut]
            start, pending, size = start + cut, [whole[cut:]], whole.size - cut
    if size:
        yield start, np.concatenate(pending)


def windows(start: int, section: FloatArray, detect: Detector) -> Iterator[Window]:
    """Yield the windows of one section; none when nobody speaks.

    Args:
        start: Where the section lies in the recording, in samples.
        section: Shape `(samples,)`.
        detect: Says where somebody speaks.
    """
    limit = round(WINDOW_S * SAMPLE_RATE_HZ)
    taken: list[tuple[int, int]] = []
    length = 0
    for first, last in detect(section):
        if taken and length + last - first > limit:
            yield _joined(start, section, taken)
            taken, length = [], 0
        taken.append((first, last))
        length += last - first
    if taken:
        yield _joined(start, section, taken)


def _joined(start: int, section: FloatArray, spoken: list[tuple[int, int]]) -> Window:
    pieces: list[Piece] = []
    joined = 0
    for first, last in spoken:
        pieces.append(Piece(joined, start + first))
        joined += last - first
    return Window(np.concatenate([section[first:last] for first, last in spoken]), tuple(pieces))


def _quietest(samples: FloatArray, first: int, last: int) -> int:
    """Return the middle of the quietest 0.3 s between two positions."""
    width = round(_QUIET_S * SAMPLE_RATE_HZ)
    power = np.cumsum(np.square(samples[first:last], dtype=np.float64))
    step = width // 10
    totals = power[width::step] - power[:-width:step]
    return first + int(np.argmin(totals)) * step + width // 2
