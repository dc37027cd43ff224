"""A container's process: its own group, its output read here, and an end that always comes.

The launcher that runs in it holds the reading end of a pipe; when the plane is gone, however it died, the pipe ends and
the launcher ends its whole group. Knows nothing of functions or inputs.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

LAUNCHER: Final = Path(__file__).with_name("launcher.py")


class ContainerProcess:
    """A running container process; made by `start`."""

    def __init__(
        self, process: asyncio.subprocess.Process, lifeline: int, output: asyncio.ReadTransport, reader: _Output
    ) -> None:
        self._process = process
        self._lifeline = lifeline
        self._output = output
        self._reader = reader

    @classmethod
    async def start(
        cls, interpreter: str, *, environment: Mapping[str, str], folder: Path, write: Callable[[str], None]
    ) -> ContainerProcess:
        """Start the SDK's container entry point; returns as soon as the process exists.

        Args:
            interpreter: The Python that runs it.
            environment: All of its variables.
            folder: Its working folder.
            write: Takes what it prints.

        Raises:
            OSError: it cannot be started.
        """
        life_read, life_write = os.pipe()
        out_read, out_write = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *(interpreter, str(LAUNCHER), str(life_read)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out_write,
                stderr=out_write,
                pass_fds=(life_read,),
                start_new_session=True,
                cwd=folder,
                env=dict(environment),
            )
        except BaseException:
            os.close(life_write)
            os.close(out_read)
            raise
        finally:
            os.close(life_read)
            os.close(out_write)
        reader = _Output(write)
        output, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: reader, os.fdopen(out_read, "rb", buffering=0)
        )
        return cls(process, life_write, output, reader)

    @property
    def pid(self) -> int:
        """The process id, which is also that of its group."""
        return self._process.pid

    def interrupt(self) -> None:
        """Have the process leave what it does; its exit hooks run."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """End the process and all that it has started, at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    async def ended(self) -> int:
        """Wait for its end, take along what it left behind, and return its exit code (negative: the signal)."""
        code = await self._process.wait()
        self.kill()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5):  # the last words; a child that moved into another group may hold the pipe
                await self._reader.ended.wait()
        self._output.close()
        os.close(self._lifeline)
        return code


class _Output(asyncio.Protocol):
    """Decodes what arrives on stdout and stderr."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.ended = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        if text := self._decoder.decode(data):
            self._write(text)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the end is the end
        self.ended.set()
