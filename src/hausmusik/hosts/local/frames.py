"""The messages between the local host and its workers, and how they lie on the pipe.

Each message is one frame of `hausmusik.codec` behind eight bytes: a mark and the length, big-endian. The mark makes
stray bytes on the pipe an error at once instead of a wait for gigabytes. Imports the foundation alone, because both
ends do; the asynchronous side of reading is in `process.py`.
"""

from __future__ import annotations

import socket
import struct
from typing import Any, Final, TypeAlias, cast

import msgspec

from hausmusik.codec import MAX_FRAME_BYTES, CodecError, Failure, decode, encode, failure_of
from hausmusik.errors import BadInput
from hausmusik.seams import EngineOrder
from hausmusik.types import Event, Phase, Request, Usage, Value

MARK: Final = b"hmf\x01"
_PREFIX: Final = struct.Struct(">4sI")
PREFIX_BYTES: Final = _PREFIX.size


class Start(Value, frozen=True):
    """First message to a worker: what it is to be."""

    order: EngineOrder


class Play(Value, frozen=True):
    """Play this; answered by any number of `Told` and one `Finished` or `Failed` with the same number."""

    play: int
    request: Request


class _Numbered(msgspec.Struct, frozen=True, tag="Play"):
    """A `Play` of which only the number is looked at."""

    play: int


class Halt(Value, frozen=True):
    """The caller of a play has gone."""

    play: int


class Leave(Value, frozen=True):
    """Close the engine and end."""


ToWorker: TypeAlias = Start | Play | Halt | Leave


class Stage(Value, frozen=True):
    """A stage of the start begins: `prepare`, `load`, `warm_up`."""

    name: str


class Note(Value, frozen=True):
    """Progress inside a stage, from the engine."""

    phase: Phase


class Ready(Value, frozen=True):
    """The engine is warm."""


class NotStarted(Value, frozen=True):
    """The engine raised while it was imported, prepared, loaded or warmed up; the worker ends."""

    failure: Failure


class Told(Value, frozen=True):
    """An event of a play; never `Usage` or `Done`, which come in `Finished`."""

    play: int
    event: Event


class Finished(Value, frozen=True):
    """A play is complete: why it ended, and what engine and worker counted together."""

    play: int
    reason: str
    usage: Usage


class Failed(Value, frozen=True):
    """A play ended with an error, `cancelled` after a `Halt`."""

    play: int
    failure: Failure


FromWorker: TypeAlias = Stage | Note | Ready | NotStarted | Told | Finished | Failed


def packed(message: msgspec.Struct) -> tuple[bytes, bytes]:
    """Return prefix and frame of a message.

    Raises:
        BadInput: it is larger than a frame may be.
    """
    frame = encode(message)
    if len(frame) > MAX_FRAME_BYTES:
        raise BadInput(f"{len(frame) >> 20} MiB at once is more than a worker takes", hint="split the recording")
    return _PREFIX.pack(MARK, len(frame)), frame


def length_of(prefix: bytes) -> int:
    """Return the length of the frame behind a prefix; raises CodecError when these are other bytes."""
    mark, length = _PREFIX.unpack(prefix)
    if mark != MARK or length > MAX_FRAME_BYTES:
        raise CodecError(f"stray bytes on the worker's pipe: {prefix!r}")
    return length


def to_worker(frame: bytes | bytearray) -> ToWorker:
    """Return the message in a frame on its way to a worker; raises CodecError."""
    return cast("ToWorker", decode(frame, cast("Any", ToWorker)))


def refusal(frame: bytes | bytearray, error: CodecError) -> Failed | None:
    """Return the answer to a `Play` whose request does not fit; None when the frame is nothing of that kind."""
    try:
        number = decode(frame, _Numbered).play
    except CodecError:
        return None
    hint = "the caller should have checked it; if both ends are of one version, this is a mistake of ours"
    return Failed(play=number, failure=failure_of(BadInput(f"the request does not fit: {error.message}", hint=hint)))


def from_worker(frame: bytes | bytearray) -> FromWorker:
    """Return the message in a frame from a worker; raises CodecError."""
    return cast("FromWorker", decode(frame, cast("Any", FromWorker)))


def send(channel: socket.socket, message: msgspec.Struct) -> None:
    """Write one message, blocking; raises OSError when the other end is gone."""
    for part in packed(message):
        channel.sendall(part)


def receive(channel: socket.socket) -> bytearray | None:
    """Read one frame, blocking; None when the other end has closed, even in the middle of a frame."""
    prefix = _exactly(channel, PREFIX_BYTES)
    return None if prefix is None else _exactly(channel, length_of(bytes(prefix)))


def _exactly(channel: socket.socket, count: int) -> bytearray | None:
    data = bytearray(count)
    view = memoryview(data)
    at = 0
    while at < count:
        got = channel.recv_into(view[at:])
        if not got:
            return None
        at += got
    return data
