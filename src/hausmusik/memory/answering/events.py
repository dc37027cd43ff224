"""What comes of asking, as it comes: what was found, a walk along the graph, thoughts, text, citations, the end."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from hausmusik.memory.alike import Misspelt
from hausmusik.memory.retrieval.linking import Linked
from hausmusik.types import Phase, ThinkingDelta, Value


class FoundPassage(msgspec.Struct, frozen=True, kw_only=True):
    """A passage that the answer may cite.

    Args:
        number: Its number in citations.
        path: Of its document.
        line: First line of the excerpt; 0: the file has none.
        page: First page; 0: none.
        speakers: In the passage.
        when: ISO 8601; empty: unknown.
        excerpt: What was shown of it.
        nearness: To the question, -1 to 1.
        ranks: By ranking, its place there.
        entities: Of the question that are in it.
        passage: Its id.
    """

    number: int
    path: str
    line: int
    page: int
    speakers: tuple[str, ...]
    when: str
    excerpt: str
    nearness: float
    ranks: dict[str, int]
    entities: tuple[str, ...]
    passage: int


class Found(Value, frozen=True):
    """What was retrieved.

    Args:
        mode: How.
        passages: Best first.
        names: What the question names.
        unknown: What it names and the memory has not.
        misspelt: What of that is spelt nearly like a name of the memory.
    """

    mode: str
    passages: tuple[FoundPassage, ...]
    names: tuple[Linked, ...] = ()
    unknown: tuple[str, ...] = ()
    misspelt: tuple[Misspelt, ...] = ()


class Walk(Value, frozen=True):
    """A way through the graph that code found; not a model's thought.

    Args:
        steps: One line each: `Anna leads Helios (notes.md, line 3)`.
    """

    steps: tuple[str, ...]


class AnswerDelta(Value, frozen=True):
    """More of the answer."""

    text: str


class Citation(Value, frozen=True):
    """A sentence of the answer, checked against what it cites.

    Args:
        sentence: As written.
        start: In the answer.
        end: Behind it.
        numbers: That it cites.
        supported: Whether nothing speaks against it.
        kind: What is wrong: `number`, `name`, `uncited` …; empty where nothing is.
        detail: What exactly.
        matched: Whether the model cited nothing, and code found what it is from.
        passage: Number of the passage in which it is found best; 0: in none.
        line: Of the file, on which that begins; 0: the file has none.
    """

    sentence: str
    start: int
    end: int
    numbers: tuple[int, ...]
    supported: bool
    kind: str = ""
    detail: str = ""
    matched: bool = False
    passage: int = 0
    line: int = 0


class Answered(Value, frozen=True):
    """The end.

    Args:
        text: The whole answer.
        refused: Whether it is that the memory does not have it.
        instrument: Who worded it; empty: nobody, the sentences are quoted.
        supported_share: Of its claims, 0 to 1; 1 where there are none.
        reason: `complete`, or `length` where it was cut.
        cost_usd: Of all plays of its run while it was answered: the question, the reader, and the check.
    """

    text: str
    refused: bool
    instrument: str
    supported_share: float
    reason: str = "complete"
    cost_usd: str = "0"


AnswerEvent: TypeAlias = Phase | Found | Walk | ThinkingDelta | AnswerDelta | Citation | Answered
