"""A small language model is asked what rules could not tell: the types of names, for some minutes at most.

    names without a type, most mentioned first -> ten are asked about -> answers are kept and taken over together

Every answer is kept with the passage whose line was shown, so a killed run asks nothing twice, and the batches that are
left are those that would have been left anyway: the same model gives the same graph. What rules say later of a name
goes over what the model guessed. Knows nothing of documents.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from hausmusik.conversation import Reply
from hausmusik.errors import BudgetError, Cancelled, HausmusikError, StoreError
from hausmusik.jobs.journal import Journal
from hausmusik.jobs.limit import Limit
from hausmusik.jobs.model import Job, NewStep, Progress, Step
from hausmusik.jobs.runner import run_steps
from hausmusik.jobs.stop import Stop
from hausmusik.memory.extraction.asking import (
    AT_ONCE,
    REVISION,
    NameAsked,
    is_worth_asking,
    read_choices,
    type_choices,
    types_request,
)
from hausmusik.memory.extraction.hearing import heard, whole
from hausmusik.memory.store.answers import KeptAnswer, is_answered, put_answers
from hausmusik.memory.store.store import MemoryStore
from hausmusik.memory.store.unknown import UnknownName, give_types, unknown_names
from hausmusik.memory.values import Settled
from hausmusik.seams import Clock, Player
from hausmusik.types import Run

KIND: Final = "memory names"
UNKNOWN_PER_PASSAGE: Final = 1.2
"""Names without a type that a passage brings, for quotes: 3,969 in the 3,533 passages of QMSum and LiHua-World."""

PATIENCE_S: Final = 60.0
"""How long a host that has no room is waited for: the documents are in, and this is worth no long wait."""


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """How far asking is.

    Args:
        asker: Who is asked.
        asked: Questions answered now.
        questions: That there are.
        eta_s: Seconds until they are answered or the time is spent; None where unknown.
        waiting: Why nothing can be asked at present.
    """

    asker: str
    asked: int
    questions: int
    eta_s: float | None = None
    waiting: str = ""


class Settler:
    """Asks about the names of one memory.

    Args:
        player: Plays.
        store: The memory; its writer's lock is held by the caller.
        journal: Remembers the batches.
        asker: Instrument that is asked.
        clock: Measures the minutes.
        run: To which the plays belong.
        types: The ontology, name to description.
        minutes: For how long batches are begun.
    """

    def __init__(
        self,
        player: Player,
        store: MemoryStore,
        journal: Journal,
        asker: str,
        *,
        clock: Clock,
        run: Run,
        types: Mapping[str, str],
        minutes: float,
    ) -> None:
        self._player = player
        self._store = store
        self._journal = journal
        self._asker = asker
        self._clock = clock
        self._run = run
        self._types = types
        self._minutes = minutes
        self._batches: dict[str, list[UnknownName]] = {}
        self._asked = 0
        self._typed = 0

    def questions(self) -> int:
        """Return how many names of the memory could be asked about."""
        return len(self._open())

    async def settle(self, memory: str, stop: Stop, tell: Callable[[Asking], None]) -> Settled:
        """Ask until every question is answered or the time is spent.

        A batch that fails is left out; what cannot be asked at all is told and raises nothing: the documents are in.

        Args:
            memory: Its name, for the list of jobs.
            stop: From outside.
            tell: Told at the beginning and after each batch.

        Raises:
            Cancelled: stopped from outside; the same call goes on.
            StoreError: the memory cannot be written.
            BudgetError: the run may cost no more.
        """
        names = await asyncio.to_thread(self._open)
        if not names:
            return Settled(asker=self._asker)
        parts = [names[first : first + AT_ONCE] for first in range(0, len(names), AT_ONCE)]
        self._batches = {f"{place:06d}": part for place, part in enumerate(parts)}
        job = self._opened(memory)
        own, ends_s = Stop(), self._clock.monotonic() + 60 * self._minutes

        async def ask(step: Step) -> bytes:
            await self._ask(self._batches[step.key])
            if self._clock.monotonic() >= ends_s:
                own.drain()
            return b""

        def told(steps: Progress) -> None:
            left_s = max(0.0, ends_s - self._clock.monotonic())
            eta_s = None if steps.eta_s is None else min(steps.eta_s, left_s)
            tell(Asking(asker=self._asker, asked=self._asked, questions=len(names), eta_s=eta_s))

        def follow() -> None:
            if stop.level != "go":
                (own.now if stop.level == "now" else own.drain)()

        off = stop.subscribe(follow)
        follow()
        tell(Asking(asker=self._asker, asked=0, questions=len(names)))  # the first answer waits for the model's start
        problem = ""
        try:
            limit = Limit(1, clock=self._clock, patience_s=PATIENCE_S)
            await run_steps(self._journal, job, ask, clock=self._clock, concurrency=limit, stop=own, on_progress=told)
        except HausmusikError as error:
            if (isinstance(error, Cancelled) and stop.level != "go") or isinstance(error, BudgetError | StoreError):
                raise
            problem = "" if isinstance(error, Cancelled) else error.message
        finally:
            off()
            self._journal.cancel(job.id)
        return Settled(
            asker=self._asker,
            asked=self._asked,
            typed=self._typed,
            left=len(names) - self._asked,
            problem=problem,
        )

    def _open(self) -> list[UnknownName]:
        """Return the names that could be asked about: of more than a letter, and not asked about yet."""
        with self._store.database.read() as connection:
            return [
                each
                for each in unknown_names(connection)
                if is_worth_asking(each.asked.surface) and not is_answered(connection, self._key(each.asked))
            ]

    def _key(self, name: NameAsked) -> bytes:
        asked = [self._asker, REVISION, "type", dict(self._types), name.surface, name.line]
        return hashlib.blake2b(msgspec.json.encode(asked), digest_size=20).digest()

    def _opened(self, memory: str) -> Job:
        """Return a job of its own: what was answered is in the memory, and nothing else says so."""
        place = hashlib.sha256(str(self._store.path.resolve()).encode()).hexdigest()[:32]
        for other in self._journal.jobs(kind=KIND, key=place, state="open"):
            self._journal.cancel(other.id)
        label = f"{memory}: {sum(map(len, self._batches.values()))} names, asked of {self._asker}"
        return self._journal.open_job(
            KIND, label, key=place, run=self._run.id, steps=(NewStep(key=key) for key in self._batches)
        )

    async def _ask(self, names: Sequence[UnknownName]) -> None:
        """Ask about a batch, keep what was said and take it over."""
        request = types_request([each.asked for each in names], self._types)
        said = await heard(self._player, self._asker, request, self._run)
        choices = read_choices(whole(said), len(names), type_choices(self._types))
        self._typed += await asyncio.to_thread(self._keep, names, choices, said)
        self._asked += len(names)

    def _keep(self, names: Sequence[UnknownName], choices: Sequence[str], said: Reply) -> int:
        share = len(names)
        answers = [
            (
                self._key(each.asked),
                each.about,
                self._asker,
                KeptAnswer(answer=choice, tokens_in=said.tokens_in // share, tokens_out=said.tokens_out // share),
            )
            for each, choice in zip(names, choices, strict=True)
        ]
        typed = [(each.name, choice) for each, choice in zip(names, choices, strict=True)]
        with self._store.database.write() as connection:
            put_answers(connection, answers, self._store.now())
            return give_types(connection, typed, self._asker)
