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
from hausmusik.hosts.modal.answers import checked_start, other_version, started_in, stay_of, usage_of_start
from hausmusik.hosts.modal.billing import read_ends
from hausmusik.hosts.modal.call import Call
from hausmusik.hosts.modal.declaration import Declaration
from hausmusik.hosts.modal.leaving import send_away
from hausmusik.hosts.modal.messages import (
    Answer,
    Failed,
    Finished,
    OtherWire,
    Ping,
    Play,
    Started,
    Told,
)
from hausmusik.hosts.modal.standing import Standing
from hausmusik.hosts.modal.workers import Gone, Workers
from hausmusik.hosts.replay import Delivered, Departed
from hausmusik.seams import Clock, EngineOrder, HostState, Machines, Warmth
from hausmusik.types import Done, Event, Phase, Request, Run, Usage

TRIES: Final = 3
"""Of one play: three containers in a row rarely die for other reasons than the play itself."""

ASK_EVERY_S: Final = 1.0
"""How often Modal is asked what a start is at, and a waiting caller told."""

ENDS_S: Final = 5.0
"""How long Modal is given to say which containers have ended, when a batch or a command is over."""

LEAVING_S: Final = 2.0
HOLD_S: Final = 0.5
"""How long containers that are called together hold their places, for each to get one call."""

Declaring: TypeAlias = Callable[[str], Declaration]


