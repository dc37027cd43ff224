"""What extraction finds in one passage, whoever does it. Offsets count characters of the passage's text."""

from __future__ import annotations

from typing import Final

import msgspec

OTHER: Final = "other"


class FoundEntity(msgspec.Struct, frozen=True, kw_only=True):
    """A name and one place where it stands.

    Args:
        name: As written there.
        type: Of the ontology, or `other`.
        start: Of the name in the passage; -1: only the passage's speakers or headings have it.
        end: Behind it.
        description: What the passage says of it, one sentence; may be empty.
    """

    name: str
    type: str
    start: int = -1
    end: int = -1
    description: str = ""


class FoundRelation(msgspec.Struct, frozen=True, kw_only=True):
    """What a passage says of two names that are among its entities.

    Args:
        source: Name of the one.
        target: Name of the other.
        kind: The predicate, short and lower case: `works at`; the same for the same relation everywhere.
        keywords: Words that say what it is about, with commas between.
        description: One sentence.
        start: Of the span that supports it, in the passage.
        end: Behind it.
        when: ISO 8601, when it began to hold; empty: when it was said.
        weight: 0 to 1, how sure it is.
    """

    source: str
    target: str
    kind: str
    keywords: str = ""
    description: str = ""
    start: int = 0
    end: int = 0
    when: str = ""
    weight: float = 1.0


class Alias(msgspec.Struct, frozen=True, kw_only=True):
    """Two names that the passage itself says are one: `World Health Organization (WHO)`."""

    name: str
    other: str


class Extraction(msgspec.Struct, frozen=True, kw_only=True):
    """All that was found in a passage."""

    entities: tuple[FoundEntity, ...] = ()
    relations: tuple[FoundRelation, ...] = ()
    aliases: tuple[Alias, ...] = ()
