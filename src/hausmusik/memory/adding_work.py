"""What is done for each document that is added: read and cut, embedded, a model asked, and in its turn written.

Everything that costs is done before a document's turn, side by side; its turn takes milliseconds, and documents whose
turn has come are written together. Knows nothing of jobs or of which documents there are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, cast

import msgspec
import numpy as np

from hausmusik.errors import EngineError, HausmusikError, HostUnavailable
from hausmusik.jobs.model import Step
from hausmusik.memory.cutting import approximate_tokens, cut
from hausmusik.memory.documents import Document, Passage
from hausmusik.memory.embedding import AT_ONCE, embedded
from hausmusik.memory.extraction.model import ModelReader
from hausmusik.memory.extraction.rules import RuledNames, RuleReader, people_words
from hausmusik.memory.extraction.values import Extraction
from hausmusik.memory.gates import Gate
from hausmusik.memory.naming import key_of
from hausmusik.memory.reading.files import read_bytes, read_document
from hausmusik.memory.reading.limits import ReadLimits
from hausmusik.memory.store.entry import DocumentEntry, PassageEntry, WindowEntry
from hausmusik.memory.store.store import MemoryStore
from hausmusik.memory.together import Together
from hausmusik.memory.turns import NotYet, Turns
from hausmusik.memory.values import (
    RULES,
    AddItem,
    AddPlan,
)
from hausmusik.memory.windows import windows_of
from hausmusik.seams import Player
from hausmusik.types import FloatArray, Run

GATHER_S: Final = 1.0
"""How long at most a document that is ready waits for others, to be written with them: each commit writes every page
that it touched. Nothing is waited for that is not at work already, so who stops an adding waits for none of it."""

LOT: Final = 2
"""Documents for each play at once that are enough for a commit: half of those at work (`adding.AHEAD`), for the others
keep the host busy meanwhile."""


class Work:
    """What is done for each document.

    Args:
        player: Plays.
        store: Where it goes.
        plan: What is added.
        run: To which plays belong.
        reader: Asks the model, where there is one.
        gate: Through which plays of the embedder go.
        stdin: What was read from there.
    """

    def __init__(
        self,
        player: Player,
        store: MemoryStore,
        plan: AddPlan,
        run: Run,
        *,
        reader: ModelReader,
        gate: Gate,
        stdin: bytes,
    ) -> None:
        self._player = player
        self._store = store
        self._plan = plan
        self._run = run
        self._reader = reader
        self._gate = gate
        self._stdin = stdin
        self._items = {key_of_item(item): item for item in plan.to_do}
        self._turns = Turns([])
        self._ready: dict[str, tuple[Document, list[PassageEntry]]] = {}
        self._people: set[str] | None = None
        self._at_work = 0
        lot = LOT * plan.concurrency
        self._writing = Together(self._put, gather_s=GATHER_S, more=lambda waiting: waiting < min(lot, self._at_work))
        self.document = ""
        self.waiting = ""

    @property
    def calls(self) -> int:
        """How often a model was asked."""
        return self._reader.calls

    @property
    def empty(self) -> int:
        """Of how many passages model and rules agreed that they name nobody."""
        return self._reader.empty

    def begin(self, order: list[str]) -> None:
        """Set in which order documents are finished."""
        self._turns = Turns(order)

    async def do(self, step: Step) -> bytes:
        """Add one document; returns its number of passages, in digits."""
        item = self._items[step.key]
        self.document = item.name
        self._turns.begun(step.key)
        self._at_work += 1
        try:
            if step.key not in self._ready:
                document, passages = await asyncio.to_thread(self._read, item)
                self._ready[step.key] = (document, await self._entries(document, passages))
            document, entries = self._ready[step.key]
            async with self._turns.turn(step.key):
                written = self._writing.add((item, document, entries))
            if (error := await written) is not None:
                raise error
        except HostUnavailable as error:
            self.waiting = error.message
            await self._turns.step_back(step.key)
            raise
        except NotYet:
            # The one whose turn it is waits for the host, and needs the place of this one to go on.
            raise HostUnavailable(self.waiting, hint="it is asked again") from None
        except BaseException:
            self._ready.pop(step.key, None)
            await self._turns.give_up(step.key)
            raise
        finally:
            self._at_work -= 1
        del self._ready[step.key]
        self.waiting = ""
        return str(len(entries)).encode()

    async def close(self) -> None:
        """Wait until what is being written is written."""
        await self._reader.close()
        await self._writing.close()

    def _put(self, some: Sequence[tuple[AddItem, Document, list[PassageEntry]]]) -> list[BaseException | None]:
        """Write documents, in order: together, or each by itself where that fails; returns what is wrong with each."""
        if len(some) > 1:
            try:
                self._put_together(some)
            except Exception:  # noqa: BLE001 -- whichever of them it was meets it again, alone
                return [error for each in some for error in self._put([each])]
            return [None] * len(some)
        try:
            self._put_together(some)
        except HausmusikError as error:
            return [error]
        return [None]

    def _put_together(self, some: Sequence[tuple[AddItem, Document, list[PassageEntry]]]) -> None:
        waiting: list[DocumentEntry] = []
        try:
            for item, document, entries in some:
                if self._people is None and waiting and self._plan.options.extractor == RULES:
                    # Whom the memory knows is read from it: all before must be in it.
                    self._store.put_all(waiting, self._plan.recipe)
                    waiting = []
                waiting.append(self._extracted(document, entries))
                if item.change == "changed":
                    self._people = None
            self._store.put_all(waiting, self._plan.recipe)
        except BaseException:
            self._people = None  # what was learnt of names is not in the memory
            raise

    def _read(self, item: AddItem) -> tuple[Document, list[Passage]]:
        options = self._plan.options
        if str(item.path) == "-":
            document = read_bytes(self._stdin, item.name, ReadLimits())
        else:
            document = read_document(item.path, name=item.name, limits=ReadLimits())
        if document.sha256 != item.sha256:
            raise EngineError(f"{item.name} changed while it was being added", hint="add it again")
        passages = cut(
            document,
            budget_tokens=options.budget_tokens,
            overlap_tokens=options.overlap_tokens,
            count=approximate_tokens,
        )
        return document, passages

    async def _entries(self, document: Document, passages: list[Passage]) -> list[PassageEntry]:
        """Return the passages with vectors and what a model says of them; those that are there already with nothing."""
        fresh = await asyncio.to_thread(self._fresh, document, passages)
        spans = [(passage, span) for passage in fresh for span in windows_of(passage.text)]
        by_model = self._plan.options.extractor != RULES
        names = RuledNames(document)
        try:
            async with asyncio.TaskGroup() as group:  # where one fails the others stop: nobody waits for them
                embedding = group.create_task(
                    self._embedded(document, [_worded(passage, span) for passage, span in spans])
                )
                reading = [
                    group.create_task(self._reader.extract(document, passage, names)) for passage in fresh if by_model
                ]
        except BaseExceptionGroup as errors:
            raise _first_of(errors) from None
        vectors, found = embedding.result(), [each.result() for each in reading]
        extractions = dict(zip(map(id, fresh), found, strict=False))
        facts = [f"{fact.source} {fact.kind} {fact.target}" for extraction in found for fact in extraction.relations]
        fact_vectors = iter(await self._embedded(document, facts))
        windows: dict[int, list[WindowEntry]] = {}
        for (passage, (start, end)), vector in zip(spans, vectors, strict=True):
            windows.setdefault(id(passage), []).append(WindowEntry(start, end, vector))
        return [
            PassageEntry(
                passage=passage,
                windows=tuple(windows.get(id(passage), ())),
                extraction=(extraction := extractions.get(id(passage), Extraction())),
                fact_vectors=tuple(next(fact_vectors) for _ in extraction.relations),
            )
            for passage in passages
        ]

    def _fresh(self, document: Document, passages: list[Passage]) -> list[Passage]:
        """Return the passages that the memory does not have of this document; of equal ones those that are more."""
        kept = self._store.kept_passages(document, self._plan.recipe)
        fresh: list[Passage] = []
        for passage in passages:
            key = PassageEntry(passage=passage).key
            if kept[key] > 0:
                kept[key] -= 1
            else:
                fresh.append(passage)
        return fresh

    async def _embedded(self, document: Document, texts: list[str]) -> FloatArray | list[FloatArray]:
        if not texts:
            return []
        run = msgspec.structs.replace(self._run, document=document.path)
        player, embedder = self._player, self._plan.options.embedder
        parts: list[FloatArray] = []
        for first in range(0, len(texts), AT_ONCE):
            some = texts[first : first + AT_ONCE]
            parts.append(await self._gate.through(lambda some=some: embedded(player, embedder, some, run=run)))
        return np.concatenate(parts)

    def _extracted(self, document: Document, entries: list[PassageEntry]) -> DocumentEntry:
        if self._plan.options.extractor == RULES:
            if self._people is None:
                self._people = set(self._store.people_words())
            reader = RuleReader(document, self._people)
            fresh = set(map(id, self._fresh(document, [entry.passage for entry in entries])))
            entries = [
                msgspec.structs.replace(entry, extraction=reader.extract(entry.passage))
                if id(entry.passage) in fresh
                else entry
                for entry in entries
            ]
            named = (found for entry in entries for found in entry.extraction.entities if found.type == "person")
            self._people |= people_words(key_of(found.name, found.type) for found in named)
        return DocumentEntry(document=document, passages=tuple(entries))


def _first_of(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first error of a group, also where that is one of a group in it."""
    first = errors.exceptions[0]
    if isinstance(first, BaseExceptionGroup):
        return _first_of(cast("BaseExceptionGroup[BaseException]", first))
    return first


def key_of_item(item: AddItem) -> str:
    """Return by what the journal knows a file: its bytes and its name."""
    return f"{item.sha256[:16]} {item.name}"


def _worded(passage: Passage, span: tuple[int, int]) -> str:
    """Return what is embedded of a window: under which heading it stands, and its text."""
    heading = f"{passage.headings[-1]}\n" if passage.headings else ""
    return heading + passage.text[span[0] : span[1]]
