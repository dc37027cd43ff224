"""The tone engine's options, most of which make it misbehave on purpose, and what each misbehaviour does.

A crash ends the whole process: only for engines that play in a worker. Knows nothing of sound.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from hausmusik.errors import BadInput, ConfigError, GenerationFailed, WeightsError
from hausmusik.seams import Cancel, Scalar

_STEP_S = 0.02


class ToneOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a tone engine may be told.

    Args:
        sample_rate_hz: Of everything it makes.
        sleep_s: Waits this long before each event, and looks at `cancel` meanwhile.
        slow_load_s: `load` takes this long, in ten steps.
        fault_after: How many events of a play come before `hang`, `spin` or `fail`.
        hang: Stops yielding and sleeps, deaf to `cancel`.
        spin: Stops yielding and burns processor time, deaf to `cancel`.
        fail: Raises: ours (`bad_input`, `generation`, in load `weights`), a foreign one (`foreign`, in load
            `foreign_load`), or leaves out `Done` (`no_done`).
        crash_after: The process dies after this many events of a play; below 0: never.
        crash_in_load: The process dies in `load`.
        crash_how: `exit` (code 13), `segfault`, or `kill` (SIGKILL, as the kernel does when memory runs out).
        crash_once: A file that is made at the crash; where it exists already, there is no crash.
        drift: The sound depends on the process, so that a replay differs.
        memory_mib: Takes and holds this much memory while it plays.
        stdout_noise: Prints this many lines per play.
        remark: Says this of every play.
    """

    sample_rate_hz: Annotated[int, msgspec.Meta(ge=8_000, le=96_000)] = 24_000
    sleep_s: float = 0.0
    slow_load_s: float = 0.0
    fault_after: int = 0
    hang: bool = False
    spin: bool = False
    fail: Literal["", "bad_input", "generation", "weights", "foreign", "foreign_load", "no_done"] = ""
    crash_after: int = -1
    crash_in_load: bool = False
    crash_how: Literal["exit", "segfault", "kill"] = "exit"
    crash_once: str = ""
    drift: bool = False
    memory_mib: int = 0
    stdout_noise: int = 0
    remark: str = ""


def options_of(given: Mapping[str, Scalar]) -> ToneOptions:
    """Return the checked options; raises ConfigError on an unknown one or a value that does not fit."""
    try:
        return msgspec.convert(dict(given), ToneOptions)
    except msgspec.ValidationError as error:
        raise ConfigError(f"an option of the tone engine does not fit: {error}") from error


def before_load(options: ToneOptions) -> None:
    """Fail or die in `load`, if told to."""
    if options.fail == "weights":
        raise WeightsError("the tone engine was told to miss its weights")
    if options.fail == "foreign_load":
        raise RuntimeError("told to fail while loading")
    if options.crash_in_load:
        _crash(options)


def before_event(options: ToneOptions, count: int, cancel: Cancel) -> None:
    """Misbehave before the event number `count` (from 0) of a play, if told to."""
    if options.sleep_s:
        _sleep(options.sleep_s, cancel)
    if 0 <= options.crash_after == count:
        _crash(options)
    if count == options.fault_after:
        while options.hang:
            time.sleep(_STEP_S)
        while options.spin:
            pass
        _fail(options)


def make_noise(options: ToneOptions) -> None:
    """Print what engine libraries print."""
    for line in range(options.stdout_noise):
        sys.stdout.write(f"tone: noise on stdout, line {line} of {options.stdout_noise}\n")
    sys.stdout.flush()


def _fail(options: ToneOptions) -> None:
    if options.fail == "bad_input":
        raise BadInput("the tone engine was told to refuse this", hint="ask for something else")
    if options.fail == "generation":
        raise GenerationFailed("the tone engine was told to fail")
    if options.fail == "foreign":
        raise ZeroDivisionError("told to fail while playing")


def _sleep(duration_s: float, cancel: Cancel) -> None:
    end = time.monotonic() + duration_s
    while (left := end - time.monotonic()) > 0 and not cancel.is_set():
        time.sleep(min(_STEP_S, left))


def _crash(options: ToneOptions) -> None:
    if options.crash_once:
        marker = Path(options.crash_once)
        if marker.exists():
            return
        marker.touch()
    sys.stderr.write(f"tone: crashing by {options.crash_how}, as told\n")
    sys.stderr.flush()
    if options.crash_how == "exit":
        os._exit(13)
    os.kill(os.getpid(), signal.SIGSEGV if options.crash_how == "segfault" else signal.SIGKILL)
    time.sleep(60)  # the signal arrives between two steps of the interpreter
