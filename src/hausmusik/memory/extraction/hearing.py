"""What a language model says when it is asked, whole. Knows nothing of what it was asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, cast

import msgspec

from hausmusik.errors import GenerationFailed
from hausmusik.seams import Player
from hausmusik.types import ChatRequest, Done, Run, TextDelta, Usage


class Heard(msgspec.Struct, frozen=True):
    """An answer, what it took, and why it ended."""

    text: str
    usage: Usage
    reason: str

    def whole(self) -> str:
        """Return the answer; raises GenerationFailed where nothing was said, or it was cut for its length."""
        if self.reason == "length":
            raise GenerationFailed("the model's answer was cut for its length")
        if not self.text.strip():
            raise GenerationFailed("the model said nothing")
        return self.text


async def heard(player: Player, instrument: str, request: ChatRequest, run: Run) -> Heard:
    """Return what an instrument says, whatever that is; raises what the player raises."""
    said: list[str] = []
    usage, reason = Usage(), "complete"
    events = cast("AsyncIterator[Any]", player.play(instrument, request, run=run))
    async with aclosing(cast("Any", events)) as stream:
        async for event in stream:
            match event:
                case TextDelta():
                    said.append(event.text)
                case Usage():
                    usage += event
                case Done():
                    reason = event.reason
                case _:
                    pass
    return Heard("".join(said), usage, reason)
