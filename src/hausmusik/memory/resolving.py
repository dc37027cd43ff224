"""Whether two names mean the same, decided from letters and company; never by closing over chains.

    same     they become one entity; recorded with its reason, and can be undone
    doubt    it is kept for the user; a small language model knows no more (see `extraction.asking`)
    apart    nothing is done

A new name is compared with the names that share a word or a compact form with it, are its initials, or begin alike
(`kept_under`, `sought_under`), of its own type or of none, by `RULES` in turn: the first that has a say decides. A name
of one word may be any of several people: then who else is in the same document decides, and if that does not, it stays
apart. The rules were set on the tuning half of `benchmarks/memory_resolution`, which also says what each of them is
worth.

Sources: blocking and grey zone after Christen, Data Matching (2012); likeness by rapidfuzz.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
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
"""Two letters are the initials of too many, but for capitals beside the one thing of the document that they fit."""

DOUBTFUL: Final = 0.86
LEAST_LETTERS: Final = 5
"""Shorter names differ in meaning by one letter: Anna and Hanna."""

BEGINNING: Final = 2
"""Letters of each word by which a name of several words is found whose words are all misspelt."""

BEGINNING_ALONE: Final = 4
"""The same of a name of one word."""

MANY_WORDS: Final = 4
"""Names of so many words or more are kept together."""

MOST: Final = 200
"""Names that one thing in common may lead to."""

MOST_AS_LONG: Final = 25
"""Names of as many words that a word in common may lead to: `Kathy Ng` and `Cathy Ng`, but not all Smiths."""

SMALL_WORDS: Final = frozenset({"of", "the", "and", "for", "in", "de", "la", "du", "des", "der", "und", "&"})
"""They may have no letter among initials."""

_OFFICE: Final = frozenset({"of", "for"})
"""`Finance` and `Associate Minister of Finance` are not the `Minister of Finance`."""

_CAPITALS: Final = re.compile(r"[A-Z](?:\.?[A-Z]){1,5}\.?")
_SMALL_END: Final = re.compile(r"(?:.*[\s-])?[^\W\d_A-Z]{3,}")
"""Its last word is written small: a word of the language, which has a plural."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A name that is known already.

    Args:
        name: Its id.
        entity: Whom it means.
        key: Its words.
        type: Its type.
        is_here: Whether the entity is mentioned in the document that the new name is in.
        is_near: Whether a document that mentions the entity mentions somebody who speaks in this one, or nobody speaks
            in either. Asked of whom the new name may be a part of alone.
        surface: As written; empty: as its key.
    """

    name: int
    entity: int
    key: str
    type: str
    is_here: bool
    is_near: bool = True
    surface: str = ""


class Newcomer(msgspec.Struct, frozen=True, kw_only=True):
    """A name that is new.

    Args:
        key: Of it, see `naming.key_of`.
        type: Of the ontology.
        surface: As written; empty: as its key.
    """

    key: str
    type: str
    surface: str = ""


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


def resolve(key: str, type_: str, candidates: Sequence[Candidate], surface: str = "") -> Resolution:
    """Return what a name is to the names that are known.

    Args:
        key: Of the new name, see `naming.key_of`.
        type_: Of the ontology.
        candidates: Names that share something with it, in the order of their ids.
        surface: As written.
    """
    new = Newcomer(key=key, type=type_, surface=surface)
    fitting = [each for each in candidates if type_ == each.type or OTHER in {type_, each.type}]
    return next((found for rule in RULES if (found := rule(new, fitting)) is not None), APART)


def same_letters(new: Newcomer, candidates: Sequence[Candidate]) -> Resolution | None:
    """`Co-op` is `Coop`."""
    letters = compact(new.key)
    exact = [each for each in candidates if compact(each.key) == letters]
    return _one_of(exact, 0.98, "the same letters") if exact else None


def part_of_person(new: Newcomer, candidates: Sequence[Candidate]) -> Resolution | None:
    """`John` is the one `John Doe`, or the other way round."""
    if new.type not in {"person", OTHER}:
        return None
    parts = [each for each in candidates if is_part(new.key, each.key) and not _contradicts(new.key, each, candidates)]
    people = [each for each in parts if each.type == "person"]
    here = [each for each in people if each.is_here]
    if len({each.entity for each in here}) == 1:
        return _one_of(here, 0.92, "part of the one such name in the same document")
    one = len({each.entity for each in people}) == 1
    if one and any(each.is_near for each in people):
        return _one_of(people, 0.9, "part of the only such name")
    if one:
        reason = f"part of the only such name, {people[0].key!r}, but none who speaks here is mentioned there"
        return Resolution(verdict="doubt", candidate=people[0], score=0.5, reason=reason)
    if people:
        reason = f"{len({each.entity for each in people})} people have a name with {new.key!r} in it"
        return Resolution(verdict="doubt", candidate=people[0], score=0.5, reason=reason)
    return None


def initials_of(new: Newcomer, candidates: Sequence[Candidate]) -> Resolution | None:
    """`WHO` is the `World Health Organization`, in a document that has one such name."""
    if new.type == "topic":
        return None
    shorts = [each for each in candidates if each.type != "topic" and _is_short_for(new, each)]
    here = [each for each in shorts if each.is_here]
    if len({each.entity for each in here}) == 1:
        return _one_of(here, 0.9, "its initials, in the same document")
    long_enough = [each for each in shorts if min(map(len, map(compact, (new.key, each.key)))) >= SHORTEST_INITIALS]
    return (
        Resolution(verdict="doubt", candidate=long_enough[0], score=0.6, reason="its initials") if long_enough else None
    )


def plural_of(new: Newcomer, candidates: Sequence[Candidate]) -> Resolution | None:
    """`remote controls` are what a `remote control` is; `Canadians` are not `Canadian`."""
    if new.type == "person" or not _is_word(new.surface or new.key):
        return None
    number = [
        each
        for each in candidates
        if each.type == new.type and each.key != new.key and _is_word(each.surface or each.key)
        if _singular(each.key) == _singular(new.key)
    ]
    return _one_of(number, 0.95, "one of it, or many") if number else None


def before_its_of(new: Newcomer, candidates: Sequence[Candidate]) -> Resolution | None:
    """`House` is the `House of Commons`, where the document has no other House."""
    if new.type in {"person", "topic"}:
        return None
    longer = [
        each
        for each in candidates
        if each.is_here and each.type not in {"person", "topic"} and _is_before_of(new.key, each.key)
    ]
    if len({each.entity for each in longer}) != 1:
        return None
    return _one_of(longer, 0.9, "in full in the same document")


def _one_of(found: Sequence[Candidate], score: float, reason: str) -> Resolution:
    best = next((each for each in found if each.is_here), found[0])
    return Resolution(verdict="same", candidate=best, score=score, reason=reason)


def spelt_alike(new: Newcomer, candidates: Sequence[Candidate]) -> Resolution | None:
    """`Gerda Kleinn` is `Gerda Klein`, in the same document; what only ends otherwise is another word: `Israeli`."""
    likeness = needed("rapidfuzz.distance").JaroWinkler.normalized_similarity  # 20 ms, and not needed to ask a memory
    best, most = None, 0.0
    key, words, digits = new.key, new.key.split(), _digits(new.key)
    for each in candidates if len(key) >= LEAST_LETTERS else ():
        others = each.key.split()
        if len(each.key) < LEAST_LETTERS or len(words) != len(others):
            continue
        score = 1.0
        for one, other in zip(words, others, strict=True):
            score = min(score, likeness(one, other, score_cutoff=DOUBTFUL))
            if score <= most:
                break
        if score > most and digits == _digits(each.key):
            best, most = each, score
    if best is None or most < DOUBTFUL:
        return None
    sure = most >= ALIKE.get(new.type, ALIKE_ELSE) and best.is_here
    inflected = new.type != "person" and (key.startswith(best.key) or best.key.startswith(key))
    verdict: Verdict = "same" if sure and not inflected else "doubt"
    return Resolution(verdict=verdict, candidate=best, score=most, reason=f"spelt like {best.key!r}")


def is_part(one: str, other: str) -> bool:
    """Return whether all words of the shorter name are words of the longer; initials stand for words."""
    short, long = sorted((one.split(), other.split()), key=len)
    if not short or len(short) == len(long) or not _OFFICE.isdisjoint(long):
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
    return any(" " in other and other != key and not is_part(key, other) for other in others)


def _is_short_for(new: Newcomer, other: Candidate) -> bool:
    """Return whether one name is the initials of the other: `jd` of `john doe`."""
    if (" " in new.key) == (" " in other.key):
        return False
    short, long = sorted((new, other), key=lambda each: len(each.key.split()))
    letters = compact(short.key)
    if letters not in all_initials(long.key) or _digits(long.key):
        return False
    capitals = "person" not in {short.type, long.type} and _CAPITALS.fullmatch(short.surface) is not None
    return len(letters) >= SHORTEST_INITIALS or (len(letters) == SHORTEST_INITIALS - 1 and capitals)


def all_initials(key: str) -> set[str]:
    """Return the initials of a name of several words, with and without those of small words."""
    words = key.split()
    large = [word for word in words if word not in SMALL_WORDS]
    return {initials(" ".join(each)) for each in (words, large) if len(each) > 1}


def _is_word(surface: str) -> bool:
    return _SMALL_END.fullmatch(surface) is not None


def _singular(key: str) -> str:
    """Return a key with its last word in the singular, as far as English spelling tells."""
    if key.endswith("ies") and len(key) > LEAST_LETTERS:
        return f"{key[:-3]}y"
    if re.search(r"(?:s|x|z|ch|sh)es$", key):
        return key[:-2]
    return key[:-1] if key.endswith("s") and not key.endswith(("ss", "us", "is")) else key


def _is_before_of(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return long.startswith(f"{short} of ")


def _digits(key: str) -> str:
    """Return a name's digits: `building 3` and `building 4` are never one."""
    return "".join(letter for letter in key if letter.isdigit())


