"""Writes a chat request in the words of llama.cpp's server, which are those of OpenAI's chat API.

What can be told to be wrong without the model is refused here. Knows nothing of how the body is sent or answered.
"""

from __future__ import annotations

from collections.abc import Sequence

from hausmusik.engines.chat.asking import (
    ChatOptions,
    check,
    message_of,
    sampling_of,
    schema_of,
    thinks_aloud,
    tools_of,
)
from hausmusik.seams import JsonObject
from hausmusik.types import ChatRequest, Message


def body_of(request: ChatRequest, options: ChatOptions) -> JsonObject:
    """Return the whole request.

    Raises:
        BadInput: nothing was said; schema or tools are not what they should be, or do not go together.
    """
    check(request, options)
    temperature, top_p = sampling_of(request, options)
    body: JsonObject = {
        **prompt_of(request, options, request.messages),
        "temperature": temperature,
        "top_p": top_p,
        "top_k": options.top_k,
        "min_p": options.min_p,
        "repeat_penalty": options.repeat_penalty,
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
        body["response_format"] = {"type": "json_schema", "json_schema": {"schema": schema_of(request.schema)}}
    if request.grammar:
        body["grammar"] = request.grammar
    if request.top_logprobs:
        body |= {"logprobs": True, "top_logprobs": request.top_logprobs}
    return body


def prompt_of(request: ChatRequest, options: ChatOptions, messages: Sequence[Message]) -> JsonObject:
    """Return the part of the request that the prompt is made of, for these of its messages.

    Raises:
        BadInput: the tools are not a JSON array of tools.
    """
    body: JsonObject = {"messages": [message_of(each) for each in messages]}
    if tools := tools_of(request.tools):
        body["tools"] = tools
    if options.thinks:
        body["chat_template_kwargs"] = {"enable_thinking": thinks_aloud(request)}
    return body
