"""An answer in code alone: the sentences of the excerpts that say most about the question, quoted, with their numbers.

Correct by construction, and no more eloquent than its sources. What is chosen covers the words of the question and is
near it; a second sentence is taken only if it adds something. Knows nothing of models: nearness is handed in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from hausmusik.memory.answering.context import Shown
from hausmusik.memory.extraction.sentences import sentences_in
from hausmusik.memory.extraction.spans import marks_blanked
from hausmusik.memory.retrieval.chaining import content_stems

MOST: Final = 3
LONGEST: Final = 320
SHORTEST_WORDS: Final = 3
ADDS: Final = 0.05
NEAR_ENOUGH: Final = 0.6
"""What a second sentence must add of the question's words, and how near it must be beside the nearest one."""

AS_NEAR: Final = 0.85
"""From another excerpt, what is nearly as near is said as well: it may be what was said later."""

_HEAD: Final = re.compile(r"^(?:\[[^\]\n]{1,40}\]\s*)?([^\W\d_][^:\n]{0,40}):\s+")


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence of an excerpt.

    Args:
        number: Of the excerpt.
        start: In the passage.
        end: Behind it.
        text: Of the sentence, on one line.
        speaker: Who says it, where the excerpt tells.
    """

    number: int
    start: int
    end: int
    text: str
    speaker: str = ""

    @property
    def sentence(self) -> str:
        """As part of an answer, with its citation."""
        said = f'{self.speaker}: "{self.text}"' if self.speaker else f'"{self.text}"'
        return f"{said} [{self.number}]"


def candidates(excerpts: Sequence[Shown]) -> list[Quote]:
    """Return every sentence of the excerpts that says something, with who says it."""
    found: list[Quote] = []
    for each in excerpts:
        speaker = ""
        text = marks_blanked(each.text)
        for first, end in sentences_in(text):
            start, begins_line = first, first == 0 or "\n" in text[max(0, first - 3) : first]
            head = _HEAD.match(text[first:end]) if begins_line else None
            if head and head.group(1) in each.passage.speakers:
                speaker = head.group(1)
                start += head.end()
            elif begins_line:
                speaker = ""
            words = " ".join(text[start:end].split())
            if len(words.split()) >= SHORTEST_WORDS:
                short = words if len(words) <= LONGEST else words[: LONGEST - 1].rsplit(" ", 1)[0] + "…"
                found.append(
                    Quote(
                        number=each.number, start=each.start + start, end=each.start + end, text=short, speaker=speaker
                    )
                )
    return found


def chosen(
    question: str, quotes: Sequence[Quote], nearness: Sequence[float], rarity: Mapping[str, float]
) -> tuple[Quote, ...]:
    """Return the sentences that answer best, in the order of their excerpts.

    Args:
        question: In words.
        quotes: To choose from.
        nearness: Of each to the question, -1 to 1.
        rarity: How much each stem of the question tells.
    """
    left = content_stems(question)
    whole = sum(rarity.get(stem, 0.0) for stem in left) or 1.0
    stems = [content_stems(f"{quote.speaker} {quote.text}") for quote in quotes]
    taken: list[int] = []
    for round_ in range(MOST):
        best, most = -1, 0.0
        for place, quote in enumerate(quotes):
            if place in taken:
                continue
            gain = sum(rarity.get(stem, 0.0) for stem in left & stems[place]) / whole
            score = nearness[place] + 0.5 * gain - 0.03 * (quote.number - 1)
            near = nearness[place] / (max(nearness) or 1.0)
            elsewhere = quote.number not in {quotes[each].number for each in taken}
            adds = round_ == 0 or (gain > ADDS and near > NEAR_ENOUGH) or (elsewhere and near > AS_NEAR)
            if adds and score > most:
                best, most = place, score
        if best < 0:
            break
        taken.append(best)
        left = left - stems[best]
    return tuple(quotes[place] for place in sorted(taken))
