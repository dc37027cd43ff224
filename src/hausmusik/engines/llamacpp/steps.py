"""Which beginnings of a conversation stay in the model's cache, so that the next one like it is cheap, and equal.

llama.cpp goes on from the longest beginning that two prompts share, wherever that ends; but the numbers of a prompt
depend in their last digits on how it was cut into batches, and so whether an answer turns left or right would depend on
what was asked before. So a prompt is always cut at the same places, which follow from its messages alone: before each
message of the user's or a tool's that enough stands before. Each of these beginnings is read by itself, and a kept one
is gone on from only where it ends. Then what is computed is the same whether it was kept or not.

A beginning is read as a conversation of its own; where it ends, the template has the model begin to speak, and the
whole prompt has the next message there: so the two part at exactly this place. (Templates that refuse a conversation
without a question get no such beginnings, and read every prompt from its start.)

Knows nothing of the model: it is told what was read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec

from hausmusik.types import ChatRequest

LEAST_CHARACTERS: Final = 200
"""What a beginning must have more than the one before it: about 50 tokens; to return to one costs about 3."""

_MOST_REFUSED: Final = 256


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A beginning of a conversation.

    Args:
        messages: How many messages it has.
        key: Equal for beginnings that are read alike.
    """

    messages: int
    key: bytes


def steps_of(request: ChatRequest) -> tuple[Step, ...]:
    """Return the beginnings of a request that are worth keeping, shortest first."""
    found: list[Step] = []
    last, total = 0, len(request.tools)
    for place, message in enumerate(request.messages):
        if message.role in ("user", "tool") and place and total - last >= LEAST_CHARACTERS:
            shape = (request.messages[:place], request.tools, request.think, bool(request.schema or request.grammar))
            found.append(Step(messages=place, key=hashlib.sha256(msgspec.msgpack.encode(shape)).digest()))
            last = total
        total += len(message.content) + sum(len(call.arguments) for call in message.tool_calls)
    return tuple(found)


class Kept:
    """What the model's cache holds by now: the beginnings that were read, each one after the other."""

    def __init__(self) -> None:
        self._kept: list[bytes] = []
        self._refused: set[bytes] = set()

    def missing(self, steps: Sequence[Step]) -> tuple[tuple[Step, ...], bool]:
        """Return which steps must be read now, and whether the first of them goes on from what is kept.

        The longest kept one is among them, because to read it again is what returns to where it ends. All that comes
        after it is forgotten.
        """
        steps = [step for step in steps if step.key not in self._refused]
        shared = 0
        while shared < min(len(steps), len(self._kept)) and steps[shared].key == self._kept[shared]:
            shared += 1
        self._kept = self._kept[:shared]
        return tuple(steps[max(0, shared - 1) :]), shared > 0

    def read(self, step: Step) -> None:
        """Note that a step was read to its end."""
        if step.key not in self._kept:
            self._kept.append(step.key)

    def refuse(self, step: Step) -> None:
        """Note that the template does not take this beginning."""
        if len(self._refused) >= _MOST_REFUSED:
            self._refused.clear()
        self._refused.add(step.key)

    def forget(self) -> None:
        """Note that nothing is kept: something was read from its start, or left in the middle."""
        self._kept = []
