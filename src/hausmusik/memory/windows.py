"""What of a passage is embedded: stretches short enough for the embedder to read whole.

A passage of 1,200 tokens is five times what MiniLM reads (256 word pieces), so its later parts would never be found by
meaning. Stretches end where sentences do. Knows nothing of vectors.
"""

from __future__ import annotations

from typing import Final

from hausmusik.memory.extraction.sentences import sentences_in

LONGEST: Final = 800
"""Characters: 150 to 230 word pieces of English."""

SHORTEST: Final = 200
"""A last stretch that is shorter joins the one before it: a few words say little by themselves."""


def windows_of(text: str) -> list[tuple[int, int]]:
    """Return start and end of each stretch, in order; together they hold every sentence of the text."""
    found: list[tuple[int, int]] = []
    for start, end in _pieces(text):
        if found and end - found[-1][0] <= LONGEST:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    if len(found) > 1 and found[-1][1] - found[-1][0] < SHORTEST:
        start = max(found[-2][0], found[-1][1] - LONGEST)
        space = text.find(" ", start, found[-1][0]) if start > found[-2][0] else -1
        found[-1] = (space + 1 if space >= 0 else start, found[-1][1])
    return found


def _pieces(text: str) -> list[tuple[int, int]]:
    """Return the sentences, cut at spaces where they are too long, and anywhere where there are none."""
    found: list[tuple[int, int]] = []
    for start, end in sentences_in(text):
        at = start
        while end - at > LONGEST:
            space = text.rfind(" ", at + 1, at + LONGEST)
            cut = space if space > at else at + LONGEST
            found.append((at, cut))
            at = cut
        found.append((at, end))
    return found
