"""Whether a sentence negates what its passages affirm, or affirms what they negate.

Compared is where it matters: in the pieces of the passages that share most with the clause in question. Knows nothing
of antonyms.
"""

from __future__ import annotations

from collections.abc import Sequence

from hausmusik.memory.checking.claims import Claims
from hausmusik.memory.checking.reading import Reading, Window

_NEAR = 0.6  # of the best window's share: windows that may be meant
_SURE = 0.65  # of the weight of a sentence's words, which a window has that is taken for what it tells
_REACHED = 0.6  # of the weight of the words they share, which its negations reach


def contradiction(claimed: Claims, reading: Reading, windows: Sequence[Window]) -> str:
    """Return what contradicts, for people; empty where nothing does.

    Args:
        claimed: Of the sentence.
        reading: Of the passages that it cites.
        windows: Of the reading for all of the sentence's words, best first.
    """
    if not windows:
        return ""
    if any(negation.is_plain for negation in claimed.negations):
        negated = any(reading.pieces[at].has_negation for at in _meant(windows))
        reached = (frozenset[str]().union(*(each.reach for each in claimed.negations))) or claimed.stems
        return "" if negated or _is_negated_elsewhere(reached, reading) else "it negates what the passages affirm"
    if claimed.negations or windows[0].share < _SURE:
        return ""
    best = [reading.pieces[at] for at in range(windows[0].first, windows[0].last + 1)]
    shared = claimed.stems & frozenset[str]().union(*(piece.stems for piece in best))
    reached = frozenset[str]().union(*(piece.negated for piece in best))
    return "the passages negate it" if shared and reading.share(shared, reached) > _REACHED else ""


def _meant(windows: Sequence[Window]) -> list[int]:
    """Return the pieces that a sentence may be about."""
    meant = [window for window in windows if window.share >= _NEAR * windows[0].share]
    return sorted({at for window in meant for at in range(window.first, window.last + 1)})


def _is_negated_elsewhere(reached: frozenset[str], reading: Reading) -> bool:
    """Tell whether the pieces that share most with what a sentence negates negate something of it."""
    windows = reading.windows(reached)
    return bool(windows) and any(reading.pieces[at].negated & reached for at in _meant(windows))