class _Play:
    """What one play keeps over its tries."""

    def __init__(self, declaration: Declaration, order: EngineOrder, request: Request, run: Run) -> None:
        self.declaration = declaration
        self.order = order
        self.request = request
        self.run = run
        self.delivered = Delivered()
        self.spent = Usage()
        self.taken_over = False
        self.found_anew = False
        self.tries = 0
        self.ends_s = math.inf


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
        self._calls: set[Call] = set()
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
        play = _Play(self._declare(order.instrument), order, checked(request), run)
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
                play.delivered.restart()
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
        instrument, declaration = order.instrument, self._declare(order.instrument)
        hold_s = HOLD_S if together else 0.0
        asked_s = self._clock.monotonic()
        call: Any = None
        answered = False
        try:
            with self._standing.starting(instrument):
                ping = encode(Ping(hold_s=hold_s, role="plays"))
                call = await self._workers.ask(declaration, lambda worker: worker.ready.spawn.aio(ping))
                worker = await self._workers.of(declaration)
                waiting: asyncio.Future[Answer] = asyncio.ensure_future(call.get.aio())
                try:
                    while not waiting.done():
                        yield await self._waiting(order, worker, self._clock.monotonic() - asked_s)
                        await asyncio.wait([waiting], timeout=ASK_EVERY_S)
                finally:
                    waiting.cancel()
                answer = waiting.result()
                answered = True
        except Exception as error:
            raise self._workers.error(error, declaration) from error
        finally:
            if call is not None and not answered:
                with contextlib.suppress(Exception):  # then the container ends when its window is over
                    async with asyncio.timeout(LEAVING_S):
                        await call.cancel.aio()
        started = self._heard(answer, declaration)
        yield stay_of(started, declaration)
        yield usage_of_start(started, self._clock.monotonic() - asked_s - hold_s) + Usage(busy_s=hold_s)
        yield Done()

    async def beat(self, instrument: str, containers: int = 1, *, playing: int = 0) -> tuple[Warmth, ...]:
        """Call idle containers, so that their windows begin anew; those that are missing are started.

        Nothing is asked of Modal that would outlast this process: who stops calling has cold instruments one window
        later.

        Args:
            instrument: Catalogue id.
            containers: How many are to be up.
            playing: Plays in flight: their containers need no call, and one behind a play would start another.

        Returns:
            What each that was called has answered; from now on its idle time is the caller's to pay.

        Raises:
            HausmusikError: as `play` does; with several calls, the first that failed.
        """
        self._check_open()
        free = max(0, containers * self._declare(instrument).max_inputs - playing)
        calls = min(free, 1) if containers == 1 else free
        return await self._ping(instrument, calls, Ping(hold_s=HOLD_S if calls > 1 else 0.0, role="keeps"))

    async def _ping(self, instrument: str, calls: int, ping: Ping) -> tuple[Warmth, ...]:
        declaration, argument = self._declare(instrument), encode(ping)

        async def call(worker: Any) -> list[Answer]:
            return await asyncio.gather(*(worker.ready.remote.aio(argument) for _ in range(calls)))

        with self._standing.starting(instrument):
            answers = await self._workers.ask(declaration, call)
        return tuple(self._warmth(answer, declaration) for answer in answers)

    def _warmth(self, answer: Answer, declaration: Declaration) -> Warmth:
        started = self._heard(answer, declaration)
        return Warmth(stay=stay_of(started, declaration), kept_s=started.kept_s)

    def _heard(self, answer: Answer, declaration: Declaration) -> Started:
        started = started_in(answer, declaration)
        self._standing.heard(declaration.instrument, started)
        return started

    async def release(self, instrument: str = "") -> None:
        """Have idle containers end now instead of at the end of their windows; busy ones end after their play.

        An instrument that is named may have been started by another process.

        Raises:
            HausmusikError: of an instrument that is named, where Modal cannot be asked; as `play` does.
        """
        if instrument:
            await self._leave(instrument, Ping())
            return
        for each in self._standing.known():
            with contextlib.suppress(HausmusikError):  # its containers end by themselves when their windows are over
                await self._leave(each, Ping())

    async def cool(self, instrument: str, *, keeps: bool = True) -> tuple[Warmth, ...]:
        """Have an instrument's idle containers end; returns what each has answered.

        Args:
            instrument: Catalogue id.
            keeps: Whether the caller has kept them warm until now, and pays for what they answer.

        Raises:
            HausmusikError: Modal cannot be asked; as `play` does. Containers end when their windows are over.
        """
        return await self._leave(instrument, Ping(role="keeps" if keeps else "passes"))

    async def _leave(self, instrument: str, ping: Ping) -> tuple[Warmth, ...]:
        declaration, argument = self._declare(instrument), encode(ping)
        try:
            left = await self._workers.ask(
                declaration, lambda worker: send_away(worker, argument, instrument, declaration.max_inputs)
            )
        finally:
            self._standing.forget(instrument)
        return tuple(Warmth(stay=stay_of(each, declaration), kept_s=each.kept_s) for each in left)

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

    async def _attempt(self, play: _Play) -> AsyncGenerator[Event, None]:
        instrument = play.order.instrument
        worker = await self._workers.of(play.declaration)
        call = Call(worker.play.remote_gen.aio(encode(Play(request=play.request))), self._workers.cancel, self._clock)
        self._calls.add(call)
        call.reader.add_done_callback(lambda _: self._calls.discard(call))
        asked_s = self._clock.monotonic()
        started: Started | None = None
        over, began_s, starting_s = False, asked_s, math.inf
        try:
            with self._standing.starting(instrument):
                while started is None:
                    yield (phase := await self._waiting(play.order, worker, self._clock.monotonic() - asked_s))
                    if phase.name != "queue":
                        starting_s = min(starting_s, self._clock.monotonic())
                    with contextlib.suppress(TimeoutError):
                        started = checked_start(await self._hear(call, play, ASK_EVERY_S), play.declaration)
            began_s = self._clock.monotonic()
            self._begin(play, started, began_s - asked_s)
            yield (stay := msgspec.structs.replace(stay_of(started, play.declaration), tries=play.tries))
            yield Phase(name="play", eta_s=play.order.expected_s)
            while not isinstance(message := await self._hear(call, play, None), Finished | Failed):
                if isinstance(message, Told):
                    yield message.event
                elif message is None:
                    raise WorkerLost(f"a container of {instrument} ended early", hint=f"haus logs {instrument}")
            over = True
        except WorkerLost:
            if started is None:  # Modal has given it up: containers were starting for it, and none came to answer
                play.spent += Usage(boot_s=max(0.0, self._clock.monotonic() - starting_s))
            raise
        finally:
            if not over:
                call.leave()
            if started is not None:
                self._standing.heard(instrument, started)
                if not over:  # what a container that was lost has cost, as far as can be seen from here
                    play.spent += Usage(busy_s=max(0.0, call.heard_s - began_s))
            if call.taken_over:  # another container has started since, and has played what nobody heard
                play.taken_over = True
                longest_s = float(play.declaration.startup_timeout_s + play.declaration.timeout_s)
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

    async def _waiting(self, order: EngineOrder, worker: Any, waited_s: float) -> Phase:
        """Return what a call that has no answer yet is probably waiting for."""
        runners = 0
        if waited_s >= ASK_EVERY_S:  # most calls are answered before it is worth asking
            with contextlib.suppress(Exception):  # only for the words
                runners = (await worker.play.get_current_stats.aio()).num_total_runners
        return self._standing.phase(order.instrument, waited_s, runners)

    def _begin(self, play: _Play, started: Started, waited_s: float) -> None:
        self._standing.heard(play.order.instrument, started)
        play.spent += usage_of_start(started, waited_s)
        if play.taken_over and started.gap_s is None:  # the container that had taken over is another one, and idles
            play.spent += Usage(idle_s=started.window_s)
        play.taken_over = False
        if play.run.deadline_s and play.ends_s == math.inf:
            play.ends_s = self._clock.monotonic() + play.run.deadline_s

    async def _hear(self, call: Call, play: _Play, patience_s: float | None) -> Any:
        left_s = play.ends_s - self._clock.monotonic()
        try:
            return await call.next(min(left_s, patience_s or math.inf) if left_s < math.inf else patience_s)
        except OtherWire as error:
            raise other_version(play.declaration) from error
        except TimeoutError:
            if self._clock.monotonic() < play.ends_s:
                raise
            raise GenerationFailed(
                f"{play.order.instrument} was not done after {play.run.deadline_s:g} s, the run's deadline",
                hint="ask for less at once, or set a later deadline",
            ) from None
        except asyncio.CancelledError:
            raise
        except Exception as error:
            if self._closed:
                raise Cancelled(f"the host was closed while {play.order.instrument} was playing") from error
            mapped = self._workers.error(error, play.declaration)
            raise (Gone(mapped) if isinstance(mapped, NotFoundError) else mapped) from error

    def _verdict(self, play: _Play, lost: WorkerLost) -> HausmusikError:
        if self._closed:
            return Cancelled(f"the host was closed while {play.order.instrument} was playing")
        if play.delivered:
            return StreamBroken(lost.message, partial=play.delivered.beginning, hint=lost.hint)
        return lost

    # -- small things -----------------------------------------------------------------------------------------------

    def _check_open(self) -> None:
        if self._closed:
            raise HostUnavailable("the Modal host is closed", hint="open a new house")
