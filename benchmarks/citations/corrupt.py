"""Makes true sentences false, one thing at a time, the same way every time. Knows nothing of what checks them.

- number: one number becomes another of the same form.
- name: one name becomes another one of the same document (QMSum: a speaker of the meeting; LiHua-World: a person of
  the year) that the sentence does not name. It may well occur in the evidence: then only `who` could tell.
- negation: one is taken out where there is one, else one is put behind the first auxiliary or before the verb.
- who: the subject becomes another speaker of the evidence; where two speakers of it are named, they change places.
"""

from __future__ import annotations

import random
import re

from material import Case, seeded, spaced

WORDS = [
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty", "thirty",
    "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
]  # fmt: skip
AUXILIARY = re.compile(
    r"\b(is|are|was|were|can|could|will|would|should|may|might|must|has|had|have)\b(?! not|n't)", re.IGNORECASE
)
PAST = re.compile(
    r"(?<=[a-z] )(?!need|indeed|speed|feed|based|called|related|used|detailed|red\b|bed\b)([a-z]{2,}ed)\b"
    r"(?= (?:that|to|the|a|an|whether|it|on|in|about|for|his|her|their|with|how|this|these|them)\b)"
)
NEGATED = re.compile(r"\b(?:not|never|no longer) |n['’]t\b", re.IGNORECASE)


def number(case: Case) -> str | None:
    rng = seeded(case, "number")
    found = [*re.finditer(r"(?<![\w:-])\d+(?:[.,]\d+)*(?![\w:-])|\b(?:" + "|".join(WORDS) + r")\b", case.sentence)]
    if not found:
        return None
    chosen = rng.choice(found)
    old = chosen.group()
    new = old
    while new == old:
        if old in WORDS:
            new = rng.choice(WORDS)
        else:
            digits = rng.choice([at for at, each in enumerate(old) if each.isdigit()])
            new = old[:digits] + rng.choice("123456789") + old[digits + 1 :]
    return case.sentence[: chosen.start()] + new + case.sentence[chosen.end() :]


def mentions(sentence: str, people: list[str]) -> list[tuple[int, int, str]]:
    """Return where people are named, by the name of theirs that is there in full or (LiHua-World) by a part of it."""
    forms = {form: person for person in people for form in (person, spaced(person), person.replace(" ", ""))}
    forms |= {person.split()[0]: person for person in people if len(person.split()) == 2 and person.split()[0] in FIRST}
    pattern = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True) if len(form) > 2)
    return (
        [(m.start(), m.end(), forms[m.group()]) for m in re.finditer(rf"(?<!\w)(?:{pattern})(?!\w)", sentence)]
        if pattern
        else []
    )


FIRST = frozenset(("Wolfgang", "Jennifer", "Adam", "Jake", "Emily", "Yuriko", "Hailey", "Thane", "Chae"))


def name(case: Case) -> tuple[str, bool] | None:
    """Return the sentence and whether the evidence names the new name."""
    rng = seeded(case, "name")
    people = [person for person in case.document if person[0].isupper()]
    found = mentions(case.sentence, people)
    others = sorted(set(people) - {person for _, _, person in found})
    if not found or not others:
        return None
    start, end, _ = rng.choice(found)
    new = rng.choice(others)
    text = " ".join(
        (*(p.text for p in case.passages.values()), *(s for p in case.passages.values() for s in p.speakers))
    )
    present = new in text or new.replace(" ", "") in text
    return case.sentence[:start] + new + case.sentence[end:], present


def negation(case: Case) -> tuple[str, str] | None:
    """Return the sentence and whether one was `removed` or `inserted`."""
    sentence = case.sentence
    there = NEGATED.search(sentence)
    if there:
        without = sentence[: there.start()] + sentence[there.end() :]
        return re.sub(r"\bca\b", "can", re.sub(r"\bwo\b", "will", without)), "removed"
    if re.search(r"\b(?:no|none|nor|neither|without|cannot|nothing)\b", sentence, re.IGNORECASE):
        return None  # taking these out leaves no sentence
    auxiliary = AUXILIARY.search(sentence)
    verb = PAST.search(sentence)
    if verb and (auxiliary is None or verb.start() < auxiliary.start()):
        stem = verb.group()
        base = (
            stem[:-1]
            if stem[-3] in "scvuz" or (stem.endswith(("ted", "osed", "red")) and stem[-4] in "aio")
            else stem[:-2]
        )
        return sentence[: verb.start()] + "did not " + base + sentence[verb.end() :], "inserted"
    if auxiliary:
        return sentence[: auxiliary.end()] + " not" + sentence[auxiliary.end() :], "inserted"
    return None


def who(case: Case) -> str | None:
    rng = seeded(case, "who")
    speakers = [spaced(s) if case.source == "lihua" else s for p in case.passages.values() for s in p.speakers]
    speakers = list(dict.fromkeys(speakers))
    found = mentions(case.sentence, speakers)
    if len(speakers) < 2 or not found or not _is_subject(case.sentence, found[0]):
        return None
    start, end, person = found[0]
    second = next((each for each in found[1:] if each[2] != person), None)
    if second is not None:
        sentence = case.sentence
        return (
            sentence[:start]
            + sentence[second[0] : second[1]]
            + sentence[end : second[0]]
            + sentence[start:end]
            + sentence[second[1] :]
        )
    new = rng.choice([speaker for speaker in speakers if speaker != person])
    return case.sentence[:start] + new + case.sentence[end:]


def _is_subject(sentence: str, mention: tuple[int, int, str]) -> bool:
    return re.match(r" (?:also |then |first |further )?[a-z]+(?:ed|s|d|t|k|w|ve)\b", sentence[mention[1] :]) is not None


def random_of(cases: list[Case], seed: int, count: int) -> list[Case]:
    rng = random.Random(seed)
    return rng.sample(cases, min(count, len(cases)))
