"""Whether a sentence negates what its passages affirm, or affirms what they negate.

Compared is where it matters: in the pieces of the passages that share most with the clause in question. Knows nothing
of antonyms.
"""

from __future__ import annotations

from collections.abc import Sequence

from hausmusik.memory.checking.claims import Claims
from hausmusik.memory.checking.reading import Reading, Window

_NEAR = 0.6  # of the best window's share: windows that may be meant
_ENOUGH = 0.35  # of the weight of the words in question


def contradiction(claimed: Claims, reading: Reading, windows: Sequence[Window]) -> str:
    """Return what contradicts, for people; empty where nothing does."""
    if not windows:
        return ""
    meant = [window for window in windows if window.share >= _NEAR * windows[0].share]
    pieces = sorted({at for window in meant for at in range(window.first, window.last + 1)})
    negated = frozenset[str]().union(*(negation.reach for negation in claimed.negations))
    if claimed.negations:
        for at in pieces:
            piece = reading.pieces[at]
            if piece.has_negation or piece.is_soft:
                return ""
        return "it negates what the passages affirm"
    best = [reading.pieces[at] for at in range(windows[0].first, windows[0].last + 1)]
    shared = claimed.stems & frozenset[str]().union(*(piece.stems for piece in best)) - negated
    reached = frozenset[str]().union(*(piece.negated for piece in best))
    if shared and windows[0].share >= _ENOUGH and reading.share(shared, reached) > 0.6:
        return "the passages negate it"
    return ""
