"""Words between two names that say how they are related, and which of these relations can hold with one other only.

A relation that is `single` is closed by a later one of the same source: who lives in Leeds no longer lives in York.
Sources of the list: read off QMSum's and LiHua-World's first halves, and the commonest predicates of Wikidata.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec


class Cue(msgspec.Struct, frozen=True):
    """How a relation is said.

    Args:
        kind: Its predicate.
        pattern: Found in the words between the two names.
        single: Whether it holds with one target at a time.
    """

    kind: str
    pattern: re.Pattern[str]
    single: bool = False


def _cue(kind: str, words: str, *, single: bool = False) -> Cue:
    return Cue(kind, re.compile(rf"\b(?:{words})\b", re.IGNORECASE), single)


CUES: Final = (
    _cue("works at", r"works? (?:at|for)|worked (?:at|for)|working (?:at|for)|is with|joined|employed by", single=True),
    _cue("lives in", r"lives? (?:in|at)|living (?:in|at)|moved to|moving to|based in", single=True),
    _cue("leads", r"leads?|led|manages?|managed|heads?|headed|runs|chairs?|chaired|is in charge of|is responsible for"),
    _cue("reports to", r"reports? to|works? under", single=True),
    _cue("married to", r"married(?: to)?|is the (?:wife|husband) of", single=True),
    _cue("parent of", r"is the (?:mother|father|parent) of|'s (?:son|daughter|child)"),
    _cue("made", r"wrote|written by|made|built|developed|designed|directed|composed|invented|created|produced"),
    _cue("part of", r"is part of|belongs? to|member of|in the|of the|within"),
    _cue("located in", r"located in|lies in|is in|situated in"),
    _cue("born in", r"born (?:in|at)", single=True),
    _cue("met", r"met|meets|meeting with|talked (?:to|with)|spoke (?:to|with)|called|invited|asked|told"),
    _cue("owns", r"owns?|owned|bought|acquired|purchased|sold"),
    _cue("uses", r"uses?|used|using|runs on|written in|powered by"),
    _cue("opposes", r"disagree[sd]? with|against|opposes?|opposed|rejected|rejects"),
    _cue("supports", r"agree[sd]? with|supports?|supported|in favou?r of|backs|backed"),
    _cue("before", r"before|precedes|preceded|followed by|succeeded by"),
    _cue("causes", r"because of|caused by|causes?|caused|due to|led to|leads to"),
)
TALKS_OF: Final = "talks of"
WITH: Final = "with"
"""Of two names in one sentence of which nothing more is known."""


def relation_between(words: str) -> tuple[str, float]:
    """Return the kind of a relation by the words between its names, and how sure that is."""
    for cue in CUES:
        if cue.pattern.search(words):
            return cue.kind, 0.7
    return WITH, 0.4


def single_kinds() -> frozenset[str]:
    """Return the kinds that hold with one target at a time."""
    return frozenset(cue.kind for cue in CUES if cue.single)
