"""Extraction by a language model: asked for a form, held against the text, asked again on halves where it fails.

What it said is kept by a hash of all that it was asked, as soon as it is said: a killed run asks nothing twice. An
answer that was cut for length, is empty or is not in the form is a failure, never a result, and is not kept (LightRAG's
issue 3597 is what happens otherwise). But some passages name nobody: where the model finds no name, asked again finds
none either, and rules find none, that is an accepted empty; it is counted, and its answer kept. Knows nothing of
documents' order or of transactions.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from hausmusik.errors import GenerationFailed
from hausmusik.memory.documents import Document, Passage
from hausmusik.memory.extraction.answers import read_json, read_lines
from hausmusik.memory.extraction.hearing import heard, whole
from hausmusik.memory.extraction.prompts import REVISION, AnswerForm, extraction_request
from hausmusik.memory.extraction.rules import RuledNames
from hausmusik.memory.extraction.sentences import sentences_in
from hausmusik.memory.extraction.values import Extraction
from hausmusik.memory.gates import Gate
from hausmusik.memory.store.answers import KeptAnswer
from hausmusik.memory.store.entry import text_hash
from hausmusik.memory.store.store import MemoryStore
from hausmusik.memory.together import Together
from hausmusik.seams import Player
from hausmusik.types import ChatRequest, Run

SMALLEST: Final = 400
"""Characters below which a passage is not halved again."""

TRIES: Final = 2


class _Passage(msgspec.Struct, frozen=True, kw_only=True):
    """What stays the same while a passage is asked about, whole or in parts.

    Args:
        about: Hash of its text.
        context: Where it is from.
        also: Names that stand beside it.
        path: Of its document.
        names: Where rules find names in it; found out when it matters.
    """

    about: bytes
    context: str
    also: tuple[str, ...]
    path: str
    names: Callable[[], list[tuple[int, int]]]


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """An answer with what is taken of it, and by what it is kept; None: it is kept already."""

    found: Extraction
    to_keep: tuple[bytes, bytes, str, KeptAnswer] | None = None


class ModelReader:
    """Asks one instrument.

    Args:
        player: Plays it.
        instrument: Catalogue id.
        run: To which the plays belong.
        store: Keeps what was said.
        types: The ontology, name to description.
        gate: Through which its plays go.
        form: Of the answers.

    Attributes:
        calls: How often it was asked now.
        empty: Passages of which it was accepted that they name nobody.
    """

    def __init__(
        self,
        player: Player,
        instrument: str,
        *,
        run: Run,
        store: MemoryStore,
        types: Mapping[str, str],
        gate: Gate,
        form: AnswerForm = "schema",
    ) -> None:
        self._player = player
        self._instrument = instrument
        self._run = run
        self._store = store
        self._types = types
        self._gate = gate
        self._keeping = Together(self._keep)
        self._form: AnswerForm = form
        self._read = read_json if form == "schema" else read_lines
        self.calls = 0
        self.empty = 0

    @property
    def revision(self) -> str:
        """What belongs into a recipe of it."""
        types = hashlib.blake2b(msgspec.json.encode(dict(self._types)), digest_size=4).hexdigest()
        form = "" if self._form == "schema" else f"/{self._form}"
        return f"{self._instrument}/{REVISION}/{types}{form}"

    async def extract(self, document: Document, passage: Passage, names: RuledNames) -> Extraction:
        """Return what a passage says; nothing where model and rules agree that it names nobody.

        Args:
            document: That it is of.
            passage: It.
            names: Where rules find names in the document's passages.

        Raises:
            GenerationFailed: the model gave nothing usable for some of it, also on halves and asked again.
            HausmusikError: what the player raises.
        """
        context = ", ".join(filter(None, (document.title or document.path, passage.at or document.date)))
        speakers = ", ".join(passage.speakers)
        asked = _Passage(
            about=text_hash(passage.text),
            context=f"{context}; speaking: {speakers}" if speakers else context,
            also=(*passage.speakers, *passage.headings, document.title),
            path=document.path,
            names=lambda: names.of(passage),
        )
        found = await self._extract(passage.text, 0, asked, is_part=False)
        self.empty += not found.entities
        return found

    async def _extract(self, text: str, start: int, asked: _Passage, *, is_part: bool) -> Extraction:
        """Return what a stretch of a passage says, with offsets of the stretch.

        Args:
            text: Of the stretch.
            start: Of it in the passage.
            asked: The passage.
            is_part: Whether more of the passage was asked about before: a part that is empty was asked about twice.
        """
        failure = GenerationFailed("nothing was asked")
        nothing: list[_Said] = []
        for attempt in range(TRIES):
            try:
                request = extraction_request(text, asked.context, self._types, seed=attempt, form=self._form)
                said = await self._answered(request, text, asked)
                if said.found.entities:
                    return said.found
                nothing.append(said)
                failure = GenerationFailed("the model found no name that is in the passage")
                if (is_part or len(nothing) == TRIES) and not await self._has_names(asked, start, start + len(text)):
                    await self._accept(nothing)
                    return Extraction()
            except GenerationFailed as error:
                failure = error
            if len(text) >= 2 * SMALLEST:
                break  # a shorter text helps more than another seed
        halves = _halves(text)
        if len(halves) < 2:
            raise failure
        found: list[tuple[int, Extraction]] = []
        for begin, end in halves:
            found.append((begin, await self._extract(text[begin:end], start + begin, asked, is_part=True)))
        if not any(part.entities for _, part in found):
            await self._accept(nothing)
        return _joined(found)

    @staticmethod
    async def _has_names(asked: _Passage, start: int, end: int) -> bool:
        names = await asyncio.to_thread(asked.names)
        return any(one < end and other > start for one, other in names)

    async def _accept(self, nothing: Sequence[_Said]) -> None:
        """Keep answers that are empty: they are right."""
        for said in nothing:
            if said.to_keep is not None:
                await self._keeping.committed(said.to_keep)

    async def _answered(self, request: ChatRequest, text: str, asked: _Passage) -> _Said:
        """Return what the model says of a text, or said when it was asked the same before."""
        everything = msgspec.json.encode([self._instrument, msgspec.to_builtins(request)], order="sorted")
        key = hashlib.blake2b(everything, digest_size=20).digest()
        # In a thread: while a document is written the file is locked, and all others would stand still.
        kept = await asyncio.to_thread(self._store.answer, key)
        if kept is not None:
            return _Said(found=self._read(kept.answer, text, self._types, asked.also))
        run = msgspec.structs.replace(self._run, document=asked.path)
        said = await self._gate.through(lambda: heard(self._player, self._instrument, request, run))
        self.calls += 1
        found = self._read(whole(said), text, self._types, asked.also)
        kept = KeptAnswer(answer=said.text, tokens_in=said.tokens_in, tokens_out=said.tokens_out)
        answer = (key, asked.about, self._instrument, kept)
        if not found.entities:
            return _Said(found=found, to_keep=answer)
        await self._keeping.committed(answer)
        return _Said(found=found)

    def _keep(self, answers: Sequence[tuple[bytes, bytes, str, KeptAnswer]]) -> Sequence[None]:
        self._store.keep_answers(answers)
        return [None] * len(answers)

    async def close(self) -> None:
        """Wait until everything that was said is kept."""
        await self._keeping.close()


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
