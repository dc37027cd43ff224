"""Words and lines of captions: what may stand in one, how wide it is, where a line is best broken.

A word may be glued to the one before it: a piece of a word too long for a line, or of a script that has no spaces.
Widths count columns: East Asian wide characters and most emoji are two (Unicode Standard Annex 11), everything else is
one. Knows nothing of time or files.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

import msgspec

SENTENCE_ENDS: Final = ".!?…。！？‽؟।"
CLAUSE_ENDS: Final = ",;:—–、，；：،؛"
_CLOSING: Final = "\"'”’»)]}」』）♪"
# Every white space breaks but those made not to: no-break space, narrow no-break space, figure space.
_SPACES: Final = re.compile(r"[^\S\u00a0\u202f\u2007]+")
_UNSEEN: Final = frozenset({"Cf", "Zs"})
# Invisible and meaningless in a caption; WORD JOINER is also what our SRT files use to defuse look-alikes of tags.
_INVISIBLE: Final = frozenset("\u2060\ufeff\ufffe\uffff")
_JOINER: Final = "\u200d"


class Word(msgspec.Struct, frozen=True):
    """A piece of a line that is not broken further.

    Args:
        text: Without breaking spaces.
        glued: Whether it follows the word before it without a space.
    """

    text: str
    glued: bool = False


def clean(text: str) -> str:
    """Return the text on one line, without control characters and what UTF-8 cannot say."""
    kept = (char for char in text if char not in _INVISIBLE and unicodedata.category(char) != "Cs")
    spaced = "".join(" " if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char for char in kept)
    return _SPACES.sub(" ", spaced).strip()


def words_of(text: str, columns: int) -> list[Word]:
    """Split a text into words; one wider than so many columns becomes pieces of at most half as many."""
    words: list[Word] = []
    for part in clean(text).split(" "):
        if any(unicodedata.category(char) not in _UNSEEN for char in part):
            pieces = _pieces(part, columns // 2) if columns_of(part) > columns else [part]
            words.append(Word(pieces[0]))
            words.extend(Word(piece, glued=True) for piece in pieces[1:])
    return words


def join(words: Sequence[Word]) -> str:
    """Return the words as one line."""
    return "".join(word.text if word.glued or index == 0 else f" {word.text}" for index, word in enumerate(words))


def columns_of(text: str) -> int:
    """Return how many columns a text takes; never less than its number of characters."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def break_cost(last: str) -> float:
    """Return how bad it is to end a line or a caption after a word: 0 after a sentence, 2 after `the`."""
    bare = last.rstrip(_CLOSING)
    if bare and bare[-1] in SENTENCE_ENDS:
        return 0.0
    if bare and bare[-1] in CLAUSE_ENDS:
        return 0.5
    # Articles, prepositions and conjunctions belong to what follows; in European languages they are the short words.
    return 2.0 if last.isalpha() and len(last) <= 3 else 1.5


def wrap(words: Sequence[Word], columns: int, indent: int = 0) -> tuple[str, ...]:
    """Set words in one line, or in two where that is too long.

    Args:
        words: At least one.
        columns: Of a line.
        indent: Columns of the first line that something else needs.

    Returns:
        One or two lines; two are broken at punctuation rather than elsewhere, and of about equal length rather the
        lower one longer. Empty where two lines are not enough.
    """
    whole = join(words)
    if indent + columns_of(whole) <= columns:
        return (whole,)
    best: tuple[float, tuple[str, ...]] = (float("inf"), ())
    for at in range(1, len(words)):
        upper, lower = join(words[:at]), join(words[at:])
        wide = indent + columns_of(upper), columns_of(lower)
        if max(wide) <= columns:
            lopsided = (wide[1] - wide[0]) / columns
            cost = break_cost(words[at - 1].text) + 2.0 * abs(lopsided) + (0.5 if lopsided < 0 else 0.0)
            best = min(best, (cost, (upper, lower)))
    return best[1]


def _pieces(word: str, columns: int) -> list[str]:
    """Cut a word that is too long, after punctuation where there is some, never inside a visible character."""
    pieces: list[str] = []
    while columns_of(word) > columns:
        end = _fitting(word, columns)
        marks = [at for at in range(end, end // 2, -1) if word[at - 1] in SENTENCE_ENDS + CLAUSE_ENDS]
        at = marks[0] if marks else _character_start(word, end)
        pieces.append(word[:at])
        word = word[at:]
    return [*pieces, word]


def _fitting(word: str, columns: int) -> int:
    """Return how many characters of a word fit, at least 1."""
    used = 0
    for index, char in enumerate(word):
        used += columns_of(char)
        if used > columns:
            return max(1, index)
    return len(word)


def _character_start(word: str, end: int) -> int:
    """Move a cut back so that it splits no letter from its accents, no emoji and no word from its punctuation."""
    at = end
    while at > 1 and (_joins(word[at]) or word[at - 1] == _JOINER):
        at -= 1
    return at if at > 1 else end


def _joins(char: str) -> bool:
    """Whether a character may not begin a piece: accents, skin tones, joiners, closing punctuation."""
    return (
        char in _JOINER + SENTENCE_ENDS + CLAUSE_ENDS + _CLOSING
        or unicodedata.category(char) in {"Mn", "Mc", "Me"}
        or "\U0001f3fb" <= char <= "\U0001f3ff"
    )
