"""Adding files to a memory: planned, resumable, some documents at once, written in order, each whole or not at all.

    find -> compare with what is there -> start the model | read and cut -> embed (and ask the model) -> wait for its
    turn -> extract by rules, resolve, write ... -> a small model is asked what rules could not tell (`settling`)

Everything that costs is done before a document's turn, side by side; its turn takes milliseconds. What was finished
survives `kill -9`; a document that was not is done again, but what a model has answered of it is not asked again. Knows
nothing of hosts or of interfaces.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import AsyncGenerator, Callable, Collection, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from typing import Final

import msgspec
from filelock import FileLock, Timeout

from hausmusik.atomic import private_folder
from hausmusik.counted import counted
from hausmusik.errors import Cancelled, HausmusikError, StoreError
from hausmusik.jobs.journal import Journal
from hausmusik.jobs.limit import Limit
from hausmusik.jobs.model import Job, NewStep, Progress
from hausmusik.jobs.runner import run_steps
from hausmusik.jobs.stop import Stop
from hausmusik.memory.adding_work import Work, key_of_item
from hausmusik.memory.embedding import embedder_of
from hausmusik.memory.extraction.model import ModelReader
from hausmusik.memory.extraction.prompts import DEFAULT_TYPES, extraction_request
from hausmusik.memory.extraction.rules import REVISION as RULES_REVISION
from hausmusik.memory.finding import STDIN_NAME, Sources, find_items
from hausmusik.memory.gates import Gate, Holders
from hausmusik.memory.places import Places, still_used
from hausmusik.memory.settling import UNKNOWN_PER_PASSAGE, Asking, Settler
from hausmusik.memory.store.entry import Recipe
from hausmusik.memory.store.store import MemoryStore
from hausmusik.memory.values import (
    RULES,
    AddOptions,
    AddPlan,
    AddProgress,
    AddReport,
    FileProblem,
    Settled,
)
from hausmusik.seams import Clock, Coming, Player
from hausmusik.types import EmbedRequest, Request, Run, Task

KIND: Final = "memory"
CHARACTERS_PER_PASSAGE: Final = 4
"""Times the token budget: how many characters of a file a passage takes, before it was read."""

AHEAD: Final = 4
"""Documents at work for each play at once: those that wait to be written with others leave nobody idle."""

FORESEEN: Final = 1_000
"""Most calls that are told beforehand: enough to say how many machines are worth their starts."""


class Adder:
    """Adds to memories.

    Args:
        player: Plays embedders and language models.
        journal: Remembers what is done.
        clock: Measures.
        defaults: Instruments by task.
        capacity: How many plays of some instruments together the host of a run takes at once.
        asker: Which small language model a run may ask without pulling one; empty: none.
        spent: What a run has cost.
    """

    def __init__(
        self,
        player: Player,
        journal: Journal,
        *,
        clock: Clock,
        defaults: Mapping[Task, str],
        capacity: Callable[[Run, Collection[str]], int],
        asker: Callable[[Run], str] = lambda _: "",
        spent: Callable[[str], Decimal] = lambda _: Decimal(0),
    ) -> None:
        self._player = player
        self._journal = journal
        self._clock = clock
        self._defaults = defaults
        self._capacity = capacity
        self._asker = asker
        self._spent = spent

    def plan(self, store: MemoryStore, memory: str, options: AddOptions, *, run: Run, stdin: bytes = b"") -> AddPlan:
        """Look at the files and say what adding them would do; reads them to compare, plays nothing.

        Raises:
            NotFoundError: no such file, instrument or host.
            ConfigError: the memory has vectors of another embedder.
            StoreError: the memory cannot be read.
        """
        embedder = options.embedder or self._defaults["embed"]
        own = store.ontology() if store.exists else None
        types = options.types or own or DEFAULT_TYPES
        options = msgspec.structs.replace(options, embedder=embedder, types=dict(types))
        extractor = RULES_REVISION
        if options.extractor != RULES:
            extractor = self._reader(store, options, run, Gate(1, Holders())).revision
        recipe = Recipe(
            budget_tokens=options.budget_tokens,
            overlap_tokens=options.overlap_tokens,
            extractor=extractor,
            embedder=embedder_of(self._player, embedder, run),
        )
        if store.exists:
            store.check_embedder(recipe.embedder)
        documents = store.known() if store.exists else {}
        made_by = recipe.text
        known = {path: each.sha256 if each.recipe == made_by else "" for path, each in documents.items()}
        places = Places(store.places() if store.exists else {}, known)
        items, skipped = find_items(Sources(paths=options.sources, ignore=options.ignore, stdin=stdin), known, places)
        there = {item.name for item in items}
        of_files = {text: _is_of_files(text) for text in {each.recipe for each in documents.values()}}
        others = [
            name
            for name, each in documents.items()
            if of_files[each.recipe] and name not in there and not name.startswith(f"{STDIN_NAME}-")
        ]
        size = sum(item.size_bytes for item in items if item.change != "same")
        passages = sum(
            1 + item.size_bytes // (options.budget_tokens * CHARACTERS_PER_PASSAGE)
            for item in items
            if item.change != "same"
        )
        asker = self._asker(run) if options.extractor == RULES and options.llm_minutes > 0 else ""
        questions = math.ceil(UNKNOWN_PER_PASSAGE * passages) if asker else 0
        if asker and store.exists:
            questions += self._settler(store, options, asker, run).questions()
        busiest = embedder if options.extractor == RULES else options.extractor
        return AddPlan(
            memory=memory,
            options=options,
            recipe=recipe,
            items=items,
            skipped=skipped,
            gone=places.gone(others, [source.resolve() for source in options.sources if source.is_dir()]),
            places=still_used(places.kept, (item.name for item in items)),
            characters=size,
            passages=passages,
            concurrency=options.concurrency or self._capacity(run, [busiest]),
            has_new_types=own is not None and list(own.items()) != list(types.items()),
            asker=asker,
            questions=questions,
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
            StoreError: the memory cannot be written, or another process is adding to it, or has since the plan was
                made.
            HausmusikError: nothing can be played at all.
        """
        with writing(store):
            store.keep_places(plan.places)
            store.keep_ontology(plan.options.types or DEFAULT_TYPES)
            job = self._opened(store, plan, run) if plan.to_do else None
            work = self._work(store, plan, run, stdin)
            if job is not None:
                async with self._started(plan, run, stop):
                    try:
                        await self._run(job, plan, work, stop, on_progress)
                    finally:
                        await work.close()
            failed = self._failed(plan, job)
            if not failed:  # what was said of a document that failed is paid for, and the next adding asks no more
                await asyncio.to_thread(store.drop_stray_answers)
            settled = Settled()
            if plan.asker:
                done = len(plan.to_do) - len(failed)
                settler = self._settler(store, plan.options, plan.asker, run)
                before = AddProgress(done=done, failed=len(plan.to_do) - done, total=len(plan.to_do))
                # The documents are in: this is beside them, and its answers are no extractions.
                settled = await settler.settle(plan.memory, stop, lambda now: on_progress(_asking(before, now)))
            await asyncio.to_thread(store.scrub)  # where somebody reads now, the next adding or forgetting does it
            return self._report(store, plan, failed, work, settled, run)

    async def _run(
        self, job: Job, plan: AddPlan, work: Work, stop: Stop, on_progress: Callable[[AddProgress], None]
    ) -> None:
        work.begin([key_of_item(item) for item in plan.to_do])

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

    def _work(self, store: MemoryStore, plan: AddPlan, run: Run, stdin: bytes) -> Work:
        """Return what does the work: it asks for no more plays at once of an instrument than its host takes."""
        options, holders = plan.options, Holders()
        embedding = Gate(options.concurrency or self._capacity(run, [options.embedder]), holders)
        extracting = Gate(plan.concurrency, holders)
        if options.extractor != RULES:
            extracting = Gate(min(plan.concurrency, self._capacity(run, [options.extractor])), holders)
        reader = self._reader(store, options, run, extracting)
        return Work(self._player, store, plan, run, reader=reader, gate=embedding, stdin=stdin)

    @asynccontextmanager
    async def _started(self, plan: AddPlan, run: Run, stop: Stop) -> AsyncGenerator[None]:
        """Have a model's machines started while files are read and cut; once stopped, those that a call waits for."""
        async with self._player.warm(self._coming(plan, run), on_phase=lambda _instrument, _phase: None) as leave:
            loop = asyncio.get_running_loop()

            def stopped() -> None:
                loop.call_soon_threadsafe(leave)

            off = stop.subscribe(stopped)
            try:
                yield
            finally:
                off()

    def _coming(self, plan: AddPlan, run: Run) -> list[Coming]:
        """Return the plays that are to come, as far as it matters; none where rules extract: the first is at once."""
        if plan.options.extractor == RULES:
            return []
        embedding, extracting = (
            Coming(instrument=self._player.identify(name, request, run=run).instrument, request=request, run=run)
            for name, request in plays_of(plan)
        )
        embedding = msgspec.structs.replace(embedding, when="now")
        documents, calls = min(len(plan.to_do), FORESEEN), min(plan.passages, FORESEEN)
        return [*[extracting] * calls, *[embedding] * documents]

    @staticmethod
    def _documents_at_once(plan: AddPlan) -> int:
        """Return how many documents are begun: models have work also while some of them are written."""
        return AHEAD * plan.concurrency

    def _reader(self, store: MemoryStore, options: AddOptions, run: Run, gate: Gate) -> ModelReader:
        return ModelReader(
            self._player,
            options.extractor,
            run=run,
            store=store,
            types=options.types or DEFAULT_TYPES,
            gate=gate,
            form=options.form,
        )

    def _settler(self, store: MemoryStore, options: AddOptions, asker: str, run: Run) -> Settler:
        return Settler(
            self._player,
            store,
            self._journal,
            asker,
            clock=self._clock,
            run=run,
            types=options.types or DEFAULT_TYPES,
            minutes=options.llm_minutes,
        )

    def _opened(self, store: MemoryStore, plan: AddPlan, run: Run) -> Job:
        """Return a job of its own: what is done already is in the memory, and nothing else says so.

        A job that was interrupted is not gone on with, nor are steps of others taken for done: the document may have
        been forgotten since, or be in another memory.
        """
        place = hashlib.sha256(str(store.path.resolve()).encode()).hexdigest()[:32]
        for other in self._journal.jobs(kind=KIND, key=place, state="open"):
            self._journal.cancel(other.id)
        steps = (NewStep(key=key_of_item(item)) for item in plan.to_do)
        label = f"{plan.memory}: {counted(len(plan.to_do), 'document')}"
        return self._journal.open_job(KIND, label, key=place, run=run.id, steps=steps)

    def _failed(self, plan: AddPlan, job: Job | None) -> tuple[FileProblem, ...]:
        steps = {step.key: step for step in self._journal.steps(job.id)} if job else {}
        return tuple(
            FileProblem(name=item.name, error=step.error)
            for item in plan.to_do
            if (step := steps.get(key_of_item(item))) and step.error and step.state == "failed"
        )

    def _report(
        self,
        store: MemoryStore,
        plan: AddPlan,
        problems: tuple[FileProblem, ...],
        work: Work,
        settled: Settled,
        run: Run,
    ) -> AddReport:
        failed = {problem.name for problem in problems}
        done = [item for item in plan.to_do if item.name not in failed]
        counts = store.counts()
        return AddReport(
            memory=plan.memory,
            added=sum(item.change == "new" for item in done),
            changed=sum(item.change == "changed" for item in done),
            same=len(plan.items) - len(plan.to_do),
            failed=len(problems),
            skipped=plan.skipped,
            gone=plan.gone,
            passages=counts["passages"],
            entities=counts["entities"],
            facts=counts["facts"],
            calls=work.calls,
            spent_usd=self._spent(run.id),
            problems=problems,
            empty=work.empty,
            settled=settled,
        )


