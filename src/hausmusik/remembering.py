"""What one does with memories: add files, ask, look around, merge names, forget. Its parts are wired in `parts`.

Knows which instruments answer; how answers come about stands in `hausmusik.memory`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path

from hausmusik.errors import StoreError, UsageError
from hausmusik.jobs.stop import Stop
from hausmusik.memory.adding import plays_of, writing
from hausmusik.memory.answering.answerer import Answerer, AskOptions
from hausmusik.memory.answering.events import AnswerDelta, Answered, AnswerEvent, Citation, Found
from hausmusik.memory.answering.prompt import answer_request
from hausmusik.memory.embedding import embedded, embedder_of
from hausmusik.memory.exchange.exporting import Exported, Form, export
from hausmusik.memory.exchange.importing import Imported, import_lightrag
from hausmusik.memory.exchange.lightrag_files import Embed
from hausmusik.memory.looking import Looker, MemoryRow
from hausmusik.memory.picking import Picker
from hausmusik.memory.retrieval.retriever import Retrieved
from hausmusik.memory.store.reading import EntityRow
from hausmusik.memory.subgraph import READABLE
from hausmusik.memory.values import AddOptions, AddPlan, AddProgress, AddReport
from hausmusik.money.quoted import Quote
from hausmusik.parts import Parts
from hausmusik.picturing import check_picture_name, write_picture
from hausmusik.types import EmbedRequest, Request, Run


class Remembering(Parts):
    """What one does with memories."""

    # -- adding -------------------------------------------------------------------------------------------------------

    def plan_memory(
        self, name: str, options: AddOptions, *, on: str = "", run: Run | None = None, stdin: bytes = b""
    ) -> AddPlan:
        """Return what adding files to a memory would do; reads them, plays nothing.

        Args:
            name: Of the memory; it need not be there yet.
            options: What is added, and how.
            on: Host; empty: the run's, or the settings' default.
            run: To which it would belong; None: one of its own.
            stdin: What stdin says, where that is among the sources.

        Raises:
            UsageError: that is no name for a memory.
            NotFoundError: no such file, instrument or host.
        """
        run = run or self.new_run(f"memory {name}", on=on)
        return self._adder.plan(self.memories.store(name, new=True), name, options, run=run, stdin=stdin)

    def quote_memory(self, plan: AddPlan, *, on: str = "", run: Run | None = None) -> Quote:
        """Return what adding would take and cost."""
        run = run or self.new_run(f"memory {plan.memory}", on=on)
        return self._quoter.memory(plan, run)

    async def add_to_memory(
        self,
        plan: AddPlan,
        *,
        on: str = "",
        run: Run | None = None,
        stop: Stop | None = None,
        on_progress: Callable[[AddProgress], None] | None = None,
        stdin: bytes = b"",
    ) -> AddReport:
        """Add what is new or changed; interrupted, the same call goes on.

        Args:
            plan: From `plan_memory`.
            on: Host; empty: the run's, or the settings' default.
            run: To which the plays belong; None: one of its own.
            stop: Set from outside to finish what is in flight and stop, or to stop at once.
            on_progress: Told after each document.
            stdin: What stdin said.

        Raises:
            BudgetError: it does not hold one play of the embedder and one of the model; nothing was started.
            Cancelled: stopped.
            StoreError: it cannot be written, or another process is adding to it.
        """
        run = run or self.new_run(f"memory {plan.memory}", on=on)
        if plan.to_do:
            self.player.check_room(plays_of(plan), run=run)
        return await self._adder.add(
            self.memories.store(plan.memory, new=True),
            plan,
            run=run,
            stop=stop or Stop(),
            on_progress=on_progress or (lambda _: None),
            stdin=stdin,
        )

    # -- asking -------------------------------------------------------------------------------------------------------

    def quote_ask(
        self, question: str, *, options: AskOptions | None = None, on: str = "", run: Run | None = None
    ) -> Quote:
        """Return what answering a question would take and cost: its embedding and, if a model words it, the answer."""
        options = options or AskOptions(instrument=self.reader())
        return self._quoter.plays(self._plays_of(question, options), run or self.new_run("ask", on=on))

    def _plays_of(self, question: str, options: AskOptions) -> list[tuple[str, Request]]:
        plays: list[tuple[str, Request]] = [
            (self.settings.defaults.embed, EmbedRequest(texts=(question,), purpose="query"))
        ]
        if options.instrument:
            answer = answer_request(question, (), seed=options.seed, think=options.think)
            plays.append((options.instrument, answer))
        return plays

    async def ask_events(
        self,
        memory: str,
        question: str,
        *,
        options: AskOptions | None = None,
        on: str = "",
        run: Run | None = None,
    ) -> AsyncGenerator[AnswerEvent]:
        """Yield what comes of a question: found, walk, thoughts, text, citations, the end.

        Args:
            memory: Its name.
            question: In words.
            options: How; None: sentences are quoted, unless a model that answers well is here.
            on: Host; empty: the run's, or the settings' default.
            run: To which the plays belong; None: one of its own.

        Raises:
            NotFoundError: no such memory, or nothing is in it.
            ConfigError: its vectors are of another embedder.
            BudgetError: it does not hold the question's embedding and an answer; nothing was started.
        """
        run = run or self.new_run("ask", on=on)
        options = options or AskOptions(instrument=self.reader())
        if options.instrument:
            self.player.check_room(self._plays_of(question, options), run=run)
        async with aclosing(self._answerer(memory).ask(question, options, run=run)) as events:
            async for event in events:
                yield event

    async def ask(
        self,
        memory: str,
        question: str,
        *,
        options: AskOptions | None = None,
        on: str = "",
        run: Run | None = None,
        on_event: Callable[[AnswerEvent], None] | None = None,
    ) -> Answered:
        """Return the answer to a question; see `ask_events`."""
        said = ""
        async with aclosing(self.ask_events(memory, question, options=options, on=on, run=run)) as events:
            async for event in events:
                if on_event is not None:
                    on_event(event)
                if isinstance(event, AnswerDelta):
                    said += event.text
                if isinstance(event, Answered):
                    return event
        return Answered(text=said, refused=False, instrument="", supported_share=0.0, reason="broken")

    async def search_memory(
        self,
        memory: str,
        question: str,
        *,
        options: AskOptions | None = None,
        on: str = "",
        run: Run | None = None,
    ) -> Retrieved:
        """Return the passages that are found for a question; asks no language model."""
        run = run or self.new_run("search", on=on)
        return await self._answerer(memory).retrieve(question, options or AskOptions(), run=run)

    def reader(self) -> str:
        """Return the language model that answers unless one is named: the settings', or one whose weights are here.

        Empty where there is none: then sentences are quoted, which needs none.
        """
        chosen = self.settings.defaults.chat
        routers = {each.id: each for each in self.catalogue.routers("chat")}
        if chosen not in routers:
            return chosen
        return self._answering_here(routers[chosen].candidates, Run(id=""))

    def _answerer(self, memory: str) -> Answerer:
        store = self.memories.store(memory)
        return Answerer(
            self.player,
            store,
            lambda: self.memories.index(memory),
            self.settings.defaults.embed,
            spent=self.ledger.spent,
            is_slow=lambda reader: self.catalogue.instrument(reader).shape is None,
        )

    # -- exchanging ---------------------------------------------------------------------------------------------------

    async def export_memory(
        self, name: str, target: Path | str, *, form: Form = "graphml", on: str = "", run: Run | None = None
    ) -> Exported:
        """Write a memory for other programs, whole or not at all, also while somebody adds to it.

        Args:
            name: Of the memory.
            target: A new file; for `csv` and `lightrag` a new folder.
            form: `graphml`, `json-ld`, `csv`, `lightrag` (a folder that LightRAG opens) or `custom-kg` (what its
                `insert_custom_kg` takes).
            on: Host of the embedder, which only `lightrag` asks; empty: the run's, or the settings' default.
            run: To which its plays belong; None: one of its own.

        Raises:
            NotFoundError: no such memory.
            ConfigError: its vectors are of another embedder than the settings'.
            OutputError: something is there already, or it cannot be written.
        """
        store = self.memories.store(name)
        run = run or self.new_run(f"export {name}", on=on)
        if form == "lightrag":
            embedder = embedder_of(self.player, self.settings.defaults.embed, run)
            await asyncio.to_thread(store.check_embedder, embedder)
        return await export(name, store, Path(target), form, self._embed(run))

    async def import_memory(self, name: str, folder: Path | str, *, on: str = "", run: Run | None = None) -> Imported:
        """Bring a folder that LightRAG worked in into a memory: all of it or nothing.

        What LightRAG's model said of entities and relations is taken over; vectors are made anew.

        Args:
            name: Of the memory; it need not be there yet.
            folder: With LightRAG's default file stores.
            on: Host of the embedder; empty: the run's, or the settings' default.
            run: To which its plays belong; None: one of its own.

        Raises:
            NotFoundError: no such folder.
            BadInput: it is none of LightRAG's, or damaged.
            UsageError: the memory has other documents of the same names.
            ConfigError: the memory has vectors of another embedder.
        """
        run = run or self.new_run(f"import {name}", on=on)
        store = self.memories.store(name, new=True)
        embedder = embedder_of(self.player, self.settings.defaults.embed, run)
        return await import_lightrag(name, store, Path(folder), self._embed(run), embedder)

    def _embed(self, run: Run) -> Embed:
        return lambda texts: embedded(self.player, self.settings.defaults.embed, texts, run=run)

    # -- looking ------------------------------------------------------------------------------------------------------

    def memory_rows(self) -> tuple[MemoryRow, ...]:
        """Return the memories and how much is in each; one that cannot be read says why."""
        return tuple(self._row(name) for name in self.memories.names())

    def _row(self, name: str) -> MemoryRow:
        try:
            return Looker(name, self.memories.store(name)).row()
        except StoreError as error:  # the others are there all the same
            return MemoryRow(name=name, problem=error.message)

    def memory(self, name: str) -> Looker:
        """Return a memory to look around in."""
        return Looker(name, self.memories.store(name))

    def picture_memory(
        self, name: str, target: Path | str, *, about: str = "", to: str = "", as_of: str = "", limit: int = READABLE
    ) -> Path:
        """Write a picture of a part of a memory's graph, and return where it is.

        Args:
            name: Of the memory.
            target: The file; its ending says which form: `.svg`, `.png` or `.html`.
            about: Whom it is around; empty: those that are mentioned most.
            to: With `about`: the way from there to here and what surrounds it.
            as_of: ISO 8601: only facts that held then; empty: all.
            limit: Most entities; more than 120 are never drawn.

        Raises:
            UsageError: an unknown ending, a name that may mean several, `to` without `about`.
            NotFoundError: no such memory, nobody of that name.
            OutputError: the file cannot be written.
        """
        path = check_picture_name(target)
        if to and not about:
            raise UsageError("a way needs two ends", hint="say with `about` where it begins")
        picker = Picker(name, self.memories.store(name))
        if to:
            picked, title = picker.between(about, to, as_of=as_of, limit=limit), f"{about} – {to}"
        elif about:
            picked = picker.around(about, as_of=as_of, limit=limit)
            title = picked.entities[0].title
        else:
            picked, title = picker.overview(as_of=as_of, limit=limit), name
        write_picture(picked, path, title=f"{title}, as of {as_of}" if as_of else title)
        return path

    def picture_answer(
        self,
        memory: str,
        target: Path | str,
        question: str,
        found: Found,
        citations: Sequence[Citation],
        *,
        as_of: str = "",
    ) -> Path:
        """Write a picture of what an answer rests on: its passages, numbered as it cites them, and who is in them.

        Args:
            memory: That was asked.
            target: The file; its ending says which form: `.svg`, `.png` or `.html`.
            question: Its title.
            found: The event of the answer.
            citations: Its events; none: all passages that were found.
            as_of: As the question was asked.

        Raises:
            UsageError: an unknown ending.
            OutputError: the file cannot be written.
        """
        path = check_picture_name(target)
        picked = Picker(memory, self.memories.store(memory)).answer(found, citations, as_of=as_of)
        write_picture(picked, path, title=question)
        return path

    # -- changing -----------------------------------------------------------------------------------------------------

    def merge_names(self, memory: str, name: str, into: str) -> EntityRow:
        """Let an entity with all its names be another one; recorded, and undone by `split_name`.

        Raises:
            NotFoundError: one of them is not in the memory.
        """
        return Looker(memory, self.memories.store(memory)).merge(name, into)

    def split_name(self, memory: str, name: str) -> EntityRow:
        """Give a name an entity of its own again."""
        return Looker(memory, self.memories.store(memory)).split(name)

    async def forget(self, memory: str, paths: Sequence[str]) -> int:
        """Take documents out of a memory with all that only they supported; returns how many there were.

        Args:
            memory: Its name.
            paths: As the memory calls them; one that ends in `/` stands for all that begin with it.

        Raises:
            NotFoundError: no such document.
        """
        store = self.memories.store(memory)

        def work() -> int:
            with writing(store):
                return store.forget(Looker(memory, store).documents_named(paths))

        return await asyncio.to_thread(work)

    def check_memory(self, name: str) -> dict[str, int]:
        """Return what is wrong with a memory's file, all 0 where nothing is; raises StoreError where it is damaged."""
        return dict(self.memories.store(name).check())

    def backup_memory(self, name: str, target: Path | str) -> None:
        """Write a whole copy of a memory to a new file, also while somebody adds to it."""
        self.memories.store(name).backup(Path(target))
