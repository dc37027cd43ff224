"""Modal's exceptions as ours, in one place. Source: modal.exception of modal 1.5.4 to 1.6.4."""

from __future__ import annotations

from typing import Final

from hausmusik.errors import (
    AuthError,
    ConfigError,
    GenerationFailed,
    HausmusikError,
    HostUnavailable,
    NotDeployed,
    NotFoundError,
    WorkerLost,
)

_LONGEST: Final = 2000
_ENVIRONMENT: Final = "see `modal environment list`, and modal.environment in `haus config show`"


def error_from(error: BaseException, instrument: str, timeout_s: float = 0.0) -> HausmusikError:
    """Return our error for one of Modal's, raised while something was to be played or looked at.

    Args:
        error: What the SDK raised.
        instrument: What was to be played.
        timeout_s: Of its deployment, for the sentence of a time-out.
    """
    if isinstance(error, HausmusikError):
        return error  # perhaps that there is no modal here
    import modal.exception as theirs  # noqa: PLC0415 - only where somebody plays there

    told = f"{type(error).__name__}: {error}".rstrip(": ")[:_LONGEST]
    if isinstance(error, theirs.AuthError | theirs.PermissionDeniedError):
        return AuthError(f"Modal refused the key: {told}", hint="run `modal token new`, or see `haus doctor`")
    if isinstance(error, theirs.NotFoundError):
        return NotDeployed(f"{instrument} is not deployed on Modal", hint=f"haus deploy {instrument}")
    if isinstance(error, theirs.FunctionTimeoutError):
        limit = f" of {timeout_s:g} s" if timeout_s else ""
        return GenerationFailed(
            f"{instrument} was not done within its time limit{limit} on Modal",
            hint="ask for less at once, or deploy it with a longer serving.timeout_s",
        )
    if isinstance(error, theirs.VersionError | theirs.UnimplementedError):
        return ConfigError(f"Modal does not take this: {told}", hint="install a modal between 1.5.4 and 1.6")
    if isinstance(error, theirs.InvalidError):
        return ConfigError(f"Modal does not take this: {told}", hint=f"look at [serving] of {instrument}'s entry")
    if isinstance(error, theirs.ConnectionError):
        return unreachable(told)
    if isinstance(error, theirs.ServiceError | theirs.ResourceExhaustedError):
        return HostUnavailable(f"Modal has no room now: {told}", hint="try again in a minute")
    if isinstance(error, theirs.ClientClosed | OSError):
        return HostUnavailable(f"the connection to Modal is gone: {told}", hint="try again")
    if isinstance(error, theirs.InternalFailure | theirs.RemoteError | theirs.ExecutionError | theirs.TimeoutError):
        return WorkerLost(f"the container of {instrument} was lost: {told}", hint=f"haus logs {instrument}")
    return WorkerLost(f"{instrument} on Modal failed: {told}", hint=f"haus logs {instrument}")


def unreachable(told: str) -> HostUnavailable:
    """Return the error of an account that does not answer."""
    return HostUnavailable(
        f"Modal cannot be reached: {told}", hint="look at your connection and at status.modal.com, then try again"
    )


def deploying_error_from(error: BaseException, instrument: str) -> HausmusikError:
    """Return our error for one of Modal's, raised while an instrument was deployed and no container was there."""
    import modal.exception as theirs  # noqa: PLC0415 - only where somebody deploys

    told = f"{type(error).__name__}: {error}".rstrip(": ")[:_LONGEST]
    if isinstance(error, theirs.NotFoundError):
        hint = _ENVIRONMENT
        if "secret" in told.lower():
            what = "huggingface HF_TOKEN=..." if "huggingface" in told else "NAME KEY=..."
            hint = f"make it: `modal secret create {what}`, with what it is to hold instead of the dots"
        return NotFoundError(f"the Modal account does not have what {instrument} needs: {told}", hint=hint)
    if isinstance(error, theirs.RemoteError | theirs.ExecutionError):
        return ConfigError(
            f"the image of {instrument} could not be built: {told}",
            hint="nothing was changed on the account; mend what the message names, then deploy again",
        )
    if isinstance(error, theirs.TimeoutError):
        return HostUnavailable(f"{instrument} was not sent in time: {told}", hint="deploy again; what was sent is kept")
    if isinstance(error, OSError) and error.filename is not None:
        return ConfigError(
            f"a file that {instrument} needs cannot be read here: {error.filename}: {error.strerror}",
            hint="put it back, `haus pull` the weights, then deploy again",
        )
    mapped = error_from(error, instrument)
    if isinstance(mapped, WorkerLost):
        return HostUnavailable(f"{instrument} could not be deployed: {told}", hint="deploy again")
    return mapped


def listing_error_from(error: BaseException) -> HausmusikError:
    """Return our error for one of Modal's, raised while it was asked what is deployed."""
    import modal.exception as theirs  # noqa: PLC0415 - only where somebody looks there

    told = f"{type(error).__name__}: {error}".rstrip(": ")[:_LONGEST]
    if isinstance(error, theirs.NotFoundError):
        return NotFoundError(f"what is deployed cannot be looked up: {told}", hint=_ENVIRONMENT)
    mapped = error_from(error, "the list of what is deployed")
    if isinstance(mapped, WorkerLost):
        return HostUnavailable(f"Modal does not say what is deployed: {told}", hint="try again in a minute")
    return mapped
