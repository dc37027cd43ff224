"""One call, its inputs, and the containers that work on them, as the plane sees them.

Plain state, changed by `pools`, `calls` and `inputs`. Not for several threads.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modal_proto import api_pb2

from hausmusik.hosts.modal.plane.bell import Bell
from hausmusik.hosts.modal.plane.process import ContainerProcess
from hausmusik.hosts.modal.plane.records import Why

if TYPE_CHECKING:
    from hausmusik.hosts.modal.plane.state import Function


@dataclass(eq=False)
class Input:
    """One input of a call.

    Args:
        retry_count: How often the client, or for spawned calls we, tried again after a failure.
        deliveries: How often a container was given it; the number of the last one tells a late answer from a due one.
        losses: How often the container was taken from under it.
        crashes: How often the container ended by itself.
        output: The answer; None: not yet.
    """

    id: str
    call: Call
    index: int
    message: api_pb2.FunctionInput
    retry_count: int = 0
    deliveries: int = 0
    losses: int = 0
    crashes: int = 0
    started_at: float = 0.0
    container: Container | None = None
    output: api_pb2.FunctionGetOutputsItem | None = None
    alarm: asyncio.TimerHandle | None = None


@dataclass(eq=False)
class Call:
    """A call of a function: inputs, answers in the order in which they came, and the streams of data both ways."""

    id: str
    function: Function
    invocation: int
    inputs: dict[int, Input] = field(default_factory=dict[int, Input])
    outputs: list[api_pb2.FunctionGetOutputsItem] = field(default_factory=list[api_pb2.FunctionGetOutputsItem])
    data_in: list[api_pb2.DataChunk] = field(default_factory=list[api_pb2.DataChunk])
    data_out: list[api_pb2.DataChunk] = field(default_factory=list[api_pb2.DataChunk])
    bell: Bell = field(default_factory=Bell)

    @property
    def unfinished(self) -> int:
        """How many inputs have no answer yet."""
        return sum(each.output is None for each in self.inputs.values())


@dataclass(eq=False)
class Pool:
    """The inputs that wait for one function, and its containers that live.

    Args:
        failed_boots: In a row; those that were made to fail count less.
        refused_until_s: Until when, in plane seconds since the beginning, there is no capacity for it.
    """

    function: Function
    queue: deque[Input] = field(default_factory=deque[Input])
    containers: dict[str, Container] = field(default_factory=dict[str, "Container"])
    bell: Bell = field(default_factory=Bell)
    failed_boots: float = 0.0
    refused_until_s: float = 0.0

    @property
    def serving(self) -> list[Container]:
        """Those that take inputs, or will."""
        return [each for each in self.containers.values() if each.leaving_at is None]


@dataclass(eq=False)
class Container:
    """One container, from the decision to start it until its process has ended.

    Args:
        key: What it shows to prove who it is.
        definition: What it was started for; another one than the function's own: it is out of date.
        leaving_at: Since when it gets no further input; None: it may get one.
        why: Why it ends, known before it has.
        unlucky: Its boot was made to fail.
    """

    id: str
    key: str
    pool: Pool
    definition: api_pb2.Function
    gpu: str
    spawned_at: float
    ready_at: float | None = None
    ended_at: float | None = None
    idle_since: float = 0.0
    leaving_at: float | None = None
    why: Why | None = None
    answered: int = 0
    active: dict[str, Input] = field(default_factory=dict[str, Input])
    cancelled: list[str] = field(default_factory=list[str])
    bell: Bell = field(default_factory=Bell)
    killed: asyncio.Event = field(default_factory=asyncio.Event)
    process: ContainerProcess | None = None
    boot_alarm: asyncio.TimerHandle | None = None
    unlucky: bool = False

    @property
    def builds(self) -> bool:
        """Whether it runs a build function of an image; faults pass those by."""
        return self.definition.is_builder_function
