"""Every error a caller can meet, with what to do about it.

    HausmusikError
    ├── UsageError            what was asked for makes no sense (a flag, an argument, a request field)
    │   └── ScoreError        a score has problems; `.problems` lists every one of them
    ├── ConfigError           a settings file, a catalogue file or an environment variable is wrong
    │   └── MissingExtra      a library or an engine's environment is not installed
    ├── AuthError             a key is missing or was refused
    ├── NotFoundError         no instrument, voice, take, file … of that name
    ├── BudgetError           it would cost, or has cost, more than allowed
    ├── HostError             the place where an engine runs failed; trying again may help
    │   ├── HostUnavailable   it cannot be reached or started now
    │   ├── WorkerLost        it died while playing
    │   └── StreamBroken      it died after the first delivered event; `.partial` keeps its beginning
    ├── EngineError           the engine itself failed
    │   ├── BadInput          the engine cannot play this request (too long, wrong rate …)
    │   └── GenerationFailed  the model ran and gave nothing usable
    ├── WeightsError          weights cannot be had (no source answered, no room, not pulled)
    │   └── HashMismatch      bytes came, but not the pinned ones: refused
    ├── StoreError            a journal, ledger or take store cannot be read or written
    ├── OutputError           a finished file cannot be written where it was asked for
    ├── PartialFailure        a batch finished, some of it failed
    └── Cancelled             the caller stopped it

One table, the class attributes, drives exit codes (command line), HTTP statuses (gateway) and MCP errors.
Third-party exceptions are turned into these only inside an engine, a host or a source of weights; mistakes of
the programmer pass through untouched. Knows nothing of who raises it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar


class HausmusikError(Exception):
    """Base of all errors that a user can do something about.

    Args:
        message: What went wrong, one sentence without a trailing full stop needed.
        hint: What to do about it, one sentence; empty when there is nothing to suggest.

    Attributes:
        code: Stable snake_case name for machines.
        exit_code: What `haus` exits with.
        http_status: What the gateway answers with.
        retryable: Whether the same call may succeed later without a change.
    """

    code: ClassVar[str] = "failed"
    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UsageError(HausmusikError):
    """What was asked for makes no sense."""

    code = "usage"
    exit_code = 2
    http_status = 400


class ScoreError(UsageError):
    """A score has problems.

    Args:
        message: The summary.
        problems: One rendered line per problem, with line, path, reason and fix.
        hint: What to do.
    """

    code = "score_invalid"

    def __init__(self, message: str, *, problems: tuple[str, ...] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.problems = problems


class ConfigError(HausmusikError):
    """A settings file, catalogue file or environment variable is wrong."""

    code = "config"
    exit_code = 3
    http_status = 500


class MissingExtra(ConfigError):
    """A library or an engine's environment is not installed; the hint names the command."""

    code = "missing_extra"
    http_status = 501


class AuthError(HausmusikError):
    """A key is missing or was refused."""

    code = "auth"
    exit_code = 4
    http_status = 401


class NotFoundError(HausmusikError):
    """Nothing of that name exists."""

    code = "not_found"
    exit_code = 5
    http_status = 404


class NotDeployed(NotFoundError):
    """An instrument is not on the account that it was to be played on."""

    code = "not_deployed"


class BudgetError(HausmusikError):
    """It would cost, or has cost, more than allowed; nothing further was started.

    Args:
        message: What is not allowed.
        hint: What to do.
        needed_usd: What it may cost; this and the others: None where no limit was exceeded.
        limit_usd: The limit that it would exceed.
        spent_usd: What is spent of that, for good.
        held_usd: What is only set aside: for plays that are going on and for machines that are idle.
    """

    code = "budget"
    exit_code = 6
    http_status = 429

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        needed_usd: Decimal | None = None,
        limit_usd: Decimal | None = None,
        spent_usd: Decimal | None = None,
        held_usd: Decimal | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.needed_usd = needed_usd
        self.limit_usd = limit_usd
        self.spent_usd = spent_usd
        self.held_usd = held_usd

    @property
    def is_held_up(self) -> bool:
        """Whether it would be allowed if all that is set aside were given back: some of it may be, later."""
        if self.needed_usd is None or self.limit_usd is None or self.spent_usd is None:
            return False
        return self.needed_usd + self.spent_usd <= self.limit_usd


class HostError(HausmusikError):
    """The place where an engine runs failed."""

    code = "host"
    exit_code = 7
    http_status = 503
    retryable = True


class HostUnavailable(HostError):
    """The host cannot be reached or started now."""

    code = "host_unavailable"


class WorkerLost(HostError):
    """The worker died while playing."""

    code = "worker_lost"


class StreamBroken(HostError):
    """The stream ended after events had been delivered and could not be resumed exactly.

    Args:
        message: What happened.
        partial: The events that were delivered before the break; of a long play only the first of them, without gaps,
            since whoever listened has had them all.
        hint: What to do.
    """

    code = "stream_broken"

    def __init__(self, message: str, *, partial: tuple[object, ...] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.partial = partial


class EngineError(HausmusikError):
    """The engine failed."""

    code = "engine"
    exit_code = 1
    http_status = 502


class BadInput(EngineError):
    """The engine cannot play this request."""

    code = "bad_input"
    exit_code = 2
    http_status = 400


class GenerationFailed(EngineError):
    """The model ran and gave nothing usable."""

    code = "generation_failed"


class WeightsError(HausmusikError):
    """Weights cannot be had."""

    code = "weights"
    exit_code = 7
    http_status = 503
    retryable = True


class HashMismatch(WeightsError):
    """Bytes arrived, but not the pinned ones; they were refused and removed."""

    code = "hash_mismatch"
    retryable = False


class StoreError(HausmusikError):
    """A journal, ledger or take store cannot be read or written."""

    code = "store"


class OutputError(HausmusikError):
    """A finished file cannot be written where it was asked for."""

    code = "output"


class PartialFailure(HausmusikError):
    """A batch finished and some of it failed; what succeeded is kept."""

    code = "partial"
    exit_code = 8
    http_status = 207


class Cancelled(HausmusikError):
    """The caller stopped it; what was finished is kept."""

    code = "cancelled"
    exit_code = 130
    http_status = 499


def error_table() -> dict[str, type[HausmusikError]]:
    """Return every error class by its `code`, for wires that carry only the code."""
    table: dict[str, type[HausmusikError]] = {}
    queue: list[type[HausmusikError]] = [HausmusikError]
    while queue:
        cls = queue.pop()
        table[cls.code] = cls
        queue.extend(cls.__subclasses__())
    return table
