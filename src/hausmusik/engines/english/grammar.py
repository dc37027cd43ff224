"""Guess a word's part of speech from its neighbours, well enough to tell `a record` from `to record`.

A few dozen function words around a homograph decide most cases; where they do not, the dictionary's default stands.
This is no tagger: it is asked only about words whose sound depends on the answer. Knows nothing of sounds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from hausmusik.engines.english.wordlists import word_set

DETERMINERS: Final = word_set(
    "the a an this that these those my your his her its our their some any no every each either neither another "
    "such whose which what both all many few several more most much enough"
)
_OBJECTS: Final = word_set("me you him it us them myself yourself himself herself itself themselves")
SUBJECTS: Final = word_set("i you we they he she it who that which there")
MODALS: Final = word_set(
    "will would can could should may might must shall do does did don't doesn't didn't won't wouldn't can't cannot "
    "couldn't shouldn't mustn't let's to please not never 'll i'll you'll we'll they'll he'll she'll it'll i'd you'd "
    "we'd they'd he'd she'd gonna wanna help helps"
)
BE: Final = word_set("is are was were be been being am isn't aren't wasn't weren't i'm you're we're they're")
HAVE: Final = word_set("have has had having haven't hasn't hadn't i've you've we've they've he's she's it's get got")
PREPOSITIONS: Final = word_set(
    "of in on with for from by at about into onto over under without within between through during after before "
    "against per via as than like near inside outside behind beyond upon toward towards across along"
)
CONJUNCTIONS: Final = word_set("and or but nor so because while when if then that which who")
_ADVERBS: Final = word_set("also always usually often sometimes rarely never just only still now then soon")
_PAST_CUES: Final = word_set(
    "yesterday ago last once already earlier previously was were had did came went said wrote told found"
)
_HABIT_CUES: Final = word_set(
    "every always usually often daily sometimes rarely tomorrow tonight now can will if when must should"
)
_ADJECTIVE: Final = re.compile(r"(?:able|ible|ful|ous|ive|ical|ish|less|ary|ern|est|ic|al|ant|ent)$")
_TYPICAL_ADJECTIVES: Final = word_set(
    "new old big small good bad best worst first second third last next long short great other same own main single "
    "whole full early late high low little large strong strange dark bright cold hot red blue green black white loud "
    "world double daily modern famous simple hard soft quiet clear real true open secret"
)


def _is_verb_form(before: str, before_that: str) -> bool:
    if before in MODALS or before in _ADVERBS or before.endswith("n't"):
        return True
    if before.endswith("ly") and (before_that in SUBJECTS or before_that in MODALS):
        return True
    return before in SUBJECTS and before not in {"that", "which", "it"} and before not in DETERMINERS


def _is_noun_slot(before: str) -> bool:
    possessive = before.endswith("'s") and before not in {"let's", "it's", "he's", "she's", "that's", "there's"}
    return before in DETERMINERS or before in PREPOSITIONS or possessive or before[:1].isdigit()


def _is_adjective(word: str) -> bool:
    return word in _TYPICAL_ADJECTIVES or bool(_ADJECTIVE.search(word) and len(word) > 4)


def part_of_speech(words: Sequence[str], index: int) -> str:
    """Guess the part of speech of one word.

    Args:
        words: The sentence's words in lower case, without punctuation.
        index: Which of them.

    Returns:
        `NOUN`, `VERB`, `ADJ`, `VBD` (past tense), `VBN` (past participle) or empty when nothing around tells.
    """
    word = words[index]
    before = words[index - 1] if index else ""
    before_that = words[index - 2] if index > 1 else ""
    after = words[index + 1] if index + 1 < len(words) else ""
    special = _SPECIAL.get(word)
    if special is not None:
        return special(words, index)
    if before == "to" and before_that in {"due", "according", "thanks", "access", "close", "next", "similar"}:
        return "NOUN"
    if _is_verb_form(before, before_that):
        return "VERB"
    if before in BE:
        return "ADJ"
    if _is_noun_slot(before) or (_is_adjective(before) and before_that in DETERMINERS | PREPOSITIONS | {""}):
        return "NOUN"
    takes_object = after in _OBJECTS or (after in DETERMINERS and after != "that")
    if takes_object and (not before or before in CONJUNCTIONS or not _is_adjective(before)):
        return "VERB"
    return "NOUN" if _is_adjective(before) or not before else ""


def _read(words: Sequence[str], index: int) -> str:
    before = words[index - 1] if index else ""
    if before in HAVE or before in BE or before in {"well", "widely", "much"}:
        return "VBN"
    if before in MODALS or not before or before in DETERMINERS:
        return ""
    if index > 1 and words[index - 2] in {"did", "do", "does", "can", "will", "would", "could", "should", "didn't"}:
        return ""
    cues = set(words)
    if cues & _PAST_CUES or any(re.fullmatch(r"\w{3,}ed", word) for word in words):
        return "VBD"
    if cues & _HABIT_CUES or before in {"you", "and", "or"}:
        return ""
    third_person = before in {"he", "she", "it", "who"} or before not in SUBJECTS
    return "VBD" if third_person or before in {"i", "we", "they"} else ""


def _live(words: Sequence[str], index: int) -> str:
    before = words[index - 1] if index else ""
    after = words[index + 1] if index + 1 < len(words) else ""
    if before in MODALS or (before in SUBJECTS and before not in {"it", "that"}):
        return "VERB"
    if after in {"in", "with", "by", "on", "at", "here", "there", "together", "alone", "without", "longer", "near"}:
        return "ADJ" if before in BE or before in {"streamed", "broadcast", "recorded", "play", "played"} else "VERB"
    return "VERB" if before in {"who", "people", "where", "and"} and after not in {"music", "show"} else "ADJ"


def _close(words: Sequence[str], index: int) -> str:
    before = words[index - 1] if index else ""
    after = words[index + 1] if index + 1 < len(words) else ""
    if after in {"to", "friend", "friends", "by", "enough", "together", "call", "look", "up", "range", "attention"}:
        return "ADJ" if before not in MODALS or after not in {"up", "by", "enough"} else "VERB"
    if before in {"very", "too", "so", "as", "how", "quite", "really", "came", "come", "stay", "get", "getting"}:
        return "ADJ"
    if before in MODALS or before in {"i", "we", "you", "they"} or not before:
        return "VERB"
    if before in {"the", "a"} and after in {"of", ""}:
        return "NOUN"
    return "VERB" if after in DETERMINERS and before not in BE else "ADJ"


def _bass(words: Sequence[str], index: int) -> str:  # noqa: ARG001 -- the whole sentence decides
    fish = {"fish", "fishing", "lake", "sea", "river", "caught", "catch", "striped", "grilled", "boat"}
    return "" if fish & set(words) else "ADJ"


def _minute(words: Sequence[str], index: int) -> str:
    after = words[index + 1] if index + 1 < len(words) else ""
    before = words[index - 1] if index else ""
    small = after in {"detail", "details", "differences", "particles", "traces", "quantities", "amounts", "changes"}
    return "ADJ" if small or before in {"very", "most", "extremely"} else "NOUN"


def _used(words: Sequence[str], index: int) -> str:
    after = words[index + 1] if index + 1 < len(words) else ""
    before = words[index - 1] if index else ""
    passive = before in {"is", "are", "was", "were", "be", "been", "being"}
    beyond = words[index + 2] if index + 2 < len(words) else ""
    if after != "to" or (passive and beyond not in DETERMINERS and beyond not in _OBJECTS):
        return ""
    return "VBD"


def _lead(words: Sequence[str], index: int) -> str:
    before = words[index - 1] if index else ""
    metal = {"pipe", "pipes", "paint", "poisoning", "pencil", "metal", "tin", "copper", "zinc", "heavy", "poison"}
    return "ADJ" if metal & set(words) and before not in MODALS | SUBJECTS | {"the", "will"} else ""


def _wind(words: Sequence[str], index: int) -> str:
    after = words[index + 1] if index + 1 < len(words) else ""
    before = words[index - 1] if index else ""
    turns = after in {"up", "down", "back", "through", "around", "along", "the"}
    return "VERB" if before in MODALS or (turns and before not in DETERMINERS | PREPOSITIONS) else "NOUN"


def _that(words: Sequence[str], index: int) -> str:
    """`that` is strong when it points: `that book`, `that is`, but weak when it joins: `I think that he …`."""
    before = words[index - 1] if index else ""
    after = words[index + 1] if index + 1 < len(words) else ""
    points = not before or before in PREPOSITIONS or before in {"do", "did", "about", "like"} or not after
    return "DT" if points or after in {"is", "was", "one", "way"} else ""


def _lives(words: Sequence[str], index: int) -> str:
    before = words[index - 1] if index else ""
    after = words[index + 1] if index + 1 < len(words) else ""
    if before in DETERMINERS | PREPOSITIONS | {"of", "people's", "and", "human", "two", "three", "nine", "daily"}:
        return "NOUN"
    return "VERB" if after in PREPOSITIONS | {"here", "there", "alone", "together"} or before in SUBJECTS else "NOUN"


_SPECIAL: Final = {
    "read": _read, "reread": _read, "live": _live, "lives": _lives,
    "close": _close, "bass": _bass, "minute": _minute, "used": _used, "lead": _lead, "wind": _wind, "that": _that,
}  # fmt: skip
