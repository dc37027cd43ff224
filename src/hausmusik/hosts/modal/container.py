"""The program inside a Modal container: one engine, started by Modal's hooks, one play per call.

Modal runs the class below; what it is to be is in the environment of its image. All that Modal calls is a coroutine: of
several calls in one container its SDK cancels those alone; for a plain function it interrupts the whole process. The
engine plays in a thread of its own, so that a cancellation never tears it: it is told, and stops by itself. Whatever
fails while it starts is kept and told to each caller as our own error. Knows nothing of catalogues, money or the
caller's machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from typing import Any, Final

import modal
import modal.experimental
import msgspec

from hausmusik.codec import CodecError, decode, encode
from hausmusik.engines.loading import check_device, load_engine
from hausmusik.hosts.modal.birth import TASK, Birth
from hausmusik.hosts.modal.gpus import gpu_models
from hausmusik.hosts.modal.messages import Alive, Failed, Finished, Ping, Play, Started, Told, new_mark
from hausmusik.hosts.modal.occupancy import Called, Occupancy, Turn
from hausmusik.hosts.modal.places import code_folder, weights_folder
from hausmusik.hosts.playing import failure_from, play_one
from hausmusik.seams import Engine, EngineOrder, SleepingEngine
from hausmusik.types import Event, Phase, Usage

ORDER: Final = "HAUSMUSIK_ORDER"
DIGEST: Final = "HAUSMUSIK_DIGEST"
WINDOW: Final = "HAUSMUSIK_WINDOW_S"
ALIVE_S: Final = 1.0
"""A silent play says so this often: what it has cost is then known to a second, even if its container is killed."""

AT_ONCE_S: Final = 0.005
"""What an engine says within this time goes out together with `Started`: each message waits for the one before it."""

ALONE_S: Final = 0.003
"""What follows the first result at once waits this long: Modal's client sleeps a millisecond before it sends the first
answer, and sends with it all that it has by then, so that of a burst the first would come with the last."""

MESSAGE_BYTES: Final = 1 << 18
"""From here on a message is sent as it is; far below 2 MiB, where Modal takes a detour over a blob."""


class Station:
    """One engine in one container, which its forms below start. Modal calls the methods."""

    def _prepare(self) -> None:
        """Build the engine and do what needs no device."""
        self._birth = Birth()
        self._start_s = {"boot": self._birth.age_s()}
        self._engine: Engine | None = None
        self._failed: Failed | None = None
        self._order = msgspec.json.decode(os.environ[ORDER], type=EngineOrder)
        self._stage("prepare", self._build)

    def _load(self) -> None:
        """Put the weights on the device and play a little."""
        if self._engine is not None:
            engine = self._engine
            self._stage("load", lambda: engine.load(self._order.device))
            self._stage("warm_up", engine.warm_up)

    def _resume(self) -> bool:
        """Begin this container's own account: what was stamped before may be of another one, frozen in a snapshot.

        Returns:
            Whether what was done before has come to nothing, and was begun anew: a failure must not be frozen either.
        """
        self._start_s = {"boot": self._birth.age_s()}
        failed, self._failed = self._failed is not None, None
        if failed:
            self._engine = None
            self._stage("prepare", self._build)
        return failed

    def _open(self) -> None:
        """Be ready for calls."""
        self._occupancy = Occupancy(sum(self._start_s.values()))
        self._gpus = gpu_models()  # when the engine has woken the driver, which takes seconds

    @modal.method()
    async def play(self, argument: bytes) -> AsyncIterator[list[bytes]]:
        """Play one request; yields `messages.Answer`, all of them with the mark of this very attempt."""
        mark, turn = new_mark(), self._occupancy.begin()
        started = encode(self._started(turn.called))
        try:
            if self._failed is not None or self._engine is None:
                failed = self._failed or Failed(failure=failure_from(RuntimeError("no engine")))
                yield [mark, started, encode(failed)]
                await _end_soon()  # a new container may do better; this one never will
                return
            async with contextlib.aclosing(self._playing(self._engine, argument, started, turn)) as sayings:
                async for frames in sayings:
                    yield [mark, *frames]
        finally:
            turn.end()

    @modal.method()
    async def ready(self, argument: bytes) -> list[bytes]:
        """Answer a `messages.Ping`: called to have a container started, or to begin its idle window anew."""
        return await self._answer(argument)

    @modal.method()
    async def leave(self, argument: bytes) -> list[bytes]:
        """Answer a `messages.Ping`, and have this container end instead of idling on."""
        await _end_soon()
        return await self._answer(argument)

    @modal.exit()
    def close(self) -> None:
        """Give everything back."""
        if self._engine is not None:
            self._engine.close()

    def _stage(self, name: str, stage: Callable[[], Iterator[Phase]]) -> None:
        if self._failed is not None:
            return
        began_s = time.perf_counter()
        try:
            for _ in stage():
                pass
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, the caller gets a sentence
            self._failed = Failed(failure=failure_from(error))
        self._start_s[name] = time.perf_counter() - began_s

    def _build(self) -> Iterator[Phase]:
        order = located(self._order)
        engine = load_engine(order.engine, order.context)
        check_device(engine, order.device)
        yield from engine.prepare()
        self._engine = engine

    async def _answer(self, argument: bytes) -> list[bytes]:
        ping, failed = Ping(), self._failed
        try:
            ping = decode(argument, Ping)
        except CodecError as error:  # of another version, which sees by what comes first that this is one
            failed = Failed(failure=failure_from(error))
        turn = self._occupancy.begin() if ping.role == "plays" else None
        try:
            await asyncio.sleep(ping.hold_s)
        finally:
            if turn:
                turn.end()
        called = turn.called if turn else self._occupancy.call(keeps=ping.role == "keeps")
        return [new_mark(), encode(self._started(called)), *([encode(failed)] if failed else [])]

    def _started(self, called: Called) -> Started:
        return Started(
            call=modal.current_function_call_id() or "",
            container=os.environ.get(TASK, ""),
            digest=os.environ.get(DIGEST, ""),
            gap_s=called.gap_s,
            idle_s=called.idle_s,
            kept_s=called.kept_s,
            start_s=self._start_s,
            window_s=float(os.environ.get(WINDOW, "0")),
            gpus=self._gpus,
        )

    async def _playing(
        self, engine: Engine, argument: bytes, started: bytes, turn: Turn
    ) -> AsyncGenerator[list[bytes]]:
        """Yield what there is to say as soon as there is something, as much of it at once as there is by then."""
        cancel, frames = threading.Event(), _Frames()
        thread = threading.Thread(target=_perform, args=(engine, argument, cancel, frames, turn), name="play")
        thread.start()
        try:
            ready = await frames.ready(AT_ONCE_S, size_bytes=1)  # the first result waits for no second one
            yield [started, *ready]
            alone_until_s = time.monotonic() + ALONE_S
            while not frames.over:
                said = await frames.ready(ALIVE_S, size_bytes=MESSAGE_BYTES)
                if not frames.over and (left_s := alone_until_s - time.monotonic()) > 0:
                    await asyncio.sleep(left_s)
                if said or not frames.over:
                    yield said or [encode(Alive())]
        finally:
            cancel.set()
            try:  # the next call must not meet an engine that is still at this one; others play on meanwhile
                await frames.last()
            finally:
                thread.join()


class Worker(Station):
    """Starts in one go."""

    @modal.enter()
    def start(self) -> None:
        """Prepare and load."""
        self._prepare()
        self._load()
        self._open()


class SnapshotWorker(Station):
    """Is snapshotted by Modal between preparing and loading; later containers begin there."""

    @modal.enter(snap=True)
    def prepare(self) -> None:
        """Prepare."""
        self._prepare()

    @modal.enter(snap=False)
    def load(self) -> None:
        """Load."""
        self._resume()
        self._load()
        self._open()


class GpuSnapshotWorker(Station):
    """Is snapshotted with its GPU's memory when it has loaded, and has gone to sleep if it can."""

    @modal.enter(snap=True)
    def prepare(self) -> None:
        """Prepare and load."""
        self._prepare()
        self._load()
        if isinstance(self._engine, SleepingEngine):
            self._stage("sleep", self._engine.sleep)

    @modal.enter(snap=False)
    def wake(self) -> None:
        """Wake up."""
        if self._resume():
            self._load()
        elif isinstance(self._engine, SleepingEngine):
            self._stage("load", self._engine.wake_up)
        self._open()


