"""When each written word is spoken, from the durations that the model itself used.

Knows nothing of how samples were made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from hausmusik.engines.speech.shaping import Shaped
from hausmusik.types import WordTiming


class Spoken(msgspec.Struct, frozen=True):
    """A written word and which symbols of its chunk say it: from `first` up to, without, `last`."""

    text: str
    first: int
    last: int


def word_timings(words: Sequence[Spoken], shaped: Shaped, offset_s: float, lead_s: float) -> Iterator[WordTiming]:
    """Yield one timing per written word of a chunk, in order, never overlapping.

    Args:
        words: In order.
        shaped: How the chunk sounds.
        offset_s: Where the chunk begins in the whole.
        lead_s: How much earlier a symbol is heard than the model's durations say; measured for each model against
            the onset of sound after pauses.
    """
    length_s = shaped.samples.size / shaped.sample_rate_hz
    at_s = 0.0
    for spoken in words:
        begin = float(shaped.edges[spoken.first]) / shaped.sample_rate_hz - lead_s
        finish = float(shaped.edges[spoken.last]) / shaped.sample_rate_hz - lead_s
        start_s = min(max(begin, at_s), length_s)
        end_s = min(max(finish, start_s), length_s)
        at_s = end_s
        yield WordTiming(text=spoken.text, start_s=offset_s + start_s, end_s=offset_s + end_s)