def kept_under(key: str) -> set[str]:
    """Return under what a name is kept, to be found by those that may mean the same; see `sought_under`.

    The compact form; a name of one word under that and how it begins (`*`), one of several under each with how many
    they are, how all of them begin, and their initials (`=`). Each of them is shared by few names, also where there are
    many: by initials alone a memory of 20,000 names would compare each new one with a hundred that are nothing like it.
    """
    words = key.split()
    own = {_counted(word, len(words)) for word in words}
    return {compact(key), _beginning(words), *own, *(f"={each}" for each in all_initials(key))} - {""}


def sought_under(key: str) -> dict[str, int]:
    """Return under what names are kept that may mean the same as a new one, each with how many that may be.

    What more names are kept under says nothing. Of a name of as many words hardly any rule has a say for one word that
    both have, so those are to be few: comparing all would make adding slower and slower.
    """
    words = key.split()
    letters = {f"={compact(key)}"} if len(words) == 1 else all_initials(key)
    sought = dict.fromkeys({compact(key), _beginning(words), *letters} - {""}, MOST)
    for word in words:
        for count in range(1, MANY_WORDS + 1):
            as_long = count == min(len(words), MANY_WORDS) and 1 < len(words) < MANY_WORDS
            sought.setdefault(_counted(word, count), MOST_AS_LONG if as_long else MOST)
    return sought


