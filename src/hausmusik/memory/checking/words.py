"""Words of a text with their offsets, and the stem by which two forms of a word are taken for one.

The stemmer is a light one for English: it joins `proposed`, `proposal` and `proposes`, and says nothing of meaning.
Words that carry none (`the`, `which`) and those with which any summary reports (`said`, `suggested`, `discussed`) are
not content: that a passage lacks them proves nothing. Knows nothing of sentences, numbers or names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

# `L_C_D_` is how meeting transcripts write letters that were spelled; it is one word, as `LCD` is.
_WORD = re.compile(r"(?:[^\W\d_]_){2,20}(?:[^\W\d_](?![^\W_]))?|[^\W_]+(?:['’][^\W_]+)*")
_LONGEST = 64  # characters of a word that are looked at; nothing that people write is longer

STOP = frozenset(
    """a an the this that these those it its he him his she her hers they them their theirs we us our ours you your
    yours i me my mine myself himself herself itself themselves who whom whose which what when where why how and
    or but nor so yet if then than as of at by for with about against between into through during before after
    above below to from up down in out on off over under again further once here there all any both each few
    more most other some such only own same too very can will just should now would could may might must shall
    do does did doing done have has had having be is am are was were been being not no never none nothing nobody
    neither cannot without also while because since until although though whether however therefore thus hence
    moreover furthermore besides meanwhile finally firstly secondly thirdly lastly first second third next last
    one ones etc per via upon within among across along toward towards still already even much many lot lots
    well really quite rather instead get gets got getting go goes going went let lets make makes made making
    take takes took put way thing things something anything everything someone anyone everyone kind sort bit yes
    yeah okay ok uh um hmm mm oh hey hi like s t d ll m re ve don doesn didn isn wasn aren weren won wouldn
    couldn shouldn hasn haven hadn ain vocalsound disfmarker gap pause nonvocalsound
    """.split()  # noqa: SIM905
)
"""Words that carry no meaning of their own, and the marks of meeting transcripts."""

REPORTING = frozenset(
    """say says said saying tell tells told telling ask asks asked asking think thinks thought thinking believe believes
    believed mention mentions mentioned mentioning suggest suggests suggested suggesting suggestion propose proposes
    proposed proposing discuss discusses discussed discussing discussion talk talks talked talking explain explains
    explained explaining state states stated note notes noted report reports reported describe describes described
    point points pointed add adds added argue argues argued claim claims claimed agree agrees agreed agreeing disagree
    disagrees disagreed reply replies replied respond responds responded answer answers answered express expresses
    expressed inform informs informed remind reminds reminded recommend recommends recommended introduce introduces
    introduced indicate indicates indicated emphasize emphasizes emphasized emphasise emphasised stress stressed
    insist insists insisted conclude concludes concluded consider considers considered present presents presented
    clarify clarifies clarified announce announces announced share shares shared offer offers offered want wants wanted
    feel feels felt hope hopes hoped plan plans planned wonder wonders wondered raise raises raised find finds found
    hold holds held intend intends intended call calls called invite invites invited thank thanks thanked decide decides
    decided prefer prefers preferred need needs needed show shows showed summarize summarized highlight highlighted
    admit admits admitted stated acknowledge acknowledged confirm confirms confirmed request requests requested warn
    warned doubt doubted assume assumes assumed presume presumed advise advised encourage encouraged assure assured
    """.split()  # noqa: SIM905
)
"""Verbs with which a summary reports what somebody said or did."""

_IRREGULAR = {
    "bought": "buy", "brought": "bring", "built": "build", "chose": "choose", "chosen": "choose", "came": "come",
    "gave": "give", "given": "give", "kept": "keep", "knew": "know", "known": "know", "left": "leave", "lost": "lose",
    "met": "meet", "paid": "pay", "ran": "run", "sold": "sell", "sent": "send", "shown": "show", "spent": "spend",
    "spoke": "speak", "spoken": "speak", "taught": "teach", "understood": "understand", "won": "win", "wrote": "write",
    "written": "write", "women": "woman", "men": "man", "children": "child", "people": "person", "better": "good",
    "best": "good", "television": "tv", "saw": "see", "seen": "see", "heard": "hear", "began": "begin", "fell": "fall",
    "grew": "grow", "drew": "draw", "drawn": "draw", "held": "hold", "led": "lead", "meant": "mean", "cheaper": "cheap",
}  # fmt: skip
_SUFFIXES = ("ization", "isation", "ation", "ition", "ment", "ness", "able", "ible", "ity", "ive", "ing", "ion", "ful",
             "ise", "ize", "ate", "ed", "er", "or", "ly", "al", "ic", "y", "e")  # fmt: skip


class Word(NamedTuple):
    """A word of a text: as it is compared, and where it stands."""

    folded: str
    start: int
    end: int


def fold(word: str) -> str:
    """Return a word as words are compared: no case, no possessive, straight apostrophes, spelled letters joined."""
    folded = word[:_LONGEST].replace("’", "'").replace("_", "").casefold()
    return folded.removesuffix("'s").removesuffix("'")


def words(text: str) -> list[Word]:
    """Return the words of a text in order; offsets are those of the text."""
    return [Word(fold(found.group()), found.start(), found.end()) for found in _WORD.finditer(text)]


def stem(folded: str) -> str:
    """Return the stem of a folded word, by taking its usual English endings off."""
    if folded in _IRREGULAR:
        return _IRREGULAR[folded]
    if len(folded) <= 3 or not folded.isalpha():
        return folded
    if folded.endswith("ies") and len(folded) > 4:
        folded = folded[:-3] + "y"
    elif folded.endswith(("sses", "shes", "ches", "xes")):
        folded = folded[:-2]
    elif folded.endswith("s") and not folded.endswith(("ss", "us", "is")):
        folded = folded[:-1]
    for _ in range(2):  # `finalized`: ed, then iz
        for suffix in _SUFFIXES:
            if folded.endswith(suffix) and len(folded) - len(suffix) >= 3:
                folded = folded[: -len(suffix)]
                break
        else:
            break
    if len(folded) > 3 and folded[-1] == folded[-2] and folded[-1] not in "aeiouls":
        folded = folded[:-1]  # `planned`
    return folded


def is_content(folded: str) -> bool:
    """Tell whether a folded word says something that a passage should say too."""
    return len(folded) > 1 and folded not in STOP and folded not in REPORTING and not folded[0].isdigit()


def stems(found: Iterable[Word]) -> list[str]:
    """Return the stems of those words that are content, in order."""
    return [stem(word.folded) for word in found if is_content(word.folded)]
