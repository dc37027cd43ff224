"""What makes two spellings the same name, as far as letters alone can tell.

`key_of` is what names are looked up by: case, accents, possessives, titles before people and legal forms behind firms
do not count, nor do spaces and hyphens at the end of it all (`compact`). Knows nothing of stores, nor of who is meant.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from hausmusik.memory.wordset import word_set

HONORIFICS: Final = word_set(
    """
    mr mrs ms miss mx dr prof professor sir madam dame lord lady hon honourable honorable rev reverend fr sr jr herr
    frau mme mlle monsieur madame señor señora don doña capt captain col colonel gen general sgt president minister
    """
)
LEGAL_FORMS: Final = word_set(
    """
    inc incorporated ltd limited llc llp plc corp corporation co company gmbh ag kg ohg ug se sa sas sarl srl spa bv
    nv oy ab as aps pty pte kk
    """
)
ARTICLES: Final = word_set(
    """
    the a an der die das le la les el los las il lo gli de het
    """
)
SHARED_SPEAKERS: Final = re.compile(
    r"(?:unknown|unidentified|anonymous|guest|caller|operator|moderator|interviewer|interviewee|host"
    r"|(?:speaker|spk|user|participant|person|member|voice|male|female|sprecher|s|p)[ _-]?\d{0,3}[a-z]?)",
    re.IGNORECASE,
)
"""Names of speakers that stand for somebody else in every document."""

_CAMEL: Final = re.compile(r"(?<=[a-zà-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ])")
_GLUED: Final = re.compile(r"\b(Mr|Mrs|Ms|Dr|Prof|Hon)\.(?=[^\W\d_])")
"""`Mr.Chair`, as minutes of parliaments have it."""

_BESIDE: Final = re.compile(r"\([^)]{0,200}\)")
_NO_WORD: Final = re.compile(r"[^\w&+#@./-]+")


def parted(surface: str) -> str:
    """Return a name with a blank behind a title before it."""
    return _GLUED.sub(r"\1. ", surface)


def plain_words(surface: str) -> list[str]:
    """Return the words of a name without case, accents, possessives and punctuation; `LiHua` has two."""
    split = _CAMEL.sub(" ", parted(surface))
    folded = unicodedata.normalize("NFKD", split).casefold()
    bare = "".join(letter for letter in folded if not unicodedata.combining(letter)).replace("’", "'")
    words = (re.sub(r"'s$|'$", "", word).replace("'", "") for word in re.split(r"\s+", bare))
    return [found for word in words for part in _NO_WORD.split(word) if (found := part.strip("./-"))]


def key_of(surface: str, type_: str = "") -> str:
    """Return what a name is looked up by; empty where there is no letter or digit in it.

    Args:
        surface: As written.
        type_: `person` names lose titles and what stands in brackets behind them, others legal forms at their end.
    """
    words = plain_words(_BESIDE.sub(" ", surface) if type_ == "person" else surface) or plain_words(surface)
    while len(words) > 1 and words[0] in ARTICLES:
        words = words[1:]
    if type_ == "person":
        while len(words) > 1 and words[0] in HONORIFICS:
            words = words[1:]
    else:
        while len(words) > 1 and words[-1] in LEGAL_FORMS:
            words = words[:-1]
    return " ".join(words)


def compact(key: str) -> str:
    """Return a key without spaces and hyphens: `co-op`, `co op` and `coop` are one."""
    return re.sub(r"[\s./-]+", "", key)


def initials(key: str) -> str:
    """Return the first letters of a name's words."""
    return "".join(word[0] for word in key.split() if word)


def is_shared_label(surface: str) -> bool:
    """Return whether a speaker's name says nothing of who it is beyond its document: `Speaker 1`."""
    return SHARED_SPEAKERS.fullmatch(surface.strip()) is not None
