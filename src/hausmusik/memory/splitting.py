"""A stretch of text over the budget, split at sentence ends, else between words, else anywhere.

Each piece is counted once or a few times, and the whole once, so the time is in proportion to the length even for a
line of many megabytes. Knows nothing of blocks and passages.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

_SENTENCE_END: Final = re.compile(r"[.!?…][\"'”’)\]]{0,3}(?=\s)|[。！？]|\n")
_ABBREVIATIONS: Final = (
    "mr.",
    "mrs.",
    "ms.",
    "dr.",
    "st.",
    "e.g.",
    "i.e.",
    "z.b.",
    "bzw.",
    "ca.",
    "vs.",
    "no.",
    "nr.",
    "fig.",
)
_BLANKS: Final = " \t\n\u00a0\u3000"
_JOINED: Final = re.compile("[\u0300-\u036f\u200d\ufe00-\ufe0f\u20d0-\u20ff\U0001f3fb-\U0001f3ff]")
_MOST_SENTENCES: Final = 2000  # looked at from the end for an overlap; a passage is far smaller
_MOST_JOINED: Final = 32


def split(text: str, start: int, end: int, budget: int, count: Callable[[str], int]) -> list[tuple[int, int, int]]:
    """Return the start, the end and the tokens of each piece; together they are all of it.

    Args:
        text: In which it lies.
        start: Of its first character.
        end: Behind its last one.
        budget: The most tokens of a piece, at least 1. A single character may have more.
        count: Counts the tokens of a text.
    """
    whole = count(text[start:end])
    if whole <= budget:
        return [(start, end, whole)]
    pieces: list[tuple[int, int, int]] = []
    per_token = (end - start) / whole
    while start < end:
        size = max(1, int(budget * per_token * 0.95))
        while True:
            cut = end if end - start <= size else _cut(text, start, start + size)
            tokens = count(text[start:cut])
            if tokens <= budget or cut - start <= 1:
                break
            # Denser than the whole: shorten by as much as it is over, at least by an eighth, so that it ends.
            size = max(1, min(int((cut - start) * budget / tokens * 0.97), (cut - start) * 7 // 8))
        pieces.append((start, cut, tokens))
        start = cut
    return pieces


def last_sentences(text: str, start: int, end: int, budget: int, count: Callable[[str], int]) -> int:
    """Return where the last whole sentences of a stretch begin that are within a budget; its end if not even one is.

    Args:
        text: In which it lies.
        start: Of its first character.
        end: Behind its last one.
        budget: Tokens.
        count: Counts the tokens of a text.
    """
    floor = max(start, end - budget * 12)  # no tokenizer puts more than about twelve characters in a token, on average
    begin = end
    ends = [found.end() for found in _SENTENCE_END.finditer(text, floor, end) if not _is_abbreviation(text, found)]
    for each in reversed(ends[-_MOST_SENTENCES:]):
        sentence = _after_blanks(text, each, end)
        if sentence >= end:
            continue
        if count(text[sentence:end]) > budget:
            break
        begin = sentence
    return begin


def _cut(text: str, start: int, limit: int) -> int:
    """Return the best place to cut before a limit: behind a sentence in its second half, behind a word, or there."""
    half = start + (limit - start) // 2
    ends = [found.end() for found in _SENTENCE_END.finditer(text, half, limit) if not _is_abbreviation(text, found)]
    if ends:
        return _after_blanks(text, ends[-1], limit)
    blank = max(text.rfind(each, half, limit) for each in _BLANKS)
    if blank >= half:
        return blank + 1
    cut = limit
    while cut > max(half, limit - _MOST_JOINED) and (_JOINED.match(text, cut) or text[cut - 1] == "\u200d"):
        cut -= 1  # not between a letter and its accent, nor inside a joined emoji
    return max(cut, start + 1)


def _is_abbreviation(text: str, found: re.Match[str]) -> bool:
    if text[found.start()] != ".":
        return False
    head = text[max(0, found.start() - 6) : found.start() + 1]
    word = head.split()[-1].lower() if head.split() else ""
    return word in _ABBREVIATIONS or (len(word) == 2 and word[0].isalpha() and text[found.start() - 1].isupper())


def _after_blanks(text: str, index: int, limit: int) -> int:
    while index < limit and text[index].isspace():
        index += 1
    return index
