"""A small memory with everything that exchange must get right: times, two spellings, texts that formats choke on."""

from __future__ import annotations

import asyncio
import hashlib
import zlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from hausmusik.memory.documents import Document, Passage
from hausmusik.memory.extraction.values import Alias, Extraction, FoundEntity, FoundRelation
from hausmusik.memory.store.entry import DocumentEntry, PassageEntry, Recipe, WindowEntry
from hausmusik.memory.store.store import MemoryStore
from hausmusik.testing import FakeClock
from hausmusik.types import FloatArray

DIM = 384
RECIPE = Recipe(budget_tokens=1200, overlap_tokens=100, extractor="test", embedder="words@1")
FIRST = "Anna Weber lives in Hamburg. She works at Nordwind <AG> & Co."
SECOND = "=1+1 is what JD wrote.\x07 John Doe (JD) works at Nordwind."
THIRD = "Anna Weber moved to Bremen."


@cache
def table() -> FloatArray:
    return np.random.default_rng(1).standard_normal((4096, DIM)).astype(np.float32)


def vectors(texts: Sequence[str]) -> FloatArray:
    """The same vector for the same words, near ones for texts that share some; `client.py` has it too."""
    found = np.stack([table()[[zlib.crc32(word.encode()) & 4095 for word in words(text)]].sum(0) for text in texts])
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def words(text: str) -> list[str]:
    return text.lower().replace(".", " ").replace(",", " ").split() or [""]


async def embed(texts: Sequence[str]) -> FloatArray:
    await asyncio.sleep(0)
    return vectors(texts)


def named(text: str, *names: tuple[str, str, str]) -> tuple[FoundEntity, ...]:
    """Entities of a text, each with where it stands."""
    return tuple(
        FoundEntity(
            name=name,
            type=type_,
            start=(at := text.find(name)),
            end=at + len(name) if at >= 0 else -1,
            description=what,
        )
        for name, type_, what in names
    )


def passage(text: str, start: int, extraction: Extraction) -> PassageEntry:
    return PassageEntry(
        passage=Passage(text=text, start=start, end=start + len(text), tokens=len(text.split()), line=1, last_line=1),
        windows=(WindowEntry(0, len(text), vectors([text])[0]),),
        extraction=extraction,
        fact_vectors=tuple(vectors([each.description])[0] for each in extraction.relations),
    )


def document(path: str, date: str, *said: tuple[str, Extraction]) -> DocumentEntry:
    text, entries = "", list[PassageEntry]()
    for each, extraction in said:
        text += "\n" if text else ""
        entries.append(passage(each, len(text), extraction))
        text += each
    sha = hashlib.sha256(text.encode()).hexdigest()
    read = Document(path=path, kind="text", text=text, sha256=sha, size_bytes=len(text), title=path, date=date)
    return DocumentEntry(document=read, passages=tuple(entries))


def memory(folder: Path, name: str = "notes") -> MemoryStore:
    """The memory: four names of three kinds, of which one moved house."""
    store = MemoryStore(folder / f"{name}.sqlite", FakeClock())
    anna, firm = ("Anna Weber", "person", "Lives by the water."), ("Nordwind", "organization", "A carrier.")
    lives = FoundRelation(
        source="Anna Weber", target="Hamburg", kind="lives in", description="Anna Weber lives in Hamburg.", end=28
    )
    works = FoundRelation(source="Anna Weber", target="Nordwind", kind="works at", keywords="work, job", weight=0.5)
    doe = FoundRelation(source="John Doe", target="Nordwind", kind="works at", description="=danger & <more>")
    moved = FoundRelation(
        source="Anna Weber", target="Bremen", kind="lives in", description="Anna Weber moved to Bremen.", end=27
    )
    store.put_all(
        [
            document(
                "2025/notes.txt",
                "2025-03-01",
                (
                    FIRST,
                    Extraction(
                        entities=named(FIRST, anna, firm, ("Hamburg", "location", "")), relations=(lives, works)
                    ),
                ),
                (
                    SECOND,
                    Extraction(
                        entities=named(SECOND, ("John Doe", "person", ""), ("JD", "person", ""), firm),
                        relations=(doe,),
                        aliases=(Alias(name="John Doe", other="JD"),),
                    ),
                ),
            ),
            document(
                "2026/notes.txt",
                "2026-02-01",
                (THIRD, Extraction(entities=named(THIRD, anna, ("Bremen", "location", "")), relations=(moved,))),
            ),
        ],
        RECIPE,
    )
    return store
