"""The real Clock and Ids; tests bring their own (the protocols are in `hausmusik.seams`).

Knows nothing of what the times and names are used for.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from datetime import UTC, datetime
from typing import Final

from hausmusik.seams import Clock

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_RANDOM_BITS: Final = 80


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()


class TimeIds:
    """ULIDs in lower case: 48 bits of milliseconds, then 80 random bits, as 26 letters of Crockford's base 32.

    Ids of one object always sort in the order in which they were made, also within a millisecond and when the clock
    goes back: then the last one is counted up. Safe for threads and across forks.

    Args:
        clock: Where the milliseconds come from.

    Source: https://github.com/ulid/spec.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._last = 0
        self._process = 0

    def new(self) -> str:
        """Return a new id."""
        with self._lock:
            fresh = int(self._clock.now().timestamp() * 1000) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
            forked = self._process != os.getpid()
            if fresh >> _RANDOM_BITS > self._last >> _RANDOM_BITS or forked:
                # After a fork both processes hold the same `_last`: counting it up would give both the same name.
                self._last, self._process = fresh, os.getpid()
            else:
                self._last += 1
            return _base32(self._last)


def _base32(number: int) -> str:
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
