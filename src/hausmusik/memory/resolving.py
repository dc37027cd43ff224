"""Whether two names mean the same, decided from letters and company; never by closing over chains.

    same     they become one entity; recorded with its reason, and can be undone
    doubt    somebody who knows more is asked: a language model in batches, or the user
    apart    nothing is done

A new name is compared with the names that share a word, a compact form or initials with it (`blocking` is the store's),
of its own type or of none. A name of one word may be any of several people: then who else is in the same document
decides, and if that does not, it stays apart. Thresholds per type were set on QMSum's and LiHua-World's first halves.

Sources: blocking and grey zone after Christen, Data Matching (2012); likeness by rapidfuzz.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from hausmusik.memory.extraction.values import OTHER
from hausmusik.memory.naming import compact, initials
from hausmusik.memory.needing import needed

Verdict: TypeAlias = Literal["same", "doubt", "apart"]

ALIKE: Final = {"person": 0.93, "organization": 0.95, "location": 0.95, "topic": 1.1}
"""From which likeness of spelling on two names of a type are taken for one; above 1: never by spelling."""

ALIKE_ELSE: Final = 0.96
SHORTEST_INITIALS: Final = 3
"""Two letters are the initials of too many."""

DOUBTFUL: Final = 0.86
LEAST_LETTERS: Final = 5
"""Shorter names differ in meaning by one letter: Anna and Hanna."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A name that is known already.

    Args:
        name: Its id.
        entity: Whom it means.
        key: Its words.
        type: Its type.
        is_here: Whether the entity is mentioned in the document that the new name is in.
    """

    name: int
    entity: int
    key: str
    type: str
    is_here: bool


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided of a new name.

    Args:
        verdict: See the module.
        candidate: The name that it is like; None where there is none.
        score: 0 to 1.
        reason: For people.
    """

    verdict: Verdict
    candidate: Candidate | None = None
    score: float = 0.0
    reason: str = ""


APART: Final = Resolution(verdict="apart")


def resolve(key: str, type_: str, candidates: Sequence[Candidate]) -> Resolution:
    """Return what a name is to the names that are known.

    Args:
        key: Of the new name, see `naming.key_of`.
        type_: Of the ontology.
        candidates: Names that share something with it, in the order of their ids.
    """
    fitting = [each for each in candidates if type_ == each.type or OTHER in {type_, each.type}]
    exact = [each for each in fitting if compact(each.key) == compact(key)]
    if exact:
        return _one_of(exact, 0.98, "the same letters")
    if type_ in {"person", OTHER}:
        parts = [each for each in fitting if _is_part(key, each.key) and not _contradicts(key, each, fitting)]
        if parts:
            return _person(key, parts)
    shorts = [each for each in fitting if "topic" not in {type_, each.type} and _is_short_for(key, each.key)]
    if shorts:
        here = [each for each in shorts if each.is_here]
        if len({each.entity for each in here}) == 1:
            return _one_of(here, 0.9, "its initials, in the same document")
        return Resolution(verdict="doubt", candidate=shorts[0], score=0.6, reason="its initials")
    return _spelt_alike(key, type_, fitting)


def _person(key: str, parts: Sequence[Candidate]) -> Resolution:
    """Decide of a name that is part of others: `John` of `John Doe`, or the other way round."""
    people = [each for each in parts if each.type == "person"]
    here = [each for each in people if each.is_here]
    for found, score, reason in (
        (here, 0.92, "part of the one such name in the same document"),
        (people, 0.9, "part of the only such name"),
    ):
        if len({each.entity for each in found}) == 1:
            return _one_of(found, score, reason)
        if found:
            break
    if people:
        reason = f"{len({each.entity for each in people})} people have a name with {key!r} in it"
        return Resolution(verdict="doubt", candidate=people[0], score=0.5, reason=reason)
    return APART


def _one_of(found: Sequence[Candidate], score: float, reason: str) -> Resolution:
    best = next((each for each in found if each.is_here), found[0])
    return Resolution(verdict="same", candidate=best, score=score, reason=reason)


def _spelt_alike(key: str, type_: str, candidates: Sequence[Candidate]) -> Resolution:
    likeness = needed("rapidfuzz.distance").JaroWinkler.normalized_similarity  # 20 ms, and not needed to ask a memory
    best, most = None, 0.0
    for each in candidates:
        if min(len(key), len(each.key)) < LEAST_LETTERS or _digits(key) != _digits(each.key):
            continue
        if len(key.split()) != len(each.key.split()):
            continue
        pairs = zip(key.split(), each.key.split(), strict=True)
        score = min(likeness(one, other) for one, other in pairs)
        if score > most:
            best, most = each, score
    if best is None or most < DOUBTFUL:
        return APART
    verdict: Verdict = "same" if most >= ALIKE.get(type_, ALIKE_ELSE) and best.is_here else "doubt"
    return Resolution(verdict=verdict, candidate=best, score=most, reason=f"spelt like {best.key!r}")


def _is_part(one: str, other: str) -> bool:
    """Return whether all words of the shorter name are words of the longer; initials stand for words."""
    short, long = sorted((one.split(), other.split()), key=len)
    if not short or len(short) == len(long):
        return False
    left = list(long)
    for word in short:
        match = next((each for each in left if each == word or (len(word) == 1 and each.startswith(word))), None)
        if match is None:
            return False
        left.remove(match)
    return any(len(word) > 1 for word in short)


def _contradicts(key: str, found: Candidate, candidates: Sequence[Candidate]) -> bool:
    """Return whether the entity of a name has another that this one cannot go with.

    `Jake Peralta` is not the Jake who is Jake Watson.
    """
    others = (each.key for each in candidates if each.entity == found.entity and each.name != found.name)
    return any(" " in other and other != key and not _is_part(key, other) for other in others)


def _is_short_for(one: str, other: str) -> bool:
    """Return whether one name is the initials of the other: `jd` of `john doe`."""
    short, long = sorted((one, other), key=lambda key: len(key.split()))
    return " " not in short and len(short) >= SHORTEST_INITIALS and compact(short) == initials(long)


def _digits(key: str) -> str:
    """Return a name's digits: `building 3` and `building 4` are never one."""
    return "".join(letter for letter in key if letter.isdigit())


def blocking_words(key: str) -> Collection[str]:
    """Return by what names are found that may mean the same: words, the compact form, the initials, and beginnings.

    The beginning of a word finds it misspelt further on.
    """
    words = key.split()
    found = {compact(key), *words}
    if len(words) > 1:
        found.add(initials(key))
    found |= {f"{word[:4]}*" for word in words if len(word) > LEAST_LETTERS}
    return found
