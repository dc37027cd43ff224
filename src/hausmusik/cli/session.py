"""Runs a command's work in a house of its own: the event loop, Ctrl-C, and progress on stderr.

Ctrl-C once asks the work to drain where it can (a render finishes and keeps the takes in flight); a second one, or the
first for work that cannot drain, cancels it. Knows nothing of any single command.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

import typer

from hausmusik.cli.output import Output, printable
from hausmusik.errors import Cancelled, HausmusikError

if TYPE_CHECKING:
    from hausmusik.house import AsyncHouse
    from hausmusik.jobs.stop import Stop
    from hausmusik.money.quoted import Quote

T = TypeVar("T")

LINE_EVERY_S: Final = 5.0
FIRST_LINE_S: Final = 2.0
"""Nothing is logged of work that is over sooner: a log of `haus speak` needs no five lines about one second."""


def with_house(work: Callable[[AsyncHouse], T], *, settings: Mapping[str, Any] | None = None) -> T:
    """Open the house, do plain work that waits for nothing, close it; Ctrl-C interrupts it where it stands.

    Args:
        work: Given the house.
        settings: Overrides by `section.key`.
    """
    from hausmusik.house import open_async

    house = open_async(settings=settings)
    try:
        return work(house)
    finally:
        asyncio.run(house.close())


def check_account(output: Output) -> None:
    """Make sure that there is a Modal account before anybody is asked whether it may cost something.

    Raises:
        AuthError, MissingExtra, ConfigError, HostUnavailable: there is none, or it cannot be asked.
    """

    async def work(house: AsyncHouse, _stop: Stop) -> None:
        await house.check_account()

    in_house(work, output)


def in_house(
    work: Callable[[AsyncHouse, Stop], Awaitable[T]],
    output: Output,
    *,
    settings: Mapping[str, Any] | None = None,
    drains: bool = False,
) -> T:
    """Open the house, do work that plays or pulls, close it.

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
                output.talk("\nfinishing what is being played; Ctrl-C again stops at once")

        def at_once() -> None:
            stop.now()
            task.cancel()

        with suppress(NotImplementedError):  # no signal handlers in loops of some platforms: then KeyboardInterrupt
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGINT, interrupted)
            for ended in (signal.SIGTERM, signal.SIGHUP):  # a stopped container, a closed terminal: clean up and go
                loop.add_signal_handler(ended, at_once)
        async with house:
            try:
                return await task
            except asyncio.CancelledError:
                raise Cancelled("stopped; what was finished is kept", hint="run it again to go on") from None

    return asyncio.run(main())


async def _awaited(work: Awaitable[T]) -> T:
    return await work


def leave(output: Output, error: HausmusikError) -> NoReturn:
    """Tell an error behind a report; raised, it would be a second document where JSON is asked for."""
    output.error(error)
    raise typer.Exit(error.exit_code)


def announce(house: AsyncHouse, output: Output, quote: Quote) -> None:
    """Say what the work that begins now pulls first, and what it will probably cost; nothing where it does neither."""
    from hausmusik.weights.store import readable

    pulling = {host.name for host in house.hosts.values() if host.needs_weights_here}
    names = [line.instrument for line in quote.lines if line.host in pulling and not house.settings.weights.offline]
    wanted = {each.id: each for name in names for each in house.catalogue.weights_of(house.catalogue.instrument(name))}
    missing = house.weights.missing(list(wanted.values()))
    if missing:
        what = ", ".join(f"{state.set} ({readable(state.missing_bytes)})" for state in missing)
        total = readable(sum(state.missing_bytes for state in missing))
        output.talk(f"pulling {total} of weights first: {what}")
    if quote.high_usd:
        output.talk(quote.in_short)


class ProgressLine:
    """One line on stderr that says how far it is: redrawn on a terminal, else a plain line every 5 seconds.

    Args:
        output: Quiet outputs say nothing.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._live = sys.stderr.isatty() and not output.quiet
        self._shown = ""
        self._drawn_s = 0.0
        self._logged_s = time.monotonic() + FIRST_LINE_S - LINE_EVERY_S

    def __call__(self, what: str, done: float | None = None, label: str = "", eta_s: float | None = None) -> None:
        """Show a stage, its fraction done, what it is at, and the seconds left."""
        share = "" if done is None else f" {done:4.0%}"
        left = f", {eta_s:.0f} s left" if eta_s is not None and eta_s >= 1 else ""
        text = printable(f"{what}{share} {label}{left}".rstrip(), line=True)
        now = time.monotonic()
        if self._live:
            if now - self._drawn_s >= 0.05 or done == 1.0:
                self._draw(text)
                self._drawn_s = now
        elif now - self._logged_s >= LINE_EVERY_S:
            self._output.talk(text)
            self._logged_s = now

    def end(self) -> None:
        """Clear the line."""
        if self._live and self._shown:
            self._draw("")

    def _draw(self, text: str) -> None:
        self._shown = text[: shutil.get_terminal_size().columns - 1]
        with suppress(BrokenPipeError):
            sys.stderr.write(f"\r\x1b[2K{self._shown}")
            sys.stderr.flush()
