"""A conversation's request and its reply, in plain values. Knows nothing of who answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from hausmusik.asking import checked
from hausmusik.errors import GenerationFailed, UsageError
from hausmusik.types import (
    ChatRequest,
    Done,
    Event,
    Message,
    TextDelta,
    ThinkingDelta,
    TokenScore,
    ToolCall,
    Usage,
)


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one turn.

    Args:
        text: The answer.
        thinking: What the model thought aloud before it.
        tool_calls: What it asks for; answer each with a `tool` message.
        reason: `complete`, `length` (cut: no tokens were left) or `tools` (it waits for answers).
        scores: How likely each token was, where that was asked for.
        tokens_in: Tokens of the prompt.
        tokens_out: Generated tokens.
    """

    text: str
    thinking: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    reason: str = "complete"
    scores: tuple[TokenScore, ...] = ()
    tokens_in: int = 0
    tokens_out: int = 0

    @property
    def message(self) -> Message:
        """The reply as a turn of the conversation, to go on from."""
        return Message(role="assistant", content=self.text, tool_calls=self.tool_calls)

    def document(self) -> Any:
        """Return the answer read as JSON.

        Raises:
            GenerationFailed: it is none; most often it was cut.
        """
        try:
            return json.loads(self.text)
        except ValueError as error:
            if self.reason == "length":
                raise GenerationFailed(
                    "the answer was cut before its JSON was whole", hint="allow more tokens, or bound the schema"
                ) from error
            raise GenerationFailed(f"the answer is not JSON: {error}", hint="ask with a schema") from error


def reply_of(events: Iterable[Event]) -> Reply:
    """Return the reply that a stream's events make."""
    text: list[str] = []
    thinking: list[str] = []
    calls: list[ToolCall] = []
    scores: list[TokenScore] = []
    usage, reason = Usage(), "complete"
    for event in events:
        match event:
            case TextDelta():
                text.append(event.text)
            case ThinkingDelta():
                thinking.append(event.text)
            case ToolCall():
                calls.append(event)
            case TokenScore():
                scores.append(event)
            case Usage():
                usage += event
            case Done():
                reason = event.reason
            case _:
                pass
    return Reply(
        text="".join(text),
        thinking="".join(thinking),
        tool_calls=tuple(calls),
        reason=reason,
        scores=tuple(scores),
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
    )


def chat_request(
    messages: str | Sequence[Message],
    *,
    system: str = "",
    history: Sequence[Message] = (),
    temperature: float | None = None,
    max_tokens: int = 0,
    seed: int = 0,
    stop: Sequence[str] = (),
    schema: str | Mapping[str, Any] | None = None,
    tools: str | Sequence[Mapping[str, Any]] | None = None,
    think: bool = True,
) -> ChatRequest:
    """Return the request for the next turn.

    Args:
        messages: What is said now: a text of the user's, or messages.
        system: Instructions that stand before everything.
        history: What was said before, oldest first.
        temperature: 0 to 2; None: as the instrument's makers advise.
        max_tokens: Most that may be generated; 0: what there is room for.
        seed: Same request and seed, same answer.
        stop: Texts at which it ends.
        schema: A JSON Schema that the answer follows, as a dict or as JSON.
        tools: What may be called, in the form of OpenAI's chat API, as dicts or as JSON.
        think: Whether a model that can think aloud does.

    Raises:
        UsageError: nothing is said; a number is out of range; schema or tools cannot be JSON.
    """
    said = (Message(role="user", content=messages),) if isinstance(messages, str) else tuple(messages)
    if not any(message.content.strip() or message.tool_calls for message in said):
        raise UsageError("nothing is said", hint="write a message")
    before = (Message(role="system", content=system),) if system else ()
    if system and any(message.role == "system" for message in (*history, *said)):
        raise UsageError("the conversation has its system message already", hint="leave the other one out")
    return checked(
        ChatRequest(
            messages=(*before, *history, *said),
            temperature=temperature,
            max_tokens=max_tokens,
            seed=seed,
            stop=tuple(stop),
            schema=_as_json(schema, "schema"),
            tools=_as_json(tools, "tools"),
            think=think,
        )
    )


def _as_json(value: Any, what: str) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise UsageError(f"the {what} cannot be written as JSON: {error}") from error
