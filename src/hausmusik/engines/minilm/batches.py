"""Which texts are computed together: those of about the same length, so that little is computed on padding.

Knows lengths alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

TOKENS_AT_ONCE: Final = 512
"""Padding included. Enough for full-sized matrix products, and 0.1 s of work between two looks at `cancel`."""
_LEAST_FILLED: Final = 0.9
"""The shortest text of a batch is at least this much of the longest; attention and all else is paid for the longest."""


def batches(lengths: Sequence[int], tokens_at_once: int = TOKENS_AT_ONCE) -> list[list[int]]:
    """Return the indices of the texts of each batch, each text once, the longest ones first.

    Args:
        lengths: Tokens of each text, at least 1.
        tokens_at_once: Most tokens of a batch; a longer text makes one of its own.
    """
    found: list[list[int]] = []
    longest = 0
    for index in sorted(range(len(lengths)), key=lambda each: -lengths[each]):
        length = lengths[index]
        if not found or length < _LEAST_FILLED * longest or (len(found[-1]) + 1) * longest > tokens_at_once:
            found.append([])
            longest = length
        found[-1].append(index)
    return found
