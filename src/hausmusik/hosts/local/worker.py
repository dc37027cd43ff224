"""The program inside a worker process: `python -m hausmusik.hosts.local.worker FD PARENT`.

The main thread loads one engine and plays; a second thread reads the pipe, so that a cancellation arrives while the
engine is busy, and ends the process at once when the host is gone, however it died. Whatever the engine's libraries
print goes to the log, never to the pipe. Imports the foundation, the loader and the engine, nothing else: it must run
in an interpreter that has only numpy and msgspec. Knows nothing of catalogues, money or other workers.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import queue
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Final, NoReturn

import msgspec

from hausmusik.codec import CodecError
from hausmusik.engines.loading import check_device, load_engine
from hausmusik.errors import Cancelled
from hausmusik.hosts.local import frames
from hausmusik.hosts.playing import failure_from, play_one
from hausmusik.seams import Engine, EngineOrder
from hausmusik.types import Event, Phase

_PR_SET_PDEATHSIG: Final = 1


class Worker:
    """Serves one engine over one socket.

    Args:
        channel: The pipe to the host.
    """

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._orders: queue.SimpleQueue[frames.ToWorker | frames.Failed] = queue.SimpleQueue()
        self._cancels: dict[int, threading.Event] = {}

    def serve(self) -> int:
        """Start the engine, play until told to leave; return the exit code."""
        threading.Thread(target=self._listen, name="pipe", daemon=True).start()
        first = self._orders.get()
        if not isinstance(first, frames.Start):
            raise CodecError(f"the first message must be Start, not {type(first).__name__}")
        engine = self._start(first.order)
        if engine is None:
            return 1
        while not isinstance(message := self._orders.get(), frames.Leave):
            if isinstance(message, frames.Play):
                self._play(engine, message)
            elif isinstance(message, frames.Failed):
                self._send(message)
        engine.close()
        return 0

    def _listen(self) -> None:
        """Read the pipe until it ends, and this process with it."""
        try:
            while (frame := frames.receive(self._channel)) is not None:
                message = _order_in(frame)
                if isinstance(message, frames.Halt):
                    # The play may be over meanwhile, and its flag gone, at any moment: no look before the leap.
                    if (flag := self._cancels.get(message.play)) is not None:
                        flag.set()
                    continue
                if isinstance(message, frames.Play):
                    self._cancels[message.play] = threading.Event()
                self._orders.put(message)
        except (OSError, CodecError):
            traceback.print_exc()
        finally:  # a worker that cannot hear must not live on, whatever it was that made it deaf
            end_everything(0)

    def _send(self, message: msgspec.Struct) -> None:
        try:
            frames.send(self._channel, message)
        except OSError:
            end_everything(0)

    def _start(self, order: EngineOrder) -> Engine | None:
        try:
            engine = load_engine(order.engine, order.context)
            check_device(engine, order.device)
            stages: dict[str, Callable[[], Iterator[Phase]]] = {
                "prepare": engine.prepare,
                "load": lambda: engine.load(order.device),
                "warm_up": engine.warm_up,
            }
            for name, stage in stages.items():
                self._send(frames.Stage(name=name))
                for phase in stage():
                    self._send(frames.Note(phase=phase))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, the caller gets a sentence
            traceback.print_exc()
            self._send(frames.NotStarted(failure=failure_from(error)))
            return None
        self._send(frames.Ready())
        return engine

    def _play(self, engine: Engine, message: frames.Play) -> None:
        cancel = self._cancels[message.play]

        def tell(event: Event) -> None:
            self._send(frames.Told(play=message.play, event=event))

        try:
            reason, usage = play_one(engine, message.request, cancel, tell)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, the caller gets a sentence
            if not isinstance(error, Cancelled):
                traceback.print_exc()
            self._send(frames.Failed(play=message.play, failure=failure_from(error)))
        else:
            self._send(frames.Finished(play=message.play, reason=reason, usage=usage))
        finally:
            del self._cancels[message.play]


def _order_in(frame: bytearray) -> frames.ToWorker | frames.Failed:
    """Return the message in a frame, or the answer to a play that cannot be one; raises CodecError for other bytes."""
    try:
        return frames.to_worker(frame)
    except CodecError as error:
        if (answer := frames.refusal(frame, error)) is None:
            raise
        return answer


def end_everything(code: int) -> NoReturn:
    """End this process and whatever it started, without waiting for anything."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(code)


def tie_to_parent(parent: int) -> None:
    """Make the kernel end this process when its parent ends; the end of the pipe does the same, unless we hang in C.

    Source: prctl(2), PR_SET_PDEATHSIG. The parent may have died before the call, hence the second look. A host that is
    killed takes its workers along for certain, programs that an engine has started only when the pipe is seen first.
    """
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - only where it is used

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if (found := os.getppid()) != parent:
            with contextlib.suppress(OSError):  # where the parent has ended nobody reads it
                sys.stderr.write(
                    f"this worker is for process {parent} and was started by {found}: either the first has ended, "
                    'or the interpreter is a script that stays between; have it end with `exec python "$@"`\n'
                )
            end_everything(3)


def main(arguments: list[str]) -> NoReturn:
    """Run the worker on the inherited socket `arguments[0]` for the parent process `arguments[1]`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's to decide
    faulthandler.enable(all_threads=False)
    channel = socket.socket(fileno=int(arguments[0]))
    channel.set_inheritable(False)  # or a program that the engine starts would keep the pipe open
    tie_to_parent(int(arguments[1]))
    code = Worker(channel).serve()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # libraries leave threads behind that a normal exit would wait for


if __name__ == "__main__":
    main(sys.argv[1:])
