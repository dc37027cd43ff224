"""Conversations with language models: what is asked, and the turns and calls in it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hausmusik.types.values import Seed, Value


class ToolCall(Value, frozen=True):
    """A model asks for a tool; `arguments` is a JSON document."""

    id: str
    name: str
    arguments: str


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One turn of a conversation, in the words of OpenAI's chat API.

    Args:
        role: Who speaks; `tool` answers a call.
        content: What is said; may be empty where a model only calls tools.
        tool_calls: What the model asked for in this turn.
        tool_call_id: Which call a `tool` turn answers.
    """

    role: Literal["system", "user", "assistant", "tool"]
    content: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""


class ChatRequest(Value, frozen=True):
    """Go on with a conversation.

    Args:
        messages: All of it so far, oldest first.
        temperature: 0 takes the likeliest token each time; None: what the instrument's makers advise.
        top_p: Only the likeliest tokens that together have this probability; None: as advised.
        max_tokens: Most that may be generated, thinking included; 0: what the context has room for.
        stop: Texts at which it ends; they are not part of the result.
        seed: Same request and seed give the same answer within one numeric class.
        schema: A JSON Schema, as JSON; the answer then is a document that fits it, unless it ends for want of tokens.
        grammar: A GBNF grammar for the answer, instead of a schema.
        tools: What may be called, as a JSON array in the form of OpenAI's chat API; empty: nothing.
        top_logprobs: For each token also the log-probabilities of so many alternatives; 0: none are told.
        think: Whether a model that can think aloud does.
    """

    messages: Annotated[tuple[Message, ...], msgspec.Meta(min_length=1)]
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None
    max_tokens: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    stop: tuple[str, ...] = ()
    seed: Seed = 0
    schema: str = ""
    grammar: str = ""
    tools: str = ""
    top_logprobs: Annotated[int, msgspec.Meta(ge=0, le=20)] = 0
    think: bool = True
