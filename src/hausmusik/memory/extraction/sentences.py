"""Where sentences are, in prose as in transcripts that have no full stops: they end at one, or at a line's end.

Linear in the length of the text. Knows nothing of meaning.
"""

from __future__ import annotations

import re
from typing import Final

_MARK: Final = "[.!?…]"
_ABBREVIATED: Final = "".join(
    rf"(?<!\b{each}{_MARK})" for each in ("[A-Z]", "Dr", "Mr", "Ms", "Mrs", "St", r"e\.g", r"i\.e")
)
GERMAN_MONTHS: Final = "Jan|Feb|Mär|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez"
_OF_MONTH: Final = rf"(?!(?:(?<=\b\d\.)|(?<=\b\d\d\.)) (?:{GERMAN_MONTHS}))"  # `am 8. Juni` goes on
# What an end begins with stands first, so that all other characters are passed over at once. Only the first of a run of
# marks is tried: a line of 200,000 dots would be read from each of them.
_END: Final = re.compile(
    rf"[.!?…\n](?:(?<=\n)|(?<!{_MARK}{_MARK}){_ABBREVIATED}{_OF_MONTH}{_MARK}*+[\"'”’)\]]*+(?=\s))"
)


def sentences_in(text: str) -> list[tuple[int, int]]:
    """Return start and end of each sentence, without the white space around them; none is empty."""
    found: list[tuple[int, int]] = []
    start = 0
    for end in (*(match.end() for match in _END.finditer(text)), len(text)):
        piece = text[start:end]
        begin = start + len(piece) - len(piece.lstrip())
        last = begin + len(piece.strip())
        if last > begin:
            found.append((begin, last))
        start = end
    return found
