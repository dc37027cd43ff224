"""What a document keeps coming back to: word groups that it repeats, such as `remote control` or `belief net`.

They join passages of meetings in which nobody is named. A group counts when it is said several times, has no stop word
at either end and is not part of a longer group said as often (after the C-value of Frantzi et al., 2000). Knows nothing
of other documents.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from hausmusik.memory.extraction.sentences import sentences_in
from hausmusik.memory.extraction.spans import WORD, marks_blanked
from hausmusik.memory.extraction.words import NO_NAMES, STOP_WORDS

MOST: Final = 40
"""Topics of one document: of a meeting of an hour."""

LEAST_TIMES: Final = 3
LEAST_LETTERS: Final = 4


def topics_of(text: str) -> tuple[str, ...]:
    """Return the word groups, two or three words each, lower case, the most repeated first."""
    counts: Counter[tuple[str, ...]] = Counter()
    for start, end in sentences_in(marks_blanked(text)):
        words = [match.group().lower() for match in WORD.finditer(text, start, end)]
        for size in (2, 3):
            for at in range(len(words) - size + 1):
                group = tuple(words[at : at + size])
                if _may_stand(group):
                    counts[group] += 1
    kept = {group: count for group, count in counts.items() if count >= LEAST_TIMES}
    for group in [group for group in kept if len(group) == 3]:
        for part in (group[:2], group[1:]):
            if part in kept and kept[part] <= kept[group] * 1.2:
                del kept[part]
    ranked = sorted(kept, key=lambda group: (-kept[group] * len(group), group))
    return tuple(" ".join(group) for group in ranked[:MOST])


def _may_stand(group: tuple[str, ...]) -> bool:
    ends = (group[0], group[-1])
    if any(word in STOP_WORDS or word in NO_NAMES or len(word) < LEAST_LETTERS for word in ends):
        return False
    return len(set(group)) == len(group) and all(word.replace("-", "").replace("'", "").isalpha() for word in group)
