"""What a plane tells about what it did: containers, calls, builds. Plain values, in the plane's own seconds."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Why: TypeAlias = Literal[
    "idle",  # nothing to do for the scale-down window
    "single_use",  # had its one input
    "stopped",  # its app was stopped or replaced, or the plane closed
    "killed",  # by a fault, during a call
    "preempted",  # by a storm
    "crashed",  # ended by itself
    "timeout",  # an input took too long
    "boot_failed",  # ended before it was ready
    "boot_timeout",  # not ready within its start-up timeout
]


class ContainerLife(msgspec.Struct, frozen=True, kw_only=True):
    """One container.

    Args:
        id: Its task id.
        app: The app's name.
        function: The function's or class's name.
        gpu: As Modal spells it, with the count if above 1; empty: none.
        spawned_at: Unix seconds of the plane; billing would begin here.
        ready_at: When it asked for its first input; None: never.
        leaving_at: When it was decided to end it, or it ended by itself; None: it stays.
        ended_at: When its process had ended; None: it lives.
        why: Why it ended; None: it lives.
        inputs: How many inputs it answered.
    """

    id: str
    app: str
    function: str
    gpu: str
    spawned_at: float
    ready_at: float | None
    leaving_at: float | None
    ended_at: float | None
    why: Why | None
    inputs: int


class CallSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a function, of one or many inputs.

    Args:
        id: Its function call id.
        app: The app's name.
        function: The function's or class's name.
        method: The class's method; empty: it is a plain function.
        inputs: How many inputs it has.
        deliveries: How often they were given to a container, together.
        outcomes: The status of each finished input, in their order, in lower case: success, failure, timeout, …
    """

    id: str
    app: str
    function: str
    method: str
    inputs: int
    deliveries: int
    outcomes: tuple[str, ...]


class BuildSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One `run_function` step of an image.

    Args:
        image: The image's id.
        function: The function's name.
        ran: Whether it was run or only written down.
        error: What it raised; empty: it went well.
    """

    image: str
    function: str
    ran: bool
    error: str = ""
