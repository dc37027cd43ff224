"""Reads a chat request for whatever engine: what an entry says of its model, and what is wrong whatever it is.

Knows nothing of how a model is asked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, TypeVar, cast

import msgspec

from hausmusik.errors import BadInput, ConfigError
from hausmusik.seams import JsonObject, Scalar
from hausmusik.types import ChatRequest, Message


class ChatOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an instrument's entry says of its model; sampling is what the makers advise.

    Args:
        context_tokens: Most tokens of prompt and answer together.
        thinks: Whether it can think aloud, and be told not to.
        opens_thinking: Whether its template opens the thought, so that only the closing tag is generated.
        template: A Jinja template of prompts; empty: the model's own.
        calls_tools: Whether its template tells it which tools there are.
        temperature: 0 to 2.
        top_p: Above 0, at most 1.
        top_k: The likeliest so many tokens; 0: all.
        min_p: Tokens at least this likely compared with the likeliest.
        repeat_penalty: Above 1 makes repeated tokens less likely.
        quiet_temperature: Instead of `temperature` where it does not think; below 0: the same.
        quiet_top_p: Likewise.
    """

    context_tokens: int = 8192
    thinks: bool = False
    opens_thinking: bool = False
    template: str = ""
    calls_tools: bool = False
    temperature: float = 0.7
    top_p: float = 0.95
    top_k: int = 40
    min_p: float = 0.0
    repeat_penalty: float = 1.0
    quiet_temperature: float = -1.0
    quiet_top_p: float = -1.0


Options = TypeVar("Options", bound=ChatOptions)

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


def options_of(kind: type[Options], options: Mapping[str, Scalar], library: str) -> Options:
    """Return the options of a catalogue entry; raises ConfigError for others than a library's engine knows."""
    try:
        return msgspec.convert(options, kind, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"the instrument's options do not fit {library}: {error}") from error


def check(request: ChatRequest, options: ChatOptions) -> None:
    """Refuse what no model could answer; raises BadInput."""
    if not any(message.content.strip() or message.tool_calls for message in request.messages):
        raise BadInput("nothing was said", hint="write a message")
    if request.schema and request.grammar:
        raise BadInput("an answer follows a schema or a grammar, not both", hint="give one of them")
    if request.tools and not options.calls_tools:
        raise BadInput(
            "this model does not know how to call tools", hint="leave them out, or choose another instrument"
        )
    if request.tools and (request.schema or request.grammar):
        raise BadInput("with tools an answer can follow neither schema nor grammar", hint="ask in two turns")


def thinks_aloud(request: ChatRequest) -> bool:
    """Whether a model that can think does: not where a schema or grammar leaves no room for it."""
    return request.think and not request.schema and not request.grammar


def sampling_of(request: ChatRequest, options: ChatOptions) -> tuple[float, float]:
    """Return temperature and top_p: as asked, else as advised."""
    temperature, top_p = options.temperature, options.top_p
    if options.thinks and not thinks_aloud(request):
        temperature = options.quiet_temperature if options.quiet_temperature >= 0 else temperature
        top_p = options.quiet_top_p if options.quiet_top_p >= 0 else top_p
    return (
        temperature if request.temperature is None else request.temperature,
        top_p if request.top_p is None else request.top_p,
    )


def message_of(message: Message) -> JsonObject:
    """Return a turn in the words of OpenAI's chat API."""
    body: JsonObject = {"role": message.role, "content": message.content}
    if message.tool_calls:
        body["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.tool_call_id:
        body["tool_call_id"] = message.tool_call_id
    return body


def calls_in(request: ChatRequest) -> int:
    """Return how many tool calls a conversation has so far, for the ids of the next ones."""
    return sum(len(message.tool_calls) for message in request.messages)


def schema_of(text: str) -> JsonObject:
    """Return a request's schema; raises BadInput for what is no JSON object."""
    found = _json(text, "the schema")
    if not isinstance(found, dict):
        raise BadInput("the schema is not a JSON object", hint='e.g. {"type": "object", "properties": {…}}')
    return cast("JsonObject", found)


def tools_of(text: str) -> list[JsonObject]:
    """Return a request's tools, none for an empty text; raises BadInput for what is no JSON array of named tools."""
    if not text:
        return []
    found = _json(text, "the list of tools")
    if not isinstance(found, list) or not found:
        raise BadInput("the tools are not a JSON array", hint="in the form of OpenAI's chat API")
    tools = cast("list[Any]", found)
    for tool in tools:
        function = cast("JsonObject", tool).get("function", _NOTHING) if isinstance(tool, dict) else _NOTHING
        if not isinstance(function, dict) or not cast("JsonObject", function).get("name"):
            raise BadInput(
                "a tool has no name",
                hint='e.g. {"type": "function", "function": {"name": "look_up", "parameters": {…}}}',
            )
    return cast("list[JsonObject]", tools)


def tool_names(tools: list[JsonObject]) -> tuple[str, ...]:
    """Return what may be called."""
    return tuple(tool["function"]["name"] for tool in tools)


def too_long(tokens: object, context_tokens: object) -> BadInput:
    """Return the refusal of a conversation that leaves no room for an answer."""
    return BadInput(
        f"the conversation has {tokens} tokens, this instrument reads {context_tokens}",
        hint="leave out what is not needed, or choose an instrument with a larger context",
    )


def _json(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise BadInput(f"{what} is not JSON: {error}") from error
