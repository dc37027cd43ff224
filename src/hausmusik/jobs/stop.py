"""What Ctrl-C sets: first drain, then now. Knows nothing of signals and of what is stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal, TypeAlias

Level: TypeAlias = Literal["go", "drain", "now"]


class Stop:
    """A request to stop that can only grow more urgent; safe to set from any thread."""

    def __init__(self) -> None:
        self._level: Level = "go"
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    @property
    def level(self) -> Level:
        """`go`, `drain` (finish what is in flight, begin nothing) or `now` (cancel what is in flight)."""
        return self._level

    def drain(self) -> None:
        """Finish what is in flight and begin nothing more."""
        self._set("drain")

    def now(self) -> None:
        """Cancel what is in flight too."""
        self._set("now")

    def ask(self) -> None:
        """Drain; asked again: now. This is what a Ctrl-C handler calls."""
        self._set("drain" if self._level == "go" else "now")

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` on each change, in the thread that makes it; returns what takes it off again."""
        with self._lock:
            self._listeners.append(listener)

        def off() -> None:
            with self._lock:
                self._listeners.remove(listener)

        return off

    def _set(self, level: Level) -> None:
        with self._lock:
            if level == "now" or self._level == "go":
                self._level = level
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()
