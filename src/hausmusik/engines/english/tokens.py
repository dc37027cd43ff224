"""The values a text becomes on its way to speech: words as written with how they are said, and stops between them.

Offsets count characters of the text that was read, so that a caption can show what the author wrote while the voice
says what it means. Knows nothing of rules or sounds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

import msgspec

Accent: TypeAlias = Literal["us", "gb"]


class Word(msgspec.Struct, frozen=True):
    """Something written that is said.

    Args:
        written: As in the text: `$3.50`, `Dr.`, `Gödel`.
        start: Offset of its first character.
        spoken: Words in letters, `/phonemes/`, or `A.B.` for letters that are named; empty for what is skipped.
        emphatic: Whether the author marked it (`*so*`, `NEVER`).
    """

    written: str
    start: int
    spoken: tuple[str, ...]
    emphatic: bool = False

    @property
    def end(self) -> int:
        """Offset behind its last character."""
        return self.start + len(self.written)


class Stop(msgspec.Struct, frozen=True):
    """Something between words.

    Args:
        mark: One of `. ! ? , ; : — … “ ” ( )`, or empty for a silence alone.
        start: Offset of its first character.
        pause_s: Silence asked for beyond what the mark itself brings.
    """

    mark: str
    start: int
    pause_s: float = 0.0


Token: TypeAlias = Word | Stop


class Claim(msgspec.Struct, frozen=True):
    """A rule's reading of one stretch of text; the first rule to claim a character keeps it."""

    start: int
    end: int
    tokens: tuple[Token, ...]


Rule: TypeAlias = Callable[[str, Accent], Iterator[Claim]]
"""Finds what it can read in a whole paragraph. Sees all of the text, so that neighbours can decide."""


def letters(text: str) -> str:
    """Return the spoken form of letters that are named one by one: `gpu` is `G.P.U.`."""
    return "".join(f"{char.upper()}." for char in text if char.isalpha())


def word_claim(match: re.Match[str], spoken: tuple[str, ...] | list[str], group: int | str = 0) -> Claim:
    """Claim one group of a match as a single written word."""
    start, end = match.span(group)
    return Claim(start, end, (Word(match[group], start, tuple(spoken)),))


def part(match: re.Match[str], group: int | str, spoken: tuple[str, ...] | list[str]) -> Word:
    """Return one group of a match as a word, for claims that keep several written words apart."""
    return Word(match[group], match.start(group), tuple(spoken))
