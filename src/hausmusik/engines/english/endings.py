"""Whether a sentence ends at a dot that may also belong to an abbreviation: by the word that follows.

Knows nothing of which abbreviation it is.
"""

from __future__ import annotations

import re
from typing import Final

_STARTERS: Final = re.compile(
    r"\s+[\"“‘'(]?(?:The|A|An|He|She|It|They|We|You|I|In|On|At|But|And|Or|So|This|That|These|Those|There|Then|When|"
    r"While|If|As|For|From|His|Her|Its|Their|Our|My|What|Who|How|Why|Where|After|Before|Now|No|Not|Yes|All|Some|One|"
    r"Please|Let|Here|With|Without|Since|Until|Every|Each|Both|Most|Many|Few|Perhaps|Maybe|Do|Did|Is|Are|Was|Were|Can)\b"
)


def sentence_begins(text: str, start: int) -> bool:
    """Return whether a word that usually begins a sentence, capitalised, stands at `start` after a space."""
    return bool(_STARTERS.match(text, start))


def ends_sentence(text: str, end: int) -> bool:
    """Return whether a dot before `end` closes a sentence: one begins there, or the text is over."""
    return sentence_begins(text, end) or not text[end:].strip(" \"”’')\n") or text[end:].startswith("\n\n")
