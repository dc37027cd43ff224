"""What a container's answers mean to the host: whether it is the right one, what its start took, how long it stays."""

from __future__ import annotations

from hausmusik.codec import error_of
from hausmusik.errors import ConfigError, WorkerLost
from hausmusik.gpu_names import given_gpu
from hausmusik.hosts.modal.declaration import Declaration
from hausmusik.hosts.modal.messages import Answer, Failed, OtherWire, Started, messages_in
from hausmusik.types import Stay, Usage


def started_in(answer: Answer, declaration: Declaration) -> Started:
    """Return what a container that was called without a play says of itself.

    Raises:
        ConfigError: it is of another version.
        HausmusikError: what its start raised.
    """
    try:
        first, *more = messages_in(answer)
    except OtherWire as error:
        raise other_version(declaration) from error
    started = checked_start(first, declaration)
    for each in more:
        if isinstance(each, Failed):
            raise error_of(each.failure)
    return started


def stay_of(started: Started, declaration: Declaration) -> Stay:
    """Return what the meter is told of the container: which it is, what it idled before, how long it will stay."""
    return Stay(
        machine=started.container,
        gap_s=started.gap_s,
        window_s=started.window_s,
        gpu=given_gpu(declaration.gpu, started.gpus) if declaration.gpu else "",
    )


def usage_of_start(started: Started, waited_s: float) -> Usage:
    """Return what a caller waited for; of a container that was called before, nothing is its start."""
    start = started.start_s if started.gap_s is None else {}
    boot_s = start.get("boot", 0.0)
    load_s = sum(start.values()) - boot_s
    return Usage(
        queue_s=max(0.0, waited_s - boot_s - load_s),
        boot_s=boot_s,
        load_s=load_s,
        # One that is kept up always may have idled for days; no play pays more than its limits say.
        idle_s=min(started.idle_s, started.window_s),
    )


def checked_start(message: object, declaration: Declaration) -> Started:
    """Return the container's first answer; raises when it is none, or that of another version."""
    if not isinstance(message, Started):
        raise WorkerLost(f"the call of {declaration.instrument} ended before a container took it")
    if message.digest != declaration.digest:
        raise other_version(declaration)
    return message


def other_version(declaration: Declaration) -> ConfigError:
    """Return the error of a deployment that is not what the catalogue says."""
    return ConfigError(
        f"{declaration.instrument} on Modal is another version than here", hint=f"haus deploy {declaration.instrument}"
    )
