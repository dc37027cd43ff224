"""What the user's Modal account says of money: what a second costs it, what it was billed, when containers ended.

Source of the names: `modal billing rates --json` as public repositories quote it (2026-08 to 2026-10), all of them
dollars an hour; a row of the report has the app's id in `object_id` and its name in `description`. Names that we do not
know are passed over, for Modal says that they may change. Knows nothing of ledgers.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, cast

import msgspec

from hausmusik.errors import AuthError, HausmusikError, UsageError
from hausmusik.gpu_names import parse_gpu
from hausmusik.hosts.modal.account import Account
from hausmusik.hosts.modal.declaration import APP_PREFIX
from hausmusik.hosts.modal.mapping import error_from
from hausmusik.money.dollars import NANO
from hausmusik.money.reconcile import HOUR, Bill

ASKED_AT_ONCE: Final = timedelta(days=7)
"""Hours of a report that are asked for in one go."""

_PARTS: Final = MappingProxyType({"cpu_hour_cost": "cpu_core", "mem_gib_hour_cost": "memory_gib"})
_GPU: Final = "gpu_hour_cost_"
_OTHERWISE: Final = MappingProxyType({"RTX6000": "RTX-PRO-6000"})


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What an account was billed for our instruments.

    Args:
        bills: One per instrument and hour.
        until: Before which it is complete, as far as can be seen: the end of the last hour in which anything at all was
            billed; None: nothing was.
    """

    bills: tuple[Bill, ...]
    until: datetime | None


async def read_rates(account: Account) -> dict[str, Decimal]:
    """Return dollars an hour by our names of GPUs and parts, as far as the account says.

    Raises:
        MissingExtra, AuthError: there is no modal here, no account, or it may not see its rates.
        HostUnavailable: Modal cannot be reached.
    """
    client = await account.client()
    import modal  # noqa: PLC0415 - only where somebody has an account

    try:
        told: Mapping[str, Decimal] = await modal.Workspace.from_context(client=client).billing.rates.aio()
    except Exception as error:
        raise _refused(error, "its rates") from error
    return {name: usd for key, usd in told.items() if (name := known_name(key)) and usd.is_finite() and usd > 0}


async def read_report(account: Account, since: datetime, until: datetime) -> Report:
    """Return what the account's environment was billed in whole hours.

    Args:
        account: Whose.
        since: Beginning of the first hour, UTC.
        until: End of the last one.

    Raises:
        MissingExtra, AuthError: there is no modal here, no account, or it may not see its bill.
        HostUnavailable: Modal cannot be reached.
    """
    client = await account.client()
    import modal  # noqa: PLC0415

    name = account.environment
    environment = (
        modal.Environment.from_name(name, client=client) if name else modal.Environment.from_context(client=client)
    )
    report: Any = environment.billing.report
    items: list[Any] = []
    try:
        while since < until:
            end = min(since + ASKED_AT_ONCE, until)
            items += await report.aio(start=since, end=end, resolution="h")
            since = end
    except Exception as error:
        raise _refused(error, "its bill") from error
    last = max((each.interval_start for each in items), default=None)
    return Report(bills=tuple(_bills(items)), until=None if last is None else last + HOUR)


async def read_ends(account: Account, containers: Collection[str], patience_s: float) -> dict[str, float]:
    """Return of those containers that have ended when they did, seconds since 1970 by Modal's clock.

    What cannot be learnt in time is left out: nobody's work depends on it.
    """
    found: dict[str, float] = {}

    async def ask(client: Any, info: Any, container: str) -> None:
        with contextlib.suppress(Exception):  # not there any more, or no such RPC: then its window is charged whole
            if ended_at := await info.aio(client, container):
                found[container] = ended_at

    with contextlib.suppress(TimeoutError, HausmusikError):
        async with asyncio.timeout(patience_s):
            client, info = await account.client(), _finished_at()
            await asyncio.gather(*(ask(client, info, each) for each in containers))
    return found


def known_name(key: str) -> str:
    """Return our name for one of Modal's rates; empty: there is none, sandboxes' own rates among them."""
    if not key.startswith(_GPU):
        return _PARTS.get(key, "")
    spelt = key.removeprefix(_GPU).upper().replace("_", "-")
    try:
        return parse_gpu(_OTHERWISE.get(spelt, spelt)).name
    except UsageError:
        return ""


def _bills(items: Iterable[Any]) -> Iterable[Bill]:
    """Yield one bill per instrument and hour: an app that was deployed anew may have had two ids in one."""
    usd: dict[tuple[str, datetime], Decimal] = {}
    for each in items:
        if each.description.startswith(APP_PREFIX):
            where = each.description.removeprefix(APP_PREFIX), each.interval_start
            usd[where] = usd.get(where, Decimal(0)) + each.cost
    for (instrument, hour), cost_usd in usd.items():
        yield Bill(instrument=instrument, hour=hour, cost_usd=cost_usd.quantize(NANO))


def _finished_at() -> Any:
    """Return a function that asks Modal when a container ended, 0 while it lives.

    The SDK has no public one: this is the RPC that its own `modal container stop` makes first, in all versions that we
    take, made in the SDK's own loop as its own functions are.
    """
    from modal._utils.async_utils import synchronizer  # noqa: PLC0415
    from modal_proto import api_pb2  # noqa: PLC0415

    async def finished_at(client: Any, container: str) -> float:
        answer = await client._stub.TaskGetInfo(api_pb2.TaskGetInfoRequest(task_id=container))  # noqa: SLF001
        return float(answer.info.finished_at)

    return cast("Any", synchronizer).create_blocking(finished_at)


def _refused(error: Exception, what: str) -> HausmusikError:
    import modal.exception as theirs  # noqa: PLC0415

    if isinstance(error, theirs.PermissionDeniedError):
        return AuthError(
            f"this Modal account may not see {what}: {error}",
            hint="ask an owner of the workspace; until then the price table and our own seconds count",
        )
    return error_from(error, "the account")
