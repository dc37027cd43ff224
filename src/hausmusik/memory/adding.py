"""Adding files to a memory: planned, resumable, some documents at once, each of them in one transaction, in order.

    find -> compare with what is there -> read and cut -> embed (and ask a model) -> wait for its turn -> extract by
    rules, resolve, write

Everything that costs is done before a document's turn, side by side; its turn takes milliseconds. What was finished
survives `kill -9`; a document that was not is done again, but nothing is asked of a model twice. Knows nothing of hosts
or of interfaces.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Final, cast

import msgspec
from filelock import FileLock, Timeout

from hausmusik.errors import Cancelled, EngineError, HausmusikError, HostUnavailable, StoreError
from hausmusik.jobs.journal import Journal
from hausmusik.jobs.limit import Limit
from hausmusik.jobs.model import Job, NewStep, Progress, Step
from hausmusik.jobs.runner import run_steps
from hausmusik.jobs.stop import Stop
from hausmusik.memory.cutting import approximate_tokens, cut
from hausmusik.memory.documents import Document, Passage
from hausmusik.memory.embedding import embedded, embedder_of
from hausmusik.memory.extraction.model import ModelReader
from hausmusik.memory.extraction.rules import REVISION as RULES_REVISION
from hausmusik.memory.extraction.rules import RuleReader, people_words
from hausmusik.memory.extraction.values import Extraction
from hausmusik.memory.finding import Sources, find_items
from hausmusik.memory.naming import key_of
from hausmusik.memory.reading.files import read_bytes, read_document
from hausmusik.memory.reading.limits import ReadLimits
from hausmusik.memory.store.entry import DocumentEntry, PassageEntry, Recipe, WindowEntry, text_hash
from hausmusik.memory.store.store import MemoryStore
from hausmusik.memory.together import Together
from hausmusik.memory.turns import NotYet, Turns
from hausmusik.memory.values import (
    RULES,
    AddItem,
    AddOptions,
    AddPlan,
    AddProgress,
    AddReport,
    FileProblem,
)
from hausmusik.memory.windows import windows_of
from hausmusik.seams import Clock, Player
from hausmusik.types import FloatArray, Run, Task

KIND: Final = "memory"
CHARACTERS_PER_PASSAGE: Final = 4
"""Times the token budget: how many characters of a file a passage takes, before it was read."""

AHEAD: Final = 2
"""Documents at work for each call of a model at once."""

GATHER_S: Final = 0.05
"""How long a document that is ready waits for others, to be written with them."""


class Adder:
    """Adds to memories.

    Args:
        player: Plays embedders and language models.
        journal: Remembers what is done.
        clock: Measures.
        defaults: Instruments by task.
        capacity: How many plays of some instruments together the host of a run takes at once.
    """

    def __init__(
        self,
        player: Player,
        journal: Journal,
        *,
        clock: Clock,
        defaults: Mapping[Task, str],
        capacity: Callable[[Run, Collection[str]], int],
    ) -> None:
        self._player = player
        self._journal = journal
        self._clock = clock
        self._defaults = defaults
        self._capacity = capacity

    def plan(self, store: MemoryStore, memory: str, options: AddOptions, *, run: Run, stdin: bytes = b"") -> AddPlan:
        """Look at the files and say what adding them would do; reads them to compare, plays nothing.

        Raises:
            NotFoundError: no such file, instrument or host.
            ConfigError: the memory has vectors of another embedder.
            StoreError: the memory cannot be read.
        """
        embedder = options.embedder or self._defaults["embed"]
        options = msgspec.structs.replace(options, embedder=embedder)
        extractor = RULES_REVISION
        if options.extractor != RULES:
            extractor = self._reader(store, options, run, 1).revision
        recipe = Recipe(
            budget_tokens=options.budget_tokens,
            overlap_tokens=options.overlap_tokens,
            extractor=extractor,
            embedder=embedder_of(self._player, embedder, run),
        )
        if store.exists:
            store.check_embedder(recipe.embedder)
        known = {
            path: each.sha256 if each.recipe == recipe.text else ""
            for path, each in (store.known() if store.exists else {}).items()
        }
        items, skipped = find_items(Sources(paths=options.sources, ignore=options.ignore, stdin=stdin), known)
        size = sum(item.size_bytes for item in items if item.change != "same")
        passages = sum(
            1 + item.size_bytes // (options.budget_tokens * CHARACTERS_PER_PASSAGE)
            for item in items
            if item.change != "same"
        )
        players = [embedder, *([] if options.extractor == RULES else [options.extractor])]
        return AddPlan(
            memory=memory,
            options=options,
            recipe=recipe,
            items=items,
            skipped=skipped,
            characters=size,
            passages=passages,
            concurrency=options.concurrency or self._capacity(run, players),
        )

    async def add(
        self,
        store: MemoryStore,
        plan: AddPlan,
        *,
        run: Run,
        stop: Stop,
        on_progress: Callable[[AddProgress], None],
        stdin: bytes = b"",
    ) -> AddReport:
        """Add what is new or changed; what cannot be read is in the report, and raises nothing.

        Raises:
            Cancelled: stopped; the same call goes on.
            StoreError: the memory cannot be written, or another process is adding to it.
            HausmusikError: nothing can be played at all.
        """
        with writing(store):
            job = self._opened(store, plan, run) if plan.to_do else None
            work = _Work(
                self._player, store, plan, run, self._reader(store, plan.options, run, plan.concurrency), stdin
            )
            if job is not None:
                try:
                    await self._run(job, plan, work, stop, on_progress)
                finally:
                    await work.close()
            await asyncio.to_thread(store.drop_stray_answers)
            return self._report(store, plan, job, work)

    async def _run(
        self, job: Job, plan: AddPlan, work: _Work, stop: Stop, on_progress: Callable[[AddProgress], None]
    ) -> None:
        work.begin([_key(item) for item in plan.to_do])

        def tell(steps: Progress) -> None:
            on_progress(
                AddProgress(
                    done=steps.done,
                    failed=steps.failed,
                    total=steps.total,
                    document=work.document,
                    calls=work.calls,
                    eta_s=steps.eta_s,
                    waiting=work.waiting,
                )
            )

        try:
            await run_steps(
                self._journal,
                job,
                work.do,
                clock=self._clock,
                concurrency=Limit(self._documents_at_once(plan), clock=self._clock),
                stop=stop,
                on_progress=tell,
            )
        except HausmusikError as error:
            if isinstance(error, Cancelled) or self._journal.job(job.id).state != "failed":
                raise

    @staticmethod
    def _documents_at_once(plan: AddPlan) -> int:
        """Return how many documents are begun: a model has work also while some of them are written."""
        return plan.concurrency if plan.options.extractor == RULES else AHEAD * plan.concurrency

    def _reader(self, store: MemoryStore, options: AddOptions, run: Run, at_once: int) -> ModelReader:
        return ModelReader(self._player, options.extractor, run=run, store=store, types=options.types, at_once=at_once)

    def _opened(self, store: MemoryStore, plan: AddPlan, run: Run) -> Job:
        """Return a job of its own: what is done already is in the memory, and nothing else says so.

        A job that was interrupted is not gone on with, nor are steps of others taken for done: the document may have
        been forgotten since, or be in another memory.
        """
        place = hashlib.sha256(str(store.path.resolve()).encode()).hexdigest()[:32]
        for other in self._journal.jobs(kind=KIND, key=place, state="open"):
            self._journal.cancel(other.id)
        steps = (NewStep(key=_key(item)) for item in plan.to_do)
        label = f"{plan.memory}: {len(plan.to_do)} documents"
        return self._journal.open_job(KIND, label, key=place, run=run.id, steps=steps)

    def _report(self, store: MemoryStore, plan: AddPlan, job: Job | None, work: _Work) -> AddReport:
        steps = {step.key: step for step in self._journal.steps(job.id)} if job else {}
        done = [item for item in plan.to_do if (step := steps.get(_key(item))) and step.state == "done"]
        problems = tuple(
            FileProblem(name=item.name, error=step.error)
            for item in plan.to_do
            if (step := steps.get(_key(item))) and step.error and step.state == "failed"
        )
        counts = store.counts()
        return AddReport(
            memory=plan.memory,
            added=sum(item.change == "new" for item in done),
            changed=sum(item.change == "changed" for item in done),
            same=len(plan.items) - len(plan.to_do),
            failed=len(problems),
            skipped=plan.skipped,
            passages=counts["passages"],
            entities=counts["entities"],
            facts=counts["facts"],
            calls=work.calls,
            spent_usd=Decimal(0),
            problems=problems,
        )


@contextmanager
def writing(store: MemoryStore) -> Generator[None]:
    """Hold the right to write to a memory; it dies with its process.

    Raises:
        StoreError: somebody else has it.
    """
    lock = FileLock(store.path.with_suffix(".lock"), timeout=0)
    try:
        store.path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise StoreError(
            f"another process is adding to the memory {store.path.stem}", hint="wait until it has finished, or stop it"
        ) from None
    except OSError as error:
        raise StoreError(
            f"the memory {store.path.stem} cannot be written: {error.strerror or error}",
            hint=f"make {store.path.parent} writable for you",
        ) from error
    try:
        yield
    finally:
        lock.release()


class _Work:
    """What is done for each document.

    Args:
        player: Plays.
        store: Where it goes.
        plan: What is added.
        run: To which plays belong.
        reader: Asks the model, where there is one.
        stdin: What was read from there.
    """

    def __init__(
        self, player: Player, store: MemoryStore, plan: AddPlan, run: Run, reader: ModelReader, stdin: bytes
    ) -> None:
        self._player = player
        self._store = store
        self._plan = plan
        self._run = run
        self._reader = reader
        self._stdin = stdin
        self._items = {_key(item): item for item in plan.to_do}
        self._turns = Turns([])
        self._ready: dict[str, tuple[Document, list[PassageEntry]]] = {}
        self._people: set[str] | None = None
        self._at_work = 0
        self._writing = Together(self._put, gather_s=GATHER_S, more=lambda waiting: self._at_work > waiting)
        self.document = ""
        self.waiting = ""

    @property
    def calls(self) -> int:
        """How often a model was asked."""
        return self._reader.calls

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
        try:
            async with asyncio.TaskGroup() as group:  # where one fails the others stop: nobody waits for them
                embedding = group.create_task(
                    self._embedded(document, [_worded(passage, span) for passage, span in spans])
                )
                reading = [group.create_task(self._reader.extract(document, passage)) for passage in fresh if by_model]
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
        kept = self._store.kept_texts(document.path, self._plan.recipe)
        fresh: list[Passage] = []
        for passage in passages:
            hash_ = text_hash(passage.text)
            if kept[hash_] > 0:
                kept[hash_] -= 1
            else:
                fresh.append(passage)
        return fresh

    async def _embedded(self, document: Document, texts: list[str]) -> FloatArray | list[FloatArray]:
        if not texts:
            return []
        run = msgspec.structs.replace(self._run, document=document.path)
        return await embedded(self._player, self._plan.options.embedder, texts, run=run)

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


def _key(item: AddItem) -> str:
    return f"{item.sha256[:16]} {item.name}"


def _worded(passage: Passage, span: tuple[int, int]) -> str:
    """Return what is embedded of a window: under which heading it stands, and its text."""
    heading = f"{passage.headings[-1]}\n" if passage.headings else ""
    return heading + passage.text[span[0] : span[1]]
