"""Answers a question from a memory, as events: found, walk, thoughts, text, citations, the end.

    start the reader | embed the question -> retrieve -> answerable? -> excerpts -> walk -> read (or quote) -> check

The reader's machine is asked for before the question is embedded, and starts while passages are being found: of a cold
start nothing is left to wait for but what retrieval does not take. What can be refused without looking (no question,
another embedder, an empty memory) is refused before. A question that is refused after looking has cost that start and
the machine's idle window; the reader is not asked. What it says is checked afterwards, sentence by sentence; nothing is
hidden, what no excerpt supports is marked. Knows nothing of interfaces.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from decimal import Decimal
from itertools import pairwise
from typing import Any, cast

import msgspec

from hausmusik.errors import NotFoundError, UsageError
from hausmusik.memory.alike import Misspelt, misspelt_in
from hausmusik.memory.answering.citing import citations_of
from hausmusik.memory.answering.context import BUDGET_TOKENS, CPU_BUDGET_TOKENS, Shown, place_of, shown
from hausmusik.memory.answering.events import (
    AnswerDelta,
    Answered,
    AnswerEvent,
    Citation,
    Found,
    FoundPassage,
    Walk,
)
from hausmusik.memory.answering.prompt import REFUSAL, answer_request
from hausmusik.memory.answering.quoting import candidates, chosen
from hausmusik.memory.answering.refusing import THRESHOLD, answerable
from hausmusik.memory.checking.reading import Evidence as Checkable
from hausmusik.memory.embedding import embedded, embedder_of
from hausmusik.memory.moments import read_moment
from hausmusik.memory.retrieval.chaining import content_stems
from hausmusik.memory.retrieval.index import Index
from hausmusik.memory.retrieval.retriever import MODES, Mode, Retrieved, Retriever
from hausmusik.memory.retrieval.walking import walk
from hausmusik.memory.store import reading
from hausmusik.memory.store.facts import FactRow
from hausmusik.memory.store.store import MemoryStore
from hausmusik.seams import Coming, Player
from hausmusik.types import Done, EmbedRequest, FloatArray, Phase, Run, TextDelta, ThinkingDelta


class AskOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a question is answered.

    Args:
        instrument: Who words the answer; empty: nobody, sentences are quoted.
        mode: See `hausmusik.memory.retrieval.retriever`.
        passages: Most passages that are shown to the reader.
        excerpt_tokens: Most tokens of them together; 0: 2,600, or 1,000 for a reader on a processor.
        as_of: ISO 8601: as if nothing later had been said; empty: all.
        think: Whether a model that can think aloud does.
        seed: Of the reader.
        anyway: Answer although the memory seems not to have it.
    """

    instrument: str = ""
    mode: Mode = "auto"
    passages: int = 6
    excerpt_tokens: int = 0
    as_of: str = ""
    think: bool = True
    seed: int = 0
    anyway: bool = False


