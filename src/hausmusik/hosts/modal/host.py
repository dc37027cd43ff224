"""The Modal host: plays instruments that were deployed to the user's own account.

A cold start is part of a play, told in phases, never a failure; a container that dies is replaced by another, which
must repeat what was delivered; a caller that goes has its call cancelled inside the container too. Modal's own retries
are not used: they do not exist for streams. Knows nothing of money: what a play took is in its `Usage`.

The client's view of a container's life is thin, so containers stamp it themselves (`messages.Started`); phases and ETAs
before the first answer come from what earlier starts took.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncGenerator, Callable, Collection
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from hausmusik.asking import checked
from hausmusik.codec import encode, error_of
from hausmusik.errors import (
    Cancelled,
    GenerationFailed,
    HausmusikError,
    HostUnavailable,
    NotFoundError,
    StreamBroken,
    WorkerLost,
)
from hausmusik.hosts.learnt import Learnt
from hausmusik.hosts.modal.account import Account
from hausmusik.hosts.modal.answers import checked_start, other_version, stay_of, usage_of_start
from hausmusik.hosts.modal.billing import read_ends
from hausmusik.hosts.modal.call import Call, Question
from hausmusik.hosts.modal.declaration import Declaration
from hausmusik.hosts.modal.messages import (
    Failed,
    Finished,
    OtherWire,
    Ping,
    Play,
    Started,
    Told,
)
from hausmusik.hosts.modal.pinging import HOLD_S, Pings
from hausmusik.hosts.modal.standing import Standing
from hausmusik.hosts.modal.tries import Tries
from hausmusik.hosts.modal.workers import Gone, Workers
from hausmusik.hosts.replay import Departed
from hausmusik.seams import Clock, EngineOrder, HostState, Machines, Warmth
from hausmusik.types import Done, Event, Phase, Request, Run, Usage

TRIES: Final = 3
"""Of one play: three containers in a row rarely die for other reasons than the play itself."""

ASK_EVERY_S: Final = 1.0
"""How often Modal is asked what a start is at, and a waiting caller told."""

ENDS_S: Final = 5.0
"""How long Modal is given to say which containers have ended, when a batch or a command is over."""

LEAVING_S: Final = 2.0
"""How long calls that are cancelled at the end are waited for."""

Declaring: TypeAlias = Callable[[str], Declaration]


class ModalHost:
    """Plays on serverless machines. Use it in one event loop, from any number of tasks.

    Args:
        account: Whose.
        declare: What an instrument is on Modal, by id; raises what a catalogue raises.
        clock: Time.
        learnt: File of what starts have taken.
    """

    def __init__(self, account: Account, *, declare: Declaring, clock: Clock, learnt: Path) -> None:
        self._account = account
        self._declare = declare
        self._clock = clock
        self._learnt = Learnt(learnt)
        self._standing = Standing(clock, self._learnt)
        self._workers = Workers(account)
        self._pings = Pings(self._workers, self._standing)
        self._calls: set[Call | Question] = set()
        self._closed = False

    @property
    def name(self) -> str:
        """`modal`."""
        return "modal"

    @property
    def workspace(self) -> str:
        """The account's name, once it was connected."""
        return self._account.workspace

    @property
    def needs_weights_here(self) -> bool:
        """No: a deployment brings them."""
        return False

    def numeric_class(self, order: EngineOrder) -> str:
        """Return `cpu-1t` for what plays on a processor, as at home; else all of its GPU types: `cuda-a10|l4`.

        Which of them is given is not known before the play, and Modal may give a better one than any; so a take is kept
        under what was asked for, and equal bytes are promised only where the list has one type.
        """
        gpu = self._declare(order.instrument).gpu
        return f"cuda-{'|'.join(gpu).lower()}" if gpu else "cpu-1t"

    def worst_s(self, order: EngineOrder, run: Run) -> float | None:
        """Return what Modal's limits let the tries of one play take, see `Declaration.worst_s`."""
        del run  # a deadline is ours to keep; were we to die, only Modal's own limits would
        return TRIES * self._declare(order.instrument).worst_s

    def machines(self, order: EngineOrder) -> Machines:
        """Return the deployment's limits; its idle containers are paid for until their windows are over."""
        declaration = self._declare(order.instrument)
        return Machines(
            most=declaration.max_containers,
            plays_each=declaration.target_inputs or declaration.max_inputs,
            idle_s=float(declaration.scaledown_window_s),
            start_worst_s=declaration.worst_s,
        )

    def state(self, order: EngineOrder) -> HostState:
        """Return how ready it is as far as this process has seen."""
        return self._standing.state(order.instrument)

    async def play(self, order: EngineOrder, request: Request, run: Run) -> AsyncGenerator[Event, None]:
        """Yield the events of one play: phases, results, the sum of all `Usage`, `Done`.

        Raises:
            NotFoundError: the instrument is not deployed.
            AuthError, MissingExtra, HostUnavailable: Modal cannot be used now.
            ConfigError: what is deployed is another version than the catalogue's.
            WorkerLost: containers died before anything was delivered.
            StreamBroken: they did after, and a new one did not repeat what was delivered.
            GenerationFailed: it was not done at the run's deadline, or within the deployment's time limit.
            EngineError: what the engine raised.
            UsageError: a field of the request is out of its range.
        """
        self._check_open()
        play = Tries(self._declare(order.instrument), order, checked(request), run)
        while True:
            play.tries += 1
            try:
                async with contextlib.aclosing(self._attempt(play)) as events:
                    async for event in events:
                        if play.delivered.is_news(event):
                            yield event
            except WorkerLost as lost:
                if play.tries >= TRIES or self._closed:
                    raise self._verdict(play, lost) from lost
                play.lost(self._clock.monotonic())
            except Gone as gone:
                if play.found_anew:
                    raise gone.error from gone
                play.found_anew = True
                play.tries -= 1  # nothing was started
                play.delivered.restart()
            except Departed as departed:
                raise StreamBroken(
                    f"the container of {order.instrument} died and a new one did not repeat what had been delivered",
                    partial=play.delivered.beginning,
                    hint="play it again from the start",
                ) from departed
            else:
                return

    async def warm(self, order: EngineOrder, *, together: bool = False) -> AsyncGenerator[Event, None]:
        """Have a container started; yields its phases, `Stay`, what the start took, and `Done`; raises as `play` does.

        Closing it cancels the call. A container that is starting by then comes up all the same, and ends when its
        window is over.
        """
        self._check_open()
        if self.state(order).state == "warm":
            yield Usage()
            yield Done()
            return
        declaration, hold_s = self._declare(order.instrument), HOLD_S if together else 0.0
        if not self._account.is_connected:
            yield Phase(name="connect")
        await self._workers.of(declaration)
        asked_s = self._clock.monotonic()
        question = self._ask(declaration, Ping(hold_s=hold_s, role="plays"))
        async with contextlib.aclosing(self._answered(question, declaration, asked_s)) as phases:
            async for phase in phases:
                yield phase
        started = self._pings.heard(question.reader.result(), declaration)
        yield stay_of(started, declaration)
        yield usage_of_start(started, self._clock.monotonic() - asked_s - hold_s) + Usage(busy_s=hold_s)
        yield Done()

    async def beat(self, instrument: str, containers: int = 1, *, playing: int = 0) -> tuple[Warmth, ...]:
        """Call idle containers, so that their windows begin anew, see `Pings.beat`."""
        self._check_open()
        return await self._pings.beat(self._declare(instrument), containers, playing=playing)

    async def cool(self, instrument: str, *, keeps: bool = True) -> tuple[Warmth, ...]:
        """Have an instrument's idle containers end, see `Pings.cool`."""
        return await self._pings.cool(self._declare(instrument), keeps=keeps)

    async def release(self, instrument: str = "") -> None:
        """Have idle containers end now instead of at the end of their windows; busy ones end after their play.

        An instrument that is named may have been started by another process.

        Raises:
            HausmusikError: of an instrument that is named, where Modal cannot be asked; as `play` does.
        """
        if instrument:
            await self._pings.cool(self._declare(instrument), keeps=False)
            return
        for each in self._standing.known():
            with contextlib.suppress(HausmusikError):  # its containers end by themselves when their windows are over
                await self._pings.cool(self._declare(each), keeps=False)

    async def ends(self, machines: Collection[str]) -> dict[str, float]:
        """Return of those containers that have ended when they did, by Modal's clock; never fails, waits a little."""
        return await read_ends(self._account, machines, ENDS_S)

    async def close(self) -> None:
        """Cancel what plays; containers end when their windows are over. Safe to call twice."""
        self._closed = True
        calls = tuple(self._calls)
        for call in calls:
            call.leave()
        if calls:
            await asyncio.wait([call.reader for call in calls], timeout=LEAVING_S)
        for call in calls:
            call.reader.cancel()
        with contextlib.suppress(OSError):  # the next ETA is then a little older, nothing worse
            self._learnt.save()

    # -- one try ----------------------------------------------------------------------------------------------------

    async def _attempt(self, play: Tries) -> AsyncGenerator[Event, None]:
        instrument, declaration = play.order.instrument, play.declaration
        if not self._account.is_connected:
            yield Phase(name="connect")
        worker = await self._workers.of(declaration)
        asked_s = began_s = self._clock.monotonic()
        if self.state(play.order).state != "warm":  # else one that is left would be played when a container comes up
            question = self._ask(declaration, Ping())
            async with contextlib.aclosing(self._answered(question, declaration, asked_s)) as phases:
                async for phase in phases:
                    self._check_deadline(play)
                    yield play.seen(phase, self._clock.monotonic())
        call = Call(worker.play.remote_gen.aio(encode(Play(request=play.request))), self._workers.cancel, self._clock)
        self._note(call)
        called_s = self._clock.monotonic()
        started: Started | None = None
        over = False
        try:
            with self._standing.starting(instrument):
                while started is None:
                    yield play.seen(await self._waiting(declaration, called_s), self._clock.monotonic())
                    with contextlib.suppress(TimeoutError):
                        started = checked_start(await self._hear(call, play, ASK_EVERY_S), declaration)
            began_s = self._clock.monotonic()
            self._begin(play, started, began_s - asked_s)
            yield (stay := msgspec.structs.replace(stay_of(started, declaration), tries=play.tries))
            yield Phase(name="play", eta_s=play.order.expected_s)
            while not isinstance(message := await self._hear(call, play, None), Finished | Failed):
                if isinstance(message, Told):
                    yield message.event
                elif message is None:
                    raise WorkerLost(f"a container of {instrument} ended early", hint=f"haus logs {instrument}")
            over = True
        finally:
            if not over:
                call.leave()
            if started is not None:
                self._standing.heard(instrument, started)
                if not over:  # what a container that was lost has cost, as far as can be seen from here
                    play.spent += Usage(busy_s=max(0.0, call.heard_s - began_s))
            if call.taken_over:  # another container has started since, and has played what nobody heard
                play.taken_over = True
                longest_s = float(declaration.startup_timeout_s + declaration.timeout_s)
                play.spent += Usage(busy_s=min(self._clock.monotonic() - call.heard_s, longest_s))
        if message.others:
            yield msgspec.structs.replace(stay, window_s=0.0)
        if isinstance(message, Failed):
            spent, play.spent = play.spent, Usage()
            yield message.usage + spent
            raise error_of(message.failure)
        play.delivered.check_complete()
        counted = message.usage
        yield counted + play.spent + play.delivered.visible(play.request, counted)
        yield Done(reason=message.reason)

    def _ask(self, declaration: Declaration, ping: Ping) -> Question:
        """Ask for a container; unlike a play, this can be cancelled before one has it."""
        argument = encode(ping)
        question = Question(lambda: self._workers.ask(declaration, lambda worker: worker.ready.spawn.aio(argument)))
        self._note(question)
        return question

    async def _answered(
        self, question: Question, declaration: Declaration, asked_s: float
    ) -> AsyncGenerator[Phase, None]:
        """Yield what a start is at until a question is answered; leaving this leaves the question."""
        try:
            with self._standing.starting(declaration.instrument):
                while not question.reader.done():
                    yield await self._waiting(declaration, asked_s)
                    await asyncio.wait([question.reader], timeout=ASK_EVERY_S)
        finally:
            question.leave()
        if question.reader.cancelled():
            raise Cancelled(f"the host was closed while {declaration.instrument} was starting")
        if (error := question.reader.exception()) is not None:
            raise self._workers.error(error, declaration) from error

    async def _waiting(self, declaration: Declaration, asked_s: float) -> Phase:
        """Return what a call that has no answer yet is probably waiting for."""
        runners, waited_s = 0, self._clock.monotonic() - asked_s
        if waited_s >= ASK_EVERY_S:  # most calls are answered before it is worth asking
            with contextlib.suppress(Exception):  # only for the words
                worker = await self._workers.of(declaration)
                runners = (await worker.play.get_current_stats.aio()).num_total_runners
        return self._standing.phase(declaration.instrument, waited_s, runners)

    def _note(self, call: Call | Question) -> None:
        """See to it that a call is left when the host is closed."""
        self._calls.add(call)
        call.reader.add_done_callback(lambda _: self._calls.discard(call))

    def _begin(self, play: Tries, started: Started, waited_s: float) -> None:
        self._standing.heard(play.order.instrument, started)
        play.starting_s = math.inf
        play.spent += usage_of_start(started, waited_s)
        if play.taken_over and started.gap_s is None:  # the container that had taken over is another one, and idles
            play.spent += Usage(idle_s=started.window_s)
        play.taken_over = False
        if play.run.deadline_s and play.ends_s == math.inf:
            play.ends_s = self._clock.monotonic() + play.run.deadline_s

    async def _hear(self, call: Call, play: Tries, patience_s: float | None) -> Any:
        left_s = play.ends_s - self._clock.monotonic()
        try:
            return await call.next(min(left_s, patience_s or math.inf) if left_s < math.inf else patience_s)
        except OtherWire as error:
            raise other_version(play.declaration) from error
        except TimeoutError:
            self._check_deadline(play)
            raise
        except asyncio.CancelledError:
            raise
        except Exception as error:
            if self._closed:
                raise Cancelled(f"the host was closed while {play.order.instrument} was playing") from error
            mapped = self._workers.error(error, play.declaration)
            raise (Gone(mapped) if isinstance(mapped, NotFoundError) else mapped) from error

    def _check_deadline(self, play: Tries) -> None:
        if self._clock.monotonic() >= play.ends_s:
            raise GenerationFailed(
                f"{play.order.instrument} was not done after {play.run.deadline_s:g} s, the run's deadline",
                hint="ask for less at once, or set a later deadline",
            )

    def _verdict(self, play: Tries, lost: WorkerLost) -> HausmusikError:
        if self._closed:
            return Cancelled(f"the host was closed while {play.order.instrument} was playing")
        if play.delivered:
            return StreamBroken(lost.message, partial=play.delivered.beginning, hint=lost.hint)
        return lost

    # -- small things -----------------------------------------------------------------------------------------------

    def _check_open(self) -> None:
        if self._closed:
            raise HostUnavailable("the Modal host is closed", hint="open a new house")