def plays_of(plan: AddPlan) -> list[tuple[str, Request]]:
    """Return what each instrument of a plan will be asked, about: the embedder, and the model where there is one."""
    options = plan.options
    text = "x" * (options.budget_tokens * CHARACTERS_PER_PASSAGE)
    plays: list[tuple[str, Request]] = [(options.embedder, EmbedRequest(texts=(text,)))]
    if options.extractor != RULES:
        ask = extraction_request(text, "", options.types or DEFAULT_TYPES, form=options.form)
        plays.append((options.extractor, ask))
    return plays


def _asking(before: AddProgress, now: Asking) -> AddProgress:
    return msgspec.structs.replace(
        before, asker=now.asker, asked=now.asked, questions=now.questions, eta_s=now.eta_s, waiting=now.waiting
    )


def _is_of_files(recipe: str) -> bool:
    """Return whether documents of a recipe were made of files or of stdin: an import cuts nothing."""
    return msgspec.json.decode(recipe, type=Recipe).budget_tokens > 0


@contextmanager
def writing(store: MemoryStore) -> Generator[None]:
    """Hold the right to write to a memory; it dies with its process.

    Raises:
        StoreError: somebody else has it.
    """
    lock = FileLock(store.path.with_suffix(".lock"), timeout=0)
    try:
        private_folder(store.path.parent)
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