class Answerer:
    """Answers from one memory.

    Args:
        player: Plays embedder and reader.
        store: The memory's file.
        index: Gives what of it is in memory now.
        embedder: Instrument that embeds questions.
        is_slow: Whether an instrument reads on a processor.
        spent: What a run has cost.
    """

    def __init__(
        self,
        player: Player,
        store: MemoryStore,
        index: Callable[[], Index],
        embedder: str,
        *,
        spent: Callable[[str], Decimal] = lambda _: Decimal(0),
        is_slow: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._player = player
        self._is_slow = is_slow
        self._store = store
        self._index = index
        self._embedder = embedder
        self._spent = spent

    async def retrieve(self, question: str, options: AskOptions, *, run: Run) -> Retrieved:
        """Return what is found for a question.

        Raises:
            UsageError: an empty question, an unknown mode, an `as_of` that is no date.
            NotFoundError: nothing is in the memory.
            ConfigError: its vectors are of another embedder.
        """
        options = await self._checked_options(question, options, run)
        found, _ = await self._found(question, options, run)
        return found

    async def _found(self, question: str, options: AskOptions, run: Run) -> tuple[Retrieved, FloatArray]:
        """Return what is found, and the vector of the question."""
        vectors, index = await asyncio.gather(
            embedded(self._player, self._embedder, [question], run=run, purpose="query"),
            asyncio.to_thread(self._index),
        )
        if not len(index.passages):
            raise _empty()
        found = await asyncio.to_thread(
            Retriever(self._store, index).retrieve,
            question,
            vectors[0],
            mode=options.mode,
            limit=options.passages,
            as_of=options.as_of,
        )
        return found, vectors[0]

    async def ask(self, question: str, options: AskOptions, *, run: Run) -> AsyncGenerator[AnswerEvent]:
        """Yield what comes of a question; raises as `retrieve` and as the player does."""
        options = await self._checked_options(question, options, run)
        before = await asyncio.to_thread(self._spent, run.id)
        phases: list[Phase] = []

        def tell(_instrument: str, phase: Phase | None) -> None:
            if phase is not None:
                phases.append(phase)

        async with self._player.warm(self._coming(question, options, run), on_phase=tell):
            found, vector = await self._found(question, options, run)
            for phase in phases:
                yield phase
            excerpts = shown(found.evidence, budget_tokens=self._excerpt_tokens(question, options, run))
            # As of a day the names are those of all days: one that came later would be told.
            unknown = () if options.as_of else found.unknown
            misspelt = await asyncio.to_thread(misspelt_in, self._store, question, unknown)
            yield _told(found, excerpts, misspelt)
            if not options.anyway and answerable(found) < THRESHOLD:
                yield AnswerDelta(text=REFUSAL)
                cost = await asyncio.to_thread(self._spent, run.id) - before
                yield Answered(
                    text=REFUSAL, refused=True, instrument="", supported_share=1.0, cost_usd=format(cost, "f")
                )
                return
            if steps := await asyncio.to_thread(self._walked, found, options.as_of):
                yield Walk(steps=steps)
            said, reason = "", "complete"
            if options.instrument:
                request = answer_request(question, excerpts, seed=options.seed, think=options.think)
                async with aclosing(cast("Any", self._player.play(options.instrument, request, run=run))) as events:
                    async for event in events:
                        match event:
                            case TextDelta():
                                said += event.text
                                yield AnswerDelta(text=event.text)
                            case ThinkingDelta() | Phase():
                                yield event
                            case Done():
                                reason = event.reason
                            case _:
                                pass
            else:
                said = await self._quoted(found, vector, excerpts, run)
                yield AnswerDelta(text=said)
        refused = said.strip().rstrip(".").lower().startswith(REFUSAL.rstrip(".").lower())
        citations = await self._checked(said, excerpts, run)
        for citation in citations:
            yield citation
        cost = await asyncio.to_thread(self._spent, run.id) - before
        supported = [citation.supported for citation in citations]
        yield Answered(
            text=said.strip(),
            refused=refused,
            instrument=options.instrument,
            supported_share=sum(supported) / len(supported) if supported else 1.0,
            reason=reason,
            cost_usd=format(cost, "f"),
        )

    async def _checked_options(self, question: str, options: AskOptions, run: Run) -> AskOptions:
        """Refuse what can be refused before anything is started; returns the options with `as_of` as it is compared."""
        if not content_stems(question) and not question.strip():
            raise UsageError("there is no question", hint="ask in words")
        if options.mode not in MODES:
            raise UsageError(f"there is no mode {options.mode!r}", hint=f"use one of: {', '.join(MODES)}")
        as_of = read_moment(options.as_of)
        embedder = embedder_of(self._player, self._embedder, run)
        await asyncio.to_thread(self._store.check_embedder, embedder)
        if not await asyncio.to_thread(lambda: self._store.dim):
            raise _empty()
        return msgspec.structs.replace(options, as_of=as_of)

    def _excerpt_tokens(self, question: str, options: AskOptions, run: Run) -> int:
        if options.excerpt_tokens or not options.instrument:
            return options.excerpt_tokens or BUDGET_TOKENS
        request = answer_request(question, (), seed=options.seed, think=options.think)
        reader = self._player.identify(options.instrument, request, run=run).instrument
        return CPU_BUDGET_TOKENS if self._is_slow(reader) else BUDGET_TOKENS

    def _coming(self, question: str, options: AskOptions, run: Run) -> list[Coming]:
        """Return the plays that are to come: a start of the reader must leave the embedder its room in the budget."""
        if not options.instrument:
            return []
        answer = answer_request(question, (), seed=options.seed, think=options.think)
        query = EmbedRequest(texts=(question,), purpose="query")
        reader = self._player.identify(options.instrument, answer, run=run).instrument
        embedder = self._player.identify(self._embedder, query, run=run).instrument
        return [
            Coming(instrument=reader, request=answer, run=run),
            Coming(instrument=embedder, request=query, run=run, when="now"),
        ]

    def _walked(self, found: Retrieved, as_of: str) -> tuple[str, ...]:
        """Return the way between the entities that the question names, one line for each step."""
        named = [each.entities[0] for each in found.names if len(each.entities) == 1]
        steps: list[FactRow] = []
        for source, target in pairwise(named):
            steps += walk(self._store, source, [target], as_of=as_of)
        with self._store.database.read() as connection:
            passages = {each.id: each for each in reading.passages(connection, [fact.passage for fact in steps])}
        return tuple(
            f"{fact.source[1]} – {fact.kind} – {fact.target[1]} ({place_of(passages[fact.passage], fact.start)})"
            for fact in steps
            if fact.passage in passages
        )

    async def _quoted(self, found: Retrieved, vector: FloatArray, excerpts: Sequence[Shown], run: Run) -> str:
        """Return an answer of quoted sentences."""
        of_day = {each.passage.id for each in found.evidence if "day" in each.ranks} if found.is_then else set[int]()
        quotes = candidates([each for each in excerpts if each.passage.id in of_day] or excerpts)
        if not quotes:
            return REFUSAL
        texts = [f"{quote.speaker}: {quote.text}" if quote.speaker else quote.text for quote in quotes]
        vectors = await embedded(self._player, self._embedder, texts, run=run)
        nearness = [float(value) for value in vectors @ vector]
        question = found.question
        for day in found.days:  # of what was said on it only a heading names it
            question = question.replace(day, " ")
        return " ".join(each.sentence for each in chosen(question, quotes, nearness, found.rarity)) or REFUSAL

    async def _checked(self, said: str, excerpts: Sequence[Shown], run: Run) -> list[Citation]:
        """Return the citations of an answer; it is checked twice, so that all that must be embedded is so at once."""
        passages = {each.number: _checkable(each) for each in excerpts}
        places: dict[str, int] = {}
        shown_as = {each.number: each for each in excerpts}

        def line_of(number: int, offset: int) -> int:
            return shown_as[number].passage.place_at(shown_as[number].start + offset)[0]

        def noted(sentence: str, texts: Sequence[str]) -> list[float]:
            for text in (sentence, *texts):
                places.setdefault(text, len(places))
            return [0.0] * len(texts)

        first = await asyncio.to_thread(citations_of, said, passages, noted, line_of)
        if not places:
            return first
        vectors = await embedded(self._player, self._embedder, list(places), run=run)

        def nearness(sentence: str, texts: Sequence[str]) -> list[float]:
            return [float(value) for value in vectors[[places[text] for text in texts]] @ vectors[places[sentence]]]

        return await asyncio.to_thread(citations_of, said, passages, nearness, line_of)


def _empty() -> NotFoundError:
    return NotFoundError("this memory is empty", hint="add files to it: haus memory add NAME FOLDER")


def _checkable(each: Shown) -> Checkable:
    passage = each.passage
    return Checkable(text=each.text, speakers=passage.speakers, at=passage.when, headings=passage.headings)


def _told(found: Retrieved, excerpts: Sequence[Shown], misspelt: tuple[Misspelt, ...]) -> Found:
    by_passage = {each.passage.id: each for each in found.evidence}
    return Found(
        mode=found.mode,
        passages=tuple(
            FoundPassage(
                number=each.number,
                path=each.passage.path,
                line=each.line,
                page=each.page,
                speakers=each.passage.speakers,
                when=each.passage.when,
                excerpt=each.text,
                nearness=round(by_passage[each.passage.id].nearness, 4),
                ranks=by_passage[each.passage.id].ranks,
                entities=by_passage[each.passage.id].entities,
                passage=each.passage.id,
            )
            for each in excerpts
        ),
        names=found.names,
        unknown=found.unknown,
        misspelt=misspelt,
    )
