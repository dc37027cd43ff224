"""Runs a command's work in a house of its own: the event loop, Ctrl-C, and progress on stderr.

Ctrl-C once asks the work to drain where it can (a render finishes and keeps the takes in flight); a second one, or the
first for work that cannot drain, cancels it. Knows nothing of any single command.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from hausmusik.cli.output import Output
from hausmusik.errors import Cancelled

if TYPE_CHECKING:
    from hausmusik.house import AsyncHouse
    from hausmusik.jobs.stop import Stop

T = TypeVar("T")

LINE_EVERY_S = 5.0


def in_house(
    work: Callable[[AsyncHouse, Stop], Awaitable[T]],
    output: Output,
    *,
    settings: Mapping[str, Any] | None = None,
    drains: bool = False,
) -> T:
    """Open the house, do the work, close it.

    Args:
        work: Given the house and what Ctrl-C sets.
        output: To say that it is stopping.
        settings: Overrides by `section.key`.
        drains: Whether the work heeds a first Ctrl-C by finishing what is in flight.

    Raises:
        Cancelled: stopped by Ctrl-C.
    """
    from hausmusik.house import open_async
    from hausmusik.jobs.stop import Stop

    async def main() -> T:
        stop = Stop()
        house = open_async(settings=settings)
        task = asyncio.ensure_future(_awaited(work(house, stop)))

        def interrupted() -> None:
            stop.ask()
            if stop.level == "now" or not drains:
                stop.now()
                task.cancel()
            else:
                output.talk("finishing what is being played; Ctrl-C again stops at once")

        with suppress(NotImplementedError):  # no signal handlers in loops of some platforms: then KeyboardInterrupt
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, interrupted)
        async with house:
            try:
                return await task
            except asyncio.CancelledError:
                raise Cancelled("stopped; what was finished is kept", hint="run it again to go on") from None

    return asyncio.run(main())


async def _awaited(work: Awaitable[T]) -> T:
    return await work


class ProgressLine:
    """One line on stderr that says how far it is: redrawn on a terminal, else a plain line every 5 seconds.

    Args:
        output: Quiet outputs say nothing.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._live = sys.stderr.isatty() and not output.quiet
        self._last_s = float("-inf")
        self._shown = ""

    def __call__(self, what: str, done: float | None = None, label: str = "", eta_s: float | None = None) -> None:
        """Show a stage, its fraction done, what it is at, and the seconds left."""
        if self._output.quiet:
            return
        share = "" if done is None else f" {done:4.0%}"
        left = f", {eta_s:.0f} s left" if eta_s is not None and eta_s >= 1 else ""
        text = f"{what}{share} {label}{left}".rstrip()
        now = time.monotonic()
        if self._live:
            if now - self._last_s < 0.05 and done != 1.0:
                return
            sys.stderr.write(f"\r\x1b[2K{text[:110]}")
            sys.stderr.flush()
        elif now - self._last_s >= LINE_EVERY_S or (what != self._shown):
            sys.stderr.write(f"{text}\n")
        else:
            return
        self._last_s, self._shown = now, what

    def end(self) -> None:
        """Clear the line."""
        if self._live and self._shown:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
