"""One worker process as the host sees it: boot, messages both ways, and an end that always comes.

Owns the process, its socket and its log pipe, and gives all three back. Knows the frames and nothing of what is played.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from hausmusik.errors import HostUnavailable
from hausmusik.hosts.local import frames
from hausmusik.hosts.local.worker_log import LogPipe, WorkerLog

MODULE: Final = "hausmusik.hosts.local.worker"
_LAST_WORDS_S: Final = 0.5


class WorkerDied(Exception):
    """A worker has ended, or had to be ended, before its work was done: news inside this package, never seen outside.

    Args:
        sentence: What happened.
        tail: The last lines of its log.
        again: Whether a new worker may do better.
    """

    def __init__(self, sentence: str, tail: str, *, again: bool = True) -> None:
        super().__init__(sentence, tail)  # all arguments, so that it can be copied
        self.sentence = sentence
        self.tail = tail
        self.again = again

    @property
    def hint(self) -> str:
        """The log's last lines, for an error's hint."""
        return f"the last lines of its log:\n{self.tail}" if self.tail else "its log is empty"


class WorkerProcess:
    """A running worker; made by `boot`. Not for several tasks at once, except `kill`."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        pipe: tuple[asyncio.ReadTransport, LogPipe],
        log: WorkerLog,
    ) -> None:
        self._process = process
        self._reader, self._writer = streams
        self._log_transport, self._log_pipe = pipe
        self._log = log
        self._length: int | None = None
        self.exited = asyncio.ensure_future(process.wait())
        """Its exit code; shield it when awaiting, it has several watchers."""

    @classmethod
    async def boot(
        cls, interpreter: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: WorkerLog
    ) -> WorkerProcess:
        """Start a worker; returns as soon as the process exists.

        Args:
            interpreter: Program and arguments before `-m`.
            environment: All of its variables.
            folder: Its working folder.
            log: Takes what it prints.

        Raises:
            HostUnavailable: the interpreter cannot be run.
            OSError: no more files can be opened.
        """
        ours, theirs = socket.socketpair()
        try:
            read_end, write_end = os.pipe()
        except OSError:
            ours.close()
            theirs.close()
            raise
        try:
            process = await asyncio.create_subprocess_exec(
                *interpreter,
                *("-m", MODULE, str(theirs.fileno()), str(os.getpid())),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=write_end,
                stderr=write_end,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # Ctrl-C in the terminal goes to the caller alone; the group dies as one
                cwd=folder,
                env=dict(environment),
            )
        except OSError as error:
            ours.close()
            os.close(read_end)
            log.close()
            raise HostUnavailable(
                f"the interpreter {interpreter[0]} cannot be run: {error.strerror or error}",
                hint="check the path in the settings, or `haus doctor`",
            ) from error
        finally:
            theirs.close()
            os.close(write_end)
        streams = await asyncio.open_unix_connection(sock=ours)
        pipe = await asyncio.get_running_loop().connect_read_pipe(
            lambda: LogPipe(log), os.fdopen(read_end, "rb", buffering=0)
        )
        return cls(process, streams, pipe, log)

    @property
    def pid(self) -> int:
        """The process id, which is also that of its group."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it has not ended yet."""
        return not self.exited.done()

    async def send(self, packed: tuple[bytes, bytes], timeout_s: float | None = None) -> None:
        """Write a message as `frames.packed` returns it; large ones wait until the worker has read most of it.

        Raises:
            WorkerDied: it is gone.
            TimeoutError: it does not read.
        """
        self._writer.writelines(packed)
        try:
            async with asyncio.timeout(timeout_s):
                await self._writer.drain()
        except (ConnectionError, BrokenPipeError):
            raise await self.post_mortem() from None

    async def receive(self, timeout_s: float | None = None) -> frames.FromWorker:
        """Return the next message; may be cancelled and called again without losing one.

        Raises:
            WorkerDied: it is gone.
            TimeoutError: nothing came in time.
            CodecError: what came is no message.
        """
        try:
            async with asyncio.timeout(timeout_s):
                if self._length is None:
                    self._length = frames.length_of(await self._reader.readexactly(frames.PREFIX_BYTES))
                frame = await self._reader.readexactly(self._length)
                self._length = None
        except (asyncio.IncompleteReadError, ConnectionError):
            raise await self.post_mortem() from None
        return frames.from_worker(frame)

    def kill(self) -> None:
        """End the worker and whatever it started, at once; safe at any time."""
        # The group outlives its leader while a child of the engine lives, so it is asked for even after the exit.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    async def stop(self, grace_s: float) -> None:
        """Let the engine close itself, then end the worker; takes at most the grace and a moment."""
        with contextlib.suppress(WorkerDied, TimeoutError):
            if grace_s > 0 and self.alive:
                await self.send(frames.packed(frames.Leave()), grace_s)
                async with asyncio.timeout(grace_s):
                    await asyncio.shield(self.exited)
        self.kill()
        await asyncio.shield(self.exited)
        await self._last_words()
        self._log_transport.close()
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()
        self._log.close()

    async def post_mortem(self) -> WorkerDied:
        """Return what is known of its end; ends it if it has only closed its pipe."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_S):
                await asyncio.shield(self.exited)
        closed_only = self.alive
        self.kill()
        code = await asyncio.shield(self.exited)
        await self._last_words()
        return WorkerDied("it closed its pipe" if closed_only else _end_in_words(code), self._log.tail())

    def died(self, sentence: str, *, again: bool = True) -> WorkerDied:
        """Kill it and return the news under a sentence of the caller's."""
        self.kill()
        return WorkerDied(sentence, self._log.tail(), again=again)

    async def _last_words(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_S):
                await self._log_pipe.ended.wait()


def _end_in_words(code: int) -> str:
    if code >= 0:
        return f"it ended with exit code {code}"
    name = signal.Signals(-code).name if -code in {each.value for each in signal.Signals} else str(-code)
    cause = {"SIGKILL": ", perhaps because memory ran out", "SIGSEGV": ", a crash in native code"}.get(name, "")
    return f"it was ended by {name}{cause}"
