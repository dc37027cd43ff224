"""Bringing a folder of LightRAG's into a memory: all of it or nothing, with vectors of our own.

What LightRAG's model said of entities and relations is taken over as it is, so no language model is asked. Vectors of
another model cannot be compared with ours and are not taken: passages and facts are embedded again.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from hausmusik.errors import UsageError
from hausmusik.memory.adding import writing
from hausmusik.memory.exchange.lightrag_entries import entries_of
from hausmusik.memory.exchange.lightrag_files import Embed
from hausmusik.memory.exchange.lightrag_reading import read_folder
from hausmusik.memory.store.entry import DocumentEntry, PassageEntry, Recipe, WindowEntry
from hausmusik.memory.store.store import MemoryStore
from hausmusik.memory.windows import windows_of
from hausmusik.types import FloatArray

REVISION: Final = "lightrag-import-1"


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What has become of an import.

    Args:
        memory: Name of the memory.
        added: Documents that are in it now, or of which LightRAG now says something else.
        same: Documents that were there already.
        left_out: Documents of which LightRAG has no chunks.
        passages: In the memory now.
        entities: In the memory now.
        facts: In the memory now.
    """

    memory: str
    added: int
    same: int
    left_out: int
    passages: int
    entities: int
    facts: int


async def import_lightrag(name: str, store: MemoryStore, folder: Path, embed: Embed, embedder: str) -> Imported:
    """Bring a folder into a memory, which may be new.

    Args:
        name: Of the memory.
        store: Its file.
        folder: Where LightRAG worked.
        embed: Makes vectors.
        embedder: By what those are known.

    Raises:
        NotFoundError: there is no such folder.
        BadInput: it is none of LightRAG's, or damaged; nothing was imported.
        UsageError: the memory has other documents of the same names.
        ConfigError: the memory has vectors of another embedder.
        StoreError: the memory cannot be written, or somebody else is adding to it.
    """
    found = await asyncio.to_thread(read_folder, folder)
    entries = await asyncio.to_thread(entries_of, found)
    fresh = await asyncio.to_thread(_fresh, name, store, entries, embedder)
    whole = await _with_vectors(fresh, embed)
    counts = await asyncio.to_thread(_put, store, [(entry, _recipe(entry, embedder)) for entry in whole])
    chunked = {chunk.full_doc_id for chunk in found.chunks.values()}
    return Imported(
        memory=name,
        added=len(whole),
        same=len(entries) - len(whole),
        left_out=len((set(found.documents) | set(found.statuses)) - chunked),
        passages=counts["passages"],
        entities=counts["entities"],
        facts=counts["facts"],
    )


def _recipe(entry: DocumentEntry, embedder: str) -> Recipe:
    """Return by what a document was made: LightRAG's graph grows while texts stay, so what it says is part of it."""
    said = msgspec.json.encode([passage.extraction for passage in entry.passages])
    extractor = f"{REVISION}/{hashlib.blake2b(said, digest_size=8).hexdigest()}"
    return Recipe(budget_tokens=0, overlap_tokens=0, extractor=extractor, embedder=embedder)


def _fresh(name: str, store: MemoryStore, entries: Sequence[DocumentEntry], embedder: str) -> list[DocumentEntry]:
    """Return the documents that are not there yet; what came otherwise is never replaced."""
    if store.exists:  # before anything is embedded in vain
        store.check_embedder(embedder)
    known = store.known() if store.exists else {}
    fresh: list[DocumentEntry] = []
    for entry in entries:
        there = known.get(entry.document.path)
        if there is not None and not msgspec.json.decode(there.recipe, type=Recipe).extractor.startswith(REVISION):
            raise UsageError(
                f"there is a document {entry.document.path} in {name} already, which was added otherwise",
                hint="import into a new memory",
            )
        now = (_recipe(entry, embedder).text, entry.document.sha256)
        if there is None or (there.recipe, there.sha256) != now:
            fresh.append(entry)
    return fresh


async def _with_vectors(entries: Sequence[DocumentEntry], embed: Embed) -> list[DocumentEntry]:
    windows: list[str] = []
    facts: list[str] = []
    for passage in _passages(entries):
        text = passage.passage.text
        windows += [text[start:end] for start, end in windows_of(text)]
        facts += [f"{fact.source} {fact.kind} {fact.target}" for fact in passage.extraction.relations]
    window_vectors = iter(await embed(windows) if windows else ())
    fact_vectors = iter(await embed(facts) if facts else ())

    def filled(passage: PassageEntry) -> PassageEntry:
        spans = windows_of(passage.passage.text)
        vectors: list[FloatArray] = [next(fact_vectors) for _ in passage.extraction.relations]
        return msgspec.structs.replace(
            passage,
            windows=tuple(WindowEntry(start, end, next(window_vectors)) for start, end in spans),
            fact_vectors=tuple(vectors),
        )

    return [
        msgspec.structs.replace(entry, passages=tuple(filled(passage) for passage in entry.passages))
        for entry in entries
    ]


def _passages(entries: Sequence[DocumentEntry]) -> list[PassageEntry]:
    return [passage for entry in entries for passage in entry.passages]


def _put(store: MemoryStore, made: Sequence[tuple[DocumentEntry, Recipe]]) -> dict[str, int]:
    with writing(store):
        store.put_made(made)
    return store.counts()
