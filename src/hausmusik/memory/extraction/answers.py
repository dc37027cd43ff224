"""A language model's answer about a passage, held against the passage: what is not in the text is not taken.

An answer that is not in the form is a failure. One that names nothing, or only what the passage does not have, comes
back empty, and whoever asked must not take that for the truth. LightRAG's own line format is read as well, as
tolerantly as LightRAG reads it. Knows nothing of models.

Source of the line format: LightRAG 1.5.7, `entity<|#|>name<|#|>type<|#|>description`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Annotated, Final

import msgspec

from hausmusik.errors import GenerationFailed
from hausmusik.memory.extraction.sentences import sentences_in
from hausmusik.memory.extraction.values import OTHER, Extraction, FoundEntity, FoundRelation
from hausmusik.memory.naming import key_of, plain_words

DELIMITER: Final = "<|#|>"
COMPLETE: Final = "<|COMPLETE|>"
_DATE: Final = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?(?:T[\d:]+)?")


class _Entity(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
    type: str = OTHER
    description: str = ""


class _Relation(msgspec.Struct):
    source: str
    target: str
    kind: str = ""
    keywords: str = ""
    description: str = ""
    when: str = ""


class _Answer(msgspec.Struct):
    entities: list[_Entity] = []
    relations: list[_Relation] = []


def read_json(answer: str, text: str, types: Collection[str], also: Iterable[str] = ()) -> Extraction:
    """Return what a JSON answer says of a passage; empty where it has no name that is in the passage.

    Args:
        answer: Of the model.
        text: Of the passage.
        types: Of the ontology; another one is `other`.
        also: Names that stand beside the passage: its speakers, title, headings.

    Raises:
        GenerationFailed: it is no such JSON.
    """
    try:
        read = msgspec.json.decode(answer, type=_Answer)
    except msgspec.DecodeError as error:
        raise GenerationFailed(f"the model's answer is no extraction: {error}") from error
    return _checked(read, text, types, also)


def read_lines(answer: str, text: str, types: Collection[str], also: Iterable[str] = ()) -> Extraction:
    """Return what an answer in LightRAG's line format says of a passage; lines that do not fit are left out.

    Empty as that of `read_json`.

    Raises:
        GenerationFailed: it has no such line, nor the mark that all is said.
    """
    read, spelt = _Answer(), {each.lower(): each for each in types}
    for line in re.split(r"\n|##", answer):
        parts = [part.strip().strip('"()') for part in re.split(r"<\|+#?\|*>|<#>", line.strip().strip("()"))]
        kind = parts[0].lower().strip('"( ')
        if kind == "entity" and len(parts) >= 3 and parts[1]:
            kind = spelt.get(parts[2].lower(), OTHER)
            read.entities.append(_Entity(name=parts[1][:400], type=kind, description=" ".join(parts[3:])))
        elif kind in {"relation", "relationship"} and len(parts) >= 4:
            keywords, description = (parts[3], " ".join(parts[4:])) if len(parts) > 4 else ("", parts[3])
            read.relations.append(
                _Relation(source=parts[1], target=parts[2], keywords=keywords, description=description)
            )
    if not (read.entities or read.relations or COMPLETE in answer):
        raise GenerationFailed("the model's answer has no line of LightRAG's form")
    return _checked(read, text, types, also)


def _checked(read: _Answer, text: str, types: Collection[str], also: Iterable[str]) -> Extraction:
    beside = {key_of(name) for name in also}
    lower = text.lower()
    entities: dict[str, FoundEntity] = {}
    for each in read.entities:
        key = key_of(each.name)
        place = _place_of(each.name, text, lower)
        if not key or key in entities or (place is None and key not in beside):
            continue
        start, end = place or (-1, -1)
        entities[key] = FoundEntity(
            name=text[start:end] if place else each.name.strip(),
            type=each.type if each.type in types else OTHER,
            start=start,
            end=end,
            description=each.description.strip(),
        )
    sentences = [(start, end, text[start:end].lower()) for start, end in sentences_in(text)] if read.relations else []
    relations: list[FoundRelation] = []
    seen: set[tuple[str, str, str]] = set()
    for each in read.relations:
        source, target = key_of(each.source), key_of(each.target)
        kind = " ".join(each.kind.lower().split()) or (each.keywords.split(",")[0].strip().lower() or "with")
        if source == target or source not in entities or target not in entities or (source, target, kind) in seen:
            continue
        seen.add((source, target, kind))
        start, end = _support(sentences, len(text), entities[source], entities[target])
        relations.append(
            FoundRelation(
                source=entities[source].name,
                target=entities[target].name,
                kind=kind[:60],
                keywords=each.keywords.strip(),
                description=each.description.strip(),
                start=start,
                end=end,
                when=each.when if _DATE.fullmatch(each.when) else "",
            )
        )
    return Extraction(entities=tuple(entities.values()), relations=tuple(relations))


def _place_of(name: str, text: str, lower: str) -> tuple[int, int] | None:
    """Return where a name stands in a text, in whatever case and spacing; None where it does not."""
    wanted = name.strip().strip("\"'").lower()
    if not wanted:
        return None
    at = lower.find(wanted) if len(lower) == len(text) else -1
    while at >= 0:
        end = at + len(wanted)
        if not (at and lower[at - 1].isalnum()) and not (end < len(lower) and lower[end].isalnum()):
            return at, end
        at = lower.find(wanted, at + 1)
    words = plain_words(name)
    if not words or len(words) > 12:
        return None
    match = re.search(r"\b" + r"[\W_]{1,3}".join(re.escape(word) for word in words) + r"\b", text, re.IGNORECASE)
    return match.span() if match else None


def _support(
    sentences: list[tuple[int, int, str]], length: int, source: FoundEntity, target: FoundEntity
) -> tuple[int, int]:
    """Return the span of a passage that supports a relation: the shortest run of sentences with both names.

    Args:
        sentences: Start, end and text in lower case of each.
        length: Of the passage.
        source: The one name.
        target: The other.
    """
    one, other = source.name.lower(), target.name.lower()
    best: tuple[int, int] | None = None
    last_one = last_other = -1
    for place, (_, _, sentence) in enumerate(sentences):
        has_one, has_other = one in sentence, other in sentence
        if not has_one and not has_other:
            continue
        last_one = place if has_one else last_one
        last_other = place if has_other else last_other
        first = min(last_one, last_other)
        if first >= 0 and (best is None or place - first < best[1] - best[0]):
            best = (first, place)
    if best is None:
        return (sentences[0][0], sentences[-1][1]) if sentences else (0, length)
    return sentences[best[0]][0], sentences[best[1]][1]
