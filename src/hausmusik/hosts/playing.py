"""One play of a loaded engine, as every worker does it: the contract enforced, time measured, errors made to travel.

Imports the foundation alone, because it runs in interpreters that have only numpy and msgspec beside the engine. Knows
nothing of how events reach the caller.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from typing import Final, get_args

import msgspec

from hausmusik.codec import Failure, failure_of
from hausmusik.errors import Cancelled, EngineError, MissingExtra
from hausmusik.seams import Cancel, Engine
from hausmusik.types import Done, Event, Request, Usage

_EVENTS: Final = get_args(Event)


def play_one(engine: Engine, request: Request, cancel: Cancel, tell: Callable[[Event], None]) -> tuple[str, Usage]:
    """Play one request, handing each event but `Usage` and `Done` to `tell`.

    Returns:
        Why it ended, and what was counted: by the engine, but its seconds here, whatever it says of them.

    Raises:
        Cancelled: `cancel` was set.
        EngineError: the engine broke its contract.
        Exception: what the engine raised.
    """
    began_s, began_cpu_s = time.perf_counter(), _cpu_s()
    counted, reason = Usage(), ""
    stream = engine.play([request], cancel)
    try:
        for index, event in stream:
            if cancel.is_set():
                break
            if index != 0 or reason or not isinstance(event, _EVENTS):
                raise EngineError(
                    f"the engine broke its contract: {type(event).__name__} for request {index}"
                    f"{' after Done' if reason else ''}"
                )
            if isinstance(event, Usage):
                counted += event
            elif isinstance(event, Done):
                reason = event.reason
            else:
                tell(event)
    finally:
        if (close := getattr(stream, "close", None)) is not None:
            close()
    if cancel.is_set():
        raise Cancelled("the caller stopped it")
    if not reason:
        raise EngineError("the engine broke its contract: the play ended without Done")
    took = {"busy_s": time.perf_counter() - began_s, "cpu_s": _cpu_s() - began_cpu_s}
    return reason, msgspec.structs.replace(counted, **took)


def failure_from(error: BaseException) -> Failure:
    """Return what travels of an error that an engine raised."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        hint = "install it into the interpreter that plays this engine"
        return failure_of(MissingExtra(f"the Python package {error.name} is not installed", hint=hint))
    if isinstance(error, MemoryError):
        return failure_of(
            EngineError("there is not enough memory for this", hint="close other programs or ask for less")
        )
    return failure_of(error)


def _cpu_s() -> float:
    """Processor seconds of this process with all its threads, and of its ended children."""
    used = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)
