"""What goes into a memory for one document, and what a recipe is.

A recipe says how a document was read, cut, embedded and extracted: the same file with the same recipe need not be added
again. Knows nothing of SQL.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from hausmusik.config.database import storable
from hausmusik.memory.documents import Document, Passage
from hausmusik.memory.extraction.values import Extraction
from hausmusik.types import FloatArray


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """How documents become a graph.

    Args:
        budget_tokens: Of a passage.
        overlap_tokens: Between two passages.
        extractor: Revision of the rules, or instrument and prompt revision.
        embedder: Model of the vectors, as `Embeddings.model` names it.
    """

    budget_tokens: int
    overlap_tokens: int
    extractor: str
    embedder: str

    @property
    def text(self) -> str:
        """Its canonical form."""
        return msgspec.json.encode(self, order="sorted").decode()


class WindowEntry(msgspec.Struct, frozen=True):
    """A stretch of a passage with its vector; offsets count characters of the passage."""

    start: int
    end: int
    vector: FloatArray


class PassageEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A passage with all that was found out about it.

    Args:
        passage: Itself.
        windows: What of it has vectors; together they are all of it.
        extraction: What it says.
        fact_vectors: Of the extraction's relations, in their order; empty: they have none.
    """

    passage: Passage
    windows: tuple[WindowEntry, ...] = ()
    extraction: Extraction = Extraction()
    fact_vectors: tuple[FloatArray, ...] = ()

    @property
    def hash(self) -> bytes:
        """Of its text."""
        return text_hash(self.passage.text)

    @property
    def key(self) -> bytes:
        """Of its text and what that stands under: what is embedded and what a model is shown."""
        return passage_key(self.hash, json_text(self.passage.headings))


class DocumentEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A document with its passages, in order."""

    document: Document
    passages: tuple[PassageEntry, ...]


def text_hash(text: str) -> bytes:
    """Return 16 bytes that stand for a text."""
    return hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=16).digest()


def json_text(values: Sequence[str]) -> str:
    """Return texts as they are stored in one column."""
    return storable(msgspec.json.encode([storable(each) for each in values]).decode())


def passage_key(hash_: bytes, headings: str) -> bytes:
    """Return by what a passage is known again under its document, from what is stored of it."""
    return hash_ + headings.encode()
