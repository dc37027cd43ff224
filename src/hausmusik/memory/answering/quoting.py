"""An answer in code alone: the sentences of the excerpts that say most about the question, quoted, with their numbers.

Correct by construction, and no more eloquent than its sources. What is chosen covers the words of the question and is
near it; a second sentence is taken only if it adds something. Where somebody asked the same in a file, nothing is
nearer than that, and it answers nothing: what asks is quoted with the reply that follows it, or not at all. Knows
nothing of models: nearness is handed in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from hausmusik.memory.answering.context import Shown
from hausmusik.memory.checking.dates import dates
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

_OF_ASKING: Final = re.compile(r"\b(?:ask(?:s|ed|ing)?|questions?|wonder(?:s|ed|ing)?)\b", re.IGNORECASE)

SAME_QUESTION: Final = 0.5
"""A sentence that asks, and has more of the question's words than this, asks the same."""

LONGEST_REPLY: Final = 4
"""Sentences behind a question, at most: those of who asks, and of who replies up to the first that says something."""

_ASKS: Final = re.compile(
    r"[?？][\"'”’»)\]*_…]*$|\bwant(?:ed)? to (?:ask|know)\b"
    r"|\bwonder(?:ed|ing)? (?:if|whether|what|who|where|when|how)\b"
    r"|\b(?:can|could) you (?:please )?(?:tell|remind|send|give) me\b",
    re.IGNORECASE,
)
_GREETS: Final = re.compile(
    r"(?:hey|hi|hello|dear|thanks|thank you|got it|sure|hallo|liebe[rs]?|danke|guten (?:tag|morgen|abend))\b",
    re.IGNORECASE,
)
MOST_OF_GREETING: Final = 4
"""Words; what begins as a greeting and goes on says something."""

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

    @property
    def says_something(self) -> bool:
        """Whether it is worth quoting: `Petra.` only replies, `Hey Li Hua!` greets, `Date: 3 May 2026` is a head."""
        words = len(self.text.split())
        if words < SHORTEST_WORDS or (self.text.startswith("#") and not self.asks):
            return False
        if words <= MOST_OF_GREETING and _GREETS.match(self.text):
            return False
        told = self.text
        for when in reversed(dates(told)):
            told = told[: when.start] + told[when.end :]
        return len(told.split()) > 1

    @property
    def asks(self) -> bool:
        """Whether it ends as questions do, or says that somebody wants to know."""
        return _ASKS.search(self.text) is not None


def candidates(excerpts: Sequence[Shown]) -> list[Quote]:
    """Return every sentence of the excerpts in order, with who says it."""
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
            if words:
                short = words if len(words) <= LONGEST else words[: LONGEST - 1].rsplit(" ", 1)[0] + "…"
                found.append(
                    Quote(
                        number=each.number, start=each.start + start, end=each.start + end, text=short, speaker=speaker
                    )
                )
    return found


def reply_to(quotes: Sequence[Quote], place: int) -> list[int]:
    """Return the places of the sentences that reply to a question; none where nobody does in its excerpt.

    They are what its speaker adds and what the next one says, up to the first sentence that says something: people go
    on before they are answered (`Who has the keys? I cannot find them.`), and answer with `Hm.` first. Where no
    speakers are told it is the next sentence that says something.
    """
    asked = quotes[place]
    found: list[int] = []
    is_heard = False
    for at in range(place + 1, len(quotes)):
        each = quotes[at]
        if each.number != asked.number or at - place > LONGEST_REPLY:
            break
        is_reply = not asked.speaker or each.speaker not in {"", asked.speaker}
        if each.asks:  # asked once more, or back; behind a reply it is another question
            if is_heard:
                break
            continue
        found.append(at)
        is_heard = is_heard or is_reply
        if is_reply and each.says_something:
            break
    return found if is_heard else []


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
    stems = [content_stems(f"{quote.speaker} {quote.text}") for quote in quotes]
    wanted = content_stems(question)
    whole = sum(rarity.get(stem, 0.0) for stem in wanted) or 1.0

    def share(left: set[str], place: int) -> float:
        return sum(rarity.get(stem, 0.0) for stem in left & stems[place]) / whole

    # What asks answers nothing, but where it is asked what somebody asked; the same never, else where nothing else is.
    same = [quote.asks and share(wanted, place) > SAME_QUESTION for place, quote in enumerate(quotes)]
    asking = [quote.asks and not _OF_ASKING.search(question) for quote in quotes]
    for silent in (asking, same):
        taken = _taken(quotes, nearness, silent, wanted, stems, share)
        if taken:
            return tuple(quotes[place] for place in sorted(taken))
    return ()


def _taken(
    quotes: Sequence[Quote],
    nearness: Sequence[float],
    silent: Sequence[bool],
    left: set[str],
    stems: Sequence[set[str]],
    share: Callable[[set[str], int], float],
) -> list[int]:
    """Return the places of the sentences that answer best; `silent` are those that do so only with a reply."""
    replies = {place: reply_to(quotes, place) for place in range(len(quotes)) if silent[place]}
    telling = [at for at, quote in enumerate(quotes) if quote.says_something]
    nearest = max((nearness[at] for at in telling), default=0.0) or 1.0
    # What asks the same is nearest to the question, whatever is known of it: what adds words is not measured by that.
    nearest_telling = max((nearness[at] for at in telling if not silent[at]), default=0.0) or 1.0
    taken: list[int] = []
    for round_ in range(MOST):
        best, most = -1, 0.0
        for place in telling:
            quote = quotes[place]
            if place in taken or (silent[place] and set(taken).issuperset(replies[place])):
                continue
            gain = share(left, place)
            score = nearness[place] + 0.5 * gain - 0.03 * (quote.number - 1)
            elsewhere = (
                quote.number not in {quotes[each].number for each in taken} and nearness[place] > AS_NEAR * nearest
            )
            adds = round_ == 0 or (gain > ADDS and nearness[place] > NEAR_ENOUGH * nearest_telling) or elsewhere
            if adds and score > most:
                best, most = place, score
        if best < 0:
            break
        said = replies.get(best, [best])
        taken = list(dict.fromkeys([*taken, best, *said]))
        left = left.difference(*(stems[place] for place in said))
    return taken
