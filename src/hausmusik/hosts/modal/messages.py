"""What a Modal container and the host say to each other: frames of `hausmusik.codec`.

Every answer begins with `Started`, so that the host sees when another container took the call over, and what a
container's start took, which a caller on Modal cannot see. Imports the foundation alone, because both ends do.
"""

from __future__ import annotations

import os
from typing import Final, TypeAlias

import msgspec

from hausmusik.codec import Failure
from hausmusik.types import Event, Request, Usage, Value

MARK_BYTES: Final = 8

Answer: TypeAlias = list[bytes]
"""One item of a call: a mark, then frames of `FromContainer`.

The mark says which attempt it is from. When a container dies, Modal gives its call to another one and passes on what
that says from where the first had come, without a word; the caller must notice.
"""


def new_mark() -> bytes:
    """Return the mark of one attempt."""
    return os.urandom(MARK_BYTES)


class Play(Value, frozen=True):
    """The argument of a call."""

    request: Request


class Started(Value, frozen=True):
    """A container has taken the call.

    Args:
        call: Modal's id of the call, by which it can be cancelled.
        container: Modal's id of the container.
        digest: Of the declaration that was deployed.
        born_at: When the container's program began, seconds since 1970 by the container's clock.
        began_at: When this call did.
        previous_end_at: When the container's last call before this one ended; 0: this is its first.
        start_s: What its start took by phase: `boot`, `prepare`, `load`, `warm_up`.
        window_s: How long it will stay up after its last call.
        gpus: What each of its GPUs calls itself.
    """

    call: str
    container: str
    digest: str
    born_at: float
    began_at: float
    previous_end_at: float = 0.0
    start_s: dict[str, float] = msgspec.field(default_factory=dict[str, float])
    window_s: float = 0.0
    gpus: tuple[str, ...] = ()


class Told(Value, frozen=True):
    """An event of the play; never `Usage` or `Done`, which come in `Finished`."""

    event: Event


class Alive(Value, frozen=True):
    """The engine is at work and has nothing to tell."""


class Finished(Value, frozen=True):
    """The play is complete: why it ended, and what engine and container counted."""

    reason: str
    usage: Usage


class Failed(Value, frozen=True):
    """The play, or the container's start, ended with an error."""

    failure: Failure


FromContainer: TypeAlias = Started | Told | Alive | Finished | Failed
