"""Documents as they go into a store, written by hand: which names stand in which passage, and what it says of them."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hausmusik.memory.documents import Document, Passage
from hausmusik.memory.extraction.values import Extraction, FoundEntity, FoundRelation
from hausmusik.memory.store.entry import DocumentEntry, PassageEntry, Recipe, WindowEntry
from hausmusik.memory.store.store import MemoryStore

RECIPE = Recipe(budget_tokens=1200, overlap_tokens=100, extractor="hand/1", embedder="tone-embed@1")
OTHER_EMBEDDER = Recipe(budget_tokens=1200, overlap_tokens=100, extractor="hand/1", embedder="another@1")
DIM = 8


def vector(text: str) -> Any:
    found = np.random.default_rng(zlib.crc32(text.encode())).standard_normal(DIM).astype(np.float32)
    return found / np.linalg.norm(found)


def passage(
    text: str,
    names: Mapping[str, str] | None = None,
    facts: Sequence[tuple[str, str, str]] = (),
    *,
    start: int = 0,
    at: str = "",
    **more: Any,
) -> PassageEntry:
    """A passage; names are looked up in its text, and have its text as description."""
    entities: list[FoundEntity] = []
    for name, type_ in (names or {}).items():
        assert name in text, f"{name} is not in {text}"
        entities += (
            FoundEntity(name=name, type=type_, start=match.start(), end=match.end(), description=f"of {name}")
            for match in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", text)
        )
    relations = tuple(
        FoundRelation(source=source, target=target, kind=kind, description=text, end=len(text))
        for source, kind, target in facts
    )
    return PassageEntry(
        passage=Passage(
            text=text, start=start, end=start + len(text), tokens=len(text.split()), line=1, last_line=1, at=at, **more
        ),
        windows=(WindowEntry(0, len(text), vector(text)),),
        extraction=Extraction(entities=tuple(entities), relations=relations),
        fact_vectors=tuple(vector(f"{source} {kind} {target}") for source, kind, target in facts),
    )


def document(path: str, *passages: PassageEntry, date: str = "") -> DocumentEntry:
    text = "\n".join(each.passage.text for each in passages)
    return DocumentEntry(
        document=Document(
            path=path,
            kind="text",
            text=text,
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            size_bytes=len(text.encode()),
            title=path.rsplit(".", 1)[0],
            date=date,
        ),
        passages=passages,
    )


def content(store: MemoryStore) -> dict[str, list[Any]]:
    """All that a memory says, without ids and times: equal for memories that are the same to whoever asks them."""
    queries = {
        "documents": "SELECT path, sha256, recipe, kind, title, date, speakers FROM documents",
        "passages": "SELECT d.path, p.ordinal, p.text, p.start, p.end, p.line, p.speakers, p.at FROM passages p"
        " JOIN documents d ON d.id = p.document",
        "windows": "SELECT p.text, w.start, w.end, w.vector FROM windows w JOIN passages p ON p.id = w.passage",
        "mentions": "SELECT p.text, n.key, n.type, m.start, m.end, m.description FROM mentions m"
        " JOIN passages p ON p.id = m.passage JOIN names n ON n.id = m.name",
        "names": "SELECT n.key, n.type, n.scope <> '', n.surface, n.mentions, e.title, e.type,"
        " (SELECT group_concat(key) FROM (SELECT key FROM names o WHERE o.entity = e.id ORDER BY key, type))"
        " FROM names n JOIN entities e ON e.id = n.entity",
        "entities": "SELECT title, type FROM entities",
        "facts": "SELECT p.text, s.key, f.kind, t.key, f.description, f.weight, f.valid_from, f.valid_to, f.vector,"
        " (SELECT cp.text FROM facts c JOIN passages cp ON cp.id = c.passage WHERE c.id = f.closed_by) FROM facts f"
        " JOIN passages p ON p.id = f.passage JOIN names s ON s.id = f.source JOIN names t ON t.id = f.target",
        "words": "SELECT n.key, n.type, w.word FROM (SELECT * FROM name_words UNION ALL SELECT * FROM new_name_words) w"
        " JOIN names n ON n.id = w.name",
    }
    with store.database.read() as connection:
        return {name: sorted(connection.execute(query).fetchall(), key=repr) for name, query in queries.items()}
