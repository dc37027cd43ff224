"""What a reader model is shown: some numbered excerpts, short, in order, each under a line that says where it is from.

A small reader does better with 3,000 tokens than with 30,000 (graph_rag notes: HippoRAG 2 against LightRAG). Of a long
passage only the sentences around its nearest window are shown; the numbers are those that citations use. Knows nothing
of models.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from hausmusik.memory.cutting import approximate_tokens
from hausmusik.memory.extraction.sentences import sentences_in
from hausmusik.memory.retrieval.retriever import Evidence
from hausmusik.memory.store.reading import StoredPassage

BUDGET_TOKENS: Final = 2_600
CPU_BUDGET_TOKENS: Final = 1_000
"""For a reader on a processor: a model of 1.5B reads a token in 0.03 s of a core, so before its first word 2,600 take
some 45 s of two cores, and these 17."""

LEAST_TOKENS: Final = 100
"""Fewer of a passage tell nothing."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """An excerpt with its number.

    Args:
        number: From 1; what a citation `[1]` means.
        passage: Of which it is an excerpt.
        start: Of the excerpt in the passage.
        end: Behind it.
    """

    number: int
    passage: StoredPassage
    start: int
    end: int

    @property
    def text(self) -> str:
        """The excerpt."""
        return self.passage.text[self.start : self.end]

    @property
    def line(self) -> int:
        """The line of the file in which the excerpt begins; 0 where the file has none."""
        return self.passage.place_at(self.start)[0]

    @property
    def page(self) -> int:
        """The page on which it begins; 0 where the file has none."""
        return self.passage.place_at(self.start)[1]


def place_of(passage: StoredPassage, offset: int = 0) -> str:
    """Return where a character of a passage is, as people look it up: `helios.md, line 12` or `report.pdf, page 3`."""
    line, page = passage.place_at(offset)
    path = " ".join(passage.path.splitlines())  # a name with a line's end in it would look like another line
    if page:
        return f"{path}, page {page}"
    return f"{path}, line {line}" if line else path


def label_of(shown: Shown) -> str:
    """Return the line above an excerpt: place, time, speakers, heading."""
    passage = shown.passage
    parts = [place_of(passage, shown.start), passage.when, ", ".join(passage.speakers[:6])]
    parts += passage.headings[-1:]
    return "; ".join(part for part in parts if part)


def shown(evidence: Sequence[Evidence], *, budget_tokens: int = BUDGET_TOKENS) -> tuple[Shown, ...]:
    """Return excerpts of passages, in the order in which they were found, that fit a budget together.

    Args:
        evidence: Best first.
        budget_tokens: For all excerpts; each gets an equal share of what those before it left, none less than
            `LEAST_TOKENS`, so the last ones may get nothing.
    """
    found: list[Shown] = []
    left = budget_tokens
    for place, each in enumerate(evidence):
        share = max(left // (len(evidence) - place), LEAST_TOKENS)
        if share > left:
            break
        start, end = excerpt(each.passage.text, each.window, share)
        if end > start:
            found.append(Shown(number=len(found) + 1, passage=each.passage, start=start, end=end))
            left -= approximate_tokens(each.passage.text[start:end])
    return tuple(found)


def excerpt(text: str, window: tuple[int, int], tokens: int) -> tuple[int, int]:
    """Return the whole sentences around a window of a text that fit a budget.

    Where even those of the window do not, it is the beginning of the window, cut between words.
    """
    if approximate_tokens(text) <= tokens:
        return 0, len(text)
    sentences = sentences_in(text)
    if not sentences:
        return 0, 0
    inside = [place for place, (start, end) in enumerate(sentences) if end > window[0] and start < window[1]]
    first, last = (inside[0], inside[-1]) if inside else (0, 0)
    room = tokens - approximate_tokens(text[sentences[first][0] : sentences[last][1]])
    if room < 0:
        return _beginning(text, window if inside else sentences[0], tokens)
    while room > 0 and (first > 0 or last < len(sentences) - 1):
        before = sentences[first - 1] if first > 0 else None
        after = sentences[last + 1] if last < len(sentences) - 1 else None
        take_after = after is not None and (
            before is None or (last - inside[-1] <= inside[0] - first if inside else True)
        )
        taken = after if take_after and after is not None else before
        if taken is None:
            break
        room -= approximate_tokens(text[taken[0] : taken[1]]) + 1
        if room < 0:
            break
        first, last = (first, last + 1) if taken is after else (first - 1, last)
    return sentences[first][0], sentences[last][1]


def _beginning(text: str, stretch: tuple[int, int], tokens: int) -> tuple[int, int]:
    start, end = stretch
    while end > start and approximate_tokens(text[start:end]) > tokens:
        shorter = start + (end - start) * 7 // 8
        space = text.rfind(" ", start + 1, shorter)
        end = space if space > start else shorter
    return start, end
