"""Extraction by a language model: asked under a schema, held against the text, asked again on halves where it fails.

What it said is kept by a hash of all that it was asked, as soon as it is said: a killed run asks nothing twice. An
answer that was cut for length, is empty or is no JSON is a failure, never a result, and is not kept (LightRAG's issue
3597 is what happens otherwise). Knows nothing of documents' order or of transactions.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final, cast

import msgspec

from hausmusik.errors import GenerationFailed
from hausmusik.memory.documents import Document, Passage
from hausmusik.memory.extraction.answers import read_json
from hausmusik.memory.extraction.prompts import REVISION, extraction_request
from hausmusik.memory.extraction.sentences import sentences_in
from hausmusik.memory.extraction.values import Extraction
from hausmusik.memory.store.entry import text_hash
from hausmusik.memory.store.store import KeptAnswer, MemoryStore
from hausmusik.memory.together import Together
from hausmusik.seams import Player
from hausmusik.types import ChatRequest, Done, Run, TextDelta, Usage

SMALLEST: Final = 400
"""Characters below which a passage is not halved again."""

TRIES: Final = 2


class ModelReader:
    """Asks one instrument.

    Args:
        player: Plays it.
        instrument: Catalogue id.
        run: To which the plays belong.
        store: Keeps what was said.
        types: The ontology, name to description.
        at_once: Most plays at once.
    """

    def __init__(
        self,
        player: Player,
        instrument: str,
        *,
        run: Run,
        store: MemoryStore,
        types: Mapping[str, str],
        at_once: int,
    ) -> None:
        self._player = player
        self._instrument = instrument
        self._run = run
        self._store = store
        self._types = types
        self._gate = asyncio.Semaphore(at_once)
        self._keeping = Together(self._keep)
        self.calls = 0

    @property
    def revision(self) -> str:
        """What belongs into a recipe of it."""
        types = hashlib.blake2b(msgspec.json.encode(dict(self._types)), digest_size=4).hexdigest()
        return f"{self._instrument}/{REVISION}/{types}"

    async def extract(self, document: Document, passage: Passage) -> Extraction:
        """Return what a passage says.

        Raises:
            GenerationFailed: the model gave nothing usable for some of it, also on halves and asked again.
            HausmusikError: what the player raises.
        """
        context = ", ".join(filter(None, (document.title or document.path, passage.at or document.date)))
        speakers = ", ".join(passage.speakers)
        context = f"{context}; speaking: {speakers}" if speakers else context
        also = (*passage.speakers, *passage.headings, document.title)
        return await self._extract(passage.text, text_hash(passage.text), context, also, document.path)

    async def _extract(self, text: str, about: bytes, context: str, also: tuple[str, ...], path: str) -> Extraction:
        failure = GenerationFailed("nothing was asked")
        for attempt in range(TRIES):
            try:
                request = extraction_request(text, context, self._types, seed=attempt)
                return await self._answered(request, text, about, also, path)
            except GenerationFailed as error:
                failure = error
                if len(text) >= 2 * SMALLEST:
                    break  # a shorter text helps more than another seed
        halves = _halves(text)
        if len(halves) < 2:
            raise failure
        found: list[tuple[int, Extraction]] = []
        for start, end in halves:
            found.append((start, await self._extract(text[start:end], about, context, also, path)))
        return _joined(found)

    async def _answered(
        self, request: ChatRequest, text: str, about: bytes, also: tuple[str, ...], path: str
    ) -> Extraction:
        """Return what the model says of a text, or said when it was asked the same before."""
        asked = msgspec.json.encode([self._instrument, msgspec.to_builtins(request)], order="sorted")
        key = hashlib.blake2b(asked, digest_size=20).digest()
        # In a thread: while a document is written the file is locked, and all others would stand still.
        kept = await asyncio.to_thread(self._store.answer, key)
        if kept is not None:
            return read_json(kept.answer, text, self._types, also)
        async with self._gate:
            said, usage, reason = await self._play(request, path)
            self.calls += 1
        if reason == "length":
            raise GenerationFailed("the model's answer was cut for its length")
        if not said.strip():
            raise GenerationFailed("the model said nothing")
        found = read_json(said, text, self._types, also)
        kept = KeptAnswer(answer=said, tokens_in=usage.tokens_in, tokens_out=usage.tokens_out)
        await self._keeping.committed((key, about, self._instrument, kept))
        return found

    def _keep(self, answers: Sequence[tuple[bytes, bytes, str, KeptAnswer]]) -> Sequence[None]:
        self._store.keep_answers(answers)
        return [None] * len(answers)

    async def close(self) -> None:
        """Wait until everything that was said is kept."""
        await self._keeping.close()

    async def _play(self, request: ChatRequest, path: str) -> tuple[str, Usage, str]:
        run = msgspec.structs.replace(self._run, document=path)
        said: list[str] = []
        usage, reason = Usage(), "complete"
        events = cast("AsyncIterator[Any]", self._player.play(self._instrument, request, run=run))
        async with aclosing(cast("Any", events)) as stream:
            async for event in stream:
                match event:
                    case TextDelta():
                        said.append(event.text)
                    case Usage():
                        usage += event
                    case Done():
                        reason = event.reason
                    case _:
                        pass
        return "".join(said), usage, reason


def _halves(text: str) -> list[tuple[int, int]]:
    """Return two stretches that end where a sentence does, nearest to the middle; one where it is too short."""
    if len(text) < 2 * SMALLEST:
        return [(0, len(text))]
    ends = [end for _, end in sentences_in(text)][:-1] or [len(text) // 2]
    cut = min(ends, key=lambda end: abs(end - len(text) // 2))
    return [(0, cut), (cut, len(text))]


def _joined(parts: list[tuple[int, Extraction]]) -> Extraction:
    """Return the extractions of stretches as one of the whole, with offsets of the whole."""
    entities = [
        msgspec.structs.replace(each, start=each.start + start, end=each.end + start) if each.start >= 0 else each
        for start, part in parts
        for each in part.entities
    ]
    relations = [
        msgspec.structs.replace(each, start=each.start + start, end=each.end + start)
        for start, part in parts
        for each in part.relations
    ]
    return Extraction(entities=tuple(entities), relations=tuple(relations))
