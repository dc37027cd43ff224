"""Where a speaker's words are cut into captions: the cheapest path over all captions that fit.

Every possible caption, a run of words that fits two lines and the longest time, has a cost; dynamic programming finds
the cheapest sequence (Bellman; as Knuth and Plass set paragraphs, 1981). Costs are in units of "one caption more".
Linear in the number of words. Knows nothing of speakers or files.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

import msgspec

from hausmusik.audio.caption_text import Word, break_cost, columns_of

_BREATH_S: Final = 0.25
_BREATH_GAIN: Final = 0.5
_INNER_SENTENCE: Final = 0.35  # two short sentences together are fine, three are not …
_TORN_SENTENCE: Final = 0.9  # … and the beginning of one at the end of a caption is worse
_MISSING_SECOND: Final = 2.0
_FEW_COLUMNS: Final = 14
_FEW: Final = 0.6
_FREE_AFTER_S: Final = 1.5  # time to read that the last caption of a turn can usually take from the silence after it


class CaptionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader can follow.

    Args:
        columns: Of a line; wide characters count twice.
        longest_s: Of a caption.
        shortest_s: Of a caption, where the next one leaves room.
        characters_per_s: Reading speed, where the next one leaves room.
    """

    columns: int = 42
    longest_s: float = 7.0
    shortest_s: float = 1.0
    characters_per_s: float = 20.0


class TimedWord(msgspec.Struct, frozen=True):
    """A word and when it is said, in seconds."""

    word: Word
    start_s: float
    end_s: float


def cut(words: Sequence[TimedWord], limits: CaptionLimits, indent: int = 0) -> list[tuple[int, int]]:
    """Return the captions of a turn as ranges `(first word, after the last)`.

    Args:
        words: At least one, in order.
        limits: Of lines and times.
        indent: Columns of the first line that the speaker's name needs.
    """
    return _Cutter(words, limits, indent).cheapest()


class _Cutter:
    """Sums over the words, so that each caption's cost is found in constant time."""

    def __init__(self, words: Sequence[TimedWord], limits: CaptionLimits, indent: int) -> None:
        self._words = words
        self._limits = limits
        self._indent = indent
        widths = [columns_of(each.word.text) + (not each.word.glued) for each in words]  # with the space before
        self._ends = list(accumulate(widths, initial=0))
        self._break_cost = [0.0, *(self._cost_after(index) for index in range(len(words)))]
        sentences = [break_cost(each.word.text) == 0.0 for each in words]
        self._sentences = list(accumulate(sentences, initial=0))

    def cheapest(self) -> list[tuple[int, int]]:
        """Return the path of least cost."""
        count = len(self._words)
        cost = [0.0] + [math.inf] * count
        came_from = [0] * (count + 1)
        for first in range(count):
            for after in range(first + 1, self._furthest(first) + 1):
                total = cost[first] + self._cost(first, after)
                if total < cost[after]:
                    cost[after], came_from[after] = total, first
        ranges: list[tuple[int, int]] = []
        after = count
        while after > 0:
            ranges.append((came_from[after], after))
            after = came_from[after]
        return ranges[::-1]

    def _furthest(self, first: int) -> int:
        """Return the end of the longest caption that begins with a word, in lines and in time."""
        upper = self._line_end(first, self._indent if first == 0 else 0)
        lower = self._line_end(upper, 0) if upper < len(self._words) else upper
        latest_s = self._words[first].start_s + self._limits.longest_s
        while lower > first + 1 and self._words[lower - 1].end_s > latest_s:
            lower -= 1
        return max(lower, first + 1)

    def _line_end(self, first: int, indent: int) -> int:
        """Return the word after the last one that fits on a line beginning with `first`."""
        lead = 0 if self._words[first].word.glued else 1
        room = self._limits.columns - indent + self._ends[first] + lead
        return max(first, bisect_right(self._ends, room) - 1)

    def _cost(self, first: int, after: int) -> float:
        words, limits = self._words, self._limits
        wide = self._ends[after] - self._ends[first]
        if after < len(words):
            available_s = words[after].start_s - words[first].start_s
        else:
            available_s = words[after - 1].end_s - words[first].start_s + _FREE_AFTER_S
        available_s = min(available_s, limits.longest_s)
        missing_s = max(0.0, wide / limits.characters_per_s - available_s, limits.shortest_s - available_s)
        inner = self._sentences[after - 1] - self._sentences[first]
        few = _FEW if wide < _FEW_COLUMNS and len(words) > after - first else 0.0
        at_end = self._sentences[after] > self._sentences[after - 1] or after == len(words)
        inside = inner * (_INNER_SENTENCE if at_end else _TORN_SENTENCE)
        return 1.0 + self._break_cost[after] + _MISSING_SECOND * missing_s + inside + few

    def _cost_after(self, index: int) -> float:
        """Return what ending a caption after a word costs; a breath makes it better, the end of the turn is free."""
        if index + 1 == len(self._words):
            return 0.0
        breath = self._words[index + 1].start_s - self._words[index].end_s >= _BREATH_S
        return max(0.0, break_cost(self._words[index].word.text) - (_BREATH_GAIN if breath else 0.0))
