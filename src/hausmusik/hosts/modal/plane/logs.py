"""What an app's containers print, kept in memory: the newest lines, numbered, for whoever follows them.

Knows nothing of processes or of the wire.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from hausmusik.hosts.modal.plane.bell import Bell

_KEPT: Final = 10_000


class LogEntry(msgspec.Struct, frozen=True):
    """A piece of output, most often some whole lines.

    Args:
        number: Its place in the book, from 1.
        at_s: When it came, in real unix seconds.
        container: Whose it is.
        function: The container's function id.
        text: What was printed.
    """

    number: int
    at_s: float
    container: str
    function: str
    text: str


class LogBook:
    """The output of one app; the oldest of more than ten thousand pieces are forgotten.

    Args:
        now: Real unix seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._entries: deque[LogEntry] = deque(maxlen=_KEPT)
        self._count = 0
        self.bell = Bell()

    def write(self, container: str, function: str, text: str) -> None:
        """Append a piece."""
        self._count += 1
        self._entries.append(LogEntry(self._count, self._now(), container, function, text))
        self.bell.ring()

    def after(self, number: int, *, container: str = "", function: str = "") -> list[LogEntry]:
        """Return what came after a number, only of a container or a function if one is named."""
        return [
            entry
            for entry in self._entries
            if entry.number > number and container in ("", entry.container) and function in ("", entry.function)
        ]

    def tail(self, container: str, characters: int = 2_000) -> str:
        """Return the last of what a container printed."""
        return "".join(entry.text for entry in self.after(0, container=container))[-characters:].strip()