def _perform(engine: Engine, argument: bytes, cancel: threading.Event, frames: _Frames, turn: Turn) -> None:
    """Play in a thread; the last thing it puts is None."""

    def tell(event: Event) -> None:
        frames.put(encode(Told(event=event)))

    try:
        reason, usage = play_one(engine, decode(argument, Play).request, cancel, tell)
        taken = turn.end()
        usage = msgspec.structs.replace(usage, busy_s=taken.busy_s, shared_s=taken.shared_s)
        frames.put(encode(Finished(reason=reason, usage=usage, others=taken.others)))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, the caller gets a sentence
        taken = turn.end()
        usage = Usage(busy_s=taken.busy_s, shared_s=taken.shared_s)
        frames.put(encode(Failed(failure=failure_from(error), usage=usage, others=taken.others)))
    finally:
        frames.put(None)


class _Frames:
    """What a playing thread says, on its way to the event loop that made this and sends it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[bytes | None] = deque()
        self._there = asyncio.Event()
        self.over = False

    def put(self, frame: bytes | None) -> None:
        """Say something, from any thread; None is the last."""
        self._waiting.append(frame)
        self._loop.call_soon_threadsafe(self._there.set)

    async def ready(self, patience_s: float | None, *, size_bytes: int) -> list[bytes]:
        """Return the frames that there are, until they are that large; waits for the first one, or returns none."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while not self._waiting:
                    self._there.clear()
                    await self._there.wait()
        ready: list[bytes] = []
        while self._waiting and size_bytes > 0:
            frame = self._waiting.popleft()
            if frame is None:
                self.over = True
                break
            ready.append(frame)
            size_bytes -= len(frame)
        return ready

    async def last(self) -> None:
        """Wait for the last one, and let go of all before it."""
        while not self.over:
            await self.ready(None, size_bytes=MESSAGE_BYTES)


async def _end_soon() -> None:
    """Have Modal end this container after the call that it is at."""
    stop: Any = modal.experimental.stop_fetching_inputs
    await stop.aio()


def located(order: EngineOrder) -> EngineOrder:
    """Return an order with the paths of this container instead of those relative to its folders."""
    files = {name: str(weights_folder() / path) for name, path in order.context.files.items()}
    where, _, name = order.engine.rpartition(":")
    engine = f"{code_folder() / where}:{name}" if where.endswith(".py") else order.engine
    return msgspec.structs.replace(order, engine=engine, context=msgspec.structs.replace(order.context, files=files))
