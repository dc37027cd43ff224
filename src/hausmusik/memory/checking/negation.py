"""Where a text negates, and which of its words the negation reaches.

A negation reaches the content words behind it up to the end of its clause. `not only`, a `No,` that answers and the tag
`isn't it` negate nothing. Verbs that refuse, fail or deny count, because one reports with them what was said with
`not`. Double negation is not undone. Knows nothing of what other texts say.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from hausmusik.memory.checking.words import Word, is_content, stem, words

_CUES = frozenset(
    "not never without cannot cant dont doesnt didnt isnt wasnt arent neither nor nobody none nothing".split()  # noqa: SIM905
)
_NEGATING = frozenset(
    """refus declin fail deni deny reject unabl lack avoid prevent forb unlikely impossibl unwil refuse decline hardly
    rarely scarcely oppos""".split()  # noqa: SIM905
)
_SOFT = frozenset(
    """hard difficult too against disagree disagre doubt doubtful concern worry worri problem instead less few little
    rather unnecessary unclear unfortunately wrong unable dislike hate bad only remove remov exclud drop stop limit
    insufficient lose unless but however although skip miss absenc abandon discard cut nowhere uncertain
    uncertainty""".split()  # noqa: SIM905
)
_CLAUSE_END = re.compile(r"[.;:!?\n]|,|\bbut\b|\bbecause\b|\balthough\b|\bhowever\b", re.IGNORECASE)
_REACH = 7  # content words


class Negation(NamedTuple):
    """A negation: its cue's offsets, the stems of the words that it reaches, and whether it is `not` itself.

    `refused` and `without` are not: such words of a summary stand for whole stretches of a passage.
    """

    start: int
    end: int
    reach: frozenset[str]
    is_plain: bool


def negations(text: str, listed: list[Word] | None = None) -> list[Negation]:
    """Return the negations of a text, in order."""
    listed = words(text) if listed is None else listed
    found: list[Negation] = []
    for at, word in enumerate(listed):
        if _is_cue(text, listed, at):
            is_plain = word.folded in ("not", "never", "cannot") or word.folded.endswith("n't")
            found.append(Negation(word.start, word.end, _reach(text, listed, at), is_plain))
    return found


def softens(listed: list[Word]) -> bool:
    """Tell whether words say something that one may report with `not`: `too expensive`, `difficult`, `instead`."""
    return any(word.folded in _SOFT or stem(word.folded) in _SOFT or word.folded.startswith("un") for word in listed)


def _is_cue(text: str, listed: list[Word], at: int) -> bool:
    folded = listed[at].folded
    following = listed[at + 1].folded if at + 1 < len(listed) else ""
    behind = text[listed[at].end : listed[at].end + 2].lstrip()[:1]
    if folded in ("no", "none", "nothing"):
        return behind not in tuple(".,;!?-{") and following not in (
            "no",
            "problem",
            "doubt",
            "matter",
            "worries",
            "yeah",
        )
    if folded in _CUES:
        return not (folded == "not" and following in ("only", "just", "merely", "least"))
    if folded.endswith("n't"):
        tag = following in ("it", "you", "they", "we", "he", "she", "i", "that") and "?" in text[listed[at].end :][:14]
        return not tag
    return stem(folded) in _NEGATING or folded in _NEGATING


def _reach(text: str, listed: list[Word], at: int) -> frozenset[str]:
    reached: set[str] = set()
    if stem(listed[at].folded) in _NEGATING:
        reached.add(stem(listed[at].folded))
    end = listed[at].end
    for word in listed[at + 1 : at + 1 + 3 * _REACH]:
        if len(reached) >= _REACH or _CLAUSE_END.search(text, end, word.end):
            break
        if is_content(word.folded):
            reached.add(stem(word.folded))
        end = word.end
    return frozenset(reached)
