"""Names that say what somebody is there for and not who it is: `Project Manager`, `Professor B`, `The Acting Chair`.

In another document the same words are most often somebody else. Knows nothing of stores; told from words alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from hausmusik.memory.wordset import word_set

HEADS: Final = word_set(
    """
    chair chairman chairwoman chairperson vorsitzender vorsitzende président présidente president speaker minister
    secretary treasurer clerk judge counsel witness interpreter translator manager designer engineer developer analyst
    architect director officer coordinator facilitator moderator host guest interviewer interviewee operator expert
    professor prof phd grad undergrad postdoc student teacher lecturer doctor nurse patient client customer user agent
    assistant marketing interface
    """
)
"""What such a name ends with, but for a letter or number."""

MODIFIERS: Final = word_set(
    """
    the mr madam madame acting vice deputy prime first second hon honourable honorable right co cabinet committee
    parliamentary executive managing general head chief senior junior lead technical project program programme product
    account sales finance financial industrial graphic creative art software data user ui ux marketing graduate
    doctoral research teaching personal virtual lay
    """
)
FEMALE: Final = word_set(
    """
    mrs ms miss mx madam madame dame lady frau mme mlle señora doña chairwoman
    """
)
"""Titles that go with a woman's name; the others say nothing or say a man's."""

_HELD: Final = re.compile(r"(?P<role>[^()]{2,60}?)\s*\((?P<name>[^()]{3,80}).*", re.DOTALL)


def is_role(words: Sequence[str]) -> bool:
    """Return whether the words of a name, folded, are a role and nothing else, with at most a letter or number behind.

    `speaker of the house` is one somebody: an office, the same in every document.
    """
    left = [word.replace("-", "") for word in words]
    if len(left) > 1 and (len(left[-1]) == 1 or left[-1].isdigit()):
        left = left[:-1]
    return bool(left) and left[-1] in HEADS and all(word in HEADS or word in MODIFIERS for word in left)


def split_held(surface: str) -> tuple[str, str] | None:
    """Return what stands before brackets and what in them: `The Acting Chair (Mrs. Carol Hughes)`; None without."""
    match = _HELD.fullmatch(surface.strip()) if "(" in surface else None
    return (match["role"], match["name"].strip()) if match else None
