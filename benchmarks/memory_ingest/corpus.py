"""Documents, questions and what a model would say of a passage: made from seeds, the same at every run.

Zipfian two-word names inside Zipfian English words; the first k documents are the same at every size. The seeds, sizes
and draws are those of the script that the peers are measured with, so that both read the same texts. Knows nothing of
memories.
"""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

SEED: Final = 20260101
WORDS_EACH: Final = 1000
NAMES: Final = 40_000
_WORDS: Final = """
the of and to in is was for that with on as by at from this be are or an which it were has had have not also but
they their its one after first new other time made during about over when all more some into than would system
report team plan market model server network record customer contract budget meeting project service problem
request update release version module account payment region office design review result change process policy
schedule research data storage index memory query graph signal sensor vehicle engine bridge river valley station
school court council committee minister director manager engineer analyst writer artist doctor student opened
closed moved built joined signed started finished led managed wrote reviewed tested sold bought delayed approved
rejected planned measured reported described compared large small early late public private local national
annual daily final initial major minor common strong weak because while before between under against within
without through near across along since until group member partner supplier product price cost value growth loss
share period quarter month week year day morning evening summer winter north south east west central upper lower
city town village
"""
WORDS: Final = tuple(_WORDS.split())
_SYLLABLES: Final = """
ka ro mi ta ven dor lis par nel sor bin gal hax jun fel tor wes min qua rel sim ban cor dal eri fon gir hol ith
jor
"""
SYLLABLES: Final = tuple(_SYLLABLES.split())
TYPES: Final = ("person", "organization", "location", "event")
MOST: Final = 20
_NAME: Final = re.compile(r"\b[A-Z][a-z]{3,} [A-Z][a-z]{3,}\b")


def documents(count: int, *, first: int = 0) -> list[str]:
    """Return documents of about a thousand words; each has a cast of 40 names, half of them met all over the corpus."""
    names = _names(random.Random(SEED), NAMES)
    return [_document(number, names) for number in range(first, first + count)]


def names_in(text: str) -> list[str]:
    """Return the names in a text, in order of first mention."""
    return list(dict.fromkeys(_NAME.findall(text)))


def facts_in(text: str) -> tuple[dict[str, str], dict[tuple[str, str], str]]:
    """Return up to 20 names and up to 20 pairs that share a sentence, each with its sentence."""
    entities: dict[str, str] = {}
    relations: dict[tuple[str, str], str] = {}
    for sentence in text.split("."):
        found = names_in(sentence)
        for name in found:
            if name not in entities and len(entities) < MOST:
                entities[name] = sentence.strip()
        for one, other in pairwise(found):
            if one in entities and other in entities and len(relations) < MOST:
                relations.setdefault((one, other), sentence.strip())
    return entities, relations


def type_of(name: str) -> str:
    """Return the type that the stub gives a name."""
    return TYPES[zlib.crc32(name.encode()) & 3]


def questions(texts: Sequence[str], count: int) -> list[str]:
    """Return questions, each about two names of one document."""
    dice = random.Random(7)
    asked: list[str] = []
    for _ in range(count):
        one, other = dice.sample(names_in(dice.choice(texts))[:40], 2)
        asked.append(f"What connects {one} and {other} in the project?")
    return asked


def _names(dice: random.Random, count: int) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < count:
        first = "".join(dice.choice(SYLLABLES) for _ in range(dice.choice((2, 2, 3)))).capitalize()
        last = "".join(dice.choice(SYLLABLES) for _ in range(dice.choice((2, 3)))).capitalize()
        found.setdefault(f"{first} {last}")
    return list(found)


def _document(number: int, names: Sequence[str]) -> str:
    dice = random.Random(SEED * 1_000_003 + number)
    cast = [names[min(int(dice.paretovariate(0.55)) - 1, 4999)] for _ in range(20)]
    cast += [names[5000 + (number * 17 + each) % 35_000] for each in range(20)]
    sentences: list[str] = []
    words = 0
    while words < WORDS_EACH:
        length = dice.randint(9, 18)
        sentence = [WORDS[min(int(dice.paretovariate(0.6)) - 1, len(WORDS) - 1)] for _ in range(length)]
        for _ in range(dice.choice((0, 1, 1, 2, 2))):
            sentence.insert(dice.randint(1, len(sentence)), dice.choice(cast))
        sentences.append(" ".join(sentence) + ".")
        words += len(sentences[-1].split())
    return f"Document {number}. " + " ".join(sentences)