def comparable(key: str) -> Callable[[str], bool]:
    """Return what tells of another name whether some rule may have a say of a new one beside it.

    Of as many words as the new one none has, unless all words are alike: most that share a first name with it are so,
    and are told here in 1 µs instead of by all rules in 10.
    """
    likeness = needed("rapidfuzz.distance").JaroWinkler.normalized_similarity
    words, letters, stem = key.split(), compact(key), key[:-3]

    def may_say(other: str) -> bool:
        others = other.split()
        if len(words) != len(others) or other.startswith(stem):  # a plural has at most three letters more
            return True
        for one, two in zip(words, others, strict=True):
            if one != two and not likeness(one, two, score_cutoff=DOUBTFUL):
                return other[-1] == key[-1] and compact(other) == letters
        return True

    return may_say


def _counted(word: str, count: int) -> str:
    """Return under what a name is kept for one of its words; those of one word under the word itself."""
    return word if count == 1 else f"{word} {min(count, MANY_WORDS)}"


def _beginning(words: Sequence[str]) -> str:
    """Return how all words of a name begin; empty where that tells too little."""
    if len(words) > 1:
        return f"{' '.join(word[:BEGINNING] for word in words)}*"
    return f"{words[0][:BEGINNING_ALONE]}*" if words and len(words[0]) >= LEAST_LETTERS else ""


RULES: Final[tuple[Callable[[Newcomer, Sequence[Candidate]], Resolution | None], ...]] = (
    same_letters,
    part_of_person,
    initials_of,
    plural_of,
    before_its_of,
    spelt_alike,
)
"""In the order in which they are asked."""
