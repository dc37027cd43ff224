"""What a Modal container and the host say to each other: frames of `hausmusik.codec`.

Every answer begins with `Started`, so that the host sees when another container took the call over, and what a
container's start took, which a caller on Modal cannot see. A deployment may be older than its caller: `WIRE`, before
everything else, tells one from another. Imports the foundation alone, because both ends do.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any, Final, Literal, TypeAlias, cast

import msgspec

from hausmusik.codec import MAGIC, Failure, decode
from hausmusik.types import Event, Request, Usage, Value

WIRE: Final = MAGIC + b"\x02"
"""The version of frames, and that of these messages and the requests and events in them: raised with every change."""

MARK_BYTES: Final = 8

Answer: TypeAlias = list[bytes]
"""One item of a call: a mark, which begins with `WIRE`, then frames of `FromContainer`.

The mark says which attempt it is from. When a container dies, Modal gives its call to another one and passes on what
that says from where the first had come, without a word; the caller must notice.
"""


class OtherWire(Exception):
    """The other end speaks another version of all this.

    Args:
        call: Modal's id of the call, so that it can be cancelled all the same; empty: it is not to be found.
    """

    def __init__(self, call: str) -> None:
        super().__init__("a container speaks another version of the wire form")
        self.call = call


def new_mark() -> bytes:
    """Return the mark of one attempt."""
    return WIRE + os.urandom(MARK_BYTES)


def messages_in(answer: Answer) -> list[FromContainer]:
    """Return the messages of an answer.

    Raises:
        OtherWire: it is of another version.
        CodecError: a frame does not fit.
    """
    mark, *frames = answer
    if not mark.startswith(WIRE):
        raise OtherWire(_call_in(frames))
    return [decode(frame, cast("Any", FromContainer)) for frame in frames]


def _call_in(frames: list[bytes]) -> str:
    """Return the id of the call from the frames of a version that is not ours, as far as it is like ours."""
    for frame in frames[:1]:
        with contextlib.suppress(msgspec.DecodeError):
            return str(msgspec.msgpack.decode(frame[len(MAGIC) :], type=dict[str, Any]).get("call", ""))
    return ""


class Play(Value, frozen=True):
    """The argument of a call."""

    request: Request


class Ping(Value, frozen=True):
    """The argument of a call that plays nothing.

    Args:
        hold_s: How long to hold the container's place, so that calls made together meet different containers.
        role: The caller pays for the container as a play does, or while nobody plays, or just passes by.
    """

    hold_s: float = 0.0
    role: Literal["plays", "keeps", "passes"] = "passes"


class Started(Value, frozen=True):
    """A container has taken the call.

    Args:
        call: Modal's id of the call, by which it can be cancelled.
        container: Modal's id of the container.
        digest: Of the declaration that was deployed.
        gap_s: See `occupancy.Called`; None: nobody has paid for its start before this call.
        idle_s: See there.
        kept_s: See there.
        start_s: What its start took by phase: `boot`, `prepare`, `load`, `warm_up`.
        window_s: How long it will stay up after its last call.
        gpus: What each of its GPUs calls itself.
    """

    call: str
    container: str
    digest: str
    gap_s: float | None = None
    idle_s: float = 0.0
    kept_s: float = 0.0
    start_s: dict[str, float] = msgspec.field(default_factory=dict[str, float])
    window_s: float = 0.0
    gpus: tuple[str, ...] = ()


class Told(Value, frozen=True):
    """An event of the play; never `Usage` or `Done`, which come in `Finished`."""

    event: Event


class Alive(Value, frozen=True):
    """The engine is at work and has nothing to tell."""


class Finished(Value, frozen=True):
    """The play is complete: why it ended, what engine and container counted, how many others go on in the container."""

    reason: str
    usage: Usage
    others: int = 0


class Failed(Value, frozen=True):
    """The play, or the container's start, ended with an error; what it took, and how many others go on."""

    failure: Failure
    usage: Usage = Usage()
    others: int = 0


FromContainer: TypeAlias = Started | Told | Alive | Finished | Failed
