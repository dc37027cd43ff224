"""What a language model says when it is asked, whole. Knows nothing of what it was asked."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any, cast

from hausmusik.conversation import Reply, reply_of
from hausmusik.errors import GenerationFailed
from hausmusik.seams import Player
from hausmusik.types import ChatRequest, Run


async def heard(player: Player, instrument: str, request: ChatRequest, run: Run) -> Reply:
    """Return what an instrument says, whatever that is; raises what the player raises."""
    async with aclosing(cast("Any", player.play(instrument, request, run=run))) as events:
        return reply_of([event async for event in events])


def whole(reply: Reply) -> str:
    """Return the text of an answer; raises GenerationFailed where nothing was said, or it was cut for its length."""
    if reply.reason == "length":
        raise GenerationFailed("the model's answer was cut for its length")
    if not reply.text.strip():
        raise GenerationFailed("the model said nothing")
    return reply.text
