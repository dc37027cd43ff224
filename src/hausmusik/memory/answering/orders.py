"""Whether a sentence of somebody's file gives orders to a model that reads it: `ignore all instructions`.

A model that obeys one says what the file wanted said, and the file is then the very passage that supports it. So what
is found only in such a sentence is not supported, whatever it cites. The forms are the common ones of prompt injection
(OWASP Top 10 for LLM Applications, LLM01); one that has none of them is not found. Knows nothing of models.
"""

from __future__ import annotations

import re
from typing import Final

_SET_ASIDE: Final = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass|ignoriere|vergiss|missachte)\b[^.!?\n]{0,40}"
    r"\b(?:instructions?|prompts?|rules|orders|directions|guidelines|anweisung(?:en)?|regeln)\b",
    re.IGNORECASE,
)
_SAY_ONLY: Final = re.compile(
    r"\b(?:answer|reply|respond|output|print|antworte)\b[^.!?\n]{0,20}\b(?:only|exactly|nothing but|just|nur)\b",
    re.IGNORECASE,
)
_WHEN_ASKED: Final = re.compile(
    r"\b(?:when|whenever|if|wenn|falls)\b[^.!?\n]{0,40}\b(?:ask(?:ed|s)?|question|gefragt|fragt)\b[^.!?\n]{0,40}"
    r"\b(?:say|answer|reply|respond|claim|output|print|write|sag|antworte|schreib)\b",
    re.IGNORECASE,
)
_SAY_THIS: Final = re.compile(
    r"\b(?:your|deine) (?:answer|reply|response|output|antwort) (?:must|has to|should|shall|muss|soll)\b",
    re.IGNORECASE,
)
_BE_ANOTHER: Final = re.compile(r"\b(?:system prompt|you are now|as an ai\b|as a language model)", re.IGNORECASE)


def is_order(text: str) -> bool:
    """Return whether a text gives orders to a model that reads it."""
    return any(form.search(text) for form in (_SET_ASIDE, _SAY_ONLY, _WHEN_ASKED, _SAY_THIS, _BE_ANOTHER))
