"""Whether the one who does something in a sentence does it in the passages: as their speaker, or named there.

Compared are the places where a name speaks or is mentioned with all other places: if what the sentence says is found
elsewhere much better, and there somebody else speaks, it was somebody else. Knows nothing of pronouns.
"""

from __future__ import annotations

from hausmusik.memory.checking.claims import Bound, Claims
from hausmusik.memory.checking.reading import Piece, Reading
from hausmusik.memory.checking.words import stem

_SUBJECTS = 12  # of a sentence that are looked at
_LEAST = 2  # content words of a predicate below which nothing is said of anybody
_ELSEWHERE = 0.5  # of the predicate's weight that somebody else must say
_RATIO = 0.4  # of it that the one who is named must say at least


def contradiction(claimed: Claims, reading: Reading) -> str:
    """Return what contradicts, for people; empty where nothing does."""
    if len(reading.speakers) < 2:
        return ""
    for each in claimed.bound[:_SUBJECTS]:
        own, others = shares(each, reading)
        if others >= _ELSEWHERE and own < _RATIO * others:
            return f"somebody else says so, not {each.name.text[:80]}"
    return ""


def shares(each: Bound, reading: Reading) -> tuple[float, float]:
    """Return the best share of a predicate that its subject says, or is said of it; and that others say."""
    wanted = each.stems
    if len(wanted) < _LEAST or not any(_is_same(each.name.parts, speaker) for speaker in reading.speakers):
        return 1.0, 0.0
    theirs = [_is_same(each.name.parts, piece.speaker) or _is_named(each.name.parts, piece) for piece in reading.pieces]
    own = reading.windows(wanted, theirs)
    others = reading.windows(wanted, [not mine for mine in theirs])
    return (own[0].share if own else 0.0), (others[0].share if others else 0.0)


def _is_same(name: tuple[str, ...], speaker: tuple[str, ...]) -> bool:
    if not speaker:
        return False
    if name == speaker or name == speaker[: len(name)] or name == speaker[-len(name) :]:
        return True
    return len(name) > 1 and name[0] == speaker[0] and name[-1] == speaker[-1]


def _is_named(name: tuple[str, ...], piece: Piece) -> bool:
    return stem(name[-1]) in piece.said or "".join(name) in piece.said
