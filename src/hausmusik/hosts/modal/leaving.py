"""Having the idle containers of a deployed class end now, without having another one started for it.

Modal has no way to end an idle container that a client may use; ours end by themselves when their method `leave` is
called. A call that no idle container takes would wait for a busy one, or start a new one, which is paid for.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from typing import Any, Final

from hausmusik.codec import CodecError
from hausmusik.errors import WorkerLost
from hausmusik.hosts.modal.mapping import error_from
from hausmusik.hosts.modal.messages import Answer, OtherWire, Started, messages_in

TAKEN_S: Final = 5.0
"""An idle container answers within a second. A call that is not taken by then has met none: it is taken back."""


async def send_away(worker: Any, ping: bytes, instrument: str, max_inputs: int) -> list[Started]:
    """Have idle containers end, and return what each says of itself, as far as it is of this version.

    Those that play get no call. One that ends by itself in the moment between counting and calling leaves a call over,
    for which Modal may begin to start another; that call is taken back after `TAKEN_S`.

    Args:
        worker: An instance of the deployed class.
        ping: The argument, encoded.
        instrument: For sentences.
        max_inputs: Plays that one container takes at once.

    Raises:
        Exception: what Modal's client raises where the account cannot be asked; one that is lost ends all the same.
    """
    stats = await worker.leave.get_current_stats.aio()
    if stats.backlog:  # calls wait, so none is idle, and one more would wait behind them
        return []
    idle = max(0, stats.num_total_runners - math.ceil(stats.num_running_inputs / max_inputs))
    told = await asyncio.gather(*(_tell(worker, ping) for _ in range(idle)), return_exceptions=True)
    left: list[Started] = []
    for each in told:
        if isinstance(each, BaseException):
            if not isinstance(error_from(each, instrument), WorkerLost):
                raise each
        elif each:
            with contextlib.suppress(OtherWire, CodecError):  # of another version: it ends, and is not understood
                left += [message for message in messages_in(each) if isinstance(message, Started)]
    return left


async def _tell(worker: Any, ping: bytes) -> Answer:
    """Return what one has answered; nothing where none has taken the call."""
    call = await worker.leave.spawn.aio(ping)
    answered = False
    try:
        async with asyncio.timeout(TAKEN_S):
            answer: Answer = await call.get.aio()
            answered = True
            return answer
    except TimeoutError:
        return []
    finally:
        if not answered:
            with contextlib.suppress(Exception):  # then what was started for it ends when its window is over
                async with asyncio.timeout(TAKEN_S):
                    await call.cancel.aio()
