"""The protocols between the parts. Each has a contract suite (tests/contract) and a shipped fake (hausmusik.testing).

An Engine plays; a Host runs engines somewhere; a Player is all that scores, voices and memories ever see of both.
Clock and Ids exist so that journals, ledgers and their tests are deterministic. Only protocols and the small frozen
values they speak in live here; nothing here does anything.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import msgspec

from hausmusik.errors import WeightsError
from hausmusik.types import Event, Phase, Request, Run, Stay

Scalar: TypeAlias = str | int | float | bool


class EngineSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a host must know of an engine before it plays.

    Args:
        name: Short, stable: `kokoro`.
        revision: Changes whenever the same request would give other bytes; part of every take's key.
        max_batch: Most requests `play` takes at once. The local host asks for one at a time, which any engine takes.
        concurrency: Most `play` calls at once in one process (1 for everything that is not thread-safe). The local host
            makes one at a time, and starts more workers instead.
        devices: Where it can run, best first: `cuda`, `cpu`; an order for another is refused before anything is loaded.
    """

    name: str
    revision: str
    max_batch: int = 1
    concurrency: int = 1
    devices: tuple[str, ...] = ("cpu",)


class EngineContext(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine is built from.

    Args:
        files: Local paths of the weights, already checked by hash, by `set id/file name` as in the catalogue.
        options: The catalogue entry's `options`.
        threads: How many threads it may use. The house orders one, which is what `cpu-1t` stands for: results may
            depend on the count.
    """

    files: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    options: dict[str, Scalar] = msgspec.field(default_factory=dict[str, Scalar])
    threads: int = 1

    def path(self, name: str) -> Path:
        """Return the path of one file by `set id/file name`; raises WeightsError when it was not handed over."""
        if name not in self.files:
            raise WeightsError(f"the weight file {name} was not handed to the engine", hint="see `haus doctor`")
        return Path(self.files[name])


class Cancel(Protocol):
    """Asked between steps of the work; an engine stops within about 0.2 s once it is set."""

    def is_set(self) -> bool:
        """Return whether the caller has gone."""
        ...


class Engine(Protocol):
    """Code that loads one kind of weights and plays.

    Built with an `EngineContext` and nothing else; the constructor does no work. Calls come from one thread at a time.
    Knows nothing of money, clouds or HTTP, and gets no Player.
    """

    @property
    def spec(self) -> EngineSpec:
        """Static; readable before `prepare`."""
        ...

    def prepare(self) -> Iterator[Phase]:
        """Do what needs no device (parse files, build tables); may be snapshotted afterwards."""
        ...

    def load(self, device: str) -> Iterator[Phase]:
        """Put the weights on the device."""
        ...

    def warm_up(self) -> Iterator[Phase]:
        """Do one tiny play so that the first real one is not slower than the rest."""
        ...

    def play(self, requests: Sequence[Request], cancel: Cancel) -> Iterator[tuple[int, Event]]:
        """Yield `(index of the request, event)`; each index ends with exactly one `Done`.

        Raises:
            BadInput: a request cannot be played as asked.
            GenerationFailed: nothing usable came.
        """
        ...

    def close(self) -> None:
        """Give everything back; safe to call twice."""
        ...


@runtime_checkable
class SleepingEngine(Protocol):
    """What an engine may also have that is snapshotted with its GPU's memory: vLLM's sleep and wake pattern.

    Called after `warm_up` and before the first play, each once in a row; between the two the process may be frozen, and
    go on in another machine of the same kind.
    """

    def sleep(self) -> Iterator[Phase]:
        """Let go of what need not lie on the device: weights go to the machine's memory, caches are dropped."""
        ...

    def wake_up(self) -> Iterator[Phase]:
        """Be as loaded again."""
        ...


class EngineOrder(msgspec.Struct, frozen=True, kw_only=True):
    """All that a host needs to play an instrument, worked out by the house: data only, no catalogue behind it.

    Args:
        instrument: Catalogue id; names the worker.
        engine: Entry point, `package.module:Class`, or a file: `/path/engine.py:Class`.
        context: Weights and options.
        environment: Name of the engine's environment; the host knows which interpreter that is.
        device: `cpu` or `cuda`.
        workers: Most workers of this instrument at once on one host.
        memory_mib: What a loaded worker takes; 0: not known.
        expected_s: How long this very play will probably take once a worker has it, for ETAs; None: not known.
    """

    instrument: str
    engine: str
    context: EngineContext
    environment: str = ""
    device: str = "cpu"
    workers: int = 1
    memory_mib: int = 0
    expected_s: float | None = None


class HostState(msgspec.Struct, frozen=True, kw_only=True):
    """How ready an instrument is on a host, and what is left to wait."""

    state: Literal["absent", "cold", "warming", "warm"]
    phase: str = ""
    eta_s: float | None = None


class Machines(msgspec.Struct, frozen=True, kw_only=True):
    """What a host has for an instrument, for quotes and for starts ahead of plays.

    Args:
        most: Machines at once, from 1.
        plays_each: Plays that one of them takes before another is started, from 1.
        idle_s: Seconds that one stays up after its last play, paid for; 0: idling costs nothing.
        start_worst_s: Most machine seconds that the host's own limits let a start ahead of plays cost, what it leaves
            idle included; None: nothing is gained by one.
    """

    most: int = 1
    plays_each: int = 1
    idle_s: float = 0.0
    start_worst_s: float | None = None


class Warmth(msgspec.Struct, frozen=True, kw_only=True):
    """What a machine answers to who keeps it warm.

    Args:
        stay: As told of a play: its gap is the idle time that the play before it has to pay.
        kept_s: For how long it was up at keepers' expense since one was last told, its start included.
    """

    stay: Stay
    kept_s: float


class Host(Protocol):
    """Where engines run. Closing the iterator of `play` cancels, inside the engine too."""

    @property
    def name(self) -> str:
        """`local`, `modal`, `fake` …"""
        ...

    @property
    def workspace(self) -> str:
        """The account or cluster that is billed; empty: none, or not known before the first play."""
        ...

    @property
    def needs_weights_here(self) -> bool:
        """Whether it plays from the files that an order names, so that they must be on this machine first."""
        ...

    def numeric_class(self, order: EngineOrder) -> str:
        """Return within what equal requests give equal bytes: `cpu-1t`, `cuda-sm90` …; part of every take's key."""
        ...

    def play(self, order: EngineOrder, request: Request, run: Run) -> AsyncIterator[Event]:
        """Yield the events of one play, the last of them `Done`; `Phase` events first while it is warming.

        Raises:
            UsageError: a field of the request is out of its range; the engine was not asked.
            HostUnavailable: it cannot be started.
            WorkerLost: it died before the first result; nothing was delivered.
            StreamBroken: it died after; `.partial` has what was delivered, of a long play at least the beginning.
            EngineError: what the engine raised.
        """
        ...

    def worst_s(self, order: EngineOrder, run: Run) -> float | None:
        """Return the most machine seconds that the host's own limits let one play of a run take; None: no limit.

        Starts, restarts, the play and what it leaves idle together, which is what a machine is paid for; waiting in a
        queue is not. A budget reserves it, so no `Usage` of a play may ever say more.
        """
        ...

    def machines(self, order: EngineOrder) -> Machines:
        """Return how many machines an instrument may have, and how long each idles; never blocks.

        The `Stay` of a play says no longer window than this.
        """
        ...

    def state(self, order: EngineOrder) -> HostState:
        """Return how ready the instrument is; never blocks."""
        ...

    def warm(self, order: EngineOrder, *, together: bool = False) -> AsyncIterator[Event]:
        """Make it ready to play: yield the events of a play without a request, so that it can be charged as one.

        `Phase` events while a machine starts, one `Usage` of what the start took, `Done`. Nothing is started where one
        is ready already. Closing the iterator cancels.

        Args:
            order: Who.
            together: Whether several machines are made ready at once, each by a call of its own.

        Raises:
            HausmusikError: as `play` does.
        """
        ...

    async def release(self, instrument: str = "") -> None:
        """Stop the workers of one instrument, or of all."""
        ...

    async def close(self) -> None:
        """Stop everything; the host is not used again."""
        ...


class TakeIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Everything besides the request that shapes a result's bytes, and what must travel with it.

    Args:
        instrument: The catalogue id that will really play, after routing.
        engine_revision: From the engine's spec.
        weights: sha256 of all weights, in one hex digest.
        setup: Digest of the instrument's options and its environment's pins; empty where it has neither.
        numeric_class: Of the host that will play.
        licence: SPDX or short name of the weights' licence.
        commercial: Whether the result may be used commercially.
        credit: One line for the credits file.
        host: Where it would play now.
    """

    instrument: str
    engine_revision: str
    weights: str
    setup: str = ""
    numeric_class: str
    licence: str
    commercial: bool
    credit: str
    host: str


class Nature(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a result before it is made.

    Args:
        languages: BCP 47, of the voices that a line would be said by; empty where nothing is known.
        one_shot: Whether it is an event with a length of its own (a door), not something that lasts (rain).
    """

    languages: tuple[str, ...] = ()
    one_shot: bool = False


class Coming(msgspec.Struct, frozen=True, kw_only=True):
    """A play that is to come, as far as it is known.

    Args:
        instrument: Catalogue id, after routing.
        request: What will probably be asked.
        run: To which it will belong.
        when: `now`: it begins at once, and its own start is the first that could be. `next`: as soon as others have
            left it room. `later`: when all that begin before it are over.
    """

    instrument: str
    request: Request
    run: Run
    when: Literal["now", "next", "later"] = "next"


class Player(Protocol):
    """All that workflows see: play an instrument, and say beforehand what would shape the result."""

    def play(self, instrument: str, request: Request, *, run: Run) -> AsyncIterator[Event]:
        """Play; metering, budget, routing and pulling of weights happen inside."""
        ...

    def identify(self, instrument: str, request: Request, *, run: Run) -> TakeIdentity:
        """Resolve routers and say what would shape the result; plays nothing, pulls nothing.

        Raises:
            NotFoundError: no such instrument, or no such voice.
            UsageError: the instrument has another task than the request.
            BadInput: a sound that the instrument does not know.
        """
        ...

    def warm(
        self, coming: Sequence[Coming], *, on_phase: Callable[[str, Phase | None], None]
    ) -> AbstractAsyncContextManager[Callable[[], None]]:
        """Have instruments started for plays that are to come, where that is worth it and may be paid.

        A convenience that raises nothing: whatever becomes of it, the plays can be made, and say what is wrong.

        Args:
            coming: All that is to be played, also what begins at once.
            on_phase: Told an instrument and what its start is at; None: that is over.

        Returns:
            A block: leaving it ends every start that is not over. Inside it a function that ends those for which no
            play waits.
        """
        ...

    def nature(self, instrument: str, request: Request) -> Nature:
        """Return what is known beforehand of what an instrument would make; raises NotFoundError, UsageError."""
        ...

    def estimate_s(self, instrument: str, request: Request) -> float:
        """Return the estimated audio duration of the result in seconds, for timelines drawn before it exists.

        What is written and not heard has none: 0.

        Args:
            instrument: Best the one that `identify` named: who really plays decides how long a sound is by itself.
            request: What would be played.

        Raises:
            NotFoundError, UsageError, BadInput: as `identify`.
        """
        ...


class Clock(Protocol):
    """Time, so that tests own it."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        ...


class Ids(Protocol):
    """Unique names, so that tests own them."""

    def new(self) -> str:
        """Return a new id, sortable by time."""
        ...


JsonObject: TypeAlias = dict[str, Any]
