"""What makes two spellings the same name, as far as letters alone can tell.

`key_of` is what names are looked up by: case, accents, possessives, titles before people and legal forms behind firms
do not count, nor do spaces and hyphens at the end of it all (`compact`). Who is named by role alone keeps all words of
it: `Professor B` is not B, `Madam Chair` may be another than the chair. Knows nothing of stores, nor of who is meant.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from hausmusik.memory.roles import FEMALE, is_role, split_held
from hausmusik.memory.wordset import word_set

HONORIFICS: Final = word_set(
    """
    mr mrs ms miss mx dr prof professor sir madam dame lord lady hon honourable honorable rev reverend fr sr jr herr
    frau mme mlle monsieur madame señor señora don doña capt captain col colonel gen general sgt president minister
    """
)
BEFORE_HONORIFICS: Final = word_set(
    """
    right most very prime deputy vice acting first former
    """
)
"""They go with a title that follows: `Right Hon.`, `Prime Minister Freeland`."""

SURE_HONORIFICS: Final = word_set(
    """
    mr mrs ms mx dr prof hon herr frau mme mlle monsieur madame madam señor señora
    """
)
"""Whoever has one is a person; a `general` or a `minister` may be part of something else's name."""

OFFICES: Final = word_set(
    """
    minister president
    """
)
BEHIND_PEOPLE: Final = word_set(
    """
    AM AS MP MEP MSP MLA MPP QC KC PhD MD DPhil MBE OBE CBE DBE
    """
)
"""Letters behind people's names, as they are written: `Lynne Neagle AM`."""

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

KEPT: Final = 8192
"""Keys that are remembered: the same names come again and again, and folding one takes 14 to 52 µs."""

_CAMEL: Final = re.compile(r"(?<=[a-zà-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ])")
_GLUED: Final = re.compile(r"\b(mr|mrs|ms|dr|prof|hon|st)\.(?=[^\W\d_]{2})", re.IGNORECASE)
"""A title and the name behind it with no space between: `Mr.Trudel`."""

_SPELT_OUT: Final = re.compile(r"(?<!\w)(?:[A-Z]_)+[A-Z]?")
"""Letters that are said one by one, as transcribers of AMI write them: `T_V_`."""

_PLURAL_LETTERS: Final = re.compile(r"(?<![\w.-])([A-Z]{2,})s(?![\w.-])")
"""`GCSEs`, `TVs`."""

_SEPARATORS: Final = re.compile(r"[\s./-]+")
_BESIDE: Final = re.compile(r"\([^)]{0,200}\)")
_NO_WORD: Final = re.compile(r"[^\w&+#@./-]+")
_SIMPLE: Final = re.compile(r"[A-Za-z0-9][a-z0-9]*(?: [A-Za-z0-9][a-z0-9]*)*")
"""Words in which there is nothing to fold but capitals: most names, in a twentieth of the time."""


def parted(surface: str) -> str:
    """Return a name with a blank behind a title before it."""
    return _GLUED.sub(r"\1. ", surface)


def plain_words(surface: str) -> list[str]:
    """Return the words of a name without case, accents, possessives and punctuation; `LiHua` has two."""
    return surface.lower().split(" ") if _SIMPLE.fullmatch(surface) else _folded_words(surface)


def _folded_words(surface: str) -> list[str]:
    plain = parted(_SPELT_OUT.sub(lambda match: match.group().replace("_", ""), surface))
    split = _CAMEL.sub(" ", _PLURAL_LETTERS.sub(r"\1", plain))
    folded = unicodedata.normalize("NFKD", split).casefold()
    bare = "".join(letter for letter in folded if not unicodedata.combining(letter)).replace("’", "'")
    words = (re.sub(r"'s$|'$", "", word).replace("'", "") for word in re.split(r"\s+", bare))
    return [found for word in words for part in _NO_WORD.split(word) if (found := part.strip("./-"))]


@lru_cache(maxsize=KEPT)
def key_of(surface: str, type_: str = "") -> str:
    """Return what a name is looked up by; empty where there is no letter or digit in it.

    Args:
        surface: As written.
        type_: `person` names lose titles and what stands in brackets behind them, others legal forms at their end.
    """
    if type_ == "person":
        return " ".join(_person_words(surface))
    words = _without_articles(plain_words(surface))
    while len(words) > 1 and words[-1] in LEGAL_FORMS:
        words = words[:-1]
    return " ".join(words)


def _person_words(surface: str) -> list[str]:
    held = split_held(surface)
    if held and is_role(plain_words(held[0])) and len(name := _person_words(held[1])) > 1:
        return name
    written = _BESIDE.sub(" ", surface)
    while len(parts := written.rsplit(maxsplit=1)) == 2 and parts[1].strip(",.") in BEHIND_PEOPLE:
        written = parts[0]
    words = _without_articles(plain_words(written) or plain_words(surface))
    titles: list[str] = []
    while (bare := _without_title(words)) != words:
        titles += words[: len(words) - len(bare)]
        words = bare
    if is_role(words):
        return ["madam", *words] if FEMALE.intersection(titles) else words
    return words


def _without_title(words: list[str]) -> list[str]:
    """Return the words of a person's name without its first title; as they are where there is no name behind it."""
    at = 0
    while at < len(words) and words[at] in BEFORE_HONORIFICS:
        at += 1
    left = words[at + 1 :]
    if not left or words[at] not in HONORIFICS or left[0] in {"of", "for"} or (len(left) == 1 and len(left[0]) == 1):
        return words
    return left


def _without_articles(words: list[str]) -> list[str]:
    while len(words) > 1 and words[0] in ARTICLES:
        words = words[1:]
    return words


def is_titled(surface: str) -> bool:
    """Return whether a name begins with a title that only people have: `Mr. Blanchet`, `Prime Minister Freeland`."""
    words = plain_words(surface)
    while len(words) > 1 and words[0] in BEFORE_HONORIFICS:
        words = words[1:]
    return words[0] in SURE_HONORIFICS | OFFICES and _without_title(words) != words if words else False


def compact(key: str) -> str:
    """Return a key without spaces and hyphens: `co-op`, `co op` and `coop` are one."""
    return _SEPARATORS.sub("", key)


def initials(key: str) -> str:
    """Return the first letters of a name's words."""
    return "".join(word[0] for word in key.split() if word)


def is_shared_label(surface: str) -> bool:
    """Return whether a speaker's name says nothing of who it is beyond its document: `Speaker 1`."""
    return SHARED_SPEAKERS.fullmatch(surface.strip()) is not None
