"""Group tokens into sentences, and a long text into paragraphs.

A full stop that belongs to an abbreviation never arrives here as one. Knows nothing of sounds or lengths in seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from hausmusik.engines.english.tokens import Stop, Token, Word

_BLANK_LINE: Final = re.compile(r"\n[ \t]*\n\s*")
_SENTENCE_GAP: Final = re.compile(r"[.!?…][\"”’')\]]*\s+(?=[\"“‘'(\[]?[A-Z0-9])")
_LONG: Final = 4_000
"""Characters beyond which a paragraph is read in several portions, so that memory and first sound stay flat."""
_BELONGING: Final = frozenset({"”", ")", "…", ""})
"""Marks that still belong to the sentence that has just ended."""
_ENDS: Final = frozenset(".!?")


def paragraphs(text: str) -> Iterator[tuple[int, str, bool]]:
    """Yield `(offset, portion, ends a paragraph)`; a portion is a paragraph, or a part of a very long one."""
    start = 0
    for match in [*_BLANK_LINE.finditer(text), None]:
        end = match.start() if match else len(text)
        yield from _portions(text, start, end)
        start = match.end() if match else end


def _portions(text: str, start: int, end: int) -> Iterator[tuple[int, str, bool]]:
    while end - start > _LONG:
        gaps = list(_SENTENCE_GAP.finditer(text, start, start + _LONG))
        cut = gaps[-1].end() if gaps else text.rfind(" ", start + 1, start + _LONG) + 1 or start + _LONG
        yield start, text[start:cut], False
        start = cut
    if text[start:end].strip():
        yield start, text[start:end], True


def sentences(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Yield runs of tokens, each with at least one word, ending behind its last stop, quotation mark or bracket."""
    current: list[Token] = []
    marks = set[str]()  # since the last word
    spoken = False
    for index, token in enumerate(tokens):
        current.append(token)
        if isinstance(token, Word):
            spoken, marks = True, set[str]()
            continue
        marks.add(token.mark)
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        if isinstance(following, Stop) and following.mark in _BELONGING:
            continue
        if spoken and _closes(marks, following):
            yield current
            current, marks, spoken = [], set[str](), False
    if spoken:
        yield current


def _closes(marks: set[str], following: Token | None) -> bool:
    """Whether the stops since the last word end a sentence, given what comes next."""
    if isinstance(following, Word) and following.written[:1].islower():
        return "." in marks and "”" not in marks
    if _ENDS & marks:
        return True
    return "…" in marks and isinstance(following, Word) and following.written[:1].isupper()
