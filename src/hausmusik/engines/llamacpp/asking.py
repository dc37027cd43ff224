"""Writes a chat request in the words of llama.cpp's server, which are those of OpenAI's chat API.

What can be told to be wrong without the model is refused here. Knows nothing of how the body is sent or answered.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, cast

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
        template: A Jinja template of prompts; empty: the file's own.
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


def options_of(options: dict[str, Scalar]) -> ChatOptions:
    """Return the options of a catalogue entry; raises ConfigError for others than it knows."""
    try:
        return msgspec.convert(options, ChatOptions, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"the instrument's options do not fit llama.cpp: {error}") from error


_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


def body_of(request: ChatRequest, options: ChatOptions) -> JsonObject:
    """Return the whole request.

    Raises:
        BadInput: nothing was said; schema or tools are not what they should be, or do not go together.
    """
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
    thinks = options.thinks and thinks_aloud(request)
    quiet = options.thinks and not thinks
    body: JsonObject = {
        **prompt_of(request, options, request.messages),
        **_sampling(request, options, quiet=quiet),
        "seed": request.seed,
        "stream": True,
        "stream_options": {"include_usage": True},
        "return_progress": True,
        "reasoning_format": "none",  # the tags are ours to read: one way for every engine, see `engines.thinking`
    }
    if request.max_tokens:
        body["max_tokens"] = request.max_tokens
    if request.stop:
        body["stop"] = list(request.stop)
    if request.schema:
        body["response_format"] = {"type": "json_schema", "json_schema": {"schema": _schema(request.schema)}}
    if request.grammar:
        body["grammar"] = request.grammar
    if request.top_logprobs:
        body |= {"logprobs": True, "top_logprobs": request.top_logprobs}
    return body


def tool_names(body: JsonObject) -> tuple[str, ...]:
    """Return what may be called by a request's body."""
    return tuple(tool["function"]["name"] for tool in body.get("tools", ()))


def thinks_aloud(request: ChatRequest) -> bool:
    """Whether a model that can think does: not where a schema or grammar leaves no room for it."""
    return request.think and not request.schema and not request.grammar


def prompt_of(request: ChatRequest, options: ChatOptions, messages: Sequence[Message]) -> JsonObject:
    """Return the part of the request that the prompt is made of, for these of its messages.

    Raises:
        BadInput: the tools are not a JSON array of tools.
    """
    body: JsonObject = {"messages": [_message(each) for each in messages]}
    if request.tools:
        body["tools"] = _tools(request.tools)
    if options.thinks:
        body["chat_template_kwargs"] = {"enable_thinking": thinks_aloud(request)}
    return body


def _sampling(request: ChatRequest, options: ChatOptions, *, quiet: bool) -> JsonObject:
    temperature, top_p = options.temperature, options.top_p
    if quiet and options.quiet_temperature >= 0:
        temperature = options.quiet_temperature
    if quiet and options.quiet_top_p >= 0:
        top_p = options.quiet_top_p
    return {
        "temperature": temperature if request.temperature is None else request.temperature,
        "top_p": top_p if request.top_p is None else request.top_p,
        "top_k": options.top_k,
        "min_p": options.min_p,
        "repeat_penalty": options.repeat_penalty,
    }


def _message(message: Message) -> JsonObject:
    body: JsonObject = {"role": message.role, "content": message.content}
    if message.tool_calls:
        body["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.tool_call_id:
        body["tool_call_id"] = message.tool_call_id
    return body


def _schema(text: str) -> JsonObject:
    found = _json(text, "the schema")
    if not isinstance(found, dict):
        raise BadInput("the schema is not a JSON object", hint='e.g. {"type": "object", "properties": {…}}')
    return cast("JsonObject", found)


def _tools(text: str) -> list[Any]:
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
    return tools


def _json(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise BadInput(f"{what} is not JSON: {error}") from error
